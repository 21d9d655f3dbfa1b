import { TokenError } from "../../src/errors.js";
import { productOf } from "../../src/products.js";
import { ADMIN, type Influxdb3Permission } from "../../src/tokens/influxdb3-permissions.js";
import { influxdb3Tokens } from "../../src/tokens/influxdb3-tokens.js";
import type { Tokens } from "../../src/tokens/resources.js";
import { readInfluxdb3Permissions, type NewInfluxdb3Token } from "../../src/tokens/wanted.js";
import { expiryOf, newExpiryField } from "../fields/expiry.js";
import type { Values } from "../fields/fields.js";
import { databasePermissions } from "../fields/permission-table.js";
import { permissionFields } from "../fields/permissions-from.js";
import type { Connection } from "../influxdb-connection/connection.js";
import { isDryRun } from "../runtime/change.js";
import { create, newNameFields, valueFields } from "../runtime/create.js";
import { refuseEverything } from "../runtime/granting.js";
import { node } from "../runtime/node.js";

const choices = permissionFields({
  kind: influxdb3Tokens,
  everything: ["admin"],
  of: "databases",
  // Only an admin token may do everything, which is more than all with each database.
  limited: ["table", "json"],
  read: readInfluxdb3Permissions,
  // Core has nothing else.
  preset: "admin",
  notes: ["table", "json"],
});

export default node({
  type: "influxdb-create-influxdb3-token",
  resource: "influxdb3-tokens",
  color: "#b5cfb0",
  icon: "influxdb-token-create.svg",
  outputs: ["handOver", "report"],
  fields: { ...newNameFields, ...choices, expiry: newExpiryField(), ...valueFields },
  // Two of one name are made one after the other: what the first leaves after a lost answer is told by the name.
  idsOf: ({ step, tokenName }) => (step.word === "begin" ? [tokenName()] : []),

  run(task) {
    const { values, connection, tokens, places } = task;
    const work = () =>
      create<NewInfluxdb3Token>(task, {
        async wanted() {
          const permissions = await permissionsOf(values, tokens);
          if (permissions !== ADMIN) refuseWithoutResourceTokens(connection);
          refuseEverything(permissions, influxdb3Tokens, values.understood || isDryRun(task));
          return { name: values.tokenName(), permissions, ...expiryOf(values.expiry()) };
        },
        readiness: "active",
      });
    return values.step.word === "begin" ? places.inTurn(values.tokenName(), work) : work();
  },
});

async function permissionsOf(
  values: Values<typeof choices>,
  tokens: Tokens<"influxdb3-tokens">,
): Promise<readonly Influxdb3Permission[]> {
  switch (values.permissionsFrom) {
    case "like": {
      const name = values.like();
      const { token } = await tokens.get(name);
      return influxdb3Tokens.twinOf(token ?? {}, name).permissions;
    }
    case "table":
      return onDatabases(values.table);
    case "json":
      return values.permissions();
    case "admin":
      return ADMIN;
  }
}

/** @throws {TokenError} `unsupported-product`. */
function refuseWithoutResourceTokens({ product }: Connection): void {
  const { name, hasResourceTokens } = productOf(product);
  if (hasResourceTokens) return;
  throw new TokenError(
    "unsupported-product",
    `${name} has admin tokens alone, which may do everything. Choose that, or a connection to a product with resource tokens. Nothing was sent.`,
    { words: "no resource tokens" },
  );
}

/** Each action with the databases that it is allowed for. */
function onDatabases(rows: Parameters<typeof databasePermissions>[0]): readonly Influxdb3Permission[] {
  return databasePermissions(rows).map(({ action, resource }) => ({
    resource_type: "db",
    resource_names: [resource],
    actions: [action],
  }));
}
