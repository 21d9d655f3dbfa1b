/// <reference lib="dom" />
import type { EditorNode, Elements } from "./api.js";
import { prefixOf } from "./dialog.js";

/*
 * Names for screen readers, where the editor gives none or another.
 */

declare const $: (selector: string) => Elements;

const labelOf = (id: string) => `${id}-label`;

/**
 * Names each field by its label, which the editor would replace by the reason why it is wrong, for good. Of a
 * credential, which the editor marks by itself, nothing else would tell the reason.
 */
export function nameFields(node: EditorNode): void {
  for (const name of Object.keys(node._def.defaults)) {
    const id = `${prefixOf(node)}-${name}`;
    const label = $(`label[for="${id}"]`).attr({ id: labelOf(id) });
    if (label.length > 0) $(`#${id}`).attr({ "aria-labelledby": labelOf(id) });
  }
}

/** Names the parts of a TypedInput, too: the label is for a field that it hides. */
export function nameTypedInput(name: string): void {
  const id = `node-input-${name}`;
  const frame = $(`#${id}`).next(".red-ui-typedInput-container").attr({ role: "group" });
  const part = (of: string) => frame.find(`.red-ui-typedInput-${of}`);
  part("input").attr({ "aria-labelledby": labelOf(id) });
  // Each with what it shows: the type, or the chosen word.
  for (const button of ["type-select", "option-trigger"]) {
    const own = { id: `${id}-${button}`, "aria-labelledby": `${labelOf(id)} ${id}-${button}` };
    part(button).attr(own).removeAttr("aria-label");
  }
  part("option-expand").attr({ "aria-labelledby": `${labelOf(id)} ${id}-type-select` });
}
