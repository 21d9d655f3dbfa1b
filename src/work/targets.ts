import { asksForDryRun } from "./dry-run.js";
import { kindOf, TokenError } from "../errors.js";
import type { IdForm } from "../ids.js";
import { isBytes, whyNoId } from "./mistaken-ids.js";

/** What reading the targets of a kind of tokens needs to know. */
export interface TokenKind {
  /** One of them in the product's words, such as "authorization". */
  readonly noun: string;
  /** How their ids are written. */
  readonly reference: IdForm;
  /** Fields of a token to repeat in the record of what was done to it. Never its value. */
  readonly known: readonly string[];
  /** Fields that show whether a token has changed; the first of them is in every token of a list. */
  readonly listed: readonly [string, ...string[]];
}

/** One token to act upon. */
export interface Target {
  /** Normalized, so that two spellings are one token. */
  readonly id: string;
  /** What the message said of the token besides its id. */
  readonly known: Readonly<Record<string, string>>;
  /** The token's fields of {@link TokenKind.listed} as the message has them, as {@link listedFields} makes them. */
  readonly listed: Readonly<Record<string, string>>;
  /** The ID of the connection whose server it was found on, if the message says so. */
  readonly foundOn?: string;
}

export interface Targets {
  /** Whether the message gave an array, and so wants an array back. */
  readonly many: boolean;
  readonly list: readonly Target[];
  /** Whether one of the objects asks for a dry run, because the payload can be the body of a request. */
  readonly dryRun: boolean;
}

/** Fields of a token in a form that can be compared: texts as they are, null left out, anything else as JSON. */
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

/** A value that JSON cannot hold equals nothing that a server sends. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify([value]);
  } catch {
    return "none";
  }
}

/**
 * Reads what a message names: an id, an object with an `id`, or an array of either. Of duplicates the first stays.
 * Nothing is sent before all of it is known to be well formed.
 *
 * @throws {TokenError} `missing-id` if there is none, `invalid-id` if it has the wrong type or shape; `invalid-config`
 *   as {@link asksForDryRun} does. The error names the kind of the wrong value, not the value: people do pass a token
 *   instead of its id.
 */
export function readTargets(value: unknown, kind: TokenKind): Targets {
  try {
    return readAny(value, kind);
  } catch (error) {
    if (error instanceof TokenError) throw error;
    // A getter or proxy of the flow has thrown. Not its message: it could hold the value.
    throw new TokenError(
      "invalid-id",
      `found a value that cannot be read instead of ${anId(kind)}, expected ${kind.reference.expected}.`,
    );
  }
}

function readAny(value: unknown, kind: TokenKind): Targets {
  if (!Array.isArray(value)) {
    return {
      many: false,
      list: [readTarget(value, kind, "")],
      dryRun: asksForDryRun(value),
    };
  }
  let dryRun = false;
  const byId = new Map<string, Target>();
  // Not forEach: it passes over holes, and an array of nothing but holes is not empty.
  for (const [index, item] of (value as unknown[]).entries()) {
    const target = readTarget(item, kind, ` in element ${index} of the array`);
    if (!byId.has(target.id)) byId.set(target.id, target);
    dryRun ||= asksForDryRun(item);
  }
  return { many: true, list: [...byId.values()], dryRun };
}

function readTarget(value: unknown, kind: TokenKind, where: string): Target {
  const { word, pattern, expected, normalize } = kind.reference;
  const hasFields = isObject(value);
  const source = hasFields ? value : {};
  const id = hasFields ? idIn(source, kind, where) : value;
  if (id === undefined || id === null || (typeof id === "string" && normalize(id) === "")) {
    const key = isNamed(kind) ? "name" : "id";
    const found = hasFields ? `an object without ${key === "id" ? "an" : "a"} ${key}` : kindOf(value);
    throw new TokenError(
      "missing-id",
      `found ${found}${where} instead of ${anId(kind)}. ` +
        (whyNoId(value, kind.reference) ??
          `Send the ${word} (${expected}), an object with ${key === "id" ? "an" : "a"} "${key}", or an array of either.`),
    );
  }
  const isOne = typeof id === "string" && pattern.test(normalize(id));
  // Any text can be a name, but in an object alone it certainly is one, however odd.
  const mistake = !isOne || (isNamed(kind) && !hasFields) ? whyNoId(id, kind.reference) : undefined;
  if (!isOne || mistake !== undefined) {
    const use = isNamed(kind)
      ? `Use the name of the ${kind.noun}.`
      : `Use the "id" of the ${kind.noun}, not its token or its name.`;
    throw new TokenError(
      "invalid-id",
      `found ${kindOf(id)}${where} instead of ${anId(kind)}, expected ${expected}. ${mistake ?? use}`,
    );
  }
  // The records of other nodes hold the fields of the token under `token`.
  const token = isObject(source.token) ? source.token : source;
  const { connection } = source;
  return {
    id: normalize(id),
    known: knownFields(token, kind.known),
    listed: listedFields(token, kind.listed),
    ...(isObject(connection) && typeof connection.id === "string" && { foundOn: connection.id }),
  };
}

/** @throws {TokenError} `invalid-id` if a name says otherwise than an id. */
function idIn({ id, name }: Record<string, unknown>, kind: TokenKind, where: string): unknown {
  if (!isNamed(kind) || name === undefined) return id;
  // InfluxDB 3 itself shows a number as the id.
  if (typeof id !== "string" || id === name) return name;
  throw new TokenError(
    "invalid-id",
    `found an object with two names${where}: "id" and "name" of an ${kind.noun} are the same. Send one of them.`,
  );
}

/** Whether the server knows them by their names alone, which are their ids then. */
function isNamed({ reference }: TokenKind): boolean {
  return reference.word === "name";
}

function anId(kind: TokenKind): string {
  const { noun } = kind;
  return isNamed(kind) ? `the name of an ${noun}` : `${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun} ID`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isBytes(value);
}

/** The fields of a token that a record may repeat. */
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
