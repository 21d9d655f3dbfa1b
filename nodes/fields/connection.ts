import { kindOf, TokenError } from "../../src/errors.js";
import { connectionIds, NAMED } from "./connection-ways.js";
import { choice, fixed, typed, type Field } from "./fields.js";

/** IDs of connections. */
const connectionsField: Field<readonly string[]> = fixed(
  { control: { kind: "connections" } },
  (value) => connectionIds(value) as string[],
);

/** What each node that does something has: the connection, unless that is chosen in its dialog. */
export const CONNECTION_FIELDS = {
  connectionFrom: { ...choice(["chosen", ...NAMED], "chosen", NAMED), icon: "fa-server" },
  connectionName: {
    ...typed({ preset: { type: "msg", value: "connection" }, read: readName }),
    when: { property: "connectionFrom", values: NAMED },
  },
  connections: { ...connectionsField, when: { property: "connectionFrom", values: ["some"] } },
};

/** @throws {TokenError} `wrong-connection`, which does not quote it: people pass tokens and addresses by mistake. */
function readName(value: unknown, name: string): string {
  if (typeof value === "string" && value.trim() !== "") return value.trim();
  throw new TokenError(
    "wrong-connection",
    `the field "${name}" comes out as ${kindOf(value)}, expected the name or the ID of a connection. Nothing was sent.`,
  );
}
