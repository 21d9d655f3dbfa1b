import { managementTokenFilters } from "../../src/tokens/management-tokens.js";
import { filterFields, listOutputs, resultField, sendFound } from "../runtime/list.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-list-management-tokens",
  resource: "management-tokens",
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
