import { PLACES, type Typed } from "./controls.js";
import { fixed, type Field } from "./fields.js";

/** Where a node puts the value of a new token. */
export interface Place {
  readonly type: (typeof PLACES)[number];
  /** The name of the property, as core's nodes take it, perhaps with the name of a context store. */
  readonly key: string;
}

/** Where the value of a new token goes: a property of the message, or of the flow or global context. */
export function placeField(): Field<Place> {
  const control: Typed = {
    kind: "typed",
    preset: { type: "msg", value: "tokenValue" },
    constants: [],
    words: [],
    place: true,
    sources: PLACES,
  };
  return fixed({ control }, (key = control.preset.value, type = control.preset.type) => ({
    type: type as Place["type"],
    key: String(key).trim(),
  }));
}
