import * as z from "zod";
import { breather } from "./breather.js";
import { readJson, type Answer } from "./http.js";

// Code points: comparing them takes half as long as comparing characters.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/** Characters of a list that are parsed at once: half a millisecond's work. */
const PIECE = 64 * 1024;

/**
 * The objects of a list that may be very long, such as `authorizations` in `{"authorizations": […]}`, in
 * batches. 100,000 authorizations are 54 MB, and `JSON.parse` of the whole stops all flows for half a second;
 * so it is parsed and checked in pieces, with a rest for others in between.
 *
 * @throws {TokenError} `bad-response` where the answer is no JSON or of another shape.
 */
export async function* readLongList<T>(
  answer: Answer,
  name: string,
  item: z.ZodType<T>,
): AsyncGenerator<T[]> {
  const schema = z.object({ [name]: z.array(item) });
  const breathe = breather();
  for (const text of piecesOf(answer.text, name, PIECE)) {
    yield readJson({ ...answer, text }, schema)[name] ?? [];
    await breathe();
  }
}

/**
 * Cuts JSON into documents like the whole, each with a part of the one list. What lies around the list comes with
 * the last of them; so the pieces are well formed if, and only if, the whole is.
 *
 * @param size characters that a part has at least.
 */
export function* piecesOf(text: string, name: string, size: number): Generator<string> {
  const cut = /\s*,\s*(?=\{)/y;
  let depth = 0;
  let key = "";
  /** Where the list begins, and what of it is still to be given. */
  let start = 0;
  let rest = 0;
  let inList = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      const end = endOfString(text, at);
      if (depth === 1) key = text.slice(at + 1, end);
      at = end;
    } else if (char === BRACE || char === BRACKET) {
      depth++;
      if (depth === 2 && char === BRACKET && key === name && start === 0) {
        inList = true;
        start = rest = at + 1;
      }
    } else if (char === BRACE_END || char === BRACKET_END) {
      depth--;
      inList &&= depth > 1;
      if (!inList || depth > 2 || at - rest < size) continue;
      cut.lastIndex = at + 1;
      if (!cut.test(text)) continue;
      yield `{${JSON.stringify(name)}:[${text.slice(rest, at + 1)}]}`;
      rest = cut.lastIndex;
      at = rest - 1;
    }
  }
  yield text.slice(0, start) + text.slice(rest);
}

/** Where the string that begins here ends: at its closing quote, or with the text. */
function endOfString(text: string, start: number): number {
  let end = start;
  do end = text.indexOf('"', end + 1);
  while (end !== -1 && isEscaped(text, end));
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}
