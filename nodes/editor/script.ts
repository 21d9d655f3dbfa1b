import type { EditorNode } from "./api.js";
import {
  forgetFormer,
  keepUnclicked,
  makeTypedInput,
  markDialog,
  offerConnections,
  showPresets,
  showSaved,
} from "./dialog.js";
import { offerLookups } from "./lookups.js";
import { nameFields, nameTypedInput } from "./names.js";
import { offerPreview } from "./preview.js";
import { prepareCheck } from "../influxdb-connection/check.js";
import { prepareOwn } from "../influxdb-connection/dialog.js";

/*
 * What runs in the editor: the html of each node loads this file, and calls what it exports.
 */

export { validate, validateConnection } from "./validators.js";

/** When the dialog of a node opens. */
export function prepare(node: EditorNode): void {
  nameFields(node);
  showPresets(node);
  showSaved(node);
  markDialog(node);
  offerConnections(node);
  for (const [name, { control }] of Object.entries(node._def.fields)) {
    if (control.kind !== "typed") continue;
    makeTypedInput(node, name, control);
    nameTypedInput(name);
  }
  offerLookups(node);
  offerPreview(node);
}

/** When the dialog of a connection opens. */
export function prepareConnection(node: EditorNode): void {
  nameFields(node);
  showSaved(node);
  prepareOwn(node);
  prepareCheck(node);
  markDialog(node);
  offerLookups(node);
}

/** When Done saves a dialog. */
export function save(node: EditorNode): void {
  keepUnclicked(node);
  for (const [name, { control }] of Object.entries(node._def.fields)) {
    if (control.kind === "typed") forgetFormer(node, name, control);
  }
}
