import { HEX_ID } from "../../src/ids.js";
import type { PermissionTable } from "./controls.js";
import { fixed, type Field } from "./fields.js";
import { ALL, type Grantable, type PermissionRow } from "./permission-rows.js";
import { refuseVariable } from "./refuse-variables.js";

type Action = "read" | "write";

/** What a token may do, chosen in a table of the dialog. */
export function permissionTableField(of: Grantable): Field<readonly PermissionRow[]> {
  const control: PermissionTable = { kind: "permissionTable", of };
  return fixed({ control }, (rows = [], _other, _counts, name) =>
    // Anything but rows was refused.
    (rows as readonly PermissionRow[]).map((row) => {
      const resource = row.resource.trim();
      refuseVariable(name, resource);
      return { ...row, resource: of === "buckets" ? HEX_ID.normalize(resource) : resource };
    }),
  );
}

/**
 * What rows of buckets allow, as authorizations have it: each once.
 *
 * @param orgID of the organization whose buckets they are.
 */
export function bucketPermissions(
  rows: readonly PermissionRow[],
  orgID: string,
): { action: Action; resource: { type: "buckets"; id?: string; orgID: string } }[] {
  return granted(rows).map(({ action, resource: id }) => ({
    action,
    resource: { type: "buckets", ...(id !== ALL && { id }), orgID },
  }));
}

/** What rows of databases allow, as database tokens have it: each once. */
export function databasePermissions(rows: readonly PermissionRow[]): { action: Action; resource: string }[] {
  return granted(rows);
}

function granted(rows: readonly PermissionRow[]): { action: Action; resource: string }[] {
  const resources = [...new Set(rows.map(({ resource }) => resource))];
  return resources.flatMap((resource) =>
    (["read", "write"] as const)
      .filter((action) => rows.some((row) => row.resource === resource && row[action]))
      .map((action) => ({ action, resource })),
  );
}
