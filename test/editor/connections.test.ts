import assert from "node:assert/strict";
import { useLab } from "./editor.js";

const NO_TOKEN = /no token: open it and enter one/;

for (const version of ["node-red", "node-red-4"] as const) {
  describe(`the choice of a connection, on ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    const select = () => lab.editor.input("connection");
    const field = (name: string) => lab.page.locator(`#node-config-input-${name}`);
    const chosen = async () =>
      lab.page.evaluate("RED.nodes.node($('#node-input-connection').val())?.name ?? ''");
    const connectionNamed = (name: string) =>
      lab.page.evaluate<string>(
        `{ let id; RED.nodes.eachConfig((node) => { if (node.name === ${JSON.stringify(name)}) id = node.id; }); id; }`,
      );
    let id: string;

    async function add(name: string, token: string): Promise<void> {
      await lab.editor.openConfig("add");
      await lab.editor.type(field("name"), name);
      await lab.editor.type(field("token"), token);
      await lab.editor.closeConfig("ok");
    }

    /** Loads the editor anew, and shows the flow of the node. */
    async function reload(): Promise<void> {
      await lab.editor.open();
      await lab.editor.openFlow(
        await lab.page.evaluate<string>(`RED.nodes.workspace(RED.nodes.node("${id}").z).label`),
      );
    }

    /** What is wrong with a node, as its red triangle says. */
    const errorsOf = async (node: string): Promise<string> =>
      lab.page.evaluate(`RED.nodes.node("${node}").validationErrors.join(" ")`);

    beforeEach(async () => {
      const { editor } = lab;
      await editor.addFlow();
      id = await editor.drag("influxdb-update-authorization", 300, 200);
      await editor.openDialog(id);
      await editor.choose("tokenStatus", "str", "inactive");
    });
    afterEach(async () => {
      await lab.editor.closeAll();
      // Each begins with what is deployed.
      await lab.editor.open();
    });

    it("is left to the user, also where there is but one", async () => {
      const { editor } = lab;
      assert.equal(await select().locator("option:not([value=_ADD_])").count(), 1);
      assert.equal(await select().inputValue(), "_ADD_");
      assert.match(await editor.fieldWrong(select()), /Choose a connection/);
      await editor.openConfig("add");
      await editor.closeConfig("cancel");
      assert.equal(await chosen(), "");
      await editor.done();
      assert.equal(await editor.property(id, "connection"), "");
      await editor.wrong(id);
    });

    it("is what was added, and none once that is another flow's or deleted", async () => {
      const { editor, page } = lab;
      await add("mine", "secret");
      await editor.fieldWrong(select(), false);
      assert.equal(await chosen(), "mine");
      await editor.openConfig("add");
      await editor.closeConfig("cancel");
      assert.equal(await chosen(), "mine");
      await editor.openConfig("edit");
      await page.locator("#red-ui-editor-config-scope").selectOption({ label: "Flow 1" });
      await editor.closeConfig("ok");
      assert.match(await editor.fieldWrong(select()), /Choose a connection/);
      assert.equal(await chosen(), "");
      await add("second", "secret");
      await editor.openConfig("edit");
      await editor.closeConfig("delete");
      assert.match(await editor.fieldWrong(select()), /Choose a connection/);
      await editor.done();
      assert.equal(await editor.property(id, "connection"), "");
    });

    it("marks a node whose connection has no token, until it has one, over deploys and a new start of the editor", async () => {
      const { editor } = lab;
      await add("bare", "");
      assert.match(await editor.fieldWrong(select()), NO_TOKEN);
      await editor.done();
      await editor.wrong(id);
      assert.match(await errorsOf(id), NO_TOKEN);
      await lab.page.locator("#red-ui-header-button-deploy").click();
      await lab.page.getByRole("button", { name: "Confirm deploy" }).click();
      await lab.page.locator("#red-ui-header-button-deploy.disabled").waitFor();
      await editor.settled();
      await reload();
      await editor.wrong(id);
      assert.match(await errorsOf(id), NO_TOKEN);
      await editor.screenshot(`no token ${version}`);
      await editor.openDialog(id);
      assert.match(await editor.fieldWrong(select()), NO_TOKEN);
      await editor.screenshot(`no token dialog ${version}`);
      await editor.openConfig("edit");
      await editor.type(field("token"), "${TOKEN}");
      await editor.closeConfig("ok");
      await editor.fieldWrong(select(), false);
      await editor.cancel();
      await editor.wrong(id, false);
      await editor.deploy();
      await editor.openDialog(id);
      await editor.fieldWrong(select(), false);
      await editor.type(editor.input("name"), "renamed");
      await editor.done();
      await editor.wrong(id, false);
      await editor.deploy();
      await reload();
      await editor.wrong(id, false);
    });

    it("marks no missing token where it is in a file, and says so", async () => {
      const { editor, page } = lab;
      const tip = page.locator("#influxdb-connection-token-file");
      await add("with a file", "");
      assert.match(await editor.fieldWrong(select()), NO_TOKEN);
      await editor.openConfig("edit");
      assert.match(await editor.fieldWrong(field("token")), /Enter a token/);
      assert.ok(await tip.isHidden());
      await editor.type(field("tokenFile"), "secrets/token");
      assert.match(await editor.fieldWrong(field("tokenFile")), /Enter an absolute path/);
      await editor.type(field("tokenFile"), "/run/secrets/token");
      await editor.fieldWrong(field("tokenFile"), false);
      await editor.fieldWrong(field("token"), false);
      assert.match(await tip.innerText(), /The token is read from this file/);
      await editor.screenshot(`token file ${version}`);
      await editor.type(field("tokenFile"), "");
      assert.match(await editor.fieldWrong(field("token")), /Enter a token/);
      assert.ok(await tip.isHidden());
      await editor.type(field("tokenFile"), "${TOKEN_FILE}");
      await editor.fieldWrong(field("token"), false);
      await editor.closeConfig("ok");
      await editor.fieldWrong(select(), false);
      await editor.done();
      await editor.wrong(id, false);
      await editor.deploy();
      await reload();
      await editor.wrong(id, false);
    });

    it("marks a node that was imported, as its connection comes without a token", async () => {
      const { editor, page } = lab;
      await editor.cancel();
      await editor.importText(
        JSON.stringify([
          {
            id: "c1",
            type: "influxdb-connection",
            name: "imported",
            product: "oss",
            url: "http://localhost:8086",
          },
          {
            ...{
              id: "n1",
              type: "influxdb-list-authorizations",
              name: "list",
              wires: [[], []],
              connection: "c1",
            },
            ...{ x: 300, y: 300, user: "x", userType: "str" },
          },
        ]),
      );
      await page.locator("#red-ui-clipboard-dialog").waitFor({ state: "hidden" });
      await page.mouse.click(900, 600);
      const node = await editor.named("list");
      await editor.wrong(node);
      assert.match(await errorsOf(node), NO_TOKEN);
      assert.ok(await connectionNamed("imported"));
    });
  });
}
