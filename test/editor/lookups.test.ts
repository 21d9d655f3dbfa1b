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
      lab.page.locator(".form-row", { has: field }).locator(".influxdb-tokens-line");

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

    before(() => {
      lab.provoked = /status of (403|503)/;
    });

    afterEach(async () => {
      await lab.editor.closeAll();
      await lab.page.unrouteAll();
    });

    it("offer what exists, to the keyboard", async () => {
      const { editor, page } = lab;
      await always(answer([entry("ann", "3 tokens"), entry("anna", "1 token")]));
      const id = await open("list-authorizations");
      await editor.choose("user", "str");
      await inner("user").pressSequentially("an");
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
      await inner("targets").fill("");
      await inner("targets").pressSequentially("lap");
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
        await inner("user").fill("");
        await inner("user").pressSequentially("ann");
        await options().nth(2).waitFor();
        await page.keyboard.press(key);
        await options().first().waitFor({ state: "hidden" });
        assert.equal(await inner("user").inputValue(), "ann", key);
        assert.equal(await editor.input("user").inputValue(), "ann", key);
        assert.ok(await inner("user").isVisible(), "the dialog is still open");
      }
    });

    it("show what belongs to what is typed in now, however late an answer comes", async () => {
      const { editor } = lab;
      const held: (() => Promise<void>)[] = [];
      await answers((search, route) => {
        const found = { json: answer([entry(`${search}1`), entry(`${search}2`)]) };
        if (search !== "a") return route.fulfill(found);
        // The request may have been called off.
        held.push(() => route.fulfill(found).catch(() => undefined));
        return undefined;
      });
      await open("list-authorizations");
      await editor.choose("user", "str");
      const asked = lab.page.waitForRequest(/search=a(&|$)/);
      await inner("user").pressSequentially("a");
      await asked;
      await inner("user").pressSequentially("b");
      await options().getByText("ab1").waitFor();
      for (const answerLate of held) await answerLate();
      assert.equal(held.length, 1);
      await lab.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
      assert.match(await options().nth(1).innerText(), /ab1/);
    });

    it("show nothing once the dialog is closed", async () => {
      const { editor, page } = lab;
      let answerLate = () => Promise.resolve();
      const asked = new Promise<void>((done) => {
        void answers((_search, route) => {
          answerLate = () => route.fulfill({ json: answer([entry("ann")]) }).catch(() => undefined);
          done();
        });
      });
      const id = await open("list-authorizations");
      await editor.choose("user", "str");
      await inner("user").pressSequentially("a");
      await asked;
      await editor.cancel();
      const answered = page.waitForEvent("requestfinished", (request) => request.url().includes("/lookup?"));
      await answerLate();
      await answered;
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
      // Not even one that is on its way to be shown.
      assert.equal(await page.locator(".red-ui-autoComplete-container").count(), 0);
      assert.equal(await editor.property(id, "user"), "");
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
      await line(editor.input("userID")).getByText("not among the tokens").waitFor();
    });

    it("take a text for a text", async () => {
      const { editor, page } = lab;
      const hostile = `<img src=x onerror="window.hit=1"><b>bold</b>`;
      await always(answer([entry(OLD, hostile, hostile), entry(OLD.replace("0", "1"), hostile, hostile)]));
      await open("delete-authorization");
      await editor.choose("targets", "str");
      await inner("targets").fill("");
      await inner("targets").pressSequentially("0");
      await options().nth(1).waitFor();
      assert.equal(await options().locator("img, b").count(), 0);
      await options().nth(1).click();
      await line(editor.input("targets")).getByText(hostile).first().waitFor();
      assert.equal(await page.evaluate("window.hit"), undefined);
    });

    it("say why there are none, and leave the field free", async () => {
      const { editor } = lab;
      const message = "list authorizations: the server cannot be reached.";
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
      await editor.done();
      assert.equal(await editor.property(id, "user"), "some");
    });

    it("say what is missing to a user without the permission", async () => {
      const { editor } = lab;
      await answers((_search, route) => route.fulfill({ status: 403 }));
      await open("list-authorizations");
      await editor.choose("user", "str");
      await inner("user").pressSequentially("a");
      await line(editor.input("user"))
        .getByText(/permission "influxdb-tokens.read"/)
        .waitFor();
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
      await editor.choose("user", "str");
      await inner("user").fill("");
      await inner("user").pressSequentially("${USER}");
      await editor.choose("org", "str");
      await inner("org").pressSequentially("an");
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
