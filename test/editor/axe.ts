import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Page } from "playwright-core";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Bait for the browser's password manager, which the editor puts into forms and shows nobody. */
const BAIT = "[id^=red-ui-trap-]";

/**
 * Asserts that axe-core finds nothing serious or critical in a part of the page; the error names rules and elements.
 * @param part a CSS selector.
 */
export async function assertAccessible(page: Page, part: string): Promise<void> {
  if (!(await page.evaluate("'axe' in window"))) {
    await page.addScriptTag({ content: SOURCE });
    // The editor's body has no height and hides what overflows, so axe-core would take all text for hidden.
    await page.addStyleTag({ content: "body { height: 100vh }" });
  }
  const context = { include: [part], exclude: [BAIT] };
  const options = { resultTypes: ["violations"] };
  const { violations } = await page.evaluate<axe.AxeResults>(
    `axe.run(${JSON.stringify(context)}, ${JSON.stringify(options)})`,
  );
  const found = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
  assert.deepEqual(found, []);
}
