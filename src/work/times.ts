/*
 * Times as people and servers write them. The build puts this file into the browser, so it uses only what Node.js and
 * browsers have in common.
 */

/** A point in time: milliseconds since 1970, or milliseconds before the time at which the server answers. */
export type Moment = number | { readonly ago: number };

/** What a time is that is asked for: a point in time, a length of time before or after now, or a point ahead. */
export type TimeForm = "moment" | "past" | "future" | "expiry";

/** Whether a date can stand for it. */
export function takesDate(form: TimeForm): boolean {
  return form === "moment" || form === "expiry";
}

/** The units of an age, and the milliseconds of each. No "m": it is minutes to some, and months to others. */
const UNITS = {
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_557_600_000,
} as const;
export type AgeUnit = keyof typeof UNITS;
export const AGE_UNITS = Object.keys(UNITS) as AgeUnit[];

const AGE = new RegExp(`^(\\d{1,15}) ?(${AGE_UNITS.join("|")})$`);
const MINUTES_OR_MONTHS = /^\d+ ?m$/;

/** The forms of an age, in words that complete "expected …". */
export const AGE_EXPECTED = "an age such as 90d (s, min, h, d, w or y)";

/** What to write in place of an age in "m". */
export const NO_M =
  'Is "m" minutes or months? Write 3min for minutes, and count months in days, such as 90d.';

/** RFC 3339, whose time is optional here. */
const ISO_TIME = new RegExp(
  /^(\d{4})-(0[1-9]|1[0-2])-([0-2]\d|3[01])/.source +
    /(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$/.source,
);

/** The forms of a point in time, in words that complete "expected …". */
export const MOMENT_EXPECTED = `${AGE_EXPECTED}, a date such as 2026-01-31, a date and time with its zone such as 2026-01-31T08:00:00Z, or milliseconds since 1970 such as 1767225600000; none before 2000-01-01, none more than a year ahead`;

// A time outside of these selects every token or none, and is a mistake: most often a wrong unit.
const FIRST_MOMENT = Date.parse("2000-01-01");
const FURTHEST_AHEAD = UNITS.y;

/**
 * A time as the APIs take it and descriptions show it: RFC 3339 in UTC, to the second.
 *
 * @param at milliseconds since 1970.
 */
export function toSecond(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/**
 * Reads an age.
 *
 * @returns milliseconds, or undefined if the value is not an age.
 */
export function readAge(value: unknown): number | undefined {
  const age = typeof value === "string" ? splitAge(value) : undefined;
  return age && Number(age.count) * UNITS[age.unit];
}

/** The parts of an age, or undefined if the text is not an age. */
export function splitAge(text: string): { count: string; unit: AgeUnit } | undefined {
  const [, count, unit] = AGE.exec(text.trim()) ?? [];
  return count === undefined ? undefined : { count, unit: unit as AgeUnit };
}

/** Reads a duration: an age that is not 0, which would be no condition. Milliseconds, or undefined if it is none. */
export function readDuration(value: unknown): number | undefined {
  return readAge(value) || undefined;
}

/** A sentence on what is likely wrong with a text that {@link readAge} refuses, if that is known. */
export function whyNoAge(value: unknown): string | undefined {
  return typeof value === "string" && MINUTES_OR_MONTHS.test(value.trim()) ? NO_M : undefined;
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

/** The forms of a point in time ahead, in words that complete "expected …". */
export const EXPIRY_EXPECTED =
  "a time ahead: an age from now on such as 90d (s, min, h, d, w or y), a date such as 2027-01-31, or a date and time with its zone such as 2027-01-31T08:00:00Z";

/** Further ahead is a mistake: most often a wrong unit. */
const LAST_EXPIRY = 100 * UNITS.y;

/**
 * Reads a point in time ahead, in the forms of {@link readMoment}, of which an age counts forward.
 *
 * @param now milliseconds since 1970, as the result; undefined if the value is none of these, or not ahead.
 */
export function readExpiry(value: unknown, now: number): number | undefined {
  const moment = momentOf(value);
  const instant = typeof moment === "object" ? now + moment.ago : moment;
  return instant > now && instant <= now + LAST_EXPIRY ? instant : undefined;
}

type WrongTime = "moment" | "duration" | "minutesOrMonths" | "outOfRange" | "expiry";

/** What is wrong with a time that is typed in, or undefined if nothing is. `now`: milliseconds since 1970. */
export function wrongTime(text: string, form: TimeForm, now: number): WrongTime | undefined {
  if (isTime(text, form, now)) return undefined;
  if (whyNoAge(text) !== undefined) return "minutesOrMonths";
  if (form === "expiry") return "expiry";
  if (form !== "moment") return "duration";
  return Number.isNaN(instantOf(momentOf(text), now)) ? "moment" : "outOfRange";
}

function isTime(text: string, form: TimeForm, now: number): boolean {
  switch (form) {
    case "moment":
      return readMoment(text, now) !== undefined;
    case "expiry":
      return readExpiry(text, now) !== undefined;
    case "past":
    case "future":
      return readDuration(text) !== undefined;
  }
}

/** A sentence on what is likely wrong with a moment that {@link readMoment} refuses, if that is known. */
export function whyNoMoment(value: unknown, now: number): string | undefined {
  const noAge = whyNoAge(value);
  if (noAge !== undefined) return noAge;
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
  const time = parseIso(text);
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
  if (typeof value !== "string") return timeOfDate(value);
  const ago = readAge(value);
  if (ago !== undefined) return { ago };
  const text = value.trim();
  return /^\d+$/.test(text) ? Number(text) : parseIso(text);
}

/** The time of a Date of whatever origin, which can have methods of its own; NaN of anything else. */
function timeOfDate(value: unknown): number {
  try {
    return Date.prototype.getTime.call(value);
  } catch {
    return NaN;
  }
}

/** Milliseconds since 1970; NaN for what is no time, such as the 30th of February, which `Date.parse` moves to March. */
function parseIso(text: string): number {
  const [, year, month, day] = ISO_TIME.exec(text) ?? [];
  const daysOfMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(day) >= 1 && Number(day) <= daysOfMonth ? Date.parse(text) : NaN;
}
