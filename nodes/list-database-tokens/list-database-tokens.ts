import { databaseTokenFilters } from "../../src/tokens/database-tokens.js";
import { filterFields, listOutputs, resultField, sendFound } from "../runtime/list.js";
import { node } from "../runtime/node.js";

const YES_NO = { words: ["yes", "no"] };

export default node({
  type: "influxdb-list-database-tokens",
  resource: "database-tokens",
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(databaseTokenFilters, { expired: YES_NO, revoked: YES_NO }),
    result: resultField,
  },

  async run(task) {
    const found = await task.connection.databaseTokens.list(task.values, task.watch);
    return sendFound(task, found, task.values.result);
  },
});
