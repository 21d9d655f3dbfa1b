import { PRODUCTS } from "../../src/products.js";
import type { Choice, Control, FieldData } from "../fields/controls.js";
import { noteId } from "./notes.js";
import { tableId } from "./permission-table.js";

/** How the dialogs of a kind of node are laid out. */
export interface Layout {
  /** The prefix of the ids of the inputs, as the editor expects it. */
  prefix: "node-input" | "node-config-input";
  /** In pixels. */
  labelWidth: number;
}

/** What the dialog shows for a field. */
export function rowOf(name: string, { control, icon, hint }: FieldData, layout: Layout): string {
  if (control.kind === "flag") return flagRow(name, layout);
  if (control.kind === "permissionTable") return tableRow(name, icon);
  if (control.kind === "connections") return ticksRow(name);
  const input = inputOf(name, control, layout, hint ? `hint.${name}` : undefined);
  const isHigh = control.kind === "text" && control.rows !== undefined;
  return row(name, icon, input, layout, isHigh ? "; vertical-align: top" : "");
}

/** What every node has: its name. */
export function nameRow(layout: Layout): string {
  return row("name", "fa-tag", textInput("name", layout, "label.name"), layout);
}

/** What every node except a connection has. */
export function connectionRow(layout: Layout): string {
  return row("connection", "fa-database", textInput("connection", layout), layout);
}

/** Rows that are folded away. */
export function sectionOf(name: string, rows: readonly string[]): string {
  return `<details class="influxdb-tokens-section" data-section="${name}">
<summary data-i18n="section.${name}"></summary>
${rows.join("\n")}
</details>`;
}

/** A label, and next to it the input. */
function row(name: string, icon: string | undefined, input: string, layout: Layout, style = ""): string {
  const { prefix, labelWidth } = layout;
  const sign = icon === undefined ? "" : `<i class="fa ${icon}"></i> `;
  return `<div class="form-row">
  <label for="${prefix}-${name}" style="width: ${labelWidth}px${style}">${sign}<span data-i18n="label.${name}"></span></label>
  ${input}
</div>`;
}

/** @param hint the key of the text that an empty field shows. */
function inputOf(
  name: string,
  control: Exclude<Control, { kind: "flag" | "permissionTable" | "connections" }>,
  layout: Layout,
  hint: string | undefined,
): string {
  const { prefix } = layout;
  const id = `id="${prefix}-${name}"`;
  const wide = wideIn(layout);
  switch (control.kind) {
    case "choice":
      return choiceOf(name, control, layout);
    case "limit":
      return `<input type="text" inputmode="numeric" ${id} style="width: 90px" data-i18n="[placeholder]option.noLimit">
  <label for="${prefix}-${name}Per" style="width: auto" data-i18n="label.${name}Per"></label>
  ${select(`id="${prefix}-${name}Per" style="width: 110px"`, translated(control.per, "option.per"))}`;
    case "typed":
      return typedInput(name, layout, wide);
    case "product": {
      const products = Object.entries(PRODUCTS);
      return select(
        `${id} ${wide}`,
        products.map(([product, each]) => `<option value="${product}">${each.name}</option>`),
      );
    }
    case "number":
      return `<input type="text" ${id} style="width: 90px"> <span data-i18n="unit.${name}"></span>`;
    case "text":
      if (control.secret) return `<input type="password" ${id} ${wide} autocomplete="new-password">`;
      if (control.rows === undefined) return textInput(name, layout, hint);
      return `<textarea ${id} rows="${control.rows}" ${wide}${placeholder(hint)}></textarea>`;
    case "config":
      return textInput(name, layout);
  }
}

/** The options of a choice, and a place for the note of the one that is chosen. */
function choiceOf(name: string, { options, notes }: Choice, layout: Layout): string {
  const id = `id="${layout.prefix}-${name}"`;
  const texts = translated(options, `option.${name}`);
  if (notes.length === 0) return select(`${id} ${wideIn(layout)}`, texts);
  const described = `aria-describedby="${noteId(name)}"`;
  // It breaks rather than making the dialog wider.
  const style = `width: 0; min-width: calc(100% - ${layout.labelWidth + 10}px); margin-left: ${layout.labelWidth + 4}px`;
  return `${select(`${id} ${wideIn(layout)} ${described}`, texts)}
  <div id="${noteId(name)}" class="influxdb-tokens-line" style="${style}"></div>`;
}

/** The list of the filters, and the fields that have no row in it. */
export function filterRows(names: readonly string[], layout: Layout): string {
  return `<div class="form-row" style="margin-bottom: 0"><i class="fa fa-filter"></i> <span data-i18n="label.filters"></span></div>
<div class="form-row"><ol id="influxdb-filters" data-i18n="[aria-label]label.filters"></ol></div>
<div id="influxdb-filter-pool" hidden>${names.map((name) => typedInput(name, layout, "")).join("\n")}</div>`;
}

/** The list of a table; the script makes its rows. */
function tableRow(name: string, icon = "fa-list"): string {
  return `<div class="form-row">
  <div style="margin-bottom: 4px"><i class="fa ${icon}"></i> <span data-i18n="label.${name}"></span></div>
  <ol id="${tableId(name)}" data-i18n="[aria-label]label.${name}"></ol>
</div>`;
}

/** A list of boxes to tick; the script makes them. */
function ticksRow(name: string): string {
  const id = tableId(name);
  return `<div class="form-row">
  <div id="${id}-label" style="margin-bottom: 4px" data-i18n="label.${name}"></div>
  <div id="${id}" role="group" aria-labelledby="${id}-label"></div>
</div>`;
}

/** A TypedInput, and what the script puts beside it. */
function typedInput(name: string, { prefix }: Layout, style: string): string {
  return `<div class="influxdb-field" ${style}><input type="text" id="${prefix}-${name}" style="width: 100%"><input type="hidden" id="${prefix}-${name}Type"></div>`;
}

function textInput(name: string, layout: Layout, hint?: string): string {
  return `<input type="text" id="${layout.prefix}-${name}" ${wideIn(layout)}${placeholder(hint)}>`;
}

function wideIn({ labelWidth }: Layout): string {
  return `style="width: calc(100% - ${labelWidth + 10}px)"`;
}

function placeholder(hint: string | undefined): string {
  return hint === undefined ? "" : ` data-i18n="[placeholder]${hint}"`;
}

/** Its text breaks rather than making the dialog wider, which would not fit beside the sidebars. */
function flagRow(name: string, { prefix, labelWidth }: Layout): string {
  return `<div class="form-row" style="display: flex; flex-wrap: wrap; align-items: baseline; padding: 0 6px 0 ${labelWidth + 4}px">
  <input type="checkbox" id="${prefix}-${name}" style="width: auto; margin: 0 8px 0 0">
  <label for="${prefix}-${name}" style="flex: 1; width: 0"><span data-i18n="label.${name}"></span></label>
</div>`;
}

function select(attributes: string, options: readonly string[]): string {
  return `<select ${attributes}>${options.join("")}</select>`;
}

function translated(words: readonly string[], texts: string): string[] {
  return words.map((word) => `<option value="${word}" data-i18n="${texts}.${word}"></option>`);
}
