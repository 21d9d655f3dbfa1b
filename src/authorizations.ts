import * as z from "zod";
import { kindOf, TokenError, type TokenErrorCode } from "./errors.js";
import { badResponse, readJson, retryAfterOf, type Answer, type Http } from "./http.js";
import type { IdFormat } from "./targets.js";
import { MOMENT_EXPECTED, readMoment } from "./times.js";

/** Authorization, user and org ids of `/api/v2`: eight bytes in hexadecimal, which the server wants non-zero. */
const HEX_ID = /^(?!0{16}$)[0-9a-f]{16}$/i;
const HEX_ID_EXPECTED = "16 hexadecimal digits";

export const authorizationId: IdFormat = {
  noun: "authorization",
  expected: HEX_ID_EXPECTED,
  pattern: HEX_ID,
  known: ["description", "status", "user", "userID", "org", "orgID", "createdAt", "updatedAt"],
};

/**
 * An authorization as the server describes it: https://docs.influxdata.com/influxdb/v2/api/#operation/GetAuthorizations.
 * Fields that are not named here pass through.
 */
export const Authorization = z.looseObject({
  id: z.string(),
  status: z.enum(["active", "inactive"]),
  description: z.string().optional(),
  org: z.string().optional(),
  orgID: z.string().optional(),
  user: z.string().optional(),
  userID: z.string().optional(),
  /** RFC 3339, UTC. */
  createdAt: z.string().optional(),
  /** RFC 3339, UTC. The server sets it on each update, also on one that changes nothing. */
  updatedAt: z.string().optional(),
  /** Clear text, "" (a server that stores hashes) or "redacted" (Cloud). */
  token: z.string().optional(),
});
export type Authorization = z.infer<typeof Authorization>;
const AuthorizationList = z.looseObject({ authorizations: z.array(Authorization) });

/** What a list is narrowed by; all of them must match. Names are compared with regard to case, as the server does. */
export interface AuthorizationFilters {
  user?: string | undefined;
  userID?: string | undefined;
  org?: string | undefined;
  orgID?: string | undefined;
  status?: "active" | "inactive" | undefined;
  /** A text that the description contains, with regard to case. */
  description?: string | undefined;
  /** Milliseconds since 1970; "after" and "before" exclude the moment itself. */
  createdAfter?: number | undefined;
  createdBefore?: number | undefined;
  updatedAfter?: number | undefined;
  updatedBefore?: number | undefined;
}

export interface AuthorizationChanges {
  /** An empty description clears it. */
  description?: string;
  status?: "active" | "inactive";
}

export interface Done<T> {
  value: T;
  attempts: number;
}

/**
 * The authorizations of one connection: `/api/v2/authorizations` of InfluxDB OSS v2, Cloud (TSM) and Cloud
 * Serverless. Its methods throw {@link TokenError}: besides the codes below, those of {@link Http.send}, and
 * `unauthorized`, `forbidden`, `rate-limited`, `unavailable` and `bad-response`.
 */
export interface Authorizations {
  /**
   * All that match, in the server's order, with their token values where the server tells them.
   * User and org filters are sent and checked again on what comes back, for a server may ignore them.
   *
   * @throws {TokenError} `not-found` where no user or org has the given name; `forbidden` where a list that was
   *   not narrowed comes back empty: it would hold at least the connection's own token.
   */
  list(filters: AuthorizationFilters, signal?: AbortSignal): Promise<Authorization[]>;
  /**
   * Sets the given fields and no other. The result is the whole authorization, or what was set where the
   * server did so but does not show it (its user or organization is gone).
   *
   * @throws {TokenError} `not-found`.
   */
  update(
    id: string,
    changes: AuthorizationChanges,
    signal?: AbortSignal,
  ): Promise<Done<Partial<Authorization>>>;
  /**
   * Deletes without a look before it: what belongs to a deleted user or organization is hidden from GET, but
   * can be deleted. A repeated try that finds nothing has found its own work done.
   *
   * @throws {TokenError} `not-found`.
   */
  delete(id: string, signal?: AbortSignal): Promise<Done<void>>;
}

export function authorizationsOf(http: Http): Authorizations {
  return {
    async list(filters, signal) {
      const query = serverFilters(filters);
      const task = "list authorizations";
      const answer = await http.send({ task, method: "GET", path: PATH, query, signal });
      if (answer.status !== 200) throw refusal(answer);
      const { authorizations } = readJson(answer, AuthorizationList);
      if (authorizations.length === 0 && Object.keys(query).length === 0) {
        throw new TokenError(
          "forbidden",
          "the list is empty although it should hold the connection's own token. " +
            "That token lacks the permissions read:authorizations and read:users, or it is inactive. " +
            "Give it both permissions or set another token in the connection.",
          { task, statusCode: answer.status },
        );
      }
      return authorizations.filter((authorization) => matches(authorization, filters));
    },

    async update(id, changes, signal) {
      const task = `update authorization ${id}`;
      const answer = await http.send({ task, method: "PATCH", path: [...PATH, id], body: changes, signal });
      // The server applies the change before it looks up the owner's names for its answer.
      if (answer.status === 404 && /^(user|organization)\b.*not found/.test(messageOf(answer))) {
        return { value: { id, ...changes }, attempts: answer.attempts };
      }
      if (answer.status !== 200) throw refusal(answer);
      return { value: withoutToken(readJson(answer, Authorization)), attempts: answer.attempts };
    },

    async delete(id, signal) {
      const task = `delete authorization ${id}`;
      const answer = await http.send({ task, method: "DELETE", path: [...PATH, id], signal });
      const doneBefore = answer.mayBeRepeated && isUnknownAuthorization(answer);
      if (answer.status !== 204 && !doneBefore) throw refusal(answer);
      return { value: undefined, attempts: answer.attempts };
    },
  };
}

const PATH = ["api", "v2", "authorizations"];

/** The first is the oldest. The server's order is that of creation; the date decides where it is known. */
export function oldest(authorizations: readonly Authorization[]): Authorization | undefined {
  const age = (authorization: Authorization) => Date.parse(authorization.createdAt ?? "");
  return authorizations.reduce<Authorization | undefined>(
    (first, next) => (first !== undefined && !(age(next) < age(first)) ? first : next),
    undefined,
  );
}

export function withoutToken(authorization: Authorization): Authorization {
  const { token, ...rest } = authorization;
  return rest;
}

function serverFilters({ user, userID, org, orgID }: AuthorizationFilters): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ user, userID, org, orgID }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}

function matches(found: Authorization, wanted: AuthorizationFilters): boolean {
  const equal = (a: string | undefined, b: string | undefined) => b === undefined || a === b;
  const after = (a: string | undefined, b: number | undefined) => b === undefined || Date.parse(a ?? "") > b;
  const before = (a: string | undefined, b: number | undefined) => b === undefined || Date.parse(a ?? "") < b;
  return (
    equal(found.user, wanted.user) &&
    equal(found.userID, wanted.userID?.toLowerCase()) &&
    equal(found.org, wanted.org) &&
    equal(found.orgID, wanted.orgID?.toLowerCase()) &&
    equal(found.status, wanted.status) &&
    (wanted.description === undefined || (found.description ?? "").includes(wanted.description)) &&
    after(found.createdAt, wanted.createdAfter) &&
    before(found.createdAt, wanted.createdBefore) &&
    after(found.updatedAt, wanted.updatedAfter) &&
    before(found.updatedAt, wanted.updatedBefore)
  );
}

/**
 * Reads the value of one filter as a flow gives it. A filter that comes out empty is no filter to the server,
 * which would answer every token, the operator's first: so it is refused before anything is sent.
 *
 * @throws {TokenError} `invalid-filter`.
 */
export function readFilter<K extends keyof AuthorizationFilters>(
  name: K,
  value: unknown,
  now: number,
): NonNullable<AuthorizationFilters[K]> {
  const { read, expected } = FILTERS[name];
  const result = typeof value === "string" && value.trim() === "" ? undefined : read(value, now);
  if (result === undefined) {
    throw new TokenError(
      "invalid-filter",
      `the filter "${name}" comes out as ${kindOf(value)}, expected ${expected}. Nothing was sent.`,
    );
  }
  return result as NonNullable<AuthorizationFilters[K]>;
}

interface FilterKind {
  expected: string;
  /** The value as the client takes it, or undefined where it is of a wrong type or form. */
  read: (value: unknown, now: number) => string | number | undefined;
}
const text: FilterKind = {
  expected: "a text that is not empty",
  read: (value) => (typeof value === "string" ? value : undefined),
};
const hexId: FilterKind = {
  expected: HEX_ID_EXPECTED,
  read: (value) => (typeof value === "string" && HEX_ID.test(value.trim()) ? value.trim() : undefined),
};
const moment: FilterKind = { expected: MOMENT_EXPECTED, read: readMoment };
const FILTERS: Record<keyof AuthorizationFilters, FilterKind> = {
  user: text,
  userID: hexId,
  org: text,
  orgID: hexId,
  status: {
    expected: '"active" or "inactive"',
    read: (value) => (value === "active" || value === "inactive" ? value : undefined),
  },
  description: text,
  createdAfter: moment,
  createdBefore: moment,
  updatedAfter: moment,
  updatedBefore: moment,
};

const ServerError = z.object({ code: z.string(), message: z.string() });

/** The message of the server's own error, or "" where the answer is not one. */
function messageOf(answer: Answer): string {
  try {
    return ServerError.parse(JSON.parse(answer.text)).message;
  } catch {
    return "";
  }
}

function isUnknownAuthorization(answer: Answer): boolean {
  return answer.status === 404 && messageOf(answer) === "authorization not found";
}

/**
 * An answer that is no success, in words: what the server means and what to do. The meanings are those seen
 * on InfluxDB OSS 2.9 and documented for Cloud; 401 alone has three.
 */
function refusal(answer: Answer): TokenError {
  const { status } = answer;
  const message = messageOf(answer);
  const retryAfter = retryAfterOf(answer);
  const tried = answer.attempts > 1 ? ` after ${answer.attempts} tries` : "";
  const fail = (code: TokenErrorCode, reason: string, fatal = false) =>
    new TokenError(code, reason, {
      task: answer.call.task,
      statusCode: status,
      retryAfter,
      fatal,
      ...(answer.attempts > 1 && { attempts: answer.attempts }),
      cause: { statusCode: status, message, retryAfter },
    });

  const missing = /^(\S+) is unauthorized$/.exec(message)?.[1];
  if (status === 401 && missing !== undefined) {
    return fail(
      "unauthorized",
      `the connection's token lacks the permission ${missing}. Give it a token with this permission.`,
    );
  }
  if (status === 401 && message === "token is inactive") {
    return fail(
      "unauthorized",
      "the connection's token is inactive. Activate it, or set another token in the connection.",
      true,
    );
  }
  if (status === 401) {
    return fail(
      "unauthorized",
      "the server does not accept the connection's token: it is wrong, deleted, or of another server. Set a valid API token in the connection.",
      true,
    );
  }
  if (status === 403 && message === "User is inactive") {
    return fail(
      "forbidden",
      "the user who owns the connection's token is inactive or deleted. Activate the user, or set another token in the connection.",
      true,
    );
  }
  if (status === 403)
    return fail("forbidden", "the server forbids it. Check the permissions of the connection's token.");
  if (isUnknownAuthorization(answer)) {
    return fail(
      "not-found",
      "there is no such authorization. It may have been deleted already; check the ID and the connection.",
    );
  }
  if (status === 404 && /not found$/.test(message) && message !== "path not found") {
    return fail("not-found", `${describeMissingOwner(message)}. Names are case-sensitive; check the filter.`);
  }
  if (status === 400 || status === 422) {
    const code = answer.call.method === "GET" ? "invalid-filter" : "invalid-id";
    return fail(
      code,
      `the server takes the request for invalid${quoted(message)}. Check the values that the node was given.`,
    );
  }
  if (status === 409) return fail("conflict", `the server reports a conflict${quoted(message)}. Try again.`);
  if (status === 429) {
    const wait = retryAfter === undefined ? "Try again later" : `Try again in ${retryAfter} s`;
    return fail(
      "rate-limited",
      `too many requests${tried}. ${wait}, or lower the parallel requests of the connection.`,
    );
  }
  if (status >= 500) {
    return fail(
      "unavailable",
      `the server failed with status ${status}${tried}${quoted(message)}. Check the server, then try again.`,
    );
  }
  if (status >= 300 && status < 400) {
    return badResponse(answer, "the server redirects to another address, to which the token is not sent");
  }
  return badResponse(answer, "the answer is none of InfluxDB's");
}

function describeMissingOwner(message: string): string {
  return message.startsWith("user") ? "no user has the given name" : "no organization has the given name";
}

/** The server's own words, shortened. They name permissions, ids and fields, never a token. */
function quoted(message: string): string {
  return message === "" ? "" : ` ("${message.slice(0, 200)}")`;
}
