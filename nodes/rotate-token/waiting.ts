import * as z from "zod";
import { asTokenError, TokenError } from "../../src/errors.js";
import { RESOURCE_NAMES, type ResourceName } from "../../src/products.js";
import type { Secret } from "../../src/text/secret.js";
import type { Connection } from "../influxdb-connection/connection.js";
import type { Standing } from "../runtime/node.js";

/** A successor that was handed over, until the flow says that it is stored. */
interface HandedOver {
  /** Its ID. */
  readonly successor: string;
  readonly resource: ResourceName;
  /** Seconds in which the word must come; after a deploy or a restart they begin anew. */
  readonly seconds: number;
}

/**
 * Values of successors by connection and old token: in memory alone, so that they survive a deploy and no restart. Each
 * node of the connection can go on with a rotation that another has begun.
 */
const values = new Map<string, { successor: string; value: Secret }>();

/** By old token. As entries, because a record of Zod leaves out what is called `__proto__`, as a token can be. */
const Kept = z.preprocess(
  (kept) => Object.entries(kept ?? {}),
  z.array(
    z.tuple([
      z.string(),
      z.object({
        successor: z.string(),
        resource: z.enum(RESOURCE_NAMES),
        seconds: z.number().min(1).max(86_400),
      }),
    ]),
  ),
);

/**
 * Successors that are stored, by connection and old token, where the server does not tell, because they keep their mark.
 * Until a restart, which a word about one of them hardly outlives.
 */
const stored = new Set<string>();

/** Milliseconds until a context store that failed is asked again. */
const RETRY = 30_000;

const NOT_READ =
  'what waited before the start could not be read from the context store. Look for tokens whose description or name has "[successor of".';

const NOT_KEPT =
  "what waits could not be kept in the context store. It is tried again; after a restart before that, look for what was taken back although it is stored.";

/** Ends the waits of each node that runs, for all of them can be told the word. */
const running = new Set<(connection: string, id: string, successor: unknown) => Promise<void>>();

/** The rotations of one node with one connection that wait for the word. */
export interface Waiting {
  /**
   * Begins to wait; another node that waits for the same word does not any more.
   *
   * @throws {TokenError} `invalid-config` if the context store fails.
   */
  add(id: string, handedOver: HandedOver, value: Secret): Promise<void>;
  /** What was handed over for an old token, if its value is known. */
  of(id: string): { successor: string; value: Secret } | undefined;
  /**
   * Ends the wait of all nodes for the word about a successor; about one that was handed over since, it goes on. Where
   * the context store fails it is kept later.
   */
  end(id: string, successor: unknown): Promise<void>;
  /** Remembers that the word came, for a successor that keeps its mark. */
  keepStored(id: string, successor: string): void;
  isStored(id: string, successor: string | undefined): boolean;
}

/**
 * @param connection the ID of the connection.
 * @param expire takes back what was handed over for an old token, if it is still waited for when its turn has come; called
 *   when the word has not come in time.
 */
export function createWaiting(
  standing: Standing,
  connection: Connection["id"],
  expire: (id: string, handedOver: HandedOver, isStill: () => boolean) => Promise<void>,
): Waiting {
  const { signal, connections } = standing;
  const store = standing.store(connections.areNamed ? `rotations_${connection}` : "rotations");
  const waiting = new Map<string, HandedOver & { timer: NodeJS.Timeout | undefined }>();
  /** What ended before it was known that it waited, by old token and successor. */
  const ended = new Set<string>();
  /** Whether the context store holds something else. */
  let isUnsaved = false;
  const keyOf = (id: string) => `${connection} ${id}`;

  function wait(id: string, handedOver: HandedOver): void {
    clearTimeout(waiting.get(id)?.timer);
    const isStill = () => waiting.get(id)?.timer === timer;
    // A node that was stopped leaves it to the one that is deployed in its place.
    const timer = signal.aborted
      ? undefined
      : setTimeout(() => void overdue(id, handedOver, isStill), 1000 * handedOver.seconds);
    waiting.set(id, { ...handedOver, timer });
  }

  async function overdue(id: string, handedOver: HandedOver, isStill: () => boolean): Promise<void> {
    // The word can have come while no node ran that waited.
    if (isStored(id, handedOver.successor)) return end(id, handedOver.successor);
    try {
      await expire(id, handedOver, isStill);
    } catch (error) {
      if (signal.aborted) return;
      const failure = asTokenError(error);
      // If somebody has deleted the old token, there is nothing to go back to.
      if (failure.code === "not-found") await end(id, handedOver.successor);
      // It is tried again, because until then the successor works.
      else if (isStill()) wait(id, handedOver);
      standing.fail(failure, { id }, connection);
    }
  }

  async function end(id: string, successor: unknown): Promise<void> {
    if (values.get(keyOf(id))?.successor === successor) values.delete(keyOf(id));
    // Its own, too, when it was stopped.
    await Promise.all([...new Set([endHere, ...running])].map((endIn) => endIn(connection, id, successor)));
  }

  async function endHere(of: string, id: string, successor: unknown): Promise<void> {
    if (of !== connection) return;
    if (!isLoaded) ended.add(`${id} ${String(successor)}`);
    if (waiting.get(id)?.successor === successor) {
      clearTimeout(waiting.get(id)?.timer);
      waiting.delete(id);
      isUnsaved = true;
    }
    await keepUp();
  }

  async function save(): Promise<void> {
    const all = [...waiting].map(([id, { timer, ...handedOver }]) => [id, handedOver]);
    isUnsaved = false;
    try {
      await store.save(Object.fromEntries(all));
    } catch (error) {
      isUnsaved = true;
      keepUpLater();
      throw error;
    }
  }

  let loading: Promise<void> | undefined;
  let isLoaded = false;
  /** Until it is there, nothing may be written in its place. */
  function load(): Promise<void> {
    loading ??= takeUp().catch((error: unknown) => {
      loading = undefined;
      keepUpLater();
      throw error;
    });
    return loading;
  }

  async function takeUp(): Promise<void> {
    const kept = Kept.safeParse(await store.load());
    isLoaded = true;
    if (!kept.success) standing.warn(NOT_READ);
    for (const [id, handedOver] of kept.data ?? []) {
      const { successor } = handedOver;
      // The end of one that is stored can be lost in a deploy.
      if (ended.has(`${id} ${successor}`) || isStored(id, successor)) isUnsaved = true;
      else if (!waiting.has(id)) wait(id, handedOver);
    }
    ended.clear();
  }

  let again: NodeJS.Timeout | undefined;
  let told: string | undefined;
  /** Reads what waits, and keeps what has changed; again and again where the context store fails. */
  async function keepUp(): Promise<void> {
    const wasLoaded = isLoaded;
    try {
      await load();
      // What was read after the node was stopped can be older than what the node in its place has kept.
      if (isUnsaved && (wasLoaded || !signal.aborted)) await save();
      told = undefined;
    } catch {
      if (signal.aborted) return;
      const text = isLoaded ? NOT_KEPT : NOT_READ;
      if (told !== text) standing.warn(text);
      told = text;
    }
  }

  function keepUpLater(): void {
    clearTimeout(again);
    if (!signal.aborted) again = setTimeout(() => void keepUp(), RETRY);
  }

  function isStored(id: string, successor: string | undefined): boolean {
    return stored.has(`${keyOf(id)} ${successor}`);
  }

  void keepUp();
  running.add(endHere);
  signal.addEventListener("abort", () => {
    running.delete(endHere);
    clearTimeout(again);
    // The last time before another node reads it.
    if (isUnsaved) void save().catch(() => undefined);
    for (const { timer } of waiting.values()) clearTimeout(timer);
  });

  return {
    async add(id, handedOver, value) {
      // Not the node that is deployed in the place of this one meanwhile, and goes on to wait.
      const others = [...running].filter((each) => each !== endHere);
      await load();
      values.set(keyOf(id), { successor: handedOver.successor, value });
      wait(id, handedOver);
      await save();
      await Promise.all(others.map((endIn) => endIn(connection, id, handedOver.successor)));
    },
    of: (id) => values.get(keyOf(id)),
    end,
    keepStored: (id, successor) => void stored.add(`${keyOf(id)} ${successor}`),
    isStored,
  };
}

/** The error of a word that did not come in time. */
export function notStoredInTime({ successor, seconds }: HandedOver): TokenError {
  return new TokenError(
    "timeout",
    `the flow did not say within ${seconds} s that the value of the successor ${successor} is stored, so that was taken back. ` +
      'The old token works as before. Send the word (msg.step = "stored") sooner, raise the time limit, or begin again.',
    { words: "not stored in time" },
  );
}
