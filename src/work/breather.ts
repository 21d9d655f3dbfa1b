import { systemClock } from "../clock.js";

/** Milliseconds that long work may take before all else has its turn. */
const LONGEST_TURN = 10;

/**
 * For long work in a loop: await the result now and then, and other flows of the same Node-RED go on meanwhile.
 */
export function breather(): () => Promise<void> {
  let since = systemClock.steady();
  return async () => {
    if (systemClock.steady() - since < LONGEST_TURN) return;
    await new Promise(setImmediate);
    since = systemClock.steady();
  };
}
