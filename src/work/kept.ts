import { systemClock, type Clock } from "../clock.js";

/** Something that takes long to read, kept for a while. */
export interface Kept<T> {
  /**
   * What was read a short while ago, or what is read now: once for all who ask meanwhile, and only while one of them
   * waits.
   *
   * @param options.fresh whether to read it anew.
   * @param options.signal ends the wait.
   */
  get(options: { fresh?: boolean; signal: AbortSignal }): Promise<T>;
  /** Ends what is under way, and forgets what was read. */
  close(): void;
}

/** Milliseconds. */
export interface KeptTimes {
  /** How long it is good. */
  good: number;
  /** How long it is good for who wants it fresh; a failure is kept as long. */
  fresh: number;
  /** How long it is kept after it was last asked for. */
  unused: number;
}

/** @param read its signal is aborted when nobody waits any more. */
export function createKept<T>(
  read: (signal: AbortSignal) => Promise<T>,
  times: KeptTimes,
  clock: Clock = systemClock,
): Kept<T> {
  interface Reading {
    result: Promise<T>;
    waiting: number;
    abort: AbortController;
    /** When it ended, by the steady clock. */
    ended?: number;
    failed?: boolean;
  }
  let last: Reading | undefined;
  let timer: NodeJS.Timeout | undefined;

  function isGood({ ended, failed }: Reading, fresh: boolean): boolean {
    return ended === undefined || clock.steady() - ended < (fresh || failed ? times.fresh : times.good);
  }

  function begin(): Reading {
    const abort = new AbortController();
    const reading: Reading = { result: read(abort.signal), waiting: 0, abort };
    const end = (failed: boolean) => () => Object.assign(reading, { ended: clock.steady(), failed });
    reading.result.then(end(false), end(true));
    return reading;
  }

  function forget(): void {
    clearTimeout(timer);
    last = undefined;
  }

  return {
    async get({ fresh = false, signal }) {
      signal.throwIfAborted();
      if (last === undefined || !isGood(last, fresh)) last = begin();
      const reading = last;
      clearTimeout(timer);
      timer = setTimeout(forget, times.unused).unref();
      reading.waiting++;
      try {
        return await unlessAborted(reading.result, signal);
      } finally {
        if (--reading.waiting === 0 && reading.ended === undefined) {
          reading.abort.abort();
          if (last === reading) forget();
        }
      }
    },
    close() {
      last?.abort.abort();
      forget();
    },
  };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}
