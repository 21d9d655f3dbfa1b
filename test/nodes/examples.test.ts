import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { definitionIn } from "../../nodes/editor.js";
import packageJson from "../../package.json" with { type: "json" };
import { exampleNames, readExample } from "../../simulator/node-red.js";

/** What the editor keeps of a node beside its own properties. */
const PLACED = ["id", "type", "z", "x", "y", "wires"];

describe("the examples", () => {
  it("hold every property of each node, as Done would leave it", async () => {
    const definitions = new Map(
      Object.keys(packageJson["node-red"].nodes).map((name) => {
        const { type, defaults } = definitionIn(readFileSync(`dist/${name}.html`, "utf8"));
        // One without a value is there for what older versions have saved.
        return [type, Object.keys(defaults).filter((key) => defaults[key]?.value !== undefined)];
      }),
    );
    for (const example of await exampleNames()) {
      for (const node of await readExample(example)) {
        const properties = definitions.get(node.type as string);
        if (properties === undefined) continue;
        const held = Object.keys(node).filter((name) => !PLACED.includes(name));
        assert.deepEqual(held.toSorted(), properties.toSorted(), `${example}: ${String(node.id)}`);
      }
    }
  });
});
