import { authorizations } from "../../src/tokens/authorizations.js";
import { flag } from "../fields/fields.js";
import { filterFields, filtersIn, listNode, listOutputs, resultField } from "../runtime/list.js";

const { user, userID, org, orgID, status, ...filters } = authorizations.filters;

export default listNode({
  type: "influxdb-list-authorizations",
  resource: "authorizations",
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(
      { user, userID, org, orgID, tokenStatus: status, ...filters },
      { tokenStatus: { formerly: "status" } },
    ),
    result: resultField,
    includeToken: flag(),
  },

  find({ includeToken, ...values }, tokens) {
    const { tokenStatus, ...filters } = filtersIn(values);
    return tokens.list({ ...filters, status: tokenStatus }, { includeToken });
  },
});
