import { influxdb3Tokens } from "../../src/tokens/influxdb3-tokens.js";
import { irreversibleFields, remove } from "../runtime/change.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-delete-influxdb3-token",
  resource: "influxdb3-tokens",
  color: "#dfb3ab",
  icon: "influxdb-token-delete.svg",
  outputs: ["report"],
  fields: irreversibleFields(influxdb3Tokens),
  run: (task) => remove(task),
});
