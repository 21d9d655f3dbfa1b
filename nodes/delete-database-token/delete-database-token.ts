import { databaseTokenId } from "../../src/tokens/database-tokens.js";
import { changeForGood, irreversibleFields } from "../runtime/change.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-delete-database-token",
  resource: "database-tokens",
  color: "#dfb3ab",
  icon: "influxdb-token-delete.svg",
  outputs: ["report"],
  fields: irreversibleFields(databaseTokenId),

  run(task) {
    const { databaseTokens } = task.connection;
    return changeForGood(task, {
      format: databaseTokenId,
      outcome: "deleted",
      look: (id) => databaseTokens.get(id, task.watch),
      act: (id) => databaseTokens.delete(id, task.watch),
    });
  },
});
