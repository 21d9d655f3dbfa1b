import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { exampleNames, readExample } from "../../simulator/node-red.js";
import { NODE_NAMES, OPERATION_NAMES, operationOf } from "../helpers/package.js";

describe("the nodes of the package", () => {
  it("are the rows of the README's table", () => {
    const [, table = ""] =
      /^## The nodes\n\n.*\n.*\n((?:\|.*\n)+)/m.exec(readFileSync("README.md", "utf8")) ?? [];
    const rows = [...table.matchAll(/^\| \*+([^*]+)\*+ \|/gm)].map(([, name]) => name!.replaceAll(" ", "-"));
    assert.deepEqual(rows.toSorted(), NODE_NAMES.toSorted());
  });

  it("are each in an example", async () => {
    const nodes = (await Promise.all((await exampleNames()).map(readExample))).flat();
    const shown = new Set(nodes.map(({ type }) => type));
    assert.deepEqual(
      OPERATION_NAMES.filter((name) => !shown.has(operationOf(name).type)),
      [],
    );
  });

  it("have icons that are there", () => {
    for (const name of OPERATION_NAMES) assert.ok(existsSync(`icons/${operationOf(name).icon}`), name);
  });
});
