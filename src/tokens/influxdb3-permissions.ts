import * as z from "zod";
import { accessOfDatabaseToken, type Access } from "./access.js";

/*
 * What a token of InfluxDB 3 may do. Core has admin tokens alone; Enterprise has resource tokens as well:
 * https://docs.influxdata.com/influxdb3/enterprise/admin/tokens/resource/.
 */

/** The name of the operator token. There is one at most, it never expires, and the server refuses to delete it. */
export const OPERATOR = "_admin";

/** As the API takes it. */
export interface Influxdb3Permission {
  /** Databases, or endpoints of the server; `*` is for an admin token alone. */
  readonly resource_type: "db" | "system" | "*";
  /** Names, or `*` alone for all. */
  readonly resource_names: readonly string[];
  readonly actions: readonly string[];
}

/** All that an admin token may do: everything. */
export const ADMIN: readonly Influxdb3Permission[] = [
  { resource_type: "*", resource_names: ["*"], actions: ["*"] },
];
const ADMIN_TEXT = "*:*:*";

/** 3.10 has the last three. */
const ACTIONS = { db: ["read", "write", "create", "describe", "delete"], system: ["read"] } as const;

/** A name of a database cannot hold what separates names. */
const Names = z
  .array(z.string().regex(/^[^:,]+$/))
  .min(1)
  .refine((names) => names.length === 1 || !names.includes("*"), '"*" must stand alone');
const Fields = z.discriminatedUnion("resource_type", [
  z.strictObject({
    resource_type: z.literal("db"),
    resource_names: Names,
    actions: z.array(z.enum(ACTIONS.db)).min(1),
  }),
  z.strictObject({
    resource_type: z.literal("system"),
    resource_names: Names,
    actions: z.array(z.enum(ACTIONS.system)).min(1),
  }),
]);

/** Permissions as a flow gives them: as the API takes them, or in the short form of the `influxdb3` program. */
export const Influxdb3Permissions: z.ZodType<readonly Influxdb3Permission[]> = z
  .array(
    z.preprocess(
      (permission) =>
        typeof permission === "string" ? (readShortForm(permission) ?? permission) : permission,
      Fields,
    ),
  )
  .min(1, "there are no permissions");

/** Whether a column of a list is that of a token which may do everything. Enterprise writes it in several forms. */
export function isAdmin(column: unknown): boolean {
  return typeof column === "string" && column.includes(ADMIN_TEXT);
}

/**
 * The permissions in a column of a list: `db:a,b:read,write`, several of them, or an array of such texts in JSON.
 *
 * @returns undefined if it has another form.
 */
export function readInfluxdb3Column(column: unknown): readonly Influxdb3Permission[] | undefined {
  if (typeof column !== "string") return undefined;
  if (isAdmin(column)) return ADMIN;
  const held = textsIn(column).map(readShortForm);
  return held.every((permission) => permission !== undefined) ? held : undefined;
}

function textsIn(column: string): string[] {
  try {
    const json: unknown = JSON.parse(column);
    if (Array.isArray(json)) return json.map(String);
  } catch {
    // It is no JSON.
  }
  // Names hold no colon, so a kind of resource with two after it begins another permission; a database can be called like one.
  // From the first of several separators on: to look behind each of a hundred thousand would take minutes.
  return column.split(/(?<![\s,;|])[\s,;|]+(?=(?:db|system):[^:]+:)/).filter((text) => text !== "");
}

function readShortForm(text: string): Influxdb3Permission | undefined {
  const [type, names, actions, ...more] = text.split(":");
  if ((type !== "db" && type !== "system") || !names || !actions || more.length > 0) return undefined;
  return { resource_type: type, resource_names: names.split(","), actions: actions.split(",") };
}

/** What permissions allow, for people to see. */
export function accessOfInfluxdb3Token(permissions: unknown): Access {
  const held: Influxdb3Permission[] = Array.isArray(permissions)
    ? (permissions as Influxdb3Permission[])
    : [];
  if (held.some(({ resource_type: type }) => type === "*"))
    return { text: "everything", isAll: true, databases: [] };
  const toDatabases = held
    .filter(({ resource_type: type }) => type === "db")
    .flatMap(({ resource_names: names, actions }) =>
      names.flatMap((resource) => actions.map((action) => ({ action, resource }))),
    );
  const { text, databases } = accessOfDatabaseToken(toDatabases);
  const actions = [...new Set(toDatabases.map(({ action }) => action))];
  const others = actions.filter((action) => action !== "read" && action !== "write");
  const endpoints = held
    .filter(({ resource_type: type }) => type === "system")
    .flatMap(({ resource_names: names }) => names);
  const parts = [
    actions.length > others.length ? text : "",
    others.join(" and "),
    endpoints.length > 0
      ? `system: ${endpoints.map((name) => (name === "*" ? "all" : name)).join(" and ")}`
      : "",
  ];
  return { text: parts.filter((part) => part !== "").join(", ") || "nothing", isAll: false, databases };
}
