import { authorizationId } from "../../src/authorizations.js";
import { changeForGood, irreversibleFields } from "../act.js";
import { V2_PRODUCTS } from "../influxdb-connection/settings.js";
import { node } from "../runtime.js";

export default node({
  type: "influxdb-delete-authorization",
  products: V2_PRODUCTS,
  color: "#dfb3ab",
  icon: "influxdb-token-delete.svg",
  outputs: ["report"],
  fields: irreversibleFields(authorizationId),
  run: (task) =>
    changeForGood(task, "deleted", ({ id }) => task.connection.authorizations.delete(id, task.watch)),
});
