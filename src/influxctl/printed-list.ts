import { Brackets } from "../text/brackets.js";
import { breather } from "../work/breather.js";

/** Characters of a list that are parsed at once: half a millisecond's work. No element may be longer. */
const PIECE = 64 * 1024;

/**
 * Where a list begins in what a program printed, perhaps after warnings: at the beginning of a line, or after a byte
 * order mark. -1 if there is none.
 */
export async function startOfList(text: string): Promise<number> {
  const breathe = breather();
  let perhaps = -1;
  let looks = 0;
  for (let at = text.indexOf("["); at >= 0; at = text.indexOf("[", at + 1)) {
    // Not at each, which would take longer than the look.
    if (++looks % 1000 === 0) await breathe();
    if (at > 0 && text[at - 1] !== "\n" && text[at - 1] !== "\uFEFF") continue;
    const next = text
      .slice(at + 1, at + 100)
      .trimStart()
      .charAt(0);
    // A list of objects; a warning can begin with a time in brackets.
    if (next === "{" || next === "]") return at;
    if (perhaps < 0 && /[\d"tfn[-]/.test(next)) perhaps = at;
  }
  return perhaps;
}

/**
 * The elements of a JSON array, parsed in pieces with a rest for others in between: `JSON.parse` of 10 MB stops all
 * flows for a tenth of a second.
 *
 * @param start where the array begins, or -1; nothing but white space may follow it.
 * @throws {SyntaxError} if it is not a JSON array, or one of its elements is too long.
 * @throws {RangeError} if it is nested too deep.
 */
export async function* elementsOf(text: string, start: number): AsyncGenerator {
  if (start < 0) throw new SyntaxError("there is no list");
  const breathe = breather();
  for (const piece of piecesOf(text, start)) {
    yield* JSON.parse(`[${piece}]`) as unknown[];
    await breathe();
  }
}

/** Cuts an array between its elements; the parser judges whether they are JSON. */
function* piecesOf(text: string, start: number): Generator<string> {
  const bytes = Buffer.from(text.slice(start));
  const brackets = new Brackets();
  const first = brackets.next(bytes, 0, 1, Infinity) + 1;
  for (let from = first, isOver = false; !isOver;) {
    const at = brackets.next(bytes, from, 1, from + PIECE);
    if (at - from > 2 * PIECE) throw new SyntaxError("an element is too long");
    if (at >= bytes.length) throw new SyntaxError("it is no list");
    isOver = brackets.depth === 0;
    const piece = bytes.toString("utf8", from, at);
    // Without an element it would be JSON all the same.
    const isWrong = piece.trim() === "" && !(isOver && from === first);
    const rest = isOver ? bytes.subarray(at + 1) : undefined;
    if (isWrong || (rest && (rest.length > PIECE || rest.toString().trim() !== "")))
      throw new SyntaxError("it is no list");
    yield piece;
    from = at + 1;
  }
}
