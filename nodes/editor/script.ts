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
import { offerLookup } from "./lookups.js";
import { offerPreview } from "./preview.js";
import { prepareOwn } from "../influxdb-connection/dialog.js";

/*
 * What runs in the editor: the html of each node loads this file, and calls what it exports.
 */

export { validate, validateConnection } from "./validators.js";

/** When the dialog of a node opens. */
export function prepare(node: EditorNode): void {
  showPresets(node);
  showSaved(node);
  markDialog(node);
  offerConnections(node);
  for (const [name, { control }] of Object.entries(node._def.fields)) {
    if (control.kind === "typed") makeTypedInput(node, name, control);
    offerLookup(node, name);
  }
  offerPreview(node);
}

/** When the dialog of a connection opens. */
export function prepareConnection(node: EditorNode): void {
  showSaved(node);
  prepareOwn(node);
  markDialog(node);
  for (const name of Object.keys(node._def.fields)) offerLookup(node, name);
}

/** When Done saves a dialog. */
export function save(node: EditorNode): void {
  keepUnclicked(node);
  for (const [name, { control }] of Object.entries(node._def.fields)) {
    if (control.kind === "typed") forgetFormer(node, name, control);
  }
}
