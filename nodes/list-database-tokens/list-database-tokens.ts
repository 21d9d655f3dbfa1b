import { databaseTokens } from "../../src/tokens/database-tokens.js";
import { filterFields, filtersIn, listNode, listOutputs, resultField } from "../runtime/list.js";

export default listNode({
  type: "influxdb-list-database-tokens",
  resource: "database-tokens",
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(databaseTokens.filters),
    result: resultField,
  },
  find: (values, tokens) => tokens.list(filtersIn(values)),
});
