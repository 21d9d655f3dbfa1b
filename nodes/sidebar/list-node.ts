import { isNamed, type ResourceName } from "../../src/products.js";
import { HEX_ID } from "../../src/ids.js";
import { STALE_AFTER, type Mark } from "../admin/answers.js";
import type { NodeToImport } from "./api.js";

/** What the inventory is narrowed by; empty for what is not. */
export interface Filters {
  search: string;
  status: string;
  owner: string;
  /** A whole number, of days. */
  olderThanDays: string;
  mark: Mark | "";
}

/** What a list node can say of the filters of the inventory. */
export interface ListNode {
  node: NodeToImport;
  /** What it cannot say, so that it finds more. */
  leftOut: ("mark" | "owner")[];
}

/** The first number of days that is longer than {@link STALE_AFTER}. */
const DAYS_OF_STALE = 366;

/** The filter that stands for a mark. */
const OF_MARKS: Record<ResourceName, Partial<Record<Mark, Readonly<Record<string, string>>>>> = {
  authorizations: {},
  "database-tokens": { expired: { expired: "yes" }, revoked: { revoked: "yes" } },
  "management-tokens": { expired: { state: "expired" }, revoked: { state: "revoked" } },
  "influxdb3-tokens": { expired: { state: "expired" } },
};

/** A list node that finds what the inventory shows, as far as it can say that. */
export function listNode(resource: ResourceName, connection: string, filters: Filters): ListNode {
  const { search, status, owner, olderThanDays, mark } = filters;
  const isOfUsers = resource === "authorizations";
  const isStale = mark === "stale" && Number(olderThanDays) < DAYS_OF_STALE;
  const age = isStale ? STALE_AFTER : olderThanDays && `${olderThanDays}d`;
  const ofMark = mark === "" || mark === "stale" ? {} : OF_MARKS[resource][mark];
  const said: Record<string, string> = {
    ...(search !== "" && { [isNamed(resource) ? "nameContains" : "description"]: search }),
    ...(isOfUsers && status !== "" && { tokenStatus: status }),
    ...(isOfUsers && owner !== "" && { [HEX_ID.pattern.test(owner) ? "userID" : "user"]: owner }),
    ...(age !== "" && { [isOfUsers ? "updatedBefore" : "createdBefore"]: age }),
    ...ofMark,
  };
  const fields = Object.entries(said).flatMap(([name, value]) => [
    [name, value],
    [`${name}Type`, "str"],
  ]);
  return {
    node: {
      type: `influxdb-list-${resource}`,
      connection,
      ...(Object.fromEntries(fields) as Record<string, string>),
      wires: [[], []],
    },
    leftOut: [
      ...(ofMark === undefined ? ["mark" as const] : []),
      ...(!isOfUsers && owner !== "" ? ["owner" as const] : []),
    ],
  };
}
