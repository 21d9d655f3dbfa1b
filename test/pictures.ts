/** The pictures of the README, made from the demo: `npm run pictures`. */
import { resolve } from "node:path";
import type { Locator, Page } from "playwright-core";
import { readExample } from "../simulator/node-red.js";
import { startDemo } from "../simulator/start-demo.js";
import { Editor } from "./editor/editor.js";
import { startBrowser } from "./helpers/browser.js";

const VIEWPORT = { width: 1640, height: 800 };
/** The usual ones, for the pictures show one. */
const PORTS = { nodeRed: 1880, influxdb: 8086, influxdb3: 8181, mqtt: 1883, secrets: 8200 };
const PICTURES = resolve(import.meta.dirname, "../docs/pictures");

/** What changes from time to time, or hides what is shown. */
const NEVER = "#red-ui-notifications, .red-ui-help-tips { display: none !important }";
const NO_FLOW = "#red-ui-workspace { visibility: hidden }";

async function take(editor: Editor, page: Page): Promise<void> {
  const file = (name: string) => resolve(PICTURES, `${name}.png`);
  /** A part of the editor, without the flow beside it. */
  const part = async (name: string, of: Locator) => {
    await editor.settled();
    await of.screenshot({ path: file(name), style: NEVER + NO_FLOW });
  };

  for (const button of ["find", "delete what was found"]) {
    const id = await editor.named(button);
    await editor.debugAfter(() => editor.inject(id));
  }
  await editor.status(await editor.named("delete it"), "1 deleted");
  // Off the debug message, which marks its node.
  await page.mouse.move(1000, 690);
  await editor.settled();
  // Without the palette, and the button of the demo.
  const clip = { x: 216, y: 0, width: VIEWPORT.width - 216, height: 704 };
  await page.screenshot({ path: file("find-and-delete"), style: NEVER, clip });

  const [rotate] = (await readExample("rotate an authorization")).filter(({ type }) => type === "tab");
  const shown = await editor.flow();
  await page.setViewportSize({ width: VIEWPORT.width, height: 900 });
  // Its tab may be out of sight.
  await page.evaluate(`RED.workspaces.show("${rotate?.id}")`);
  await page.evaluate("RED.actions.invoke('core:clear-debug-messages')");
  const id = await editor.named("rotate");
  await editor.debugAfter(() => editor.inject(id));
  await editor.status(await editor.named("replace it"), "1 handed over, 1 replaced");
  await page.mouse.move(1000, 790);
  await editor.settled();
  await page.screenshot({ path: file("rotate"), style: NEVER, clip: { ...clip, height: 785 } });
  await page.evaluate(`RED.workspaces.show("${shown}")`);
  await page.setViewportSize(VIEWPORT);

  const dialog = page.locator(".red-ui-tray").last();
  await editor.openDialog(await editor.named("first of the user"));
  await part("list-dialog", dialog);
  await page.locator("#node-input-btn-connection-edit").click();
  await page.locator("#node-config-dialog-ok").waitFor();
  await part("connection-dialog", dialog);
  await editor.closeAll();

  await page.evaluate("RED.actions.invoke('influxdb-tokens:show-inventory')");
  // As tall as the window, without the debug messages beneath.
  await page.setViewportSize({ width: VIEWPORT.width, height: 1400 });
  const tab = page.locator("#influxdb-tokens-inventory");
  await tab.locator("[data-part=connection]").selectOption({ index: 1 });
  await tab.locator(".influxdb-tokens-entry").first().waitFor();
  await part("inventory", tab);
}

async function main(): Promise<void> {
  const demo = await startDemo({ ports: PORTS });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage({ viewport: VIEWPORT, locale: "en-US" });
    const editor = new Editor(page, demo.nodeRed.url);
    await editor.open();
    await take(editor, page);
  } finally {
    await browser.close();
    await demo.close();
  }
}

void main();
