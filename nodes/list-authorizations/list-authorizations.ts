import { authorizations } from "../../src/tokens/authorizations.js";
import { flag } from "../fields/fields.js";
import { filterFields, filtersIn, listOutputs, resultField, sendFound } from "../runtime/list.js";
import { node } from "../runtime/node.js";

const { user, userID, org, orgID, status, ...filters } = authorizations.filters;

export default node({
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

  run(task) {
    const { includeToken, ...values } = task.values;
    const { tokenStatus, ...filters } = filtersIn(values);
    return sendFound(task, task.tokens.list({ ...filters, status: tokenStatus }, { includeToken }));
  },
});
