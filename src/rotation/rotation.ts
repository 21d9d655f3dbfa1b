import { setTimeout as pause } from "node:timers/promises";
import { systemClock, type Clock } from "../clock.js";
import { asTokenError, TokenError } from "../errors.js";
import type { Secret } from "../text/secret.js";
import { endOfCleanUp, makeMarked, type Makeable } from "../tokens/creation.js";
import { marked, markIn, newAttempt, withoutMark, type Mark } from "../tokens/marks.js";
import {
  all,
  type Listed,
  type Liveness,
  type Removable,
  type Resource,
  type Shown,
  type Wanted,
} from "../tokens/resource.js";
import { toSecond } from "../work/times.js";

/*
 * Replaces tokens one by one without an outage: the successor works before the old one stops. What the server shows of
 * the two, with the marks in their descriptions, is the record of how far that is; so each step can be repeated, goes on
 * where an earlier one was ended, and needs no memory but the value of the successor, which a server shows once.
 *
 *   begin     made: off, "successor of OLD"       →  on                        the value is handed over
 *   finish    the value lets in                   →  OLD off, "replaced by"    →  the successor's mark is taken off
 *   withdraw  the successor off, or removed          (OLD was never touched)
 *   back      the successor "successor of" again  →  OLD on
 *
 * At each arrow the process may end. A token that cannot be switched off (a management token, one of InfluxDB 3) is left to
 * be revoked or deleted.
 */

/** What a rotation needs of a kind of tokens. */
export interface Rotated {
  readonly kind: Required<Pick<Resource, "twinOf">> & Pick<Resource, "noun" | "isOn" | "markOf">;
  readonly tokens: Makeable<Listed, Wanted>;
  /** What the server makes of a value. */
  readonly check: (value: Secret) => Promise<Liveness>;
  /** Tokens that are left alone, whatever their descriptions say: anybody who may change a token can write a mark. */
  readonly isProtected?: (id: string) => boolean;
  /** Milliseconds after which a new token works at the latest; 0 if it does at once. */
  readonly worksWithin: number;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

/** A successor whose value is to be handed over. */
interface Begun {
  old: Listed;
  successor: Listed;
  value: Secret;
}

/** How a token was found: with its successor, if it was replaced before. */
interface Replaced {
  old: Shown;
  successor: Shown | undefined;
}

/** The rotation of single tokens. No two steps for one token may be under way at once. */
export interface Rotation {
  /**
   * Makes the successor, able to do what the old one can, and switches it on. What earlier runs have left is removed if
   * it was never given out; a successor that may be in somebody's hands goes on working until the new one is finished.
   *
   * @param change what the successor has in place of the old one's.
   * @returns the old and the new token; or what replaced the token, if that was done before.
   * @throws {TokenError} `conflict` if the token is itself new and not ready; what making it meets. The old token is as
   *   it was, and no successor is left.
   */
  begin(id: string, change?: (old: Shown) => Readonly<Record<string, unknown>>): Promise<Begun | Replaced>;
  /** A successor that can be handed over once more: it is there, and works. */
  pending(id: string, successor: string): Promise<Shown | undefined>;
  /**
   * Ends the old token, once the value of its successor was seen to work.
   *
   * @param given the value, as far as it is known; and which successor it is, if there can be more than one.
   * @param ending `mayEnd` throws if one of the IDs must not end, because the connection lives on it; `revokes` says
   *   whether one that cannot be switched off is revoked.
   * @throws {TokenError} `not-waiting` if there is no successor, or the token was handed over anew since, or replaced by
   *   another; `not-verified` if the value is not known or does not work. The old token then works as before.
   */
  finish(
    id: string,
    given: { value: Secret | undefined; successor: string | undefined },
    ending: { mayEnd: (ids: readonly string[], successor: string) => Promise<void>; revokes: boolean },
  ): Promise<Replaced>;
  /**
   * Takes the successor back: switches it off, so that a late word can still make it work, or removes it.
   *
   * @param mayEnd throws if the successor must not end, because the connection lives on it by now.
   * @returns the successor, or undefined if the token was replaced by it meanwhile, or there is none.
   * @throws {TokenError} `not-waiting` if it is not named, and there are several; `not-found` if the old one is gone, or
   *   is revoked and the successor would be switched off.
   */
  withdraw(
    id: string,
    successor: string | undefined,
    how: "off" | "remove",
    mayEnd: (successor: string) => Promise<void>,
  ): Promise<Shown | undefined>;
  /**
   * Makes a replaced token work again, beside its successor, which becomes one that is not finished. If that was switched
   * off since, it stays so.
   *
   * @throws {TokenError} `not-waiting` if it was not replaced, or by a token that cannot be its successor; `not-found` if
   *   one of them is gone.
   */
  back(id: string): Promise<Replaced>;
}

/** Milliseconds between two looks whether a new value works. */
const BETWEEN_LOOKS = 1000;

export function createRotation({
  kind,
  tokens,
  check,
  isProtected = () => false,
  worksWithin,
  signal,
  clock = systemClock,
}: Rotated): Rotation {
  const { noun, twinOf, isOn, markOf = ({ id }) => String(id) } = kind;
  const labelOf = (token: Shown) => token[tokens.label];

  async function look(id: string): Promise<Listed> {
    const { token } = await tokens.get(id);
    if (token !== undefined) return token;
    throw new TokenError(
      "conflict",
      `${noun} ${id} belongs to a user or organization that is gone, so the server does not show what it may do.`,
      { words: "has no owner" },
    );
  }

  /** Its successors that are not finished, the newest last. */
  async function successorsOf(old: Listed): Promise<Listed[]> {
    const found: { token: Listed; since: string }[] = [];
    for (const token of await tokens.holding(`[successor of ${markOf(old)} `, old).read(all)) {
      const mark = markIn(labelOf(token));
      const isIts = mark?.kind === "successor" && mark.of === markOf(old) && !isProtected(token.id);
      // A server that was set up anew gives the numbers of tokens again; a name stays what it is.
      if (kind.markOf && withoutMark(labelOf(token)) !== withoutMark(labelOf(old))) continue;
      if (isIts && token.revokedAt === undefined) found.push({ token, since: mark.since });
    }
    return found.sort((a, b) => compare(a.since, b.since)).map(({ token }) => token);
  }

  /** The one that a word is about. */
  function named(all: readonly Listed[], id: string, successor: string | undefined): Listed | undefined {
    if (successor !== undefined) return all.find((each) => each.id === successor);
    if (all.length <= 1) return all[0];
    const ids = all.map((each) => each.id).join(", ");
    throw notWaiting(`${noun} ${id} has several successors (${ids}), and "handedOver" does not name one`);
  }

  /** It may be gone already. */
  async function remove(token: Listed, by: Removable<unknown> = tokens): Promise<void> {
    await unlessGone(by.remove(token.id));
  }

  /** What a token can do; its description can be empty if that of the first was. */
  function likeIt(token: Listed, description: string): Wanted {
    return { ...twinOf(token, "any"), description };
  }

  function successorMark(old: Shown): Mark {
    return { kind: "successor", of: markOf(old), since: toSecond(clock.now()), attempt: newAttempt() };
  }

  /**
   * Until the value lets in, or it is certain that it will not.
   *
   * @returns whether the server says that it is that of the successor.
   */
  async function verify(value: Secret, successor: Listed): Promise<boolean> {
    const end = clock.steady() + worksWithin;
    for (;;) {
      const { works, state, token, user } = await check(value);
      if (works) {
        const isOther =
          (token !== undefined && token.id !== successor.id) ||
          (user?.id !== undefined && successor.userID !== undefined && user.id !== successor.userID);
        if (!isOther) return token !== undefined;
        throw notVerified(`the value is that of another token than ${noun} ${successor.id}`);
      }
      if (clock.steady() >= end || state !== "not-accepted") {
        throw notVerified(`the server does not let anybody in with it (${state.replaceAll("-", " ")})`);
      }
      await pause(BETWEEN_LOOKS, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted) throw new TokenError("cancelled", STOPPED, { attempts: 0 });
    }
  }

  async function switchOff(token: Listed, mark: Mark): Promise<void> {
    const description = marked(token.description, mark);
    await unlessGone(tokens.switchOff?.(token.id, description));
  }

  /**
   * Where the server does not tell whose a value is, it could be that of the old token, which works no more.
   *
   * @param ended what works no more, as it was.
   * @throws {TokenError} `not-verified`, or what checking it meets. What was ended then works again.
   */
  async function proveOther(value: Secret, successor: Listed, ended: readonly Listed[]): Promise<void> {
    try {
      await verify(value, successor);
    } catch (error) {
      for (const each of ended) {
        const { description } = each;
        await tokens.switchOn?.(each.id, likeIt(each, typeof description === "string" ? description : ""));
      }
      throw error;
    }
  }

  function isWorking(token: Listed): boolean {
    return isOn?.(token) !== false;
  }

  /**
   * What its description says that it was replaced by. One that works was not, or somebody has switched it on again; nor
   * one that cannot be switched off, of which no rotation says so.
   */
  function replacedMark(token: Listed): Extract<Mark, { kind: "replaced" }> | undefined {
    const mark = tokens.switchOff && markIn(token.description);
    return mark?.kind === "replaced" && isOn?.(token) !== true ? mark : undefined;
  }

  /** What a token was replaced by, if it was, and if that is still there. */
  async function ifReplaced(old: Listed): Promise<Replaced | undefined> {
    if (old.revokedAt !== undefined) return { old, successor: (await successorsOf(old)).at(-1) };
    const mark = replacedMark(old);
    if (mark === undefined) return undefined;
    const found = await unlessGone(tokens.get(mark.by));
    return { old, successor: found?.token && (await settle(old, found.token)) };
  }

  /** Where a token that was removed is not shown any more, its successor has its name, and says that it is one. */
  async function replacedAndGone(id: string, named: string | undefined): Promise<Replaced> {
    const successor = kind.markOf && named !== undefined ? await unlessGone(tokens.get(named)) : undefined;
    const label = successor?.token && labelOf(successor.token);
    if (markIn(label)?.kind === "successor" && withoutMark(label) === withoutMark(id))
      return { old: { id }, successor: successor?.token };
    throw new TokenError(
      "not-found",
      `there is no ${noun} ${id} any more, nor a successor of it that waits.`,
    );
  }

  /** Takes the mark off a successor that is in use. One that was changed by others since is left alone. */
  async function settle(old: Listed, successor: Listed): Promise<Listed> {
    const mark = markIn(successor.description);
    const isPending = mark?.kind === "successor" && mark.of === old.id && isWorking(successor);
    if (!isPending || !tokens.switchOn) return successor;
    const description = withoutMark(successor.description);
    const { token } = await tokens.switchOn(successor.id, likeIt(successor, description));
    return { ...successor, ...token, description };
  }

  return {
    async begin(id, change = () => ({})) {
      const old = await look(id);
      const before = await ifReplaced(old);
      if (before) return before;
      const mark = markIn(old.description);
      // The mark of one that cannot be described anew stays for good.
      if (mark !== undefined && mark.kind !== "replaced" && tokens.switchOn) {
        const reason = "it is itself new, and not ready: finish or remove it first";
        throw new TokenError("conflict", `${reason} (its description ends with "${mark.kind} …").`);
      }
      const wanted = { ...twinOf(old, marked(labelOf(old), successorMark(old))), ...change(old) };
      for (const left of await successorsOf(old)) if (isOn && !isOn(left)) await remove(left);
      const made = await makeMarked(tokens, wanted);
      try {
        const on = await tokens.switchOn?.(made.token.id, wanted);
        return { old, successor: { ...made.token, ...on?.token }, value: made.value };
      } catch (error) {
        const failure = asTokenError(error);
        const anew = tokens.reopen({ signal: endOfCleanUp() });
        const isGone = await remove(made.token, anew).then(
          () => true,
          () => false,
        );
        const left = `Its successor ${made.token.id} could not be removed again: look at it.`;
        throw isGone ? failure : failure.retold(`${failure.reason} ${left}`);
      }
    },

    async pending(id, named) {
      const all = await successorsOf(await look(id));
      return all.find((each) => each.id === named && isWorking(each));
    },

    async finish(id, { value, successor: wanted }, { mayEnd, revokes }) {
      const old = await unlessGone(look(id));
      if (old === undefined) return replacedAndGone(id, wanted);
      const before = await ifReplaced(old);
      if (before) {
        const mark = replacedMark(old);
        if (wanted === undefined || mark === undefined || mark.by === wanted) return before;
        throw notWaiting(`${noun} ${id} was replaced by ${mark.by}, not by ${wanted}`);
      }
      const all = await successorsOf(old);
      const successor = named(all, id, wanted);
      if (successor === undefined) throw notWaiting(`${noun} ${id} has no successor that waits`);
      const newest = all.at(-1);
      // Its value was stored later, perhaps in the same place.
      if (newest !== successor)
        throw notWaiting(`a newer successor of ${noun} ${id} was made since, ${newest?.id}`);
      if (value === undefined) {
        throw notVerified(
          "its value is not known any more, because Node-RED was started anew since it was handed over. Send the value with the word",
        );
      }
      const others = all.filter((each) => each !== successor);
      // It was switched off when the word had not come in time.
      if (isOn && !isOn(successor)) {
        await tokens.switchOn?.(successor.id, { ...twinOf(old, String(successor.description)) });
      }
      const isCertain = await verify(value, successor);
      await mayEnd(
        [...others, old].map((each) => each.id),
        successor.id,
      );
      const mark: Mark = { kind: "replaced", by: successor.id, at: toSecond(clock.now()) };
      // The old one comes last: until then, whoever does this again finds all that is left to do.
      for (const each of [...others, old]) {
        if (tokens.switchOff) await switchOff(each, mark);
        else if (revokes) await remove(each);
      }
      if (!isCertain && tokens.switchOff)
        await proveOther(value, successor, [...others, old].filter(isWorking));
      return { old, successor: await settle(old, await look(successor.id)) };
    },

    async withdraw(id, wanted, how, mayEnd) {
      const old = await look(id);
      if (replacedMark(old)) return undefined;
      if (how === "off" && old.revokedAt !== undefined) {
        const left =
          "Its successor was left alone, because it may be all that works: end it if it is not stored.";
        throw new TokenError("not-found", `${noun} ${id} is revoked. ${left}`);
      }
      const successor = named(await successorsOf(old), id, wanted);
      if (successor === undefined) return undefined;
      await mayEnd(successor.id);
      if (how === "off" && tokens.switchOff) {
        await tokens.switchOff(successor.id, String(successor.description));
      } else {
        await remove(successor);
      }
      return successor;
    },

    async back(id) {
      if (tokens.switchOn === undefined)
        throw notWaiting(
          `a replaced ${noun} is gone for good, or has never stopped working: there is no way back`,
        );
      const old = await look(id);
      const mark = markIn(old.description);
      if (mark?.kind !== "replaced") {
        throw notWaiting(`${noun} ${id} was not replaced, so there is nothing to bring back`);
      }
      const { token: successor } = await tokens.get(mark.by);
      if (successor === undefined) throw notWaiting(`the server does not show what replaced ${noun} ${id}`);
      if (successor.userID !== old.userID || isProtected(successor.id))
        throw notWaiting(`${mark.by} cannot be what replaced ${noun} ${id}`);
      if (isOn?.(successor)) {
        const pending = marked(successor.description, successorMark(old));
        await tokens.switchOn(successor.id, twinOf(successor, pending));
      }
      // What the old one could do is what its successor can.
      const { token } = await tokens.switchOn(id, likeIt(successor, withoutMark(old.description)));
      return { old: { ...old, ...token }, successor };
    },
  };
}

const STOPPED = "the flow was stopped or deployed anew. The old token works as before.";

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What was asked of a token, or undefined if that is gone. */
async function unlessGone<T>(asked: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (asTokenError(error).code !== "not-found") throw error;
    return undefined;
  }
}

function notVerified(reason: string): TokenError {
  return new TokenError("not-verified", `${reason}. The old token was left alone.`);
}

function notWaiting(reason: string): TokenError {
  return new TokenError("not-waiting", `${reason}. Check the ID, and what became of the rotation before.`);
}
