import { kindOf, TokenError } from "../errors.js";
import type { IdForm } from "../ids.js";
import { Secret } from "../text/secret.js";
import { WRONG_TOKEN_VALUES, wrongTokenValue } from "../text/token-values.js";
import { whyNoId } from "./mistaken-ids.js";
import {
  AGE_EXPECTED,
  MOMENT_EXPECTED,
  readDuration,
  readMoment,
  whyNoAge,
  whyNoMoment,
  type Moment,
  type TimeForm,
} from "./times.js";

/** How the value of a filter is read from what a flow gives. */
export interface Filter<T> {
  /** The right form, in words that complete "expected …". */
  readonly expected: string;
  /** The value as the client takes it, or undefined if its type or form is wrong. `now`: milliseconds since 1970. */
  readonly read: (value: unknown, now: number) => T | undefined;
  /** A sentence on what is likely wrong with a refused value, if it is known. */
  readonly why?: (value: unknown, now: number) => string | undefined;
  /** All that it can be, if that is one of a few words. */
  readonly words?: readonly string[];
  /** How it is written, if it is an ID. */
  readonly form?: IdForm;
  /** What it is, if it is a time. */
  readonly time?: TimeForm;
  /** Whether it must not be typed into a flow. */
  readonly secret?: true;
}

/** Any text that is not empty, taken as it is. */
export const text: Filter<string> = {
  expected: "a text that is not empty",
  read: (value) => (typeof value === "string" ? value : undefined),
};

/** A point in time. An age stays an age, because it counts back from the time at which the server answers. */
export const moment: Filter<Moment> = {
  time: "moment",
  expected: MOMENT_EXPECTED,
  read: readMoment,
  why: whyNoMoment,
};

const duration = { expected: AGE_EXPECTED, read: readDuration, why: whyNoAge };

/** A duration that has passed, in milliseconds. */
export const age: Filter<number> = { ...duration, time: "past" };

/** A duration from now on, in milliseconds. */
export const timeAhead: Filter<number> = { ...duration, time: "future" };

/** The characters that a value has at least: by fewer, nobody tells one token from another. */
const SHORTEST_VALUE = 8;

/** The value of a token, without the space around it. */
export const tokenValue: Filter<Secret> = {
  secret: true,
  expected: `the value of a token, which has ${SHORTEST_VALUE} characters or more`,
  read(value) {
    const text = typeof value === "string" ? value.trim() : "";
    const isRight = text.length >= SHORTEST_VALUE && wrongTokenValue(text) === undefined;
    return isRight ? new Secret(text) : undefined;
  },
  why(value) {
    const wrong = typeof value === "string" ? wrongTokenValue(value.trim()) : undefined;
    return wrong && `This is a text ${WRONG_TOKEN_VALUES[wrong]}.`;
  },
};

/** An ID of a certain shape, without the space around it. */
export function shaped(form: IdForm): Filter<string> {
  const { pattern, expected } = form;
  return {
    form,
    expected,
    read: (value) => (typeof value === "string" && pattern.test(value.trim()) ? value.trim() : undefined),
    why: (value) => whyNoId(value, form),
  };
}

/** One of a few words. */
export function word<const W extends readonly string[]>(words: W): Filter<W[number]> {
  return {
    words,
    expected: words.map((each) => `"${each}"`).join(" or "),
    read: (value) => words.find((each) => each === value),
  };
}

/**
 * Reads the value of one filter. A filter that comes out empty does not mean everything (though a server may take it
 * so); it is refused before anything is sent.
 *
 * @param now our own time, in milliseconds since 1970.
 * @throws {TokenError} `invalid-filter`.
 */
export function readFilter<T>(filter: Filter<T>, name: string, value: unknown, now: number): T {
  const isEmpty = typeof value === "string" && value.trim() === "";
  const result = isEmpty ? undefined : filter.read(value, now);
  if (result !== undefined) return result;
  const why = filter.why?.(value, now);
  throw new TokenError(
    "invalid-filter",
    `the filter "${name}" comes out as ${kindOf(value)}, expected ${filter.expected}.${why ? ` ${why}` : ""} Nothing was sent.`,
  );
}

// Comparisons of a token with what is wanted; each holds if nothing is wanted. What a server answers can be of any type.

export function equals(found: unknown, wanted: string | undefined): boolean {
  return wanted === undefined || found === wanted;
}

/** Case-sensitive, as servers compare names. */
export function contains(found: unknown, wanted: string | undefined): boolean {
  return wanted === undefined || (typeof found === "string" ? found : "").includes(wanted);
}

/** @param found RFC 3339; an unknown time is neither after nor before any other. */
export function isAfter(found: unknown, wanted: number | undefined): boolean {
  return wanted === undefined || timeOf(found) > wanted;
}

export function isBefore(found: unknown, wanted: number | undefined): boolean {
  return wanted === undefined || timeOf(found) < wanted;
}

/** Milliseconds since 1970, or NaN. */
function timeOf(found: unknown): number {
  return typeof found === "string" ? Date.parse(found) : NaN;
}

/** @param within milliseconds from `now` on. */
export function isWithin(found: string | undefined, within: number | undefined, now: number): boolean {
  return within === undefined || (isAfter(found, now) && isBefore(found, now + within));
}

/** The one that was created first; the first of the list if the times are not known. */
export function oldest<T extends { createdAt?: string | undefined }>(tokens: readonly T[]): T | undefined {
  let first = tokens[0];
  let since = Infinity;
  for (const token of tokens) {
    const time = timeOf(token.createdAt);
    if (time < since) [first, since] = [token, time];
  }
  return first;
}
