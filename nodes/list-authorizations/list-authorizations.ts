import { oldest, readFilter, withoutToken, type AuthorizationFilters } from "../../src/authorizations.js";
import { choice, flag, typed, type Field } from "../fields.js";
import { V2_PRODUCTS } from "../influxdb-connection/connection.js";
import { node } from "../runtime.js";

/** A filter is "any" unless the dialog says otherwise; then it must come out as something. */
function filter<K extends keyof AuthorizationFilters>(
  name: K,
  how: { words?: readonly string[]; pattern?: RegExp; section?: string } = {},
): Field<AuthorizationFilters[K]> {
  return typed<AuthorizationFilters[K]>({
    preset: { type: "any", value: "" },
    constants: { any: undefined },
    read: (value) => readFilter(name, value, Date.now()),
    ...how,
  });
}

const ID = /^[0-9a-fA-F]{16}$/;

const filters = {
  user: filter("user", { section: "filters" }),
  userID: filter("userID", { pattern: ID }),
  org: filter("org"),
  orgID: filter("orgID", { pattern: ID }),
  status: filter("status", { words: ["active", "inactive"] }),
  description: filter("description"),
  createdBefore: filter("createdBefore"),
  createdAfter: filter("createdAfter"),
  updatedBefore: filter("updatedBefore"),
  updatedAfter: filter("updatedAfter"),
};

export default node({
  type: "influxdb-list-authorizations",
  products: V2_PRODUCTS,
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: ["found", "none"],
  fields: { ...filters, result: choice(["all", "first", "each"], "all"), includeToken: flag() },

  async run({ values, connection, signal, send }) {
    const matching = await connection.authorizations.list(values, signal);
    const found = values.includeToken ? matching : matching.map(withoutToken);
    if (found.length === 0) {
      send([], { output: 1 });
    } else if (values.result === "first") {
      send(oldest(found));
    } else if (values.result === "each") {
      found.forEach((authorization, index) => {
        send(authorization, { part: { index, count: found.length } });
      });
    } else {
      send(found);
    }
    return { text: `${values.result === "first" && found.length > 1 ? "1 of " : ""}${found.length} found` };
  },
});
