import { then } from "../../src/promise-or-value.js";
import { Secret } from "../../src/text/secret.js";
import { PLACES, type Typed } from "./controls.js";
import { fixed, type Field } from "./fields.js";

/** A property of the message, or of the flow or global context, where a value is put. */
interface PropertyIn<T> {
  readonly type: T;
  /** The name of the property, as core's nodes take it, perhaps with the name of a context store. */
  readonly key: string;
}

/** One of a context, which several messages can use. */
export type ContextPlace = PropertyIn<"flow" | "global">;

/** Where a node puts the value of a new token. */
export interface Place extends PropertyIn<(typeof PLACES)[number]> {
  /** What is there as the message arrives, if that is a text. */
  readonly given: Secret | undefined;
}

/** Where the value of a new token goes: a property of the message, or of the flow or global context. */
export function placeField(): Field<Place> {
  const field = propertyField(PLACES, "tokenValue");
  return {
    ...field,
    parse(name, properties, counts) {
      const place = field.parse(name, properties, counts);
      return (evaluate) =>
        then(place(evaluate), ({ type, key }) =>
          then(evaluate(key, type, name), ({ value }) => {
            const given = typeof value === "string" && value !== "" ? new Secret(value) : undefined;
            return { type, key, given };
          }),
        );
    },
  };
}

/** Where the rights of database tokens are kept while the tokens have none: a property of the flow or global context. */
export function keptInField(): Field<ContextPlace> {
  return propertyField(["flow", "global"], "databaseTokenRights");
}

/** @param types where it can be; the first is preset. */
function propertyField<T extends Place["type"]>(
  types: readonly [T, ...T[]],
  value: string,
): Field<PropertyIn<T>> {
  const preset = { type: types[0], value };
  const control: Typed = { kind: "typed", preset, constants: [], words: [], place: true, sources: types };
  return fixed({ control }, (key = preset.value, type = preset.type) => ({
    type: type as T,
    key: String(key).trim(),
  }));
}
