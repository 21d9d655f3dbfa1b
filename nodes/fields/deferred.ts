import { settled } from "../../src/promise-or-value.js";
import type { Field } from "./fields.js";

/**
 * A field that not every message needs. It is read as the message arrives; what is wrong with it is told only to who
 * asks for it.
 */
export function deferred<T>(field: Field<T>): Field<() => T> {
  return {
    ...field,
    parse(name, properties, counts) {
      const read = field.parse(name, properties, counts);
      return (evaluate) => settled(() => read(evaluate));
    },
  };
}
