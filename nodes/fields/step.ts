import { kindOf, TokenError } from "../../src/errors.js";
import { then } from "../../src/promise-or-value.js";
import { typed, type Field } from "./fields.js";

/** Of which step a message is, and the property of the message that said so. */
export interface Step<W extends string> {
  readonly word: W | "begin";
  readonly from: string | undefined;
}

const PRESET = { type: "msg", value: "step" };

/** Which step a message is: the first, unless `msg.step` (or whatever the dialog names) says another. */
export function stepField<const W extends readonly string[]>(words: W): Field<Step<W[number]>> {
  const all = ["begin", ...words];
  const field = typed<W[number] | "begin">({
    preset: PRESET,
    words: all,
    read(value, name) {
      const word = value === undefined ? "begin" : all.find((each) => each === value);
      if (word !== undefined) return word;
      const expected = all.map((each) => `"${each}"`).join(" or ");
      throw new TokenError(
        "invalid-config",
        `"${name}" comes out as ${kindOf(value)}, expected ${expected}, or nothing for the first step. Nothing was sent.`,
        { words: "wrong value" },
      );
    },
  });
  return {
    ...field,
    parse(name, properties, counts) {
      const read = field.parse(name, properties, counts);
      const { [name]: value = PRESET.value, [`${name}Type`]: type = PRESET.type } = properties;
      const from = type === "msg" ? String(value) : undefined;
      return (evaluate) => then(read(evaluate), (word) => ({ word, from }));
    },
  };
}
