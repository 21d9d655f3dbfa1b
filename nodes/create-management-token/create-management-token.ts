import type { NewManagementToken } from "../../src/tokens/wanted.js";
import { expiryOf, newExpiryField } from "../fields/expiry.js";
import { create, newTokenFields, valueFields } from "../runtime/create.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-create-management-token",
  resource: "management-tokens",
  color: "#b5cfb0",
  icon: "influxdb-token-create.svg",
  outputs: ["handOver", "report"],
  fields: { ...newTokenFields, expiry: newExpiryField(), ...valueFields },

  run: (task) =>
    create<NewManagementToken>(task, {
      wanted: () =>
        Promise.resolve({ description: task.values.description(), ...expiryOf(task.values.expiry()) }),
      readiness: "active",
    }),
});
