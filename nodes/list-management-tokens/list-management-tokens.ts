import { managementTokens } from "../../src/tokens/management-tokens.js";
import { filterFields, filtersIn, listOutputs, resultField, sendFound } from "../runtime/list.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-list-management-tokens",
  resource: "management-tokens",
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(managementTokens.filters),
    result: resultField,
  },
  run: (task) => sendFound(task, task.tokens.list(filtersIn(task.values))),
});
