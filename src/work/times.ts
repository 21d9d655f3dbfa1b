import { types } from "node:util";
import ms from "ms";
import * as z from "zod";

/** A point in time: milliseconds since 1970, or milliseconds before the time at which the server answers. */
export type Moment = number | { readonly ago: number };

const AGE = /^\d+ ?(s|m|h|d|w|y)$/;

/** The forms of an age, in words that complete "expected …". */
export const AGE_EXPECTED = "an age such as 90d (s, m, h, d, w or y)";

const isoTime = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** The forms of a point in time, in words that complete "expected …". */
export const MOMENT_EXPECTED = `${AGE_EXPECTED}, a date such as 2026-01-31, a date and time with its zone such as 2026-01-31T08:00:00Z, or milliseconds since 1970 such as 1767225600000; none before 2000-01-01, none more than a year ahead`;

// A time outside of these selects every token or none, and is a mistake: most often a wrong unit.
const FIRST_MOMENT = Date.parse("2000-01-01");
const FURTHEST_AHEAD = ms("1y");

/**
 * Reads an age.
 *
 * @returns milliseconds, or undefined if the value is not an age.
 */
export function readAge(value: unknown): number | undefined {
  const text = typeof value === "string" ? value.trim() : "";
  return AGE.test(text) ? ms(text as ms.StringValue) : undefined;
}

/**
 * Reads a point in time: an age, an ISO 8601 date (midnight UTC) or date and time with a zone, a Date, or
 * milliseconds since 1970 like Node-RED's timestamps, also as text. Looser forms, which `Date.parse` would guess at,
 * are refused, because a wrong guess selects the wrong tokens. So are moments before 2000 and more than a year ahead.
 *
 * @param now our own time in milliseconds since 1970, only to find moments that are out of range.
 * @returns undefined if the value is none of these.
 */
export function readMoment(value: unknown, now: number): Moment | undefined {
  const moment = momentOf(value);
  return isPossible(instantOf(moment, now), now) ? moment : undefined;
}

/** A sentence on what is likely wrong with a moment that {@link readMoment} refuses, if its form is right. */
export function whyNoMoment(value: unknown, now: number): string | undefined {
  const moment = momentOf(value);
  const instant = instantOf(moment, now);
  const couldBe = (unit: number) => typeof moment === "number" && isPossible(moment * unit, now);
  if (couldBe(1000)) return "It looks like seconds: multiply it by 1,000.";
  if (couldBe(1 / 1000)) return "It looks like microseconds: divide it by 1,000.";
  if (couldBe(1 / 1_000_000)) return "It looks like nanoseconds: divide it by 1,000,000.";
  if (instant < FIRST_MOMENT) return "It lies before 2000-01-01, and every token after it.";
  if (instant > now) return "It lies more than a year ahead by the clock of this machine.";
  return undefined;
}

/**
 * Reads a time as servers write it, RFC 3339.
 *
 * @returns milliseconds since 1970, or undefined if it is not a time, or before 2000: servers write such for "none".
 */
export function readTimestamp(text: string): number | undefined {
  const time = isoTime.safeParse(text).success ? Date.parse(text) : NaN;
  return time >= FIRST_MOMENT ? time : undefined;
}

/** @param now the server's time, from which an age is counted back; milliseconds since 1970, as the result. */
export function instantOf(moment: Moment, now: number): number;
export function instantOf(moment: Moment | undefined, now: number): number | undefined;
export function instantOf(moment: Moment | undefined, now: number): number | undefined {
  return typeof moment === "object" ? now - moment.ago : moment;
}

function isPossible(instant: number, now: number): boolean {
  return instant >= FIRST_MOMENT && instant <= now + FURTHEST_AHEAD;
}

/** The point in time that a value names, possible or not; NaN if it names none. */
function momentOf(value: unknown): Moment {
  if (typeof value === "number") return value;
  // The value can have methods of its own.
  if (types.isDate(value)) return Date.prototype.getTime.call(value);
  if (typeof value !== "string") return NaN;
  const ago = readAge(value);
  if (ago !== undefined) return { ago };
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text);
  return isoTime.safeParse(text).success ? Date.parse(text) : NaN;
}
