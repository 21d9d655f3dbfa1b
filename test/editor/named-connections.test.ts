import assert from "node:assert/strict";
import { assertAccessible } from "./axe.js";
import { useLab } from "./editor.js";

const SMALL = { width: 900, height: 600 };
const LARGE = { width: 1500, height: 950 };

interface Saved {
  id: string;
  type: string;
  name?: string;
  connection?: string;
  connections?: string[];
}

for (const version of ["node-red", "node-red-4"] as const) {
  describe(`a connection from the message, on ${version}`, function () {
    this.timeout(90_000);
    const lab = useLab(version);
    let id: string;

    const row = (name: string) => lab.page.locator(".form-row", { has: lab.editor.input(name) });
    const way = () => lab.editor.input("connectionFrom");
    const boxes = () => lab.page.getByRole("group", { name: "Connections that the message may name" });
    const box = (name: string) => boxes().getByRole("checkbox", { name: new RegExp(`^${name} `) });
    const lookIn = () => lab.page.getByRole("combobox", { name: "Look up in" });
    const errors = async (): Promise<string> =>
      lab.page.evaluate(`(RED.nodes.node("${id}").validationErrors ?? []).join(" ")`);
    const exported = async (): Promise<Saved[]> =>
      lab.page.evaluate(`RED.nodes.createExportableNodeSet([RED.nodes.node("${id}")])`);

    /** Connections `edge-1` and so on, on the flows that are there. */
    async function addConnections(count: number, prefix = "edge"): Promise<string[]> {
      return lab.page.evaluate(
        `{
          let first; RED.nodes.eachConfig((node) => { if (node.type === "influxdb-connection" && node.product === "oss") first ??= node; });
          const base = RED.nodes.convertNode(first);
          const nodes = Array.from({ length: ${count} }, (_, index) => ({
            ...base, id: RED.nodes.id(), name: "${prefix}-" + (index + 1), credentials: { token: "secret" },
          }));
          RED.nodes.import(nodes, { generateIds: false, addFlow: false });
          nodes.map(({ id }) => id);
        }`,
      );
    }

    beforeEach(async () => {
      const { editor } = lab;
      await editor.addFlow();
      id = await editor.drag("influxdb-delete-authorization", 300, 200);
    });
    afterEach(async () => {
      await lab.editor.closeAll();
      await lab.editor.dark(false);
      await lab.page.setViewportSize(LARGE);
      await lab.editor.open();
    });

    it("is chosen, deployed, and there when the dialog opens again", async () => {
      const { editor, page } = lab;
      const [first] = await addConnections(3, "kept");
      await editor.openDialog(id);
      await editor.input("dryRun").check();
      assert.equal(await way().inputValue(), "chosen");
      assert.ok(await row("connection").isVisible());
      assert.ok(!(await row("connectionName").isVisible()));
      assert.ok(!(await boxes().isVisible()));

      await way().selectOption("some");
      assert.ok(!(await row("connection").isVisible()));
      await page.getByText("Tick at least one connection that the message may name").waitFor();
      await editor.done();
      assert.match(await errors(), /Tick at least one/);

      await editor.openDialog(id);
      await box("kept-1").check();
      assert.deepEqual(await lookIn().locator("option").allInnerTexts(), ["kept-1"]);
      await editor.choose("connectionName", "msg", "server");
      await editor.screenshot(`named some ${version}`);
      await editor.done();
      await editor.wrong(id, false);
      await editor.deploy();
      const flow = await page.evaluate<string>("RED.nodes.workspace(RED.workspaces.active()).label");
      await editor.open();
      await editor.openFlow(flow);
      assert.deepEqual(await editor.property(id, "connections"), [first]);
      assert.equal(await editor.property(id, "connection"), "");
      await editor.openDialog(id);
      assert.equal(await way().inputValue(), "some");
      assert.ok(await box("kept-1").isChecked());
      assert.ok(!(await box("kept-2").isChecked()));
      const changes = await editor.changes();
      await editor.done();
      assert.equal(await editor.changes(), changes);
    });

    it("counts as a use, of all that may be named", async () => {
      const { editor } = lab;
      const [first, second] = await addConnections(2);
      const users = async (of: string | undefined): Promise<string[]> =>
        lab.page.evaluate(`RED.nodes.node("${of}").users.map((node) => node.id)`);
      const areSoon = async (...expected: [of: string | undefined, ids: string[]][]) => {
        for (const [of, ids] of expected) {
          await lab.page.waitForFunction(
            `RED.nodes.node("${of}").users.map((node) => node.id).join() === "${ids.join()}"`,
          );
          assert.deepEqual(await users(of), ids);
        }
      };
      await editor.openDialog(id);
      await way().selectOption("any");
      await editor.done();
      await areSoon([first, [id]], [second, [id]]);
      await editor.openDialog(id);
      await way().selectOption("some");
      await box("edge-2").check();
      await editor.done();
      await areSoon([first, []], [second, [id]]);
      await lab.page.evaluate("RED.history.pop()");
      await areSoon([first, [id]], [second, [id]]);
      await editor.openDialog(id);
      await way().selectOption("chosen");
      await editor.input("connection").selectOption({ label: "edge-1" });
      await editor.done();
      await areSoon([first, [id]], [second, []]);
    });

    it("is exported with what is ticked, and means the copies where it is imported as one", async () => {
      const { editor, page } = lab;
      const [first, second] = await addConnections(2);
      await editor.openDialog(id);
      await editor.input("dryRun").check();
      await way().selectOption("some");
      await box("edge-1").check();
      await box("edge-2").check();
      await editor.done();
      const nodes = await exported();
      assert.deepEqual(nodes.map(({ name = "" }) => name).sort(), ["", "edge-1", "edge-2"]);
      const before = await page.evaluate<string[]>("RED.nodes.filterNodes({}).map((node) => node.id)");
      const map = Object.fromEntries(nodes.map((node) => [node.id, "copy"]));
      await page.evaluate(
        `RED.nodes.import(${JSON.stringify(nodes)}, { generateIds: true, importMap: ${JSON.stringify(map)} })`,
      );
      const after = await page.evaluate<string[]>("RED.nodes.filterNodes({}).map((node) => node.id)");
      const copy = after.find((each) => !before.includes(each)) ?? "";
      const copied = (await editor.property(copy, "connections")) as string[];
      assert.equal(copied.length, 2);
      assert.ok(!copied.includes(first!) && !copied.includes(second!));
      const names: string[] = await page.evaluate(
        `${JSON.stringify(copied)}.map((each) => RED.nodes.node(each).name)`,
      );
      assert.deepEqual(names.sort(), ["edge-1", "edge-2"]);
    });

    it("shows what is ticked and gone, until it is unticked", async () => {
      const { editor, page } = lab;
      const [first] = await addConnections(2);
      await editor.openDialog(id);
      await editor.input("dryRun").check();
      await way().selectOption("some");
      await box("edge-1").check();
      await editor.done();
      await page.evaluate(`RED.nodes.remove("${first}")`);
      await page.evaluate(`RED.editor.validateNode(RED.nodes.node("${id}"))`);
      assert.match(await errors(), /Tick at least one/);
      await editor.openDialog(id);
      const gone = boxes().getByRole("checkbox", { name: /not among the connections any more/ });
      assert.ok(await gone.isChecked());
      await gone.uncheck();
      await box("edge-2").check();
      await editor.done();
      await editor.wrong(id, false);
    });

    it("is one that can do the work on the kind of tokens that is chosen", async () => {
      const { editor, page } = lab;
      await addConnections(1);
      const three = "InfluxDB 3 of the works";
      await page.evaluate(
        `RED.nodes.import([{ id: RED.nodes.id(), type: "influxdb-connection", product: "influxdb3-core", name: "${three}" }], { generateIds: false, addFlow: false })`,
      );
      id = await editor.drag("influxdb-rotate-token", 300, 300);
      await editor.openDialog(id);
      await way().selectOption("some");
      // It has nothing to look up, so that this is not shown.
      const asked = page.locator("#influxdb-look-in option");
      await box("edge-1").check();
      await editor.input("kind").selectOption("influxdb3-tokens");
      assert.deepEqual(await asked.allTextContents(), []);
      await editor.done();
      assert.match(await errors(), /InfluxDB OSS v2 has no InfluxDB 3 tokens/);
      await editor.openDialog(id);
      assert.ok(await box("edge-1").isChecked());
      await boxes().getByText("InfluxDB OSS v2 has no InfluxDB 3 tokens").waitFor();
      await editor.screenshot(`named wrong product ${version}`);
      await editor.input("kind").selectOption("authorizations");
      await boxes().getByText("has no").waitFor({ state: "detached" });
      await editor.input("kind").selectOption("influxdb3-tokens");
      await boxes().getByText("InfluxDB OSS v2 has no InfluxDB 3 tokens").waitFor();
      await box(three).check();
      await boxes().getByText("has no").waitFor({ state: "detached" });
      assert.deepEqual(await asked.allTextContents(), [three]);
      await editor.done();
      await editor.wrong(id, false);
    });

    it("is left open where the way comes from a variable", async () => {
      const { editor, page } = lab;
      const [first] = await addConnections(1);
      const old = { id: "123456789abcdef0", type: "influxdb-check-token", x: 300, y: 300, wires: [[], []] };
      const way = { connectionFrom: "${FROM}", connections: [first], connection: "" };
      await page.evaluate(
        `RED.nodes.import([${JSON.stringify({ ...old, ...way })}], { generateIds: false, addFlow: false })`,
      );
      await page.evaluate("RED.view.redraw(true)");
      id = old.id;
      await page.evaluate(`RED.editor.validateNode(RED.nodes.node("${id}"))`);
      assert.equal(await errors(), "");
      await editor.openDialog(id);
      await editor.done();
      for (const [name, value] of Object.entries(way))
        assert.deepEqual(await editor.property(id, name), value);
    });

    it("looks up, and shows what is hit, with the connection that is asked", async () => {
      const { editor, page } = lab;
      await editor.openDialog(id);
      await way().selectOption("any");
      const asked = page.waitForRequest((request) => request.url().includes("/lookup?"));
      await editor.choose("targets", "str", "0");
      const options = await lookIn().locator("option").count();
      assert.ok(options >= 1);
      assert.ok((await asked).url().includes(`/connections/${await lookIn().inputValue()}/`));
    });

    it("is left as it was in a node that was saved before", async () => {
      const { editor, page } = lab;
      const connection: string = await page.evaluate(
        "{ let first; RED.nodes.eachConfig((node) => { if (node.product === 'oss') first ??= node.id; }); first; }",
      );
      const old = { id: "0123456789abcdef", type: "influxdb-check-token", x: 300, y: 300, wires: [[], []] };
      await editor.importCopy(JSON.stringify([{ ...old, name: "old", connection }]));
      await page.locator("#red-ui-workspace-chart").click({ position: { x: 300, y: 300 } });
      id = await editor.named("old");
      await editor.openDialog(id);
      assert.equal(await way().inputValue(), "chosen");
      assert.equal(await editor.input("connection").inputValue(), connection);
      await editor.done();
      assert.equal(await editor.property(id, "connection"), connection);
      await editor.wrong(id, false);
    });

    for (const [look, dark, viewport] of [
      ["light", false, LARGE],
      ["dark", true, LARGE],
      ["small", false, SMALL],
    ] as const) {
      it(`is for all who use it, among two hundred: ${look}`, async () => {
        const { editor, page } = lab;
        await addConnections(200);
        await page.setViewportSize(viewport);
        await editor.dark(dark);
        await editor.openDialog(id);
        await way().selectOption("some");
        const search = page.getByRole("textbox", { name: "Search connections" });
        await search.fill("edge-17");
        assert.equal(await boxes().getByRole("checkbox").count(), 11);
        await search.press("Tab");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Space");
        await boxes().getByRole("button", { name: "all" }).click();
        await boxes().getByText("11 of 20").waitFor();
        await way().hover();
        await editor.screenshot(`named many ${look} ${version}`);
        await assertAccessible(page, "#dialog-form");
        await boxes().getByRole("button", { name: "none" }).click();
        await search.fill("");
        await boxes().getByText("0 of 20").waitFor();
        await way().hover();
        await way().selectOption("any");
        await editor.screenshot(`named any ${look} ${version}`);
        await assertAccessible(page, "#dialog-form");
      });
    }
  });
}
