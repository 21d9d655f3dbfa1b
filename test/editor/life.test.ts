import assert from "node:assert/strict";
import listAuthorizations from "../../nodes/list-authorizations/list-authorizations.js";
import { SETTINGS } from "../../nodes/influxdb-connection/settings.js";
import { ERROR_CODES } from "../../src/error-codes.js";
import { isProduct, productOf, RESOURCE_NAMES } from "../../src/products.js";
import { exampleNames, readExample } from "../../simulator/node-red.js";
import { startInfluxdb3 } from "../../simulator/influxdb3.js";
import { closing } from "../helpers/closing.js";
import { HEX_ID, NAME, UUID } from "../helpers/ids.js";
import { OPERATION_NAMES, operationOf, resourceOf } from "../helpers/package.js";
import { LOOKUP_FAILED, useLab, waitFor } from "./editor.js";

type Properties = Record<string, unknown>;
type Saved = Properties & { id: string; type: string };

for (const version of ["node-red", "node-red-4"] as const)
  describe(`the life of a node in the editor of ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    /** What takes long is tested in one version, for what it is about does not depend on it. */
    const long = (title: string, test: () => Promise<void>) => {
      if (version === "node-red") it(title, test);
    };

    /** What is deployed. */
    async function deployed(): Promise<Saved[]> {
      return (await (await fetch(new URL("flows", lab.demo.nodeRed.url))).json()) as Saved[];
    }

    /** Deploys behind the editor's back, and loads the editor anew. */
    async function deploy(nodes: Saved[]): Promise<void> {
      const headers = { "content-type": "application/json" };
      const url = new URL("flows", lab.demo.nodeRed.url);
      const body = JSON.stringify(nodes);
      assert.equal((await fetch(url, { method: "POST", headers, body })).status, 204);
      await lab.editor.open();
    }

    /** Deploys nodes beside those that there are. */
    const save = async (nodes: Saved[]) => deploy([...(await deployed()), ...nodes]);

    /** What the editor would deploy, or export. */
    const held = async (): Promise<Saved[]> =>
      lab.page.evaluate(
        "JSON.parse(JSON.stringify(RED.nodes.createCompleteNodeSet({ credentials: false })))",
      );
    const isDirty = () => lab.page.evaluate<boolean>("RED.nodes.dirty()");
    const invoke = (action: string) => lab.page.evaluate(`RED.actions.invoke("core:${action}")`);
    const select = (ids: string[]) =>
      lab.page.evaluate(`RED.view.select({ nodes: ${JSON.stringify(ids)}.map((id) => RED.nodes.node(id)) })`);

    /** Opens the dialog of a node, or of a config node, and ends it with Done. */
    async function openAndDone({ id, type }: Saved, meanwhile?: () => Promise<void>): Promise<void> {
      const { editor, page } = lab;
      const isConfig = type === "influxdb-connection";
      await page.evaluate(
        isConfig
          ? `RED.editor.editConfig("", "${type}", "${id}")`
          : `RED.editor.edit(RED.nodes.node("${id}"))`,
      );
      const done = page.locator(isConfig ? "#node-config-dialog-ok" : "#node-dialog-ok");
      await editor.formShown(isConfig ? "node-config" : "node");
      await meanwhile?.();
      await done.click();
      await page.locator(".red-ui-tray").waitFor({ state: "detached" });
    }

    const isOperation = ({ type }: Saved) => type.startsWith("influxdb-") && type !== "influxdb-connection";

    /** Imports nodes as copies, and gives those of ours that it makes. */
    async function imported(nodes: Saved[]): Promise<Saved[]> {
      const before = new Set((await held()).map(({ id }) => id));
      await lab.editor.importCopy(JSON.stringify(nodes));
      return (await held()).filter((node) => !before.has(node.id) && isOperation(node));
    }

    const idOf = (name: string) => name.replaceAll("-", "");

    /** A node with every property other than the editor presets it, and right. */
    function unusual(name: string, connections: Saved[]): Saved {
      const { type, fields, outputs } = operationOf(name);
      const properties: Record<string, unknown> = {
        ...{ connectionFrom: "chosen", connectionName: "server", connectionNameType: "flow" },
        connections: [],
      };
      for (const [index, [key, { control }]] of Object.entries(fields).entries()) {
        switch (control.kind) {
          case "flag":
            properties[key] = true;
            break;
          case "choice":
            properties[key] = control.options.at(-1);
            break;
          case "number":
            properties[key] = "7";
            break;
          case "permissionTable":
            properties[key] = [{ resource: "*", read: false, write: true }];
            break;
          case "limit":
            Object.assign(properties, { [key]: "7", [`${key}Per`]: control.per.at(-1) });
            break;
          case "typed": {
            const sources = control.sources.filter((source) => source !== control.preset.type);
            const source = control.words.length > 0 ? "str" : sources[index % sources.length];
            const text = control.words.at(-1) ?? (control.form === undefined ? "90d" : ID[control.form]);
            Object.assign(properties, { [key]: source === "str" ? text : "topic", [`${key}Type`]: source });
          }
        }
      }
      // Of a list, a filter of the same name.
      const kind = RESOURCE_NAMES.find((each) => each === properties.kind) ?? resourceOf(name);
      const connection = connections.find(
        ({ product }) => isProduct(product) && productOf(product).resources.some((each) => each === kind),
      );
      const place = {
        z: "life",
        x: 500,
        y: 60 + 60 * OPERATION_NAMES.indexOf(name),
        wires: outputs.map(() => []),
      };
      return { id: idOf(name), type, ...place, name: `${name} 1`, connection: connection!.id, ...properties };
    }
    const ID = { hexId: HEX_ID, uuid: UUID, nameOfToken: NAME };

    /** Lets the inject node send to all, and waits until each has shown a status. */
    async function run(): Promise<void> {
      await lab.editor.forgetStatuses();
      await lab.editor.inject("inject");
      await waitFor(
        () =>
          lab.page.evaluate<number>(
            `RED.nodes.filterNodes({ z: "life" }).filter(({ type, status }) =>
             type.startsWith("influxdb-") && ["green", "yellow", "red"].includes(status?.fill)).length`,
          ),
        OPERATION_NAMES.length,
      );
    }

    describe("with every property other than preset", () => {
      let nodes: Saved[];
      const ids = OPERATION_NAMES.map(idOf);
      const also = closing(after);

      before(async () => {
        const before = await deployed();
        const { url } = await also(startInfluxdb3({ operatorToken: "apiv3_of-the-operator" }));
        const of3 = {
          ...{ id: "life3", type: "influxdb-connection", name: "to InfluxDB 3", product: "influxdb3-core" },
          ...{ url, credentials: { token: "apiv3_of-the-operator" } },
        };
        const connections = [...before.filter(({ type }) => type === "influxdb-connection"), of3];
        nodes = OPERATION_NAMES.map((name) => unusual(name, connections));
        const inject = { type: "inject", z: "life", x: 200, y: 60, repeat: "", crontab: "", props: [] };
        await save([
          { id: "life", type: "tab", label: "life" },
          { id: "inject", ...inject, wires: [ids] },
          of3,
          ...nodes,
        ]);
        await lab.editor.openFlow("life");
      });

      /** The nodes are as they were saved, but for their places and what is named: a node with another name is wider. */
      async function unchanged(found: Saved[], but: Record<string, unknown> = {}): Promise<void> {
        for (const node of nodes) {
          const { x, y } = found.find(({ id }) => id === node.id)!;
          assert.deepEqual(
            found.find(({ id }) => id === node.id),
            { ...node, ...but, x, y },
          );
          assert.equal(await lab.editor.property(node.id, "valid"), true, node.id);
        }
      }

      it("is deployed as it was configured, after it has run", async () => {
        const { editor } = lab;
        await run();
        await unchanged(await held());
        assert.ok(!(await isDirty()));
        await editor.move(ids[0]!, 60, 0);
        await editor.deploy();
        await unchanged(await deployed());
        await run();
        await unchanged(await held());
        assert.ok(!(await isDirty()));
      });

      it("is not changed by Done", async () => {
        for (const node of nodes) {
          await openAndDone(node);
          assert.ok(!(await isDirty()), node.type);
        }
        await unchanged(await held());
      });

      it("is exported and imported as it is", async () => {
        const { editor, page } = lab;
        await run();
        await editor.menu("#menu-item-export");
        await page.locator("#red-ui-clipboard-dialog-export-rng-flow").click();
        const text = await page.locator("#red-ui-clipboard-dialog-export-text").inputValue();
        await page.keyboard.press("Escape");
        const exported = JSON.parse(text) as Saved[];
        await unchanged(exported);
        const changes = await editor.changes();
        const copies = await imported(exported.filter(({ type }) => type !== "influxdb-connection"));
        await likeTheirs(copies[0]!.z as string);
        await editor.undoTo(changes);
      });

      /** The nodes of a flow are as the first are, but for their ids and places. */
      async function likeTheirs(flow: string): Promise<void> {
        const copies = (await held()).filter(({ z, type }) => z === flow && type.startsWith("influxdb-"));
        assert.notEqual(flow, "life");
        assert.equal(copies.length, nodes.length);
        for (const { id, x, y, z, wires, ...node } of nodes) {
          const copy = copies.find(({ type }) => type === node.type)!;
          const { id: _id, x: _x, y: _y, z: _z, wires: _wires, ...rest } = copy;
          assert.deepEqual(rest, node);
          assert.equal(await lab.editor.property(copy.id, "valid"), true);
        }
      }

      it("is copied as it is", async () => {
        const { editor, page } = lab;
        await editor.openFlow("life");
        await run();
        const changes = await editor.changes();
        await select(ids);
        await invoke("copy-selection-to-internal-clipboard");
        await editor.addFlow();
        await invoke("paste-from-internal-clipboard");
        await page.mouse.click(700, 500);
        await likeTheirs(await editor.flow());
        await editor.undoTo(changes);
        assert.ok(!(await isDirty()));
      });

      long("is renamed, disabled and enabled, undone and redone, and nothing else", async () => {
        const { editor } = lab;
        await editor.openFlow("life");
        const changes = await editor.changes();
        for (const node of nodes) {
          await openAndDone(node, async () => {
            await editor.input("name").fill("other");
          });
        }
        await unchanged(await held(), { name: "other" });
        await select(ids);
        await invoke("disable-selected-nodes");
        await unchanged(await held(), { name: "other", d: true });
        await editor.undoTo(changes);
        await unchanged(await held());
        assert.ok(!(await isDirty()));
        await editor.redoAll();
        await unchanged(await held(), { name: "other", d: true });
        await editor.deploy();
        await unchanged(await deployed(), { name: "other", d: true });
        await select(ids);
        await invoke("enable-selected-nodes");
        await editor.deploy();
        await unchanged(await deployed(), { name: "other" });
        await run();
        await unchanged(await held(), { name: "other" });
      });

      it("is a connection, too", async () => {
        const { token, ...properties } = SETTINGS;
        const settings = Object.fromEntries(
          Object.entries(properties).map(([name, { control }]) => [
            name,
            control.kind === "flag" ? true : "7",
          ]),
        );
        const connection = {
          // A property that is its own ID would keep Node-RED from starting it.
          ...{ id: "unusual", type: "influxdb-connection", name: "an unusual one" },
          ...settings,
          ...{ tls: "", proxy: "" },
          ...{ product: "clustered", url: "https://cluster.example.com", accountId: UUID, clusterId: UUID },
          ...{ protectedIds: `${UUID}\n${UUID}`, ownTokenId: UUID, influxctl: "/usr/local/bin/influxctl" },
        };
        await save([{ ...connection, credentials: { token: "a token" } }]);
        lab.provoked = LOOKUP_FAILED;
        await openAndDone(connection);
        assert.ok(!(await lab.editor.property(connection.id, "changed")));
        assert.deepEqual(
          (await held()).find(({ id }) => id === connection.id),
          connection,
        );
      });
    });

    long("does not change an example: not its import, nor Done", async () => {
      const { editor, page } = lab;
      for (const example of await exampleNames()) {
        const nodes = (await readExample(example)) as Saved[];
        const changes = await editor.changes();
        const copies = await imported(nodes);
        const ours = nodes.filter(isOperation);
        assert.equal(copies.length, ours.length);
        await page.evaluate("RED.nodes.eachNode((node) => { node.changed = false; })");
        for (const [index, node] of ours.entries()) {
          const { id, z, g, wires, connection, ...configured } = node;
          const copy = copies[index]!;
          const properties = ({ id, z, g, wires, connection, ...rest }: Saved) => rest;
          assert.deepEqual(properties(copy), configured, example);
          await openAndDone(copy);
          assert.ok(!(await editor.property(copy.id, "changed")), `${example}: ${String(node.name)}`);
          assert.deepEqual(properties((await held()).find(({ id }) => id === copy.id)!), configured, example);
        }
        await editor.undoTo(changes);
      }
    });

    describe("with what no dialog can show", () => {
      const DELETE = { type: "influxdb-delete-authorization" };

      /** Deploys nodes in a flow of their own, and shows it. */
      async function saved(flow: string, nodes: (Properties & { type: string })[]): Promise<Saved[]> {
        const connection = (await deployed()).find(({ product }) => product === "oss")!.id;
        const made = nodes.map((node, index) => {
          const place = {
            z: flow,
            x: 200 + 250 * (index % 4),
            y: 60 + 60 * Math.floor(index / 4),
            wires: [[], []],
          };
          return { id: `${flow}${index}`, ...place, connection, ...node };
        });
        await save([{ id: flow, type: "tab", label: flow }, ...made]);
        await lab.editor.openFlow(flow);
        return made;
      }

      const LIMITS = ["${LIMIT}", "$(LIMIT)", "  5 ", "abc", "0x10", "5e", "1-2", "-"];
      it("keeps a limit, and judges it as it stands", async () => {
        const { editor } = lab;
        const nodes = await saved(
          "limits",
          [...LIMITS, null, [], "\n"].map((limit) => ({ ...DELETE, confirmed: true, limit })),
        );
        for (const [index, node] of nodes.entries()) {
          const isRight = index < 3;
          await openAndDone(node, () =>
            editor.fieldWrong(editor.input("limit"), !isRight).then(() => undefined),
          );
          await editor.wrong(node.id, !isRight);
          const limit = await editor.property(node.id, "limit");
          if (index < LIMITS.length) assert.equal(limit, node.limit);
          else assert.ok(limit !== "" && limit !== undefined, JSON.stringify(node.limit));
        }
      });

      long("takes what is missing for its preset", async () => {
        const { editor } = lab;
        const [node] = await saved("missing", [{ ...DELETE, confirmed: true }]);
        await openAndDone(node!);
        await editor.wrong(node!.id, false);
        for (const [name, value] of [
          ["limit", "100"],
          ["targets", "payload"],
          ["targetsType", "msg"],
          ["inactiveForType", "any"],
          ["notFound", "error"],
        ] as const) {
          assert.equal(await editor.property(node!.id, name), value);
        }
      });

      long("marks a limit that is typed in and no number, and saves it as it is", async () => {
        const { editor } = lab;
        const [node] = await saved("typed", [{ ...DELETE, confirmed: true, limit: "5" }]);
        for (const text of ["5e", "1-2", "-", "1.000.000"]) {
          await openAndDone(node!, async () => {
            await editor.type(editor.input("limit"), text);
            await editor.fieldWrong(editor.input("limit"));
          });
          assert.equal(await editor.property(node!.id, "limit"), text);
          await editor.wrong(node!.id);
        }
      });

      const NO_FLAGS = ["${SURE}", "$(SURE)", "false", 1, null, ""];
      it("keeps a flag until its box is clicked", async () => {
        const { editor } = lab;
        const names = ["confirmed", "dryRun"];
        const nodes = await saved(
          "flags",
          names.flatMap((name) => NO_FLAGS.map((value) => ({ ...DELETE, [name]: value }))),
        );
        for (const [index, node] of nodes.entries()) {
          const name = names[Math.floor(index / NO_FLAGS.length)]!;
          await openAndDone(node, async () => {
            assert.ok(!(await editor.input(name).isChecked()));
            if (typeof node[name] === "string" && /^\$/.test(node[name])) {
              await editor.fieldWrong(editor.input(name), false);
            } else {
              await editor.fieldWrong(editor.input(name));
            }
            if (index === 0) await editor.screenshot("flag from a variable");
          });
          assert.equal(await editor.property(node.id, name), node[name], name);
        }
        await openAndDone(nodes[0]!, () => editor.input("confirmed").click());
        assert.equal(await editor.property(nodes[0]!.id, "confirmed"), true);
        await openAndDone(nodes[1]!, async () => {
          await editor.input("confirmed").click();
          await editor.input("confirmed").click();
        });
        assert.equal(await editor.property(nodes[1]!.id, "confirmed"), false);
      });

      long("keeps a choice, the source of a filter and a word", async () => {
        const { editor } = lab;
        const type = "influxdb-list-authorizations";
        const userID = "0123456789abcdef";
        const odd: [properties: Properties, isRight: boolean][] = [
          [{ result: "${RESULT}" }, true],
          [{ result: "some" }, false],
          [{ tokenStatus: "${STATUS}", tokenStatusType: "str" }, true],
          [{ tokenStatus: "Active", tokenStatusType: "str" }, false],
          [{ tokenStatusType: "str" }, false],
          [{ tokenStatus: null, tokenStatusType: "str" }, false],
          [{ tokenStatus: 7, tokenStatusType: "str" }, false],
          [{ userID, userIDType: "num" }, false],
          [{ userID: "${USER_ID}", userIDType: "str" }, true],
          [{ userID: "${USER_ID}", userIDType: "num" }, false],
          [{ userID: "${USER_ID}" }, false],
          [{ userID }, false],
        ];
        const nodes = await saved(
          "filters",
          odd.map(([properties]) => ({ type, ...properties })),
        );
        for (const [index, [properties, isRight]] of odd.entries()) {
          const node = nodes[index]!;
          await openAndDone(node);
          await editor.wrong(node.id, !isRight);
          for (const [name, value] of Object.entries(properties)) {
            const kept = name === "userIDType" && !isRight ? "choose" : value;
            // The editor leaves alone what its dialog shows as a text of the same letters.
            assert.equal(String(await editor.property(node.id, name)), String(kept));
          }
        }
        assert.equal(await editor.property(nodes.at(-1)!.id, "userIDType"), "choose");
      });

      it("keeps the settings of a connection", async () => {
        const { editor } = lab;
        const odd: [name: string, value: unknown][] = [
          ...NO_FLAGS.map((value): [string, unknown] => ["allowOwnToken", value]),
          ...["${PRODUCT}", "$(PRODUCT)", "mysql"].map((value): [string, unknown] => ["product", value]),
          ["protectedIds", null],
          ["protectedIds", []],
        ];
        const connections = odd.map(([name, value], index) => {
          const id = `odd${index}`;
          return { id, type: "influxdb-connection", name: `the ${id}`, product: "oss", [name]: value };
        });
        await save(connections);
        lab.provoked = LOOKUP_FAILED;
        for (const [index, [name, value]] of odd.entries()) {
          await openAndDone(connections[index]!);
          const kept = name === "protectedIds" ? JSON.stringify(value) : value;
          assert.equal(await editor.property(`odd${index}`, name), kept, `${name} ${JSON.stringify(value)}`);
        }
      });
    });

    it("shows the words of an error as they are, under the node and first in the debug sidebar", async () => {
      const { editor, page } = lab;
      const place = { z: "words", y: 100 };
      const before = await deployed();
      await save([
        { id: place.z, type: "tab", label: "words" },
        { ...place, id: "ask", type: "inject", x: 100, repeat: "", crontab: "", props: [], wires: [["act"]] },
        { ...place, id: "act", type: "influxdb-delete-authorization", x: 300, connection: "", wires: [[]] },
        { ...place, id: "caught", type: "catch", x: 500, scope: ["act"], wires: [["debug"]] },
        {
          ...place,
          id: "debug",
          type: "debug",
          x: 700,
          active: true,
          tosidebar: true,
          complete: "error",
          wires: [],
        },
      ]);
      await editor.openFlow("words");
      await page.evaluate('RED.sidebar.show("debug")');
      const { text } = await editor.debugAfter(() => editor.inject("ask"));
      assert.match(text, /message: "No connection, cannot delete au/);
      await editor.status("act", "no connection");
      await editor.screenshot(`words of an error in ${version}`);
      // The editor looks each up as a key of the locale.
      const words = Object.values(ERROR_CODES).map((code) => code.words);
      assert.deepEqual(
        await page.evaluate(
          `${JSON.stringify(words)}.map((words) => RED.nodes.node("act")._(words, { defaultValue: words }))`,
        ),
        words,
      );
      // The editor would ask at each deploy whether a node without a connection is meant.
      await deploy(before);
    });

    it("asks to choose the status again, where it was saved under its former name", async () => {
      const { editor } = lab;
      const flow = { id: "former", type: "tab", label: "former" };
      const connection = (await deployed()).find(({ product }) => product === "oss")!.id;
      const node = { type: listAuthorizations.operation.type, connection, result: "all", wires: [[], []] };
      await save([
        flow,
        { id: "old", z: flow.id, x: 200, y: 100, ...node, status: "inactive", statusType: "str" },
      ]);
      await editor.openFlow(flow.label);
      await editor.wrong("old");
      const field = editor.typedInput("tokenStatus");

      await editor.openDialog("old");
      await editor.fieldWrong(field);
      await editor.says(field, /choose it again/);
      await editor.screenshot("wrong former status");
      await editor.done();
      await editor.wrong("old");

      await editor.openDialog("old");
      await editor.choose("tokenStatus", "str", "inactive");
      await editor.fieldWrong(field, false);
      await editor.done();
      await editor.wrong("old", false);
      await editor.deploy();
      const { tokenStatus, tokenStatusType, ...rest } = (await deployed()).find(({ id }) => id === "old")!;
      assert.deepEqual([tokenStatus, tokenStatusType], ["inactive", "str"]);
      assert.deepEqual(
        Object.keys(rest).filter((name) => name.startsWith("status")),
        [],
      );
    });
  });
