import { managementTokenFilters } from "../../src/tokens/management-tokens.js";
import { CLUSTER_PRODUCTS } from "../influxdb-connection/settings.js";
import { filterFields, listOutputs, resultField, sendFound } from "../runtime/list.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-list-management-tokens",
  products: CLUSTER_PRODUCTS,
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(managementTokenFilters, { state: { words: ["active", "expired", "revoked"] } }),
    result: resultField,
  },

  async run(task) {
    const found = await task.connection.managementTokens.list(task.values, task.watch.signal);
    return sendFound(task, found, task.values.result);
  },
});
