import Queue from "yocto-queue";

/** A call that waits for its turn. */
interface Waiting {
  /** @param isCounted whether it has a turn, or works without one. The first call counts. */
  go(isCounted: boolean): void;
  hasLeft: boolean;
}

/** Calls the listener when who waits is to wait no more, or at once. @returns what takes the listener away. */
export type Ends = (listener: () => void) => () => void;

/**
 * Bounds how much work is under way at once; the rest waits in the order in which it came. A sweep asks for its next
 * request only when one has ended, so another message never waits for the whole sweep.
 *
 * @param most how much may be under way, at least 1; a function if that changes, called when some begins and when some has ended.
 * @returns what does some work in its turn; or, if it is ended while it waits, at once: then it must see so by itself.
 */
export function createLimiter(
  most: number | (() => number),
): <T>(work: () => Promise<T>, ends?: Ends) => Promise<T> {
  const mostNow = typeof most === "number" ? () => most : most;
  let underWay = 0;
  const waiting = new Queue<Waiting>();

  /** @returns whether it has a turn, which is counted. */
  async function wait(ends: Ends | undefined): Promise<boolean> {
    const place: Waiting = { go: () => undefined, hasLeft: false };
    const came = new Promise<boolean>((go) => (place.go = go));
    waiting.enqueue(place);
    const unlisten = ends?.(() => {
      place.hasLeft = true;
      place.go(false);
    });
    const isCounted = await came;
    unlisten?.();
    return isCounted;
  }

  return async (work, ends) => {
    // Who comes while others wait stands behind them, even if more is allowed by now.
    if (waiting.size === 0 && underWay < mostNow()) underWay++;
    else if (!(await wait(ends))) return work();
    try {
      return await work();
    } finally {
      underWay--;
      while (waiting.size > 0 && underWay < mostNow()) {
        const next = waiting.dequeue() as Waiting;
        if (next.hasLeft) continue;
        underWay++;
        next.go(true);
      }
    }
  };
}
