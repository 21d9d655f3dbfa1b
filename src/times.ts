import { types } from "node:util";
import ms from "ms";
import * as z from "zod";

const AGE = /^\d+ ?(s|m|h|d|w|y)$/;

/** How an age may be written, in words that complete "expected …". */
export const AGE_EXPECTED = "an age such as 90d (s, m, h, d, w or y)";

const isoTime = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** How a point in time may be written, in words that complete "expected …". */
export const MOMENT_EXPECTED = `${AGE_EXPECTED}, a date such as 2026-01-31, a date and time with its zone such as 2026-01-31T08:00:00Z, or milliseconds since 1970 such as 1767225600000`;

/** Smaller numbers are no milliseconds of any token's life: they are seconds, days, or nothing. */
const FIRST_TIMESTAMP = Date.parse("2000-01-01");

/** Reads an age; @returns milliseconds, or undefined where the value is none. */
export function readAge(value: unknown): number | undefined {
  const text = typeof value === "string" ? value.trim() : "";
  return AGE.test(text) ? ms(text as ms.StringValue) : undefined;
}

/**
 * Reads a point in time: an age before `now`, an ISO 8601 date (midnight UTC) or date and time with a zone, a
 * Date, or milliseconds since 1970 as Node-RED's timestamps are. Looser forms, which `Date.parse` would
 * guess at, are refused: a wrong guess selects the wrong tokens.
 *
 * @returns milliseconds since 1970, or undefined where the value is none of these.
 */
export function readMoment(value: unknown, now: number): number | undefined {
  const moment = momentOf(value, now);
  return Number.isNaN(new Date(moment).getTime()) ? undefined : moment;
}

function momentOf(value: unknown, now: number): number {
  if (types.isDate(value) || typeof value === "number") {
    return Number(value) >= FIRST_TIMESTAMP ? Number(value) : NaN;
  }
  if (typeof value !== "string") return NaN;
  const age = readAge(value);
  if (age !== undefined) return now - age;
  const text = value.trim();
  return isoTime.safeParse(text).success ? Date.parse(text) : NaN;
}
