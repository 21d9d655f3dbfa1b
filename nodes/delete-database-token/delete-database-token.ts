import { databaseTokens } from "../../src/tokens/database-tokens.js";
import { irreversibleFields, remove } from "../runtime/change.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-delete-database-token",
  resource: "database-tokens",
  color: "#dfb3ab",
  icon: "influxdb-token-delete.svg",
  outputs: ["report"],
  fields: irreversibleFields(databaseTokens),
  run: (task) => remove(task),
});
