import assert from "node:assert/strict";
import { useLab } from "./editor.js";

const TYPES = {
  "influxdb-list-authorizations": "list authorizations",
  "influxdb-update-authorization": "update authorization",
  "influxdb-delete-authorization": "delete authorization",
};

describe("the nodes in the editor", function () {
  this.timeout(40_000);
  const lab = useLab();
  const world = () => lab.demo.simulator.world;
  const idOfUser = (name: string) =>
    [...world().authorizations.values()].find(({ userID }) => userID === world().userNamed(name).id)!.id;

  it("are in a category of their own in the palette, with label, icon, colour and a tooltip", async () => {
    const { editor, page } = lab;
    const category = page.locator(".red-ui-palette-category", { hasText: "InfluxDB tokens" });
    assert.equal(await category.locator(".red-ui-palette-node").count(), 3);
    const colours = new Set<string>();
    const SHORT: Record<string, string> = {
      "influxdb-list-authorizations": "auths",
      "influxdb-update-authorization": "auth",
      "influxdb-delete-authorization": "auth",
    };
    for (const [type, label] of Object.entries(TYPES)) {
      const node = category.locator(`[data-palette-type="${type}"]`);
      // Short words, for the palette would break long ones in the middle.
      assert.deepEqual((await node.innerText()).trim().split(/\s+/), [label.split(" ")[0], SHORT[type]]);
      const icon = await node.locator(".red-ui-palette-icon").getAttribute("style");
      const url = /url\("?([^")]+)/.exec(icon ?? "")?.[1] ?? "";
      assert.match(url, /influxdb-token-\w+\.svg$/);
      const answer = await page.request.get(new URL(url, lab.demo.nodeRed.url).href);
      assert.match(answer.headers()["content-type"] ?? "", /svg/);
      colours.add(await node.evaluate((element) => getComputedStyle(element).backgroundColor));
      await node.scrollIntoViewIfNeeded();
      await node.hover();
      const tooltip = page.locator(".red-ui-popover:visible");
      await tooltip.waitFor();
      const text = (await tooltip.locator("p").allInnerTexts()).join(" ");
      assert.match(text, /\w+ \w+ \w+/, `the tooltip of ${type} explains it`);
      if (type.includes("delete")) await editor.screenshot("palette");
      await page.mouse.move(700, 500);
      await tooltip.waitFor({ state: "hidden" });
    }
    assert.equal(colours.size, 3);
  });

  for (const type of [...Object.keys(TYPES), "influxdb-connection"]) {
    it(`explains ${type} in the help sidebar`, async () => {
      const { editor, page } = lab;
      await page.evaluate(`RED.sidebar.help.show("${type}")`);
      const help = page
        .locator(".red-ui-help:visible, .red-ui-sidebar-help-content:visible, .red-ui-help-content:visible")
        .first();
      await help.getByRole("heading", { name: "Details" }).waitFor();
      await editor.screenshot(`help ${type}`);
    });
  }

  it("list: finds the tokens of a user", async () => {
    const { editor, page } = lab;
    await editor.addFlow();
    const inject = await editor.drag("inject", 150, 400);
    const list = await editor.drag("influxdb-list-authorizations", 400, 400);
    const debug = await editor.drag("debug", 700, 400);
    await editor.wire(inject, list);
    await editor.wire(list, debug);
    await editor.openDialog(list);
    await editor.input("connection").selectOption({ index: 0 });
    await editor.choose("user", "str", "user2");
    await editor.choose("status", "str", "active");
    await editor.choose("createdBefore", "jsonata", '"100d"');
    await editor.screenshot("dialog list");
    await editor.done();
    await editor.deploy();
    const { text } = await editor.debugAfter(() => editor.inject(inject));
    assert.match(text, /array\[1\]/);
    await editor.status(list, "1 found");
    await page.locator(".red-ui-debug-msg-object-handle").nth(1).click();
    assert.match(await editor.debugMessages().last().innerText(), /user2's notebook/);
    await editor.screenshot("flow list");
  });

  it("update: disables and describes a token", async () => {
    const { editor } = lab;
    const id = idOfUser("grafana");
    await editor.addFlow();
    const inject = await editor.drag("inject", 150, 400);
    const update = await editor.drag("influxdb-update-authorization", 400, 400);
    const debug = await editor.drag("debug", 700, 400);
    await editor.wire(inject, update);
    await editor.wire(update, debug);
    await editor.openDialog(update);
    await editor.input("connection").selectOption({ index: 0 });
    await editor.choose("targets", "str", id);
    await editor.choose("status", "str", "inactive");
    await editor.choose("description", "jsonata", '"by " & "hand"');
    await editor.screenshot("dialog update");
    await editor.done();
    await editor.deploy();
    const { text } = await editor.debugAfter(() => editor.inject(inject));
    assert.match(text, /outcome: "updated"/);
    await editor.status(update, "1 updated");
    assert.partialDeepStrictEqual(world().authorizations.get(id), {
      status: "inactive",
      description: "by hand",
    });
  });

  it("delete: shows what it would do in a dry run, then deletes a token", async () => {
    const { editor } = lab;
    const id = idOfUser("contractor");
    await editor.addFlow();
    const inject = await editor.drag("inject", 150, 400);
    const remove = await editor.drag("influxdb-delete-authorization", 400, 400);
    const debug = await editor.drag("debug", 700, 400);
    await editor.wire(inject, remove);
    await editor.wire(remove, debug);
    await editor.openDialog(remove);
    await editor.input("connection").selectOption({ index: 0 });
    await editor.choose("targets", "str", id);
    await editor.input("dryRun").check();
    await editor.type(editor.input("limit"), "1");
    await editor.input("limitPer").selectOption("hour");
    await editor.screenshot("dialog delete");
    await editor.done();
    await editor.deploy();
    const dry = await editor.debugAfter(() => editor.inject(inject));
    assert.match(dry.text, /outcome: "dry-run"/);
    await editor.status(remove, "1 in dry run");
    assert.ok(world().authorizations.has(id));

    await editor.openDialog(remove);
    await editor.input("dryRun").uncheck();
    await editor.input("confirmed").check();
    await editor.done();
    await editor.deploy();
    const real = await editor.debugAfter(() => editor.inject(inject));
    assert.match(real.text, /outcome: "deleted"/);
    await editor.status(remove, "1 deleted");
    assert.ok(!world().authorizations.has(id));
    await editor.screenshot("flow delete");
  });

  it("keep what was entered when the dialog is opened again, and after the editor is loaded again", async () => {
    const { editor } = lab;
    await editor.addFlow();
    const list = await editor.drag("influxdb-list-authorizations", 400, 400);
    await editor.openDialog(list);
    await editor.input("connection").selectOption({ index: 0 });
    await editor.choose("status", "str", "inactive");
    await editor.choose("org", "flow", "org");
    await editor.input("result").selectOption("each");
    await editor.input("includeToken").check();
    await editor.done();
    await editor.deploy();
    await editor.open();
    const saved = { status: "inactive", statusType: "str", org: "org", orgType: "flow", result: "each" };
    for (const [name, value] of Object.entries(saved)) assert.equal(await editor.property(list, name), value);
    await editor.page.evaluate(`RED.view.reveal("${list}", false)`);
    await editor.openDialog(list);
    assert.ok(await editor.input("includeToken").isChecked());
    assert.equal(
      await editor.typedInput("status").locator(".red-ui-typedInput-option-label").innerText(),
      "inactive",
    );
    await editor.cancel();
  });
});
