import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { definitionIn } from "../../../nodes/editor/definition.js";
import { ownedNames, takenNames, VERSIONS } from "../../../nodes/editor/owned-names.js";
import packageJson from "../../../package.json" with { type: "json" };

/** Some that are sure to be there, of each way in which the editor comes to them. */
const SURE =
  "id type x y z w h d g l _def _config label icon info infoEditor color inputs outputs inputLabels outputLabels " +
  "wires links users credentials env status dirtyStatus changed dirty moved selected highlighted resize valid " +
  "validationErrors ox oy dx dy style hidden locked";

for (const version of VERSIONS) {
  describe(`the properties that the editor of ${version} owns`, () => {
    let owned: ReadonlySet<string>;
    before(async () => {
      owned = await ownedNames(version);
    });

    it("are found in its source", () => {
      assert.deepEqual(
        SURE.split(" ").filter((name) => !owned.has(name)),
        [],
      );
    });

    it("are refused, companions and all", () => {
      const defaults = { name: {}, status: {}, statusType: {}, x: {}, xPer: {}, _mine: {}, targets: {} };
      assert.deepEqual(takenNames(defaults, owned), ["status", "x", "_mine"]);
    });

    for (const name of Object.keys(packageJson["node-red"].nodes)) {
      it(`are none of ${name}`, async () => {
        const { defaults } = definitionIn(await readFile(`dist/${name}.html`, "utf8"));
        assert.ok("name" in defaults);
        assert.deepEqual(takenNames(defaults, owned), []);
      });
    }
  });
}
