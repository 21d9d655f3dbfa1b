import { authorizations, unlessInactiveFor } from "../../src/tokens/authorizations.js";
import { inactiveForField, irreversibleFields, remove } from "../runtime/change.js";
import { node } from "../runtime/node.js";

const { limit, notFound, report, ifSomeFail, ...conditions } = irreversibleFields(authorizations);

export default node({
  type: "influxdb-delete-authorization",
  resource: "authorizations",
  color: "#dfb3ab",
  icon: "influxdb-token-delete.svg",
  outputs: ["report"],
  fields: { ...conditions, inactiveFor: inactiveForField, limit, notFound, report, ifSomeFail },

  run(task) {
    const { inactiveFor } = task.values;
    return remove(task, {
      spare: inactiveFor === undefined ? undefined : (look) => unlessInactiveFor(look, inactiveFor),
    });
  },
});
