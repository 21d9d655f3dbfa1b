import { authorizations } from "../../src/tokens/authorizations.js";
import { change, changingFields, descriptionField, nothingToChange, wrongValue } from "../runtime/change.js";
import { typed } from "../fields/fields.js";
import { node } from "../runtime/node.js";

const { targets, ...safety } = changingFields(authorizations);

type Status = "active" | "inactive";

export default node({
  type: "influxdb-update-authorization",
  resource: "authorizations",
  color: "#d9d2ae",
  icon: "influxdb-token-update.svg",
  outputs: ["updated"],
  fields: {
    targets,
    tokenStatus: typed<Status | undefined>({
      preset: { type: "keep", value: "" },
      constants: { keep: undefined },
      words: ["active", "inactive"],
      formerly: "status",
      wrongWhen: { nothingToChange: { tokenStatusType: "keep", descriptionType: "keep" } },
      read(value, name) {
        // The server reads an empty status as "active".
        if (value === "active" || value === "inactive") return value;
        throw wrongValue(name, value, '"active" or "inactive"');
      },
    }),
    description: descriptionField(),
    ...safety,
  },

  async run(task) {
    const { tokenStatus: status, description } = task.values;
    if (status === undefined && description === undefined) {
      throw nothingToChange("status nor description");
    }
    const changes = {
      ...(status !== undefined && { status }),
      ...(description !== undefined && { description }),
    };
    return change(task, {
      outcome: "updated",
      endsAccess: status === "inactive",
      act: (id) => task.tokens.update(id, changes),
      changes,
    });
  },
});
