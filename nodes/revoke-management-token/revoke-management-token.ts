import { managementTokenId } from "../../src/management-tokens.js";
import { changeForGood, irreversibleFields } from "../act.js";
import { CLUSTER_PRODUCTS } from "../influxdb-connection/settings.js";
import { node } from "../runtime.js";

export default node({
  type: "influxdb-revoke-management-token",
  products: CLUSTER_PRODUCTS,
  color: "#dfb3ab",
  icon: "influxdb-token-revoke.svg",
  outputs: ["report"],
  fields: irreversibleFields(managementTokenId),

  run(task) {
    const revoke = task.connection.managementTokens.revoker(task.watch.signal);
    return changeForGood(task, "revoked", async ({ id }) => {
      const { token, alreadyRevoked, attempts } = await revoke(id);
      const { state, description, createdBy, revokedAt } = token;
      return {
        attempts,
        told: {
          state,
          description,
          ...(createdBy && { createdBy }),
          revokedAt,
          ...(alreadyRevoked && { alreadyRevoked }),
        },
      };
    });
  },
});
