import { databaseTokens } from "../../src/tokens/database-tokens.js";
import { readDatabasePermissions, type DatabasePermission } from "../../src/tokens/wanted.js";
import type { Tokens } from "../../src/tokens/resources.js";
import type { FieldData } from "../fields/controls.js";
import type { Values } from "../fields/fields.js";
import { databasePermissions } from "../fields/permission-table.js";
import { permissionFields } from "../fields/permissions-from.js";
import { refuseEverything } from "./granting.js";

/** What a database token may do. @param when as {@link permissionFields} takes it. */
export function databasePermissionFields(when?: NonNullable<FieldData["when"]>) {
  return permissionFields(
    {
      ...{ kind: databaseTokens, everything: ["allAccess"] },
      ...{ of: "databases", limited: [], read: readDatabasePermissions },
    },
    when,
  );
}

/** @throws {TokenError} `not-confirmed` as {@link refuseEverything}; what the look at another token meets. */
export async function databasePermissionsOf(
  values: Values<ReturnType<typeof databasePermissionFields>>,
  tokens: Tokens<"database-tokens">,
  isDryRun: boolean,
): Promise<readonly DatabasePermission[]> {
  const permissions = await chosen(values, tokens);
  refuseEverything(permissions, databaseTokens, values.understood || isDryRun);
  return permissions;
}

async function chosen(
  values: Values<ReturnType<typeof databasePermissionFields>>,
  tokens: Tokens<"database-tokens">,
): Promise<readonly DatabasePermission[]> {
  switch (values.permissionsFrom) {
    case "like": {
      const id = values.like();
      const { token } = await tokens.get(id);
      return databaseTokens.twinOf(token ?? {}, id).permissions;
    }
    case "table":
      return databasePermissions(values.table);
    case "json":
      return values.permissions();
    case "allAccess":
      return [
        { action: "read", resource: "*" },
        { action: "write", resource: "*" },
      ];
  }
}
