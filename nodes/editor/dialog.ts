/// <reference lib="dom" />

/*
 * What the dialogs of all nodes do in the browser; the build puts it before each. The editor judges a field by
 * its validator in two cases, and does not tell it which: the values that a node was saved with, of any node at
 * any time, whatever dialog is open; and those in the dialog of the node. So a validator reads nothing but the
 * node that it is called on, and for its dialog that is a draft of what Done would save.
 */

export { holdsVariable, isVariable } from "../fields/variables.js";
export { wholeNumberOf } from "../fields/whole-numbers.js";

interface EditorNode {
  _def: { defaults: Record<string, Default> };
  [property: string]: unknown;
}
interface Default {
  value?: unknown;
  validate?: (this: object, value: unknown, options: object) => unknown;
}

/** What is used of jQuery and of the editor. */
interface Elements {
  length: number;
  closest(selector: string): Elements;
  data(key: string): Tooltip | null | undefined;
  data(key: string, value: Tooltip | null): void;
  filter<E extends HTMLElement>(test: (this: E) => boolean): Elements;
  find(selector: string): Elements;
  is(selector: string): boolean;
  next(selector: string): Elements;
  on(events: string, listener: () => void): void;
  prop(name: string): unknown;
  prop(properties: object): void;
  remove(): void;
  removeAttr(name: string): void;
  toggleClass(name: string, on: boolean): void;
  trigger(event: string): void;
  val(): unknown;
  val(value: string | number): Elements;
}
interface Tooltip {
  setContent(text: string): void;
  delete(): void;
}
declare const $: (selector: string) => Elements;
declare const RED: {
  nodes: { node(id: unknown): { id: string; product?: unknown } | null | undefined };
  popover: { tooltip(target: Elements, text: string): Tooltip };
};

/** Reads properties of a node, or of a draft of it, as the runtime will: what is missing is as preset. */
export function reader(node: EditorNode): (name: string) => unknown {
  return (name) => (node[name] === undefined ? node._def.defaults[name]?.value : node[name]);
}

type Prefix = "node-input" | "node-config-input";

/**
 * Shows what is saved and no value of its field. The editor ticks a box for any text, "false" too, and leaves a field
 * empty for `null` and the like; Done would save that, and lift a protection that nobody has touched.
 */
export function showSaved(node: EditorNode, prefix: Prefix): void {
  const { defaults } = node._def;
  for (const [name, { validate }] of Object.entries(defaults)) {
    const saved = node[name];
    if (saved === undefined || validate === undefined) continue;
    const field = $(`#${prefix}-${name}`);
    if (field.is(":checkbox")) {
      if (typeof saved !== "boolean") {
        // Neither ticked nor empty, until a click.
        field.prop({ checked: false, indeterminate: true, title: JSON.stringify(saved) });
      }
      // An empty TypedInput is refused, save where its type has no value.
    } else if (saved !== "" && field.val() === "" && !(`${name}Type` in defaults)) {
      field.val(JSON.stringify(saved));
    }
  }
}

/** Shows what a node was saved without as it is preset. Empty, it would be another wish: a limit would be none. */
export function showPresets(node: EditorNode): void {
  for (const [name, { value = "" }] of Object.entries(node._def.defaults)) {
    const field = $(`#node-input-${name}`);
    if (node[name] === undefined && !field.val()) field.val(value as string | number);
  }
}

/** Marks the fields of the dialog that is being opened, now and with each change, by what stands in all of them. */
export function markDialog(node: EditorNode, prefix: Prefix): void {
  const form = $(`#${prefix}-name`).closest("form");
  const mark = () => {
    const fields = Object.entries(node._def.defaults).map(
      ([name, { validate }]) => [name, form.find(`#${prefix}-${name}`), validate] as const,
    );
    const draft = { ...node };
    for (const [name, field] of fields) draft[name] = valueOf(field) ?? node[name];
    for (const [name, field, validate] of fields) {
      if (field.length > 0 && validate) show(field, validate.call(draft, draft[name], {}));
    }
  };
  // The form hears of an event after the field, to which the editor listens.
  form.on("change keyup paste", mark);
  // The editor marks once more when it has prepared a dialog.
  setTimeout(mark);
}

/** What Done would save of a field; nothing where it would leave the property as it is. */
function valueOf(field: Elements): unknown {
  if (!field.is(":checkbox")) return field.val();
  return field.prop("indeterminate") ? undefined : field.prop("checked");
}

/** When Done saves a dialog: leaves alone what {@link showSaved} has left open, and nobody has clicked since. */
export function keepUnclicked(prefix: Prefix): void {
  const unclicked = $(`#${prefix}-name`)
    .closest("form")
    .find(":checkbox")
    .filter(function (this: HTMLInputElement) {
      return this.indeterminate;
    });
  // The editor saves the fields that it finds by their id.
  unclicked.removeAttr("id");
}

/** The type of a TypedInput whose user has yet to choose one. */
export const CHOOSE = "choose";

interface TypeOfInput {
  value: string;
  label?: string;
  options?: { value: string; label: string }[];
}

/**
 * Adds to the types of a TypedInput what is saved and not among them. It would show the first in its place, and Done
 * would save that.
 *
 * @param choose what to start with where the type is none of these.
 * @param isFormer whether it is to start so in any case.
 */
export function offerSaved(
  node: EditorNode,
  name: string,
  types: (TypeOfInput | string)[],
  choose: TypeOfInput,
  isFormer: boolean,
): void {
  const typeName = `${name}Type`;
  const value = node[name];
  const isPreset = value === undefined || value === "" || value === node._def.defaults[name]?.value;
  const type = isPreset ? reader(node)(typeName) : node[typeName];
  const found = types.find((each) => (typeof each === "string" ? each : each.value) === type);
  if (found === undefined || isFormer) {
    types.unshift(choose);
    $(`#node-input-${typeName}`).val(choose.value);
  } else if (typeof found === "object" && found.options && typeof value === "string") {
    const { options } = found;
    if (options.every((option) => option.value !== value)) options.push({ value, label: value });
  }
}

/** @param judged what a validator says: true, or why not. */
function show(field: Elements, judged: unknown): void {
  const frame = field.next(".red-ui-typedInput-container");
  for (const each of [field, frame]) each.toggleClass("input-error", judged !== true);
  // A TypedInput hides the field, and with it the text that the editor hangs on it.
  if (frame.length > 0) setTooltip(field, undefined);
  setTooltip(frame.length > 0 ? frame : field, typeof judged === "string" ? judged : undefined);
}

/** Where the editor keeps it, too. */
function setTooltip(element: Elements, text: string | undefined): void {
  const tooltip = element.data("tooltip");
  if (text === undefined) {
    tooltip?.delete();
    element.data("tooltip", null);
  } else {
    const shown = tooltip ?? RED.popover.tooltip(element, text);
    // This gives the text to screen readers, too.
    shown.setContent(text);
    element.data("tooltip", shown);
  }
}

/**
 * Keeps the list of connections to those that can do the job and the one that is chosen. A filter of the editor
 * would take a connection that its user has just added out of the list, and leave another chosen.
 *
 * @param unable products that cannot.
 */
export function offerConnections(unable: readonly string[]): void {
  const select = $("#node-input-connection");
  let chosen = RED.nodes.node(select.val());
  const offer = () => {
    // The editor fills the list anew once the chosen one was deleted, and leaves the first chosen.
    const isDeleted = chosen && !RED.nodes.node(chosen.id);
    chosen = RED.nodes.node(isDeleted ? "" : select.val());
    if (isDeleted) select.val("_ADD_").trigger("change");
    select
      .find("option")
      .filter(function (this: HTMLOptionElement) {
        return !this.selected && unable.includes(String(RED.nodes.node(this.value)?.product));
      })
      .remove();
  };
  select.on("change", offer);
}
