import { badResponse, parseJson, plainBody, TOO_DEEP } from "./responses.js";
import { Brackets } from "../text/brackets.js";
import { breather } from "../work/breather.js";
import type { Conceal } from "../text/redactor.js";
import { LONGEST_TOKEN } from "./attempt.js";
import type { ApiResponse } from "./call.js";

/** Bytes of a list that are parsed at once, and then its next element to its end: half a millisecond's work. */
const PIECE = 64 * 1024;
/** The longest answer that InfluxDB can give has half as many. */
const MOST_ELEMENTS = 1_000_000;
/**
 * The least bytes that the values of a piece have on average: those of InfluxDB have eleven and more. An empty object
 * takes twenty times its three bytes in memory.
 */
const SHORTEST_VALUE = 8;
/** Bytes of a piece that are enough for an average. */
const LONG_ENOUGH = 32 * 1024;
/** Bytes before the list, and after it. */
const LONGEST_AROUND = 64 * 1024;

/**
 * The elements of a list that may be very long, in batches, each as `read` takes it. 100,000 authorizations are 54 MB,
 * and `JSON.parse` of the whole stops all flows for a quarter of a second; so it is parsed in pieces, with a rest for
 * others in between.
 *
 * @param key of the list in the object of the answer; undefined if the answer is the list itself.
 * @param read gives undefined for an element that is not one of what is listed; it is left out.
 * @throws {TokenError} `bad-response` if the answer is not JSON or of another shape, or if all of it would be left out,
 *   because then it is a list of something else.
 */
export async function* readLongList<T>(
  response: ApiResponse,
  key: string | undefined,
  read: (element: unknown, conceal: Conceal | undefined) => T | undefined,
): AsyncGenerator<T[]> {
  const breathe = breather();
  let count = 0;
  let known = 0;
  for (const piece of piecesOf(response, key, PIECE)) {
    const elements = parseJson(response, `[${piece}]`) as unknown[];
    const conceal = response.redactor.concealer(piece);
    count += elements.length;
    if (count > MOST_ELEMENTS) throw badResponse(response, "the list has more than 1,000,000 elements");
    const batch = elements.map((element) => read(element, conceal)).filter((each) => each !== undefined);
    known += batch.length;
    yield batch;
    await breathe();
  }
  if (count > 0 && known === 0)
    throw badResponse(response, "no element of the list is a token, for none has an ID");
}

/**
 * The elements of the list as texts of one or more each: between brackets, each is JSON if, and only if, the whole is
 * as far as that. What lies around the list is checked at the end.
 *
 * @param size the least bytes of each text except the last.
 * @throws {TokenError} `bad-response`.
 */
export function* piecesOf(response: ApiResponse, key: string | undefined, size: number): Generator<string> {
  const depth = key === undefined ? 1 : 2;
  const brackets = new Brackets();
  /** What has arrived and was not taken yet. */
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;
  let before: string | undefined;
  let isFirst = true;
  let isOver = false;

  /** Whether there is another place to look at, which is `at` then. */
  function next(firstComma: number): boolean {
    try {
      at = brackets.next(bytes, at, depth, firstComma);
    } catch {
      throw badResponse(response, TOO_DEEP);
    }
    const [longest, reason] =
      before === undefined ? [LONGEST_AROUND, OTHER_FORM] : [size + LONGEST_TOKEN, TOO_LONG];
    if (Math.min(at, bytes.length) > longest) throw badResponse(response, reason);
    return at < bytes.length;
  }

  function take(end: number, rest: number): string {
    const text = bytes.toString("utf8", 0, end);
    bytes = bytes.subarray(rest);
    at = 0;
    return text;
  }

  for (const block of plainBody(response)) {
    bytes = Buffer.concat([bytes, block]);
    while (before === undefined && next(Infinity)) {
      at++;
      if (brackets.depth === depth && opensList(bytes.subarray(0, at), key)) before = take(at, at);
    }
    while (before !== undefined && !isOver && next(size)) {
      isOver = brackets.depth < depth;
      if (at >= LONG_ENOUGH && brackets.values * SHORTEST_VALUE > at) throw badResponse(response, TOO_MANY);
      brackets.values = 0;
      const piece = take(at, isOver ? at : at + 1);
      // Without an element it would be JSON all the same.
      if (piece.trim() === "" && !(isFirst && isOver)) throw badResponse(response, "the answer is not JSON");
      isFirst = false;
      yield piece;
    }
    if (isOver && bytes.length > LONGEST_AROUND) throw badResponse(response, OTHER_FORM);
  }
  const rest = bytes.toString();
  const around = parseJson(response, before === undefined ? rest : `${before}${MARK}${rest}`);
  const list = key === undefined ? around : (around as Record<string, unknown> | null)?.[key];
  // Another list of the same name, or anything else, would stand for the one that was read.
  const isThere = before !== undefined && Array.isArray(list) && list.length === 1 && list[0] === MARK;
  if (!isThere) throw badResponse(response, OTHER_FORM);
}

const OTHER_FORM = "the answer has another form than expected";
const TOO_MANY = "the list holds more, and shorter, values than any of InfluxDB's";
const TOO_LONG = `one element of the list is longer than ${LONGEST_TOKEN / 1024} KB`;

/** Stands for what the list holds in what lies around it. */
const MARK = 0;

/** Bytes in which the key of a list has to be found, before its bracket. */
const NEAR = 100;

/** Whether a text that ends with a bracket opens the list with it. */
function opensList(text: Buffer, key: string | undefined): boolean {
  const end = text.toString("latin1", Math.max(0, text.length - NEAR));
  // A key that is written with escapes is not found, which is an error at the end.
  return key === undefined ? end.endsWith("[") : new RegExp(`(?<!\\\\)"${key}"\\s*:\\s*\\[$`).test(end);
}
