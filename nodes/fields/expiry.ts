import { systemClock } from "../../src/clock.js";
import { kindOf, TokenError } from "../../src/errors.js";
import { EXPIRY_EXPECTED, readExpiry } from "../../src/work/times.js";
import { typed, type Field, type TypedOptions } from "./fields.js";

/** When a new token expires, in milliseconds since 1970; or what a constant of the field stands for. */
export function expiryField<C>(
  preset: string,
  constants: Record<string, C>,
  look: Pick<TypedOptions<C>, "wrongWhen"> = {},
): Field<number | C> {
  return typed<number | C>({
    preset: { type: preset, value: "" },
    constants,
    time: "expiry",
    ...look,
    read(value, name) {
      const at = readExpiry(value, systemClock.now());
      if (at !== undefined) return at;
      throw new TokenError(
        "invalid-config",
        `"${name}" comes out as ${kindOf(value)}, expected ${EXPIRY_EXPECTED}. Nothing was sent.`,
        { words: "wrong expiry" },
      );
    },
  });
}
