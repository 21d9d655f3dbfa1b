/// <reference lib="dom" />
import assert from "node:assert/strict";
import { resolve } from "node:path";
import type { Locator, Page } from "playwright-core";
import { startDemo, type Demo } from "../../simulator/start-demo.js";
import { startBrowser } from "../helpers/browser.js";
import { closing } from "../helpers/closing.js";

const SCREENSHOTS = resolve(import.meta.dirname, "../../.screenshots");

/** What the browser reports where a field with look-ups asks a connection that is not deployed or cannot answer. */
export const LOOKUP_FAILED = /status of \d+ .*\/lookup\?/;

/** A Node-RED with the package and a connection to the simulator, and its editor in a browser. */
export interface Lab {
  demo: Demo;
  page: Page;
  editor: Editor;
  /** What the browser may report in this test, which provokes it. */
  provoked?: RegExp | undefined;
}

/**
 * One lab for the tests of a `describe`, started before the first and ended after the last. A test fails on any
 * error in the browser's console; one that fails leaves a screenshot.
 */
export function useLab(version: "node-red" | "node-red-4" = "node-red"): Lab {
  const lab = {} as Lab;
  const also = closing(after);
  let problems: string[] = [];

  before(async function () {
    this.timeout(60_000);
    lab.demo = await also(startDemo({ examples: [], version }));
    const browser = await also(startBrowser());
    const viewport = { width: 1500, height: 950 };
    // In the language of the words that the tests look for.
    lab.page = await browser.newPage({ viewport, colorScheme: "light", locale: "en-US" });
    lab.page.setDefaultTimeout(8000);
    // The editor asks for the list of all packages as it starts; the tests need no network.
    await lab.page.route("https://catalogue.nodered.org/**", (route) =>
      route.fulfill({ json: { name: "empty", modules: [] } }),
    );
    lab.page.on("pageerror", (error) => problems.push(String(error.stack ?? error)));
    lab.page.on("console", (message) => {
      if (message.type() === "error") problems.push(`${message.text()} (${message.location().url})`);
    });
    lab.editor = new Editor(lab.page, lab.demo.nodeRed.url);
    await lab.editor.open();
  });

  afterEach(async function () {
    const test = this.currentTest;
    if (test?.state === "failed") {
      // The picture leaves out what the editor asks, as it does before it deploys a node that is wrong.
      const asked = lab.page.locator(".red-ui-notification:visible", { has: lab.page.locator("button") });
      console.log(await asked.allInnerTexts());
      // The last one first: locators count from the first.
      for (const question of (await asked.all()).toReversed())
        await question.getByRole("button").first().click();
      await lab.editor.screenshot(`failed ${test.title}`);
      await lab.editor.closeAll();
    }
    const found = problems.filter((problem) => !lab.provoked?.test(problem));
    problems = [];
    lab.provoked = undefined;
    assert.deepEqual(found, [], "the browser reports errors");
  });

  return lab;
}

/** What a user does in the editor, by its mouse and its keyboard; the words are Node-RED's. */
export class Editor {
  constructor(
    readonly page: Page,
    private readonly url: string,
  ) {}

  /** Loads the editor anew, with what is deployed. */
  async open(): Promise<void> {
    await this.page.goto(this.url);
    // The palette is filled before the flows are there, and the progress bar is hidden before it is shown.
    await this.page.waitForFunction("window.RED?.workspaces?.active?.() || false");
    await this.page.locator("#red-ui-loading-progress").waitFor({ state: "hidden" });
    await this.palette("influxdb-list-authorizations").waitFor();
    // A click can miss what still moves, such as a list that unfolds.
    await this.page.evaluate("$.fx.off = true");
  }

  async screenshot(name: string, of: Page | Locator = this.page): Promise<void> {
    await this.settled();
    await of.screenshot({
      // Notifications would lie over the flow.
      style: "#red-ui-notifications { display: none }",
      path: resolve(SCREENSHOTS, `${name.replace(/[^\w -]/g, "")}.png`),
    });
  }

  /** A picture of the flow that is shown, and of nothing around it. */
  async picture(name: string): Promise<void> {
    await this.page.evaluate("RED.view.select({ nodes: [] })");
    await this.scrollBack();
    await this.settled();
    const boxes = await this.page.evaluate<DOMRect[]>(
      "[...document.querySelectorAll('.red-ui-flow-node-group')].map((node) => node.getBoundingClientRect().toJSON())",
    );
    const margin = 10;
    const x = Math.min(...boxes.map(({ left }) => left)) - margin;
    const y = Math.min(...boxes.map(({ top }) => top)) - margin;
    const right = Math.max(...boxes.map((box) => box.right)) + margin;
    const bottom = Math.max(...boxes.map((box) => box.bottom)) + margin;
    await this.page.screenshot({
      style: "#red-ui-notifications, .red-ui-workspace-scrollbar { display: none }",
      path: resolve(SCREENSHOTS, `picture ${name}.png`),
      clip: { x, y, width: right - x, height: bottom - y },
    });
  }

  /** Waits until dialogs and notifications do not move any more. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(() =>
      document
        .getAnimations()
        // Longer ones draw attention to something for a while.
        .every(
          ({ playState, effect }) =>
            playState !== "running" || Number(effect?.getComputedTiming().activeDuration) > 2000,
        ),
    );
    await this.page.waitForFunction("$(':animated').length === 0");
  }

  /** Turns the dark theme on or off, as the setting of Node-RED 5 does. */
  async dark(on: boolean): Promise<void> {
    await this.page.evaluate((on) => document.documentElement.classList.toggle("nr-theme-dark", on), on);
  }

  // The workspace.

  palette(type: string): Locator {
    return this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
  }

  /** Shows the beginning of the flow, which a dialog can have scrolled away. */
  async scrollBack(): Promise<void> {
    await this.page.evaluate("$('#red-ui-workspace-chart').scrollLeft(0).scrollTop(0)");
  }

  /** A new, empty flow. */
  async addFlow(): Promise<void> {
    const before = await this.flow();
    await this.page.locator(".red-ui-tab-button.red-ui-tabs-add a").click();
    await this.page.waitForFunction(`RED.workspaces.active() !== ${JSON.stringify(before)}`);
  }

  /** Shows the flow with this label. */
  async openFlow(label: string): Promise<void> {
    await this.page.locator("#red-ui-workspace-tabs .red-ui-tab-label", { hasText: label }).click();
    await this.page.waitForFunction(
      `RED.nodes.workspace(RED.workspaces.active())?.label === ${JSON.stringify(label)}`,
    );
  }

  /** ID of the flow that is shown. */
  async flow(): Promise<string> {
    return this.page.evaluate("RED.workspaces.active()");
  }

  /** Drags a node from the palette to a point of the workspace, and gives its id. */
  async drag(type: string, x: number, y: number): Promise<string> {
    const ids = async () => this.page.evaluate<string[]>("RED.nodes.filterNodes({}).map((node) => node.id)");
    const before = await ids();
    const workspace = await boxOf(this.page.locator("#red-ui-workspace-chart"));
    await this.palette(type).scrollIntoViewIfNeeded();
    await this.mouse(this.palette(type), { x: workspace.x + x, y: workspace.y + y });
    const id = (await ids()).find((each) => !before.includes(each));
    assert.ok(id, `${type} is in the workspace`);
    return id;
  }

  /** Drags a wire from an output to an input. */
  async wire(from: string, to: string, output = 0): Promise<void> {
    const port = this.node(from).locator(".red-ui-flow-port-output .red-ui-flow-port").nth(output);
    const input = await boxOf(this.node(to).locator(".red-ui-flow-port-input .red-ui-flow-port"));
    await this.mouse(port, { x: input.x + input.width / 2, y: input.y + input.height / 2 });
    await this.page.waitForFunction(
      `RED.nodes.filterLinks({ source: RED.nodes.node("${from}"), target: RED.nodes.node("${to}") }).length === 1`,
    );
  }

  /** Drags a node to another place. */
  async move(id: string, right: number, down: number): Promise<void> {
    const { x, y, width, height } = await boxOf(this.node(id));
    await this.mouse(this.node(id), { x: x + width / 2 + right, y: y + height / 2 + down });
  }

  private async mouse(from: Locator, to: { x: number; y: number }): Promise<void> {
    const box = await boxOf(from);
    const { mouse } = this.page;
    await mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await mouse.down();
    await mouse.move(to.x - 10, to.y - 10, { steps: 8 });
    await mouse.move(to.x, to.y, { steps: 4 });
    await mouse.up();
  }

  node(id: string): Locator {
    return this.page.locator(`.red-ui-flow-node-group[id="${id}"]`);
  }

  /** The id of the node that has this name, on the flow that is shown. */
  async named(name: string): Promise<string> {
    const id = await this.page.evaluate<string | undefined>(
      `RED.nodes.filterNodes({ z: RED.workspaces.active() }).find((node) => node.name === ${JSON.stringify(name)})?.id`,
    );
    assert.ok(id, `there is a node named ${name}`);
    return id;
  }

  /** A property of a node as the editor has it. */
  async property(id: string, name: string): Promise<unknown> {
    return this.page.evaluate(`RED.nodes.node("${id}")["${name}"]`);
  }

  /** Waits until the text under a node is so. */
  async status(id: string, text: string): Promise<void> {
    const label = this.node(id).locator(".red-ui-flow-node-status-label");
    await waitFor(async () => (await label.textContent()) ?? "", text);
  }

  /** Waits until the node has the red triangle, or has it no more. */
  async wrong(id: string, wrong = true): Promise<void> {
    await this.node(id)
      .locator(".red-ui-flow-node-error")
      .waitFor({ state: wrong ? "visible" : "hidden" });
    assert.equal(await this.property(id, "valid"), !wrong);
  }

  /** Clicks the button of an inject node. */
  async inject(id: string): Promise<void> {
    await this.node(id).locator(".red-ui-flow-node-button-button").click();
  }

  /** So that what a node shows from now on is not taken for what it has shown before. */
  async forgetStatuses(): Promise<void> {
    await this.page.evaluate("RED.nodes.eachNode((node) => { delete node.status; })");
  }

  async deploy(): Promise<void> {
    const deployed = this.page.waitForResponse(
      (response) => response.request().method() === "POST" && response.url().endsWith("/flows"),
    );
    await this.page.locator("#red-ui-header-button-deploy:not(.disabled)").click();
    assert.ok((await deployed).ok());
    await this.page.getByText("Successfully deployed").last().waitFor();
    // Node-RED 4 has others than Node-RED 5.
    for (const shade of ["full", "header", "editor", "palette", "sidebar"])
      await this.page.locator(`#red-ui-${shade}-shade`).waitFor({ state: "hidden" });
  }

  // Dialogs.

  /** The editor takes two clicks in the same millisecond for one. */
  async openDialog(id: string): Promise<void> {
    await this.node(id).locator(".red-ui-flow-node").first().dblclick({ delay: 20 });
    await this.formShown("node");
  }

  /** Waits for the form of a dialog. Its buttons are there before, for it waits for credentials; the first is empty, too. */
  async formShown(of: "node" | "node-config"): Promise<void> {
    await this.page.locator(`#${of}-input-name`).waitFor();
    await this.page.locator("form[inert]").waitFor({ state: "detached" });
    await this.settled();
  }

  async done(): Promise<void> {
    await this.close("#node-dialog-ok");
  }

  async cancel(): Promise<void> {
    await this.close("#node-dialog-cancel");
  }

  /** Whatever dialogs are open. */
  async closeAll(): Promise<void> {
    // Import and export.
    await this.page.evaluate("$('.ui-dialog-content:visible').dialog('close')");
    const cancel = this.page.locator("#node-config-dialog-cancel, #node-dialog-cancel");
    while ((await cancel.count()) > 0) {
      const button = await cancel.last().elementHandle();
      await button?.click();
      // What was beneath the dialog comes back at once, with a button of the same id.
      await this.page.waitForFunction((clicked) => !clicked?.isConnected, button);
      await this.settled();
    }
  }

  /** Opens the dialog of the connection that a node's dialog names, or of a new one. */
  async openConfig(button: "add" | "edit"): Promise<void> {
    await this.page.locator(`#node-input-btn-connection-${button}`).click();
    await this.formShown("node-config");
  }

  /** Ends the dialog of a configuration node that was opened from another dialog. */
  async closeConfig(button: "ok" | "cancel" | "delete"): Promise<void> {
    const dialog = this.page.locator("#node-config-dialog-ok");
    const byText = this.page.locator(".red-ui-tray-toolbar:visible button.leftButton").last();
    await (button === "delete" ? byText : this.page.locator(`#node-config-dialog-${button}`)).click();
    await dialog.waitFor({ state: "detached" });
    await this.settled();
  }

  private async close(button: string): Promise<void> {
    await this.page.locator(button).click();
    await this.page.locator(".red-ui-tray").waitFor({ state: "detached" });
    await this.settled();
  }

  input(name: string): Locator {
    return this.page.locator(`#node-input-${name}`);
  }

  /** Types into a field as a user does, instead of what it holds. */
  async type(field: Locator, text: string): Promise<void> {
    await this.unfold(field);
    await field.click();
    await field.press("ControlOrMeta+a");
    await field.press("Delete");
    await field.pressSequentially(text);
    await field.press("Tab");
  }

  /** Types so that only the whole text is looked up, however slow the keys are: it is looked up when a key comes up. */
  async typeToLookUp(field: Locator, text: string): Promise<void> {
    await field.fill(text.slice(0, -1));
    await field.press(text.slice(-1));
  }

  /** Opens the section in which a field may be folded away. */
  async unfold(field: Locator): Promise<void> {
    await field.waitFor({ state: "attached" });
    const folded = field.locator("xpath=ancestor::details[not(@open)]/summary");
    if ((await folded.count()) > 0) await folded.click();
  }

  /** All that is to be seen of a TypedInput. */
  host(name: string): Locator {
    return this.page.locator(`.influxdb-field:has(> #node-input-${name})`);
  }

  /** What of a TypedInput is marked where it is wrong: its frame, or what stands in its place. */
  typedInput(name: string): Locator {
    const host = `.influxdb-field:has(> #node-input-${name})`;
    const behindMenu = ["nothing", "age", "date", "input"].map(
      (shown) => `${host}[data-shown="${shown}"] > [data-part="${shown}"]`,
    );
    return this.page.locator([`${host}:not([data-shown]) > [data-part="input"]`, ...behindMenu].join(", "));
  }

  /** The menu before a TypedInput. */
  menuOf(name: string): Locator {
    return this.host(name).locator(`> [data-part="nothing"]`);
  }

  /** The row of a filter; its last one if none is named. */
  filterRow(name?: string): Locator {
    const rows = this.page.locator(".influxdb-filter-row");
    return name === undefined ? rows.last() : rows.filter({ has: this.page.locator(`#node-input-${name}`) });
  }

  /** Adds a row, and chooses what it is about: a filter without "Before" or "After". */
  async addFilter(topic: string): Promise<void> {
    await this.page.locator(".red-ui-editableList-addButton").click();
    await this.filterRow().getByRole("combobox", { name: "Filter", exact: true }).selectOption(topic);
  }

  /** Chooses the type of a TypedInput, and a value where it has one: typed in, or from its list. */
  async choose(name: string, type: string, value?: string): Promise<void> {
    if (!(await this.host(name).isVisible())) await this.addFilter(name.replace(/(Before|After)$/, ""));
    const menu = this.menuOf(name);
    if ((await menu.count()) > 0) {
      const offered = await menu
        .locator("option")
        .evaluateAll((options) => options.map((each) => (each as HTMLOptionElement).value));
      const way = [type, value].map((key) => `${name}/${key}`).find((key) => offered.includes(key));
      await menu.selectOption(way ?? `${name}/input`);
      if (way !== undefined) return;
    }
    const frame = this.host(name).locator(".red-ui-typedInput-container");
    await frame.locator(".red-ui-typedInput-type-select").click();
    await this.option(type).click();
    if (value === undefined) return;
    const list = frame.locator(".red-ui-typedInput-option-trigger");
    if (await list.isVisible()) {
      await list.click();
      await this.option(value).click();
    } else {
      await this.type(frame.locator(".red-ui-typedInput-input"), value);
    }
  }

  private option(value: string): Locator {
    return this.page.locator(`.red-ui-typedInput-options:visible a[value="${value}"]`);
  }

  /** Waits until a field of the open dialog is shown as wrong, or as right; gives what it says of itself. */
  async fieldWrong(field: Locator, wrong = true): Promise<string> {
    await waitFor(async () => /\binput-error\b/.test((await field.getAttribute("class")) ?? ""), wrong);
    // The editor's own marks are in the name.
    return (await field.getAttribute("aria-description")) ?? (await field.getAttribute("aria-label")) ?? "";
  }

  /** Holds the mouse over a field until it says so. */
  async says(field: Locator, text: RegExp): Promise<void> {
    await this.page.locator("[id=node-input-name], [id=node-config-input-name]").last().hover();
    await field.hover();
    await this.page.locator(".red-ui-popover:visible", { hasText: text }).waitFor();
  }

  // The debug sidebar.

  debugMessages(): Locator {
    return this.page.locator(".red-ui-debug-content-list .red-ui-debug-msg");
  }

  /** Does something, and waits for the message that it makes a debug node show: its name, and the opened text. */
  async debugAfter(action: () => Promise<void>): Promise<{ name: string; text: string }> {
    const messages = this.debugMessages();
    const before = await messages.count();
    await action();
    const message = messages.nth(before);
    const handle = message.locator(".red-ui-debug-msg-object-handle").first();
    await message.waitFor();
    if (await handle.isVisible()) await handle.click();
    return {
      name: await message.locator(".red-ui-debug-msg-name").innerText(),
      text: await message.locator(".red-ui-debug-msg-payload").innerText(),
    };
  }

  // Import and export.

  /** Opens the examples of the package in the import dialog, by the menu. */
  async openExamples(): Promise<void> {
    await this.menu("#menu-item-import");
    // Until then a click on a tab can get lost.
    await this.page.waitForFunction("document.activeElement?.id === 'red-ui-clipboard-dialog-import-text'");
    await this.settled();
    await this.page.locator(".red-ui-clipboard-dialog-tabs").getByText("Examples").click();
    await this.library("@token-flows/node-red-influxdb-tokens").click();
  }

  /** The files that are listed in the import dialog. */
  examples(): Locator {
    return this.page.locator(
      ".red-ui-clipboard-dialog-tab-library:visible .red-ui-treeList-label:visible .fa-file-o",
    );
  }

  private library(text: string): Locator {
    return this.page.locator(".red-ui-clipboard-dialog-tab-library:visible").getByText(text, { exact: true });
  }

  /** Imports an example, and keeps the connection (and broker) that is there already. */
  async importExample(name: string, { isAllNew = false } = {}): Promise<void> {
    await this.openExamples();
    await this.library(name).click();
    await this.page.locator("#red-ui-clipboard-dialog-ok").click();
    if (!isAllNew) {
      await this.page.getByRole("button", { name: "View nodes..." }).click();
      await this.page.locator("#red-ui-clipboard-dialog-import-conflict").click();
    }
    await this.page.locator("#red-ui-clipboard-dialog").waitFor({ state: "hidden" });
  }

  /** Imports nodes by the import dialog, as copies if some of them are there already. */
  async importCopy(text: string): Promise<void> {
    const ids = (JSON.parse(text) as { id: string }[]).map(({ id }) => id);
    const find = "(id) => RED.nodes.node(id) || RED.nodes.workspace(id) || RED.nodes.group(id)";
    const isThere = await this.page.evaluate(`${JSON.stringify(ids)}.some(${find})`);
    await this.importText(text);
    if (isThere) await this.page.getByRole("button", { name: "Import copy" }).click();
    await this.page.locator("#red-ui-clipboard-dialog").waitFor({ state: "hidden" });
  }

  /** Enters nodes into the import dialog, and clicks Import. */
  async importText(text: string): Promise<void> {
    await this.menu("#menu-item-import");
    const field = this.page.locator("#red-ui-clipboard-dialog-import-text");
    await field.fill(text);
    // The dialog listens to the keyboard.
    await field.press("End");
    await this.page.locator("#red-ui-clipboard-dialog-ok").click();
  }

  /** How many changes could be taken back. */
  async changes(): Promise<number> {
    return this.page.evaluate("RED.history.depth()");
  }

  /** Takes changes back until there are so many. */
  async undoTo(changes: number): Promise<void> {
    await this.page.evaluate(`while (RED.history.depth() > ${changes}) RED.history.pop()`);
  }

  /** Makes all changes again that were taken back. */
  async redoAll(): Promise<void> {
    await this.page.evaluate(
      "{ let depth = -1; while (RED.history.depth() > depth) { depth = RED.history.depth(); RED.history.redo(); } }",
    );
  }

  /** How many connections there are. */
  async connections(): Promise<number> {
    return this.page.evaluate(
      "let count = 0; RED.nodes.eachConfig(({ type }) => { count += type === 'influxdb-connection' }); count",
    );
  }

  async menu(item: string): Promise<void> {
    await this.page.locator("#red-ui-header-button-sidemenu").click();
    await this.page.locator(item).click();
  }
}

async function boxOf(locator: Locator) {
  await locator.waitFor();
  const box = await locator.boundingBox();
  assert.ok(box);
  return box;
}

/** Waits until what is looked up is as expected; says what it was where that takes too long. */
export async function waitFor<T>(look: () => Promise<T> | T, expected: T): Promise<void> {
  const end = performance.now() + 8000;
  for (;;) {
    const found = await look();
    if (found === expected) return;
    if (performance.now() > end) assert.deepEqual(found, expected);
    await new Promise((next) => setTimeout(next, 25));
  }
}
