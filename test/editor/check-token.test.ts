import assert from "node:assert/strict";
import { productOf, PRODUCTS, type Product } from "../../src/products.js";
import { useLab } from "./editor.js";

/** The value of a token in the dialogs: it is taken from elsewhere, and typed into none of them. */
for (const version of ["node-red", "node-red-4"] as const)
  describe(`the value of a token, in ${version}`, function () {
    this.timeout(40_000);
    const lab = useLab(version);
    const SOURCES = ["msg", "flow", "global", "env"];

    const offered = (name: string) =>
      lab.page.evaluate<string[]>(
        `$("#node-input-${name}").data("noderedTypedInput").typeList.map(({ value }) => value)`,
      );

    afterEach(() => lab.editor.closeAll());

    it("check token takes it from the message, and a connection of any product", async () => {
      const { editor, page } = lab;
      await editor.addFlow();
      const node = await editor.drag("influxdb-check-token", 400, 300);
      await editor.openDialog(node);
      const names = (await editor.input("connection").locator("option").allInnerTexts()).length;
      const products = await page.evaluate<Product[]>(
        `(() => { const found = []; RED.nodes.eachConfig((each) => { if (each.type === "influxdb-connection") found.push(each.product); }); return found; })()`,
      );
      assert.ok(new Set(products.map((product) => productOf(product).ids.name)).size === 3);
      assert.ok(products.every((product) => product in PRODUCTS));
      // One more is for none.
      assert.ok(names >= products.length);
      await editor.input("connection").selectOption({ index: 0 });
      assert.deepEqual(await offered("tokenValue"), SOURCES);
      await editor.screenshot(`check token ${version}`);
      await editor.done();
      assert.equal(await editor.property(node, "tokenValue"), "tokenValue");
      assert.equal(await editor.property(node, "tokenValueType"), "msg");
      await editor.wrong(node, false);
    });

    it("a list takes it as a filter, and shows what the others would find", async () => {
      const { editor, page } = lab;
      await editor.addFlow();
      const node = await editor.drag("influxdb-list-authorizations", 400, 300);
      await editor.openDialog(node);
      await editor.input("connection").selectOption({ index: 0 });
      await editor.addFilter("tokenValue");
      assert.deepEqual(await offered("tokenValue"), SOURCES);
      await editor.type(
        page.locator("#node-input-tokenValue ~ .red-ui-typedInput-container input:visible"),
        "leaked",
      );
      const section = page.locator("details", { hasText: "What matches now" });
      await section.locator("summary").click();
      await section.getByText("Not looked at, so fewer may match: The token is (msg.leaked)").waitFor();
      await editor.screenshot(`list by value ${version}`);
      await editor.done();
      assert.equal(await editor.property(node, "tokenValue"), "leaked");
      assert.equal(await editor.property(node, "tokenValueType"), "msg");
      await editor.wrong(node, false);
    });

    it("a connection to Cloud Dedicated has the URL of the cluster, folded away", async () => {
      const { editor, page } = lab;
      await editor.addFlow();
      const node = await editor.drag("influxdb-check-token", 400, 300);
      await editor.openDialog(node);
      await page.locator("#node-input-btn-connection-add").click();
      const field = (name: string) => page.locator(`#node-config-input-${name}`);
      await field("product").selectOption("cloud-dedicated");
      assert.equal(await field("clusterUrl").isVisible(), false);
      await editor.unfold(field("clusterUrl"));
      await editor.type(field("clusterUrl"), "https://cluster-id.a.influxdb.io/query");
      assert.match(await editor.fieldWrong(field("clusterUrl")), /address of the server only/);
      await editor.screenshot(`cluster URL ${version}`);
      await editor.type(field("clusterUrl"), "https://cluster-id.a.influxdb.io");
      await editor.fieldWrong(field("clusterUrl"), false);
      await field("product").selectOption("oss");
      assert.equal(await field("clusterUrl").isVisible(), false);
    });
  });
