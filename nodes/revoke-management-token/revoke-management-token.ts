import { managementTokenId } from "../../src/tokens/management-tokens.js";
import { changeForGood, irreversibleFields } from "../runtime/change.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-revoke-management-token",
  resource: "management-tokens",
  color: "#dfb3ab",
  icon: "influxdb-token-revoke.svg",
  outputs: ["report"],
  fields: irreversibleFields(managementTokenId),

  run(task) {
    const { managementTokens } = task.connection;
    const { signal } = task.watch;
    const revoke = managementTokens.revoker(signal);
    return changeForGood(task, {
      format: managementTokenId,
      outcome: "revoked",
      endsAccessOf: "management token",
      look: (id) => managementTokens.get(id, signal),
      async act(id) {
        const { token, ...done } = await revoke(id);
        const { state, description, createdBy, revokedAt } = token;
        return { ...done, token: { state, description, ...(createdBy && { createdBy }), revokedAt } };
      },
    });
  },
});
