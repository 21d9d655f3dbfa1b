import type { Clock } from "../clock.js";

/** Spaces the requests to a server that answers 429. */
export interface Pace {
  /** Takes a place in time for a request: the steady moment from which it may be sent. */
  take(): number;
  /** Gives a place back that was taken and is not used. */
  giveBack(): void;
  /** Until then none may be sent, whatever was taken before. */
  readonly openFrom: number;
  /** Called for each answer that is not a 429. */
  accepted(): void;
  /**
   * Called for a 429.
   *
   * @param delayMs how long to send nothing.
   */
  refused(delayMs: number): void;
}

/** The share by which it keeps below the rate at which the server refused, and later rises above it. */
const MARGIN = 0.05;
/** Seconds after which it is back at that rate: twice as many after each refusal, as the rate is known better. */
const PLATEAU = { first: 1, longest: 20 };
/** What is accepted is counted for so long at least. */
const SHORTEST_COUNT_MS = 1000;
/** It keeps above this share of the rate that was first found, for some servers refuse a few at any rate. */
const LEAST = 0.25;
/** Without requests for so long, what is accepted tells nothing of what would be. */
const IDLE_MS = 1000;
const FORGOTTEN_MS = 60_000;

/**
 * A server that allows so many requests a second allows them however many are under way, so their number is no help:
 * one alone can be too many. What it accepted between two refusals is its rate; from that the pace follows the curve of
 * CUBIC ({@link https://www.rfc-editor.org/rfc/rfc9438 RFC 9438}): some below it, for long about it, and then further
 * up, to find out whether there is more.
 */
export function createPace(clock: Clock): Pace {
  let openFrom = 0;
  let next = 0;
  /** Requests a second; none are held back before the second refusal. */
  let rate = Infinity;
  let firstRate = Infinity;
  let plateau = PLATEAU.first;
  let count: { since: number; accepted: number } | undefined;
  let lastTaken = 0;

  function rateAt(now: number): number {
    const seconds = Math.max(0, now - openFrom) / 1000;
    return rate * (1 + MARGIN * ((seconds - plateau) / plateau) ** 3);
  }

  function learn(now: number): void {
    if (count && now - count.since < SHORTEST_COUNT_MS) return;
    if (count && count.accepted > 0) {
      const accepted = (1000 * count.accepted) / (now - count.since);
      if (rate === Infinity) {
        rate = firstRate = accepted;
      } else {
        // The server can have had some in reserve, and time in which it was not asked lowers the average.
        const asked = Math.min(rateAt(now), 1.5 * accepted);
        rate = Math.max(LEAST * firstRate, 0.9 * asked, Math.min(asked, 1.03 * accepted));
        plateau = Math.min(2 * plateau, PLATEAU.longest);
      }
    }
    count = { since: now, accepted: 0 };
  }

  return {
    take() {
      const now = clock.steady();
      const idleMs = now - Math.max(lastTaken, openFrom);
      if (idleMs > IDLE_MS) count = undefined;
      if (idleMs > FORGOTTEN_MS) {
        rate = Infinity;
        plateau = PLATEAU.first;
      }
      lastTaken = now;
      const start = Math.max(next, openFrom, now);
      next = start + 1000 / rateAt(start);
      return start;
    },
    giveBack() {
      next -= 1000 / rateAt(next);
    },
    get openFrom() {
      return openFrom;
    },
    accepted() {
      if (count) count.accepted++;
    },
    refused(delayMs) {
      const now = clock.steady();
      learn(now);
      openFrom = Math.max(openFrom, now + delayMs);
      next = Math.max(openFrom, now + 1000 / rate);
    },
  };
}
