/** The source of time and chance for the code of `src/`, so that a test can give its own. */
export interface Clock {
  /** Milliseconds since 1970. It can be set, and so it can jump. */
  now(): number;
  /** Milliseconds since some moment, perhaps the start of the machine, to the microsecond. It cannot be set. */
  steady(): number;
  /** At least 0, less than 1. */
  random(): number;
}

/** The machine's own. Its methods are called on it, so that a test can move it for everything that uses it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  random: () => Math.random(),
};
