import { prepareCheck } from "../influxdb-connection/check.js";
import type { Definition, EditorNode, Elements } from "./api.js";
import { chooseNone, offerNamed } from "./connection-choice.js";
import {
  followUse,
  keepUnclicked,
  markDialog,
  offerConnections,
  rowsOf,
  showPresets,
  showSaved,
} from "./dialog.js";
import { showFilters } from "./filters.js";
import { offerLookup } from "./lookups.js";
import { nameFields, nameTypedInput } from "./names.js";
import { followNotes } from "./notes.js";
import { showTable } from "./permission-table.js";
import { offerPreview } from "./preview.js";
import { unfoldSections } from "./sections.js";
import { forgetFormer, makeTypedField } from "./typed-fields.js";
import { prepareOwn } from "../influxdb-connection/dialog.js";

declare const $: (selector: string) => Elements;

/*
 * What runs in the editor: the html of each node loads this file, and calls what it exports.
 */

export { watchTokens } from "./connection-tokens.js";
export { watchUsers } from "./users.js";
export { validate, validateConnection } from "./validators.js";

/** When the dialog of a node opens. */
export function prepare(node: EditorNode): void {
  nameFields(node);
  showPresets(node);
  showSaved(node);
  markDialog(node);
  unfoldSections(node);
  offerConnections(node);
  offerNamed(node);
  const fields = Object.entries(node._def.fields).flatMap(([name, { control, filter }]) =>
    control.kind === "typed" ? makeTypedField(node, name, control, filter) : [],
  );
  const filters = fields.filter(({ topic }) => topic !== "");
  if (filters.length > 0) showFilters(node, filters);
  for (const [name, { control }] of Object.entries(node._def.fields))
    if (control.kind === "permissionTable") showTable(node, name, control);
  followUse(node);
  followNotes(node);
  for (const { name } of fields) nameTypedInput(name);
  for (const name of Object.keys(node._def.fields)) offerLookup(node, name);
  offerPreview(node);
}

/** When the dialog of a connection opens. */
export function prepareConnection(node: EditorNode): void {
  nameFields(node);
  showSaved(node);
  prepareOwn(node);
  prepareCheck(node);
  followUse(node);
  markDialog(node);
  unfoldSections(node);
  for (const name of Object.keys(node._def.fields)) offerLookup(node, name);
}

/** When the palette has the node. */
export function prepareInPalette(definition: Definition): void {
  const node = $(`.red-ui-palette-node[data-palette-type="${definition.type}"]`);
  // What its search looks through: the name alone.
  node.attr({ "data-palette-label": `${node.attr("data-palette-label") ?? ""} ${definition._("keywords")}` });
  // A word that is too wide is broken in the middle; in smaller letters it fits.
  const label = node.find(".red-ui-palette-label");
  const words = definition._("label.node").split(" ");
  const lines = label.get(0)?.innerHTML.split("<br>") ?? [];
  if (words.every((word) => lines.some((line) => line.includes(word)))) return;
  label.text(words.join("\n")).attr({
    style:
      "display: flex; align-items: center; justify-content: center; height: calc(100% - 8px); white-space: pre; font-size: 11px",
  });
}

/** When Done saves a dialog. */
export function save(node: EditorNode): void {
  keepUnclicked(node);
  chooseNone();
  for (const [name, { control }] of Object.entries(node._def.fields)) {
    if (control.kind === "typed") forgetFormer(node, name, control);
    const rows = rowsOf(node, name);
    if (rows !== undefined) node[name] = rows;
  }
}
