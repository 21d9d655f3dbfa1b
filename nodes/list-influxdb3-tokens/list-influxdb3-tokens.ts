import { influxdb3Tokens } from "../../src/tokens/influxdb3-tokens.js";
import { filterFields, filtersIn, listNode, listOutputs, resultField } from "../runtime/list.js";

export default listNode({
  type: "influxdb-list-influxdb3-tokens",
  resource: "influxdb3-tokens",
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(influxdb3Tokens.filters, { tokenName: { lookup: "id" } }),
    result: resultField,
  },
  find: (values, tokens) => tokens.list(filtersIn(values)),
});
