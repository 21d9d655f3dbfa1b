import { Secret } from "../../src/text/secret.js";
import { PLACES, type Typed } from "./controls.js";
import { fixed, type Field } from "./fields.js";

/** Where a node puts the value of a new token. */
export interface Place {
  readonly type: (typeof PLACES)[number];
  /** The name of the property, as core's nodes take it, perhaps with the name of a context store. */
  readonly key: string;
  /** What is there as the message arrives, if that is a text. */
  readonly given: Secret | undefined;
}

const CONTROL: Typed = {
  kind: "typed",
  preset: { type: "msg", value: "tokenValue" },
  constants: [],
  words: [],
  place: true,
  sources: PLACES,
};

/** Where the value of a new token goes: a property of the message, or of the flow or global context. */
export function placeField(): Field<Place> {
  const field = fixed({ control: CONTROL }, (key = CONTROL.preset.value, type = CONTROL.preset.type) => ({
    type: type as Place["type"],
    key: String(key).trim(),
  }));
  return {
    ...field,
    parse(name, properties, counts) {
      const place = field.parse(name, properties, counts);
      return async (evaluate) => {
        const { type, key } = await place(evaluate);
        const { value } = await evaluate(key, type, name);
        const given = typeof value === "string" && value !== "" ? new Secret(value) : undefined;
        return { type, key, given };
      };
    },
  };
}
