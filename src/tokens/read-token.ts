import type { Piece } from "../http/responses.js";
import { DEEPEST } from "../text/brackets.js";

/** A token as an answer has it. Fields that are not among ours pass through as they are. */
export type Token<Text extends string> = { id: string } & { [K in Text]?: string } & {
  [field: string]: unknown;
};

/** Fields of one token: InfluxDB's have a dozen. */
const MOST_FIELDS = 1000;

/**
 * A token of an answer, without its secrets. A later version of the server may have fields that are new to us, so an
 * odd field is no error: one that should be a text and is not is left out, and so is null.
 *
 * @param texts fields that are texts.
 * @param options whether the value of the token stays, in its field `token`; and what it was parsed with, which knows
 *   how to take the connection's own value out of all other texts.
 * @returns undefined if it is not a token, because it has no id, or more fields than any token has.
 * @throws {RangeError} if it is nested too deep.
 */
export function readToken<Text extends string>(
  json: unknown,
  texts: readonly Text[],
  { includeToken = false, piece = { conceal: undefined, values: 0 } }: ReadTokenOptions = {},
): Token<Text> | undefined {
  if (!hasId(json)) return undefined;
  const { conceal } = piece;
  const fields: Record<string, unknown> = json;
  // A list has a hundred thousand of them: a loop over a copy takes a third of what `delete` or a spread does.
  const token: Record<string, unknown> = {};
  let count = 0;
  for (const name in fields) {
    if (++count > MOST_FIELDS) return undefined;
    const field = fields[name];
    if (field === null) continue;
    const stays = namesSecret(name) ? includeToken && name === "token" && typeof field === "string" : true;
    if (!stays) continue;
    piece.values++;
    if (typeof field === "object") dropSecrets(field, piece, 2);
    token[name] = conceal && typeof field === "string" && name !== "token" ? conceal(field) : field;
  }
  for (const name of texts) {
    if (token[name] !== undefined && typeof token[name] !== "string") drop(token, name);
  }
  return token as Token<Text>;
}

export interface ReadTokenOptions {
  includeToken?: boolean;
  piece?: Piece;
}

/** Whether JSON can be a token. */
export function hasId(json: unknown): json is { id: string } {
  const { id } = (json ?? {}) as { id?: unknown };
  return typeof id === "string" && id !== "";
}

/** Drops secrets from what is nested in a token; there are hardly ever any. */
function dropSecrets(object: object, piece: Piece, depth: number): void {
  if (depth > DEEPEST) throw new RangeError("Too deep");
  const { conceal } = piece;
  if (Array.isArray(object)) {
    const list = object as unknown[];
    piece.values += list.length;
    for (let index = 0; index < list.length; index++) {
      const each = list[index];
      if (typeof each === "object" && each !== null) dropSecrets(each, piece, depth + 1);
      else if (conceal && typeof each === "string") list[index] = conceal(each);
    }
    return;
  }
  const fields = object as Record<string, unknown>;
  for (const name in fields) {
    piece.values++;
    const field = fields[name];
    if (namesSecret(name)) drop(fields, name);
    else if (typeof field === "object" && field !== null) dropSecrets(field, piece, depth + 1);
    else if (conceal && typeof field === "string") fields[name] = conceal(field);
  }
}

function drop(fields: Record<string, unknown>, name: string): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- There is hardly ever one, and a copy takes longer.
  delete fields[name];
}

/** `token`, `hashedToken`, `token_hash`, `password`, … `__proto__` is a trap for code that copies the token. */
const SECRET =
  /^(value|jwt|bearer|auth(orization)?|pass|__proto__)$|token|secret|passw|passphrase|pwd|credential|hash(?!tag)|(api|private|access|signing)[_-]?key/i;
/** Facts about a secret, such as `token_prefix`, by which people tell tokens apart. */
const ABOUT = /(token|secret)s?[_-]?(prefix|ids?|type|name|count|kind|status)$/i;

/** Whether a name is a secret's: a list has few names, and each comes a thousand times. */
const known = new Map<string, boolean>();
const MOST_KNOWN = 1000;
/** Characters at the end of a name that are looked at. */
const TELLING = 50;

function namesSecret(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const plain = name.slice(-TELLING).normalize("NFKC").trim();
  const isSecret = SECRET.test(plain) && !ABOUT.test(plain);
  if (name.length <= TELLING && known.size < MOST_KNOWN) known.set(name, isSecret);
  return isSecret;
}
