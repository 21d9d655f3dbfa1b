import assert from "node:assert/strict";
import { OPERATION_NAMES } from "../helpers/package.js";
import { assertAccessible } from "./axe.js";
import { useLab, type Lab } from "./editor.js";

const LARGE = { width: 1500, height: 950 };
const SMALL = { width: 900, height: 600 };
const NODE = "#dialog-form";
const CONNECTION = "#node-config-dialog-edit-form";

for (const version of ["node-red", "node-red-4"] as const)
  describe(`the dialogs in ${version}, for all who use them`, function () {
    this.timeout(60_000);
    const lab = useLab(version);
    const looks = [
      { look: "light", dark: false, viewport: LARGE },
      // Node-RED 4 has one theme.
      ...(version === "node-red" ? [{ look: "dark", dark: true, viewport: LARGE }] : []),
      { look: "small", dark: false, viewport: SMALL },
    ];

    beforeEach(() => lab.editor.addFlow());
    afterEach(async () => {
      await lab.editor.closeAll();
      await lab.editor.dark(false);
      await lab.page.setViewportSize(LARGE);
    });

    async function check(form: string, picture: string): Promise<void> {
      const { editor, page } = lab;
      await page.evaluate('$("details[data-section]").prop("open", true)');
      await editor.screenshot(`${picture} ${version}`);
      await assertAccessible(page, form);
      await fitIn(lab, form);
    }

    for (const { look, dark, viewport } of looks) {
      const open = async (name: string) => {
        const { editor, page } = lab;
        const node = await editor.drag(`influxdb-${name}`, 100, 100);
        await page.setViewportSize(viewport);
        await editor.dark(dark);
        await editor.openDialog(node);
      };

      for (const name of OPERATION_NAMES) {
        it(`${name}: ${look}`, async () => {
          await open(name);
          await check(NODE, `${name} ${look}`);
          // All filters of a list.
          const filters = lab.page.locator(`${NODE} .red-ui-editableList:has(#influxdb-filters)`);
          const add = filters.locator(".red-ui-editableList-addButton");
          while ((await add.count()) > 0 && (await add.isEnabled())) await add.click();
          for (const type of ["msg", "jsonata"]) {
            await lab.page.evaluate(
              `$("${NODE} .red-ui-typedInput").each(function () { $(this).typedInput("type", "${type}") })`,
            );
            await check(NODE, `${name} ${look} ${type}`);
          }
          await tabThrough(lab, NODE);
        });
      }

      for (const name of ["list-authorizations", "list-database-tokens", "list-influxdb3-tokens"]) {
        it(`the connection of ${name}: ${look}`, async () => {
          const { editor } = lab;
          await open(name);
          await editor.openConfig("add");
          await check(CONNECTION, `connection of ${name} ${look}`);
          await tabThrough(lab, CONNECTION);
        });
      }
    }
  });

/** Sees that nothing of a form is cut off at its right. */
async function fitIn({ page }: Lab, form: string): Promise<void> {
  const cut = await page.locator(form).evaluate((element) => {
    const { right } = element.closest(".red-ui-tray-body-wrapper")!.getBoundingClientRect();
    return [...element.querySelectorAll("*")]
      .filter((each) => each.getBoundingClientRect().right > right)
      .map((each) => each.outerHTML.slice(0, 100));
  });
  assert.deepEqual(cut, []);
}

/** Sees that the Tab key leads through all controls of a form, in their order. */
async function tabThrough({ page }: Lab, form: string): Promise<void> {
  const controls = page.locator(form).locator("input, select, textarea, button, summary, a[href]");
  const count = await controls.evaluateAll((elements) => {
    const shown = elements.filter(
      (element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches(":disabled"),
    );
    for (const [index, element] of shown.entries()) element.setAttribute("data-order", String(index));
    return shown.length;
  });
  assert.ok(count > 0);
  await page.locator("[data-order='0']").focus();
  for (let index = 0; index < count; index++) {
    await page.locator(`[data-order='${index}']:focus`).waitFor();
    await page.keyboard.press("Tab");
  }
}
