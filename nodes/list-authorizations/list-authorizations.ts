import { authorizationFilters, authorizationId } from "../../src/authorizations.js";
import { flag } from "../fields.js";
import { V2_PRODUCTS } from "../influxdb-connection/connection.js";
import { filterFields, listOutputs, resultField, sendFound } from "../list.js";
import { node } from "../runtime.js";

const { pattern } = authorizationId;

export default node({
  type: "influxdb-list-authorizations",
  products: V2_PRODUCTS,
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(authorizationFilters, {
      userID: { pattern },
      orgID: { pattern },
      status: { words: ["active", "inactive"] },
    }),
    result: resultField,
    includeToken: flag(),
  },

  async run(task) {
    const { includeToken, result } = task.values;
    const options = { ...task.watch, includeToken };
    return sendFound(task, await task.connection.authorizations.list(task.values, options), result);
  },
});
