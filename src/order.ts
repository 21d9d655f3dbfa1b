/**
 * Keeps the order of what concerns one token, over all nodes of a connection: what came first is done first, with
 * all its retries, before the next begins. What concerns other tokens goes on beside it.
 */
export interface Order {
  /**
   * Takes a place for each id behind all that has taken one before. Places are given in the order of the calls,
   * however long each `ids` takes to be read.
   *
   * @param signal ends the waiting, here and for the places.
   * @throws what `ids` is rejected with; then no place is taken.
   */
  queue(ids: Promise<readonly string[]>, signal: AbortSignal): Promise<Places>;
}

/** The places of one message. */
export interface Places {
  /** Does the work on one id when its turn has come, or when the signal is aborted; each id once. */
  inTurn<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** Gives up the places of the ids that nothing was done with. */
  leave(): void;
}

export function createOrder(): Order {
  const last = new Map<string, Place>();
  let arrivals: Promise<void> = Promise.resolve();

  function take(ids: readonly string[], signal: AbortSignal): Places {
    const places = new Map<string, Place>();
    for (const id of ids) {
      const place = new Place(last.get(id), () => {
        if (last.get(id) === place) last.delete(id);
      });
      places.set(id, place);
      last.set(id, place);
    }
    const leave = (id: string) => {
      places.get(id)?.leave();
      places.delete(id);
    };
    return {
      async inTurn(id, work) {
        try {
          await places.get(id)?.turn(signal);
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
    queue(ids, signal) {
      const turn = arrivals;
      const taken = (async () => {
        const own = await ids;
        await orAborted(turn, signal);
        return take(own, signal);
      })();
      // Whoever comes next does not wait for what fails or is stopped.
      arrivals = turn.then(() => orAborted(taken, signal));
      return taken;
    },
  };
}

/** One message's place behind those that came before it to the same id. */
class Place {
  #isGone = false;
  #next: (() => void) | undefined;

  constructor(
    private before: Place | undefined,
    private readonly onGone: () => void,
  ) {}

  async turn(signal: AbortSignal): Promise<void> {
    const { before } = this;
    if (!before || before.#isGone) return;
    await orAborted(new Promise<void>((resolve) => (before.#next = resolve)), signal);
  }

  /** Where this one is given up before its turn, those behind it still wait for those before it. */
  leave(): void {
    const { before } = this;
    if (before && !before.#isGone) {
      before.#next = () => this.leave();
      return;
    }
    this.before = undefined;
    this.#isGone = true;
    this.onGone();
    this.#next?.();
  }
}

async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      signal.removeEventListener("abort", end);
      resolve();
    };
    signal.addEventListener("abort", end);
    promise.then(end, end);
  });
}
