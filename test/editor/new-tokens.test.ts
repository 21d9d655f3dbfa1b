import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { assertAccessible } from "./axe.js";
import { useLab, waitFor } from "./editor.js";

/** Of the population: two organizations have a bucket of each name. */
const BUCKETS = ["history", "machines"];

for (const version of ["node-red", "node-red-4"] as const) {
  describe(`the dialogs of new tokens in ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    const table = () => lab.page.locator("#influxdb-table-table");
    const rows = () => table().locator(".influxdb-permission-row");
    const resource = (row: Locator) => row.locator("input[type=text]");
    const line = (row: Locator) => row.locator(".influxdb-tokens-line");
    const add = () =>
      lab.page.locator(".red-ui-editableList", { has: table() }).locator(".red-ui-editableList-addButton");
    const offered = () => lab.page.locator(".red-ui-autoComplete-container:visible a");
    const bucketsOf = (org: string) => {
      const { world } = lab.demo.simulator;
      const { id } = [...world.orgs.values()].find(({ name }) => name === org)!;
      return [...world.buckets.values()].filter(({ orgID }) => orgID === id);
    };

    /** A new node on the first connection of its product, with permissions from a table. */
    async function open(name = "create-authorization"): Promise<string> {
      const { editor } = lab;
      await editor.addFlow();
      const id = await editor.drag(`influxdb-${name}`, 100, 100);
      await editor.openDialog(id);
      await editor.input("connection").selectOption({ index: 0 });
      await editor.input("permissionsFrom").selectOption("table");
      return id;
    }

    /** Types into the row that has the focus, and takes the offer with this text by the keyboard. */
    async function take(text: string, detail: string): Promise<void> {
      const { keyboard } = lab.page;
      await lab.editor.typeToLookUp(lab.page.locator(":focus"), text);
      const wanted = offered().filter({ hasText: detail });
      await wanted.first().waitFor();
      const texts = await offered().allInnerTexts();
      const index = texts.findIndex((each) => each.includes(text) && each.includes(detail));
      for (let step = 0; step <= index; step++) await keyboard.press("ArrowDown");
      await keyboard.press("Enter");
    }

    afterEach(async () => {
      await lab.editor.closeAll();
      await lab.editor.dark(false);
      await lab.page.setViewportSize({ width: 1500, height: 950 });
      await lab.page.unrouteAll();
    });

    it("choose buckets by name, and keep their IDs", async () => {
      const { editor, page } = lab;
      const id = await open();
      const description = editor.host("description").locator(".red-ui-typedInput-input");
      await editor.type(description, "of the press");
      await page.getByText("Add a row: what the token may do").waitFor();
      await add().press("Enter");
      assert.ok(await resource(rows()).evaluate((input) => input === document.activeElement));
      await editor.fieldWrong(resource(rows()));
      await take("machines", "factory");
      await waitFor(() => resource(rows()).inputValue(), "machines");
      await editor.fieldWrong(resource(rows()), false);
      const { id: machines } = bucketsOf("factory").find(({ name }) => name === "machines")!;
      await line(rows()).getByText(`${machines}, factory`).waitFor();
      await rows().getByLabel("write").press("Space");
      // The next row: all buckets, which nothing need be typed for.
      await add().press("Enter");
      await rows().last().getByRole("combobox").selectOption("*");
      assert.ok(!(await resource(rows().last()).isVisible()));
      await editor.screenshot(`new tokens table ${version}`);
      await assertAccessible(page, "#dialog-form");
      await editor.done();
      assert.deepEqual(await editor.property(id, "table"), [
        { resource: machines, name: "machines", read: true, write: true },
        { resource: "*", read: true, write: false },
      ]);
      await editor.wrong(id, false);

      await editor.deploy();
      const changes = await editor.changes();
      await editor.openDialog(id);
      assert.equal(await resource(rows().first()).inputValue(), "machines");
      assert.ok(await rows().first().getByLabel("write").isChecked());
      await line(rows().first()).getByText(`${machines}, factory`).waitFor();
      await editor.done();
      assert.equal(await editor.changes(), changes, "Done without a change changes nothing");
      assert.equal(await editor.property(id, "changed"), false);
    });

    it("say what is wrong with a row, and which", async () => {
      const { editor, page } = lab;
      const id = await open();
      await add().click();
      // Each organization has one of this name, so the name alone tells none.
      await page.keyboard.type(BUCKETS[0]!);
      await page.keyboard.press("Tab");
      await line(rows()).getByText("more than one of this name").waitFor();
      const why = await editor.fieldWrong(resource(rows()));
      assert.match(why, /Choose a bucket/);
      await rows().getByLabel("read").click();
      await rows().getByText("Tick read or write").waitFor();
      await editor.screenshot(`new tokens wrong ${version}`);
      await editor.done();
      await editor.wrong(id);
      await editor.openDialog(id);
      await rows().getByRole("button").press("Enter");
      assert.equal(await rows().count(), 0);
      assert.ok(await add().evaluate((button) => button === document.activeElement));
      await editor.done();
      assert.deepEqual(await editor.property(id, "table"), []);
    });

    it("take the ID of a bucket, and know its name", async () => {
      const { editor } = lab;
      const id = await open();
      const bucket = bucketsOf("energy").find(({ name }) => name === "history")!;
      await add().click();
      await editor.type(resource(rows()), bucket.id.toUpperCase());
      await waitFor(() => resource(rows()).inputValue(), "history");
      await editor.done();
      assert.deepEqual(await editor.property(id, "table"), [
        { resource: bucket.id, name: "history", read: true, write: false },
      ]);
    });

    it("take a variable, and leave it alone", async () => {
      const { editor } = lab;
      const id = await open();
      await add().click();
      await editor.type(resource(rows()), "${BUCKET}");
      await editor.fieldWrong(resource(rows()), false);
      await editor.type(resource(rows()), "my-${BUCKET}");
      assert.match(await editor.fieldWrong(resource(rows())), /whole value/);
      await editor.type(resource(rows()), "${BUCKET}");
      await editor.done();
      assert.deepEqual(await editor.property(id, "table"), [
        { resource: "${BUCKET}", read: true, write: false },
      ]);
    });

    it("show names of strangers as text", async () => {
      const { page } = lab;
      const label = '<img src=x onerror="window.pwned = 1">';
      const entries = [{ value: "00000000000000aa", label, detail: "<b>org</b>" }];
      await page.route(/lookup\?of=bucket/, (route) =>
        route.fulfill({ json: { at: "", matching: 1, entries } }),
      );
      await open();
      await add().click();
      await take("img", "<b>org</b>");
      await waitFor(() => resource(rows()).inputValue(), label);
      await line(rows()).getByText("<b>org</b>").waitFor();
      assert.equal(await page.evaluate("window.pwned"), undefined);
    });

    it("choose databases of the cluster, those without a token too", async () => {
      const { editor, demo } = lab;
      const [cluster] = demo.clusters.clusters.values();
      demo.clusters.addDatabase(cluster!, "brand-new");
      const id = await open("create-database-token");
      await add().click();
      await take("brand", "brand-new");
      await line(rows()).getByText("0 tokens").waitFor();
      await editor.screenshot(`new tokens databases ${version}`);
      await editor.done();
      assert.deepEqual(await editor.property(id, "table"), [
        { resource: "brand-new", read: true, write: false },
      ]);
    });

    it("hide what is of no use, mark nothing of it, and keep it", async () => {
      const { editor } = lab;
      const id = await open();
      const shown = async () => {
        const names = ["like", "table", "permissions"];
        const visible = await Promise.all([
          editor.host("like").isVisible(),
          add().isVisible(),
          editor.host("permissions").isVisible(),
        ]);
        return names.filter((_, index) => visible[index]);
      };
      assert.deepEqual(await shown(), ["table"]);
      await editor.type(editor.host("description").locator(".red-ui-typedInput-input"), "x");
      await add().click();
      await editor.input("permissionsFrom").selectOption("json");
      assert.deepEqual(await shown(), ["permissions"]);
      await editor.choose("permissions", "json", "[{");
      await editor.fieldWrong(editor.typedInput("permissions"));
      await editor.screenshot(`new tokens JSON ${version}`);
      await editor.input("permissionsFrom").selectOption("like");
      assert.deepEqual(await shown(), ["like"]);
      await editor.type(editor.host("like").locator(".red-ui-typedInput-input"), "0aff11aa22bb33cc");
      await editor.done();
      await editor.wrong(id, false);
      assert.equal(await editor.property(id, "permissions"), "[{");
      await editor.openDialog(id);
      assert.deepEqual(await shown(), ["like"]);
      await editor.input("permissionsFrom").selectOption("table");
      assert.deepEqual([await shown(), await rows().count()], [["table"], 1]);
      await editor.done();
      await editor.wrong(id);
    });

    it("refuse a place that people log, or that nodes go by", async () => {
      const { editor, page } = lab;
      await open();
      const place = editor.typedInput("place");
      const value = editor.host("place").locator(".red-ui-typedInput-input");
      for (const [key, why] of [
        ["payload.token", /People log it/],
        ["summary", /meaning of its own/],
        ["a b", /Enter a name/],
      ] as const) {
        await editor.type(value, key);
        assert.match(await editor.fieldWrong(place), why);
      }
      await editor.type(value, "secrets.influx");
      await editor.fieldWrong(place, false);
      await editor.host("place").locator(".red-ui-typedInput-type-select").click();
      const types = page.locator(".red-ui-typedInput-options:visible a");
      assert.deepEqual(
        await types.evaluateAll((options) => options.map((each) => each.getAttribute("value"))),
        ["msg", "flow", "global"],
      );
      await page.keyboard.press("Escape");
    });

    it("survive export and import", async () => {
      const { editor, page } = lab;
      const id = await open();
      await add().click();
      await rows().getByRole("combobox").selectOption("*");
      await editor.done();
      const text = await page.evaluate<string>(
        `JSON.stringify(RED.nodes.createExportableNodeSet([RED.nodes.node("${id}")]))`,
      );
      await editor.importCopy(text);
      await page.keyboard.press("Escape");
      const copies = await page.evaluate(
        `RED.nodes.filterNodes({ z: RED.workspaces.active() }).map(({ table }) => table)`,
      );
      const row = { resource: "*", read: true, write: false };
      assert.deepEqual(copies, [[row], [row]]);
    });

    it("fit into a small window, and the dark theme", async () => {
      const { editor, page } = lab;
      await open();
      await add().click();
      await take("machines", "energy");
      await add().click();
      await rows().last().getByLabel("read").click();
      await page.setViewportSize({ width: 900, height: 600 });
      await editor.dark(version === "node-red");
      await table().scrollIntoViewIfNeeded();
      await editor.screenshot(`new tokens small ${version}`);
      await assertAccessible(page, "#dialog-form");
    });
  });
}
