/// <reference lib="dom" />
import assert from "node:assert/strict";
import type { Locator, Route } from "playwright-core";
import type { LookupAnswer, LookupEntry } from "../../nodes/admin/answers.js";
import { useLab } from "./editor.js";

const OLD = "0123456789abcdef";

for (const version of ["node-red", "node-red-4"] as const) {
  describe(`look-ups in ${version}`, function () {
    this.timeout(30_000);
    const lab = useLab(version);
    const options = () => lab.page.locator(".red-ui-autoComplete-container:visible a");
    const inner = (name: string) => lab.editor.typedInput(name).locator(".red-ui-typedInput-input");
    const config = (name: string) => lab.page.locator(`#node-config-input-${name}`);
    const line = (field: Locator) =>
      // A row of a filter is within a row of the dialog.
      lab.page.locator(".influxdb-field, .form-row", { has: field }).last().locator(".influxdb-tokens-line");

    const entry = (value: string, detail = "", label = value): LookupEntry => ({ value, label, detail });
    const answer = (entries: LookupEntry[], matching = entries.length): LookupAnswer => ({
      at: "2026-01-01T00:00:00Z",
      matching,
      entries,
    });

    /** Answers in place of the runtime, by what is looked up. */
    async function answers(
      answer: (search: string, route: Route, query: URLSearchParams) => unknown,
    ): Promise<void> {
      await lab.page.route("**/influxdb-tokens/connections/*/lookup?*", async (route) => {
        const query = new URL(route.request().url()).searchParams;
        await answer(query.get("search") ?? "", route, query);
      });
    }
    const always = (found: LookupAnswer) => answers((_search, route) => route.fulfill({ json: found }));

    /** Opens a new node, with the first connection. */
    async function open(type: string): Promise<string> {
      const { editor } = lab;
      await editor.addFlow();
      const id = await editor.drag(`influxdb-${type}`, 300, 200);
      await editor.openDialog(id);
      await editor.input("connection").selectOption({ index: 0 });
      return id;
    }

    /** Leaves a field, which has what stands in it looked up. */
    async function leave(): Promise<void> {
      const asked = lab.page.waitForRequest(/\/lookup\?/);
      await lab.editor.input("name").focus();
      await (await (await asked).response())?.finished();
    }

    afterEach(async () => {
      await lab.editor.closeAll();
      await lab.page.unrouteAll();
    });

    it("offer what exists, to the keyboard", async () => {
      const { editor, page } = lab;
      await always(answer([entry("ann", "3 tokens"), entry("anna", "1 token")]));
      const id = await open("list-authorizations");
      await editor.choose("user", "str");
      await editor.typeToLookUp(inner("user"), "an");
      await options().nth(2).waitFor();
      await editor.screenshot(`look-up in ${version}`);
      assert.match(await options().nth(0).innerText(), /2 found/);
      assert.match(await options().nth(1).innerText(), /^ann\s+3 tokens$/);
      for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
      assert.equal(await inner("user").inputValue(), "anna");
      await line(editor.input("user")).getByText("1 token").waitFor();
      await editor.done();
      assert.equal(await editor.property(id, "user"), "anna");
    });

    it("offer what exists, to the mouse", async () => {
      const { editor } = lab;
      await always(answer([entry(OLD, "of ann, inactive", "old laptop")]));
      const id = await open("delete-authorization");
      await editor.choose("targets", "str");
      await editor.typeToLookUp(inner("targets"), "lap");
      await options().getByText("old laptop").click();
      assert.equal(await inner("targets").inputValue(), OLD);
      await line(editor.input("targets")).getByText("old laptop, of ann, inactive").waitFor();
      await editor.screenshot(`look-up of an ID in ${version}`);
      await editor.done();
      assert.equal(await editor.property(id, "targets"), OLD);
      // It says so of what is saved, too, and of no other field.
      await editor.openDialog(id);
      await line(editor.input("targets")).getByText("old laptop, of ann, inactive").waitFor();
      await editor.cancel();
    });

    it("leave a name as it was typed in, with Tab, Enter and Escape", async () => {
      const { page, editor } = lab;
      await always(answer([entry("anna"), entry("anne")]));
      await open("list-authorizations");
      await editor.choose("user", "str");
      for (const key of ["Tab", "Enter", "Escape"]) {
        await editor.typeToLookUp(inner("user"), "ann");
        await options().nth(2).waitFor();
        await page.keyboard.press(key);
        await options().first().waitFor({ state: "hidden" });
        assert.equal(await inner("user").inputValue(), "ann", key);
        assert.equal(await editor.input("user").inputValue(), "ann", key);
        assert.ok(await inner("user").isVisible(), "the dialog is still open");
      }
    });

    it("call off what was asked before the next key, and when the dialog closes", async () => {
      const { editor, page } = lab;
      const asked = (search: string) => page.waitForRequest(new RegExp(`search=${search}(&|$)`));
      const calledOff = (search: string) =>
        page.waitForEvent("requestfailed", (request) => request.url().includes(`search=${search}&`));
      // No answer comes.
      await answers(() => undefined);
      await open("list-authorizations");
      await editor.choose("user", "str");
      await Promise.all([asked("a"), inner("user").pressSequentially("a")]);
      await Promise.all([calledOff("a"), asked("ab"), inner("user").pressSequentially("b")]);
      await Promise.all([calledOff("ab"), editor.cancel()]);
    });

    it("offer nothing for what has been changed since, however late an answer comes", async () => {
      const { editor, page } = lab;
      let hold: (route: Route) => void;
      const held = new Promise<Route>((done) => (hold = done));
      const found = answer([entry("abc"), entry("abd")]);
      await answers((search, route) => {
        if (search === "ab") hold(route);
        else return route.fulfill({ json: found });
      });
      await open("list-authorizations");
      await editor.choose("user", "str");
      await editor.typeToLookUp(inner("user"), "ab");
      const late = await held;
      // At this key core asks for nothing, so that the last question still counts.
      await inner("user").press("Backspace");
      await page.evaluate(`void (window.late = new Promise((done) =>
        $(document).on("ajaxComplete.late", (event, request, { url }) => {
          if (/search=ab&/.test(url)) setTimeout(done);
        })))`);
      await late.fulfill({ json: found });
      await page.evaluate("window.late.then(() => { $(document).off('.late') })");
      assert.equal(await page.locator(".red-ui-autoComplete-container").count(), 0);
      // It still offers what is asked for now.
      await inner("user").press("b");
      await inner("user").press("c");
      await options().getByText("abd").waitFor();
    });

    // The list is core's; the rest does not depend on it.
    if (version === "node-red-4") return;

    it("say how many there are, and where nothing has that ID", async () => {
      const { editor } = lab;
      const many = Array.from({ length: 50 }, (_, index) => entry(`user${index}`));
      await answers((search, route) =>
        route.fulfill({ json: answer(search === OLD ? [] : many, search === OLD ? 0 : 1234) }),
      );
      await open("list-authorizations");
      await editor.choose("user", "str");
      await inner("user").pressSequentially("us");
      await options().getByText("50 of 1,234 found: type on").waitFor();
      await lab.page.keyboard.press("Escape");
      await editor.choose("userID", "str", OLD);
      await line(editor.input("userID")).getByText("not among those").waitFor();
    });

    it("take a text for a text", async () => {
      const { editor, page } = lab;
      const hostile = `<img src=x onerror="window.hit=1"><b>bold</b>`;
      await always(answer([entry(OLD, hostile, hostile), entry(OLD.replace("0", "1"), hostile, hostile)]));
      await open("delete-authorization");
      await editor.choose("targets", "str");
      await editor.typeToLookUp(inner("targets"), "0");
      await options().nth(1).waitFor();
      assert.equal(await options().locator("img, b").count(), 0);
      await options().nth(1).click();
      await line(editor.input("targets")).getByText(hostile).first().waitFor();
      assert.equal(await page.evaluate("window.hit"), undefined);
    });

    it("say why there are none, and leave the field free", async () => {
      const { editor } = lab;
      const message = "list authorizations: the server cannot be reached.";
      lab.provoked = /status of 503/;
      await answers((_search, route) =>
        route.fulfill({ status: 503, json: { error: { code: "unavailable", message } } }),
      );
      const id = await open("list-authorizations");
      for (const name of ["user", "org"]) {
        await editor.choose(name, "str");
        await inner(name).pressSequentially("some");
        await line(editor.input(name)).getByText(message).waitFor();
      }
      await editor.screenshot(`look-up failed in ${version}`);
      assert.equal(await lab.page.getByText(message).count(), 1, "it is said once");
      // It stays when the field is left, although that looks up once more.
      await leave();
      assert.equal(await line(editor.input("org")).innerText(), message);
      await editor.done();
      assert.equal(await editor.property(id, "user"), "some");
    });

    it("say what is missing to a user without the permission", async () => {
      const { editor } = lab;
      lab.provoked = /status of 403/;
      await answers((_search, route) => route.fulfill({ status: 403 }));
      await open("list-authorizations");
      await editor.choose("user", "str");
      await inner("user").pressSequentially("a");
      const says = line(editor.input("user")).getByText(/permission "influxdb-tokens.read"/);
      await says.waitFor();
      await leave();
      await says.waitFor();
    });

    it("are there for values that are typed in alone", async () => {
      const { editor } = lab;
      const asked: string[] = [];
      await answers((search, route) => {
        asked.push(search);
        return route.fulfill({ json: answer([entry("ann"), entry("anna")]) });
      });
      await open("list-authorizations");
      await editor.choose("user", "env", "ANN");
      await editor.choose("description", "str", "${ANN}");
      await editor.choose("org", "env");
      await editor.choose("org", "str");
      await editor.typeToLookUp(inner("org"), "an");
      await options().getByText("anna").waitFor();
      assert.deepEqual(asked, ["an"]);
    });

    it("add an ID to those that a connection protects", async () => {
      const { editor, page } = lab;
      const kinds = new Set<string | null>();
      await answers((search, route, query) => {
        kinds.add(query.get("resource"));
        const found = [entry(OLD, "active", "laptop"), entry("1123456789abcdef", "active", "phone")];
        return route.fulfill({ json: answer(found.filter(({ value }) => value.startsWith(search))) });
      });
      await open("list-authorizations");
      await page.locator("#node-input-btn-connection-edit").click();
      await config("protectedIds").waitFor();
      await editor.settled();
      await config("protectedIds").fill(`${OLD}\n`);
      await config("protectedIds").pressSequentially("1");
      await options().getByText("phone").click();
      assert.equal(await config("protectedIds").inputValue(), `${OLD}\n1123456789abcdef`);
      await line(config("protectedIds")).getByText(`${OLD}: laptop, active`).waitFor();
      await editor.screenshot(`look-up of protected IDs in ${version}`);
      assert.deepEqual([...kinds], ["authorizations"]);
      await editor.closeConfig("cancel");
    });
  });
}
