import { prepareCheck } from "../influxdb-connection/check.js";
import type { EditorNode, Elements } from "./api.js";
import { chooseNone, offerNamed } from "./connection-choice.js";
import {
  followUse,
  keepUnclicked,
  markDialog,
  offerConnections,
  prefixOf,
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
import { STYLE } from "./style.js";
import { forgetFormer, makeTypedField } from "./typed-fields.js";
import { prepareOwn } from "../influxdb-connection/dialog.js";

declare const $: (selector: string) => Elements;

/*
 * What an open dialog does; the editor loads it with the first one.
 */

/** When a dialog opens. */
export function prepare(node: EditorNode): void {
  $(`#${prefixOf(node)}-name`)
    .closest("form")
    .append($("<style>").text(STYLE));
  if (node._def.category === "config") prepareConnection(node);
  else prepareNode(node);
}

function prepareNode(node: EditorNode): void {
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

function prepareConnection(node: EditorNode): void {
  nameFields(node);
  showSaved(node);
  prepareOwn(node);
  prepareCheck(node);
  followUse(node);
  markDialog(node);
  unfoldSections(node);
  for (const name of Object.keys(node._def.fields)) offerLookup(node, name);
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
