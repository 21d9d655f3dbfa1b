import { databaseTokens } from "../../src/tokens/database-tokens.js";
import { filterFields, filtersIn, listOutputs, resultField, sendFound } from "../runtime/list.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-list-database-tokens",
  resource: "database-tokens",
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(databaseTokens.filters),
    result: resultField,
  },
  run: (task) => sendFound(task, task.tokens.list(filtersIn(task.values))),
});
