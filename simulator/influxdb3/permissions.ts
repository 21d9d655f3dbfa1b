/**
 * What tokens of Enterprise may do, as its published catalog has it: `db:a,b:read,write` and the like. Its texts are in
 * https://github.com/influxdata/influxdb/blob/v3.10.1/influxdb3_authz/src/permissions.rs.
 */
import { Refusal, type NamedToken } from "./world.js";

/** One part of the body that makes a token. */
export interface WantedPermission {
  resource_type: string;
  resource_names: string[];
  actions: string[];
}

/** How the column `permissions` is written: sources differ. */
export type PermissionsColumn = "text" | "json";

/** In the order in which they are written. */
const ACTIONS = ["create", "describe", "update", "drop", "read", "write", "delete"];
const OF_DATABASES = ["read", "write", "create", "describe", "delete"];
const SYSTEM = ["health", "metrics", "ping", "ready"];

/** @throws Refusal with a status that nobody has published. */
export function readPermissions(
  wanted: readonly WantedPermission[],
  databases: ReadonlySet<string>,
): string[] {
  return wanted.map(({ resource_type: type, resource_names: names, actions }) => {
    if (type === "*") throw refused("* resource type can only be set for admin token");
    if (type !== "db" && type !== "system") throw refused(`invalid resource type ${type}`);
    const isDatabase = type === "db";
    if (isDatabase && names.includes("*") && names.length > 1)
      throw refused("mixed wildcard (*) and resource name");
    const known = ["*", ...(isDatabase ? databases : SYSTEM)];
    const unknown = names.find((name) => !known.includes(isDatabase ? name : name.toLowerCase()));
    if (unknown !== undefined) throw refused(`invalid resource name ${unknown}`);
    const supported = isDatabase ? OF_DATABASES : ["read"];
    const other = actions.find((action) => !supported.includes(action));
    if (other !== undefined)
      throw refused(`action not supported, ${isDatabase ? "database" : "system"} action ${other}`);
    return [type, names.join(","), inOrder(actions).join(",")].join(":");
  });
}

function refused(why: string): Refusal {
  return new Refusal(500, `cannot parse token permission, ${why}`);
}

function inOrder(actions: string[]): string[] {
  return ACTIONS.filter((action) => actions.includes(action));
}

/** Whether a token has a right such as `db:home:read`. */
export function allows({ permissions }: NamedToken, right: string): boolean {
  const [type, name = "", action = ""] = right.split(":");
  return permissions.some((each) => {
    const { type: own, names, actions } = partsOf(each);
    const isMeant = (list: string[], one: string) => list.includes("*") || list.includes(one);
    return (own === "*" || own === type) && isMeant(names, name) && isMeant(actions, action);
  });
}

export function columnOf({ permissions }: NamedToken, form: PermissionsColumn): string {
  if (form === "text") return permissions.join(",");
  const single = permissions.flatMap((each) => {
    const { type, names, actions } = partsOf(each);
    return names.flatMap((name) => actions.map((action) => `${type}:${name}:${action}`));
  });
  return JSON.stringify(single);
}

function partsOf(permission: string): { type: string; names: string[]; actions: string[] } {
  const [type = "", names = "", actions = ""] = permission.split(":");
  return { type, names: names.split(","), actions: actions.split(",") };
}
