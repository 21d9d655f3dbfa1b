import { systemClock } from "../../src/clock.js";
import { kindOf, TokenError } from "../../src/errors.js";
import { readDuration } from "../../src/work/times.js";
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
    ...look,
    read(value, name) {
      const now = systemClock.now();
      const duration = readDuration(value);
      const at =
        duration === undefined ? Date.parse(typeof value === "string" ? value.trim() : "") : now + duration;
      if (at > now) return at;
      throw new TokenError(
        "invalid-config",
        `"${name}" comes out as ${kindOf(value)}, expected a time ahead: an age such as 90d, or a date such as 2030-01-31. Nothing was sent.`,
        { words: "wrong expiry" },
      );
    },
  });
}
