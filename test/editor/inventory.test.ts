import assert from "node:assert/strict";
import type { Locator, Route } from "playwright-core";
import type { ErrorAnswer, LookupAnswer, TokenRow, TokensAnswer } from "../../nodes/admin/answers.js";
import { assertAccessible } from "./axe.js";
import { useLab, waitFor } from "./editor.js";

const HTML = "<img src=x onerror='throw Error(1)'>";
const HUGE = 100_000;
const ENDPOINTS = "**/influxdb-tokens/**";

/** The tokens of a fake runtime. */
const rows = Array.from({ length: 120 }, (_, number): TokenRow => ({
  id: `0a1b2c3d4e5f${String(1000 + number)}`,
  description: ["the operator's", HTML, ""][number] ?? `Telegraf: press ${number}`,
  status: number % 4 === 3 ? "inactive" : "active",
  user: number === 1 ? HTML : "ann",
  userID: "00000000000000aa",
  org: "factory",
  orgID: "00000000000000bb",
  access: "read: 2 buckets",
  createdAt: "2023-05-06T12:00:00Z",
  updatedAt: "2024-07-08T12:00:00Z",
  marks: number === 0 ? ["own", "all-access"] : number === 5 ? ["stale"] : [],
}));

const owners: LookupAnswer = {
  at: "2026-01-01T00:00:00.000Z",
  matching: 1,
  entries: [{ value: "ann", label: "ann", detail: "120 tokens" }],
};

/** The day of a moment as the browser shows it, in the time zone that it shares with this process. */
const dayOf = (time: string) =>
  new Intl.DateTimeFormat("en-US", { dateStyle: "medium" }).format(new Date(time));

type Answer = (query: URLSearchParams, route: Route) => object | Promise<object | undefined> | undefined;

for (const version of ["node-red", "node-red-4"] as const)
  describe(`the inventory in ${version}`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    let root: Locator;
    /** What takes long is tested in one version, for what it is about does not depend on it. */
    const long = (title: string, test: () => Promise<void>) => {
      if (version === "node-red") it(title, test);
    };
    /** The pages that were asked for, and how the runtime answers: with the fake tokens unless a test says otherwise. */
    let asked: { path: string; query: URLSearchParams }[] = [];
    let answer: Answer;

    const part = (name: string) => root.locator(`[data-part=${name}]`);
    const entries = () => root.locator(".influxdb-tokens-entry");
    const press = (name: string | RegExp) => root.getByRole("button", { name }).first().click();
    const lastQuery = () => Object.fromEntries(asked.at(-1)?.query ?? []);
    /** Waits until so many requests have been sent, and gives the query of the last. */
    const queryOf = async (count: number) => {
      await waitFor(() => asked.length, count);
      return lastQuery();
    };

    const found = (query: URLSearchParams, change: Partial<TokensAnswer> = {}): TokensAnswer => {
      const offset = Number(query.get("offset"));
      return {
        resource: "authorizations",
        at: "2026-01-01T00:00:00.000Z",
        total: rows.length,
        matching: rows.length,
        counts: { active: 90, inactive: 30, "all-access": 1, stale: 1, own: 1 },
        tokens: rows.slice(offset, offset + Number(query.get("limit"))),
        ...change,
      };
    };

    /** Answers instead of the runtime, with what a test says. */
    const fake = () =>
      lab.page.route(ENDPOINTS, async (route) => {
        const { pathname, searchParams } = new URL(route.request().url());
        if (pathname.endsWith("/lookup")) return route.fulfill({ json: owners });
        asked.push({ path: pathname, query: searchParams });
        const json = await answer(searchParams, route);
        // Two minutes after the list was read.
        const headers = { date: "Thu, 01 Jan 2026 00:02:05 GMT" };
        if (json) await route.fulfill({ json, headers }).catch(() => "the editor has given it up");
      });

    before(async () => {
      root = lab.page.locator("#influxdb-tokens-inventory");
      await lab.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await fake();
    });

    beforeEach(async () => {
      asked = [];
      answer = (query) => found(query);
      await lab.editor.open();
    });

    /** By the action that a shortcut can have. The tab is filled a moment after it is shown. */
    async function show(): Promise<void> {
      await lab.page.evaluate("RED.actions.invoke('influxdb-tokens:show-inventory')");
      await part("connection").locator("option").first().waitFor({ state: "attached" });
    }

    async function choose(product = "oss"): Promise<string> {
      const id = await lab.page.evaluate<string>(
        `let found; RED.nodes.eachConfig((node) => { if (node.product === "${product}") found = node.id }); found`,
      );
      await part("connection").selectOption(id);
      return id;
    }

    async function open(): Promise<void> {
      await show();
      await choose();
      await entries().first().waitFor();
    }

    it("asks for a connection, and the runtime for nothing before", async () => {
      await show();
      await root.getByText("Choose a connection to see its tokens.").waitFor();
      await lab.editor.screenshot(`inventory choose ${version}`);
      assert.equal(asked.length, 0);
      const id = await choose();
      await entries().first().waitFor();
      const query = { resource: "authorizations", sort: "description", offset: "0", limit: "50" };
      assert.equal(asked[0]?.path, `/influxdb-tokens/connections/${id}/tokens`);
      assert.deepEqual(lastQuery(), query);
    });

    long("asks for nothing while another tab is shown", async () => {
      await open();
      await lab.page.evaluate("RED.sidebar.show('info')");
      await lab.page.evaluate("RED.events.emit('deploy')");
      await root.waitFor({ state: "hidden" });
      assert.equal(asked.length, 1);
      await show();
      await entries().first().waitFor();
      assert.equal(asked.length, 1);
    });

    long("offers both kinds of tokens of a cluster, and only what these can be filtered by", async () => {
      await show();
      await choose("cloud-dedicated");
      await entries().first().waitFor();
      assert.deepEqual(await part("resource").locator("option").allInnerTexts(), ["database", "management"]);
      await part("resource").selectOption("management-tokens");
      assert.equal((await queryOf(2)).resource, "management-tokens");
      await part("narrow").click();
      assert.ok(await part("mark").isVisible());
      assert.ok((await part("owner").isVisible()) && !(await part("status").isVisible()));
      await root.getByText("Older than").waitFor();
    });

    it("shows each token in two lines, with marks that explain themselves, and no html", async () => {
      await open();
      await lab.editor.screenshot(`inventory list ${version}`);
      assert.equal(await entries().count(), 50);
      assert.equal(
        await entries().nth(0).textContent(),
        `the operator's ann · active · created ${dayOf("2023-05-06T12:00:00Z")} own all access `,
      );
      assert.match((await entries().nth(1).textContent())!, /^<img .*<img .* · active/);
      assert.match((await entries().nth(2).textContent())!, /^no description ann/);
      assert.equal(await root.locator("img").count(), 0);
      const title = await entries().nth(5).getByText("stale").getAttribute("title");
      assert.equal(title, "Not changed for more than a year");
      assert.equal(await part("read").innerText(), "read 2 minutes ago");
    });

    it("opens a token, and copies its ID", async () => {
      await open();
      await entries().nth(1).click();
      assert.equal(await entries().nth(1).getAttribute("aria-expanded"), "true");
      const details = root.locator("dl");
      assert.match(await details.innerText(), /user\s+<img .*>\s+00000000000000aa/);
      const day = dayOf("2023-05-06T12:00:00Z");
      assert.match(await details.innerText(), new RegExp(`created\\s+${day}.*:00`));
      await lab.editor.screenshot(`inventory open ${version}`);
      await press("Copy ID");
      await lab.page.getByText("ID copied").waitFor();
      assert.equal(await lab.page.evaluate("navigator.clipboard.readText()"), rows[1]!.id);
      await entries().nth(1).press("Enter");
      await details.waitFor({ state: "detached" });
    });

    it("filters by a click on a count, and not any more by another", async () => {
      await open();
      assert.deepEqual(await part("counts").locator("button").allInnerTexts(), [
        "120 in all",
        "90 active",
        "30 inactive",
        "1 own",
        "1 all access",
        "1 stale",
      ]);
      answer = (query) => found(query, { matching: 7 });
      await press("30 inactive");
      assert.equal((await queryOf(2)).status, "inactive");
      await press("1 stale");
      assert.deepEqual([(await queryOf(3)).status, lastQuery().mark], ["inactive", "stale"]);
      await root.getByText("7 match").waitFor();
      await waitFor(() => root.getByRole("button", { name: "1 stale" }).getAttribute("aria-pressed"), "true");
      assert.equal(await part("set").innerText(), "2");
      // By keyboard: the list is drawn anew, and the focus stays.
      await root.getByRole("button", { name: "1 stale" }).press("Enter");
      assert.equal((await queryOf(4)).mark, undefined);
      await root.locator(":focus", { hasText: "1 stale" }).waitFor();
      await press("120 in all");
      assert.deepEqual([(await queryOf(5)).status, lastQuery().mark], [undefined, undefined]);
    });

    long("searches as one types, filters by owner and age, and sorts", async () => {
      await open();
      // As fast as keys can come.
      await part("search").evaluate((input: HTMLInputElement) => {
        for (const key of "tele graf") {
          input.value += key;
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }
      });
      assert.equal((await queryOf(2)).search, "tele graf");
      await part("narrow").click();
      await lab.editor.screenshot(`inventory filters ${version}`);
      await part("owner").focus();
      await waitFor(() => part("owners").locator("option").count(), 1);
      await part("owner").fill("ann");
      assert.equal((await queryOf(3)).owner, "ann");
      await part("olderThanDays").fill("90");
      assert.equal((await queryOf(4)).olderThanDays, "90");
      await part("olderThanDays").fill("-1");
      assert.equal((await queryOf(5)).olderThanDays, undefined);
      await part("sort").selectOption("updatedAt");
      assert.equal((await queryOf(6)).sort, "updatedAt");
      await root
        .getByText(`changed ${dayOf("2024-07-08T12:00:00Z")}`)
        .first()
        .waitFor();
      await press("In descending order");
      assert.equal((await queryOf(7)).descending, "1");
      await press("Clear");
      assert.deepEqual(await queryOf(8), {
        resource: "authorizations",
        sort: "updatedAt",
        descending: "1",
        offset: "0",
        limit: "50",
      });
    });

    long("shows more as one scrolls, of 100,000 no more than that", async () => {
      const many = (query: URLSearchParams) => {
        const offset = Number(query.get("offset"));
        const tokens = rows
          .slice(0, 50)
          .map((row, index) => ({ ...row, description: `no. ${offset + index}` }));
        return found(query, { total: HUGE, matching: HUGE, tokens });
      };
      answer = many;
      await open();
      await root.getByText("100,000 in all").waitFor();
      await part("more").scrollIntoViewIfNeeded();
      await root.getByText("no. 50", { exact: true }).waitFor();
      assert.equal(await entries().count(), 100);
      assert.deepEqual([lastQuery().offset, lastQuery().limit], ["50", "50"]);
      await part("more").focus();
      await root.getByText("no. 100", { exact: true }).waitFor();
    });

    long("reads from the beginning if the list is another one meanwhile", async () => {
      await open();
      answer = (query) => found(query, { at: "2026-01-01T00:01:00.000Z", total: 130 });
      await part("more").scrollIntoViewIfNeeded();
      assert.deepEqual([(await queryOf(3)).offset, lastQuery().limit], ["0", "200"]);
      await root.getByText("130 in all").waitFor();
      assert.equal(await entries().count(), 120);
      assert.ok(!(await part("more").isVisible()));
    });

    long("shows the last that was asked for, whatever comes late", async () => {
      await open();
      let late = () => {};
      const hold = new Promise<void>((go) => (late = go));
      let isAnswered = false;
      answer = async (query, route) => {
        const search = query.get("search") ?? "";
        const json = found(query, { matching: 1, tokens: [{ ...rows[0]!, description: `found ${search}` }] });
        if (search !== "a") return json;
        await hold;
        await route.fulfill({ json }).catch(() => "the editor has given it up");
        isAnswered = true;
        return undefined;
      };
      await part("search").fill("a");
      await queryOf(2);
      assert.equal(await part("list").getAttribute("aria-busy"), "true");
      await part("search").fill("ab");
      await root.getByText("found ab").waitFor();
      late();
      await waitFor(() => isAnswered, true);
      await lab.page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
      );
      assert.match(await entries().innerText(), /^found ab\n/);
    });

    long("asks the runtime which tokens a connection has whose product is a variable", async () => {
      await show();
      await lab.page.evaluate(
        `RED.nodes.eachConfig((node) => { if (node.product === "oss") node.product = "\${PRODUCT}" })`,
      );
      await choose("${PRODUCT}");
      await entries().first().waitFor();
      assert.deepEqual(Object.fromEntries(asked[0]!.query), { offset: "0", limit: "50" });
      const sorted = { resource: "authorizations", sort: "description", offset: "0", limit: "50" };
      assert.deepEqual(await queryOf(2), sorted);
      assert.equal(await part("resource").inputValue(), "authorizations");
      assert.equal(await part("sort").inputValue(), "description");
      await part("search").fill("a");
      assert.equal((await queryOf(3)).resource, "authorizations");
    });

    long("shows nothing of a connection that is gone when its answer comes", async () => {
      await open();
      let late = () => {};
      const hold = new Promise<void>((go) => (late = go));
      let isAnswered = false;
      answer = async (query, route) => {
        await hold;
        await route.fulfill({ json: found(query) }).catch(() => "the editor has given it up");
        isAnswered = true;
        return undefined;
      };
      await part("search").fill("a");
      await queryOf(2);
      await lab.page.evaluate(
        `const ids = []; RED.nodes.eachConfig((node) => { if (node.type === "influxdb-connection") ids.push(node.id) });
         ids.forEach((id) => RED.nodes.remove(id))`,
      );
      const nothing = root.getByText(/^There is no connection/);
      await nothing.waitFor();
      late();
      await waitFor(() => isAnswered, true);
      await lab.page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
      );
      assert.equal(await entries().count(), 0);
      assert.ok(await nothing.isVisible());
      assert.equal(await part("list").getAttribute("aria-busy"), null);
    });

    long("reads anew from the server on demand, and says so", async () => {
      await open();
      assert.equal(lastQuery().fresh, undefined);
      answer = (query) => found(query, { at: "2026-01-01T00:02:05.000Z" });
      await press("Read anew from the server");
      assert.equal((await queryOf(2)).fresh, "1");
      await root.getByText("read now").waitFor();
    });

    long("says what went wrong, in the runtime's words, and tries again", async () => {
      lab.provoked = /status of (401|403|502)/;
      const error: ErrorAnswer = {
        error: { code: "unavailable", message: `The server ${HTML} is not there.` },
      };
      const fails = (status: number, json?: object) => {
        answer = async (_, route) => {
          await route.fulfill({ status, ...(json ? { json } : { body: "" }) });
          return undefined;
        };
      };
      fails(502, error);
      await show();
      await choose();
      await root.getByText(error.error.message).waitFor();
      await lab.editor.screenshot(`inventory failed ${version}`);
      fails(403);
      await press("Try again");
      await root.getByText('the permission "influxdb-tokens.read"').waitFor();
      fails(502);
      await press("Try again");
      await root.getByText("Node-RED does not answer.").waitFor();
      answer = (query) => found(query);
      await press("Try again");
      await entries().first().waitFor();
      assert.equal(await part("message").innerText(), "");
    });

    long("says if there is none, or none that matches", async () => {
      answer = (query) => found(query, { total: 0, matching: 0, counts: {}, tokens: [] });
      await show();
      await choose();
      await root.getByText("The server shows no such token").waitFor();
      answer = (query) => (query.has("search") ? found(query, { matching: 0, tokens: [] }) : found(query));
      await part("search").fill("nothing like it");
      await root.getByText("None matches").waitFor();
      await press("Clear");
      await entries().first().waitFor();
      assert.equal(await part("search").inputValue(), "");
    });

    it("follows the connections of the editor, and reads anew what was deployed", async () => {
      const { page, editor } = lab;
      lab.provoked = /status of 404/;
      await show();
      const options = part("connection").locator("option");
      const before = await options.count();
      await page.evaluate(
        "RED.view.importNodes([{ id: 'aaaabbbbccccdddd', type: 'influxdb-connection', name: 'new', product: 'oss', url: 'http://127.0.0.1:1' }], {})",
      );
      await waitFor(() => options.count(), before + 1);
      answer = async (_, route) => {
        const error = { code: "not-deployed", message: "The connection is not deployed. Deploy it first." };
        await route.fulfill({ status: 404, json: { error } });
        return undefined;
      };
      await part("connection").selectOption({ label: "new" });
      await root.getByText("Deploy it first.").waitFor();
      answer = (query) => found(query);
      await editor.deploy();
      await entries().first().waitFor();
      await page.evaluate(
        "RED.history.pop(); RED.nodes.node('aaaabbbbccccdddd') && RED.nodes.remove('aaaabbbbccccdddd')",
      );
      await waitFor(() => options.count(), before);
      await root.getByText("Choose a connection to see").waitFor();
      assert.equal(await entries().count(), 0);
      await editor.deploy();
    });

    /** Moves the mouse over the flow and clicks: there the node stays. Gives it as the editor would export it. */
    async function placed(x: number, y: number): Promise<Record<string, unknown>> {
      const box = (await lab.page.locator("#red-ui-workspace-chart").boundingBox())!;
      await lab.page.mouse.move(box.x + x - 30, box.y + y - 30, { steps: 5 });
      await lab.page.mouse.move(box.x + x, box.y + y, { steps: 5 });
      await lab.page.mouse.click(box.x + x, box.y + y);
      return lastNode();
    }
    const lastNode = () =>
      lab.page.evaluate<Record<string, unknown>>(
        "RED.nodes.convertNode(RED.nodes.filterNodes({ z: RED.workspaces.active() }).at(-1))",
      );

    it("puts an inject node with an ID at the mouse", async () => {
      await open();
      await lab.editor.addFlow();
      await entries().nth(3).click();
      await press("Inject node with this ID");
      const { type, payload, payloadType, props, x, y, wires } = await placed(300, 200);
      assert.deepEqual([type, payload, payloadType, wires], ["inject", rows[3]!.id, "str", [[]]]);
      assert.deepEqual(props, [{ p: "payload" }]);
      assert.ok(Math.abs(Number(x) - 300) < 100 && Math.abs(Number(y) - 200) < 60, `at ${x}, ${y}`);
      assert.equal(await lab.page.evaluate("RED.nodes.dirty()"), true);
    });

    it("puts a list node with the filters at the mouse, and says what it cannot say", async () => {
      await open();
      await lab.editor.addFlow();
      await part("narrow").click();
      await part("status").selectOption("inactive");
      await part("mark").selectOption("all-access");
      await part("search").fill("Tele");
      await press("List node with these filters");
      await lab.page.getByText('it finds more than is shown here: "all access"').waitFor();
      await lab.page.getByText('The search became "description has"').waitFor();
      const node = await placed(300, 200);
      const { type, connection, tokenStatus, tokenStatusType, description, userType, result } = node;
      assert.equal(type, "influxdb-list-authorizations");
      assert.equal(connection, await part("connection").inputValue());
      assert.deepEqual([tokenStatus, tokenStatusType, description], ["inactive", "str", "Tele"]);
      assert.deepEqual([userType, result], ["any", "all"]);
      assert.equal(await lab.page.evaluate(`RED.nodes.node("${String(node.id)}").valid`), true);
      await lab.editor.screenshot(`inventory list node ${version}`);
    });

    it("puts it in the middle if it was chosen by keyboard, and nothing into a flow that is locked", async () => {
      await open();
      await lab.editor.addFlow();
      await entries().nth(3).press("Enter");
      const use = root.getByRole("button", { name: "Inject node with this ID" });
      await use.press("Enter");
      await lab.page.getByText("The node is in the middle of the flow").waitFor();
      const { payload, id } = await lastNode();
      assert.equal(payload, rows[3]!.id);
      await lab.editor.node(String(id)).waitFor();
      assert.equal(await lab.page.evaluate("RED.nodes.dirty()"), true);
      await lab.page.evaluate("RED.history.pop()");
      assert.equal(await lab.page.evaluate(`!RED.nodes.node("${String(id)}")`), true);
      await lab.page.evaluate("RED.nodes.workspace(RED.workspaces.active()).locked = true");
      await use.press("Enter");
      await lab.page.getByText("Open a flow that is not locked first.").waitFor();
      assert.equal(
        await lab.page.evaluate("RED.nodes.filterNodes({ z: RED.workspaces.active() }).length"),
        0,
      );
    });

    // Node-RED 4 has one theme.
    for (const dark of version === "node-red" ? [false, true] : [false]) {
      it(`is there for all who use it, ${dark ? "in the dark" : "in the light"}`, async () => {
        const { page, editor } = lab;
        await page.setViewportSize({ width: 900, height: 600 });
        await editor.dark(dark);
        await show();
        await assertAccessible(page, "#influxdb-tokens-inventory");
        await choose("cloud-dedicated");
        await part("narrow").click();
        await entries().first().click();
        await editor.screenshot(`inventory ${dark ? "dark" : "small"} ${version}`);
        await assertAccessible(page, "#influxdb-tokens-inventory");
        const cut = await root.evaluate((element) => element.scrollWidth > element.clientWidth);
        assert.ok(!cut, "something is cut off at the right");
        const small = await root.locator("button, select, input").evaluateAll((controls) =>
          controls
            .filter((control) => control.checkVisibility())
            .filter((control) => {
              const { width, height } = control.getBoundingClientRect();
              return Math.min(width, height) < 24;
            })
            .map((control) => control.outerHTML),
        );
        assert.deepEqual(small, [], "too small for a finger");
        await editor.dark(false);
        await page.setViewportSize({ width: 1500, height: 950 });
      });
    }

    it("leads through all its controls by the Tab key, in their order", async () => {
      await open();
      await part("narrow").click();
      await entries().first().click();
      const controls = root.locator("button:enabled, select:enabled, input:enabled");
      const count = await controls.evaluateAll((all) => {
        const visible = all.filter((each) => each.checkVisibility()).slice(0, 30);
        for (const [index, each] of visible.entries()) each.setAttribute("data-order", String(index));
        return visible.length;
      });
      await part("connection").focus();
      for (let index = 0; index < count; index++) {
        await root.locator(`[data-order="${index}"]:focus`).waitFor();
        await lab.page.keyboard.press("Tab");
      }
    });

    it("puts a node into the middle if a finger asks for it", async () => {
      await open();
      await lab.editor.addFlow();
      await entries().nth(3).click();
      const use = root.getByRole("button", { name: "Inject node with this ID" });
      await use.evaluate((element) =>
        element.dispatchEvent(new PointerEvent("click", { detail: 1, pointerType: "touch" })),
      );
      await lab.page.getByText("The node is in the middle of the flow").waitFor();
      assert.equal((await lastNode()).payload, rows[3]!.id);
    });

    long("puts nothing anywhere while a dialog is open", async () => {
      const { editor, page } = lab;
      await open();
      await editor.addFlow();
      const node = await editor.drag("inject", 200, 100);
      await editor.openDialog(node);
      await entries().nth(3).press("Enter");
      await root.getByRole("button", { name: "Inject node with this ID" }).press("Enter");
      await page.getByText("Close the dialog, or finish").waitFor();
      await editor.cancel();
      assert.equal(await page.evaluate("RED.nodes.filterNodes({ z: RED.workspaces.active() }).length"), 1);
    });

    describe("with tokens of a server", () => {
      before(() => lab.page.unroute(ENDPOINTS));
      after(fake);

      it("finds, filters and sorts authorizations, and reads anew what has changed meanwhile", async () => {
        const { world } = lab.demo.simulator;
        const all = [...world.authorizations.values()];
        const inactive = all.filter(({ status }) => status === "inactive");
        await open();
        await root.getByText(`${all.length} in all`, { exact: true }).waitFor();
        await press(`${inactive.length} inactive`);
        await waitFor(() => entries().count(), inactive.length);
        await press(`${all.length} in all`);
        await part("search").fill("GREENHOUSE");
        await waitFor(() => entries().count(), 1);
        assert.match(
          (await entries().textContent())!,
          /^Telegraf: greenhouse admin · active · created .* stale $/,
        );
        await part("narrow").click();
        await press("Clear");
        await part("owner").pressSequentially("graf");
        await waitFor(() => part("owners").locator("option").count(), 1);
        await part("owner").fill("grafana");
        await waitFor(
          () => entries().count(),
          all.filter(({ userID }) => userID === world.userNamed("grafana").id).length,
        );
        await part("sort").selectOption("createdAt");
        await press("Clear");
        await entries().first().getByText("own", { exact: true }).waitFor();
        await lab.editor.screenshot(`inventory of a server ${version}`);
        world.addAuthorization({ user: "grafana", org: "home", description: "new", permissions: [] });
        // The runtime asks the server at most once in a while.
        await waitFor(async () => {
          await press("Read anew from the server");
          await waitFor(() => part("list").getAttribute("aria-busy"), null);
          return root.getByText(`${all.length + 1} in all`, { exact: true }).isVisible();
        }, true);
      });

      it("finds both kinds of tokens of a cluster", async () => {
        await show();
        await choose("cloud-dedicated");
        await entries().filter({ hasText: "Operations (every database)" }).getByText("all access").waitFor();
        await part("resource").selectOption("management-tokens");
        await entries().filter({ hasText: "Node-RED: token housekeeping" }).getByText("protected").waitFor();
        await lab.editor.screenshot(`inventory of a cluster ${version}`);
      });
    });
  });
