/** Time and chance as the code of `src/` takes them, so that a test can give its own. */
export interface Clock {
  /** Milliseconds since 1970. It can be set, and so jump. */
  now(): number;
  /** Milliseconds since some moment, perhaps the start of the machine. It cannot be set. */
  steady(): number;
  /** At least 0, less than 1. */
  random(): number;
}

/** The machine's own; called as its methods, so that a test can move it for all that goes by it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => Number(process.hrtime.bigint() / 1_000_000n),
  random: () => Math.random(),
};
