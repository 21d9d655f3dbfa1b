/**
 * The HTTP side of simulated clusters: the Management API as the OpenAPI documents in `contracts/` have it, and an
 * endpoint of the simulator's own for the stand-in of `influxctl`, because there is no published one for management
 * tokens.
 */
import * as z from "zod";
import type { Request } from "./api.js";
import { ManagementError } from "./clusters.js";
import type { Cluster, Clusters, Database, DatabaseToken, ManagementToken } from "./clusters.js";
import type { Answer } from "./frame.js";

/** What the contracts leave open, so that clients must accept either. */
export interface ManagementOptions {
  /** How deleting a database token for the second time is answered; default 404. */
  secondDelete?: 404 | 204;
  /**
   * Whether a deleted database token is gone, or is still shown as a revoked one, which `--include-revoked` of
   * `influxctl token list` (since 2.10.0) hints at; default `gone`.
   */
  deletedTokens?: "gone" | "revoked";
}

/** What a handler gets: the request taken apart, and who asks. */
interface ManagementCall extends ManagementOptions {
  clusters: Clusters;
  caller: ManagementToken;
  body: string;
  param: (name: string) => string;
}

type Handler = (call: ManagementCall) => Answer;

type Methods = Record<string, Handler>;

const NO_CONTENT: Answer = { status: 204, headers: {} };

/** Answers a request that is meant for clusters; says nothing to any other. */
export function answerOfClusters(
  clusters: Clusters,
  options: ManagementOptions,
  { method, url, headers, body }: Request,
): Answer | undefined {
  const [path = ""] = url.split("?");
  if (!/^\/(api\/v0|simulator)(\/|$)/.test(path)) return undefined;
  try {
    const caller = callerOf(clusters, headers.authorization);
    const { handler, param } = route(method, path);
    return handler({ ...options, clusters, caller, body, param });
  } catch (failure) {
    if (!(failure instanceof ManagementError)) throw failure;
    const { code, message } = failure;
    return { ...json({ code, message }), status: code };
  }
}

/** The scheme is `Bearer`, in any case (RFC 6750, RFC 9110). */
function callerOf(clusters: Clusters, header = ""): ManagementToken {
  const caller = clusters.caller(/^bearer +(.+)$/i.exec(header)?.[1] ?? "");
  if (!caller) throw new ManagementError(401, "unauthorized");
  return caller;
}

// Database tokens. They are shown with account and cluster if the path has them.

type Place = (call: ManagementCall) => Cluster;
type Shown = (token: DatabaseToken) => object;

function tokens(place: Place, shown: Shown): Methods {
  return {
    GET: (call) => json(call.clusters.databaseTokensOf(place(call)).map(shown)),
    POST(call) {
      const cluster = place(call);
      const token = call.clusters.addDatabaseToken(cluster, bodyOf(call, NEW_TOKEN));
      return json({ ...shown(token), accessToken: token.accessToken });
    },
  };
}

function token(place: Place, shown: Shown): Methods {
  const found = (call: ManagementCall) => call.clusters.databaseToken(place(call), uuid(call, "token"));
  return {
    GET: (call) => json(shown(found(call))),
    PATCH: (call) => json(shown(Object.assign(found(call), bodyOf(call, CHANGES)))),
    DELETE(call) {
      const cluster = place(call);
      const id = uuid(call, "token");
      if (call.clusters.deleted.has(id) && call.secondDelete === 204) return NO_CONTENT;
      call.clusters.deleteDatabaseToken(cluster, id, call.deletedTokens === "revoked");
      return NO_CONTENT;
    },
  };
}

function databases(place: Place, shown: (database: Database) => object): Methods {
  return { GET: (call) => json(call.clusters.databasesOf(place(call)).map(shown)) };
}

const named: Place = (call) =>
  call.clusters.clusterOf(call.caller, uuid(call, "account"), uuid(call, "cluster"));
const withPlace: Shown = ({ accessToken, ...shown }) => shown;

const ofHost: Place = (call) => call.clusters.clusteredOf(call.caller);
const withoutPlace: Shown = ({ accessToken, accountId, clusterId, ...shown }) => shown;

// Management tokens, for the stand-in of influxctl.

const managementTokens: Methods = {
  GET: ({ clusters, caller }) => json(clusters.managementTokensOf(caller).map(withoutToken)),
  POST(call) {
    const { clusters, caller } = call;
    const made = clusters.addManagementToken(
      { id: caller.accountId, userId: caller.createdBy },
      bodyOf(call, NEW_MANAGEMENT_TOKEN),
    );
    return json({ ...withoutToken(made), token: made.token });
  },
};

const managementToken: Methods = {
  DELETE(call) {
    call.clusters.revokeManagementToken(call.caller, uuid(call, "token"));
    return NO_CONTENT;
  },
};

/** For clients that name account and cluster, and may do so wrongly. */
function checked(methods: Methods): Methods {
  const check = (handler: Handler) => (call: ManagementCall) => {
    named(call);
    return handler(call);
  };
  return Object.fromEntries(Object.entries(methods).map(([method, handler]) => [method, check(handler)]));
}

/** Only as much of a token is shown as tells it from others. */
function withoutToken({ token, ...shown }: ManagementToken): object {
  return { ...shown, prefix: token.slice(0, 14) };
}

// Routing.

const IN_CLUSTER = "/accounts/:account/clusters/:cluster";
const OF_INFLUXCTL = "/management-tokens";

/** Clustered is documented without account and cluster in the path, but InfluxData's own MCP server names them. */
const ROUTES: Record<string, Methods> = {
  [`/api/v0${IN_CLUSTER}/tokens`]: tokens(named, withPlace),
  [`/api/v0${IN_CLUSTER}/tokens/:token`]: token(named, withPlace),
  [`/api/v0${IN_CLUSTER}/databases`]: databases(named, (database) => database),
  "/api/v0/databases": databases(ofHost, ({ accountId, clusterId, ...database }) => database),
  "/api/v0/tokens": tokens(ofHost, withoutPlace),
  "/api/v0/tokens/:token": token(ofHost, withoutPlace),
  [`/simulator${OF_INFLUXCTL}`]: managementTokens,
  [`/simulator${OF_INFLUXCTL}/:token`]: managementToken,
  [`/simulator${IN_CLUSTER}${OF_INFLUXCTL}`]: checked(managementTokens),
  [`/simulator${IN_CLUSTER}${OF_INFLUXCTL}/:token`]: checked(managementToken),
};

function route(method: string, path: string): { handler: Handler; param: ManagementCall["param"] } {
  for (const [pattern, methods] of Object.entries(ROUTES)) {
    const groups = pattern.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)");
    const match = new RegExp(`^${groups}$`).exec(path);
    if (!match) continue;
    const handler = methods[method];
    if (!handler) throw new ManagementError(405, "method not allowed");
    return { handler, param: (name) => match.groups?.[name] ?? "" };
  }
  throw new ManagementError(404, "not found");
}

// Reading requests.

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function uuid({ param }: ManagementCall, name: string): string {
  const value = param(name);
  if (!UUID.test(value)) throw new ManagementError(400, "bad request");
  return value.toLowerCase();
}

const PERMISSIONS = z.array(z.object({ action: z.string().min(1), resource: z.string().min(1).max(64) }));
const MOMENT = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const NEW_TOKEN = z.object({
  description: z.string(),
  permissions: PERMISSIONS.default([]),
  expiresAt: MOMENT.optional(),
});

/** A change must say what to change. */
const CHANGES = z
  .looseObject({ description: z.string().optional(), permissions: PERMISSIONS.optional() })
  .refine((body) => Object.keys(body).length > 0)
  .transform(({ description, permissions }) => ({
    ...(description !== undefined && { description }),
    ...(permissions !== undefined && { permissions }),
  }));

const NEW_MANAGEMENT_TOKEN = z.object({ description: z.string(), expiresAt: MOMENT.optional() });

function bodyOf<T>({ body }: ManagementCall, schema: z.ZodType<T>): Present<T> {
  const read = schema.safeParse(parsed(body));
  if (!read.success) throw new ManagementError(400, "bad request");
  return read.data as Present<T>;
}

/** Fields that are not given are not there, rather than undefined. */
type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

// Writing answers.

function json(value: unknown): Answer {
  return { status: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
