import { asTokenError, cancelled, type TokenError } from "../errors.js";
import type { TokenErrorCode } from "../error-codes.js";
import { markIn } from "./marks.js";
import {
  all,
  type Creatable,
  type Label,
  type Listable,
  type Listed,
  type Made,
  type Removable,
  type Wanted,
} from "./resource.js";

/** Tokens of which new ones can be made. */
export type Makeable<T extends Listed, W extends Wanted> = Creatable<T, W> &
  Pick<Listable<T, never>, "get"> &
  Removable<T>;

const MOST_TRIES = 3;

/** Ends a clean-up that goes on after the work was stopped: when it has taken five seconds. */
export function endOfCleanUp(): AbortSignal {
  return AbortSignal.timeout(5000);
}

/**
 * Makes one token and leaves nothing behind that nobody knows. The label of what is wanted must end with a mark of this
 * attempt alone, unless the tokens tell by something else what an attempt has left ({@link Creatable.leftBy}). By it the
 * token is found if the answer is lost: then it is removed, and made anew, three times in all. A stop of the work does
 * not stop that clean-up; it may then take five seconds.
 *
 * What it relies on: a server lists at once what it has made, as InfluxDB OSS does; of the others nothing else is
 * known. What a slow server makes of a request after it was looked for stays. Its value has reached nobody; its
 * description says that it was being made, where it has a mark; and where it can be switched off, it can do nothing.
 *
 * @throws {TokenError} of the last try. If a token may have been left, the error names its ID, or the label to look for.
 */
export async function makeMarked<T extends Listed, W extends Wanted>(
  tokens: Makeable<T, W>,
  wanted: W,
): Promise<Made<T>> {
  const label = wanted[tokens.label];
  if (label === undefined || (!tokens.leftBy && markIn(label) === undefined))
    throw new TypeError("a new token without a mark");
  for (let tries = 1; ; tries++) {
    try {
      return await tokens.make(wanted);
    } catch (error) {
      const failure = tries === 1 ? asTokenError(error) : afterOthers(asTokenError(error), tries - 1);
      // What an earlier try has made was not listed yet when it was looked for.
      if (tries > 1 && failure.code === "conflict") throw leftBehind(failure, lookFor(tokens.label, wanted));
      if (!mayHaveMade(failure)) throw failure;
      const removed = await cleanUp(tokens, wanted, failure);
      // It was made, and is not where it was looked for.
      if (failure.code === "not-applied" && removed === 0)
        throw leftBehind(failure, lookFor(tokens.label, wanted));
      if (tries === MOST_TRIES || failure.fatal || !CAN_DIFFER.has(failure.code))
        throw failure.retold(`${failure.reason} ${removed > 0 ? REMOVED : NOT_FOUND}`);
    }
  }
}

/** The failure of a try that was not the first: something was sent before it. */
function afterOthers(failure: TokenError, before: number): TokenError {
  const attempts = before + (failure.attempts ?? 1);
  return failure.code === "cancelled"
    ? cancelled(failure.task ?? "create", attempts, "It had been tried before.")
    : failure.retold(failure.reason, { attempts });
}

const REMOVED = "The new token that this left was removed again.";
const NOT_FOUND = "No new token was found afterwards.";

/** Failures that can be over at the next try. */
const CAN_DIFFER = new Set<TokenErrorCode>([
  "network",
  "timeout",
  "unavailable",
  "bad-response",
  "influxctl-failed",
]);
/** Failures that leave open whether there is a new token. After others, the server or influxctl has refused to make it. */
const UNCERTAIN = new Set<TokenErrorCode>([...CAN_DIFFER, "not-applied", "unexpected"]);

/** Whether there may be a new value that nobody got. */
export function mayHaveMade({ code, notSent, attempts }: TokenError): boolean {
  return code === "cancelled" ? attempts !== 0 : UNCERTAIN.has(code) && !notSent;
}

/**
 * Removes all tokens that an attempt has left.
 *
 * @returns how many.
 * @throws {TokenError} `failure`, with what to look for.
 */
async function cleanUp<T extends Listed, W extends Wanted>(
  tokens: Makeable<T, W>,
  wanted: W,
  failure: TokenError,
): Promise<number> {
  const stopped = () => tokens.reopen({ signal: endOfCleanUp() });
  const found: string[] = [];
  try {
    if (failure.code === "cancelled") return await removeAll(stopped(), tokens.label, wanted, found);
    return await removeAll(tokens.reopen(), tokens.label, wanted, found).catch((error: unknown) => {
      if (asTokenError(error).code !== "cancelled") throw error;
      return removeAll(stopped(), tokens.label, wanted, found);
    });
  } catch (error) {
    const { reason } = asTokenError(error);
    const left = found.length > 0 ? `is ${found.join(", ")}` : lookFor(tokens.label, wanted);
    throw leftBehind(failure, `${left}. It was not removed: ${reason}`);
  }
}

/** @param found takes the IDs of those that are still to be removed. */
async function removeAll<T extends Listed, W extends Wanted>(
  tokens: ReturnType<Makeable<T, W>["reopen"]>,
  label: Label,
  wanted: W,
  found: string[],
): Promise<number> {
  found.length = 0;
  const listed = await (tokens.leftBy?.(wanted) ?? tokens.holding(String(wanted[label]))).read(all);
  found.push(...listed.filter((token) => token[label] === wanted[label]).map(({ id }) => id));
  let removed = 0;
  for (let id = found[0]; id !== undefined; id = found[0]) {
    if (await isRemovedNow(tokens, id)) removed++;
    found.shift();
  }
  return removed;
}

/** A list can show tokens that were removed before. */
async function isRemovedNow(tokens: Removable<unknown>, id: string): Promise<boolean> {
  try {
    return !(await tokens.remove(id)).alreadyRevoked;
  } catch (error) {
    if (asTokenError(error).code === "not-found") return false;
    throw error;
  }
}

function lookFor(label: Label, wanted: Wanted): string {
  return `has the ${label} "${wanted[label]}"`;
}

function leftBehind(failure: TokenError, which: string): TokenError {
  return failure.retold(`${failure.reason} A new token may be left, which ${which}`);
}
