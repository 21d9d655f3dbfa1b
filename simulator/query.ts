/** Paths and query strings, read as Go reads them. */
import { InfluxError } from "./errors.js";
import { parseID } from "./ids.js";
import type { Page } from "./world.js";

/**
 * The path to route by. Go keeps a path as it was sent if it is encoded in another way than Go's own, and decodes it
 * otherwise. Undefined if Go refuses the path.
 */
export function routingPath(raw: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(raw)) return undefined;
  try {
    const decoded = decodeURIComponent(raw);
    return encodePath(decoded) === raw ? decoded : raw;
  } catch {
    return raw;
  }
}

function encodePath(path: string): string {
  return encodeURIComponent(path)
    .replace(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)/g, decodeURIComponent)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The first value of each parameter. Go leaves out what has a semicolon or is wrongly encoded. */
export function parseQuery(raw: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const pair of raw.split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const [name = "", ...value] = pair.replaceAll("+", " ").split("=");
    try {
      const key = decodeURIComponent(name);
      if (!query.has(key)) query.set(key, decodeURIComponent(value.join("=")));
    } catch {
      continue;
    }
  }
  return query;
}

export function queryID(query: Map<string, string>, name: string): string | undefined {
  const value = query.get(name);
  return value ? parseID(value) : undefined;
}

export function queryIDOrNone(query: Map<string, string>, name: string): string | undefined {
  try {
    return queryID(query, name);
  } catch {
    return undefined;
  }
}

/** Users and orgs come in pages, of 20 by default. Authorizations do not. */
export function pageOf(query: Map<string, string>): Page {
  const offset = integer(query, "offset") ?? 0;
  const limit = () => {
    const value = integer(query, "limit") ?? 20;
    if (value < 1 || value > 100) throw new InfluxError("invalid", "limit must be between 1 and 100");
    return value;
  };
  return { offset, after: afterID(query), limit: limit(), descending: boolean(query, "descending") };
}

function afterID(query: Map<string, string>): string | undefined {
  try {
    return queryID(query, "after");
  } catch (failure) {
    throw new InfluxError("invalid", `decoding after: ${(failure as Error).message}`);
  }
}

function integer(query: Map<string, string>, name: string): number | undefined {
  const value = query.get(name);
  if (!value) return undefined;
  if (!/^[+-]?\d+$/.test(value)) throw new InfluxError("invalid", `${name} is invalid`);
  return Number(value);
}

function boolean(query: Map<string, string>, name: string): boolean {
  const value = query.get(name);
  if (!value) return false;
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw new InfluxError("invalid", `${name} is invalid`);
}
