import Queue from "yocto-queue";

/**
 * Bounds how much work is under way at once; the rest waits in the order in which it came. A sweep asks for its next
 * request only when one has ended, so another message never waits for the whole sweep.
 *
 * @param most how much may be under way, at least 1; a function if that changes, called when some begins and when some has ended.
 */
export function createLimiter(most: number | (() => number)): <T>(work: () => Promise<T>) => Promise<T> {
  const mostNow = typeof most === "number" ? () => most : most;
  let underWay = 0;
  const waiting = new Queue<() => void>();
  return async (work) => {
    // Who comes while others wait stands behind them, even if more is allowed by now.
    if (waiting.size === 0 && underWay < mostNow()) underWay++;
    else await new Promise<void>((turn) => waiting.enqueue(turn));
    try {
      return await work();
    } finally {
      underWay--;
      while (waiting.size > 0 && underWay < mostNow()) {
        underWay++;
        waiting.dequeue()?.();
      }
    }
  };
}
