/** The HTTP side of the simulated server: routes, authentication, decoding of requests, answers. */
import type { IncomingHttpHeaders } from "node:http";
import { InfluxError, STATUS_OF_CODE } from "./errors.js";
import type { Answer } from "./frame.js";
import { decode, GoJsonError } from "./go-json.js";
import type { Shape } from "./go-json.js";
import { parseID } from "./ids.js";
import { pageOf, parseQuery, queryID, queryIDOrNone, routingPath } from "./query.js";
import { RESOURCE_TYPES } from "./permissions.js";
import type { Authorization, Bucket, Organization, Page, Permission, Role, User, World } from "./world.js";
import { timestamp } from "./world.js";

/**
 * What lists and single answers show of a token: nothing (hashed, as OSS since 2.9 does), the token (clear, as OSS
 * before), or a stand-in (redacted, as InfluxDB Cloud does).
 */
export type TokenMode = "hashed" | "clear" | "redacted";

export interface Request {
  method: string;
  /** As sent: path and query string. */
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Server {
  world: World;
  tokens: TokenMode;
  version: string;
  started: Date;
}

/** What a handler gets: the request taken apart, and who asks. */
interface V2Call {
  server: Server;
  world: World;
  caller: Authorization;
  query: Map<string, string>;
  body: string;
  param: (name: string) => string;
}

type Handler = (call: V2Call) => Answer;

/** A resource, mounted at a prefix; its routes are below that. `*` is for any other method. */
type Routes = Record<string, Partial<Record<string, Handler>>>;

const METHODS = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

const METHOD_NOT_ALLOWED: Answer = { status: 405, headers: {} };
const NO_CONTENT: Answer = { status: 204, headers: {} };
const UNAUTHORIZED = ["unauthorized", "unauthorized access"] as const;

/** Answers a request. */
export function answer(server: Server, request: Request): Answer {
  const [rawPath = "", ...rest] = request.url.split("?");
  const path = routingPath(rawPath);
  if (path === undefined) return text(400, "400 Bad Request");
  const found = !METHODS.includes(request.method)
    ? METHOD_NOT_ALLOWED
    : server.tokens !== "redacted" && !/^\/(api\/v2|v1|private\/)/.test(path)
      ? system(server, request.method, path)
      : api(server, request, path, parseQuery(rest.join("?")));
  if (server.tokens === "redacted") return found;
  const build = { "X-Influxdb-Build": "OSS", "X-Influxdb-Version": server.version };
  return { ...found, headers: { ...build, ...found.headers } };
}

/** What is outside of the API: probes, and the user interface, which a build without it answers like this. */
function system({ version, started }: Server, method: string, path: string): Answer {
  if (/^\/health(\/|$)/.test(path)) {
    const health = { name: "influxdb", message: "ready for queries and writes", status: "pass", checks: [] };
    return json(200, { ...health, version, commit: "simulator" });
  }
  if (/^\/ready(\/|$)/.test(path)) {
    const up = `${((Date.now() - started.getTime()) / 1000).toFixed(3)}s`;
    return json(200, { status: "ready", started: timestamp(started), up });
  }
  if (path === "/ping") return ping(method);
  const missing = text(404, "no assets included in binary\n");
  return { ...missing, headers: { ...missing.headers, "Cache-Control": "public, max-age=3600" } };
}

/** The one route that may be compressed, and that says what it allows. */
function ping(method: string): Answer {
  const headers = { Vary: "Accept-Encoding" };
  if (method === "GET" || method === "HEAD") return { status: 204, headers };
  const allow = { ...headers, Allow: "GET, HEAD, OPTIONS" };
  if (method === "OPTIONS") return { status: 200, headers: allow };
  const refused = text(405, "Method Not Allowed\n");
  return { ...refused, headers: { ...refused.headers, ...allow } };
}

function api(server: Server, request: Request, path: string, query: Map<string, string>): Answer {
  const { origin } = request.headers;
  if (request.method !== "OPTIONS") {
    const found = authenticated(server, request, path, query);
    return origin
      ? { ...found, headers: { "Access-Control-Allow-Origin": origin, ...found.headers } }
      : found;
  }
  if (!origin) return METHOD_NOT_ALLOWED;
  return {
    status: 204,
    headers: {
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Allow-Methods": "POST, GET, OPTIONS, PUT, DELETE, PATCH",
      "Access-Control-Allow-Headers":
        "Accept, Content-Type, Content-Length, Accept-Encoding, Authorization, User-Agent",
    },
  };
}

/** These need no token, written exactly like this; a slash at the end makes them need one. */
const OPEN = [
  "GET /api/v2",
  "GET /api/v2/setup",
  "POST /api/v2/setup",
  "POST /api/v2/signin",
  "POST /api/v2/signout",
  "GET /api/v2/swagger.json",
];

/** OSS asks for the token before it looks whether there is such a path. */
function authenticated(server: Server, request: Request, path: string, query: Map<string, string>): Answer {
  const { world } = server;
  const isOpen = OPEN.includes(`${request.method} ${path}`);
  const caller = isOpen ? world.operator : callerOf(world, request.headers.authorization);
  if (!caller) return error(...UNAUTHORIZED);
  if (!isOpen && (world.users.get(caller.userID)?.status ?? "inactive") === "inactive") {
    return error("forbidden", "User is inactive");
  }
  const { handler, params } = route(request.method, path);
  const param = (name: string) => params[name] ?? "";
  try {
    return handler({ server, world, caller, query, body: request.body, param });
  } catch (failure) {
    if (failure instanceof InfluxError) return error(failure.code, failure.message);
    if (failure instanceof GoJsonError) return error("internal error", failure.message);
    throw failure;
  }
}

/** The scheme is `Token` or `Bearer` in any case, followed by one blank; what comes then is the token as it is. */
function callerOf(world: World, header = ""): Authorization | undefined {
  const token = /^(?:token|bearer) (.*)$/is.exec(header)?.[1];
  return token === undefined ? undefined : world.byToken(token);
}

/**
 * Routes as chi does: the resource first, then its routes; a path that exists with other methods only is a 405 without
 * a body, an unknown path is JSON outside of every resource and plain text inside of one.
 */
function route(method: string, path: string): { handler: Handler; params: Record<string, string> } {
  const stripped = path.replace(/(?<=.)\/$/, "");
  if (stripped === "/api/v2") return { handler: () => json(200, LINKS), params: {} };
  const prefix = Object.keys(RESOURCES).find((each) => stripped === each || stripped.startsWith(`${each}/`));
  if (prefix === undefined) return { handler: () => error("not found", "path not found"), params: {} };
  const below = stripped.slice(prefix.length).replace(/\/$/, "");
  let exists = false;
  for (const [pattern, methods] of Object.entries(RESOURCES[prefix] ?? {})) {
    const params = match(pattern, below);
    const handler = params && (methods[method] ?? methods["*"]);
    if (handler) return { handler, params };
    exists ||= params !== undefined;
  }
  return { handler: () => (exists ? METHOD_NOT_ALLOWED : text(404, "404 page not found\n")), params: {} };
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, each] of wanted.entries()) {
    const value = given[i] ?? "";
    if (each.startsWith(":")) params[each.slice(1)] = value;
    else if (each !== value) return undefined;
  }
  return params;
}

// Authorizations.

const STATUS: Shape = { kind: "string", type: "influxdb.Status" };
const OPTIONAL_STATUS: Shape = { ...STATUS, nullable: true };
const STRING: Shape = { kind: "string", type: "string" };
const OPTIONAL_STRING: Shape = { ...STRING, nullable: true };
const ID: Shape = { kind: "id", type: "platform.ID" };
const OPTIONAL_ID: Shape = { ...ID, nullable: true };

const RESOURCE: Shape = {
  kind: "struct",
  type: "influxdb.Resource",
  fields: { type: { kind: "string", type: "influxdb.ResourceType" }, id: OPTIONAL_ID, orgID: OPTIONAL_ID },
};
const PERMISSION: Shape = {
  kind: "struct",
  type: "influxdb.Permission",
  fields: { action: { kind: "string", type: "influxdb.Action" }, resource: RESOURCE },
};
const NEW_AUTHORIZATION: Shape = {
  kind: "struct",
  type: "authorization.postAuthorizationRequest",
  fields: {
    status: STATUS,
    orgID: ID,
    userID: OPTIONAL_ID,
    description: STRING,
    permissions: { kind: "list", type: "[]influxdb.Permission", of: PERMISSION },
  },
};
const AUTHORIZATION_UPDATE: Shape = {
  kind: "struct",
  type: "influxdb.AuthorizationUpdate",
  fields: { status: OPTIONAL_STATUS, description: OPTIONAL_STRING },
};

const authorizations: Routes = {
  "": {
    GET: (call) => {
      const { world, caller, query, server } = call;
      const ids = {
        userID: queryID(query, "userID"),
        orgID: queryID(query, "orgID"),
        id: queryID(query, "id"),
      };
      // A name is looked up only if its ID is not given; an empty value is no filter.
      const user = query.get("user");
      const userID = ids.userID ?? (user ? world.userNamed(user).id : undefined);
      const org = query.get("org");
      const orgID = ids.orgID ?? (org ? world.orgNamed(org).id : undefined);
      const token = server.tokens === "redacted" ? query.get("token") || undefined : undefined;
      const found = world.findAuthorizations(caller, { ...ids, userID, orgID, token });
      const shown = found.filter(({ userID, orgID }) => world.users.has(userID) && world.orgs.has(orgID));
      return { ...json(200, undefined), parts: listJson(shown, (each) => authorizationJson(call, each)) };
    },
    POST: (call) => {
      const request = decodeAs(
        call.body,
        NEW_AUTHORIZATION,
        (message) => `invalid json structure: ${message}`,
      );
      const made = call.world.createAuthorization(call.caller, request);
      return json(201, { ...authorizationJson(call, made), token: made.token });
    },
  },
  "/:id": {
    GET: (call) => {
      const found = call.world.findAuthorization(call.caller, parseID(call.param("id")));
      return json(200, authorizationJson(call, found));
    },
    PATCH: (call) => {
      const id = parseID(call.param("id"));
      const update = decode(call.body, AUTHORIZATION_UPDATE) as object | undefined;
      const changed = call.world.updateAuthorization(call.caller, id, update ?? {});
      return json(200, authorizationJson(call, changed));
    },
    DELETE: ({ world, caller, param }) => {
      world.deleteAuthorization(caller, parseID(param("id")));
      return NO_CONTENT;
    },
  },
};

/** Elements of a list that are written at once. */
const AT_ONCE = 1000;

/** The list as one JSON, a part after the other. */
function* listJson<T>(list: readonly T[], jsonOf: (each: T) => object): Generator<string> {
  const written = (authorizations: object[]) =>
    JSON.stringify({ links: { self: "/api/v2/authorizations" }, authorizations }, null, "\t");
  const [head = "", tail = ""] = written([]).split("[]");
  if (list.length === 0) yield written([]);
  for (let at = 0; at < list.length; at += AT_ONCE) {
    const isLast = at + AT_ONCE >= list.length;
    const part = written(list.slice(at, at + AT_ONCE).map(jsonOf));
    const elements = part.slice(head.length + 1, -`\n\t]${tail}`.length);
    yield `${at === 0 ? `${head}[` : ","}${elements}${isLast ? `\n\t]${tail}` : ""}`;
  }
}

/** An orphan cannot be shown: this fails with what is gone, the org before the user. */
function authorizationJson({ world, server }: V2Call, authorization: Authorization) {
  const { id, token, status, description, orgID, userID, permissions, createdAt, updatedAt } = authorization;
  return {
    id,
    token: { hashed: "", clear: token, redacted: "redacted" }[server.tokens],
    status,
    description,
    orgID,
    org: world.org(orgID).name,
    userID,
    user: world.user(userID).name,
    permissions: permissions.map((each) => permissionJson(world, each)),
    links: { self: `/api/v2/authorizations/${id}`, user: `/api/v2/users/${userID}` },
    createdAt,
    updatedAt,
  };
}

function permissionJson(world: World, { action, resource }: Permission) {
  const { type, id, orgID } = resource;
  if (id !== undefined && world.resourceIsGone(type, id)) return { action, resource };
  const name = id === undefined ? undefined : world.resourceName(type, id);
  const org = orgID === undefined ? undefined : world.orgs.get(orgID)?.name;
  return { action, resource: { ...resource, name, org } };
}

// Users.

const NEW_USER: Shape = {
  kind: "struct",
  type: "influxdb.User",
  fields: { id: ID, name: STRING, oauthID: STRING, status: STATUS },
};
const USER_UPDATE: Shape = {
  kind: "struct",
  type: "influxdb.UserUpdate",
  fields: { name: OPTIONAL_STRING, status: OPTIONAL_STATUS },
};
const NEW_PASSWORD: Shape = {
  kind: "struct",
  type: "tenant.passwordSetRequest",
  fields: { password: STRING },
};

/** Changing a password needs the old one as Basic credentials, which leaves no header for a token. */
const changePassword: Handler = () =>
  error("internal error", "error decoding password reset request: invalid basic auth");

const users: Routes = {
  "": {
    GET: ({ world, caller, query }) => {
      const page = pageOf(query);
      const filter = { id: queryID(query, "id"), name: query.get("name") || undefined };
      const found = world.findUsers(caller, filter, page);
      return json(200, { links: { self: "/api/v2/users" }, users: found.map(userJson) });
    },
    POST: ({ world, caller, body }) => {
      const user = (decode(body, NEW_USER) ?? {}) as Partial<User>;
      return json(201, userJson(world.createUser(caller, user)));
    },
  },
  "/password": { PUT: changePassword },
  "/:id": {
    GET: ({ world, caller, param }) => json(200, userJson(world.findUser(caller, parseID(param("id"))))),
    PATCH: ({ world, caller, param, body }) => {
      const id = parseID(param("id"));
      const update = decode(body, USER_UPDATE) as object | undefined;
      return json(200, userJson(world.updateUser(caller, id, update ?? {})));
    },
    DELETE: ({ world, caller, param }) => {
      world.deleteUser(caller, parseID(param("id")));
      return NO_CONTENT;
    },
  },
  "/:id/permissions": {
    GET: ({ world, caller, param }) => json(200, world.userPermissions(caller, parseID(param("id")))),
  },
  "/:id/password": {
    PUT: changePassword,
    POST: ({ world, caller, param, body }) => {
      const request = decodeAs(body, NEW_PASSWORD, (message) => message) as { password?: string };
      world.setPassword(caller, idOfRoute(param("id")), request.password ?? "");
      return NO_CONTENT;
    },
  },
};

const me: Routes = {
  "": { GET: ({ world, caller }) => json(200, userJson(world.findUser(caller, caller.userID))) },
  "/password": { PUT: changePassword },
};

function userJson({ id, name, oauthID, status }: User) {
  return { links: { self: `/api/v2/users/${id}` }, id, name, oauthID, status };
}

/** The password route alone turns every wrong ID into an error of the server. */
function idOfRoute(text: string): string {
  try {
    return parseID(text);
  } catch {
    throw new InfluxError("internal error", "invalid user ID provided in route");
  }
}

// Organizations.

const NEW_ORG: Shape = {
  kind: "struct",
  type: "influxdb.Organization",
  fields: {
    id: ID,
    name: STRING,
    description: STRING,
    createdAt: { kind: "time" },
    updatedAt: { kind: "time" },
  },
};
const ORG_UPDATE: Shape = {
  kind: "struct",
  type: "influxdb.OrganizationUpdate",
  fields: { Name: OPTIONAL_STRING, description: OPTIONAL_STRING },
};

const orgs: Routes = {
  "": {
    GET: ({ world, caller, query }) => {
      const page = pageOf(query);
      // Here an invalid ID is not an error; it is ignored as a filter.
      const filter = {
        name: query.get("org") || undefined,
        id: queryIDOrNone(query, "orgID"),
        userID: queryIDOrNone(query, "userID"),
      };
      const found = world.findOrgs(caller, filter, page);
      return json(200, { links: { self: "/api/v2/orgs" }, orgs: found.map(orgJson) });
    },
    POST: ({ world, caller, body }) => {
      const org = decodeAs(body, NEW_ORG, failedToUnmarshal) as Partial<Organization>;
      return json(201, orgJson(world.createOrg(caller, org)));
    },
  },
  "/:id": {
    GET: ({ world, caller, param }) => json(200, orgJson(world.findOrg(caller, parseID(param("id"))))),
    PATCH: ({ world, caller, param, body }) => {
      const id = parseID(param("id"));
      const { Name, description } = decodeAs(body, ORG_UPDATE, failedToUnmarshal) as Partial<
        Record<string, string>
      >;
      const update = {
        ...(Name !== undefined && { name: Name }),
        ...(description !== undefined && { description }),
      };
      return json(200, orgJson(world.updateOrg(caller, id, update)));
    },
    DELETE: ({ world, caller, param }) => {
      world.deleteOrg(caller, parseID(param("id")));
      return NO_CONTENT;
    },
  },
  ...membersAs("member"),
  ...membersAs("owner"),
};

function membersAs(role: Role): Routes {
  // OSS looks for the org before it looks at the method.
  const refuse: Handler = ({ world, caller, param }) => {
    world.requireOrg(caller, idOfOrg(param("id")));
    return METHOD_NOT_ALLOWED;
  };
  return {
    [`/:id/${role}s`]: {
      "*": refuse,
      GET: ({ world, caller, param }) => {
        const id = idOfOrg(param("id"));
        const found = world.members(caller, id, role);
        const links = { self: `/api/v2/orgs/${id}/${role}s` };
        return json(200, { links, users: found.map((user) => ({ role, ...userJson(user) })) });
      },
      POST: ({ world, caller, param, body }) => {
        const { id } = world.requireOrg(caller, idOfOrg(param("id")));
        const user = (decode(body, NEW_USER) ?? {}) as Partial<User>;
        if (user.id === undefined) throw new InfluxError("invalid", "user id missing or invalid");
        return json(201, { role, ...userJson(world.addMember(caller, id, role, user.id)) });
      },
    },
    [`/:id/${role}s/:userID`]: {
      "*": refuse,
      DELETE: ({ world, caller, param }) => {
        const { id } = world.requireOrg(caller, idOfOrg(param("id")));
        world.removeMember(caller, id, parseID(param("userID")));
        return NO_CONTENT;
      },
    },
  };
}

function orgJson({ id, name, description, createdAt, updatedAt }: Organization) {
  const self = `/api/v2/orgs/${id}`;
  const below = ["labels", "logs", "members", "owners", "secrets"].map((each) => [each, `${self}/${each}`]);
  const named = ["buckets", "dashboards", "tasks"].map((each) => [each, `/api/v2/${each}?org=${name}`]);
  const links = { self, ...Object.fromEntries([...below, ...named]) } as Record<string, string>;
  return { links, id, name, description, createdAt, updatedAt };
}

function idOfOrg(text: string): string {
  try {
    return parseID(text);
  } catch (failure) {
    throw new InfluxError("invalid", `corrupt ID provided: ${(failure as Error).message}`);
  }
}

function failedToUnmarshal(message: string): string {
  return `failed to unmarshal json: ${message}`;
}

// Buckets.

const buckets: Routes = {
  "": {
    GET: ({ world, caller, query }) => {
      const page = pageOf(query);
      const [id, orgID] = [queryID(query, "id"), queryID(query, "orgID")];
      const name = query.get("name") || undefined;
      const org = query.get("org");
      const filter = { id, name, orgID: orgID ?? (org ? world.orgNamed(org).id : undefined) };
      const found = world.findBuckets(caller, filter, page);
      return json(200, {
        links: pageLinks("/api/v2/buckets", query, page, found.length),
        buckets: found.map(bucketJson),
      });
    },
  },
  "/:id": {
    GET: ({ world, caller, param }) => json(200, bucketJson(world.findBucket(caller, parseID(param("id"))))),
  },
};

/** Whether there is a next page is judged by how full this one is. */
function pageLinks(
  path: string,
  query: Map<string, string>,
  { limit, offset, descending }: Page,
  count: number,
) {
  // The filter by name has another name here.
  const filters = Object.entries({
    ...{ after: query.get("after"), bucket: query.get("name"), id: query.get("id") },
    ...{ org: query.get("org"), orgID: query.get("orgID") },
  }).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const link = (at: number) => {
    const own = { descending: String(descending), limit: String(limit), offset: String(at) };
    const search = new URLSearchParams([...filters, ...Object.entries(own)]);
    search.sort();
    return `${path}?${search}`;
  };
  return {
    ...(offset > 0 && { prev: link(Math.max(0, offset - limit)) }),
    self: link(offset),
    ...(count >= limit && { next: link(offset + limit) }),
  };
}

function bucketJson({ everySeconds, createdAt, updatedAt, ...bucket }: Bucket) {
  const { id, orgID } = bucket;
  const self = `/api/v2/buckets/${id}`;
  const shardGroupDurationSeconds = everySeconds === 0 ? 604_800 : 86_400;
  return {
    ...bucket,
    retentionRules: [{ type: "expire", everySeconds, shardGroupDurationSeconds }],
    createdAt,
    updatedAt,
    links: {
      ...Object.fromEntries(["labels", "members", "owners"].map((each) => [each, `${self}/${each}`])),
      ...{ org: `/api/v2/orgs/${orgID}`, self, write: `/api/v2/write?org=${orgID}&bucket=${id}` },
    },
    labels: [],
  };
}

// The rest of the API.

const ONBOARDING: Shape = {
  kind: "struct",
  type: "influxdb.OnboardingRequest",
  fields: { username: STRING, password: STRING, org: STRING, bucket: STRING, token: STRING },
};

const setup: Routes = {
  "": {
    GET: () => json(200, { allowed: false }),
    POST: ({ body }) => {
      decode(body, ONBOARDING);
      throw new InfluxError("conflict", "onboarding has already been completed");
    },
  },
};

/** Nobody has a password, so nobody signs in. */
const session: Routes = { "": { POST: () => error(...UNAUTHORIZED) } };

/** Types that permissions can be about, by whatever method they are asked for, and beneath the path, too. */
const listTypes: Handler = () => ({
  status: 200,
  headers: { "Content-Type": "application/json" },
  body: `${JSON.stringify(RESOURCE_TYPES)}\n`,
});

const RESOURCES: Record<string, Routes> = {
  "/api/v2/authorizations": authorizations,
  "/api/v2/users": users,
  "/api/v2/me": me,
  "/api/v2/orgs": orgs,
  "/api/v2/resources": { "": { "*": listTypes }, "/:below": { "*": listTypes } },
  "/api/v2/buckets": buckets,
  "/api/v2/setup": setup,
  "/api/v2/signin": session,
  "/api/v2/signout": session,
};

/** The root of the API lists what a real server has, simulated or not. */
const LINKS = {
  ...linksTo(
    "authorizations",
    "backup",
    "buckets",
    "checks",
    "dashboards",
    "delete",
    "flags",
    "labels",
    "me",
  ),
  ...linksTo("notificationEndpoints", "notificationRules", "orgs", "restore", "scrapers", "setup", "signin"),
  ...linksTo("signout", "sources", "tasks", "telegrafs", "users", "variables", "write"),
  external: { statusFeed: "https://www.influxdata.com/feed/json" },
  plugins: "/api/v2/telegraf/plugins",
  query: {
    self: "/api/v2/query",
    analyze: "/api/v2/query/analyze",
    ast: "/api/v2/query/ast",
    suggestions: "/api/v2/query/suggestions",
  },
  swagger: "/api/v2/swagger.json",
  system: { debug: "/debug/pprof", health: "/health", metrics: "/metrics" },
};

function linksTo(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `/api/v2/${name}`]));
}

// Reading requests.

/** Decodes a body for routes on which OSS calls a wrong one the client's mistake, in words of its own. */
function decodeAs(body: string, shape: Shape, wording: (message: string) => string): object {
  try {
    return decode(body, shape) ?? {};
  } catch (failure) {
    throw new InfluxError("invalid", wording((failure as Error).message));
  }
}

// Writing answers.

const JSON_TYPE = "application/json; charset=utf-8";

function json(status: number, value: unknown): Answer {
  return { status, headers: { "Content-Type": JSON_TYPE }, body: JSON.stringify(value, null, "\t") };
}

function error(code: InfluxError["code"], message: string): Answer {
  const { headers, body = "" } = json(0, { code, message });
  return { status: STATUS_OF_CODE[code], headers: { ...headers, "X-Platform-Error-Code": code }, body };
}

function text(status: number, body: string): Answer {
  const headers = { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" };
  return { status, headers, body };
}
