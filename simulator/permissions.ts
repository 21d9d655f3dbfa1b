import { InfluxError } from "./errors.js";

export type Action = "read" | "write";

export interface Resource {
  type: string;
  id?: string;
  orgID?: string;
}

export interface Permission {
  action: Action;
  resource: Resource;
}

/** Every resource type of OSS, in the order in which the setup writes them into the operator's permissions. */
export const RESOURCE_TYPES = [
  ...[
    "authorizations",
    "buckets",
    "dashboards",
    "orgs",
    "sources",
    "tasks",
    "telegrafs",
    "users",
    "variables",
  ],
  ...["scrapers", "secrets", "labels", "views", "documents", "notificationRules", "notificationEndpoints"],
  ...["checks", "dbrp", "notebooks", "annotations", "remotes", "replications", "instance"],
];

const ACTIONS: Action[] = ["read", "write"];

/** Read and write of every type but `instance`, which only sessions ever hold. */
export function allAccess(): Permission[] {
  return RESOURCE_TYPES.filter((type) => type !== "instance").flatMap((type) =>
    ACTIONS.map((action) => ({ action, resource: { type } })),
  );
}

/** What owning or belonging to an org allows: the org itself by its ID, everything else scoped to it. */
export function roleInOrg(role: "owner" | "member", orgID: string): Permission[] {
  const actions: Action[] = role === "owner" ? ACTIONS : ["read"];
  return RESOURCE_TYPES.filter((type) => type !== "instance").flatMap((type) =>
    actions.map((action) => ({ action, resource: type === "orgs" ? { type, id: orgID } : { type, orgID } })),
  );
}

/** `read:buckets` as a permission; with an org it is scoped to that org. */
export function permission(text: string, orgID?: string): Permission {
  const [action = "", type = ""] = text.split(":");
  if (action !== "read" && action !== "write") throw new Error(`not a permission: ${text}`);
  return { action, resource: { type, ...(orgID !== undefined && { orgID }) } };
}

/** A permission as error messages name it, such as `write:orgs/ORG/authorizations/ID`. */
export function permissionText({ action, resource: { type, id, orgID } }: Permission): string {
  return `${action}:${[...(orgID === undefined ? [] : ["orgs", orgID]), type, ...(id === undefined ? [] : [id])].join("/")}`;
}

/**
 * Whether a held permission covers a wanted one. One without ID and org covers its whole type; one with an org alone
 * covers what names that org; one with an ID covers that ID, whatever its org.
 */
export function covers(held: Permission, wanted: Permission): boolean {
  if (held.action !== wanted.action) return false;
  if (held.resource.type === "instance") return true;
  if (held.resource.type !== wanted.resource.type) return false;
  const { id, orgID } = held.resource;
  if (id !== undefined) return id === wanted.resource.id;
  return orgID === undefined || orgID === wanted.resource.orgID;
}

/** OSS looks at the resource type before the action. */
export function validatePermission({ action, resource }: { action: string; resource: Resource }): void {
  if (!RESOURCE_TYPES.includes(resource.type)) {
    throw new InfluxError(
      "invalid",
      "invalid resource type for permission: unknown resource type for permission",
    );
  }
  if (action !== "read" && action !== "write") {
    throw new InfluxError("invalid", "invalid action type for permission: unknown action for permission");
  }
}
