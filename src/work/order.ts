import Queue from "yocto-queue";
import { systemClock, type Clock } from "../clock.js";
import { TokenError } from "../errors.js";

/**
 * Keeps the order of work on each token, over all nodes of a connection: what came first is done first, with all its
 * retries, before the next begins. Work on other tokens goes on meanwhile.
 */
export interface Order {
  /**
   * Takes a place for each id behind all that were taken before. Places are given in the order of the calls, however
   * long each `ids` takes to be read; a message that others have waited five seconds for gets none.
   *
   * @param signal ends the waiting, here and for the places.
   * @throws what `ids` is rejected with; {@link TokenError} `cancelled` if the signal is aborted before they are read,
   *   `timeout` if others have waited too long. Then no place is taken.
   * @example
   * const ids = readIds(message); // a promise
   * const places = await order.queue(ids, signal); // called as soon as the message arrives
   * try {
   *   for (const id of await ids) await places.inTurn(id, () => tokens.remove(id));
   * } finally {
   *   places.leave();
   * }
   */
  queue(ids: Promise<readonly string[]>, signal: AbortSignal): Promise<Places>;
}

/** The places of one message. */
export interface Places {
  /** Does the work on one id when its turn has come, or when the signal is aborted. To be called once for each id. */
  inTurn<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** Gives up the places of the ids that nothing was done with. */
  leave(): void;
}

/** For a message that is about no token. */
export const NO_PLACES: Places = { inTurn: (_id, work) => work(), leave: () => undefined };

/** A message that has arrived, until it has its places. */
interface Arrival {
  isRead: boolean;
  /** Nobody waits for it any more. */
  isOver: boolean;
  /** Milliseconds by the steady clock. */
  since: number;
  wake?: () => void;
  patience?: NodeJS.Timeout;
}

/** Milliseconds that others wait for a message to be read: an expression that never ends must not stop them all. */
const LONGEST_READING = 5_000;
/** Milliseconds between messages that count as having arrived together. */
const AT_ONCE = 1_000;

/** The order of one connection; see {@link Order.queue}. */
export function createOrder(clock: Clock = systemClock): Order {
  const arrivals = new Queue<Arrival>();
  const last = new Map<string, Place>();
  const stops = new WeakMap<AbortSignal, Set<() => void>>();

  /** What an abort calls: one listener for each signal, because each further one takes longer to add. */
  function onAbort(signal: AbortSignal): Set<() => void> {
    const known = stops.get(signal);
    if (known) return known;
    const listeners = new Set<() => void>();
    stops.set(signal, listeners);
    signal.addEventListener("abort", () => {
      for (const stop of listeners) stop();
    });
    return listeners;
  }

  /** Waits until it is woken or the signal is aborted. */
  async function sleep(signal: AbortSignal, wakenBy: (wake: () => void) => void): Promise<void> {
    if (signal.aborted) return;
    const listeners = onAbort(signal);
    await new Promise<void>((resolve) => {
      const wake = () => {
        listeners.delete(wake);
        resolve();
      };
      listeners.add(wake);
      wakenBy(wake);
    });
  }

  function advance(): void {
    let first = arrivals.peek();
    for (; first?.isOver; first = arrivals.peek()) arrivals.dequeue();
    if (first === undefined) return;
    if (first.isRead) {
      first.wake?.();
    } else if (arrivals.size > 1) {
      const slow = first;
      // If the event loop was blocked for long, what has been read meanwhile comes first.
      const pass = () => setImmediate(passOver, slow);
      slow.patience ??= setTimeout(pass, slow.since + LONGEST_READING - clock.steady());
    }
  }

  /** Passes over all others that came at about the same time, too, because each has been waited for. */
  function passOver(slow: Arrival): void {
    for (const arrival of arrivals) {
      if (!arrival.isRead && arrival.since <= slow.since + AT_ONCE) arrival.isOver = true;
    }
    advance();
  }

  function take(ids: readonly string[], signal: AbortSignal): Places {
    const places = new Map(ids.map((id) => [id, new Place(id, last)]));
    const leave = (id: string) => {
      places.get(id)?.leave();
      places.delete(id);
    };
    return {
      async inTurn(id, work) {
        try {
          const place = places.get(id);
          if (place?.isBehind()) await sleep(signal, (wake) => (place.wake = wake));
          return await work();
        } finally {
          leave(id);
        }
      },
      leave() {
        for (const id of places.keys()) leave(id);
      },
    };
  }

  return {
    async queue(ids, signal) {
      const arrival: Arrival = { isRead: false, isOver: false, since: clock.steady() };
      arrivals.enqueue(arrival);
      advance();
      try {
        let own: readonly string[] | undefined;
        await sleep(signal, (wake) => {
          void ids.then((read) => (own = read)).then(wake, wake);
        });
        own ??= signal.aborted ? stopped() : await ids;
        if (arrival.isOver) throw new TokenError("timeout", TOO_LATE, { words: "expression too slow" });
        arrival.isRead = true;
        if (arrivals.peek() !== arrival) await sleep(signal, (wake) => (arrival.wake = wake));
        return take(own, signal);
      } finally {
        clearTimeout(arrival.patience);
        arrival.isOver = true;
        advance();
      }
    },
  };
}

const TOO_LATE = `the IDs of the message took more than ${LONGEST_READING / 1000} s to evaluate, and the messages behind it did not wait. Nothing was done. Simplify the expressions of the node, or send the message again.`;

function stopped(): never {
  throw new TokenError("cancelled", "the flow was stopped or deployed anew. Nothing was sent.", {
    attempts: 0,
  });
}

/** One message's place among those of an id. */
class Place {
  wake?: () => void;
  /** Undefined once it is gone. */
  private before: Place | undefined;
  private after: Place | undefined;
  private isLeft = false;

  /** @param last of each id, the last place that is not gone. */
  constructor(
    private readonly id: string,
    private readonly last: Map<string, Place>,
  ) {
    this.before = last.get(id);
    if (this.before) this.before.after = this;
    last.set(id, this);
  }

  isBehind(): boolean {
    return this.before !== undefined;
  }

  /** If this place is left before its turn, those behind it still wait for those before it. */
  leave(): void {
    this.isLeft = true;
    if (this.before) return;
    let place = this as Place | undefined;
    while (place?.isLeft) {
      if (this.last.get(this.id) === place) this.last.delete(this.id);
      place = place.after;
      if (place) place.before = undefined;
    }
    place?.wake?.();
  }
}
