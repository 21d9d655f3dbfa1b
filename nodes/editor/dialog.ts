/// <reference lib="dom" />
import { isProduct, PRODUCTS, productsWith, type Product, type ResourceName } from "../../src/products.js";
import type { FieldData } from "../fields/controls.js";
import { isUsed, resourceIn } from "../fields/judge.js";
import { isVariable } from "../fields/variables.js";
import { NONE, type Editor, type EditorNode, type Elements } from "./api.js";
import { element } from "./elements.js";
import { tickedIn } from "./connection-choice.js";
import { rowsIn, tableId } from "./permission-table.js";
import { partsOfField } from "./typed-fields.js";

/*
 * What the dialogs do in the browser. The editor calls the validator of a field in two cases, and does not tell which:
 * for the saved values of any node at any time, whatever dialog is open; and for the values in the node's dialog. So a
 * validator reads only the node that it is called on; for a dialog that is a draft of what Done would save.
 */

declare const $: (selector: string | Element) => Elements;
declare const RED: Editor;

/** How the editor names the fields in the dialog of a node. */
export function prefixOf({ _def }: EditorNode): string {
  return _def.category === "config" ? "node-config-input" : "node-input";
}

/**
 * Shows a saved value that is not one of its field. The editor ticks a box for any text, even "false", and leaves a
 * field empty for `null` and the like; Done would save that, and lift a protection that nobody has touched.
 */
export function showSaved(node: EditorNode): void {
  const { defaults } = node._def;
  const prefix = prefixOf(node);
  for (const [name, { validate }] of Object.entries(defaults)) {
    const saved = node[name];
    if (saved === undefined || validate === undefined) continue;
    const field = $(`#${prefix}-${name}`);
    if (field.is(":checkbox")) {
      if (typeof saved !== "boolean") {
        // Neither ticked nor empty, until a click.
        field.prop({ checked: false, indeterminate: true, title: JSON.stringify(saved) });
      }
      // An empty TypedInput is refused, unless its type has no value.
    } else if (saved !== "" && field.val() === "" && !(`${name}Type` in defaults)) {
      field.val(JSON.stringify(saved));
    }
  }
}

/** Shows the preset of a field that the node was saved without. Empty would mean something else: no limit. */
export function showPresets(node: EditorNode): void {
  for (const [name, { value = "" }] of Object.entries(node._def.defaults)) {
    const field = $(`#node-input-${name}`);
    if (node[name] === undefined && !field.val()) field.val(value as string | number);
  }
}

/** Whether the dialog shows a field: if it is of use to the draft, and if a variable is yet to decide on that. */
export function isShown(field: FieldData, draft: EditorNode): boolean {
  const { products, when } = field;
  const isOpen =
    (products !== undefined && !isProduct(draft.product)) ||
    (when !== undefined && isVariable(draft[when.property]));
  return isOpen || isUsed(draft._def.fields, field, draft);
}

/** Shows and hides the rows of fields as others change; what is hidden keeps what was typed into it. */
export function followUse(node: EditorNode): void {
  const fields = Object.entries(node._def.fields).filter(([, { products, when }]) => products ?? when);
  if (fields.length === 0) return;
  const prefix = prefixOf(node);
  const form = $(`#${prefix}-name`).closest("form");
  const follow = () => {
    const draft = draftOf(node);
    for (const [name, field] of fields)
      form
        .find(`#${prefix}-${name}, #${tableId(name)}`)
        .closest(".form-row")
        .toggle(isShown(field, draft));
  };
  form.on("change", follow);
  follow();
}

/** Marks the fields of the dialog that is being opened, now and at each change, by the values of all of them. */
export function markDialog(node: EditorNode): void {
  const prefix = prefixOf(node);
  const form = $(`#${prefix}-name`).closest("form");
  const { defaults, credentials } = node._def;
  const mark = () => {
    const draft = draftOf(node);
    for (const [name, { validate }] of Object.entries({ ...defaults, ...credentials })) {
      const field = form.find(`#${prefix}-${name}`);
      const value = name in defaults ? draft[name] : field.val();
      if (field.length > 0 && validate) show(field, validate.call(draft, value, {}));
    }
  };
  // The form hears of an event after the field, to which the editor listens.
  form.on("change keyup paste", mark);
  // The editor marks once more when it has prepared a dialog.
  setTimeout(mark);
}

/** The node as Done would save it from its open dialog. */
export function draftOf(node: EditorNode): EditorNode {
  const prefix = prefixOf(node);
  const draft = { ...node };
  for (const name of Object.keys(node._def.defaults)) {
    draft[name] = rowsOf(node, name) ?? valueOf($(`#${prefix}-${name}`)) ?? node[name];
  }
  return draft;
}

/** What Done would save of a field that is no input of the editor's. */
export function rowsOf({ _def }: EditorNode, name: string): unknown[] | undefined {
  const kind = _def.fields[name]?.control.kind;
  if (kind === "permissionTable") return rowsIn(name);
  return kind === "connections" ? tickedIn(name) : undefined;
}

/** What Done would save of a field; nothing if it would leave the property as it is. */
function valueOf(field: Elements): unknown {
  if (!field.is(":checkbox")) return field.val();
  return field.prop("indeterminate") ? undefined : field.prop("checked");
}

/** When Done saves a dialog: leaves alone what {@link showSaved} has left open, if nobody has clicked it since. */
export function keepUnclicked(node: EditorNode): void {
  const unclicked = $(`#${prefixOf(node)}-name`)
    .closest("form")
    .find(":checkbox")
    .filter(function (this: HTMLInputElement) {
      return this.indeterminate;
    });
  // The editor finds the fields to save by their id.
  unclicked.removeAttr("id");
}

/** @param judged what a validator says: true, or why not. */
function show(field: Elements, judged: unknown): void {
  const { parts, marked } = partsOfField(field);
  const isWrong = judged !== true;
  field.toggleClass("input-error", isWrong);
  parts.toggleClass("input-error", false);
  marked.toggleClass("input-error", isWrong);
  const text = typeof judged === "string" ? judged : undefined;
  if (parts.length === 0) {
    setTooltip(field, text);
    if (field.is(":checkbox")) sayBeneath(field, text);
    return;
  }
  // What is hidden cannot say what is wrong, and the editor hangs its own text on the hidden input.
  for (const each of [field, ...parts.toArray().map((part) => $(part))]) setTooltip(each, undefined);
  setTooltip(marked, text);
}

/** A box is too small to be pointed at by chance, and its red text alone does not say what to do. */
function sayBeneath(box: Elements, text: string | undefined): void {
  const row = box.closest(".form-row");
  row.find(".influxdb-why").remove();
  if (text !== undefined) row.append($(element("div", { class: "influxdb-why" }, text)));
}

/** Where the editor keeps the reason, too. */
export function setTooltip(field: Elements, text: string | undefined): void {
  const tooltip = field.data("tooltip");
  if (text === undefined) {
    tooltip?.delete();
    field.data("tooltip", null);
    field.removeAttr("aria-description");
  } else {
    const shown = tooltip ?? RED.popover.tooltip(field, text);
    shown.setContent(text);
    field.data("tooltip", shown);
    // For screen readers.
    field.attr({ "aria-description": text });
  }
}

/** {@link resourceIn} of a node of the editor. */
export function resourceOf(node: EditorNode): ResourceName | undefined {
  return resourceIn(node._def, node);
}

/** The products that cannot do what a node does. */
export function unableFor(node: EditorNode): Product[] {
  const resource = resourceOf(node);
  if (resource === undefined) return [];
  const able = productsWith(resource);
  return (Object.keys(PRODUCTS) as Product[]).filter((product) => !able.includes(product));
}

/**
 * Keeps the list of connections to those that can do the job and the one that is chosen. A filter of the editor
 * would take a connection that its user has just added out of the list, and leave another chosen.
 */
export function offerConnections(node: EditorNode): void {
  // Where the kind of tokens is chosen, the connection that does not fit is marked.
  const unable: readonly unknown[] = node._def.resource === undefined ? [] : unableFor(node);
  const select = $("#node-input-connection");
  const none = () => select.find(`option[value="${NONE}"]`).get(0);
  let listed = none();
  const offer = () => {
    // The editor fills the list anew when it closes the dialog of a connection. If that was deleted, or is now another
    // flow's, it means to choose none of the list, and the browser chooses the first.
    const isNew = none() !== listed;
    listed = none();
    const isMeant = (option: HTMLElement) => (option as HTMLOptionElement).defaultSelected;
    if (isNew && !select.find("option").toArray().some(isMeant)) select.val(NONE).trigger("change");
    select
      .find("option")
      .filter(function (this: HTMLOptionElement) {
        return !this.selected && unable.includes(RED.nodes.node(this.value)?.product);
      })
      .remove();
  };
  select.on("change", offer);
}
