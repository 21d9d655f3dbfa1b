import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PRODUCTS } from "../../src/products.js";

describe("the table of products in the README", () => {
  it("has each product by its name, and what flows call it", async () => {
    const readme = await readFile("README.md", "utf8");
    const [, table = ""] = /^## Products and versions\n\n.*\n.*\n((?:\|.*\n)+)/m.exec(readme) ?? [];
    const rows = [...table.matchAll(/^\| ([^|]+?)(?: \(\d[^|]*\))? \| `([\w-]+)` \|/gm)];
    const told = Object.fromEntries(rows.map(([, name, product]) => [product!, name!]));
    const known = Object.fromEntries(Object.entries(PRODUCTS).map(([product, { name }]) => [product, name]));
    assert.deepEqual(told, known);
    assert.equal(rows.length, table.trim().split("\n").length);
  });
});
