import { managementTokens } from "../../src/tokens/management-tokens.js";
import { irreversibleFields, remove } from "../runtime/change.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-revoke-management-token",
  resource: "management-tokens",
  color: "#dfb3ab",
  icon: "influxdb-token-revoke.svg",
  outputs: ["report"],
  fields: irreversibleFields(managementTokens),
  run: (task) => remove(task),
});
