import { systemClock, type Clock } from "../clock.js";

/** Milliseconds that long work may take before all else has its turn. */
const LONGEST_TURN = 10;

/**
 * For long work in a loop: await the result now and then, and other flows of the same Node-RED go on meanwhile.
 */
export function breather(clock: Clock = systemClock): () => Promise<void> {
  let since = clock.steady();
  return async () => {
    if (clock.steady() - since < LONGEST_TURN) return;
    await new Promise(setImmediate);
    since = clock.steady();
  };
}
