import assert from "node:assert/strict";
import type { Product } from "../../src/products.js";
import { isOfCluster, OPERATION_NAMES, operationOf, productsOf } from "../helpers/package.js";
import { LOOKUP_FAILED, useLab } from "./editor.js";

const ID = "abcdef33-3333-4333-8333-333333333333";

describe("the dialog of the connection", function () {
  this.timeout(30_000);
  const lab = useLab();
  const field = (name: string) => lab.page.locator(`#node-config-input-${name}`);
  const warning = () => lab.page.locator("#influxdb-connection-clear-text");

  let node: string;

  /** Opens a new connection, from a new node. */
  async function add(type: string): Promise<void> {
    const { editor } = lab;
    await editor.addFlow();
    node = await editor.drag(`influxdb-${type}`, 300, 400);
    await editor.openDialog(node);
    await editor.openConfig("add");
  }

  async function wrongThenRight(name: string, text: string, says: RegExp, right: string): Promise<void> {
    const { editor } = lab;
    await editor.type(field(name), text);
    assert.match(await editor.fieldWrong(field(name)), says);
    if (text.includes("@")) await editor.screenshot("wrong connection");
    await editor.type(field(name), right);
    await editor.fieldWrong(field(name), false);
  }

  /** Enters the token, saves and deploys the connection and its node, and looks wherever it could be seen again. */
  async function saveInSecret(name: string, token: string): Promise<void> {
    const { editor, page, demo } = lab;
    await editor.fieldWrong(field("token"));
    await editor.type(field("token"), token);
    await editor.fieldWrong(field("token"), false);
    assert.equal(await field("token").getAttribute("type"), "password");
    await editor.type(field("name"), name);
    await editor.closeConfig("ok");
    await editor.input("everyToken").check();
    await editor.done();
    const exported = async () =>
      JSON.stringify(await page.evaluate("RED.nodes.createCompleteNodeSet({ credentials: false })"));
    assert.match(await exported(), new RegExp(`"name":\\s*"${name}"`));
    assert.ok(!(await exported()).includes(token));
    await editor.deploy();
    assert.ok(!(await exported()).includes(token));
    await editor.menu("#menu-item-export");
    await page.locator("#red-ui-clipboard-dialog-export-rng-full").click();
    const text = await page.locator("#red-ui-clipboard-dialog-export-text").inputValue();
    await page.keyboard.press("Escape");
    assert.match(text, new RegExp(`"name":\\s*"${name}"`));
    assert.ok(!text.includes(token));
    const flows = await (await fetch(new URL("flows", demo.nodeRed.url))).text();
    assert.match(flows, new RegExp(`"name":\\s*"${name}"`));
    assert.ok(!flows.includes(token));
    const id =
      new RegExp(`"id":"(\\w+)","type":"influxdb-connection","name":"${name}"`).exec(flows)?.[1] ?? "";
    const credentials = await fetch(new URL(`credentials/influxdb-connection/${id}`, demo.nodeRed.url));
    assert.deepEqual(await credentials.json(), { has_token: true });
    assert.ok(!demo.nodeRed.log().includes(token));
  }

  before(async () => {
    await add("list-authorizations");
  });
  beforeEach(() => {
    lab.provoked = LOOKUP_FAILED;
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

  it("offers the regions of a product, and tells what its token needs", async () => {
    const { editor, page } = lab;
    const region = () => page.locator("#influxdb-connection-region");
    const help = () => page.locator("#influxdb-connection-token-help");
    assert.ok(!(await region().isVisible()));
    await field("product").selectOption("cloud");
    assert.equal(await region().inputValue(), "");
    await region().selectOption("Azure West Europe (Amsterdam)");
    assert.equal(await field("url").inputValue(), "https://westeurope-1.azure.cloud2.influxdata.com");
    assert.match(await help().innerText(), /needs read:authorizations and read:users/);
    assert.match((await help().locator("a").getAttribute("href")) ?? "", /influxdb\/cloud\/admin\/tokens/);
    await editor.screenshot("dialog connection regions");
    await editor.type(field("url"), "https://influx.example.com");
    assert.equal(await region().inputValue(), "");
    await field("product").selectOption("oss");
  });

  const WRONG: [field: string, text: string, says: RegExp, right: string][] = [
    ["url", "influx.example.com", /Enter a URL/, "https://influx.example.com"],
    ["url", "ftp://influx.example.com", /Enter a URL/, "https://influx.example.com/base"],
    ["url", "https://me:secret@influx.example.com", /user name and password/, "https://influx.example.com"],
    ["url", "https://influx.example.com/?org=x", /without \? and #/, "${INFLUX_URL}"],
    ["url", "https://influx.example.com/api/v2", /without \/api\/v2/, "https://influx.example.com/influx"],
    ["url", "http://${HOST}:8086", /only where it is the whole value/, "${INFLUX_URL}"],
    ["timeout", "0", /from 1 to 600/, "600"],
    ["timeout", "soon", /from 1 to 600/, "30"],
    ["retries", "11", /from 0 to 10/, "0"],
    ["parallel", "1.5", /Enter auto, or a whole number from 1 to 64/, "64"],
    ["parallel", "automatic", /Enter auto/, "auto"],
    ["protectedIds", "0123456789abcde", /16 hexadecimal digits/, "0123456789abcdef, 0123456789ABCDEF"],
  ];
  for (const [name, text, says, right] of WRONG) {
    it(`shows ${name} ${text} as wrong, and ${right} as right`, async () => {
      await wrongThenRight(name, text, says, right);
    });
  }

  it("shows a token as wrong that was copied with more, or is missing", async () => {
    await wrongThenRight("token", "Token abc==", /without a word such as Token/, "two words");
    await lab.editor.type(field("token"), "");
    assert.match(await lab.editor.fieldWrong(field("token")), /Enter a token/);
  });

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
    const { editor, demo } = lab;
    await editor.type(field("url"), demo.simulator.url);
    await saveInSecret("second", "typed-in-secret");
  });

  describe("to a cluster", () => {
    const rows = ["accountId", "clusterId", "influxctl", "influxctlTimeout"];
    const label = () => lab.page.locator("label[for=node-config-input-token]");

    before(async () => {
      await lab.editor.open();
      await add("list-database-tokens");
    });

    it("is one to a cluster from the start, where a node that works on clusters adds it", async () => {
      assert.equal(await field("product").inputValue(), "cloud-dedicated");
      assert.equal(await field("url").inputValue(), "https://console.influxdata.com");
      assert.equal((await label().innerText()).trim(), "Management token");
    });

    it("offers the products that have what the node works on", async () => {
      assert.deepEqual(await field("product").locator("option:not(:disabled)").allTextContents(), [
        "InfluxDB Cloud Dedicated",
        "InfluxDB Clustered",
      ]);
    });

    it("asks for what the product needs, and for nothing else", async () => {
      const { editor } = lab;
      for (const [product, url, isCluster] of [
        ["cloud-dedicated", "https://console.influxdata.com", true],
        ["clustered", "", true],
        ["cloud-dedicated", "https://console.influxdata.com", true],
      ] as const) {
        await field("product").selectOption(product);
        assert.equal(await field("url").inputValue(), url);
        await editor.fieldWrong(field("url"), url === "");
        assert.equal((await label().innerText()).trim(), isCluster ? "Management token" : "API token");
        if (isCluster) await editor.unfold(field("influxctl"));
        for (const row of rows) assert.equal(await field(row).isVisible(), isCluster, row);
        await editor.screenshot(`dialog connection ${product}`);
      }
    });

    const WRONG_OF_CLUSTER: [field: string, text: string, says: RegExp, right: string][] = [
      ["accountId", "my-account", /Enter a UUID/, "${ACCOUNT_ID}"],
      ["accountId", ID.slice(1), /Enter a UUID/, ID],
      ["clusterId", "", /Enter a UUID/, ID.toUpperCase()],
      ["protectedIds", "0123456789abcdef", /UUID for Cloud Dedicated/, `${ID}, ${ID.toUpperCase()}`],
      ["influxctlTimeout", "0", /from 1 to 600/, "600"],
    ];
    for (const [name, text, says, right] of WRONG_OF_CLUSTER) {
      it(`shows ${name} "${text}" as wrong, and ${right} as right`, async () => {
        await wrongThenRight(name, text, says, right);
      });
    }

    it("wants of Clustered a URL, and both IDs or none", async () => {
      const { editor } = lab;
      await field("product").selectOption("clustered");
      assert.match(await editor.fieldWrong(field("url")), /address of your cluster/);
      await editor.type(field("url"), "https://cluster.example.com");
      await editor.fieldWrong(field("url"), false);
      await editor.type(field("clusterId"), "");
      assert.match(await editor.fieldWrong(field("clusterId")), /Enter a UUID/);
      await editor.screenshot("wrong connection clustered");
      await editor.type(field("accountId"), "");
      for (const name of ["accountId", "clusterId"]) await editor.fieldWrong(field(name), false);
    });

    it("never lets the management token out again", async () => {
      const { editor } = lab;
      await field("product").selectOption("cloud-dedicated");
      await editor.type(field("accountId"), ID);
      await editor.type(field("clusterId"), ID);
      // The default of another product, which a proxy on the same machine may have as well.
      await editor.type(field("url"), "http://localhost:8086");
      await saveInSecret("third", "typed-in-management-secret");
    });

    it("keeps the URL of a connection that is opened again, though it is the default of another product", async () => {
      const { editor } = lab;
      await editor.openDialog(node);
      await editor.openConfig("edit");
      assert.equal(await field("product").inputValue(), "cloud-dedicated");
      assert.equal(await field("url").inputValue(), "http://localhost:8086");
      await editor.closeAll();
    });
  });
});

describe("the dialogs of the nodes", function () {
  this.timeout(30_000);
  const lab = useLab();
  let y = 0;

  before(async () => {
    // The editor sorts connections by their labels. Without names these are addresses, whose ports are of the moment.
    await lab.page.evaluate(
      "RED.nodes.eachConfig((node) => { if (node.type === 'influxdb-connection') node.name ||= ({ oss: 'A', 'cloud-dedicated': 'B' })[node.product] ?? 'C'; })",
    );
  });

  /** Drags a node into the workspace, below the one before. */
  async function drag(type: string): Promise<string> {
    y += 60;
    if (y > 700) {
      await lab.editor.addFlow();
      y = 60;
    }
    return lab.editor.drag(`influxdb-${type}`, 300, y);
  }

  /** Puts a node into the workspace, opens it and chooses the connection. */
  async function open(type: string): Promise<string> {
    const { editor } = lab;
    const id = await drag(type);
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

  const isIrreversible = (name: string) => "confirmed" in operationOf(name).fields;
  for (const type of OPERATION_NAMES.filter((name) => isIrreversible(name) && isOfCluster(name))) {
    it(`${type}: wants the box ticked, and an ID of the right form`, async () => {
      const { editor } = lab;
      const id = await open(type);
      await editor.choose("targets", "str", "0123456789abcdef");
      await editor.fieldWrong(editor.typedInput("targets"));
      await editor.says(editor.typedInput("targets"), /is a UUID such as/);
      assert.match(await editor.fieldWrong(editor.input("confirmed")), /Tick the box/);
      await editor.screenshot(`wrong ${type}`);
      await correct(id, async () => {
        await editor.input("confirmed").check();
        await editor.choose("targets", "str", ID);
        await editor.fieldWrong(editor.typedInput("targets"), false);
      });
    });
  }

  it("update: wants something to change", async () => {
    const { editor } = lab;
    const id = await open("update-authorization");
    await editor.fieldWrong(editor.typedInput("tokenStatus"));
    await editor.says(editor.typedInput("tokenStatus"), /nothing to change/);
    await editor.screenshot("wrong update");
    await correct(id, async () => {
      await editor.choose("description", "clear");
      await editor.fieldWrong(editor.typedInput("tokenStatus"), false);
      await editor.choose("description", "keep");
      await editor.fieldWrong(editor.typedInput("tokenStatus"));
      await editor.choose("tokenStatus", "str", "inactive");
      await editor.fieldWrong(editor.typedInput("tokenStatus"), false);
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

  /** The products of the connections that the open dialog offers. */
  const offered = async () =>
    lab.page.evaluate(
      "$('#node-input-connection option').toArray().flatMap(({ value }) => RED.nodes.node(value)?.product ?? [])",
    );

  /** The products of the connections that are there. */
  const OF_CONNECTIONS: Product[] = ["oss", "cloud-dedicated", "influxdb3-core"];

  it("offer the connections whose product can do the job", async () => {
    const { editor } = lab;
    for (const type of OPERATION_NAMES) {
      const id = await drag(type);
      await editor.openDialog(id);
      assert.deepEqual(
        await offered(),
        OF_CONNECTIONS.filter((product) => productsOf(type).includes(product)),
        type,
      );
      await editor.cancel();
    }
  });

  describe("judge a node by what is saved of it", () => {
    const validate = (id: string) =>
      lab.page.evaluate<boolean>(`RED.editor.validateNode(RED.nodes.node("${id}"))`);
    const config = (name: string) => lab.page.locator(`#node-config-input-${name}`);

    /** A node that is right but for the box, which its open dialog has ticked. */
    async function tickedInDialog(type: string): Promise<string> {
      const { editor } = lab;
      const id = await open(type);
      await editor.done();
      await editor.wrong(id);
      await editor.openDialog(id);
      await editor.input("confirmed").check();
      await editor.fieldWrong(editor.input("confirmed"), false);
      return id;
    }

    /** Opens the connection from the dialog of the node. */
    async function openConnection(): Promise<void> {
      await lab.page.locator("#node-input-btn-connection-edit").click();
      await config("product").waitFor();
      await lab.editor.settled();
    }

    afterEach(async () => {
      await lab.editor.closeAll();
    });

    it("while another's dialog is open, and its own", async () => {
      const other = await open("delete-authorization");
      await lab.editor.done();
      const id = await tickedInDialog("delete-authorization");
      assert.equal(await validate(other), false);
      assert.equal(await validate(id), false);
      await lab.editor.cancel();
      await lab.editor.wrong(id);
    });

    it("when its connection is saved from its dialog, which is then cancelled", async () => {
      const { editor } = lab;
      const id = await tickedInDialog("revoke-management-token");
      await openConnection();
      await editor.type(config("timeout"), "31");
      await editor.closeConfig("ok");
      await editor.fieldWrong(editor.input("confirmed"), false);
      await editor.fieldWrong(editor.input("connection"), false);
      await editor.cancel();
      await editor.wrong(id);
    });

    it("and what is above its dialog by what stands there", async () => {
      const { editor, page } = lab;
      await tickedInDialog("delete-database-token");
      await openConnection();
      await editor.type(config("url"), "nowhere");
      await editor.unfold(config("proxy"));
      await page.locator("#node-config-input-btn-proxy-add").click();
      // The form comes after the header.
      await page.locator("#node-config-input-useAuth").waitFor();
      await editor.settled();
      await page.locator("#node-config-dialog-cancel").last().click();
      await config("product").waitFor();
      await editor.settled();
      assert.equal(await config("url").inputValue(), "nowhere");
      assert.match(await editor.fieldWrong(config("url")), /Enter a URL/);
      await config("product").selectOption("clustered");
      await editor.type(config("clusterId"), "x");
      assert.match(await editor.fieldWrong(config("clusterId")), /Enter a UUID/);
      await editor.closeConfig("cancel");
      await editor.fieldWrong(editor.input("connection"), false);
    });

    it("within a subflow, too", async () => {
      const { editor, page } = lab;
      await page.evaluate(
        `RED.view.importNodes([
          { id: "template", type: "subflow", name: "template", in: [], out: [], env: [] },
          { id: "within", type: "influxdb-delete-authorization", z: "template", x: 100, y: 100, wires: [[]], connection: "" },
        ], { generateIds: false })`,
      );
      await tickedInDialog("delete-authorization");
      await page.evaluate(`{
        let id;
        RED.nodes.eachConfig((node) => { if (node.product === "oss") id ??= node.id; });
        RED.nodes.node("within").connection = id;
      }`);
      assert.equal(await validate("within"), false);
      await page.evaluate("RED.nodes.node('within').confirmed = true");
      assert.equal(await validate("within"), true);
      await editor.cancel();
    });
  });

  describe("where the connection is none that the node can use", () => {
    const SAYS = /InfluxDB OSS v2 has no database tokens: choose a connection to InfluxDB Cloud Dedicated/;
    const select = () => lab.editor.input("connection");
    const chosen = async () => lab.page.evaluate("RED.nodes.node($('#node-input-connection').val())?.name");
    let id: string;

    /** As where the connection is opened from the list of configuration nodes. */
    const offerAll = () =>
      lab.page.evaluate("$('#node-config-input-product option').prop('disabled', false)");

    /** Adds a connection from the open dialog, as its user. */
    async function add(name: string, product: string): Promise<void> {
      const { editor, page } = lab;
      await editor.openConfig("add");
      await editor.type(page.locator("#node-config-input-name"), name);
      await offerAll();
      await page.locator("#node-config-input-product").selectOption(product);
      if (product === "cloud-dedicated") {
        for (const part of ["accountId", "clusterId"]) {
          await editor.type(page.locator(`#node-config-input-${part}`), ID);
        }
      }
      await editor.type(page.locator("#node-config-input-token"), "secret");
      await editor.closeConfig("ok");
    }

    beforeEach(async () => {
      id = await drag("delete-database-token");
      await lab.editor.openDialog(id);
    });
    afterEach(async () => {
      await lab.editor.closeAll();
    });

    it("keeps one of a wrong product that was just added, and says what is wrong", async () => {
      const { editor } = lab;
      await add("mine", "oss");
      assert.match(await editor.fieldWrong(select()), SAYS);
      assert.equal(await chosen(), "mine");
      assert.deepEqual(((await offered()) as string[]).toSorted(), ["cloud-dedicated", "oss"]);
      await editor.says(select(), SAYS);
      await editor.screenshot("wrong connection product");
      await editor.done();
      assert.equal(await editor.property(await nodeId("mine"), "product"), "oss");
      assert.equal(await editor.property(id, "connection"), await nodeId("mine"));
      assert.match(await errorsOf(id), SAYS);
      await editor.openDialog(id);
      assert.match(await editor.fieldWrong(select()), SAYS);
      await select().selectOption({ index: 0 });
      await editor.fieldWrong(select(), false);
    });

    it("keeps one whose product was changed to a wrong one, here and on the canvas", async () => {
      const { editor, page } = lab;
      await add("changing", "cloud-dedicated");
      await editor.fieldWrong(select(), false);
      assert.equal(await chosen(), "changing");
      await editor.input("confirmed").check();
      await editor.done();
      await editor.wrong(id, false);
      await editor.openDialog(id);
      await editor.openConfig("edit");
      await offerAll();
      await page.locator("#node-config-input-product").selectOption("oss");
      await editor.closeConfig("ok");
      assert.match(await editor.fieldWrong(select()), SAYS);
      assert.equal(await chosen(), "changing");
      await editor.cancel();
      await editor.wrong(id);
      assert.match(await errorsOf(id), SAYS);
    });

    it("chooses none where the chosen one was deleted", async () => {
      const { editor, page } = lab;
      await add("passing", "cloud-dedicated");
      await editor.fieldWrong(select(), false);
      await editor.openConfig("edit");
      await editor.closeConfig("delete");
      assert.match(await editor.fieldWrong(select()), /Choose a connection/);
      assert.equal(await select().inputValue(), "_ADD_");
      assert.ok(await page.locator("#node-input-btn-connection-edit.disabled").isVisible());
      await editor.done();
      assert.equal(await editor.property(id, "connection"), "");
    });

    for (const [type, product, message] of [
      ["list-management-tokens", "oss", /InfluxDB OSS v2 has no management tokens/],
      // Without its kind, which is the preset then.
      ["rotate-token", "cloud-dedicated", /InfluxDB Cloud Dedicated has no authorizations/],
    ] as const) {
      it(`marks one of a wrong product that was imported with ${type}`, async () => {
        const { editor, page } = lab;
        await editor.closeAll();
        const connection = `${type}-connection`;
        await page.evaluate(
          `RED.view.importNodes([
            { id: "${connection}", type: "influxdb-connection", name: "imported", product: "${product}", url: "" },
            { id: "${type}", type: "influxdb-${type}", z: RED.workspaces.active(), x: 600, y: 300, wires: [[], []], connection: "${connection}" },
          ], { generateIds: false, touchImport: true })`,
        );
        await page.mouse.click(900, 600);
        await editor.wrong(type);
        assert.match(await errorsOf(type), message);
      });
    }
  });

  const nodeId = (name: string) =>
    lab.page.evaluate<string>(`{
      let found;
      RED.nodes.eachConfig((node) => { if (node.name === ${JSON.stringify(name)}) found = node.id; });
      found;
    }`);
  const errorsOf = (id: string) =>
    lab.page.evaluate<string>(`RED.nodes.node("${id}").validationErrors.join(" ")`);

  it("look right in the dark theme", async function () {
    this.timeout(60_000);
    const { editor, page } = lab;
    await editor.menu("#menu-item-user-settings");
    await page.locator("#user-settings-view-dark-theme").selectOption("dark");
    await page.getByRole("button", { name: "Close" }).click();
    await page.waitForFunction("document.documentElement.classList.contains('nr-theme-dark')");
    await editor.screenshot("palette dark");
    for (const type of OPERATION_NAMES) {
      await open(type);
      await editor.screenshot(`dialog ${type} dark`);
      await editor.cancel();
    }
  });
});
