import * as z from "zod";
import { systemClock, type Clock } from "../clock.js";
import { TokenError } from "../errors.js";

/** What a limit is counted over. */
export const WINDOWS = ["message", "minute", "hour", "day"] as const;
export type Window = (typeof WINDOWS)[number];

const SECONDS: Record<Window, number> = { message: 0, minute: 60, hour: 3_600, day: 86_400 };

/** Keeps a mistake small: at most so many tokens for one message, or within a window of time. */
export interface RateLimit {
  /**
   * Whether these tokens may be acted upon; all of them or none.
   *
   * @param what their ids; or how many, if they have none yet.
   * @param origins what the message comes from: messages that share one of them count as one.
   * @param spend false for a dry run, which gets the same answer but uses up nothing of the real limit.
   * @returns what gives back a number of them that were not touched after all.
   * @throws {TokenError} `limit-exceeded`; `invalid-config` if the stored count cannot be read; what the store throws.
   * @example
   * const giveBack = await limit.take(ids, [`message ${msg._msgid}`], true);
   * const records = await removeAll(ids);
   * await giveBack(records.filter(isUntouched).length);
   */
  take(what: readonly string[] | number, origins: readonly string[], spend: boolean): Promise<GiveBack>;
}

/** For what was allowed before. */
export const NO_LIMIT: RateLimit = { take: () => KEPT };

type GiveBack = (count: number) => Promise<void>;

/** Per message ids are not given back: the same ones of the same message are not counted twice anyway. */
const KEEP: GiveBack = () => Promise.resolve();
const KEPT = Promise.resolve(KEEP);

/** Where a count is kept, so that it outlives the rate limit: memory, or a context store of Node-RED. */
export interface CounterStore {
  load(): Promise<unknown>;
  save(counts: unknown): Promise<void>;
}

/** Tokens that were admitted in one go, and when, in milliseconds by both clocks. */
const Admitted = z.object({ wall: z.number(), steady: z.number(), count: z.number().int().min(1) });
type Admitted = z.infer<typeof Admitted>;

/**
 * A limit of `max` tokens; `Infinity` is none. The window slides: "per hour" means within the last 3,600 s.
 *
 * @param store keeps the count of a window; not used per message.
 */
export function createRateLimit(
  max: number,
  per: Window,
  store: CounterStore,
  clock: Clock = systemClock,
): RateLimit {
  return per === "message" ? perMessage(max) : perWindow(max, per, store, clock);
}

/** Messages that are remembered, in case more of the same origin come. */
const MOST_ORIGINS = 10_000;

/**
 * A list that is sent as one message per token still counts as one. Each id counts once, so that a flow may try again
 * what has failed; dry runs have a count of their own.
 */
function perMessage(max: number): RateLimit {
  const real = countByOrigin(max);
  const rehearsed = countByOrigin(max);
  return { take: (what, origins, spend) => (spend ? real : rehearsed)(what, origins) };
}

function countByOrigin(
  max: number,
): (what: readonly string[] | number, origins: readonly string[]) => Promise<GiveBack> {
  if (max === Infinity) return () => KEPT;
  const byOrigin = new Map<string, Used>();
  // One for good: each new one would pass over all that were taken away before it finds the oldest.
  const oldestFirst = byOrigin.keys();
  /** For what has no id. */
  let made = 0;
  return (what, origins) => {
    const ids = typeof what === "number" ? Array.from({ length: what }, () => `new ${++made}`) : what;
    for (const origin of origins) {
      const used = byOrigin.get(origin);
      const before = used instanceof Set ? used.size : used === undefined ? 0 : 1;
      const isUsed = (id: string) => (used instanceof Set ? used.has(id) : used === id);
      const added = ids.reduce((sum, id) => sum + (isUsed(id) ? 0 : 1), 0);
      if (before + added > max) {
        return Promise.reject(limitExceeded(ids.length, before, `${max} per message`));
      }
    }
    for (const origin of origins) {
      const used = byOrigin.get(origin);
      // The last one used is the last to be forgotten.
      if (used !== undefined) byOrigin.delete(origin);
      byOrigin.set(origin, withIds(used, ids));
      if (byOrigin.size > MOST_ORIGINS) byOrigin.delete(oldestFirst.next().value ?? "");
    }
    if (ids === what) return KEPT;
    return Promise.resolve((count) => {
      for (const origin of origins) {
        const left = withoutIds(byOrigin.get(origin), ids.slice(0, count));
        if (left === undefined) byOrigin.delete(origin);
        else byOrigin.set(origin, left);
      }
      return Promise.resolve();
    });
  };
}

/** The ids that were counted for an origin. Most often it is one, which takes a tenth of the memory of a set. */
type Used = string | Set<string>;

function withIds(used: Used | undefined, ids: readonly string[]): Used {
  const [first] = ids;
  if (ids.length === 1 && first !== undefined && (used === undefined || used === first)) return first;
  const all = used instanceof Set ? used : new Set(used === undefined ? [] : [used]);
  for (const id of ids) all.add(id);
  return all;
}

function withoutIds(used: Used | undefined, ids: readonly string[]): Used | undefined {
  if (typeof used === "string") return ids.includes(used) ? undefined : used;
  for (const id of ids) used?.delete(id);
  return used;
}

function perWindow(
  max: number,
  per: Exclude<Window, "message">,
  store: CounterStore,
  clock: Clock,
): RateLimit {
  const length = SECONDS[per] * 1000;
  /** The oldest first. */
  let loaded: Promise<Admitted[]> | undefined;

  async function load(): Promise<Admitted[]> {
    const counts = z
      .array(Admitted)
      .default([])
      .safeParse((await store.load()) ?? undefined);
    if (!counts.success) throw new TokenError("invalid-config", UNREADABLE, { words: "no count for limit" });
    const now = { wall: clock.now(), steady: clock.steady() };
    // From here on, only the steady clock counts.
    return counts.data.map((each) => ({ ...each, steady: now.steady - age(each, now) }));
  }

  return {
    async take(what, _origins, spend) {
      const wanted = typeof what === "number" ? what : what.length;
      loaded ??= load().catch((error: unknown) => {
        loaded = undefined;
        throw error;
      });
      const admitted = await loaded;
      const now = clock.steady();
      const current = admitted.findIndex(({ steady }) => steady > now - length);
      admitted.splice(0, current === -1 ? admitted.length : current);
      const used = admitted.reduce((sum, { count }) => sum + count, 0);
      if (used + wanted > max) throw limitExceeded(wanted, used, `${max} per ${per}`);
      if (!spend || wanted === 0 || max === Infinity) return KEEP;
      const entry = add(admitted, { wall: clock.now(), steady: now, count: wanted }, length);
      const takeOff = (count: number) => {
        // If the window has passed, it does not count any more; the tokens of others still do.
        const index = admitted.indexOf(entry);
        if (index === -1) return;
        entry.count -= count;
        if (entry.count === 0) admitted.splice(index, 1);
      };
      const save = () => store.save(structuredClone(admitted));
      try {
        await save();
      } catch (error) {
        // The message ends with it.
        takeOff(wanted);
        throw error;
      }
      return (count) => {
        takeOff(count);
        return save();
      };
    },
  };
}

const UNREADABLE =
  "the flow's context, where the limit keeps its count, holds something that is no count. Delete it there, and the count begins again at zero.";

/** The window is counted in so many parts, each as of its last entry, so that a busy day is a short list. */
const PARTS = 100;

function add(admitted: Admitted[], entry: Admitted, length: number): Admitted {
  const last = admitted.at(-1);
  const isSamePart = (a: Admitted) =>
    Math.floor((a.steady * PARTS) / length) === Math.floor((entry.steady * PARTS) / length);
  if (last && isSamePart(last)) return Object.assign(last, { ...entry, count: entry.count + last.count });
  admitted.push(entry);
  return entry;
}

/**
 * How long ago that was, in milliseconds. The steady clock starts anew with the machine, and the other can be set
 * meanwhile; the shorter time is the safe side, because it keeps the limit.
 */
function age(then: Admitted, now: { wall: number; steady: number }): number {
  const byWall = Math.max(0, now.wall - then.wall);
  return now.steady < then.steady ? byWall : Math.min(byWall, now.steady - then.steady);
}

function limitExceeded(count: number, used: number, allowed: string): TokenError {
  const before = used > 0 ? ` after ${used} before it` : "";
  return new TokenError(
    "limit-exceeded",
    `the message names ${count}${before}, and the node allows ${allowed}. ` +
      "Nothing was done. Send fewer, or raise the limit.",
  );
}
