/// <reference lib="dom" />
import { NONE, type EditorNode, type Elements } from "./api.js";
import { draftOf, isShown, prefixOf } from "./dialog.js";

/*
 * The sections of a dialog in which fields are folded away.
 */

declare const $: (selector: string) => Elements;

/**
 * Opens a section of the dialog that is being opened when something in it is set, and when something in it becomes
 * wrong. One that its user then folds stays so. Must come after what marks the fields.
 */
export function unfoldSections(node: EditorNode): void {
  const form = $(`#${prefixOf(node)}-name`).closest("form");
  for (const section of form.find("details[data-section]").toArray() as HTMLDetailsElement[]) {
    const fields = Object.entries(node._def.fields).filter(
      ([, field]) => field.section === section.dataset.section,
    );
    let before = 0;
    const follow = () => {
      const draft = draftOf(node);
      const shown = fields.filter(([, field]) => isShown(field, draft));
      section.hidden = shown.length === 0;
      const isWrong = section.querySelector(".input-error") !== null;
      const isSet = shown.some(([name]) => holdsMore(draft[name], node._def.defaults[name]?.value));
      const urgency = isWrong ? 2 : isSet ? 1 : 0;
      if (urgency > before) section.open = true;
      before = urgency;
    };
    form.on("change keyup paste", follow);
    follow();
    // As the fields are marked once more.
    setTimeout(follow);
  }
}

/** Whether a field holds more than its preset, for which it can be empty. */
function holdsMore(value: unknown, preset: unknown): boolean {
  return ![preset, undefined, null, "", NONE].includes(value);
}
