import { getHeapStatistics } from "node:v8";
import { TokenError } from "../errors.js";
import { badResponse, plainBody, TOO_DEEP, type Piece } from "./responses.js";
import { Brackets } from "../text/brackets.js";
import { ByteWindow } from "../text/byte-window.js";
import { breather } from "../work/breather.js";
import { LONGEST_TOKEN } from "./attempt.js";
import type { ArrivingResponse } from "./call.js";

/** Bytes of a list that are parsed at once, and then its next element to its end: half a millisecond's work. */
const PIECE = 64 * 1024;
/** InfluxDB OSS takes a minute to answer with as many. */
const MOST_ELEMENTS = 2_000_000;
/**
 * The least bytes that the values of a piece have on average: those of InfluxDB have eleven and more. An empty object
 * takes twenty times its three bytes in memory.
 */
const SHORTEST_VALUE = 8;
/** Bytes of a piece that are enough for an average. */
const LONG_ENOUGH = 32 * 1024;
/** The share of V8's free heap that a reader may fill: V8 does not use all, and a flow that copies a list needs as much. */
const MOST_KEPT = 1 / 3;
/** Bytes before the list, and after it. */
const LONGEST_AROUND = 64 * 1024;

/**
 * Reads one element of a list.
 *
 * @returns null if it is not wanted, and undefined if it is none of what is listed; neither is kept.
 * @throws {RangeError} if it is nested too deep.
 */
export type ReadElement<T> = (element: unknown, piece: Piece) => T | null | undefined;

/**
 * The elements of a list that may be very long, in batches, each as `read` takes it. It is read while it arrives, and
 * no more of it is held than the batch: a million authorizations are 540 MB. It is parsed in pieces, with a rest for
 * others in between, because `JSON.parse` of 100,000 stops all flows for a quarter of a second.
 *
 * @param key of the list in the object of the answer; undefined if the answer is the list itself.
 * @throws {TokenError} `bad-response` if the answer is not JSON or of another shape, if all of it would be left out,
 *   because then it is a list of something else, or if the reader keeps more than fits into the heap; what the body throws
 *   if it is cut. What was wrong with a part is not known before that has arrived.
 */
export async function* readLongList<T>(
  response: ArrivingResponse,
  key: string | undefined,
  read: ReadElement<T>,
): AsyncGenerator<T[]> {
  const breathe = breather();
  const refuseFullHeap = heapGuard(response);
  let count = 0;
  let isKnown = false;
  for await (const { text, elements } of piecesOf(response, key, PIECE)) {
    count += elements.length;
    if (count > MOST_ELEMENTS) throw badResponse(response, TOO_LONG_A_LIST);
    const piece: Piece = { conceal: response.redactor.concealer(text), values: 0 };
    const batch: T[] = [];
    try {
      for (const element of elements) {
        const one = read(element, piece);
        if (one !== undefined) isKnown = true;
        if (one !== undefined && one !== null) batch.push(one);
      }
    } catch (error) {
      throw error instanceof RangeError ? badResponse(response, TOO_DEEP) : error;
    }
    if (isDense(piece.values, text.length)) throw badResponse(response, TOO_MANY);
    if (batch.length > 0) {
      yield batch;
      refuseFullHeap();
    }
    await breathe();
  }
  if (count > 0 && !isKnown)
    throw badResponse(response, "no element of the list is a token, for none has an ID");
}

/** Refuses to go on once a reader has filled the heap, because that would end Node-RED with all its flows. */
function heapGuard({ call }: ArrivingResponse): () => void {
  const before = getHeapStatistics();
  const most = before.used_heap_size + MOST_KEPT * (before.heap_size_limit - before.used_heap_size);
  return () => {
    if (getHeapStatistics().used_heap_size < most) return;
    throw new TokenError(
      "bad-response",
      "what matches does not fit into the memory of Node-RED. Narrow the list by a filter, let the node send one message each, or give Node-RED more memory (--max-old-space-size).",
      { words: "list too long", task: call.task },
    );
  };
}

function isDense(values: number, length: number): boolean {
  return length >= LONG_ENOUGH && values * SHORTEST_VALUE > length;
}

interface Parsed {
  /** The JSON of the elements, as a list. */
  text: string;
  elements: unknown[];
}

/**
 * The elements of the list, some at a time. They are cut from the whole at a comma between two of them, where each part
 * is JSON if, and only if, the whole is as far as that. What lies around the list is checked at the end.
 *
 * Where a comma may be such a one, the beginning of the first element tells: `,{"id"` most likely begins another. That
 * the guess was right is proved by parsing what lies before it: only between two elements of the list itself it has
 * brackets that balance, and no text that goes on. Otherwise, the brackets are followed one by one.
 *
 * @param size the least bytes of each part except the last.
 * @throws {TokenError} `bad-response`, and what the body throws.
 */
export async function* piecesOf(
  response: ArrivingResponse,
  key: string | undefined,
  size: number,
): AsyncGenerator<Parsed> {
  const depth = key === undefined ? 1 : 2;
  const brackets = new Brackets();
  /** What has arrived and was not taken yet. */
  const window = new ByteWindow(3 * size);
  /** How far its brackets were followed. */
  let at = 0;
  let before: string | undefined;
  /** What probably lies between two elements: the end of one, a comma, and the beginning of the next. */
  let border: Buffer | undefined;
  let isFirst = true;
  let isOver = false;

  /** Whether there is another place to look at, which is `at` then. */
  function next(firstComma: number): boolean {
    try {
      at = brackets.next(window.bytes, at, depth, firstComma);
    } catch {
      throw badResponse(response, TOO_DEEP);
    }
    const [longest, reason] =
      before === undefined ? [LONGEST_AROUND, OTHER_FORM] : [size + LONGEST_TOKEN, TOO_LONG];
    if (Math.min(at, window.length) > longest) throw badResponse(response, reason);
    return at < window.length;
  }

  function drop(length: number): void {
    window.drop(length);
    at = 0;
  }

  /** The elements up to a border, if there is one. */
  function guessed(): Parsed | undefined {
    if (at > 0 || border === undefined) return undefined;
    const end = window.bytes.lastIndexOf(border, 2 * size) + 1;
    const found = end > 0 ? parsed(window.inBrackets(end)) : undefined;
    if (found) drop(end + 1);
    return found;
  }

  /** The elements up to a comma that brackets tell, or to the end of the list, if that has arrived. */
  function followed(): Parsed | undefined {
    if (!next(size)) return undefined;
    isOver = brackets.depth < depth;
    if (isDense(brackets.values, at)) throw badResponse(response, TOO_MANY);
    brackets.values = 0;
    const found = parsed(window.inBrackets(at));
    // Without an element it would be JSON all the same.
    if (!found || (found.elements.length === 0 && !(isFirst && isOver))) throw badResponse(response, NO_JSON);
    drop(isOver ? at : at + 1);
    return found;
  }

  /** What can be taken now. @param least bytes that are worth it. */
  function* pieces(least: number): Generator<Parsed> {
    while (before === undefined && next(Infinity)) {
      at++;
      if (brackets.depth !== depth || !opensList(window.bytes.subarray(0, at), key)) continue;
      before = window.bytes.toString("utf8", 0, at);
      drop(at);
    }
    while (before !== undefined && !isOver && window.length >= least) {
      if (isFirst && at === 0) border = borderOf(window.bytes);
      const piece = guessed() ?? followed();
      if (piece === undefined) break;
      isFirst = false;
      yield piece;
    }
    if (isOver && window.length > LONGEST_AROUND) throw badResponse(response, OTHER_FORM);
  }

  for await (const block of plainBody(response)) {
    window.add(block);
    yield* pieces(size);
  }
  yield* pieces(0);
  const rest = window.bytes.toString();
  const around = parsed(`[${before === undefined ? rest : `${before}${MARK}${rest}`}]`);
  if (around === undefined) throw badResponse(response, NO_JSON);
  const [whole] = around.elements;
  if (around.elements.length !== 1) throw badResponse(response, NO_JSON);
  const list = key === undefined ? whole : (whole as Record<string, unknown> | null)?.[key];
  // Another list of the same name, or anything else, would stand for the one that was read.
  const isThere = before !== undefined && Array.isArray(list) && list.length === 1 && list[0] === MARK;
  if (!isThere) throw badResponse(response, OTHER_FORM);
}

const NO_JSON = "the answer is not JSON";
const OTHER_FORM = "the answer has another form than expected";
const TOO_MANY = "the list holds more, and shorter, values than any of InfluxDB's";
const TOO_LONG = `one element of the list is longer than ${LONGEST_TOKEN / 1024} KB`;
const TOO_LONG_A_LIST = "the list has more than 2,000,000 elements";

/** Stands for what the list holds in what lies around it. */
const MARK = 0;

/** Bytes in which the key of a list has to be found, before its bracket, and that of its first element after it. */
const NEAR = 100;

/** Whether a text that ends with a bracket opens the list with it. */
function opensList(text: Buffer, key: string | undefined): boolean {
  const end = text.toString("latin1", Math.max(0, text.length - NEAR));
  // A key that is written with escapes is not found, which is an error at the end.
  return key === undefined ? end.endsWith("[") : new RegExp(`(?<!\\\\)"${key}"\\s*:\\s*\\[$`).test(end);
}

/** What lies between two elements of a list if all are written as its first one is. */
function borderOf(list: Buffer): Buffer | undefined {
  const [beginning] = /^\s*\{\s*"[^"\\]*"/.exec(list.toString("latin1", 0, NEAR)) ?? [];
  return beginning === undefined ? undefined : Buffer.from(`},${beginning}`, "latin1");
}

/** What the JSON of a list holds, or undefined if it is not JSON. */
function parsed(text: string): Parsed | undefined {
  try {
    return { text, elements: JSON.parse(text) as unknown[] };
  } catch {
    return undefined;
  }
}
