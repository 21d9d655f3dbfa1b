import assert from "node:assert/strict";
import { useLab } from "./editor.js";

for (const version of ["node-red", "node-red-4"] as const) {
  describe(`the sections of the dialogs, on ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    const field = (name: string) => lab.page.locator(`#node-config-input-${name}`);
    const section = (title: string) =>
      lab.page.locator("details[data-section]", { has: lab.page.getByText(title, { exact: true }) });
    const NETWORK = "Network: TLS, proxy, timeout, retries";
    const OWN = "Own token, audit trail";
    const isOpen = async (title: string) => (await section(title).getAttribute("open")) !== null;

    /** Drags a node, and adds a connection in its dialog. */
    async function addConnection(type: string): Promise<string> {
      const { editor } = lab;
      await editor.addFlow();
      const id = await editor.drag(`influxdb-${type}`, 300, 200);
      await editor.openDialog(id);
      await editor.openConfig("add");
      return id;
    }

    async function openConnection(id: string): Promise<void> {
      await lab.editor.openDialog(id);
      await lab.editor.openConfig("edit");
    }

    afterEach(async () => {
      await lab.editor.closeAll();
    });

    it("fold away what is rarely needed, until a click or a key", async () => {
      const { editor, page } = lab;
      await addConnection("list-authorizations");
      assert.deepEqual(await page.locator("details[data-section]:visible > summary").allTextContents(), [
        OWN,
        NETWORK,
      ]);
      for (const name of ["product", "url", "token", "protectedIds"])
        assert.ok(await field(name).isVisible(), name);
      for (const name of ["tls", "timeout", "ownTokenId", "auditFile"])
        assert.ok(!(await field(name).isVisible()), name);
      assert.ok(await page.locator("#influxdb-connection-test").isVisible());
      await editor.screenshot(`sections folded ${version}`);
      await section(NETWORK).locator("summary").press("Enter");
      await field("timeout").waitFor();
      await section(NETWORK).locator("summary").press("Space");
      await field("timeout").waitFor({ state: "hidden" });
    });

    it("are open where something in them is set, and stay folded if their user folds them", async () => {
      const { editor } = lab;
      const id = await addConnection("list-authorizations");
      await editor.type(field("token"), "secret");
      await editor.type(field("timeout"), "31");
      await section(NETWORK).locator("summary").click();
      await editor.type(field("name"), "slow");
      assert.ok(!(await isOpen(NETWORK)));
      await editor.closeConfig("ok");
      await editor.input("connection").selectOption({ label: "slow" });
      await editor.done();
      await openConnection(id);
      assert.deepEqual([await isOpen(NETWORK), await isOpen(OWN)], [true, false]);
      await editor.screenshot(`sections open ${version}`);
    });

    it("open when something in them becomes wrong, or is entered from elsewhere", async () => {
      const { editor, page } = lab;
      await addConnection("list-authorizations");
      await editor.type(field("timeout"), "31");
      await section(NETWORK).locator("summary").click();
      await page.evaluate("$('#node-config-input-timeout').val('soon').trigger('change')");
      await field("timeout").waitFor();
      await page.evaluate("$('#node-config-input-auditFile').val('/var/log/tokens.jsonl').trigger('change')");
      await field("auditFile").waitFor();
      await editor.screenshot(`sections wrong ${version}`);
    });

    it("are those of the product", async () => {
      await addConnection("list-management-tokens");
      await section("influxctl").waitFor();
      assert.ok(!(await isOpen("influxctl")));
      assert.equal(await field("product").inputValue(), "cloud-dedicated");
      const label = lab.page.locator("label[for=node-config-input-token]");
      assert.equal((await label.innerText()).trim(), "Management token");
      await lab.editor.screenshot(`sections cluster ${version}`);
    });

    it("of a node that changes tokens hold what is about its report", async () => {
      const { editor } = lab;
      await editor.addFlow();
      const id = await editor.drag("influxdb-delete-authorization", 300, 200);
      await editor.openDialog(id);
      assert.ok(!(await editor.input("ifSomeFail").isVisible()));
      await editor.screenshot(`sections node ${version}`);
      await editor.unfold(editor.input("report"));
      await editor.input("report").selectOption("each");
      await editor.screenshot(`sections node open ${version}`);
      await editor.done();
      await editor.openDialog(id);
      assert.ok(await isOpen("Report and errors"));
      assert.equal(await editor.property(id, "report"), "each");
    });
  });
}
