import { types } from "node:util";
import { HEX_ID, isObjectText, TOKEN_NAME, UUID, type IdForm } from "../ids.js";

/** Characters of a text that are looked at: the first lines of a list. */
const LOOKED_AT = 1000;

const BYTES =
  "Set the output of the node before (file, MQTT, HTTP, …) to a text, or put a Change or Function node there that makes one of the Buffer.";
const NUMBER =
  'A CSV or JSON node has probably made a number of the ID, which loses digits: switch off "parse numerical values" in the CSV node, or put the ID in quotes in the JSON.';
const JSON_TEXT = "It looks like JSON: put a JSON node before this one.";
const LIST =
  'It looks like several IDs, or an ID among other things, in one text: put a Split node before this one, set to the characters between the IDs; or, if the first line has a column "id", a CSV node with "first row contains column names" ticked.';
const OBJECT_TEXT = "An object was made into a text: send the object itself.";
const OTHER_PRODUCT =
  "It looks like an ID of another InfluxDB product: check the product of the connection, and where the ID comes from.";
const ARRAY = "One ID is one text: send several as one array, without further arrays in it.";
const PROMISE = "It is a promise: a function node before this one lacks an await.";

/**
 * What was most likely given instead of an ID, and what to do about it, as a sentence without the value; undefined if
 * nothing is likely.
 *
 * @param form of the expected IDs.
 */
export function whyNoId(value: unknown, form: IdForm): string | undefined {
  if (types.isProxy(value)) return undefined;
  if (typeof value === "number" || typeof value === "bigint") return NUMBER;
  if (typeof value === "string") {
    const seen = form === TOKEN_NAME ? value : value.slice(0, LOOKED_AT);
    return whyNoIdText(seen.trim(), form);
  }
  if (isBytes(value)) return BYTES;
  if (Array.isArray(value)) return ARRAY;
  return types.isPromise(value) ? PROMISE : undefined;
}

function whyNoIdText(text: string, form: IdForm): string | undefined {
  // Any other text can be a name, such as "[old] Telegraf".
  if (form === TOKEN_NAME && !isObjectText(text)) return undefined;
  if (/^\[object /.test(text)) return OBJECT_TEXT;
  if (form === TOKEN_NAME || /^(\[|\{\s*")/.test(text)) return JSON_TEXT;
  const { pattern } = form;
  const [first = "", ...others] = text.split(/[\s,;|]+/).map((piece) => piece.replace(/^["']|["']$/g, ""));
  if (others.length > 0) return [first, ...others].some((piece) => pattern.test(piece)) ? LIST : undefined;
  if (pattern.test(first)) return JSON_TEXT;
  return HEX_ID.pattern.test(first) || UUID.pattern.test(first) ? OTHER_PRODUCT : undefined;
}

/** A Buffer or the like, also as JSON shows it. */
export function isBytes(value: unknown): boolean {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const { type, data } = value as { type?: unknown; data?: unknown };
  return type === "Buffer" && Array.isArray(data);
}
