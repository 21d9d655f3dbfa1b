/// <reference lib="dom" />
import type { EditorNode, Elements } from "./api.js";
import { prefixOf } from "./dialog.js";
import type * as Dialogs from "./dialogs.js";
import { element } from "./elements.js";
import { onDemand } from "./on-demand.js";

/*
 * The script of the dialogs is loaded with the first one that is opened. Until it is there, the form holds what the
 * editor has put into it, which is not yet what Done may save: a box that is ticked for "false", a table without rows.
 * So the form is shut, and Done finds none of its fields.
 */

declare const $: (selector: string) => Elements;
/** The name that the build gives the file. */
declare const DIALOGS: string;

const dialogs = onDemand<typeof Dialogs>(DIALOGS);

/** When a dialog opens. */
export function prepare(node: EditorNode): void {
  const form = formOf(node);
  if (dialogs.loaded) dialogs.loaded.prepare(node);
  else void prepareLater(node, form);
}

async function prepareLater(node: EditorNode, form: HTMLFormElement): Promise<void> {
  const note = element("div", { role: "status" }, node._("dialog.loading"));
  form.before(note);
  shut(form, true);
  try {
    const { prepare } = await dialogs.load();
    if (!form.isConnected) return;
    // It measures what it fills.
    shut(form, false);
    prepare(node);
    note.remove();
    announce(node);
  } catch {
    shut(form, true);
    note.className = "form-tips";
    note.textContent = node._("dialog.failed");
  }
}

/** Tells the fields of a dialog of their values, as the editor does when it has prepared one. */
function announce(node: EditorNode): void {
  const { defaults, credentials } = node._def;
  for (const name of Object.keys({ ...defaults, ...credentials }))
    $(`#${prefixOf(node)}-${name}`).trigger("change");
}

/** When Done saves a dialog. */
export function save(node: EditorNode): void {
  const form = formOf(node);
  // The editor finds the fields to save by their ids.
  if (form.inert) for (const each of form.querySelectorAll("[id]")) each.removeAttribute("id");
  else dialogs.loaded?.save(node);
}

function formOf(node: EditorNode): HTMLFormElement {
  return $(`#${prefixOf(node)}-name`)
    .closest("form")
    .get(0) as HTMLFormElement;
}

/** Hides a form, which keeps its place, and takes it out of reach; or shows it again. */
function shut(form: HTMLFormElement, isShut: boolean): void {
  form.inert = isShut;
  form.style.visibility = isShut ? "hidden" : "";
}
