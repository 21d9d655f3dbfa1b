import { authorizations } from "../../src/tokens/authorizations.js";
import { kindOf, TokenError } from "../../src/errors.js";
import { change, changingFields } from "../runtime/change.js";
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
    description: typed<string | undefined>({
      preset: { type: "keep", value: "" },
      constants: { keep: undefined, clear: "" },
      read(value, name) {
        if (typeof value === "string" && value.trim() !== "") return value;
        throw wrongValue(
          name,
          value,
          'a text that is not empty (to clear it, choose "clear it" in the node)',
        );
      },
    }),
    ...safety,
  },

  async run(task) {
    const { tokenStatus: status, description } = task.values;
    if (status === undefined && description === undefined) {
      throw new TokenError(
        "invalid-config",
        "neither status nor description is set. Open the node and set at least one of them.",
        { words: "nothing to change" },
      );
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

function wrongValue(name: string, value: unknown, expected: string): TokenError {
  return new TokenError(
    "invalid-config",
    `"${name}" comes out as ${kindOf(value)}, expected ${expected}. Nothing was sent.`,
    { words: "wrong value" },
  );
}
