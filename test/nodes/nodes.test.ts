import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { exampleNames, readExample } from "../../simulator/node-red.js";
import packageJson from "../../package.json" with { type: "json" };
import { NODE_NAMES, OPERATION_NAMES, operationOf } from "../helpers/package.js";

describe("the nodes of the package", () => {
  it("are the rows of the README's table", () => {
    const [, table = ""] =
      /^## The nodes\n\n.*\n.*\n((?:\|.*\n)+)/m.exec(readFileSync("README.md", "utf8")) ?? [];
    const rows = [...table.matchAll(/^\| \*+([^*]+)\*+ \|/gm)].map(([, name]) =>
      name!.replace("InfluxDB 3", "influxdb3").replaceAll(" ", "-"),
    );
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

describe("the pictures of the README", () => {
  it("are there, each in use, small, and at addresses that do not depend on who shows the README", () => {
    const shown = [...readFileSync("README.md", "utf8").matchAll(/!\[[^\]]+\]\(([^)]*)\)/g)].map(
      ([, url]) => url!,
    );
    const { origin, pathname } = new URL(packageJson.repository.url.replace(/^git\+/, ""));
    const raw = `${origin.replace("github.com", "raw.githubusercontent.com")}${pathname.replace(/\.git$/, "")}`;
    const files = readdirSync("docs/pictures").map((file) => `docs/pictures/${file}`);
    assert.deepEqual(shown.toSorted(), files.map((file) => `${raw}/HEAD/${file}`).toSorted());
    for (const file of files) assert.ok(statSync(file).size < 150_000, file);
  });
});
