import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { OPERATION_NAMES } from "../helpers/package.js";
import { useLab } from "./editor.js";

/** Each node's name, everywhere. */
const NAMES = Object.fromEntries(
  OPERATION_NAMES.map((name) => {
    const file = resolve(import.meta.dirname, `../../nodes/${name}/locales/en-US.json`);
    const { label } = JSON.parse(readFileSync(file, "utf8")) as { label: { node: string } };
    return [`influxdb-${name}`, label.node];
  }),
);

/** A token that a test gets rid of. */
interface Victim {
  id: string;
  isGood(): boolean;
}

describe("the nodes in the editor", function () {
  this.timeout(40_000);
  const lab = useLab();
  const world = () => lab.demo.simulator.world;
  const clusters = () => lab.demo.clusters;
  const idOfUser = (name: string) =>
    [...world().authorizations.values()].find(({ userID }) => userID === world().userNamed(name).id)!.id;
  const described = <T extends { description: string }>(tokens: Map<string, T>, text: string) =>
    [...tokens.values()].find(({ description }) => description === text)!;

  /** Wires up inject, the node and debug on a flow of their own, opens the node and chooses its connection. */
  async function build(type: string): Promise<{ node: string; inject: string }> {
    const { editor } = lab;
    await editor.addFlow();
    const inject = await editor.drag("inject", 150, 400);
    const node = await editor.drag(`influxdb-${type}`, 400, 400);
    const debug = await editor.drag("debug", 750, 400);
    await editor.wire(inject, node);
    await editor.wire(node, debug);
    await editor.openDialog(node);
    await editor.input("connection").selectOption({ index: 0 });
    return { node, inject };
  }

  it("are in a category of their own in the palette, with label, icon, colour and a tooltip", async () => {
    const { editor, page } = lab;
    const category = page.locator(".red-ui-palette-category", { hasText: "InfluxDB tokens" });
    assert.equal(await category.locator(".red-ui-palette-node").count(), Object.keys(NAMES).length);
    const colours = new Map<string, Set<string>>();
    for (const [type, label] of Object.entries(NAMES)) {
      const node = category.locator(`[data-palette-type="${type}"]`);
      assert.equal((await node.innerText()).trim().replaceAll(/\s+/g, " "), label);
      const icon = await node.locator(".red-ui-palette-icon").getAttribute("style");
      const url = /url\("?([^")]+)/.exec(icon ?? "")?.[1] ?? "";
      assert.match(url, /influxdb-token-\w+\.svg$/);
      const answer = await page.request.get(new URL(url, lab.demo.nodeRed.url).href);
      assert.match(answer.headers()["content-type"] ?? "", /svg/);
      const colour = await node.evaluate((element) => getComputedStyle(element).backgroundColor);
      const verb = label.split(" ")[0]!;
      colours.set(colour, new Set(colours.get(colour)).add(verb));
      await node.scrollIntoViewIfNeeded();
      await node.hover();
      const tooltip = page.locator(".red-ui-popover:visible");
      await tooltip.waitFor();
      const text = (await tooltip.locator("p").allInnerTexts()).join(" ");
      assert.match(text, /\w+ \w+ \w+/, `the tooltip of ${type} explains it`);
      if (type.includes("revoke")) await editor.screenshot("palette");
      await page.mouse.move(700, 500);
      await tooltip.waitFor({ state: "hidden" });
    }
    assert.deepEqual(
      [...colours.values()].map((verbs) => [...verbs]),
      [["list"], ["create"], ["update", "rotate"], ["delete", "revoke", "regenerate"], ["check"]],
      "what cannot be undone has a colour of its own",
    );
  });

  for (const [type, title] of Object.entries({ ...NAMES, "influxdb-connection": "influxdb-connection" })) {
    it(`explains ${type} in the help sidebar`, async () => {
      const { editor, page } = lab;
      await page.evaluate(`RED.sidebar.help.show("${type}")`);
      const help = page
        .locator(".red-ui-help:visible, .red-ui-sidebar-help-content:visible, .red-ui-help-content:visible")
        .first();
      await help.getByRole("heading", { name: title }).waitFor();
      await help.getByRole("heading", { name: "Details" }).waitFor();
      await editor.screenshot(`help ${type}`);
    });
  }

  const LISTS: [type: string, filters: [field: string, type: string, value: string][], found: RegExp][] = [
    [
      "list-authorizations",
      [
        ["user", "str", "user2"],
        ["tokenStatus", "str", "active"],
        ["createdBefore", "jsonata", '"100d"'],
      ],
      /user2's notebook/,
    ],
    [
      "list-database-tokens",
      [
        ["database", "str", "ci"],
        ["expired", "str", "yes"],
        ["createdBefore", "jsonata", '"100d"'],
      ],
      /CI: old runner/,
    ],
    [
      "list-management-tokens",
      [
        ["state", "str", "active"],
        ["description", "str", "Terraform"],
        ["createdBefore", "jsonata", '"100d"'],
      ],
      /Terraform/,
    ],
  ];
  for (const [type, filters, found] of LISTS) {
    it(`${type}: finds the one that its filters mean`, async () => {
      const { editor } = lab;
      const { node, inject } = await build(type);
      for (const filter of filters) await editor.choose(...filter);
      await editor.screenshot(`dialog ${type}`);
      await editor.done();
      await editor.deploy();
      const { text } = await editor.debugAfter(() => editor.inject(inject));
      assert.match(text, /array\[1\]/);
      await editor.status(node, "1 found");
      const message = editor.debugMessages().last();
      await message.locator(".red-ui-debug-msg-object-handle").nth(1).click();
      assert.match(await message.innerText(), found);
      await editor.screenshot(`flow ${type}`);
    });
  }

  it("update-authorization: disables and describes a token", async () => {
    const { editor } = lab;
    const id = idOfUser("grafana");
    const { node, inject } = await build("update-authorization");
    await editor.choose("targets", "str", id);
    await editor.choose("tokenStatus", "str", "inactive");
    await editor.choose("description", "jsonata", '"by " & "hand"');
    await editor.screenshot("dialog update-authorization");
    await editor.done();
    await editor.deploy();
    const { text } = await editor.debugAfter(() => editor.inject(inject));
    assert.match(text, /outcome: "updated"/);
    await editor.status(node, "1 updated");
    assert.partialDeepStrictEqual(world().authorizations.get(id), {
      status: "inactive",
      description: "by hand",
    });
  });

  const IRREVERSIBLE: [type: string, outcome: string, victim: () => Victim][] = [
    [
      "delete-authorization",
      "deleted",
      () => {
        const id = idOfUser("contractor");
        return { id, isGood: () => world().authorizations.has(id) };
      },
    ],
    [
      "delete-database-token",
      "deleted",
      () => {
        const { id } = described(clusters().databaseTokens, "Telegraf: press 1");
        return { id, isGood: () => clusters().databaseTokens.has(id) };
      },
    ],
    [
      "revoke-management-token",
      "revoked",
      () => {
        const token = described(clusters().managementTokens, "Terraform (next)");
        return { id: token.id, isGood: () => token.revokedAt === undefined };
      },
    ],
  ];
  for (const [type, outcome, find] of IRREVERSIBLE) {
    it(`${type}: shows what it would do in a dry run, then does it`, async () => {
      const { editor } = lab;
      const victim = find();
      const { node, inject } = await build(type);
      await editor.choose("targets", "str", victim.id);
      await editor.input("dryRun").check();
      await editor.type(editor.input("limit"), "1");
      await editor.input("limitPer").selectOption("hour");
      await editor.screenshot(`dialog ${type}`);
      await editor.done();
      await editor.deploy();
      const dry = await editor.debugAfter(() => editor.inject(inject));
      assert.match(dry.text, /outcome: "dry-run"/);
      await editor.status(node, "1 in dry run");
      assert.ok(victim.isGood());

      await editor.openDialog(node);
      await editor.input("dryRun").uncheck();
      await editor.input("confirmed").check();
      await editor.done();
      await editor.deploy();
      const real = await editor.debugAfter(() => editor.inject(inject));
      assert.match(real.text, new RegExp(`outcome: "${outcome}"`));
      await editor.status(node, `1 ${outcome}`);
      assert.ok(!victim.isGood());
      await editor.screenshot(`flow ${type}`);
    });
  }

  it("keep what was entered when the dialog is opened again, and after the editor is loaded again", async () => {
    const { editor } = lab;
    await editor.addFlow();
    const list = await editor.drag("influxdb-list-authorizations", 400, 400);
    await editor.openDialog(list);
    await editor.input("connection").selectOption({ index: 0 });
    await editor.choose("tokenStatus", "str", "inactive");
    await editor.choose("org", "flow", "org");
    await editor.input("result").selectOption("each");
    await editor.input("includeToken").check();
    await editor.done();
    await editor.deploy();
    await editor.open();
    const saved = {
      tokenStatus: "inactive",
      tokenStatusType: "str",
      org: "org",
      orgType: "flow",
      result: "each",
    };
    for (const [name, value] of Object.entries(saved)) assert.equal(await editor.property(list, name), value);
    await editor.page.evaluate(`RED.view.reveal("${list}", false)`);
    await editor.openDialog(list);
    assert.ok(await editor.input("includeToken").isChecked());
    assert.equal(await editor.menuOf("tokenStatus").inputValue(), "tokenStatus/inactive");
    await editor.cancel();
  });
});
