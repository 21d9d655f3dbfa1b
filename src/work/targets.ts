import { asksForDryRun } from "./dry-run.js";
import { kindOf, TokenError } from "../errors.js";
import type { IdForm } from "../ids.js";
import { isBytes, whyNoId } from "./mistaken-ids.js";

/** How a product writes the ids of its tokens. */
export interface IdFormat extends IdForm {
  /** What the id names, in the product's words, such as "authorization". */
  readonly noun: string;
  /** Fields of a token that are worth repeating in the record of what was done to it. Never its value. */
  readonly known: readonly string[];
  /** Fields by which it shows that a token has changed; the first of them is in every token of a list. */
  readonly listed: readonly [string, ...string[]];
}

/** A token that was looked up. */
export interface Look<T> {
  /** Undefined where it is there but cannot be shown. */
  token: T | undefined;
  /** What of it is gone, where it cannot be shown. */
  hidden?: "user" | "organization";
  /** The server's time of it, in milliseconds since 1970. */
  now: number;
}

/** Servers read ids without regard to case. */
export function isSameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** One token to act upon. */
export interface Target {
  /** Normalized, so two spellings are one token. */
  readonly id: string;
  /** What the message said of the token beside its id. */
  readonly known: Readonly<Record<string, string>>;
  /** The token's fields of {@link IdFormat.listed} as the message has them, as {@link listedFields} makes them. */
  readonly listed: Readonly<Record<string, string>>;
}

export interface Targets {
  /** Whether the message gave an array, and so wants an array back. */
  readonly many: boolean;
  readonly list: readonly Target[];
  /** Whether one of the objects asks for a dry run; the body of a request can be the payload. */
  readonly dryRun: boolean;
}

/** Fields of a token in a form that can be compared: texts as they are, all else as JSON, and nothing for null. */
export function listedFields(
  token: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of names) {
    const value = token[name] ?? undefined;
    if (value !== undefined) fields[name] = typeof value === "string" ? value : jsonOf(value);
  }
  return fields;
}

/** What is no JSON equals nothing that a server says. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify([value]);
  } catch {
    return "none";
  }
}

/**
 * Reads what a message names: an id, an object with an `id`, or an array of either. Duplicates are dropped,
 * the first of them stays. Nothing is sent before all of it is known to be well formed.
 *
 * @throws {TokenError} `missing-id` where there is none, `invalid-id` where it has the wrong type or shape.
 *   The message gives the kind of the wrong value, not the value: people do pass a token for its id.
 */
export function readTargets(value: unknown, format: IdFormat): Targets {
  try {
    return readAny(value, format);
  } catch (error) {
    if (error instanceof TokenError) throw error;
    // A getter or proxy of the flow has thrown. Not its message: it could hold the value.
    throw new TokenError(
      "invalid-id",
      `no valid ${format.noun} ID: found a value that cannot be read, expected ${format.expected}.`,
    );
  }
}

function readAny(value: unknown, format: IdFormat): Targets {
  if (!Array.isArray(value)) {
    return {
      many: false,
      list: [readTarget(value, format, "")],
      dryRun: asksForDryRun(value),
    };
  }
  let dryRun = false;
  const byId = new Map<string, Target>();
  // Not forEach: it passes over holes, and an array of nothing but holes is not empty.
  for (const [index, item] of (value as unknown[]).entries()) {
    const target = readTarget(item, format, ` in element ${index} of the array`);
    if (!byId.has(target.id)) byId.set(target.id, target);
    dryRun ||= asksForDryRun(item);
  }
  return { many: true, list: [...byId.values()], dryRun };
}

function readTarget(value: unknown, format: IdFormat, where: string): Target {
  const hasFields = isObject(value);
  const source = hasFields ? value : {};
  const id = hasFields ? source.id : value;
  if (id === undefined || id === null || (typeof id === "string" && id.trim() === "")) {
    const found = hasFields ? "an object without an id" : kindOf(value);
    throw new TokenError(
      "missing-id",
      `no ${format.noun} ID${where}: found ${found}. ` +
        (whyNoId(value, format.pattern) ??
          `Send the ID (${format.expected}), an object with an "id", or an array of either.`),
    );
  }
  if (typeof id !== "string" || !format.pattern.test(id.trim())) {
    throw new TokenError(
      "invalid-id",
      `no valid ${format.noun} ID${where}: found ${kindOf(id)}, expected ${format.expected}. ` +
        (whyNoId(id, format.pattern) ?? `Use the "id" of the ${format.noun}, not its token or its name.`),
    );
  }
  // The records of other nodes have what is known of the token under a key of its own.
  const token = isObject(source.token) ? source.token : source;
  return {
    id: format.normalize(id),
    known: knownFields(token, format.known),
    listed: listedFields(token, format.listed),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isBytes(value);
}

/** What of a token may be repeated in a record. */
export function knownFields(
  source: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, string> {
  const known: Record<string, string> = {};
  for (const name of names) {
    const value = source[name];
    if (typeof value === "string") known[name] = value;
  }
  return known;
}
