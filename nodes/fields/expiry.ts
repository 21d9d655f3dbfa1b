import { systemClock } from "../../src/clock.js";
import { kindOf, TokenError } from "../../src/errors.js";
import { EXPIRY_EXPECTED, readExpiry, toSecond } from "../../src/work/times.js";
import { deferred } from "./deferred.js";
import { typed, type Field } from "./fields.js";

/** When a new token expires, in milliseconds since 1970; or what a constant of the field stands for. */
export function expiryField<C>(preset: string, constants: Record<string, C>): Field<number | C> {
  return typed<number | C>({
    preset: { type: preset, value: "" },
    constants,
    time: "expiry",
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

/** The same of a node that makes tokens, which live for ever unless it says otherwise. */
export function newExpiryField(): Field<() => number | undefined> {
  return deferred(expiryField<undefined>("never", { never: undefined }));
}

/** The expiry as the APIs take it, if there is one. @param at milliseconds since 1970. */
export function expiryOf(at: number | undefined): { expiresAt?: string } {
  return at === undefined ? {} : { expiresAt: toSecond(at) };
}
