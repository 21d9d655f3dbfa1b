import assert from "node:assert/strict";
import type { SeenRequest, Simulator } from "../../../simulator/server.js";
import type { Message } from "../../helpers/runtime.js";
import { World } from "../../../simulator/world.js";
import {
  always,
  everyToken,
  flag,
  irreversible,
  moments,
  oneOf,
  optional,
  required,
  result,
  targets,
  type From,
  type Setting,
} from "./configurations.js";
import { ACCOUNT, CLUSTER, HEX_IDS, UUIDS } from "./server.js";

/*
 * What each node may do, told again without its code.
 */

/** The ids of a payload: all of them well formed, or none. */
function idsIn(value: unknown, pattern: RegExp): string[] {
  try {
    const items: unknown[] = Array.isArray(value) ? Array.from(value) : [value];
    const ids = items.map((item) => (typeof item === "string" ? item : (item as { id: string }).id).trim());
    return ids.every((id) => pattern.test(id)) ? [...new Set(ids.map((id) => id.toLowerCase()))] : [];
  } catch {
    return [];
  }
}

export interface Spec {
  fields: Record<string, Setting>;
  numRuns: number;
  /**
   * The requests that a message may lead to, from the configuration's meaning, in any order; of a node that changes
   * something, those that do.
   */
  expected?: (means: Record<string, unknown>, msg: Message, model: Model) => string[];
}
/** What the model keeps through the messages of one node. */
export interface Model {
  /** How many tokens are done, as the server has it. */
  used: () => number;
  /** The same for each message of which more come, and each token once. */
  usedBy: Map<unknown, Set<string>>;
}

/** A dry run, no dry run, or neither. */
function wishOf({ dryRun }: Message): "dry" | "real" | "unclear" {
  if (dryRun === undefined || dryRun === false) return "real";
  return !dryRun || (typeof dryRun === "string" && dryRun.trim() === "") ? "unclear" : "dry";
}

/** What a limit per message counts by. */
function originsOf(msg: Message): unknown[] {
  // A message without an ID of its own gets one.
  const own = msg._msgid ?? {};
  try {
    const { id } = msg.parts as { id?: unknown };
    return typeof id === "string" ? [own, `parts ${id}`] : [own];
  } catch {
    return [own];
  }
}

/** Whether the limit admits them. */
function admits(means: Record<string, unknown>, msg: Message, ids: string[], model: Model): boolean {
  if (means.limitPer === "day") return model.used() + ids.length <= (means.limit as number);
  const used = originsOf(msg).map(
    (origin) => [origin, new Set([...(model.usedBy.get(origin) ?? []), ...ids])] as const,
  );
  if (used.some(([, all]) => all.size > (means.limit as number))) return false;
  for (const [origin, all] of used) model.usedBy.set(origin, all);
  return true;
}

const HEX = /^[0-9a-f]{16}$/i;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CLUSTER_PATH = `/api/v0/accounts/${ACCOUNT}/clusters/${CLUSTER}/tokens`;
/** Where the stand-in of influxctl finds its tokens. */
const INFLUXCTL_PATH = `/simulator/accounts/${ACCOUNT}/clusters/${CLUSTER}/management-tokens`;

function destroys(pattern: RegExp, path: string): NonNullable<Spec["expected"]> {
  return (means, msg, model) => {
    const ids = idsIn((means.targets as From)(msg), pattern);
    if (means.confirmed !== true || means.dryRun === true || wishOf(msg) !== "real") return [];
    if (!admits(means, msg, ids, model)) return [];
    return ids
      .filter((id) => !(means.protectedIds as string[]).includes(id))
      .map((id) => `DELETE ${path}/${id}`);
  };
}

/** What a new token is called, if it is made. */
function describedBy(means: Record<string, unknown>, msg: Message): string | undefined {
  const text = (means.description as From)(msg);
  if (means.dryRun === true || wishOf(msg) !== "real" || typeof text !== "string") return undefined;
  // What cannot be sent is refused.
  return text.trim() === "" || /\0|\p{Surrogate}/u.test(text) ? undefined : text.trim();
}

const UNLIMITED = { permissionsFrom: "table", limit: "" };
const ROW = { read: true, write: false };
/** Of a node that makes tokens, but for their description. */
const making = (resource: string) => ({
  what: always({ ...UNLIMITED, table: [{ resource, ...ROW }] }, [
    UNLIMITED,
    { ...UNLIMITED, permissionsFrom: "all" },
    { ...UNLIMITED, table: [{ resource: "", ...ROW }] },
    { ...UNLIMITED, table: [{ resource, ...ROW }], limit: 0 },
  ]),
  description: required("description", "new"),
  dryRun: flag("dryRun"),
});
/** The simulator numbers organizations always alike. */
const [HOME] = new World().orgs.keys();

/** By the name of the node. */
export const SPECS: Record<string, Spec> = {
  "delete-authorization": {
    fields: irreversible(HEX_IDS, "FUZZ_HEX"),
    numRuns: 35,
    expected: destroys(HEX, "/api/v2/authorizations"),
  },
  "delete-database-token": {
    fields: irreversible(UUIDS, "FUZZ_UUID"),
    numRuns: 35,
    expected: destroys(UUID, CLUSTER_PATH),
  },
  "revoke-management-token": {
    fields: irreversible(UUIDS, "FUZZ_UUID"),
    numRuns: 20,
    expected: destroys(UUID, INFLUXCTL_PATH),
  },
  "update-authorization": {
    fields: {
      targets: targets(HEX_IDS, "FUZZ_HEX"),
      dryRun: flag("dryRun"),
      tokenStatus: optional("tokenStatus", "keep", "active", "inactive"),
      description: optional("description", "keep", "changed"),
    },
    numRuns: 35,
    expected(means, msg) {
      const ids = idsIn((means.targets as From)(msg), HEX);
      const [status, description] = [means.tokenStatus, means.description].map((from) =>
        (from as From | undefined)?.(msg),
      );
      const isText = (value: unknown) => typeof value === "string" && value.trim() !== "";
      if (means.tokenStatus && status !== "active" && status !== "inactive") return [];
      if (means.description && !isText(description)) return [];
      if (means.dryRun === true || wishOf(msg) !== "real") return [];
      if (!means.tokenStatus && !means.description) return [];
      const body = JSON.stringify({ status, description });
      return ids
        .filter((id) => !(means.protectedIds as string[]).includes(id))
        .map((id) => `PATCH /api/v2/authorizations/${id} ${body}`);
    },
  },
  "create-authorization": {
    fields: making("*"),
    numRuns: 25,
    expected(means, msg) {
      const text = describedBy(means, msg);
      if (text === undefined) return [];
      const permissions = [{ action: "read", resource: { type: "buckets", orgID: HOME } }];
      const body = { description: `${text} [creating]`, orgID: HOME, permissions, status: "inactive" };
      return [`POST /api/v2/authorizations ${JSON.stringify(body)}`];
    },
  },
  "create-database-token": {
    fields: making("iot"),
    numRuns: 25,
    expected(means, msg) {
      const text = describedBy(means, msg);
      if (text === undefined) return [];
      return [
        `POST ${CLUSTER_PATH} ${JSON.stringify({ description: `${text} [creating]`, permissions: [] })}`,
      ];
    },
  },
  "create-management-token": {
    fields: { description: required("description", "new"), dryRun: flag("dryRun") },
    numRuns: 8,
  },
  "update-database-token": {
    fields: {
      targets: targets(UUIDS, "FUZZ_UUID"),
      dryRun: flag("dryRun"),
      rights: oneOf("rights", "keep", ["keep", "take"]),
      description: optional("description", "keep", "changed"),
    },
    numRuns: 25,
    expected(means, msg) {
      const ids = idsIn((means.targets as From)(msg), UUID);
      const description = (means.description as From | undefined)?.(msg);
      const isText = typeof description === "string" && description.trim() !== "";
      if (means.description !== undefined && !isText) return [];
      if (means.dryRun === true || wishOf(msg) !== "real") return [];
      const permissions = means.rights === "take" ? [] : undefined;
      if (description === undefined && permissions === undefined) return [];
      return ids
        .filter((id) => !(means.protectedIds as string[]).includes(id))
        .map((id) => `PATCH ${CLUSTER_PATH}/${id} ${JSON.stringify({ description, permissions })}`);
    },
  },
  "list-authorizations": {
    fields: {
      user: optional("user", "any", "admin", "a&b=c/é"),
      org: optional("org", "any", "home"),
      userID: optional("userID", "any", ` ${HEX_IDS[0]}`),
      tokenStatus: optional("tokenStatus", "any", "active"),
      ...moments("createdAfter", "updatedAfter"),
      includeToken: flag("includeToken"),
      everyToken,
      result,
    },
    numRuns: 35,
    expected(means, msg) {
      if (!isMeant(means)) return [];
      const query = new URLSearchParams();
      for (const name of ["user", "userID", "org"]) {
        const from = means[name] as From | undefined;
        const value = from?.(msg);
        if (from === undefined) continue;
        if (typeof value !== "string" || value.trim() === "") return [];
        if (name === "userID" && !HEX.test(value.trim())) return [];
        query.set(name, name === "userID" ? value.trim() : value);
      }
      const status = (means.tokenStatus as From | undefined)?.(msg);
      if (means.tokenStatus && status !== "active" && status !== "inactive") return [];
      return [`GET /api/v2/authorizations ${query}`];
    },
  },
  "list-database-tokens": {
    fields: {
      description: optional("description", "any", "one"),
      database: optional("database", "any", "*"),
      ...moments("createdAfter"),
      everyToken,
      result,
    },
    numRuns: 35,
    expected: (means, msg) =>
      isMeant(means) && areTexts(means, msg, "description", "database") ? [`GET ${CLUSTER_PATH}`] : [],
  },
  "list-management-tokens": {
    fields: {
      description: optional("description", "any", "one"),
      ...moments("createdAfter"),
      everyToken,
      result,
    },
    numRuns: 8,
    expected: (means, msg) =>
      isMeant(means) && areTexts(means, msg, "description") ? [`GET ${INFLUXCTL_PATH}`] : [],
  },
};

/** Whether a list has a filter, or every token is meant. */
function isMeant(means: Record<string, unknown>): boolean {
  return means.everyToken === true || FILTERS.some((name) => means[name] !== undefined);
}
const FILTERS = "user userID org tokenStatus description database createdAfter updatedAfter".split(" ");

function areTexts(means: Record<string, unknown>, msg: Message, ...names: string[]): boolean {
  return names.every((name) => {
    const value = (means[name] as From | undefined)?.(msg);
    return means[name] === undefined || (typeof value === "string" && value.trim() !== "");
  });
}

/** A request as the model tells it: what is asked for, its query in the order of the model, and its body. */
export function told({ method, path, body }: SeenRequest): string {
  const [target = "", query] = path.split("?");
  const search = new URLSearchParams(query);
  const sorted = ["user", "userID", "org"].filter((name) => search.has(name));
  const ordered = new URLSearchParams(sorted.map((name) => [name, search.get(name)!]));
  assert.equal(search.size, ordered.size);
  const isList = method === "GET" && target === "/api/v2/authorizations";
  return [
    method,
    target,
    ...(isList ? [ordered.toString()] : []),
    ...(body === "" ? [] : [withoutAttempt(body)]),
  ].join(" ");
}

/** Each attempt to make a token has a name of its own. */
function withoutAttempt(body: string): string {
  return body.replace(/ \[creating [0-9a-f]{8}\]/, " [creating]");
}

/** Without the look at the connection's own authorizations, by which a list that is empty is proved. */
export function withoutOwnLook(sent: string[], { world }: Simulator): string[] {
  const own = ["GET /api/v2/me", `GET /api/v2/authorizations userID=${world.operator.userID}`];
  return sent.includes(own[0]!) ? sent.filter((request) => !own.includes(request)) : sent;
}
