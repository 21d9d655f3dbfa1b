import { authorizations } from "../../src/tokens/authorizations.js";
import { readPermissions, type NewAuthorization, type Permission } from "../../src/tokens/wanted.js";
import { deferred } from "../fields/deferred.js";
import { choice, typed } from "../fields/fields.js";
import { permissionFields } from "../fields/permissions-from.js";
import { bucketPermissions } from "../fields/permission-table.js";
import { isDryRun } from "../runtime/change.js";
import { create, waitingFields, idsOfMade, newTokenFields, readText } from "../runtime/create.js";
import { refuseEverything } from "../runtime/granting.js";
import { node, type Task } from "../runtime/node.js";

const fields = {
  ...newTokenFields,
  owner: deferred(
    typed<string | undefined>({
      preset: { type: "own", value: "" },
      constants: { own: undefined },
      lookup: "user",
      read: readText,
    }),
  ),
  org: deferred(
    typed<string | undefined>({
      preset: { type: "only", value: "" },
      constants: { only: undefined },
      lookup: "org",
      read: readText,
    }),
  ),
  ...permissionFields({
    kind: authorizations,
    everything: ["allAccess", "operator"],
    of: "buckets",
    limited: ["table"],
    read: readPermissions,
  }),
  tokenStatus: choice(["stored", "active", "inactive"], "stored"),
  ...waitingFields(authorizations),
};
type CreateTask = Task<typeof fields, "authorizations">;

export default node({
  type: "influxdb-create-authorization",
  resource: "authorizations",
  color: "#b5cfb0",
  icon: "influxdb-token-create.svg",
  outputs: ["handOver", "report"],
  fields,
  idsOf: idsOfMade,
  run: (task) =>
    create<NewAuthorization>(task, {
      wanted: () => wantedOf(task),
      readiness: task.values.tokenStatus,
      waiting: { made: task.values.made, wantedOf: authorizations.twinOf },
    }),
});

async function wantedOf(task: CreateTask): Promise<NewAuthorization> {
  const { values, tokens } = task;
  const description = values.description();
  const [owner, org] = [values.owner(), values.org()];
  const { directory } = tokens;
  const orgID = await (org === undefined ? directory.onlyOrg() : directory.org(org));
  const userID = owner === undefined ? undefined : await directory.user(owner);
  const permissions = await permissionsOf(task, orgID);
  refuseEverything(permissions, authorizations, values.understood || isDryRun(task));
  return { description, orgID, ...(userID !== undefined && { userID }), permissions };
}

async function permissionsOf({ values, tokens }: CreateTask, orgID: string): Promise<readonly Permission[]> {
  switch (values.permissionsFrom) {
    case "like": {
      const id = values.like();
      const { token } = await tokens.get(id);
      return authorizations.twinOf(token ?? {}, id).permissions;
    }
    case "table":
      return bucketPermissions(values.table, orgID);
    case "json":
      return values.permissions();
    case "allAccess":
      return tokens.everything(orgID);
    case "operator":
      return tokens.everything();
  }
}
