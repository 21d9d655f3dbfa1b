/// <reference lib="dom" />
import type { EditorNode, Elements } from "./api.js";
import { prefixOf } from "./dialog.js";

/*
 * What a dialog says of an option when it is chosen.
 */

declare const $: (selector: string) => Elements;

/** The id of the line beneath a choice. */
export function noteId(name: string): string {
  return `influxdb-note-${name}`;
}

/** The key of its text. */
export function noteText(name: string, option: string): string {
  return `note.${name}.${option}`;
}

/** Says beneath each choice what there is to say of its option, now and when another is chosen. */
export function followNotes(node: EditorNode): void {
  for (const [name, { control }] of Object.entries(node._def.fields)) {
    if (control.kind !== "choice" || control.notes.length === 0) continue;
    const select = $(`#${prefixOf(node)}-${name}`);
    const follow = () => {
      const chosen = control.notes.find((option) => option === select.val());
      $(`#${noteId(name)}`).text(chosen === undefined ? "" : node._(noteText(name, chosen)));
    };
    select.on("change", follow);
    follow();
  }
}
