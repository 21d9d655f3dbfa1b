import { authorizationFilters, authorizationId } from "../../src/tokens/authorizations.js";
import { flag } from "../fields/fields.js";
import { filterFields, listOutputs, resultField, sendFound } from "../runtime/list.js";
import { node } from "../runtime/node.js";

const { user, userID, org, orgID, status, ...filters } = authorizationFilters;

export default node({
  type: "influxdb-list-authorizations",
  resource: "authorizations",
  color: "#b9cbd6",
  icon: "influxdb-token-list.svg",
  outputs: listOutputs,
  fields: {
    ...filterFields(
      { user, userID, org, orgID, tokenStatus: status, ...filters },
      {
        userID: { form: authorizationId },
        orgID: { form: authorizationId },
        tokenStatus: { words: ["active", "inactive"], formerly: "status" },
      },
    ),
    result: resultField,
    includeToken: flag(),
  },

  async run(task) {
    const { tokenStatus, includeToken, result, ...wanted } = task.values;
    const found = await task.connection.authorizations.list(
      { ...wanted, status: tokenStatus },
      { ...task.watch, includeToken },
    );
    return sendFound(task, found, result);
  },
});
