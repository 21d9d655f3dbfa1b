import assert from "node:assert/strict";
import { startInfluxdb3 } from "../../simulator/influxdb3.js";
import { useLab, waitFor } from "./editor.js";

for (const version of ["node-red", "node-red-4"] as const)
  describe(`the test of a connection in the editor of ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    const field = (name: string) => lab.page.locator(`#node-config-input-${name}`);
    const button = () => lab.page.getByRole("button", { name: "Test the connection" });
    const result = () => lab.page.locator("#influxdb-connection-test-result");
    /** What a screen reader says of each line. */
    const lines = async () => {
      const found = await result().locator("li").all();
      return Promise.all(
        found.map(async (line) => {
          const level = await line.getByRole("img").getAttribute("aria-label");
          return `${level}: ${await line.innerText()}`;
        }),
      );
    };
    const offers = () => result().getByRole("button");

    /** Opens the dialog of a connection, or of a new one. */
    async function open(id = "_ADD_"): Promise<void> {
      await lab.page.evaluate(`RED.editor.editConfig("", "influxdb-connection", "${id}")`);
      await field("name").waitFor();
      await lab.editor.settled();
    }

    /** Clicks the button, and waits for what it finds out. */
    async function test(): Promise<string[]> {
      const answered = lab.page.waitForResponse((response) =>
        response.url().endsWith("/influxdb-tokens/test"),
      );
      await button().click();
      await answered;
      await result().locator("ul").waitFor();
      return lines();
    }

    const idOfDeployed = () =>
      lab.page.evaluate<string>(
        `let id; RED.nodes.eachConfig((node) => { if (node.product === "oss") id = node.id; }); id`,
      );

    beforeEach(() => {
      // The token of a new connection is looked up, but that is not deployed.
      lab.provoked = /status of 404 .*\/lookup\?of=id/;
    });

    afterEach(async () => {
      await lab.page.setViewportSize({ width: 1500, height: 950 });
      await lab.editor.closeAll();
    });

    it("tests what is typed into a new connection, and offers what it learned", async () => {
      const { simulator } = lab.demo;
      const { world } = simulator;
      const description = `<img src="nowhere" onerror="document.title = 'taken over'">`;
      const user = world.addUser(`stranger of ${version}`);
      const permissions = ["read:authorizations", "read:users", "write:authorizations"].map((each) => {
        const [action, type] = each.split(":") as ["read" | "write", string];
        return { action, resource: { type } };
      });
      const { id, token } = world.addAuthorization({ user, description, permissions });
      await open();
      await lab.editor.type(field("url"), `${simulator.url}/api/v2`);
      await lab.editor.type(field("token"), token);
      await field("product").selectOption("cloud");
      const found = await test();
      assert.match(found[0]!, /^Wrong: The URL has a path that does not belong/);
      assert.match(found.join("\n"), /All right: Reached: InfluxDB OSS v2 \(2\.9\.1\) answers\./);
      assert.match(found.join("\n"), /Warning: delete authorization: not allowed\. It lacks write:users\./);
      await lab.editor.screenshot(`connection test ${version}`);
      for (const offer of await offers().all()) await offer.click();
      assert.equal(await field("url").inputValue(), simulator.url);
      assert.equal(await field("product").inputValue(), "oss");
      assert.equal(await field("ownTokenId").inputValue(), id);
      assert.equal(await result().locator("img").count(), 0, "a description is text");
      await result().getByText("The dialog has been changed since.").waitFor();
      const again = await test();
      assert.match(again[0]!, /^All right: Reached/);
      assert.equal(await offers().count(), 0);
      assert.equal(await result().getByText("The dialog has been changed since.").count(), 0);
      assert.notEqual(await lab.page.title(), "taken over");
    });

    it("knows the tokens of an InfluxDB 3 by their names, and finds out which it is", async () => {
      const simulator = await startInfluxdb3({ edition: "Enterprise", operatorToken: "apiv3_operator" });
      try {
        await lab.page.setViewportSize({ width: 900, height: 600 });
        const labelled = (name: string) => lab.page.getByLabel(name, { exact: true });
        // A screen reader says what is wrong with it in place of its label.
        const tokenLabel = lab.page.locator("label[for=node-config-input-token]");
        const earlyAccess = lab.page.locator("#influxdb-connection-early-access");
        await open();
        assert.equal(await labelled("Protected IDs").count(), 1);
        assert.ok(await earlyAccess.isHidden());
        await field("product").selectOption("influxdb3-core");
        assert.equal(await field("url").inputValue(), "http://localhost:8181");
        assert.equal(await labelled("Protected names").count(), 1);
        assert.equal((await tokenLabel.innerText()).trim(), "Admin token");
        assert.match((await field("protectedIds").getAttribute("placeholder"))!, /one a line/);
        const help = lab.page.locator("#influxdb-connection-token-help");
        assert.match(await help.innerText(), /A named admin token can do all/);
        assert.match(
          (await help.locator("a").getAttribute("href"))!,
          /influxdb3\/core\/admin\/tokens\/admin/,
        );
        for (const name of ["accountId", "clusterId"]) assert.ok(await field(name).isHidden());
        await lab.editor.screenshot(`connection to InfluxDB 3 ${version}`);
        await lab.editor.type(field("protectedIds"), "grafana\nCI, nightly\n");
        await lab.editor.fieldWrong(field("protectedIds"), false);
        await lab.editor.type(field("protectedIds"), "apiv3_a-value");
        assert.match(await lab.editor.fieldWrong(field("protectedIds")), /names of tokens, one a line/);
        await lab.editor.type(field("protectedIds"), "");
        await field("product").selectOption("influxdb3-cloud");
        assert.match(await earlyAccess.innerText(), /never tried/);
        await field("name").scrollIntoViewIfNeeded();
        await lab.editor.screenshot(`connection to InfluxDB 3 Cloud ${version}`);
        await field("product").selectOption("influxdb3-core");
        await lab.editor.type(field("url"), simulator.url);
        await lab.editor.type(field("token"), "apiv3_operator");
        const found = await test();
        assert.match(found[0]!, /^All right: Reached: InfluxDB 3 Enterprise \(3\.9\.6\) answers\./);
        assert.match(
          found.join("\n"),
          /Warning: It is the operator token, .*regenerate operator token: allowed/s,
        );
        await offers().scrollIntoViewIfNeeded();
        await lab.editor.screenshot(`connection test of InfluxDB 3 ${version}`);
        await offers().click();
        assert.equal(await field("product").inputValue(), "influxdb3-enterprise");
        assert.equal(await field("url").inputValue(), simulator.url);
        assert.ok(!(await test()).some((line) => line.includes("It is not")));
        await field("product").selectOption("oss");
        assert.equal(await labelled("Protected IDs").count(), 1);
        assert.equal((await tokenLabel.innerText()).trim(), "API token");
      } finally {
        await simulator.close();
      }
    });

    it("uses the stored token for what is deployed, and for nothing else", async () => {
      await lab.page.setViewportSize({ width: 900, height: 600 });
      await lab.page.evaluate("document.documentElement.classList.add('nr-theme-dark')");
      await open(await idOfDeployed());
      assert.match((await test()).join("\n"), /All right: delete authorization: allowed\./);
      await lab.editor.screenshot(`connection test small ${version}`);
      await lab.page.evaluate("document.documentElement.classList.remove('nr-theme-dark')");
      await lab.editor.type(field("url"), `http://localhost:${lab.demo.simulator.port}`);
      assert.match((await test())[0]!, /^Warning: The stored token is sent only to what it was deployed for/);
    });

    it("ends a test that is repeated, or whose dialog is closed", async () => {
      const { faults, requests } = lab.demo.simulator;
      let ended = 0;
      lab.page.on(
        "requestfailed",
        (request) => (ended += request.url().endsWith("/influxdb-tokens/test") ? 1 : 0),
      );
      await open(await idOfDeployed());
      const before = requests.length;
      faults.push({ delay: 60_000, times: 2 });
      await button().click();
      await waitFor(() => requests.length, before + 1);
      await button().click();
      await waitFor(() => ended, 1);
      await waitFor(() => requests.length, before + 2);
      await lab.page.locator("#node-config-dialog-cancel").click();
      await waitFor(() => ended, 2);
    });

    it("says what is missing if the user may not test, or Node-RED does not answer", async () => {
      await open(await idOfDeployed());
      for (const [status, words] of [
        [403, /You lack the permission influxdb-tokens\.test/],
        [401, /You lack the permission influxdb-tokens\.test/],
        [404, /does not have the test/],
        [0, /Node-RED did not answer/],
      ] as const) {
        await lab.page.evaluate(`{
          const real = $.ajax;
          $.ajax = () => {
            $.ajax = real;
            return Object.assign($.Deferred().reject({ status: ${status} }, "error").promise(), { abort() {} });
          };
        }`);
        await button().click();
        await result().getByText(words).waitFor();
      }
    });
  });
