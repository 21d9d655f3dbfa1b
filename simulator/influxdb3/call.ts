/** What handlers of requests have in common: the request taken apart, what it says, and whether the caller may ask. */
import { gunzipSync } from "node:zlib";
import type { Answer, SeenRequest } from "../frame.js";
import { FORMATS, type Format } from "./formats.js";
import { allows, type PermissionsColumn } from "./permissions.js";
import * as serde from "./serde.js";
import { EVERYTHING, Refusal, type Influxdb3World, type NamedToken } from "./world.js";

export interface Influxdb3Server {
  world: Influxdb3World;
  edition: "Core" | "Enterprise";
  version: string;
  withoutAuth: boolean;
  /** What needs no token: `health`, `ping`, `metrics`. */
  open: ReadonlySet<string>;
  permissionsColumn: PermissionsColumn;
  /** How a token without the right is refused. */
  forbidden: "json" | "empty";
  /** Names the catalog. */
  clusterId: string;
  /** Names this run of the server. */
  processId: string;
}

/** What a handler gets: the request taken apart, and who asks; nobody if that needs no token. */
export interface Call {
  server: Influxdb3Server;
  world: Influxdb3World;
  caller: NamedToken | undefined;
  method: string;
  query: string | undefined;
  headers: SeenRequest["headers"];
  body: Buffer;
}

export type Handler = (call: Call) => Answer;

export const ANY_ORIGIN = { "access-control-allow-origin": "*" };

const MAX_BODY = 10 * 1024 * 1024;

/** @param right none if only an admin token will do. */
export function authorize(
  { forbidden }: Influxdb3Server,
  caller: NamedToken | undefined,
  right?: string,
): void {
  if (!caller || allows(caller, right ?? EVERYTHING)) return;
  const body = `{"error": "unauthorized to perform requested action with the token"}`;
  throw new Refusal(403, forbidden === "empty" ? "" : body);
}

/** Whether a version is this one or a later one. */
export function isSince(version: string, other: string): boolean {
  const [have, want] = [version, other].map((each) => each.split(".").map(Number));
  for (const [index, part] of (want ?? []).entries()) {
    const own = have?.[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

/** A query string, read as a form. */
export function parametersOf(
  query: string,
  required: string[],
  optional: string[] = [],
): Record<string, string> {
  const found: Record<string, string> = {};
  const refused = (message: string) => new Refusal(400, `serde error: ${message}`);
  for (const [name, value] of new URLSearchParams(query)) {
    if (![...required, ...optional].includes(name)) continue;
    if (name in found) throw refused(`duplicate field \`${name}\``);
    found[name] = value;
    if (name === "format" && !isFormat(value)) {
      const formats = FORMATS.map((each) => `\`${each}\``).join(", ");
      throw refused(`unknown variant \`${value}\`, expected one of ${formats}`);
    }
  }
  const missing = required.find((name) => !(name in found));
  if (missing !== undefined) throw refused(`missing field \`${missing}\``);
  return found;
}

function isFormat(value: string): value is Format {
  return (FORMATS as readonly string[]).includes(value);
}

const JSON_TYPE =
  /^application\/(?:json|[\w!#$&^.+-]+\+json)\s*(?:;\s*(?:[\w-]+=(?:[^\s;"]+|"[^"]*"))?\s*)*$/i;

/** The body, which must say that it is JSON. */
export function jsonOf<T>(call: Call, reads: serde.Reads<T>): T {
  if (!JSON_TYPE.test(call.headers["content-type"] ?? ""))
    throw new Refusal(415, "unacceptable content-type, expected: application/json");
  return readJson(bodyOf(call), reads);
}

export function readJson<T>(bytes: Buffer, reads: serde.Reads<T>): T {
  try {
    return serde.read(bytes, reads);
  } catch (error) {
    if (error instanceof serde.SerdeError) throw new Refusal(400, `serde json error: ${error.message}`);
    throw error;
  }
}

export function bodyOf({ server, headers, body }: Call): Buffer {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip")
    throw new Refusal(400, `unacceptable content-encoding: ${encoding}`);
  const bytes = encoding === "gzip" ? unzipped(body) : body;
  if (bytes.length <= MAX_BODY) return bytes;
  const status = isSince(server.version, "3.10") ? 413 : 500;
  throw new Refusal(status, `max request size (${MAX_BODY} bytes) exceeded`);
}

function unzipped(body: Buffer): Buffer {
  try {
    return gunzipSync(body);
  } catch {
    const isGzip = body.length < 2 || (body[0] === 0x1f && body[1] === 0x8b);
    const why = isGzip ? "unexpected end of file" : "invalid gzip header";
    throw new Refusal(500, `error decoding gzip stream: ${why}`);
  }
}
