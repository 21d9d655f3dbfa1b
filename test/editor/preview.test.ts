/// <reference lib="dom" />
import assert from "node:assert/strict";
import { onTab, type FlowNode } from "../../simulator/flow.js";
import { useLab, waitFor } from "./editor.js";

/** More than a table shows. */
const MANY = 100_000;

for (const version of ["node-red", "node-red-4"] as const) {
  describe(`what a dialog shows of its tokens, in ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    let config: FlowNode[];
    let connection: string;

    const details = (title: string) =>
      lab.page.locator("details.influxdb-tokens-section", {
        has: lab.page.getByText(title, { exact: true }),
      });
    const sentence = (title: string) => details(title).locator("[role=status]");
    const rows = (title: string) => details(title).locator("tbody tr");
    const FOUND = "What matches now";
    const HIT = "What it would hit now";
    const LAST = "What the last message did";

    /** Opens a section; waits until its sentence is so. */
    async function opened(title: string, says: RegExp): Promise<void> {
      await details(title).locator("summary").click();
      await sentence(title).getByText(says).waitFor();
    }

    const list = (id: string, properties: object = {}): FlowNode =>
      onTab({ id, type: "influxdb-list-authorizations", name: id, connection, result: "all", ...properties });
    const remove = (id: string, properties: object = {}): FlowNode =>
      onTab({
        ...{ id, type: "influxdb-delete-authorization", name: id, connection },
        ...{ confirmed: true, limit: 1000, ...properties },
      });
    const typedIn = (name: string, value: string) => ({ [name]: value, [`${name}Type`]: "str" });

    /** Deploys a flow, and nothing else but the configuration; opens the editor on it. */
    async function deploy(...nodes: FlowNode[]): Promise<void> {
      const flows = [...config, { id: "tab", type: "tab", label: "test" }, ...nodes];
      const answer = await fetch(new URL("flows", lab.demo.nodeRed.url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(flows),
      });
      assert.equal(answer.status, 204);
      await lab.editor.open();
      await lab.editor.openFlow("test");
    }

    /** Deploys nodes that are placed so that each can be clicked. */
    const deployInRows = (...nodes: FlowNode[]) =>
      deploy(...nodes.map((node, index) => ({ ...node, x: 300, y: 60 + 60 * index })));

    const inject = (target: string, payload: unknown = ""): FlowNode =>
      onTab({
        ...{ id: "inject", type: "inject", name: "inject", wires: [[target]], payloadType: "json" },
        ...{ payload: JSON.stringify(payload), props: [{ p: "payload" }] },
      });

    before(async () => {
      const flows = (await (await fetch(new URL("flows", lab.demo.nodeRed.url))).json()) as FlowNode[];
      config = flows.filter(({ z, type }) => z === undefined && type !== "tab");
      connection = config.find(
        ({ type, product }) => type === "influxdb-connection" && product === "oss",
      )!.id;
    });

    afterEach(async () => {
      await lab.editor.closeAll();
    });

    it("shows what matches, and leaves the node as it is", async () => {
      const { editor, page } = lab;
      await deployInRows(list("list", typedIn("user", "user1")));
      // Done writes what a node was saved without.
      await editor.openDialog("list");
      await editor.done();
      await editor.deploy();
      await editor.openDialog("list");
      await opened(FOUND, /^\d+ of \d+ tokens match now$/);
      const users = await rows(FOUND).locator("td:nth-child(2)").allInnerTexts();
      assert.deepEqual([...new Set(users)], ["user1"]);
      const headings = await details(FOUND).locator("th").allInnerTexts();
      assert.deepEqual(headings, ["Description, ID", "User", "Status", "Created", "Changed"]);
      await editor.screenshot(`preview in ${version}`);
      await editor.done();
      assert.notEqual(await editor.property("list", "changed"), true);
      assert.equal(await page.evaluate("RED.nodes.dirty()"), false);
    });

    it("marks what a list wired before it would have it leave alone", async () => {
      const { editor } = lab;
      await deployInRows(list("list", { wires: [["remove"], []] }), remove("remove"));
      await editor.openDialog("remove");
      await opened(HIT, /^"list" finds \d+ tokens now\.$/);
      const own = rows(HIT).filter({ hasText: "admin's Token" });
      assert.match(await own.innerText(), /own.*protected.*is left alone/s);
      assert.equal(await rows(HIT).filter({ hasText: "is left alone" }).count(), 1);
      await editor.screenshot(`hits in ${version}`);
      await opened(LAST, /^Nothing since the last deploy$/);
    });

    it("shows what is hit of the kind of tokens that the dialog has", async () => {
      const { editor } = lab;
      const rotate = { ...remove("rotate"), type: "influxdb-rotate-token", kind: "management-tokens" };
      await deployInRows(list("list", { wires: [["rotate"], []] }), rotate);
      await editor.openDialog("rotate");
      await opened(HIT, /^No node before this one lists management tokens\.$/);
      await editor.screenshot(`hits of another kind in ${version}`);
      await editor.input("kind").selectOption("authorizations");
      await sentence(HIT)
        .getByText(/^"list" finds \d+ tokens now\.$/)
        .waitFor();
      await editor.input("kind").selectOption("database-tokens");
      await sentence(HIT).getByText("No node before this one lists database tokens.").waitFor();
      assert.equal(await rows(HIT).count(), 0);
    });

    it("shows what the last message did, until the next deploy", async () => {
      const { editor, demo } = lab;
      const { id } = demo.simulator.world.addAuthorization({ description: "<b>old</b> laptop" });
      const flow = [inject("remove", [id, "0000000000000001"]), remove("remove")];
      await deployInRows(...flow);
      await editor.inject("inject");
      await editor.status("remove", "1 deleted, 1 failed");
      await editor.openDialog("remove");
      await opened(LAST, /1 of 2 authorizations deleted, 1 failed\. Not found, cannot delete 1 of 2/);
      assert.match(await rows(LAST).nth(0).innerText(), new RegExp(`${id}\\s+deleted`));
      assert.match(
        await rows(LAST).nth(1).innerText(),
        /0000000000000001\s+failed\s+.*no such authorization/s,
      );
      await editor.screenshot(`last message in ${version}`);
      assert.equal(await details(HIT).count(), 0);
      await editor.cancel();
      await deployInRows(...flow.map((node) => ({ ...node, name: `${node.id} again` })));
      await editor.openDialog("remove");
      await opened(LAST, /^Nothing since the last deploy$/);
    });

    it("names the connection that the last message has named", async () => {
      const { editor, demo } = lab;
      const { id } = demo.simulator.world.addAuthorization({});
      const props = [{ p: "payload" }, { p: "connection", v: connection, vt: "str" }];
      await deployInRows({ ...inject("remove", id), props }, remove("remove", { connectionFrom: "any" }));
      await editor.inject("inject");
      await editor.status("remove", "1 deleted");
      await editor.openDialog("remove");
      await opened(LAST, new RegExp(`, on ${connection}: 1 authorization deleted`));
      await editor.screenshot(`last message to a named connection in ${version}`);
    });

    // What follows depends on the runtime and on nothing of the editor that differs.
    if (version === "node-red-4") return;

    it("follows what is changed in the dialog while it is open, and asks for nothing before", async () => {
      const { editor, page } = lab;
      const asked: string[] = [];
      page.on("request", (request) => {
        if (request.url().endsWith("/preview")) asked.push(request.postData() ?? "");
      });
      await deployInRows(list("list", typedIn("user", "user1")));
      await editor.openDialog("list");
      assert.deepEqual(asked, []);
      await opened(FOUND, /match now$/);
      await editor.choose("user", "str", "user2");
      await rows(FOUND).locator("td:nth-child(2)", { hasText: "user2" }).first().waitFor();
      assert.equal(await editor.property("list", "user"), "user1");
      const before = asked.length;
      assert.ok(before < "user2".length, "not with each key");
      await editor.input("result").selectOption("first");
      await details(FOUND).getByText("Only the oldest of them is sent.").waitFor();
      assert.equal(asked.length, before + 1);
      const again = page.waitForRequest(/\/preview$/);
      await details(FOUND).getByRole("button", { name: "refresh" }).click();
      await again;
      await sentence(FOUND)
        .getByText(/match now$/)
        .waitFor();
      await editor.cancel();
    });

    it("calls off what it asks when the dialog closes", async () => {
      const { editor, page } = lab;
      // No answer comes.
      await page.route("**/preview", () => undefined);
      await deployInRows(list("list"));
      await editor.openDialog("list");
      await Promise.all([page.waitForRequest(/\/preview$/), details(FOUND).locator("summary").click()]);
      await Promise.all([
        page.waitForEvent("requestfailed", (request) => request.url().endsWith("/preview")),
        editor.cancel(),
      ]);
      await page.unroute("**/preview");
    });

    it("says what the message decides, and what is wrong, in the runtime's own words", async () => {
      const { editor } = lab;
      await deployInRows(
        list("from message", { user: "user", userType: "msg", org: "ORG", orgType: "env" }),
        list("wrong", typedIn("createdBefore", "31.08.2026")),
      );
      await editor.openDialog("from message");
      await opened(FOUND, /^(\d+) of \1 tokens match now$/);
      await details(FOUND).getByText("fewer may match: User name (msg.user), Organization ($ORG)").waitFor();
      await editor.cancel();
      lab.provoked = /status of 400 .*\/preview/;
      await editor.openDialog("wrong");
      await opened(FOUND, /"createdBefore"/);
      assert.equal(await rows(FOUND).count(), 0);
      await editor.screenshot("preview of a wrong field");
    });

    it("says what may come between a list and the node that changes", async () => {
      const { editor } = lab;
      await deployInRows(
        list("oldest", { result: "first", ...typedIn("user", "user1"), wires: [["remove"], []] }),
        list("far", { ...typedIn("user", "user2"), wires: [["function"], ["remove"]] }),
        onTab({
          id: "function",
          type: "function",
          name: "function",
          func: "return msg",
          outputs: 1,
          wires: [["remove"]],
        }),
        remove("remove", { limit: 1, dryRun: true, inactiveFor: "1h", inactiveForType: "str" }),
        inject("remove"),
      );
      await editor.openDialog("remove");
      await opened(HIT, /"oldest" finds 1 token now\./);
      const text = await details(HIT).innerText();
      for (const says of [
        /sends only the oldest of \d/,
        /"far" finds \d+ tokens now/,
        /through other nodes/,
        /elsewhere/,
      ]) {
        assert.match(text, says);
      }
      for (const says of [/dry run/, /inactive for long enough/, /More than the limit \(1 per message\)/]) {
        assert.match(text, says);
      }
      await editor.screenshot("hits through other nodes");
    });

    it("says that a connection or a node is not deployed", async () => {
      const { editor, page } = lab;
      await deployInRows(inject("nowhere"));
      const listId = await editor.drag("influxdb-list-authorizations", 300, 200);
      await editor.openDialog(listId);
      await page.locator("#node-input-btn-connection-add").click();
      await page.locator("#node-config-input-token").fill("some-token");
      await editor.settled();
      await editor.closeConfig("ok");
      lab.provoked = /status of (4|5)/;
      await opened(FOUND, /^The connection is not deployed/);
      await editor.choose("user", "str");
      await editor.typedInput("user").locator(".red-ui-typedInput-input").pressSequentially("a");
      await page.locator(".influxdb-tokens-line", { hasText: "The connection is not deployed" }).waitFor();
      await editor.cancel();
      const id = await editor.drag("influxdb-delete-authorization", 300, 300);
      await editor.openDialog(id);
      await opened(LAST, /^The node is not deployed/);
    });

    it("shows in a subflow what its instance did", async () => {
      const { editor, page, demo } = lab;
      const { id } = demo.simulator.world.addAuthorization({ description: "of a subflow" });
      await deploy(
        {
          id: "sub",
          type: "subflow",
          name: "sub",
          in: [{ x: 50, y: 50, wires: [{ id: "remove" }] }],
          out: [],
        },
        { ...remove("remove", { x: 300, y: 100 }), z: "sub" },
        onTab({ id: "instance", type: "subflow:sub", name: "instance", x: 300, y: 200, wires: [] }),
        { ...inject("instance", { id, description: "of a subflow" }), x: 100, y: 100 },
      );
      await editor.inject("inject");
      await page.evaluate(`RED.workspaces.show("sub")`);
      await editor.node("remove").waitFor();
      // Nothing in the template shows that its instance is done.
      const world = demo.simulator.world.authorizations;
      await waitFor(() => Promise.resolve(world.has(id)), false);
      await editor.openDialog("remove");
      await details(LAST).locator("summary").click();
      await waitFor(async () => {
        await details(LAST).getByRole("button", { name: "refresh" }).click();
        await sentence(LAST)
          .getByText(/deploy|deleted/)
          .waitFor();
        return /1 authorization deleted/.test(await sentence(LAST).innerText());
      }, true);
      assert.match(await rows(LAST).innerText(), /of a subflow/);
      await editor.cancel();
    });

    it("looks right in the dark theme, and in a small window", async () => {
      const { editor, page } = lab;
      await editor.menu("#menu-item-user-settings");
      await page.locator("#user-settings-view-dark-theme").selectOption("dark");
      await page.getByRole("button", { name: "Close" }).click();
      await page.waitForFunction("document.documentElement.classList.contains('nr-theme-dark')");
      const size = page.viewportSize()!;
      await page.setViewportSize({ width: 900, height: 600 });
      await deployInRows(
        list("list", { ...typedIn("description", "Telegraf"), wires: [["fixed", "remove"], []] }),
        remove("fixed", typedIn("targets", "0123456789abcdef")),
        remove("remove"),
      );
      await editor.openDialog("fixed");
      await page.getByText("not among those").waitFor();
      await opened(HIT, /does not take its tokens from msg\.payload/);
      await editor.screenshot("look-up dark");
      await editor.cancel();
      await editor.openDialog("remove");
      await opened(HIT, /finds \d+ tokens now/);
      await editor.screenshot("hits dark");
      // All of the table can be reached by keyboard.
      await details(HIT).locator(".influxdb-tokens-scroll").focus();
      await editor.cancel();
      await editor.openDialog("list");
      await opened(FOUND, /match now/);
      await editor.screenshot("preview dark");
      await editor.typedInput("description").locator(".red-ui-typedInput-input").press("ArrowDown");
      await page.locator(".red-ui-autoComplete-container:visible a").nth(1).waitFor();
      await editor.screenshot("look-up menu dark");
      await page.keyboard.press("Escape");
      await page.setViewportSize(size);
    });

    it("shows texts of strangers as texts, and a hundred of a hundred thousand tokens", async function () {
      this.timeout(180_000);
      const { editor, page, demo } = lab;
      const { world } = demo.simulator;
      const hostile = `<img src=x onerror="window.hit=1"> \u202eevil`;
      world.addUser("many");
      for (let index = 0; index < MANY; index++)
        world.addAuthorization({ user: "many", description: `${index} ${hostile}` });
      await deployInRows(list("list", typedIn("user", "many")));
      await editor.openDialog("list");
      await details(FOUND).locator("summary").click();
      await sentence(FOUND)
        .getByText(/^100,000 of 100,\d+ tokens match now$/)
        .waitFor({ timeout: 90_000 });
      assert.equal(await rows(FOUND).count(), 100);
      await details(FOUND).getByText("and 99,900 more").waitFor();
      assert.equal(await details(FOUND).locator("img").count(), 0);
      assert.match(await rows(FOUND).first().innerText(), /<img src=x/);
      await editor.screenshot("preview of many");
      await editor.choose("description", "str");
      await editor.typedInput("description").locator(".red-ui-typedInput-input").pressSequentially("999");
      await page
        .getByText(/50 of \d+ found: type on/)
        .first()
        .waitFor({ timeout: 20_000 });
      await editor.screenshot("look-up among many");
      assert.equal(await page.evaluate("window.hit"), undefined);
    });
  });
}
