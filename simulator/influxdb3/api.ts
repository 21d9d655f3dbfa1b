/** The HTTP side of a simulated InfluxDB 3: routes, authentication, and what is done with tokens. */
import { randomUUID } from "node:crypto";
import type { Answer, SeenRequest } from "../frame.js";
import {
  ANY_ORIGIN,
  authorize,
  isSince,
  jsonOf,
  parametersOf,
  type Call,
  type Handler,
  type Influxdb3Server,
} from "./call.js";
import {
  createDatabase,
  deleteDatabase,
  listDatabases,
  query,
  queryInfluxql,
  querySql,
  write,
} from "./data.js";
import { readPermissions } from "./permissions.js";
import * as serde from "./serde.js";
import {
  EVERYTHING,
  OPERATOR,
  Panic,
  Refusal,
  type Influxdb3World,
  type NamedToken,
  zonedTimeOf,
} from "./world.js";

interface Route {
  handle: Handler;
  /** What a resource token must be allowed; nothing helps it where this is left out, and null is for the handler. */
  right?: string | null;
  edition?: "Enterprise";
}

const MALFORMED =
  "Authorization header was malformed, the request was not in the form of 'Authorization: <auth-scheme> <token>', supported auth-schemes are Bearer, Token and Basic";

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
  const query = rest.length === 0 ? undefined : rest.join("?");
  const caller = isOpen
    ? undefined
    : authenticate(server, headers.authorization, TAKE_P.has(path) ? query : "");
  if (!route || (route.edition ?? server.edition) !== server.edition) throw new Refusal(404, "Not found");
  if (route.right !== null) authorize(server, caller, route.right);
  const { world } = server;
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

/** Where a parameter of this name is the token, whatever the header says: as for InfluxDB 1. */
const TAKE_P = new Set(["/query", "/write"]);

/** @returns nobody if the server asks nobody. */
function authenticate(
  { world, withoutAuth, version }: Influxdb3Server,
  header: string | undefined,
  query: string | undefined,
): NamedToken | undefined {
  const parameter = new URLSearchParams(query).getAll("p").at(-1);
  const value = parameter ?? (header === undefined ? undefined : tokenOf(header));
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

const OPEN_PATHS: Record<string, string> = {
  "/health": "health",
  "/api/v1/health": "health",
  "/ping": "ping",
  "/metrics": "metrics",
};

const createOperator: Handler = ({ world }) => shownOnce(world.addToken({ name: OPERATOR }));

const regenerate: Handler = ({ world }) => shownOnce(world.regenerate());

const remove: Handler = ({ world, query = "" }) => {
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

const createNamedAdmin: Handler = (call) => {
  const wanted = jsonOf(
    call,
    serde.struct<CreateNamedAdminTokenRequest>("CreateNamedAdminTokenRequest", NAME_AND_EXPIRY),
  );
  return create(call, wanted, [EVERYTHING]);
};

interface CreateTokenWithPermissionsRequest extends CreateNamedAdminTokenRequest {
  permissions: { resource_type: string; resource_names: string[]; actions: string[] }[];
}

const createResourceToken: Handler = (call) => {
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
  const body = {
    id,
    name,
    token: value,
    hash,
    created_at: zonedTimeOf(createdAt),
    expiry: expiry ? zonedTimeOf(expiry) : null,
  };
  return { status: 201, headers: { "content-type": "json", ...ANY_ORIGIN }, body: JSON.stringify(body) };
}

const ping: Handler = ({ server: { edition, version, processId } }) => {
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
  (type: string, body: string): Handler =>
  () => ({ status: 200, headers: { "content-type": type, ...ANY_ORIGIN }, body });

const health = plain("text/plain; charset=utf-8", "OK");
const metrics = plain("text/plain; version=0.0.4; charset=utf-8", "");

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
  ...both("/query", { handle: query, right: null }),
  "POST /write": { handle: write, right: null },
  "POST /api/v3/write_lp": { handle: write, right: null },
  ...both("/ping", { handle: ping, right: "system:ping:read" }),
  "GET /health": { handle: health, right: "system:health:read" },
  "GET /api/v1/health": { handle: health, right: "system:health:read" },
  "GET /metrics": { handle: metrics, right: "system:metrics:read" },
};

function both(path: string, route: Route): Record<string, Route> {
  return { [`GET ${path}`]: route, [`POST ${path}`]: route };
}
