import { databaseTokens } from "../../src/tokens/database-tokens.js";
import type { DatabasePermission } from "../../src/tokens/wanted.js";
import { choice } from "../fields/fields.js";
import { keptInField } from "../fields/place.js";
import { change, changingFields, descriptionField, isDryRun, nothingToChange } from "../runtime/change.js";
import { databasePermissionFields, databasePermissionsOf } from "../runtime/database-permissions.js";
import { keptRights } from "../runtime/kept-rights.js";
import { node } from "../runtime/node.js";

const { targets, ...safety } = changingFields(databaseTokens);

export default node({
  type: "influxdb-update-database-token",
  resource: "database-tokens",
  color: "#d9d2ae",
  icon: "influxdb-token-update.svg",
  outputs: ["updated"],
  fields: {
    targets,
    rights: {
      ...choice(["keep", "take", "back", "set"], "keep"),
      wrongWhen: { nothingToChange: { rights: "keep", descriptionType: "keep" } },
    },
    keptIn: { ...keptInField(), when: { property: "rights", values: ["take", "back"] } },
    ...databasePermissionFields({ property: "rights", values: ["set"] }),
    description: descriptionField(),
    ...safety,
  },

  async run(task) {
    const { values, tokens, contexts } = task;
    const { rights, description } = values;
    if (rights === "keep" && description === undefined) throw nothingToChange("rights nor description");
    const kept = keptRights(contexts, values.keptIn);
    let permissions: readonly DatabasePermission[] | undefined;
    if (rights === "take") permissions = [];
    if (rights === "set") permissions = await databasePermissionsOf(values, tokens, isDryRun(task));
    const changes = {
      ...(description !== undefined && { description }),
      ...(permissions !== undefined && { permissions }),
    };
    const isBack = rights === "back";
    return change(task, {
      outcome: "updated",
      endsAccess: rights === "take",
      // What it may do is looked up, to be kept.
      ...(rights === "take" && { spare: () => undefined }),
      async act(id, look) {
        const before = look?.token?.permissions;
        // A second time they are gone, and what is kept of the first stays.
        if (rights === "take" && Array.isArray(before) && before.length > 0) {
          await kept.keep(id, before as DatabasePermission[]);
        }
        const updated = await tokens.update(
          id,
          isBack ? { ...changes, permissions: await kept.of(id) } : changes,
        );
        if (isBack) await kept.forget(id);
        return updated;
      },
      changes,
      ...(isBack && { changesOf: async (id: string) => ({ permissions: await kept.of(id) }) }),
    });
  },
});
