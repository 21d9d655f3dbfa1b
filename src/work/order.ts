import Queue from "yocto-queue";
import { systemClock, type Clock } from "../clock.js";
import { TokenError } from "../errors.js";
import type { PromiseOrValue } from "../promise-or-value.js";

/**
 * Keeps the order of work on each token, over all nodes of a connection: what came first is done first, with all its
 * retries, before the next begins. Work on other tokens goes on meanwhile.
 */
export interface Order {
  /**
   * Takes a place for each id behind all that were taken before. Places are given in the order of the calls, however
   * long each `ids` takes to be read; a message that others have waited five seconds for gets none. They are given at
   * once if the ids are there, and no message before it is being read.
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
  queue(ids: PromiseOrValue<readonly string[]>, signal: AbortSignal): PromiseOrValue<Places>;
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

  const sleep: Sleep = async (signal, wakenBy) => {
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
  };

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
    return new TakenPlaces(
      ids.map((id) => new Place(id, last)),
      sleep,
      signal,
    );
  }

  async function takeInOrder(ids: Promise<readonly string[]>, signal: AbortSignal): Promise<Places> {
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
  }

  function queue(ids: Promise<readonly string[]>, signal: AbortSignal): Promise<Places>;
  function queue(ids: PromiseOrValue<readonly string[]>, signal: AbortSignal): PromiseOrValue<Places>;
  function queue(ids: PromiseOrValue<readonly string[]>, signal: AbortSignal): PromiseOrValue<Places> {
    const isNext = arrivals.size === 0 && !(ids instanceof Promise);
    return isNext ? take(ids, signal) : takeInOrder(Promise.resolve(ids), signal);
  }
  return { queue };
}

const TOO_LATE = `the IDs of the message took more than ${LONGEST_READING / 1000} s to evaluate, and the messages behind it did not wait. Nothing was done. Simplify the expressions of the node, or send the message again.`;

function stopped(): never {
  throw notBegun();
}

/** The error of a message that waited when its node was stopped. */
export function notBegun(): TokenError {
  return new TokenError("cancelled", "the flow was stopped or deployed anew. Nothing was sent.", {
    attempts: 0,
  });
}

/** Waits until it is woken or the signal is aborted. */
type Sleep = (signal: AbortSignal, wakenBy: (wake: () => void) => void) => Promise<void>;

/** Small until the work begins, because very many messages can wait. */
class TakenPlaces implements Places {
  private byId: Map<string, Place> | undefined;

  constructor(
    private readonly places: readonly Place[],
    private readonly sleep: Sleep,
    private readonly signal: AbortSignal,
  ) {}

  async inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.byId ??= new Map(this.places.map((place) => [place.id, place]));
    const place = this.byId.get(id);
    try {
      if (place?.isBehind()) await this.sleep(this.signal, (wake) => (place.wake = wake));
      return await work();
    } finally {
      place?.leave();
    }
  }

  leave(): void {
    for (const place of this.places) place.leave();
  }
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
    readonly id: string,
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
    if (this.isLeft) return;
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
