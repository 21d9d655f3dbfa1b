import assert from "node:assert/strict";
import type { Route } from "playwright-core";
import { partsOf } from "../../nodes/fields/judge.js";
import { OPERATION_NAMES, operationOf } from "../helpers/package.js";
import { useLab } from "./editor.js";

type Saved = Record<string, unknown> & { id: string; type: string };

/** What the package serves to the editor; a number at the end tells a second attempt. */
const RESOURCES = "**/resources/@token-flows/**";
const DIALOGS = /\/dialogs-\w+\.js(\?\d+)?$/;
/** What the browser may report: what is provoked here, and that the connection leads nowhere. */
const PROVOKED = /\/(dialogs|inventory)-|\/lookup\?/;
const INVENTORY = /\/inventory-\w+\.js(\?\d+)?$/;

const CONNECTION = {
  ...{ id: "first-connection", type: "influxdb-connection", name: "first", product: "oss" },
  ...{ url: "http://127.0.0.1:9", protectedIds: "0000000000000001", allowOwnToken: "false" },
  credentials: { token: "a-secret" },
};

/** A node with what Done of a dialog that is not prepared would change: a box that is ticked for any text, a table. */
function unusual(name: string): Saved {
  const { type, fields, outputs } = operationOf(name);
  const properties = Object.entries(fields).flatMap(([field, data]): [string, unknown][] =>
    data.control.kind === "flag"
      ? [[field, "false"]]
      : data.control.kind === "permissionTable"
        ? [[field, [{ resource: "buckets", name: "b", read: true, write: false }]]]
        : partsOf(field, data).flatMap(({ property, preset }): [string, unknown][] =>
            preset === undefined ? [] : [[property, `${preset}`]],
          ),
  );
  return {
    ...{ id: `first-${name}`, type, z: "first", name: `first ${name}`, connection: CONNECTION.id },
    ...{ x: 300, y: 60 + 50 * OPERATION_NAMES.indexOf(name), wires: outputs.map(() => []) },
    ...Object.fromEntries(properties),
  };
}

const NODES: Saved[] = OPERATION_NAMES.map(unusual);
/** With filters, with a table, with boxes, with what other fields decide on; and the connection. */
const EACH_KIND: Saved[] = [
  ...["list-authorizations", "create-database-token", "delete-authorization", "rotate-token"].map(unusual),
  CONNECTION,
];

for (const version of ["node-red", "node-red-4"] as const)
  describe(`what the editor of ${version} loads when it is first needed`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    /** What the editor asked for since it was opened, in order. */
    let asked: string[] = [];

    before(async () => {
      lab.page.on("request", (request) => {
        const [, file] = /\/resources\/@token-flows\/[^/]+\/(.+)$/.exec(request.url()) ?? [];
        if (file !== undefined) asked.push(file);
      });
      const deployed = (await (await fetch(new URL("flows", lab.demo.nodeRed.url))).json()) as Saved[];
      const tab = { id: "first", type: "tab", label: "first" };
      await deploy([...deployed, tab, CONNECTION, ...NODES]);
    });

    beforeEach(async () => {
      asked = [];
      lab.provoked = PROVOKED;
      await lab.editor.open();
    });

    afterEach(async () => {
      await lab.page.unroute(RESOURCES);
      await lab.editor.closeAll();
    });

    /** Deploys behind the editor's back. */
    async function deploy(nodes: readonly Saved[]): Promise<void> {
      const headers = { "content-type": "application/json" };
      const url = new URL("flows", lab.demo.nodeRed.url);
      const { status } = await fetch(url, { method: "POST", headers, body: JSON.stringify(nodes) });
      assert.equal(status, 204);
    }

    const dialogs = () => asked.filter((file) => file.startsWith("dialogs"));
    const note = () => lab.page.locator(".red-ui-tray [role=status]", { hasText: /^(Loading …|The dialog)/ });
    const says = (text: RegExp) => note().filter({ hasText: text }).waitFor();
    const isShut = () => lab.page.locator("form[inert]").count();

    /** Answers what is asked of the package, where it is about this file. */
    const serve = (file: RegExp, answer: (route: Route) => Promise<void>) =>
      lab.page.route(RESOURCES, (route) =>
        file.test(route.request().url()) ? answer(route) : route.continue(),
      );
    const FAILURES: Record<string, (route: Route) => Promise<void>> = {
      "Node-RED cannot be reached": (route) => route.abort(),
      // As after an update of the package.
      "the file is there no more": (route) => route.fulfill({ status: 404 }),
      "what comes is no script": (route) =>
        route.fulfill({ contentType: "text/javascript", body: "<html>Sign in</html>" }),
    };

    /** What the editor would deploy; credentials are in it where they were changed. */
    const held = () =>
      lab.page.evaluate<Saved[]>("JSON.parse(JSON.stringify(RED.nodes.createCompleteNodeSet()))");
    const isDirty = () => lab.page.evaluate<boolean>("RED.nodes.dirty()");

    async function openDialog({ id, type }: { id: string; type: string }): Promise<void> {
      await lab.page.evaluate(
        type === "influxdb-connection"
          ? `RED.editor.editConfig("", "${type}", "${id}")`
          : `RED.editor.edit(RED.nodes.node("${id}"))`,
      );
      await lab.page.locator(".red-ui-tray form").first().waitFor({ state: "attached" });
    }

    async function close(button: "ok" | "cancel"): Promise<void> {
      await lab.editor.settled();
      await lab.page.locator(`#node-dialog-${button}, #node-config-dialog-${button}`).click();
      await lab.page.locator(".red-ui-tray").waitFor({ state: "detached" });
    }

    it("is nothing of the dialogs and the sidebar as it opens, and each script once", async () => {
      assert.deepEqual(asked.toSorted(), ["nodes.js", "sidebar.js"]);
      for (const node of [NODES[0]!, NODES[1]!, CONNECTION]) {
        await openDialog(node);
        await lab.page.locator("[id$=-input-name]").waitFor();
        await close("cancel");
      }
      assert.equal(dialogs().length, 1);
      assert.equal(asked.length, 3);
    });

    it("is the tab of the sidebar when it is first shown, and again if it does not come", async () => {
      const tab = lab.page.locator("#influxdb-tokens-inventory");
      await serve(INVENTORY, (route) => route.abort());
      await lab.page.evaluate("RED.actions.invoke('influxdb-tokens:show-inventory')");
      await tab.getByText("could not be loaded").waitFor();
      await lab.editor.screenshot(`sidebar not loaded ${version}`);
      await lab.page.unroute(RESOURCES);
      await tab.getByRole("button", { name: "Try again" }).click();
      await tab.locator("[data-part=connection]").waitFor();
      assert.equal(await tab.getByText("could not be loaded").count(), 0);
    });

    /** Opens dialogs in vain, and ends them. */
    async function openInVain(nodes: readonly Saved[], button: "ok" | "cancel"): Promise<void> {
      for (const node of nodes) {
        await openDialog(node);
        await says(/could not be loaded/);
        assert.equal(await isShut(), 1);
        await close(button);
      }
    }

    it("is missed by no node whose dialog it does not reach", async () => {
      const before = await held();
      await serve(DIALOGS, (route) => route.abort());
      await openInVain([...NODES, CONNECTION], "ok");
      assert.deepEqual(await held(), before);
      assert.equal(await isDirty(), false);
    });

    for (const [failure, answer] of Object.entries(FAILURES)) {
      it(`is not missed where ${failure}`, async () => {
        const before = await held();
        await serve(DIALOGS, answer);
        await openInVain(EACH_KIND.slice(-2), "ok");
        await openInVain(EACH_KIND.slice(-2), "cancel");
        assert.deepEqual(await held(), before);
        assert.equal(await isDirty(), false);
      });
    }

    it("says so, and the next dialog tries again", async () => {
      const { editor } = lab;
      await editor.openFlow("first");
      await serve(DIALOGS, (route) => route.abort());
      await openDialog(NODES[0]!);
      await says(/could not be loaded/);
      await editor.screenshot(`dialog not loaded ${version}`);
      await close("cancel");
      await lab.page.unroute(RESOURCES);
      await openDialog(NODES[0]!);
      await editor.input("name").waitFor();
      assert.equal(await note().count(), 0);
      assert.equal(dialogs().length, 2);
    });

    for (const node of EACH_KIND) {
      it(`shows the dialog of "${String(node.name)}" late as it would at once, and saves the same`, async () => {
        const { page } = lab;
        /** All fields, and how they are marked. */
        const shown = async () => {
          await page.locator(".red-ui-tray [id$=-input-name]").waitFor();
          await lab.editor.settled();
          await page.waitForFunction("document.querySelector('.red-ui-tray .input-error')");
          return page.evaluate(() =>
            [
              ...document.querySelectorAll<HTMLInputElement>("form :is(input, select, textarea, details)"),
            ].map((each) => [
              ...[
                each.id,
                each.dataset.section,
                each.className,
                each.value,
                each.checked,
                each.indeterminate,
              ],
              ...[
                each.getAttribute("aria-description"),
                each.checkVisibility(),
                each.hasAttribute("open"),
                each.querySelectorAll("option").length,
              ],
            ]),
          );
        };
        let release: () => void = () => undefined;
        const released = new Promise<void>((resolve) => (release = resolve));
        await serve(DIALOGS, async (route) => {
          await released;
          await route.continue();
        });
        await openDialog(node);
        await says(/Loading/);
        await lab.editor.settled();
        assert.equal(await isShut(), 1);
        release();
        const late = await shown();
        await close("ok");
        const saved = await held();
        await lab.editor.open();
        // Any other, so that the script is there.
        await openDialog(NODES.find((each) => each !== node)!);
        await page.locator("#node-input-name").waitFor();
        await close("cancel");
        await openDialog(node);
        assert.deepEqual(late, await shown());
        await close("ok");
        assert.deepEqual(saved, await held());
      });
    }

    it("leaves alone a dialog that is closed when it comes, and fills the one that is open then", async () => {
      const { editor } = lab;
      const before = await held();
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      await serve(DIALOGS, async (route) => {
        await released;
        await route.continue();
      });
      const [first, second] = NODES as [Saved, Saved];
      await openDialog(first);
      await says(/Loading/);
      await close("ok");
      await openDialog(second);
      await says(/Loading/);
      release();
      await editor.input("name").waitFor();
      // Two copies of it would not know each other's tables.
      assert.equal(dialogs().length, 1);
      assert.equal(await editor.input("name").inputValue(), second.name);
      await editor.type(editor.input("name"), "renamed");
      await close("ok");
      assert.equal(await editor.property(second.id, "name"), "renamed");
      assert.equal(await editor.property(first.id, "name"), first.name);
      // What is deployed, and a second time.
      for (const name of ["renamed", "again"]) {
        await deploy(await held());
        await editor.open();
        assert.equal(await editor.property(second.id, "name"), name);
        await openDialog(second);
        await editor.type(editor.input("name"), "again");
        await close("ok");
      }
      assert.deepEqual(
        (await held()).filter(({ id }) => id !== second.id),
        before.filter(({ id }) => id !== second.id),
      );
    });
  });
