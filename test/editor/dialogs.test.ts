import assert from "node:assert/strict";
import { useLab } from "./editor.js";

const TOKEN = "typed-in-secret";

describe("the dialog of the connection", function () {
  this.timeout(30_000);
  const lab = useLab();
  const field = (name: string) => lab.page.locator(`#node-config-input-${name}`);
  const warning = () => lab.page.locator("#influxdb-connection-clear-text");

  before(async () => {
    const { editor, page } = lab;
    const list = await editor.drag("influxdb-list-authorizations", 300, 400);
    await editor.openDialog(list);
    await page.locator("#node-input-btn-connection-add").click();
    await page.locator("#node-config-dialog-ok").waitFor();
    await editor.settled();
  });

  it("fills in the default URL of the chosen product, but keeps one that was typed in", async () => {
    const { editor } = lab;
    assert.equal(await field("url").inputValue(), "http://localhost:8086");
    await editor.screenshot("dialog connection");
    await field("product").selectOption("cloud");
    assert.equal(await field("url").inputValue(), "https://us-west-2-1.aws.cloud2.influxdata.com");
    await field("product").selectOption("cloud-serverless");
    assert.equal(await field("url").inputValue(), "https://us-east-1-1.aws.cloud2.influxdata.com");
    await editor.type(field("url"), "https://influx.example.com");
    await field("product").selectOption("oss");
    assert.equal(await field("url").inputValue(), "https://influx.example.com");
  });

  const WRONG: [field: string, text: string, says: RegExp, right: string][] = [
    ["url", "influx.example.com", /Enter a URL/, "https://influx.example.com"],
    ["url", "ftp://influx.example.com", /Enter a URL/, "https://influx.example.com/base"],
    ["url", "https://me:secret@influx.example.com", /user name and password/, "https://influx.example.com"],
    ["url", "https://influx.example.com/?org=x", /without \? and #/, "${INFLUX_URL}"],
    ["timeout", "0", /from 1 to 600/, "600"],
    ["timeout", "soon", /from 1 to 600/, "30"],
    ["retries", "11", /from 0 to 10/, "0"],
    ["parallel", "1.5", /from 1 to 64/, "64"],
    ["protectedIds", "0123456789abcde", /16 hexadecimal digits/, "0123456789abcdef, 0123456789ABCDEF"],
  ];
  for (const [name, text, says, right] of WRONG) {
    it(`shows ${name} ${text} as wrong, and ${right} as right`, async () => {
      const { editor } = lab;
      await editor.type(field(name), text);
      assert.match(await editor.fieldWrong(field(name)), says);
      if (text.includes("@")) await editor.screenshot("wrong connection");
      await editor.type(field(name), right);
      await editor.fieldWrong(field(name), false);
    });
  }

  it("says why a field is wrong when the mouse is over it", async () => {
    const { editor } = lab;
    await editor.type(field("timeout"), "0");
    await editor.says(field("timeout"), /Enter seconds from 1 to 600/);
    await editor.screenshot("wrong connection tooltip");
    await editor.type(field("timeout"), "30");
  });

  it("warns of an address to which the token would travel in clear text", async () => {
    const { editor } = lab;
    for (const [url, warns] of [
      ["http://influx.example.com", true],
      ["http://localhost:8086", false],
      ["http://127.0.0.1:8086", false],
      ["http://[::1]:8086", false],
      ["http://localhost.example.com", true],
      ["https://influx.example.com", false],
      ["HTTP://10.0.0.1", true],
    ] as const) {
      await editor.type(field("url"), url);
      assert.equal(await warning().isVisible(), warns, url);
      if (url === "http://influx.example.com") await editor.screenshot("dialog connection clear text");
    }
  });

  it("never lets the token out again: not into an export, nor the flows that the server shows", async () => {
    const { editor, page, demo } = lab;
    await editor.fieldWrong(field("token"));
    await editor.type(field("token"), TOKEN);
    await editor.fieldWrong(field("token"), false);
    assert.equal(await field("token").getAttribute("type"), "password");
    await editor.type(field("name"), "second");
    await editor.type(field("url"), demo.simulator.url);
    await page.locator("#node-config-dialog-ok").click();
    await editor.done();
    const exported = async () =>
      JSON.stringify(await page.evaluate("RED.nodes.createCompleteNodeSet({ credentials: false })"));
    assert.match(await exported(), /"second"/);
    assert.ok(!(await exported()).includes(TOKEN));
    await editor.deploy();
    assert.ok(!(await exported()).includes(TOKEN));
    await editor.menu("#menu-item-export");
    await page.locator("#red-ui-clipboard-dialog-export-rng-full").click();
    const text = await page.locator("#red-ui-clipboard-dialog-export-text").inputValue();
    await page.keyboard.press("Escape");
    assert.match(text, /"second"/);
    assert.ok(!text.includes(TOKEN));
    const flows = await (await fetch(new URL("flows", demo.nodeRed.url))).text();
    assert.match(flows, /"second"/);
    assert.ok(!flows.includes(TOKEN));
    const id = /"id":"(\w+)","type":"influxdb-connection","name":"second"/.exec(flows)?.[1] ?? "";
    const credentials = await fetch(new URL(`credentials/influxdb-connection/${id}`, demo.nodeRed.url));
    assert.deepEqual(await credentials.json(), { has_token: true });
    assert.ok(!demo.nodeRed.log().includes(TOKEN));
  });
});

describe("the dialogs of the nodes", function () {
  this.timeout(30_000);
  const lab = useLab();
  let y = 0;

  /** Puts a node into the workspace, opens it and chooses the connection. */
  async function open(type: string): Promise<string> {
    const { editor } = lab;
    const id = await editor.drag(`influxdb-${type}`, 300, (y += 60));
    await editor.wrong(id);
    await editor.openDialog(id);
    await editor.fieldWrong(editor.input("connection"));
    await editor.input("connection").selectOption({ index: 0 });
    await editor.fieldWrong(editor.input("connection"), false);
    return id;
  }

  /** Closes the dialog with a wrong field, sees the red triangle, corrects it and sees it go. */
  async function correct(id: string, action: () => Promise<void>): Promise<void> {
    const { editor } = lab;
    await editor.done();
    await editor.wrong(id);
    await editor.openDialog(id);
    await action();
    await editor.done();
    await editor.wrong(id, false);
  }

  it("delete: wants the box ticked, or a dry run", async () => {
    const { editor } = lab;
    const id = await open("delete-authorization");
    assert.match(await editor.fieldWrong(editor.input("confirmed")), /Tick the box/);
    await editor.screenshot("wrong delete");
    await correct(id, async () => {
      await editor.input("dryRun").check();
      await editor.fieldWrong(editor.input("confirmed"), false);
      await editor.input("dryRun").uncheck();
      await editor.fieldWrong(editor.input("confirmed"));
      await editor.input("confirmed").check();
      await editor.fieldWrong(editor.input("confirmed"), false);
    });
  });

  it("delete: wants a limit of at least 1, or none", async () => {
    const { editor } = lab;
    const id = await open("delete-authorization");
    await editor.input("confirmed").check();
    await editor.type(editor.input("limit"), "0");
    assert.match(await editor.fieldWrong(editor.input("limit")), /whole number from 1/);
    await correct(id, async () => {
      await editor.type(editor.input("limit"), "");
      await editor.fieldWrong(editor.input("limit"), false);
    });
  });

  it("update: wants something to change", async () => {
    const { editor } = lab;
    const id = await open("update-authorization");
    await editor.fieldWrong(editor.typedInput("status"));
    await editor.says(editor.typedInput("status"), /nothing to change/);
    await editor.screenshot("wrong update");
    await correct(id, async () => {
      await editor.choose("description", "clear");
      await editor.fieldWrong(editor.typedInput("status"), false);
      await editor.choose("description", "keep");
      await editor.fieldWrong(editor.typedInput("status"));
      await editor.choose("status", "str", "inactive");
      await editor.fieldWrong(editor.typedInput("status"), false);
    });
  });

  const WRONG_FILTERS: [name: string, type: string, value: string, right: string, says: RegExp][] = [
    ["user", "str", "", "user2", /Enter a text/],
    ["userID", "str", "0123456789abcde", "0123456789abcdef", /16 hexadecimal/],
    ["orgID", "str", "my-org", "${ORG_ID}", /16 hexadecimal/],
    ["description", "jsonata", "payload.(", "payload.description", /JSONata/],
    ["org", "msg", "a..b", "a.b", /property/],
  ];
  for (const [name, type, value, right, says] of WRONG_FILTERS) {
    it(`list: shows ${name} of type ${type} with "${value}" as wrong, and says why`, async () => {
      const { editor } = lab;
      const id = await open("list-authorizations");
      await editor.choose(name, type, value);
      await editor.fieldWrong(editor.typedInput(name));
      await editor.says(editor.typedInput(name), says);
      await editor.screenshot(`wrong list ${name}`);
      await correct(id, async () => {
        await editor.fieldWrong(editor.typedInput(name));
        await editor.choose(name, type, right);
        await editor.fieldWrong(editor.typedInput(name), false);
      });
    });
  }

  it("look right in the dark theme", async () => {
    const { editor, page } = lab;
    await editor.menu("#menu-item-user-settings");
    await page.locator("#user-settings-view-dark-theme").selectOption("dark");
    await page.getByRole("button", { name: "Close" }).click();
    await page.waitForFunction("document.documentElement.classList.contains('nr-theme-dark')");
    await editor.screenshot("palette dark");
    for (const type of ["list-authorizations", "update-authorization", "delete-authorization"]) {
      await open(type);
      await editor.screenshot(`dialog ${type} dark`);
      await editor.cancel();
    }
  });
});
