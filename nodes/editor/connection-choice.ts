/// <reference lib="dom" />
import { connectionIds } from "../fields/connection-ways.js";
import { isVariable } from "../fields/variables.js";
import { isProduct, productOf } from "../../src/products.js";
import { NONE, type Editor, type EditorNode, type Elements } from "./api.js";
import { draftOf } from "./dialog.js";
import { element } from "./elements.js";
import { canChoose, isAllowed, isHere, isNamed } from "./named.js";
import { tableId } from "./permission-table.js";

/*
 * A connection that the message names: which ones it may name, and which of them the dialog asks for what exists.
 */

declare const $: (selector: string | Element) => Elements;
declare const RED: Editor;

/** What it says: keys of the locale. */
export const CHOICE_TEXTS = [
  "label.lookIn",
  "connections.search",
  "connections.all",
  "connections.none",
  "connections.count",
  "connections.nothing",
  "connections.disabled",
  "connections.missing",
] as const;

/** From so many connections on, one searches. */
const MANY = 8;
const LOOK_IN = "influxdb-look-in";

function offeredTo(node: EditorNode): EditorNode[] {
  const found: EditorNode[] = [];
  RED.nodes.eachConfig((each) => {
    // Where the kind of tokens is chosen, those that do not fit are marked.
    if (node._def.resource === undefined ? isHere(node, each) : canChoose(node, each)) found.push(each);
  });
  return found.sort((a, b) => labelOf(a).localeCompare(labelOf(b), undefined, { numeric: true }));
}

function labelOf(connection: EditorNode): string {
  return RED.utils.getNodeLabel(connection, connection.id);
}

const way = () => $("#node-input-connectionFrom").val();

/** The connection that the open dialog asks; of another node, the one that it has chosen, if it has. */
export function askedConnection(node?: EditorNode): unknown {
  if (node !== undefined && !isNamed(node)) return node.connection;
  return $(isNamed({ connectionFrom: way() }) ? `#${LOOK_IN}` : "#node-input-connection").val();
}

/** What Done would save of the boxes; nothing if it would leave the property as it is. */
export function tickedIn(name: string): string[] | undefined {
  // The way is yet to come from a variable, and the boxes are not shown.
  if (way() === null) return undefined;
  // Those of another way would go stale unseen.
  if (way() !== "some") return [];
  const boxes = document.querySelectorAll<HTMLInputElement>(`#${tableId(name)} input[type="checkbox"]`);
  return [...boxes].filter(({ checked }) => checked).map(({ value }) => value);
}

/** When Done saves a dialog: a connection that is not used must not be exported as if it were. */
export function chooseNone(): void {
  if (isNamed({ connectionFrom: way() })) $("#node-input-connection").val(NONE);
}

/** Shows what belongs to the way that is chosen, and makes the boxes. */
export function offerNamed(node: EditorNode): void {
  const boxes = showBoxes(node);
  const why = element("div", { class: "influxdb-why" });
  boxes.append(why);
  const asked = element("select", { id: LOOK_IN, style: "width: calc(100% - 160px)" });
  const row = element(
    "div",
    { class: "form-row" },
    element(
      "label",
      { for: LOOK_IN, style: "width: 150px" },
      element("i", { class: "fa fa-search" }),
      ` ${node._("label.lookIn")}`,
    ),
    " ",
    asked,
  );
  boxes.closest(".form-row")?.after(row);
  const chosen = $("#node-input-connection");
  const follow = () => {
    const isOfMessage = isNamed({ connectionFrom: way() });
    chosen.closest(".form-row").toggle(!isOfMessage);
    row.hidden = !isOfMessage || !looksUp(node);
    const draft = draftOf(node);
    const before = asked.value;
    const allowed = offeredTo(node).filter((each) => canChoose(draft, each) && isAllowed(draft, each));
    asked.replaceChildren(...allowed.map((each) => new Option(labelOf(each), each.id)));
    if (allowed.some(({ id }) => id === before)) asked.value = before;
    const judged = node._def.defaults.connections?.validate?.call(draft, draft.connections, {});
    why.textContent = typeof judged === "string" ? judged : "";
    // Who looks things up hears of another connection by this.
    if (asked.value !== before) chosen.trigger("change");
  };
  $("#node-input-connectionFrom, #node-input-kind").on("change", follow);
  boxes.addEventListener("change", follow);
  asked.addEventListener("change", () => {
    chosen.trigger("change");
  });
  follow();
}

/** Whether its dialog asks for what exists. */
function looksUp({ _def: { fields } }: EditorNode): boolean {
  return Object.values(fields).some(({ lookup }) => lookup !== undefined);
}

/** A box for each connection that the message may be allowed to name; those that are gone stay until they are unticked. */
function showBoxes(node: EditorNode): HTMLElement {
  const group = document.getElementById(tableId("connections")) as HTMLElement;
  const saved = connectionIds(node.connections ?? []) as string[];
  const offered = offeredTo(node);
  const gone = saved.filter((id) => !offered.some((each) => each.id === id));
  const list = element(
    "div",
    { class: "influxdb-connections" },
    ...offered.map((each) => boxOf(each.id, labelOf(each), detailOf(node, each), saved.includes(each.id))),
    ...gone.map((id) => boxOf(id, id, node._("connections.missing"), true)),
  );
  const boxes = [...list.querySelectorAll("input")];
  const count = element("span", { role: "status" });
  const tell = () => {
    const ticked = boxes.filter(({ checked }) => checked).length;
    count.textContent = node._("connections.count", { ticked, total: boxes.length });
  };
  const tick = (checked: boolean) => {
    for (const box of boxes) if (!(box.closest("label") as HTMLElement).hidden) box.checked = checked;
    group.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const button = (key: string, checked: boolean) => {
    const made = element(
      "button",
      { type: "button", class: "red-ui-button red-ui-button-small" },
      node._(`connections.${key}`),
    );
    made.addEventListener("click", () => {
      tick(checked);
    });
    return made;
  };
  const look = { style: "width: 100%; margin-bottom: 4px" };
  const search = element("input", { type: "text", "aria-label": node._("connections.search"), ...look });
  search.placeholder = node._("connections.search");
  search.hidden = boxes.length < MANY;
  search.addEventListener("input", () => {
    for (const label of list.querySelectorAll("label"))
      label.hidden = !label.textContent.toLowerCase().includes(search.value.trim().toLowerCase());
  });
  const bar = element(
    "div",
    { class: "influxdb-tokens-bar" },
    count,
    button("all", true),
    button("none", false),
  );
  group.append(search, ...(boxes.length > 0 ? [list, bar] : [node._("connections.nothing")]));
  group.addEventListener("change", tell);
  tell();
  return group;
}

function boxOf(id: string, name: string, detail: string, isTicked: boolean): HTMLElement {
  const box = element("input", { type: "checkbox", value: id });
  box.checked = isTicked;
  return element(
    "label",
    {},
    box,
    element("span", {}, element("bdi", {}, name), " ", element("small", {}, detail)),
  );
}

function detailOf(node: EditorNode, { product, d }: EditorNode): string {
  const name = isProduct(product) ? productOf(product).name : isVariable(product) ? product : "";
  return [name, ...(d === true ? [node._("connections.disabled")] : [])].join(", ");
}
