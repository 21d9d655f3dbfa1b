import Queue from "yocto-queue";

/**
 * Works on so many things at once; the rest waits as it is, in the order in which it came. A thing that waits takes no
 * more memory than itself, because neither a promise nor a closure waits with it: there can be very many.
 *
 * @param most how many are worked on at once, at least 1.
 * @param work must not reject.
 * @returns what takes a thing in.
 */
export function createTurns<T extends object>(
  most: number,
  work: (thing: T) => Promise<void>,
): (thing: T) => void {
  let free = most;
  const waiting = new Queue<T>();

  async function workOn(first: T): Promise<void> {
    free--;
    for (let next: T | undefined = first; next; next = waiting.dequeue()) await work(next);
    free++;
  }

  return (thing) => {
    if (free > 0) void workOn(thing);
    else waiting.enqueue(thing);
  };
}
