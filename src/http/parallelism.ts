import type { Clock } from "../clock.js";

/** How many calls may be under way at once: so many, or as many as turn out to be best. */
export type Parallel = number | "auto";

/** The most that a connection can allow. */
export const MOST_PARALLEL = 64;
/** What "auto" starts from, and what fits where nothing can be found. */
export const START_PARALLEL = 4;

/** Beyond so many calls of all connections at once, more need sockets and bring nothing: this process is what is busy. */
export const ENOUGH_IN_ALL = 8 * MOST_PARALLEL;

/**
 * What an attempt tells of how much the server can take: the milliseconds until its answer began; that there were too
 * many requests (429); that the server, or what it stands behind, could not cope; or nothing.
 */
export type Sign = number | "refused" | "overloaded" | undefined;

export interface Parallelism {
  /** How many calls may be under way now. */
  readonly most: number;
  /**
   * Called when an attempt is sent.
   *
   * @returns what is called when it has ended.
   */
  begin(): (sign: Sign) => void;
}

/** At the beginning the number is doubled, to be near the right one within seconds; later it is tried with care. */
const FACTOR = { first: 2, later: 1.5 };
/** Milliseconds that a number is tried for, at least. */
const TRIAL_MS = { first: 100, later: 250 };
/** Milliseconds between two trials: longer after each that has found nothing better. */
const REST_MS = { first: 500, longest: 8000 };
/** A tenth more calls at once must bring a hundredth more of them a second, or they only wait at the server. */
const WORTH_MORE = 0.1;
/** A tenth fewer that cost less than half of that are better for the server, and for who else asks it. */
const WORTH_FEWER = 0.05;
/** Without a queue at the server, latency is at most so many times the least; then fewer calls are not tried. */
const NO_QUEUE = 1.25;
/** Milliseconds before a number is tried again with which the server could not cope. */
const CEILING_MS = 30_000;
/** The share of answers by which a server cannot cope: fewer are those of one machine of many, or of one odd request. */
const OVERLOAD = 0.1;
/** Milliseconds without any call after which a server may have become another. */
const FORGOTTEN_MS = 60_000;

export function fixedParallelism(most: number): Parallelism {
  return { most, begin: () => () => undefined };
}

/**
 * Finds out how many calls at once a server answers most of: it climbs as long as more of them bring more answers a
 * second, and steps back from what brings none. The rate is that of Little's law (calls under way by their latency), so
 * it needs few answers, and pauses of our own weigh little: it takes the median. As in
 * {@link https://github.com/Netflix/concurrency-limits Netflix's concurrency-limits} the gradient decides, but that of the
 * rate by the number, as the latency of a server can rise with each call and yet be worth it; and as in
 * {@link https://vector.dev/docs/architecture/arc/ Vector's adaptive request concurrency}, what the server refuses cuts the
 * number down at once. Why: docs/decisions/0017-parallel-requests-find-themselves.md.
 *
 * @param all how many calls are under way in all connections that share it; when these are enough, each has the start.
 */
export function findParallelism(clock: Clock, all = { underWay: 0 }): Parallelism {
  let most: number;
  let isFirst: boolean;
  let isUp: boolean;
  /** What was last found good, and its calls a millisecond; the number that is tried is compared with it. */
  let good: { most: number; rate: number } | undefined;
  let leastMs: number;
  let restMs: number;
  let restUntil: number;
  let trial: { since: number; begun: number; ended: number; overloaded: number; latencies: number[] };
  /** With one more the server could not cope. */
  let ceiling = { most: MOST_PARALLEL, until: 0 };
  let underWay = 0;
  let lastEnd = clock.steady();

  function reset(number: number): void {
    isUp = true;
    good = undefined;
    restMs = REST_MS.first;
    attempt(number);
  }

  function forget(): void {
    isFirst = true;
    leastMs = Infinity;
    restUntil = 0;
    reset(START_PARALLEL);
  }

  function attempt(number: number): void {
    most = number;
    trial = { since: clock.steady(), begun: 0, ended: 0, overloaded: 0, latencies: [] };
  }

  /** Latency alone brings no fewer than the start: it can be our own process that is busy. */
  function next(): number {
    const factor = isFirst ? FACTOR.first : FACTOR.later;
    return isUp
      ? Math.min(ceiling.until > clock.steady() ? ceiling.most : MOST_PARALLEL, Math.ceil(most * factor))
      : Math.max(Math.min(most, START_PARALLEL), Math.floor(most / factor));
  }

  function judge(): void {
    const now = clock.steady();
    const { since, latencies } = trial;
    if (latencies.length < 2 * most || now - since < (isFirst ? TRIAL_MS.first : TRIAL_MS.later)) return;
    const ms = Math.max(latencies.toSorted((a, b) => a - b)[latencies.length >> 1] as number, 0.001);
    leastMs = Math.min(leastMs, ms);
    const tried = { most, rate: most / ms };
    if (good === undefined || good.most === most) {
      good = tried;
      if (now < restUntil) {
        attempt(most);
        return;
      }
    } else {
      const gain = Math.log(tried.rate / good.rate) / Math.log(tried.most / good.most);
      if (isUp ? gain <= WORTH_MORE : gain >= WORTH_FEWER) {
        giveUp(good.most);
        return;
      }
      good = tried;
      restMs = REST_MS.first;
    }
    const hasQueue = ms > NO_QUEUE * leastMs;
    if (next() === most ? hasQueue || !isUp : !isUp && !hasQueue) isUp = !isUp;
    attempt(next());
  }

  /** Goes back to what was good before, and later tries the other way. */
  function giveUp(before: number): void {
    isFirst = false;
    isUp = !isUp;
    good = undefined;
    restUntil = clock.steady() + restMs;
    restMs = Math.min(2 * restMs, REST_MS.longest);
    attempt(before);
  }

  /** Halves the number, once for all calls that were sent at it. */
  function cut(least: number): void {
    isFirst = false;
    reset(Math.max(Math.min(most, least), Math.floor(most / 2)));
    restUntil = clock.steady() + restMs;
  }

  forget();
  return {
    get most() {
      return all.underWay < ENOUGH_IN_ALL ? most : Math.min(most, START_PARALLEL);
    },
    begin() {
      all.underWay++;
      if (underWay === 0 && clock.steady() - lastEnd > FORGOTTEN_MS) forget();
      const within = trial;
      const isFull = ++underWay > 0.8 * most - 1;
      // The first open connections, and follow on those of the number before.
      const counts = isFull && ++within.begun > most;
      return (sign) => {
        all.underWay--;
        underWay--;
        lastEnd = clock.steady();
        if (within !== trial) return;
        trial.ended++;
        // The pace keeps to what a server refuses, so fewer than the start gain nothing.
        if (sign === "refused") cut(START_PARALLEL);
        else if (sign === "overloaded") {
          // Of many that are sent at once, the first to end is no share.
          if (++trial.overloaded <= 1 + OVERLOAD * Math.max(trial.ended, most)) return;
          // Otherwise it copes with none, and a number says nothing.
          if (good && good.most < most) ceiling = { most: most - 1, until: lastEnd + CEILING_MS };
          cut(1);
        } else if (counts && sign !== undefined) {
          within.latencies.push(sign);
          judge();
        }
      };
    },
  };
}
