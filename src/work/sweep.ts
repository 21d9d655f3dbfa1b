import { systemClock, type Clock } from "../clock.js";
import { factsOf } from "../error-codes.js";
import { asTokenError, TokenError } from "../errors.js";
import { counted, grouped } from "../text/counts.js";
import { isFailure, triedMoreThanOnce, type Outcome, type OutcomeRecord } from "./outcomes.js";
import type { Target } from "./targets.js";

export interface SweepOptions {
  /** What is done, and to what: `{ verb: "delete", noun: "authorization" }`. */
  task: { verb: string; noun: string };
  /**
   * How many targets are worked on at once. It can change: it is asked whenever the work on one is over. Not a getter:
   * one in a literal gives each message a hidden class, which keeps all that it closes over until a full collection.
   */
  parallel: () => number;
  signal: AbortSignal;
  /** Called as soon as the outcome of a target is known. If it throws, nothing more is begun. */
  onRecord?: (record: OutcomeRecord, index: number, done: number) => void;
  clock?: Clock;
}

export interface SweepResult {
  /** One for each target, in the order of the targets. */
  records: OutcomeRecord[];
  /** The error of the first target, in their order, that failed, if any did. */
  error?: TokenError;
}

/** So many targets in a row may fail by an outage, each after all its retries, before the rest is left alone. */
const MOST_IN_A_ROW = 10;

/**
 * Does one thing to many targets: at most `parallel` at once, one record each, in the given order. It never
 * throws. It is stopped by the signal, by an error that every further request would meet too (a token that is
 * refused), and by a server that fails ten times in a row: ten thousand timeouts take a day. What was not begun
 * by then is recorded as `not-started`.
 *
 * @param act gives the outcome of one target, or throws its error.
 * @example
 * const { records, error } = await sweep(
 *   targets,
 *   async ({ id }) => ({ outcome: "deleted", ...(await tokens.remove(id)) }),
 *   { task: { verb: "delete", noun: "authorization" }, parallel: () => 4, signal },
 * );
 */
export async function sweep(
  targets: readonly Target[],
  act: (target: Target, index: number) => Promise<Outcome>,
  options: SweepOptions,
): Promise<SweepResult> {
  const { clock = systemClock } = options;
  const records: OutcomeRecord[] = [];
  /** By the index of the target. */
  const errors: (TokenError | undefined)[] = [];
  let next = 0;
  let working = 0;
  let done = 0;
  let inARow = 0;
  let gaveUp = false;
  let stopped = false;

  function fail(thrown: unknown, index: number): TokenError {
    const error = asTokenError(thrown);
    errors[index] ??= error;
    inARow = factsOf(error.code).isOutage ? inARow + 1 : 0;
    if (inARow === MOST_IN_A_ROW) gaveUp = true;
    if (error.fatal || gaveUp) stopped = true;
    return error;
  }

  async function settle(index: number): Promise<void> {
    const target = targets[index] as Target;
    const { id, known } = target;
    let came: Came = { outcome: "not-started" };
    if (!stopped && !options.signal.aborted) {
      try {
        came = await act(target, index);
        inARow = 0;
      } catch (thrown) {
        came = outcomeOf(fail(thrown, index));
      }
    }
    const { outcome, token, ...rest } = came;
    // What matters comes first, because people read it in the debug sidebar.
    const at = new Date(clock.now()).toISOString();
    const record: OutcomeRecord = { id, outcome, at, ...rest, token: { ...known, ...token } };
    records[index] = record;
    try {
      options.onRecord?.(record, index, ++done);
    } catch (thrown) {
      fail(thrown, index);
      stopped = true;
    }
  }

  /** One target after another, as long as that is not too many at once, with others beside if it is too few. */
  async function work(): Promise<void> {
    working++;
    const others: Promise<void>[] = [];
    while (next < targets.length && working <= options.parallel()) {
      const settled = settle(next++);
      while (next < targets.length && working < options.parallel()) others.push(work());
      await settled;
    }
    working--;
    await Promise.all(others);
  }

  // Most messages name one token.
  await (targets.length === 1 ? settle(0) : work());
  const failed = records.filter(isFailure).length;
  if (failed === 0 && errors.length === 0) return { records };
  return { records, error: failureOf(records, errors, { failed, gaveUp, ...options.task }) };
}

type Came = Outcome & Pick<OutcomeRecord, "error">;

function outcomeOf({ code, message, statusCode, attempts }: TokenError): Came {
  if (code === "cancelled") return { outcome: attempts === 0 ? "not-started" : "unknown" };
  const error = { code, message, ...(statusCode !== undefined && { statusCode }) };
  return { outcome: "failed", ...triedMoreThanOnce(attempts), error };
}

/** One error for the whole: a single target's own, or one that counts. */
function failureOf(
  records: OutcomeRecord[],
  errors: (TokenError | undefined)[],
  { failed, gaveUp, verb, noun }: { failed: number; gaveUp: boolean } & SweepOptions["task"],
): TokenError {
  const first = errors.findIndex((error) => error !== undefined);
  const told = errors[first];
  const error =
    told ?? new TokenError("cancelled", "the flow was stopped or deployed anew before the work began.");
  if (records.length === 1) return error;
  const why = gaveUp ? `${MOST_IN_A_ROW} in a row have failed, so the rest was left alone; ` : "";
  const reason = told ? `${why}the first is ${records[first]?.id}: ${told.reason}` : error.reason;
  const task = `${verb} ${grouped(failed)} of ${counted(records.length, noun)}`;
  return error.retold(reason, { task, attempts: undefined, fatal: false });
}
