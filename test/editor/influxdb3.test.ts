/// <reference lib="dom" />
import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { onTab, type FlowNode } from "../../simulator/flow.js";
import { startInfluxdb3, type Influxdb3Simulator } from "../../simulator/influxdb3.js";
import { closing } from "../helpers/closing.js";
import { assertAccessible } from "./axe.js";
import { useLab, waitFor } from "./editor.js";

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);

/** Tokens as people have them, and some that only differ in what hardly anybody sees. */
function populate({ world }: Influxdb3Simulator): void {
  world.addDatabase("factory");
  world.addDatabase("energy");
  world.addToken({ name: "Telegraf", createdAt: inDays(-500) });
  world.addToken({ name: "telegraf", createdAt: inDays(-90) });
  world.addToken({ name: "telegraf ", createdAt: inDays(-60) });
  world.addToken({
    name: "Grafana, hall 2",
    createdAt: inDays(-30),
    permissions: ["db:factory,energy:read"],
  });
  world.addToken({ name: "[old] CI", createdAt: inDays(-60), expiry: inDays(-3) });
  world.addToken({ name: "two\nlines", createdAt: inDays(-20), expiry: inDays(5) });
  world.addToken({ name: "<img src=x onerror='throw Error(1)'>", createdAt: inDays(-10) });
}

for (const version of ["node-red", "node-red-4"] as const)
  describe(`tokens of InfluxDB 3 in ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    const also = closing(after);
    let server: Influxdb3Simulator;
    let config: FlowNode[];

    const options = () => lab.page.locator(".red-ui-autoComplete-container:visible a");
    const inner = (name: string) => lab.editor.typedInput(name).locator(".red-ui-typedInput-input");
    const configField = (name: string) => lab.page.locator(`#node-config-input-${name}`);
    const line = (field: Locator) =>
      lab.page.locator(".influxdb-field, .form-row", { has: field }).last().locator(".influxdb-tokens-line");
    const details = (title: string) =>
      lab.page.locator("details.influxdb-tokens-section", {
        has: lab.page.getByText(title, { exact: true }),
      });
    const rows = (title: string) => details(title).locator("tbody tr");
    const headings = (title: string) => details(title).locator("th").allInnerTexts();
    const root = () => lab.page.locator("#influxdb-tokens-inventory");
    const part = (name: string) => root().locator(`[data-part=${name}]`);
    const entries = () => root().locator(".influxdb-tokens-entry");
    const names = () => root().locator(".influxdb-tokens-name").allTextContents();

    async function opened(title: string, says: RegExp): Promise<void> {
      await details(title).locator("summary").click();
      await details(title).locator("[role=status]").getByText(says).waitFor();
    }

    const node = (id: string, properties: object = {}): FlowNode =>
      onTab({ id, type: `influxdb-${id}`, name: id, connection: "three", ...properties });
    const list = (properties: object = {}) =>
      node("list-influxdb3-tokens", { result: "all", everyToken: true, ...properties });
    const remove = (properties: object = {}) =>
      node("delete-influxdb3-token", { confirmed: true, limit: 1000, ...properties });

    /** Deploys nodes in rows, and the connections; opens the editor on them. */
    async function deploy(...nodes: FlowNode[]): Promise<void> {
      const placed = nodes.map((each, index) => ({ ...each, x: 300, y: 60 + 60 * index }));
      const answer = await fetch(new URL("flows", lab.demo.nodeRed.url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([...config, { id: "tab", type: "tab", label: "test" }, ...placed]),
      });
      assert.equal(answer.status, 204);
      await lab.editor.open();
      await lab.editor.openFlow("test");
    }

    /** In both themes, and in a small window. */
    async function pictures(name: string, of?: Locator): Promise<void> {
      const { editor, page } = lab;
      if (version === "node-red-4") return;
      const size = page.viewportSize()!;
      await editor.screenshot(name);
      await page.setViewportSize({ width: 900, height: 600 });
      await of?.evaluate((element) => {
        element.scrollIntoView({ block: "start" });
      });
      await editor.screenshot(`${name} small`);
      await editor.dark(true);
      await editor.screenshot(`${name} small dark`);
      await editor.dark(false);
      await page.setViewportSize(size);
    }

    before(async () => {
      server = await also(
        startInfluxdb3({ edition: "Enterprise", operatorToken: `apiv3_${"o".repeat(86)}` }),
      );
      populate(server);
      const { value: token } = server.world.addToken({ name: "Node-RED" });
      const flows = (await (await fetch(new URL("flows", lab.demo.nodeRed.url))).json()) as FlowNode[];
      config = [
        ...flows.filter(({ z, type }) => z === undefined && type !== "tab"),
        {
          ...{ id: "three", type: "influxdb-connection", name: "hall 3", product: "influxdb3-enterprise" },
          ...{ url: server.url, credentials: { token }, protectedIds: "telegraf " },
        },
      ];
    });

    afterEach(async () => {
      await lab.editor.closeAll();
    });

    it("are offered by name for what is to be deleted, exactly as it is", async () => {
      const { editor } = lab;
      await deploy(remove());
      await editor.openDialog("delete-influxdb3-token");
      const connections = await editor.input("connection").locator("option").allInnerTexts();
      assert.deepEqual(connections.filter((each) => !/add new|none/i.test(each)).toSorted(), [
        "hall 3",
        lab.demo.influxdb3.url,
      ]);
      await editor.choose("targets", "str");
      const size = lab.page.viewportSize()!;
      await lab.page.setViewportSize({ width: 900, height: 600 });
      await editor.typeToLookUp(inner("targets"), "TELE");
      await options().nth(3).waitFor();
      assert.deepEqual(
        (await options().allInnerTexts()).slice(1).map((each) => each.replace(/\s+/g, " ")),
        ['"telegraf " admin', "Telegraf admin", "telegraf admin"],
      );
      await editor.screenshot(`InfluxDB 3 look-up in ${version}`);
      await editor.dark(true);
      await editor.screenshot(`InfluxDB 3 look-up dark in ${version}`);
      await editor.dark(false);
      await options().getByText('"telegraf "').click();
      assert.equal(await inner("targets").inputValue(), "telegraf ");
      await line(editor.input("targets")).getByText('"telegraf ", admin', { exact: true }).waitFor();
      await lab.page.setViewportSize(size);
      await editor.done();
      assert.equal(await editor.property("delete-influxdb3-token", "targets"), "telegraf ");
      // What is typed in differs, and says so.
      await editor.openDialog("delete-influxdb3-token");
      const type = async (text: string) => {
        await inner("targets").fill("");
        await inner("targets").fill(text);
        await editor.input("name").focus();
      };
      for (const [typed, says] of [
        ["telegraf", "admin"],
        ["TELEGRAF", "not among those that there are now"],
        ["_admin", "operator"],
        [" telegraf", "not among those that there are now"],
        ["[old] CI", "admin, expired"],
        ["Grafana, hall 2", "resource, read: factory and energy"],
      ] as const) {
        await type(typed);
        await line(editor.input("targets")).getByText(says, { exact: true }).waitFor();
        await editor.fieldWrong(editor.typedInput("targets"), false);
      }
      for (const [typed, says] of [
        ["   ", /Enter a text/],
        ["apiv3_abc", /name of a token, not its value/],
        ['["a", "b"]', /name of a token/],
      ] as const) {
        await type(typed);
        assert.match(await editor.fieldWrong(editor.typedInput("targets")), says, typed);
      }
      await pictures(`InfluxDB 3 wrong name in ${version}`);
    });

    it("are shown by a list, and by what would delete them", async () => {
      const { editor } = lab;
      await deploy(list({ wires: [["delete-influxdb3-token"], []] }), remove());
      await editor.openDialog("list-influxdb3-tokens");
      await opened("What matches now", /^9 of 9 tokens match now$/);
      assert.deepEqual(await headings("What matches now"), ["Name", "Kind", "Created", "Expires"]);
      const shown = await rows("What matches now").allInnerTexts();
      for (const says of [
        /^_admin\s*all access\s*no expiry\s+operator/,
        /^Telegraf\s*all access\s*stale\s*no expiry\s+admin/,
        /^"telegraf "\s*protected/,
        /^Grafana, hall 2\s*no expiry\s+resource/,
        /^\[old\] CI\s*all access\s*expired\s+admin/,
        /^"two\\nlines"/,
        /^<img src=x/,
        /^Node-RED\s*own/,
      ])
        assert.ok(
          shown.some((each) => says.test(each)),
          `${String(says)} in ${shown.join("\n")}`,
        );
      await pictures(`InfluxDB 3 preview in ${version}`, details("What matches now"));
      // A filter by the whole name offers names.
      await editor.choose("tokenName", "str");
      await inner("tokenName").pressSequentially("graf");
      await options().getByText("Grafana, hall 2").click();
      await line(editor.input("tokenName")).getByText("resource, read: factory and energy").waitFor();
      await details("What matches now").getByText("1 of 9 tokens matches now").waitFor();
      await editor.cancel();
      await editor.openDialog("delete-influxdb3-token");
      await opened("What it would hit now", /finds 9 tokens now/);
      const spared = rows("What it would hit now").filter({ hasText: "is left alone" });
      assert.deepEqual((await spared.locator("td:first-child bdi").allInnerTexts()).toSorted(), [
        '"telegraf "',
        "Node-RED",
        "_admin",
        "telegraf",
      ]);
      await pictures(`InfluxDB 3 hits in ${version}`, details("What it would hit now"));
    });

    it("are told by name after a message", async () => {
      const { editor } = lab;
      server.world.addToken({ name: "gone soon " });
      await deploy(
        onTab({
          ...{ id: "inject", type: "inject", name: "inject", props: [{ p: "payload" }], payloadType: "json" },
          ...{ payload: JSON.stringify([{ name: "gone soon " }, "never"]) },
          wires: [["delete-influxdb3-token"]],
        }),
        remove(),
      );
      await editor.inject("inject");
      await editor.status("delete-influxdb3-token", "1 deleted, 1 failed");
      await editor.openDialog("delete-influxdb3-token");
      await opened("What the last message did", /1 of 2 InfluxDB 3 tokens deleted, 1 failed/);
      const told = (await rows("What the last message did").allInnerTexts()).map((each) => each.split("\t"));
      assert.deepEqual(
        told.map(([token, outcome]) => [token?.trim(), outcome?.trim()]),
        [
          ['"gone soon "', "deleted"],
          ["never", "failed"],
        ],
      );
      await pictures(`InfluxDB 3 last message in ${version}`, details("What the last message did"));
    });

    it("are protected by names, one a line, of the product that the dialog says", async () => {
      const { editor, page } = lab;
      await deploy(list());
      // From a node's dialog, it offers only the products that the node can use.
      await page.evaluate(`RED.editor.editConfig("", "influxdb-connection", "three")`);
      const field = configField("protectedIds");
      await field.waitFor();
      await editor.settled();
      assert.equal(await field.inputValue(), "telegraf ");
      await line(field).getByText('"telegraf ": admin').waitFor();
      await field.fill("Grafana, hall 2\n");
      await field.pressSequentially("[o");
      await options().getByText("[old] CI").click();
      assert.equal(await field.inputValue(), "Grafana, hall 2\n[old] CI");
      await line(field).getByText("Grafana, hall 2: resource, read: factory and energy").waitFor();
      await line(field).getByText("[old] CI: admin, expired").waitFor();
      await pictures(`InfluxDB 3 protected names in ${version}`, field);
      // Of another product there are IDs, which the deployed connection does not know.
      await configField("product").selectOption("oss");
      await waitFor(() => line(field).innerText(), "");
      assert.match(await editor.fieldWrong(field), /16 hexadecimal digits/);
      await field.fill("0123456789abcdef, 0");
      await field.pressSequentially("1");
      await line(field).getByText("Deploy the connection with this product").waitFor();
      assert.equal(await options().count(), 0);
      await editor.closeConfig("cancel");
    });

    it("are in the inventory, to sort, to filter, and to take into a flow", async () => {
      const { page } = lab;
      await deploy();
      await page.evaluate("RED.actions.invoke('influxdb-tokens:show-inventory')");
      await part("connection").selectOption({ label: "hall 3" });
      await entries().first().waitFor();
      assert.deepEqual(await part("sort").locator("option").allInnerTexts(), [
        ...["name", "kind", "created", "expires"],
      ]);
      assert.deepEqual(await names(), [
        ...['"telegraf "', String.raw`"two\nlines"`, "<img src=x onerror='throw Error(1)'>", "[old] CI"],
        ...["_admin", "Grafana, hall 2", "Node-RED", "Telegraf", "telegraf"],
      ]);
      for (const hidden of ["status", "owner"]) assert.ok(await part(hidden).isHidden(), hidden);
      await part("narrow").click();
      await part("sort").selectOption("expiresAt");
      await waitFor(async () => (await names())[0], "[old] CI");
      await part("sort").selectOption("name");
      await waitFor(async () => (await names())[0], '"telegraf "');
      await part("narrow").click();
      await pictures(`InfluxDB 3 inventory in ${version}`);
      await entries().nth(0).click();
      await entries().nth(5).click();
      const more = (await root().locator(".influxdb-tokens-more").allInnerTexts()).map((text) =>
        text.replace(/\s+/g, " "),
      );
      assert.match(more[0] ?? "", /^Copy name Inject node with this name name "telegraf " kind admin access/);
      assert.match(more[1] ?? "", /kind resource access read: factory and energy created/);
      await pictures(`InfluxDB 3 inventory opened in ${version}`);
      await assertAccessible(page, "#influxdb-tokens-inventory");

      // By keyboard, so that it stays where it is.
      const placed = async (button: string) => {
        await root().getByRole("button", { name: button }).first().press("Enter");
        await page.getByText("The node is in the middle").last().waitFor();
        return page.evaluate<Record<string, unknown>>(
          "RED.nodes.convertNode(RED.nodes.filterNodes({ z: RED.workspaces.active() }).at(-1))",
        );
      };
      const inject = await placed("Inject node with this name");
      assert.deepEqual([inject.name, inject.payloadType], ['"telegraf "', "json"]);
      assert.deepEqual(JSON.parse(String(inject.payload)), { name: "telegraf " });
      await part("search").fill("Tele");
      await waitFor(() => entries().count(), 3);
      await part("narrow").click();
      await part("mark").selectOption("expired");
      await part("search").fill("CI");
      await waitFor(() => names().then(String), "[old] CI");
      const made = await placed("List node with these filters");
      await page.getByText('The search became "name has"').waitFor();
      assert.partialDeepStrictEqual(made, {
        ...{ type: "influxdb-list-influxdb3-tokens", connection: "three", nameContains: "CI" },
        ...{ state: "expired", stateType: "str" },
      });
      assert.equal(await page.evaluate(`RED.nodes.node("${String(made.id)}").valid`), true);
      await page.evaluate("RED.nodes.dirty(false)");
    });

    it("are a kind of the node that rotates", async () => {
      const { editor, page } = lab;
      await deploy(
        list({ wires: [["rotate-token"], []] }),
        node("rotate-token", { kind: "influxdb3-tokens" }),
      );
      const size = page.viewportSize()!;
      await page.setViewportSize({ width: 900, height: 600 });
      await editor.openDialog("rotate-token");
      const body = page.locator(".red-ui-tray-body").last();
      assert.ok(await body.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth));
      await editor.screenshot(`InfluxDB 3 rotate at 900 in ${version}`);
      await page.setViewportSize(size);
      assert.ok(await editor.input("revokeOld").isVisible());
      await editor.fieldWrong(editor.input("connection"), false);
      await pictures(`InfluxDB 3 rotate in ${version}`);
      await opened("What it would hit now", /finds 9 tokens now/);
      await pictures(`InfluxDB 3 rotate hits in ${version}`, details("What it would hit now"));
      await editor.input("kind").selectOption("authorizations");
      assert.match(await editor.fieldWrong(editor.input("connection")), /InfluxDB 3 Enterprise has no auth/);
    });
  });
