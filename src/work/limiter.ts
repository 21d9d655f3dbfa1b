import Queue from "yocto-queue";

/**
 * Bounds how much work is under way at once; the rest waits in the order in which it came. A sweep asks for its next
 * request only when one has ended, so another message never waits for the whole sweep.
 *
 * @param most how much may be under way, at least 1.
 */
export function createLimiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = most;
  const waiting = new Queue<() => void>();
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((turn) => waiting.enqueue(turn));
    try {
      return await work();
    } finally {
      const next = waiting.dequeue();
      if (next) next();
      else free++;
    }
  };
}
