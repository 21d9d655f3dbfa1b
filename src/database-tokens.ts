import * as z from "zod";
import { badResponse, readJson } from "./answers.js";
import { serverTime } from "./clock.js";
import { TokenError } from "./errors.js";
import { age, contains, isAfter, isBefore, isWithin, moment, text, word, type Filter } from "./filters.js";
import type { Answer, Done, Http, Watch } from "./http.js";
import { proveGone, type Sight } from "./proof.js";
import { errorBody, refusal, type Meaning } from "./refusals.js";
import { isSameId, type IdFormat, type Look } from "./targets.js";
import { instantOf, type Moment } from "./times.js";
import { UUID, UUID_EXPECTED } from "./uuids.js";

export const databaseTokenId: IdFormat = {
  noun: "database token",
  expected: UUID_EXPECTED,
  pattern: UUID,
  known: ["description", "accountId", "clusterId", "createdAt", "expiresAt", "revokedAt"],
  // There is no time of the last change; taking the permissions away is the nearest thing to disabling.
  listed: ["createdAt", "description", "permissions", "expiresAt", "revokedAt"],
};

/**
 * A database token as the Management API describes it; its value is told at its creation only:
 * https://docs.influxdata.com/influxdb3/cloud-dedicated/api/management/#operation/GetDatabaseTokens.
 */
export const DatabaseToken = z.looseObject({
  id: z.string(),
  description: z.string().optional(),
  permissions: z
    .array(z.looseObject({ action: z.string().optional(), resource: z.string().optional() }))
    .optional(),
  /** RFC 3339, as the other times. */
  createdAt: z.string().optional(),
  /** Never expires where it is missing. */
  expiresAt: z.string().optional(),
  revokedAt: z.string().optional(),
});
export type DatabaseToken = z.infer<typeof DatabaseToken>;

/** What a list is narrowed by; all of them must match. The API itself has no filters. */
export interface DatabaseTokenFilters {
  /** A text that the description contains, with regard to case. */
  description?: string | undefined;
  /** A database that the token has a permission on by name; `*` finds the tokens for all databases, and no name does. */
  database?: string | undefined;
  /** "After" and "before" exclude the moment itself. */
  createdBefore?: Moment | undefined;
  createdAfter?: Moment | undefined;
  expired?: "yes" | "no" | undefined;
  /** Milliseconds from now in which the token will expire; what has expired already is not meant. */
  expiresWithin?: number | undefined;
  revoked?: "yes" | "no" | undefined;
}

/** How the filters are read from what a flow gives. */
export const databaseTokenFilters = {
  description: text,
  database: text,
  createdBefore: moment,
  createdAfter: moment,
  expired: word(["yes", "no"]),
  expiresWithin: age,
  revoked: word(["yes", "no"]),
} satisfies { [K in keyof DatabaseTokenFilters]-?: Filter<NonNullable<DatabaseTokenFilters[K]>> };

/**
 * The database tokens of one cluster, through the Management API of InfluxDB Cloud Dedicated and Clustered. Its
 * methods throw {@link TokenError}: besides the codes below, those of {@link Http.send}, and `unauthorized`,
 * `forbidden`, `rate-limited`, `unavailable` and `bad-response`.
 */
export interface DatabaseTokens {
  /** All that match, in the server's order. */
  list(filters: DatabaseTokenFilters, watch?: Watch): Promise<DatabaseToken[]>;
  /** @throws {TokenError} `not-found`. */
  get(id: string, watch?: Watch): Promise<Look<DatabaseToken>>;
  /**
   * Deletes without a look before it. A repeated try that finds nothing has found its own work done. That the
   * token is gone is proved by a look after it.
   *
   * @throws {TokenError} `not-found`; `not-applied` where the server says that it did, and still has it.
   */
  delete(id: string, watch?: Watch): Promise<Done>;
}

/** @param cluster account and cluster id, where the product's path names them. */
export function databaseTokensOf(
  http: Http,
  cluster?: { accountId: string; clusterId: string },
): DatabaseTokens {
  const path = [
    ...["api", "v0"],
    ...(cluster ? ["accounts", cluster.accountId, "clusters", cluster.clusterId] : []),
    "tokens",
  ];
  return {
    async list(filters, watch) {
      const answer = await http.send({ task: "list database tokens", method: "GET", path, watch });
      if (answer.status !== 200) throw refused(answer);
      const now = serverTime(answer);
      const tokens = readJson(answer, z.array(z.preprocess(tidy, DatabaseToken)));
      return tokens.filter((token) => matches(token, filters, now));
    },

    async get(id, watch) {
      const task = `look up database token ${id}`;
      const answer = await http.send({ task, method: "GET", path: [...path, id], watch });
      if (answer.status !== 200) throw refused(answer);
      const token = readJson(answer, z.preprocess(tidy, DatabaseToken));
      if (!isSameId(token.id, id)) throw badResponse(answer, "the answer shows another database token");
      // A deleted one may go on being shown so.
      if (token.revokedAt !== undefined) throw new TokenError("not-found", UNKNOWN, { task });
      return { token, now: serverTime(answer) };
    },

    async delete(id, watch) {
      const task = `delete database token ${id}`;
      const answer = await http.send({ task, method: "DELETE", path: [...path, id], watch });
      const doneBefore = answer.mayBeRepeated && answer.status === 404 && isOfApi(answer);
      if (answer.status !== 204 && !doneBefore) throw refused(answer);
      if (answer.status === 204) {
        await proveGone(
          answer,
          () => http.send({ task, method: "GET", path: [...path, id], watch }),
          sightOf,
        );
      }
      return { attempts: answer.attempts };
    },
  };
}

/** A deleted token may go on being shown as revoked. */
function sightOf(look: Answer): Sight | undefined {
  if (look.status === 200) {
    return readJson(look, z.preprocess(tidy, DatabaseToken)).revokedAt === undefined ? "there" : "gone";
  }
  if (!isOfApi(look)) return undefined;
  return look.status === 404 ? "gone" : [401, 403].includes(look.status) ? "refused" : undefined;
}

function refused(answer: Answer): TokenError {
  return refusal(answer, meaningOf(answer));
}

/** Values that stand for "none" are left out, and so is what a list should not have: the value of the token. */
function tidy(token: unknown): unknown {
  if (typeof token !== "object" || token === null) return token;
  const isNone = (name: string, value: unknown) =>
    value === null ||
    /^(token|accessToken)$/.test(name) ||
    (/At$/.test(name) && typeof value === "string" && !isAfter(value, 0));
  return Object.fromEntries(Object.entries(token).filter(([name, value]) => !isNone(name, value)));
}

/** Errors of this API have a number for their code; those of a proxy before it, or of another server, have none. */
const ApiError = z.object({ code: z.int() });

function isOfApi(answer: Answer): boolean {
  return errorBody(answer, ApiError) !== undefined;
}

const UNKNOWN =
  "there is no such database token. It may have been deleted already; check the ID and the connection.";

/** What an error of this API means: https://docs.influxdata.com/influxdb3/cloud-dedicated/api/management/. */
function meaningOf(answer: Answer): Meaning | undefined {
  const { status, call } = answer;
  if (!isOfApi(answer)) return undefined;
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
      reason:
        "the connection's management token has no access to this account or cluster. " +
        "Check the account ID and the cluster ID of the connection.",
      fatal: true,
    };
  }
  if (status === 404 && call.path.at(-1) === "tokens") {
    return {
      code: "not-found",
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
    (wanted.database === undefined ||
      found.permissions?.some(({ resource }) => resource === wanted.database) === true) &&
    isBefore(found.createdAt, instantOf(wanted.createdBefore, now)) &&
    isAfter(found.createdAt, instantOf(wanted.createdAfter, now)) &&
    isEither(wanted.expired, isBefore(found.expiresAt, now)) &&
    isWithin(found.expiresAt, wanted.expiresWithin, now) &&
    isEither(wanted.revoked, found.revokedAt !== undefined)
  );
}

function isEither(wanted: "yes" | "no" | undefined, found: boolean): boolean {
  return wanted === undefined || (wanted === "yes") === found;
}
