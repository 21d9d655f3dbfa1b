import type { TokenRow } from "../admin/answers.js";
import type { Editor, NodeToImport, Plugin } from "./api.js";

declare const RED: Editor;

/** Milliseconds. */
const LONG_ENOUGH_TO_READ = 15_000;

/**
 * Puts a node into the flow that is shown: at the mouse, with which it moves until a click, as one that is imported;
 * or in the middle, if it was chosen by keyboard or touch.
 *
 * @param warnings texts of the locale.
 */
export function place(
  plugin: Plugin,
  node: NodeToImport,
  by: MouseEvent,
  warnings: readonly string[] = [],
): void {
  const warn = (text: string) => RED.notify(text, { type: "warning", timeout: LONG_ENOUGH_TO_READ });
  const isBusy = RED.view.state() !== RED.state.DEFAULT;
  const isClosed = RED.workspaces.active() === 0 || RED.workspaces.isLocked();
  if (isBusy || isClosed) {
    warn(isBusy ? plugin._("place.busy") : plugin._("place.noFlow"));
    return;
  }
  const byMouse = by.detail > 0 && !(by instanceof PointerEvent && by.pointerType === "touch");
  RED.view.importNodes([{ ...node, id: RED.nodes.id(), ...middle() }], {
    generateIds: true,
    addFlow: false,
    touchImport: !byMouse,
    applyNodeDefaults: true,
    notify: false,
  });
  RED.view.focus();
  if (!byMouse) {
    RED.nodes.dirty(true);
    RED.notify(plugin._("place.placed"), { type: "success", timeout: LONG_ENOUGH_TO_READ });
  }
  for (const warning of warnings) warn(warning);
}

/** Of the part of the flow that is in sight. */
function middle(): { x: number; y: number } {
  const { scrollLeft, scrollTop, clientWidth, clientHeight } = document.querySelector(
    "#red-ui-workspace-chart",
  ) as HTMLElement;
  const scale = RED.view.scale();
  const GRID = 20;
  const onGrid = (pixels: number) => Math.round(pixels / scale / GRID) * GRID;
  return { x: onGrid(scrollLeft + clientWidth / 2), y: onGrid(scrollTop + clientHeight / 2) };
}

/** Characters of a name that a node can show. */
const LONGEST_LABEL = 60;

/** An inject node that sends an ID, or an object with a name: any text can be one, also what looks like JSON. */
export function injectNode({ id, name }: Pick<TokenRow, "id" | "name">): NodeToImport {
  return {
    type: "inject",
    // It shows no payload as long as a UUID.
    name: (name ?? id).slice(0, LONGEST_LABEL),
    props: [{ p: "payload" }],
    ...(name === undefined
      ? { payload: id, payloadType: "str" }
      : { payload: JSON.stringify({ name: id }), payloadType: "json" }),
    wires: [[]],
  };
}
