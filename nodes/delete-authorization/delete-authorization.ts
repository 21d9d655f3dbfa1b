import { authorizationId, unlessInactiveFor } from "../../src/tokens/authorizations.js";
import { changeForGood, inactiveForField, irreversibleFields } from "../runtime/change.js";
import { node } from "../runtime/node.js";

const { limit, notFound, report, ifSomeFail, ...conditions } = irreversibleFields(authorizationId);

export default node({
  type: "influxdb-delete-authorization",
  resource: "authorizations",
  color: "#dfb3ab",
  icon: "influxdb-token-delete.svg",
  outputs: ["report"],
  fields: { ...conditions, inactiveFor: inactiveForField, limit, notFound, report, ifSomeFail },

  run(task) {
    const { authorizations } = task.connection;
    const { inactiveFor } = task.values;
    return changeForGood(task, {
      format: authorizationId,
      outcome: "deleted",
      endsAccessOf: "authorization",
      look: (id) => authorizations.get(id, task.watch),
      act: (id) => authorizations.delete(id, task.watch),
      spare: inactiveFor === undefined ? undefined : (look) => unlessInactiveFor(look, inactiveFor),
    });
  },
});
