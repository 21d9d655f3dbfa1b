import { kindOf, TokenError } from "./errors.js";

/** How a product writes the ids of its tokens. */
export interface IdFormat {
  /** What the id names, in the product's words, such as "authorization". */
  readonly noun: string;
  /** The shape, in words that complete "expected …". */
  readonly expected: string;
  readonly pattern: RegExp;
  /** Fields of a token that are worth repeating in the record of what was done to it. Never its value. */
  readonly known: readonly string[];
}

/** One token to act upon. */
export interface Target {
  /** Trimmed and in lower case: servers read ids without regard to case, so two spellings are one token. */
  readonly id: string;
  /** What the message said of the token beside its id. */
  readonly known: Readonly<Record<string, string>>;
}

export interface Targets {
  /** Whether the message gave an array, and so wants an array back. */
  readonly many: boolean;
  readonly list: readonly Target[];
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
  if (!Array.isArray(value)) return { many: false, list: [readTarget(value, format, "")] };
  const byId = new Map<string, Target>();
  // Not forEach: it passes over holes, and an array of nothing but holes is not empty.
  for (const [index, item] of (value as unknown[]).entries()) {
    const target = readTarget(item, format, ` in element ${index} of the array`);
    if (!byId.has(target.id)) byId.set(target.id, target);
  }
  return { many: true, list: [...byId.values()] };
}

function readTarget(value: unknown, format: IdFormat, where: string): Target {
  const isObject =
    typeof value === "object" && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
  const source = isObject ? (value as Record<string, unknown>) : {};
  const id = isObject ? source.id : value;
  if (id === undefined || id === null || (typeof id === "string" && id.trim() === "")) {
    const found = isObject ? "an object without an id" : kindOf(value);
    throw new TokenError(
      "missing-id",
      `no ${format.noun} ID${where}: found ${found}. ` +
        `Send the ID (${format.expected}), an object with an "id", or an array of either.`,
    );
  }
  if (typeof id !== "string" || !format.pattern.test(id.trim())) {
    throw new TokenError(
      "invalid-id",
      `no valid ${format.noun} ID${where}: found ${kindOf(id)}, expected ${format.expected}. ` +
        `Use the "id" of the ${format.noun}, not its token or its name.`,
    );
  }
  return { id: id.trim().toLowerCase(), known: pick(source, format.known) };
}

function pick(source: Record<string, unknown>, names: readonly string[]): Record<string, string> {
  const known: Record<string, string> = {};
  for (const name of names) {
    const value = source[name];
    if (typeof value === "string") known[name] = value;
  }
  return known;
}
