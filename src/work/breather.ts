import { systemClock } from "../clock.js";

/** Milliseconds that long work may take before other work has its turn. */
const LONGEST_TURN = 10;

/**
 * For long work in a loop: await what the result returns now and then, so that other flows go on meanwhile.
 */
export function breather(): () => Promise<void> {
  let since = systemClock.steady();
  return async () => {
    if (systemClock.steady() - since < LONGEST_TURN) return;
    await new Promise(setImmediate);
    since = systemClock.steady();
  };
}
