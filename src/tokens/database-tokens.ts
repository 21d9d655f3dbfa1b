import * as z from "zod";
import { badResponse, parseBody, readJson, type Piece } from "../http/responses.js";
import { serverTime } from "../http/server-time.js";
import { TokenError } from "../errors.js";
import {
  contains,
  isAfter,
  isBefore,
  isWithin,
  moment,
  text,
  timeAhead,
  word,
  type Filter,
} from "../work/filters.js";
import type { Answer, ApiResponse, ArrivingResponse, Watch } from "../http/call.js";
import type { Secret } from "../text/secret.js";
import { readLongList } from "../http/long-lists.js";
import { deleteProved, newValueIn, notApplied, type Sight } from "./proof.js";
import { refusal, type Meaning } from "../http/refusals.js";
import { checkDatabaseToken } from "./check-database-token.js";
import type { Listable, Removable, Resource, Shown, Switchable, Updatable, Wires } from "./resource.js";
import {
  checked,
  DATABASE_TOKEN,
  isSameAccess,
  twinOfDatabaseToken,
  type DatabasePermission,
  type NewDatabaseToken,
} from "./wanted.js";
import { instantOf, type Moment } from "../work/times.js";
import { replacedAt } from "./marks.js";
import { accessOfDatabaseToken } from "./access.js";
import { readToken, type Token } from "./read-token.js";
import { isSameId, UUID } from "../ids.js";

/** RFC 3339. Without `expiresAt` it never expires. */
const TIMES = ["createdAt", "expiresAt", "revokedAt"] as const;
const TEXTS = ["description", ...TIMES] as const;

/**
 * A database token as the Management API describes it; its value is shown only when it is created:
 * https://docs.influxdata.com/influxdb3/cloud-dedicated/api/management/#operation/GetDatabaseTokens.
 */
export type DatabaseToken = Token<(typeof TEXTS)[number]>;

/** What a list is narrowed by; all of them must match. The API itself has no filters. */
export interface DatabaseTokenFilters {
  /** A text that the description contains; case-sensitive. */
  description?: string | undefined;
  /** The name of a database that a permission of the token names; only `*` finds the tokens for all databases. */
  database?: string | undefined;
  /** "After" and "before" exclude the moment itself. */
  createdBefore?: Moment | undefined;
  createdAfter?: Moment | undefined;
  expired?: "yes" | "no" | undefined;
  /** Milliseconds from now within which the token will expire; expired ones do not match. */
  expiresWithin?: number | undefined;
  revoked?: "yes" | "no" | undefined;
  /**
   * When a rotation replaced it, as its description says. One that works was not replaced, or is back: it does not match.
   */
  replacedBefore?: Moment | undefined;
}

interface DatabaseTokenChanges {
  description?: string;
  /** All that it then has; none at all is the nearest to disabling it. */
  permissions?: readonly DatabasePermission[];
}

/** {@link DatabaseTokens}, and what is known of them. */
export const databaseTokens = {
  noun: "database token",
  reference: UUID,
  known: ["description", "accountId", "clusterId", "createdAt", "expiresAt", "revokedAt"],
  // There is no time of the last change; taking the permissions away is the nearest thing to disabling.
  listed: ["createdAt", "description", "permissions", "expiresAt", "revokedAt"],
  filters: {
    description: text,
    database: text,
    createdBefore: moment,
    createdAfter: moment,
    expired: word(["yes", "no"]),
    expiresWithin: timeAhead,
    revoked: word(["yes", "no"]),
    replacedBefore: moment,
  } satisfies { [K in keyof DatabaseTokenFilters]-?: Filter<NonNullable<DatabaseTokenFilters[K]>> },
  removed: "deleted",
  access: accessOfDatabaseToken,
  isOn: ({ permissions }: Shown) => Array.isArray(permissions) && permissions.length > 0,
  twinOf: twinOfDatabaseToken,
  refuseUncheckable: ({ dataPlane }: Wires) => {
    dataPlane();
  },
  check: (wires, value, watch) => checkDatabaseToken(wires, open(wires, watch).list({}), value, watch),
  open,
} satisfies Resource;

/**
 * The database tokens of one cluster, through the Management API of InfluxDB Cloud Dedicated and Clustered. Its
 * methods throw {@link TokenError}: besides the codes of each, those of `Http.send`, and `unauthorized`,
 * `forbidden`, `rate-limited`, `unavailable` and `bad-response`.
 */
interface DatabaseTokens
  extends
    Listable<DatabaseToken, DatabaseTokenFilters>,
    Updatable<DatabaseToken, DatabaseTokenChanges>,
    Switchable<DatabaseToken, NewDatabaseToken>,
    Removable<DatabaseToken> {}

/** The path of the database tokens, below the URL of the server. */
export function databaseTokensPath(cluster: Wires["cluster"]): string[] {
  const place = cluster ? ["accounts", cluster.accountId, "clusters", cluster.clusterId] : [];
  return ["api", "v0", ...place, "tokens"];
}

function open({ http, cluster }: Pick<Wires, "http" | "cluster">, watch: Watch): DatabaseTokens {
  const path = databaseTokensPath(cluster);
  /** The values of those that were made here, by their IDs: no later answer may show them. */
  const values = new Map<string, Secret[]>();
  const tokens: DatabaseTokens = {
    list(filters) {
      const task = "list database tokens";
      function found(response: ArrivingResponse): AsyncGenerator<DatabaseToken[]> {
        if (response.status !== 200) throw refused(response);
        const now = serverTime(response);
        return readLongList(response, undefined, (json, piece) => {
          const token = readDatabaseToken(json, piece);
          return token && !matches(token, filters, now) ? null : token;
        });
      }
      return {
        read: (reader) =>
          http.stream({ task, method: "GET", repeat: "safe", path, watch }, async (response) =>
            reader(found(response), false),
          ),
      };
    },

    async get(id) {
      const task = `look up database token ${id}`;
      const response = await http.send({ task, method: "GET", repeat: "safe", path: [...path, id], watch });
      if (response.status !== 200) throw refused(response);
      const token = databaseTokenIn(response);
      if (!isSameId(UUID, token.id, id))
        throw badResponse(response, "the answer shows another database token");
      // A deleted token may still be shown as revoked.
      if (token.revokedAt !== undefined) throw new TokenError("not-found", UNKNOWN, { task });
      return { token, now: serverTime(response) };
    },

    async update(id, { description, permissions }) {
      const task = `update database token ${id}`;
      const changes = {
        // Half a character cannot be sent: the server would store another in its place.
        ...(description !== undefined && { description: Buffer.from(description).toString() }),
        ...(permissions !== undefined && { permissions }),
      };
      const response = await http.send({
        task,
        method: "PATCH",
        repeat: "safe",
        path: [...path, id],
        body: changes,
        secrets: values.get(id) ?? [],
        watch,
      });
      if (response.status !== 200) throw refused(response);
      const token = databaseTokenIn(response);
      if (!isSameId(UUID, token.id, id)) throw notApplied(response, "it shows another database token");
      // A deleted token may still be shown as revoked.
      if (token.revokedAt !== undefined) throw new TokenError("not-found", UNKNOWN, { task });
      refuseOther(response, token, changes);
      return { token: shown(token), attempts: response.attempts };
    },

    async make(wanted) {
      const task = "create database token";
      const { description, expiresAt } = checked(DATABASE_TOKEN, wanted, task);
      const body = { description, permissions: [], ...(expiresAt && { expiresAt }) };
      const response = await http.send({ task, method: "POST", repeat: "never", path, body, watch });
      if (response.status !== 200) throw refused(response);
      const value = newValueIn(response, readJson(response, WithValue).accessToken);
      // Wherever else the answer has the value, it is left out.
      const made = databaseTokenIn({ ...response, redactor: response.redactor.knowing([value]) });
      if (!UUID.pattern.test(made.id))
        throw badResponse(response, "the answer shows no ID of a database token");
      values.set(made.id, [value]);
      const ofNew = ` of the new database token ${made.id}`;
      refuseOther(response, made, body, ofNew);
      if (instantIn(made.expiresAt) !== instantIn(expiresAt))
        throw notApplied(response, `it shows another time of expiry${ofNew}`);
      return { token: { id: made.id, ...shown(made) }, value, attempts: response.attempts };
    },

    switchOn: (id, { description, permissions }) => tokens.update(id, { description, permissions }),
    switchOff: (id, description) => tokens.update(id, { description, permissions: [] }),
    label: "description",
    holding: (text) => tokens.list({ description: text }),
    reopen: (other = watch) => open({ http, cluster }, other),

    remove: (id) =>
      deleteProved(
        http,
        { task: `delete database token ${id}`, path: [...path, id], watch },
        { isUnknown: (response) => response.status === 404 && isOfApi(response), refused, sightOf },
      ),
  };
  return tokens;
}

/** @throws {TokenError} `not-applied` if the server shows something else than what was sent. */
function refuseOther(
  response: ApiResponse,
  token: DatabaseToken,
  { description, permissions }: DatabaseTokenChanges,
  ofWhich = "",
): void {
  if (description !== undefined && (token.description ?? "") !== description)
    throw notApplied(response, `it shows another description${ofWhich}`);
  if (permissions !== undefined && !isSameAccess(token.permissions, permissions))
    throw notApplied(response, `it shows other permissions${ofWhich}`);
}

/** What a record shows of a database token: no field that a server could pass off as ours. */
function shown(token: DatabaseToken): Partial<DatabaseToken> {
  const names = [...databaseTokens.known, "permissions"];
  return Object.fromEntries(
    names.filter((name) => token[name] !== undefined).map((name) => [name, token[name]]),
  );
}

function instantIn(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

const WithValue = z.looseObject({ accessToken: z.unknown() });

/** A deleted token may still be shown as revoked. */
function sightOf(look: ApiResponse): Sight | undefined {
  if (look.status === 200) {
    return databaseTokenIn(look).revokedAt === undefined ? "there" : "gone";
  }
  if (!isOfApi(look)) return undefined;
  return look.status === 404 ? "gone" : [401, 403].includes(look.status) ? "refused" : undefined;
}

function refused(response: Answer): TokenError {
  return refusal(response, meaningOf(response));
}

/** Times that stand for "none" are left out. */
function readDatabaseToken(json: unknown, piece: Piece): DatabaseToken | undefined {
  const token = readToken(json, TEXTS, { piece });
  const none = TIMES.filter((time) => token?.[time] !== undefined && !isAfter(token[time], 0));
  if (token === undefined || none.length === 0) return token;
  const fields = Object.entries(token).filter(([name]) => !none.some((time) => time === name));
  return { id: token.id, ...Object.fromEntries(fields) };
}

function databaseTokenIn(response: ApiResponse): DatabaseToken {
  const { json, piece } = parseBody(response);
  const found = readDatabaseToken(json, piece);
  if (found === undefined) throw badResponse(response, "the answer shows no database token");
  return found;
}

/** Errors of this API have a number as their code; those of a proxy, or of another server, have none. */
function isOfApi({ error }: Answer): boolean {
  return Number.isInteger(error?.code);
}

const UNKNOWN =
  "there is no such database token. It may have been deleted already; check the ID and the connection.";

/** What an error of this API means: https://docs.influxdata.com/influxdb3/cloud-dedicated/api/management/. */
function meaningOf(response: Answer): Meaning | undefined {
  const { status, call } = response;
  if (!isOfApi(response)) return undefined;
  if (status === 401) {
    return {
      code: "unauthorized",
      reason:
        "the server does not accept the connection's management token: it is wrong, expired or revoked. " +
        "Set a valid management token in the connection.",
      fatal: true,
    };
  }
  if (status === 403) {
    return {
      code: "forbidden",
      words: "no access",
      reason:
        "the connection's management token has no access to this account or cluster. " +
        "Check the account ID and the cluster ID of the connection.",
      fatal: true,
    };
  }
  if (status === 404 && call.path.at(-1) === "tokens") {
    return {
      code: "not-found",
      words: "no such cluster",
      reason: "there is no such cluster. Check URL, account ID and cluster ID of the connection.",
    };
  }
  if (status === 404) {
    return {
      code: "not-found",
      reason: UNKNOWN,
    };
  }
  return undefined;
}

function matches(found: DatabaseToken, wanted: DatabaseTokenFilters, now: number): boolean {
  return (
    contains(found.description, wanted.description) &&
    (wanted.database === undefined || isFor(found, wanted.database)) &&
    isBefore(found.createdAt, instantOf(wanted.createdBefore, now)) &&
    isAfter(found.createdAt, instantOf(wanted.createdAfter, now)) &&
    isEither(wanted.expired, isBefore(found.expiresAt, now)) &&
    isWithin(found.expiresAt, wanted.expiresWithin, now) &&
    isEither(wanted.revoked, found.revokedAt !== undefined) &&
    (wanted.replacedBefore === undefined || !databaseTokens.isOn(found)) &&
    isBefore(replacedAt(found.description), instantOf(wanted.replacedBefore, now))
  );
}

function isFor({ permissions }: DatabaseToken, database: string): boolean {
  const each: unknown[] = Array.isArray(permissions) ? permissions : [];
  return each.some((permission) => (permission as { resource?: unknown } | null)?.resource === database);
}

function isEither(wanted: "yes" | "no" | undefined, found: boolean): boolean {
  return wanted === undefined || (wanted === "yes") === found;
}
