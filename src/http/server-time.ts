import ms from "ms";
import { systemClock, type Clock } from "../clock.js";
import type { Headers } from "./call.js";

/** Milliseconds that two clocks may differ before people are told. */
const TOLERANCE = 60_000;

/** A date as HTTP writes it (RFC 9110, 5.6.7): milliseconds since 1970, NaN if it is not one. */
export function readHttpDate(header: string | string[] | undefined): number {
  const text = String(header ?? "").trim();
  // Date.parse alone guesses: it makes a date of "-1".
  return text.endsWith(" GMT") ? Date.parse(text) : NaN;
}

/**
 * The time at which the server began its answer (its `Date` header), in milliseconds since 1970 and to the second; our
 * own time if it does not say. The server's clock wrote the times of its tokens, so ages and expiry count by it.
 */
export function serverTime({ headers }: { headers: Headers }, clock: Clock = systemClock): number {
  const date = readHttpDate(headers.date);
  return Number.isNaN(date) ? clock.now() : date;
}

/**
 * Compares the server's clock with ours, to be called as each answer arrives, and tells once if they differ by more
 * than a minute.
 */
export function clockComparison(
  tell: (text: string) => void,
  clock: Clock = systemClock,
): (response: { headers: Headers }) => void {
  let told = false;
  return (response) => {
    const ahead = serverTime(response, clock) - clock.now();
    if (told || Math.abs(ahead) <= TOLERANCE) return;
    told = true;
    tell(
      `The server's clock is ${ms(Math.abs(ahead), { long: true })} ${ahead > 0 ? "ahead of" : "behind"} the clock ` +
        "of this machine. Ages and expiry of tokens count by the server's. Find out which of the two is wrong, and set it.",
    );
  };
}
