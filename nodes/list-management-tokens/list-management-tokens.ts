import { managementTokens } from "../../src/tokens/management-tokens.js";
import { filterFields, filtersIn, listNode, listOutputs, resultField } from "../runtime/list.js";

export default listNode({
  type: "influxdb-list-management-tokens",
  resource: "management-tokens",
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(managementTokens.filters),
    result: resultField,
  },
  find: (values, tokens) => tokens.list(filtersIn(values)),
});
