import assert from "node:assert/strict";
import { useLab } from "./editor.js";

for (const version of ["node-red", "node-red-4"] as const)
  describe(`the fields of a dialog, in the editor of ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    const box = () => lab.editor.input("everyToken");
    const condition = (name: string) => lab.editor.menuOf(name);
    const unit = (name: string) => lab.editor.host(name).getByLabel("Unit");
    const hint = (name: string) => lab.editor.host(name).locator(".influxdb-hint");

    /** What Done has saved of some properties. */
    const saved = (id: string, ...names: string[]) =>
      Promise.all(names.map((name) => lab.editor.property(id, name)));

    /** Opens a new node with the connection that is there. */
    async function open(type: string): Promise<string> {
      const { editor } = lab;
      await editor.addFlow();
      const id = await editor.drag(`influxdb-${type}`, 200, 100);
      await editor.openDialog(id);
      await editor.input("connection").selectOption({ index: 0 });
      return id;
    }

    it("has no filter at first, and wants that to be meant", async () => {
      const { editor } = lab;
      const id = await open("list-authorizations");
      assert.equal(await editor.filterRow().count(), 0);
      await editor.fieldWrong(box());
      await editor.says(box(), /Add a filter, or tick/);
      assert.match(await editor.page.locator(".influxdb-why:visible").innerText(), /^Add a filter, or tick/);
      await editor.screenshot(`filters none ${version}`);
      await editor.done();
      await editor.wrong(id);
      await editor.openDialog(id);
      await box().check();
      await editor.fieldWrong(box(), false);
      assert.equal(await editor.page.locator(".influxdb-why:visible").count(), 0);
      await editor.done();
      await editor.wrong(id, false);
      assert.deepEqual(await saved(id, "everyToken"), [true]);
    });

    it("adds filters and removes them, by the keyboard alone", async () => {
      const { editor, page } = lab;
      const id = await open("list-authorizations");
      await box().check();
      await page.locator(".red-ui-editableList-addButton").focus();
      await page.keyboard.press("Enter");
      // The name of the filter has the focus, then its value.
      await page.keyboard.type("User ID");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.type("0123456789abcdef");
      assert.ok(!(await box().isVisible()));
      await editor.fieldWrong(editor.typedInput("userID"), false);
      await editor.done();
      await editor.wrong(id, false);
      assert.deepEqual(await saved(id, "userID", "userIDType", "everyToken"), [
        "0123456789abcdef",
        "str",
        false,
      ]);

      await editor.openDialog(id);
      assert.equal(await editor.filterRow().count(), 1);
      await editor.filterRow("userID").getByRole("button", { name: "Remove the filter User ID" }).focus();
      await page.keyboard.press("Enter");
      await editor.filterRow().waitFor({ state: "detached" });
      assert.ok(!(await box().isChecked()));
      assert.equal(await page.evaluate("document.activeElement.className.includes('addButton')"), true);
      await editor.done();
      await editor.wrong(id);
      assert.deepEqual(await saved(id, "userID", "userIDType"), ["", "any"]);
    });

    it("offers each filter once, and opens with those that are saved", async () => {
      const { editor } = lab;
      const id = await open("list-authorizations");
      await editor.choose("user", "str", "user1");
      await editor.choose("tokenStatus", "str", "inactive");
      await editor.choose("createdBefore", "age");
      await editor.type(editor.typedInput("createdBefore"), "90");
      await editor.addFilter("created");
      await editor.choose("createdAfter", "date");
      await editor.host("createdAfter").getByLabel("Date").fill("2026-01-31");
      assert.deepEqual(await editor.filterRow("user").locator("> select option:disabled").allTextContents(), [
        "Status",
        "Created",
      ]);
      await editor.screenshot(`filters ${version}`);
      await editor.done();
      await editor.wrong(id, false);
      const names = ["user", "tokenStatus", "createdBefore", "createdAfter"];
      const expected = ["user1", "inactive", "90d", "2026-01-31", "str", "str", "str", "str", "any"];
      const types = [...names, "org"].map((name) => `${name}Type`);
      assert.deepEqual(await saved(id, ...names, ...types), expected);
      await editor.openDialog(id);
      assert.equal(await editor.page.locator(".influxdb-filter-row").count(), 4);
      assert.equal(await condition("tokenStatus").inputValue(), "tokenStatus/inactive");
      assert.equal(await editor.typedInput("createdBefore").inputValue(), "90");
      assert.equal(await editor.typedInput("createdAfter").inputValue(), "2026-01-31");
      await editor.done();
      assert.deepEqual(await saved(id, ...names, ...types), expected);
    });

    it("shows in the menu of a time what stands beside it, before anything is typed", async () => {
      const { editor } = lab;
      await open("list-authorizations");
      await editor.addFilter("created");
      const created = editor.filterRow("createdBefore");
      await created.getByLabel("How many").waitFor();
      assert.equal(await condition("createdBefore").inputValue(), "createdBefore/age");
      await condition("createdBefore").selectOption("createdAfter/date");
      await editor.host("createdAfter").getByLabel("Date").waitFor();
      assert.equal(await condition("createdAfter").inputValue(), "createdAfter/date");
      // What another row changes.
      await editor.addFilter("user");
      assert.equal(await condition("createdAfter").inputValue(), "createdAfter/date");
      await editor.cancel();
    });

    it("tells what a time comes to, and marks what is none", async () => {
      const { editor } = lab;
      const id = await open("list-authorizations");
      await editor.addFilter("created");
      assert.equal(await condition("createdBefore").inputValue(), "createdBefore/age");
      await editor.fieldWrong(editor.typedInput("createdBefore"));
      await editor.type(editor.typedInput("createdBefore"), "2");
      await editor.fieldWrong(editor.typedInput("createdBefore"), false);
      await unit("createdBefore").selectOption("years ago");
      assert.match(await hint("createdBefore").innerText(), /^= before .*, your time$/);
      await editor.type(editor.typedInput("createdBefore"), "900");
      await editor.fieldWrong(editor.typedInput("createdBefore"));
      await editor.says(editor.typedInput("createdBefore"), /before 2000-01-01/);
      assert.ok(!(await hint("createdBefore").isVisible()));
      // The same filter the other way round.
      await condition("createdBefore").selectOption("after");
      assert.deepEqual(
        [await condition("createdAfter").count(), await editor.filterRow("createdBefore").count()],
        [1, 0],
      );
      await editor.host("createdAfter").getByLabel("Date").fill("2025-06-30");
      assert.match(await hint("createdAfter").innerText(), /^= after .*2025/);
      for (const [text, says] of [
        ["3 months", /Enter an age such as 90d/],
        ["31.08.2026", /a date such as 2026-01-31/],
        ["3m", /minutes or months\? Write 3min/],
      ] as const) {
        await editor.choose("createdAfter", "str", text);
        await editor.fieldWrong(editor.typedInput("createdAfter"));
        await editor.says(editor.typedInput("createdAfter"), says);
      }
      await editor.screenshot(`filters wrong time ${version}`);
      await editor.done();
      await editor.wrong(id);
      assert.deepEqual(await saved(id, "createdBeforeType", "createdAfter", "createdAfterType"), [
        "any",
        "3m",
        "str",
      ]);
      await editor.openDialog(id);
      await editor.fieldWrong(editor.typedInput("createdAfter"));
      await editor.choose("createdAfter", "str", "3min");
      await editor.done();
      await editor.wrong(id, false);
      await editor.openDialog(id);
      assert.deepEqual(
        [await editor.typedInput("createdAfter").inputValue(), await unit("createdAfter").inputValue()],
        ["3", "min"],
      );
      await editor.cancel();
    });

    it("chooses a status in one menu, and an age among other fields", async () => {
      const { editor } = lab;
      const update = await open("update-authorization");
      assert.deepEqual(await condition("tokenStatus").locator("option").allTextContents(), [
        "leave as it is",
        "active",
        "inactive",
        "from a value",
      ]);
      await editor.fieldWrong(editor.typedInput("tokenStatus"));
      await condition("tokenStatus").selectOption("inactive");
      await editor.fieldWrong(editor.typedInput("tokenStatus"), false);
      await editor.screenshot(`status ${version}`);
      await editor.done();
      assert.deepEqual(await saved(update, "tokenStatus", "tokenStatusType"), ["inactive", "str"]);
      await editor.openDialog(update);
      await editor.choose("tokenStatus", "msg", "wanted");
      await editor.done();
      assert.deepEqual(await saved(update, "tokenStatus", "tokenStatusType"), ["wanted", "msg"]);
      await editor.openDialog(update);
      assert.equal(await condition("tokenStatus").inputValue(), "tokenStatus/input");
      await condition("tokenStatus").selectOption("leave as it is");
      await editor.fieldWrong(editor.typedInput("tokenStatus"));
      await editor.done();
      assert.deepEqual(await saved(update, "tokenStatus", "tokenStatusType"), ["", "keep"]);

      const remove = await open("delete-authorization");
      await condition("inactiveFor").selectOption("for at least");
      await editor.type(editor.typedInput("inactiveFor"), "30");
      assert.match(await hint("inactiveFor").innerText(), /not changed since/);
      await editor.done();
      assert.deepEqual(await saved(remove, "inactiveFor", "inactiveForType"), ["30d", "str"]);
    });

    it("are of nodes that the palette finds by many words, and that have one name everywhere", async () => {
      const { page, editor } = lab;
      const search = page.locator("#red-ui-palette-search input");
      for (const [word, ...types] of [
        ["api token", "list-authorizations", "update-authorization", "delete-database-token"],
        ["token", "list-authorizations", "revoke-management-token"],
        ["influx", "list-authorizations", "list-database-tokens"],
        ["disable", "update-authorization", "revoke-management-token"],
        ["user", "list-authorizations", "delete-authorization"],
        ["revoke", "revoke-management-token", "delete-authorization"],
      ] as const) {
        await editor.type(search, word);
        await editor.palette("inject").waitFor({ state: "hidden" });
        for (const type of types) await editor.palette(`influxdb-${type}`).waitFor();
      }
      await editor.type(search, "");
      await editor.palette("inject").waitFor();
      await editor.screenshot(`palette ${version}`);
      const name = await editor.palette("influxdb-list-authorizations").innerText();
      assert.equal(name.replaceAll("\n", ""), "listauthorizations");
      await open("list-authorizations");
      await page.getByText("Edit list authorizations node").waitFor();
      await editor.cancel();
    });

    it("keeps what is saved, however it is written, while other filters come and go", async () => {
      const { editor, page } = lab;
      const written = {
        user: "${WHO}",
        orgID: "payload.org",
        tokenStatus: "payload.wanted",
        description: " spaced ",
        createdBefore: "90 d",
        createdAfter: "2026-01-31T08:00:00Z",
        updatedBefore: "007w",
        updatedAfter: "1767225600000",
      };
      const types: Record<string, string> = { orgID: "msg", tokenStatus: "msg" };
      const all = Object.entries(written).flatMap(([name, value]) => [
        [name, value],
        [`${name}Type`, types[name] ?? "str"],
      ]);
      const properties = { ...(Object.fromEntries(all) as object), everyToken: false };
      await page.evaluate(
        `RED.view.importNodes([{ id: "odd", type: "influxdb-list-authorizations", z: RED.workspaces.active(),
          x: 500, y: 400, wires: [[], []], connection: RED.nodes.filterNodes({ type: "influxdb-update-authorization" })[0].connection,
          ...${JSON.stringify(properties)}
        }], { generateIds: false, touchImport: true })`,
      );
      await page.mouse.click(900, 650);
      for (const change of [
        () => Promise.resolve(),
        async () => {
          await editor.addFilter("userID");
          await editor
            .filterRow("userID")
            .getByRole("button", { name: /^Remove/ })
            .click();
          await editor.filterRow("userID").waitFor({ state: "detached" });
        },
      ]) {
        await page.evaluate(`RED.editor.edit(RED.nodes.node("odd"))`);
        await page.locator("#node-dialog-ok").waitFor();
        await editor.settled();
        assert.equal(await page.locator(".influxdb-filter-row").count(), Object.keys(written).length);
        await change();
        await editor.done();
        const names = [...Object.keys(properties), "userIDType"];
        const expected = [...Object.values(properties), "any"];
        assert.deepEqual(await saved("odd", ...names), expected);
      }
    });

    it("takes a list that was saved without the box for one of every token", async () => {
      const { editor, page } = lab;
      await page.evaluate(
        `RED.view.importNodes([{ id: "before", type: "influxdb-list-authorizations", z: RED.workspaces.active(),
          x: 500, y: 300, wires: [[], []], connection: RED.nodes.filterNodes({ type: "influxdb-update-authorization" })[0].connection
        }], { generateIds: false, touchImport: true })`,
      );
      await page.mouse.click(900, 600);
      await editor.wrong("before", false);
      await page.evaluate(`RED.editor.edit(RED.nodes.node("before"))`);
      await page.locator("#node-dialog-ok").waitFor();
      await editor.settled();
      assert.ok(await box().isChecked());
      await editor.done();
      assert.deepEqual(await saved("before", "everyToken"), [true]);
    });
  });
