/** The HTTP side of a simulated InfluxDB 3: routes, authentication, decoding of requests, answers. */
import { randomUUID } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { Answer, SeenRequest } from "../frame.js";
import { FORMATS, inFormat, type Format } from "./formats.js";
import { allows, columnOf, readPermissions, type PermissionsColumn } from "./permissions.js";
import { run, type Cell, type Result, type Table, type TableColumn } from "./query.js";
import * as serde from "./serde.js";
import { SerdeError, type Reads, type Scalar } from "./serde.js";
import {
  EVERYTHING,
  OPERATOR,
  Panic,
  Refusal,
  timeOf,
  type Influxdb3World,
  type NamedToken,
} from "./world.js";

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
interface Call {
  server: Influxdb3Server;
  world: Influxdb3World;
  caller: NamedToken | undefined;
  method: string;
  query: string | undefined;
  headers: SeenRequest["headers"];
  body: Buffer;
}

interface Route {
  handle: (call: Call) => Answer;
  /** What a resource token must be allowed; nothing helps it where this is left out, and null is for the handler. */
  right?: string | null;
  /** The name by which it can be opened to everybody. */
  opens?: string;
  edition?: "Enterprise";
}

const MALFORMED =
  "Authorization header was malformed, the request was not in the form of 'Authorization: <auth-scheme> <token>', supported auth-schemes are Bearer, Token and Basic";

/** Of Core, besides the server's own. */
const MAX_DATABASES = 5;

const MAX_BODY = 10 * 1024 * 1024;

/** What may only be asked once: the operator token, by anybody. */
const CREATE_OPERATOR = "/api/v3/configure/token/admin";
const REGENERATE = `${CREATE_OPERATOR}/regenerate`;

/** Answers a request; nothing if the server ends the connection. */
export function answer(server: Influxdb3Server, request: SeenRequest, body: Buffer): Answer | undefined {
  try {
    return withCluster(server, respond(server, request, body));
  } catch (error) {
    if (error instanceof Panic) return undefined;
    return withCluster(server, refusal(error));
  }
}

/** Answers a request to the recovery port, which closes once it has succeeded. */
export function recover(
  world: Influxdb3World,
  method: string,
  path: string,
): { answer: Answer; succeeded: boolean } {
  try {
    if (method !== "POST" || path.split("?")[0] !== REGENERATE) throw new Refusal(404, "not found");
    const { status, body } = shownOnce(world.regenerate());
    return { answer: { status, headers: ANY_ORIGIN, body }, succeeded: true };
  } catch (error) {
    return { answer: { ...refusal(error), headers: ANY_ORIGIN }, succeeded: false };
  }
}

const ANY_ORIGIN = { "access-control-allow-origin": "*" };

function withCluster({ version, clusterId }: Influxdb3Server, given: Answer): Answer {
  if (!isSince(version, "3.8")) return given;
  return { ...given, headers: { ...given.headers, "cluster-uuid": clusterId } };
}

function refusal(error: unknown): Answer {
  if (!(error instanceof Refusal)) throw error;
  const { status, message } = error;
  return { status, headers: {}, body: message };
}

function respond(server: Influxdb3Server, request: SeenRequest, body: Buffer): Answer {
  const { method, headers } = request;
  const [path = "", ...rest] = request.path.split("?");
  if (method === "OPTIONS") return PREFLIGHT;
  if (server.withoutAuth && path.startsWith("/api/v3/configure/token"))
    throw new Refusal(405, "endpoint disabled, started without auth");
  const route = ROUTES[`${method} ${path}`];
  const isOpen = path === CREATE_OPERATOR || server.open.has(OPEN_PATHS[path] ?? "");
  const caller = isOpen ? undefined : authenticate(server, headers.authorization);
  if (!route || (route.edition ?? server.edition) !== server.edition) throw new Refusal(404, "Not found");
  if (route.right !== null) authorize(server, caller, route.right);
  const { world } = server;
  const query = rest.length === 0 ? undefined : rest.join("?");
  return route.handle({ server, world, caller, method, query, headers, body });
}

const PREFLIGHT: Answer = {
  status: 204,
  headers: {
    ...ANY_ORIGIN,
    "access-control-allow-methods": "*",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
  },
};

/** @returns nobody if the server asks nobody. */
function authenticate(
  { world, withoutAuth, version }: Influxdb3Server,
  header: string | undefined,
): NamedToken | undefined {
  const value = header === undefined ? undefined : tokenOf(header);
  if (withoutAuth) return undefined;
  const found = value === undefined ? undefined : world.active(value);
  if (found) return found;
  if (!isSince(version, "3.8")) throw new Refusal(401, "");
  throw new Refusal(401, `{"error": "the request was not authenticated"}`);
}

function tokenOf(header: string): string {
  if (/[^\t\x20-\x7e]/.test(header))
    throw new Refusal(500, `{"error": "to str error: failed to convert header to a str"}`);
  const [scheme = "", value = "", ...more] = header.split(" ");
  const malformed = new Refusal(400, `{"error": "${MALFORMED}"}`);
  if (value === "" || more.length > 0) throw malformed;
  if (scheme === "Bearer" || scheme === "Token") return value;
  if (scheme !== "Basic" || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
    throw malformed;
  const [, token, ...rest] = Buffer.from(value, "base64").toString().split(":");
  if (token === undefined || rest.length > 0 || token.includes("\ufffd")) throw malformed;
  return token;
}

/** @param right none if only an admin token will do. */
function authorize({ forbidden }: Influxdb3Server, caller: NamedToken | undefined, right?: string): void {
  if (!caller || allows(caller, right ?? EVERYTHING)) return;
  const body = `{"error": "unauthorized to perform requested action with the token"}`;
  throw new Refusal(403, forbidden === "empty" ? "" : body);
}

/** Whether a version is this one or a later one. */
function isSince(version: string, other: string): boolean {
  const [have, want] = [version, other].map((each) => each.split(".").map(Number));
  for (const [index, part] of (want ?? []).entries()) {
    const own = have?.[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

const OPEN_PATHS: Record<string, string> = {
  "/health": "health",
  "/api/v1/health": "health",
  "/ping": "ping",
  "/metrics": "metrics",
};

// Handlers.

const createOperator: Route["handle"] = ({ world }) => shownOnce(world.addToken({ name: OPERATOR }));

const regenerate: Route["handle"] = ({ world }) => shownOnce(world.regenerate());

const remove: Route["handle"] = ({ world, query = "" }) => {
  world.delete(parametersOf(query, ["token_name"])["token_name"] ?? "");
  return { status: 200, headers: ANY_ORIGIN, body: "" };
};

interface CreateNamedAdminTokenRequest {
  token_name: string;
  expiry_secs: bigint | undefined;
}

const NAME_AND_EXPIRY = {
  token_name: { read: serde.text },
  expiry_secs: { read: serde.optional(serde.u64), optional: true as const },
};

const createNamedAdmin: Route["handle"] = (call) => {
  const wanted = jsonOf(
    call,
    serde.struct<CreateNamedAdminTokenRequest>("CreateNamedAdminTokenRequest", NAME_AND_EXPIRY),
  );
  return create(call, wanted, [EVERYTHING]);
};

interface CreateTokenWithPermissionsRequest extends CreateNamedAdminTokenRequest {
  permissions: { resource_type: string; resource_names: string[]; actions: string[] }[];
}

const createResourceToken: Route["handle"] = (call) => {
  const texts = { read: serde.list(serde.text) };
  const permission = serde.struct<CreateTokenWithPermissionsRequest["permissions"][number]>(
    "PermissionRequest",
    { resource_type: { read: serde.text }, resource_names: texts, actions: texts },
  );
  const wanted = jsonOf(
    call,
    serde.struct<CreateTokenWithPermissionsRequest>("CreateTokenWithPermissionsRequest", {
      token_name: NAME_AND_EXPIRY.token_name,
      permissions: { read: serde.list(permission) },
      expiry_secs: NAME_AND_EXPIRY.expiry_secs,
    }),
  );
  return create(call, wanted, readPermissions(wanted.permissions, call.world.databases));
};

function create(
  { world, server }: Call,
  { token_name: name, expiry_secs: lifetime }: CreateNamedAdminTokenRequest,
  permissions: string[],
): Answer {
  const onOverflow = isSince(server.version, "3.10") ? "never" : "panic";
  return shownOnce(world.create(name, lifetime, permissions, onOverflow));
}

/** The one answer that has the value. Its type is what the server says, though it is none. */
function shownOnce({ id, name, value, hash, createdAt, expiry }: NamedToken): Answer & { body: string } {
  const at = (date: Date) => `${timeOf(date)}Z`;
  const body = {
    id,
    name,
    token: value,
    hash,
    created_at: at(createdAt),
    expiry: expiry ? at(expiry) : null,
  };
  return { status: 201, headers: { "content-type": "json", ...ANY_ORIGIN }, body: JSON.stringify(body) };
}

const ping: Route["handle"] = ({ server: { edition, version, processId } }) => {
  const [id, product_name] = [randomUUID(), `InfluxDB 3 ${edition}`];
  const build = { "x-influxdb-build": edition, "x-influxdb-version": version };
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      ...build,
      "request-id": id,
      "x-request-id": id,
      ...ANY_ORIGIN,
    },
    body: JSON.stringify({ product_name, version, revision: "simulator", process_id: processId }),
  };
};

const plain =
  (type: string, body: string): Route["handle"] =>
  () => ({ status: 200, headers: { "content-type": type, ...ANY_ORIGIN }, body });

const health = plain("text/plain; charset=utf-8", "OK");
const metrics = plain("text/plain; version=0.0.4; charset=utf-8", "");

const listDatabases: Route["handle"] = (call) => {
  const { format, show_deleted: deleted } = parametersOf(call.query ?? "", ["format"], ["show_deleted"]);
  if (deleted !== undefined && !["true", "false"].includes(deleted))
    throw new Refusal(400, "serde error: provided string was not `true` or `false`");
  const withDeleted = deleted === "true";
  const rows = [...call.world.databases].sort().map((name): Cell[] => (withDeleted ? [name, false] : [name]));
  const columns = [
    { name: "iox::database", type: "Utf8" as const },
    ...(withDeleted ? [{ name: "deleted", type: "Boolean" as const }] : []),
  ];
  return rowsAs(format as Format, { columns, rows });
};

const createDatabase: Route["handle"] = (call) => {
  const { db } = jsonOf(
    call,
    serde.struct<{ db: string }>("CreateDatabaseRequest", { db: { read: serde.text } }),
  );
  const refused = (error: string, status = 400) => new Refusal(status, JSON.stringify({ error }));
  if (db === "") throw refused("db name cannot be empty");
  if (db.length > 64) throw refused("db name too long: max 64");
  if (!/^[\p{L}\p{N}]/u.test(db)) throw refused("db name did not start with a number or letter");
  if (!/^[\w-]+(?:\/[\w-]+)?$/.test(db)) {
    throw refused(
      "invalid character in database or rp name: must be ASCII, containing only letters, numbers, underscores, or hyphens",
    );
  }
  const { world, server } = call;
  if (server.edition === "Core" && !world.databases.has(db) && world.databases.size > MAX_DATABASES) {
    throw refused(`Adding a new database would exceed limit of ${MAX_DATABASES} databases`, 422);
  }
  world.addDatabase(db);
  return { status: 200, headers: ANY_ORIGIN, body: "" };
};

const deleteDatabase: Route["handle"] = ({ world, query = "" }) => {
  world.deleteDatabase(parametersOf(query, ["db"])["db"] ?? "");
  return { status: 200, headers: ANY_ORIGIN, body: "" };
};

interface Question {
  db: string | undefined;
  q: string;
  format: Format;
  parameters: ReadonlyMap<string, Scalar>;
}

const querySql: Route["handle"] = (call) => {
  const { db = "", q, format, parameters } = questionOf(call, true);
  const { server } = call;
  authorize(server, call.caller, `db:${db}:read`);
  if (!call.world.databases.has(db)) throw unknownDatabase(db);
  const severalStatements = isSince(server.version, "3.10") ? 405 : 400;
  try {
    const result = run(q, { database: db, tokens: tokenTable(server), parameters, severalStatements });
    return rowsAs(format, result);
  } catch (error) {
    const isOlder = error instanceof Refusal && error.status === 400 && !isSince(server.version, "3.9.3");
    throw isOlder ? new Refusal(500, error.message) : error;
  }
};

/** There is no table that InfluxQL could read. */
const queryInfluxql: Route["handle"] = (call) => {
  const { db, q, format } = questionOf(call, false);
  if (q.trim() === "") throw new Refusal(400, "must provide only one InfluxQl statement per query");
  if (!/^\s*(?:SELECT\s.*\sFROM|SHOW)\s/is.test(q)) {
    const why = `invalid InfluxQL statement at pos 0. Parsing Error: Nom(${serde.debug(q)}, Tag)`;
    throw new Refusal(400, `error in InfluxQL statement: parsing error: ${why}`);
  }
  if (db === undefined) {
    const message = "must specify a 'db' parameter, or provide the database in the InfluxQL query";
    throw new Refusal(400, message);
  }
  authorize(call.server, call.caller, `db:${db}:read`);
  if (!call.world.databases.has(db)) throw unknownDatabase(db);
  return rowsAs(format, { columns: [], rows: [] });
};

function unknownDatabase(name: string): Refusal {
  return new Refusal(404, JSON.stringify({ error: `query error: database not found: ${name}` }));
}

const ROUTES: Record<string, Route> = {
  [`POST ${CREATE_OPERATOR}`]: { handle: createOperator },
  [`POST ${REGENERATE}`]: { handle: regenerate },
  "POST /api/v3/configure/token/named_admin": { handle: createNamedAdmin },
  "DELETE /api/v3/configure/token": { handle: remove },
  "POST /api/v3/enterprise/configure/token": { handle: createResourceToken, edition: "Enterprise" },
  "GET /api/v3/configure/database": { handle: listDatabases },
  "POST /api/v3/configure/database": { handle: createDatabase },
  "DELETE /api/v3/configure/database": { handle: deleteDatabase },
  ...both("/api/v3/query_sql", { handle: querySql, right: null }),
  ...both("/api/v3/query_influxql", { handle: queryInfluxql, right: null }),
  ...both("/ping", { handle: ping, right: "system:ping:read" }),
  "GET /health": { handle: health, right: "system:health:read" },
  "GET /api/v1/health": { handle: health, right: "system:health:read" },
  "GET /metrics": { handle: metrics, right: "system:metrics:read" },
};

function both(path: string, route: Route): Record<string, Route> {
  return { [`GET ${path}`]: route, [`POST ${path}`]: route };
}

// What requests say.

/** A query string, read as a form. */
function parametersOf(query: string, required: string[], optional: string[] = []): Record<string, string> {
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
function jsonOf<T>(call: Call, reads: Reads<T>): T {
  if (!JSON_TYPE.test(call.headers["content-type"] ?? ""))
    throw new Refusal(415, "unacceptable content-type, expected: application/json");
  return readJson(bodyOf(call), reads);
}

function readJson<T>(bytes: Buffer, reads: Reads<T>): T {
  try {
    return serde.read(bytes, reads);
  } catch (error) {
    if (error instanceof SerdeError) throw new Refusal(400, `serde json error: ${error.message}`);
    throw error;
  }
}

function bodyOf({ server, headers, body }: Call): Buffer {
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

/** What is to be queried, from the query string or the body, which need not say that it is JSON. */
function questionOf(call: Call, needsDatabase: boolean): Question {
  const accepted = acceptedFormat(call);
  if (call.method === "POST") {
    const asked = readJson(bodyOf(call), QUESTION(needsDatabase));
    return { ...asked, format: asked.format ?? accepted, parameters: asked.params ?? new Map() };
  }
  if (call.query === undefined) throw new Refusal(400, "missing query parameters 'db' and 'q'");
  const [required, optional] = needsDatabase ? [["db", "q"], []] : [["q"], ["db"]];
  const asked = parametersOf(call.query, required, [...optional, "format", "params"]);
  const { db, q = "", format, params } = asked;
  const parameters = params === undefined ? new Map() : readJson(Buffer.from(params), serde.parameters);
  return { db, q, format: (format as Format | undefined) ?? accepted, parameters };
}

interface QueryRequest {
  db: string | undefined;
  q: string;
  format: Format | undefined;
  params: Map<string, Scalar> | undefined;
}

const QUESTION = (needsDatabase: boolean) =>
  serde.struct<QueryRequest>("QueryRequest", {
    db: needsDatabase ? { read: serde.text } : { read: serde.optional(serde.text), optional: true },
    q: { read: serde.text },
    format: { read: serde.optional(serde.variant(FORMATS)), optional: true },
    params: { read: serde.optional(serde.parameters), optional: true },
  });

const ACCEPTED: Record<string, Format> = {
  ...{ "*/*": "json", "application/json": "json", "text/html": "json" },
  ...{ "text/csv": "csv", "text/plain": "pretty", "application/vnd.apache.parquet": "parquet" },
} as const;

function acceptedFormat({ server, headers }: Call): Format {
  const { accept = "*/*" } = headers;
  const format = accept.includes("*/*") ? "json" : ACCEPTED[accept];
  if (format) return format;
  throw new Refusal(isSince(server.version, "3.10") ? 400 : 500, `invalid mime type (${accept})`);
}

// What answers show.

function rowsAs(format: Format, result: Result): Answer {
  const { type, body } = inFormat(format, result);
  const isStreamed = format !== "pretty" && format !== "parquet";
  const headers = { "content-type": type, ...ANY_ORIGIN };
  return {
    status: 200,
    headers: { ...headers, ...(isStreamed && { "transfer-encoding": "chunked" }) },
    body,
  };
}

/** `system.tokens`. Nobody needs a hash where nobody needs a token. */
function tokenTable({ world, withoutAuth, permissionsColumn }: Influxdb3Server): Table {
  const column = (
    [name, type, nullable = false]: [string, TableColumn["type"], boolean?],
    cell: (token: NamedToken) => Cell | undefined,
  ) => ({ column: { name, type, nullable }, cell });
  const all = [
    column(["token_id", "UInt64"], ({ id }) => id),
    column(["name", "Utf8View"], ({ name }) => name),
    column(["hash", "Utf8View"], ({ hash }) => hash.slice(0, 9)),
    column(["created_at", "Timestamp(ms)"], ({ createdAt }) => createdAt),
    column(["description", "Utf8View", true], ({ description }) => description),
    column(["created_by_token_id", "UInt64", true], () => undefined),
    column(["updated_at", "Timestamp(ms)", true], ({ updatedAt }) => updatedAt),
    column(["updated_by_token_id", "UInt64", true], ({ updatedBy }) => updatedBy),
    column(["expiry", "Timestamp(ms)", true], ({ expiry }) => expiry),
    column(["permissions", "Utf8View"], (token) => columnOf(token, permissionsColumn)),
  ].filter(({ column: { name } }) => !(withoutAuth && name === "hash"));
  const tokens = [...world.tokens.values()].sort((a, b) => a.id - b.id);
  return {
    columns: all.map((each) => each.column),
    rows: tokens.map((token) => all.map(({ cell }) => cell(token) ?? null)),
  };
}
