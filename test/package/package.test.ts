import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { request } from "undici";
import { closing } from "../helpers/closing.js";
import packageJson from "../../package.json" with { type: "json" };
import { exampleNames, readExample, startNodeRed, type NodeRed } from "../../simulator/node-red.js";

const root = resolve(import.meta.dirname, "../..");
const nodes = Object.entries(packageJson["node-red"].nodes);

/** What is built and packed, and how a real Node-RED takes it. `npm test` builds it before. */
describe("the package", () => {
  const dist = readdirSync(`${root}/dist`, { recursive: true, encoding: "utf8" });
  const read = (file: string) => readFileSync(`${root}/${file}`, "utf8");
  /** The scripts in which a text stands. */
  const holding = (text: string) =>
    dist.filter((file) => file.endsWith(".js") && read(`dist/${file}`).includes(text));
  /** The files that would be published now. */
  const packed = () => {
    const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: root,
      encoding: "utf8",
    });
    const [{ files }] = JSON.parse(json) as [{ files: { path: string }[] }];
    return files.map(({ path }) => path);
  };

  for (const [name, file] of nodes) {
    it(`has all that Node-RED looks for beside ${file}`, () => {
      assert.equal(file, `dist/${name}.js`);
      assert.match(read(`dist/${name}.html`), /RED\.nodes\.registerType\("influxdb-[a-z\d-]+", \{/);
      assert.match(
        read(`dist/locales/en-US/${name}.html`),
        /^<script type="text\/html" data-help-name="influxdb-/,
      );
      assert.ok(Object.keys(JSON.parse(read(`dist/locales/en-US/${name}.json`)) as object).length > 0);
      const icon = /icon: "([\w.-]+)"/.exec(read(`dist/${name}.html`))?.[1];
      assert.ok(icon === undefined || dist.includes("icons"));
      if (icon) assert.match(read(`dist/icons/${icon}`), /width="40" height="60"/);
    });
  }

  it("has all that Node-RED looks for beside the plugin", () => {
    assert.deepEqual(packageJson["node-red"].plugins, { sidebar: "dist/sidebar.js" });
    const html = read("dist/sidebar.html");
    assert.match(html, /RED\.plugins\.registerPlugin\("influxdb-tokens-inventory"/);
    const script = `resources/${packageJson.name}/sidebar.js`;
    assert.ok(html.includes(`<script type="module" src="${script}">`));
    assert.match(read("resources/sidebar.js"), /^globalThis\.influxdbTokensSidebar = /m);
    const { name } = JSON.parse(read("dist/locales/en-US/sidebar.json")) as { name: string };
    assert.equal(name, "InfluxDB tokens");
  });

  it("gives the editor as it opens what it needs then, and no more", () => {
    const onDemand = readdirSync(join(root, "resources")).filter((file) => /-\w+\.js$/.test(file));
    assert.deepEqual(onDemand.map((file) => file.split("-")[0]).toSorted(), ["dialogs", "inventory"]);
    const opening = ["dist/sidebar.html", "resources/sidebar.js", "resources/nodes.js"];
    const size = (files: string[]) => files.reduce((sum, file) => sum + read(file).length, 0);
    const dialogs = nodes.map(([name]) => `dist/${name}.html`);
    for (const file of [...dialogs, ...opening]) {
      // Style, dialogs, look-ups and lists of tokens.
      assert.doesNotMatch(read(file), /<style|typedInput\(|editableList|\/lookup|connections\//, file);
      assert.ok(size([file]) < 20_000, `${file} has ${size([file])} bytes`);
    }
    assert.ok(size(dialogs) < 180_000, `the dialogs have ${size(dialogs)} bytes`);
    assert.ok(size(opening) < 25_000, `the rest has ${size(opening)} bytes`);
  });

  it("holds what the nodes share once, and no copy in a node", () => {
    for (const once of ["ProxyAgent", "evaluateNodeProperty", "dequeue() {", "ZodObject"]) {
      const holders = holding(once);
      assert.equal(holders.length, 1, `${once} is in ${holders.join()}`);
      // What the connection alone uses is in its own file.
      assert.match(holders[0]!, /^(chunk-|late.influxdb-connection\.js$)/);
    }
  });

  it("has private fields as they were written, whatever they are called", () => {
    // Where the chunk exports `all`, the bundler makes `this.#all = exports.all = …` of `this.#all = …`.
    const taken = /#\w+ = exports\.|\.#\(/;
    for (const file of dist.filter((name) => name.endsWith(".js")))
      assert.doesNotMatch(read(`dist/${file}`), taken, file);
  });

  it("loads next to nothing when Node-RED starts, and its code with the first node", () => {
    const code = `
      const RED = {
        settings: {},
        nodes: { registerType: (type, constructor) => { if (type === "influxdb-connection") first = constructor } },
        httpAdmin: { use() {} },
      };
      let first;
      for (const file of ${JSON.stringify([...nodes.map(([, file]) => file), "dist/sidebar.js"])})
        require(\`./\${file}\`)(RED);
      const names = () => Object.keys(require.cache);
      const atStart = names();
      try { first.call({}, {}) } catch {}
      console.log(JSON.stringify({ atStart, later: names() }))`;
    const { atStart, later } = JSON.parse(
      execFileSync(process.execPath, ["-e", code], { cwd: root, encoding: "utf8" }),
    ) as Record<"atStart" | "later", string[]>;
    const size = atStart.reduce((sum, file) => sum + readFileSync(file).length, 0);
    assert.ok(atStart.length > nodes.length && size < 30_000, `${size} bytes in ${atStart.join()}`);
    const [zod = ""] = holding("ZodObject");
    assert.ok(!atStart.some((file) => file.endsWith(zod)));
    assert.ok(later.some((file) => file.endsWith(zod)));
    assert.deepEqual(
      later.filter((file) => /node_modules.(undici|zod)/.test(file)),
      [],
    );
  });

  it("ships what users need and nothing else", () => {
    for (const path of packed()) {
      assert.match(path, /^((dist|examples|resources)\/|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/);
    }
    assert.ok(Object.keys(packageJson.dependencies).length <= 6);
  });

  it("is built when it is packed", async function () {
    this.timeout(120_000);
    const folder = await mkdtemp(join(tmpdir(), "pack-test-"));
    try {
      // As a fresh clone is, after npm install: what git ignores is not there.
      const clone = join(folder, "clone");
      const ignored = read(".gitignore").trim().split("\n");
      const left = [".git", ...ignored].map((name) => resolve(root, name));
      await cp(root, clone, { recursive: true, filter: (path) => !left.includes(path) });
      await symlink(`${root}/node_modules`, `${clone}/node_modules`);
      execFileSync("npm", ["pack", "--pack-destination", folder], { cwd: clone, stdio: "pipe" });
      const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
      const listed = execFileSync("tar", ["-tzf", tarball!], { cwd: folder, encoding: "utf8" });
      const inTarball = listed
        .trim()
        .split("\n")
        .map((path) => path.replace("package/", ""));
      // The names of shared files tell where they were built.
      const names = (paths: string[]) => paths.map((path) => path.replace(/chunk-\w+/, "chunk")).toSorted();
      assert.deepEqual(names(inTarball), names(packed()));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("shows every node in an example, and no example holds a credential", async () => {
    const examples = await Promise.all((await exampleNames()).map(readExample));
    const types = new Set(examples.flat().map(({ type }) => type));
    for (const [name] of nodes) {
      const type = /registerType\("([\w-]+)"/.exec(read(`dist/${name}.html`))?.[1];
      assert.ok(type && types.has(type), `${type} is in no example`);
    }
    assert.ok(!JSON.stringify(examples).includes("credentials"));
    for (const example of examples) assert.ok(example.some(({ type, info }) => type === "tab" && info));
  });

  for (const [version, entry] of [
    ["node-red", "delete-authorization.js"],
    ["node-red-4", `${packageJson.name}/influxdb-delete-*ization`],
  ] as const) {
    describe(`in a ${version} whose nodesExcludes names one of the nodes`, function () {
      this.timeout(60_000);
      let nodeRed: NodeRed;
      const also = closing(after);
      before(async () => {
        const settings = { nodesExcludes: [entry, "remove-authorization.js"] };
        nodeRed = await also(startNodeRed({ nodes: [], settings, version }));
      });

      const get = async (accept: string) => {
        const { body } = await request(`${nodeRed.url}nodes`, { headers: { accept } });
        return body.text();
      };

      it("loads all others, with their dialogs, and leaves that one out", async () => {
        type Sets = { module: string; name: string; err?: string }[];
        const sets = (JSON.parse(await get("application/json")) as Sets).filter(
          ({ module }) => module === packageJson.name,
        );
        assert.deepEqual(
          sets
            .filter(({ err }) => err === undefined)
            .map(({ name }) => name)
            .toSorted(),
          nodes
            .map(([name]) => name)
            .filter((name) => name !== "delete-authorization")
            .toSorted(),
        );
        const html = await get("text/html");
        assert.ok(html.includes('registerType("influxdb-list-authorizations"'));
        assert.ok(!html.includes('registerType("influxdb-delete-authorization"'));
        assert.match(
          nodeRed.log(),
          /delete-authorization\.js is left out, as nodesExcludes of the settings says/,
        );
        assert.match(
          nodeRed.log(),
          /nodesExcludes of the settings: "remove-authorization\.js" leaves out no node/,
        );
      });

      it("serves the script that every dialog loads, because the editor waits for it", async () => {
        const html = await get("text/html");
        const sources = [...html.matchAll(/<script type="module" src="(resources\/@token-flows\/[^"]+)">/g)];
        assert.equal(sources.length, nodes.length - 1);
        for (const source of new Set(sources.map(([, each]) => each!))) {
          const { statusCode, headers, body } = await request(nodeRed.url + source);
          assert.deepEqual([statusCode, /javascript/.test(String(headers["content-type"]))], [200, true]);
          assert.match(await body.text(), /^globalThis\.influxdbTokens = /m);
        }
      });
    });
  }
});
