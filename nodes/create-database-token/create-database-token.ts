import { databaseTokens } from "../../src/tokens/database-tokens.js";
import type { NewDatabaseToken } from "../../src/tokens/wanted.js";
import { choice } from "../fields/fields.js";
import { expiryOf, newExpiryField } from "../fields/expiry.js";
import { keptInField } from "../fields/place.js";
import { isDryRun } from "../runtime/change.js";
import { create, idsOfMade, newTokenFields, waitingFields } from "../runtime/create.js";
import { databasePermissionFields, databasePermissionsOf } from "../runtime/database-permissions.js";
import { keptRights } from "../runtime/kept-rights.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-create-database-token",
  resource: "database-tokens",
  color: "#b5cfb0",
  icon: "influxdb-token-create.svg",
  outputs: ["handOver", "report"],
  fields: {
    ...newTokenFields,
    ...databasePermissionFields(),
    expiry: newExpiryField(),
    tokenStatus: choice(["stored", "active"], "stored"),
    keptIn: { ...keptInField(), when: { property: "tokenStatus", values: ["stored"] } },
    ...waitingFields(databaseTokens),
  },
  idsOf: idsOfMade,

  run(task) {
    const { values, tokens, contexts } = task;
    const isToWait = values.tokenStatus === "stored";
    const kept = keptRights(contexts, values.keptIn);
    return create<NewDatabaseToken>(task, {
      async wanted() {
        const plain = { description: values.description(), ...expiryOf(values.expiry()) };
        return { ...plain, permissions: await databasePermissionsOf(values, tokens, isDryRun(task)) };
      },
      readiness: values.tokenStatus,
      // It waits without rights, and the server does not tell which it is to have.
      ...(isToWait && {
        waiting: {
          made: values.made,
          wantedOf: async ({ id }, description) => ({ description, permissions: await kept.of(String(id)) }),
          keep: (id, { permissions }) => kept.keep(id, permissions),
          forget: (id) => kept.forget(id),
        },
      }),
    });
  },
});
