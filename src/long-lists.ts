import * as z from "zod";
import { checkedBy, parseJson } from "./answers.js";
import { breather } from "./breather.js";
import type { Answer } from "./http.js";

/** Characters of a list that are parsed at once: half a millisecond's work. */
const PIECE = 64 * 1024;

/**
 * The objects of a list that may be very long, such as `authorizations` in `{"authorizations": […]}`, in
 * batches. 100,000 authorizations are 54 MB, and `JSON.parse` of the whole stops all flows for a quarter of a
 * second; so it is parsed and checked in pieces, with a rest for others in between.
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
  for (const document of documentsOf(answer, name, PIECE)) {
    yield checkedBy(schema, answer, document)[name] ?? [];
    await breathe();
  }
}

/**
 * The JSON of an answer as several documents like the whole, each with a part of the one list; the last holds
 * what lies around the list, too. Where one object of the list ends is guessed, by what follows looking like the
 * beginning of the next; that the part before it is JSON in itself proves the guess, and takes no longer than to
 * parse it anyway.
 *
 * @param size characters that a part has at least.
 * @throws {TokenError} `bad-response` where the whole is no JSON.
 */
export function* documentsOf(answer: Answer, name: string, size: number): Generator {
  const { text } = answer;
  const { start, firstKey } = beginningOf(text, name);
  const end = new RegExp(`\\}\\s*,\\s*(?=\\{\\s*"${firstKey}")`, "g");
  let rest = start;
  for (let length = size; start > 0;) {
    end.lastIndex = rest + length;
    const found = end.exec(text);
    if (found === null) break;
    const list = parsed(`[${text.slice(rest, found.index + 1)}]`);
    if (list === undefined) {
      // Somewhere within an object, or no JSON at all.
      length *= 2;
      continue;
    }
    yield { [name]: list };
    rest = end.lastIndex;
    length = size;
  }
  yield parseJson(answer, text.slice(0, start) + text.slice(rest));
}

/** Where the list begins, if all before it is simple, and the first key of its first object. */
function beginningOf(text: string, name: string): { start: number; firstKey: string } {
  const simple = String.raw`"[^"\\]*"\s*:\s*(?:"[^"\\]*"|\{[^{}[\]]*\})\s*,\s*`;
  const beginning = new RegExp(String.raw`^\s*\{\s*(?:${simple})*"${name}"\s*:\s*\[(?=\s*\{\s*"(\w+)")`);
  const [before = "", firstKey = ""] = beginning.exec(text) ?? [];
  return { start: before.length, firstKey };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
