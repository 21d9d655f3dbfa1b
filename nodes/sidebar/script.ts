import { onDemand } from "../editor/on-demand.js";
import type { Editor, Plugin } from "./api.js";
import { button, element } from "./elements.js";
import type * as Inventory from "./inventory.js";

/* What the editor runs as it opens: `sidebar.html` loads this file, and calls what it exports. */

declare const RED: Editor;
/** The name that the build gives the file. */
declare const INVENTORY: string;

/** The tab, and its element. */
const ID = "influxdb-tokens-inventory";
const ACTION = "influxdb-tokens:show-inventory";

const inventory = onDemand<typeof Inventory>(INVENTORY);

/** Adds the tab to the sidebar, which is filled when it is first shown. */
export function addInventory(plugin: Plugin): void {
  const root = element("div");
  root.id = ID;
  RED.actions.add(ACTION, () => RED.sidebar.show(ID), { label: plugin._("show") });
  RED.sidebar.addTab({
    id: ID,
    label: plugin._("tab"),
    name: plugin._("name"),
    iconClass: "fa fa-key",
    content: root,
    enableOnEdit: true,
    action: ACTION,
  });
  const whenShown = new IntersectionObserver((entries) => {
    if (!entries.at(-1)?.isIntersecting) return;
    whenShown.disconnect();
    void fill(root, plugin);
  });
  whenShown.observe(root);
}

async function fill(root: HTMLElement, plugin: Plugin): Promise<void> {
  root.textContent = plugin._("loading");
  try {
    const { fill } = await inventory.load();
    fill(root, plugin);
  } catch {
    root.replaceChildren(
      element("p", "", plugin._("notLoaded")),
      button("red-ui-button", plugin._("action.again"), () => void fill(root, plugin)),
    );
  }
}
