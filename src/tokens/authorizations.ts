import { badResponse, parseBody } from "../http/responses.js";
import { serverTime } from "../http/server-time.js";
import { systemClock } from "../clock.js";
import { TokenError } from "../errors.js";
import {
  contains,
  equals,
  isAfter,
  isBefore,
  moment,
  shaped,
  text,
  word,
  type Filter,
} from "../work/filters.js";
import { readLongList } from "../http/long-lists.js";
import { HEX_ID } from "../ids.js";
import type { ApiResponse, Done, Http, Watch } from "../http/client.js";
import { notApplied, proveGone, type Sight } from "./proof.js";
import { messageOf, refusal, toldBy, type Meaning } from "../http/refusals.js";
import { isSameId, type IdFormat, type Look } from "../work/targets.js";
import { instantOf, readTimestamp, type Moment } from "../work/times.js";
import { readToken, type Token } from "./read-token.js";

export const authorizationId: IdFormat = {
  noun: "authorization",
  ...HEX_ID,
  known: ["description", "status", "user", "userID", "org", "orgID", "createdAt", "updatedAt"],
  listed: ["updatedAt", "status"],
};

const TEXTS = [
  // Active, inactive, or what is new to us.
  "status",
  "description",
  "org",
  "orgID",
  "user",
  "userID",
  // RFC 3339, UTC.
  "createdAt",
  // The same. The server sets it on each update, also on one that changes nothing.
  "updatedAt",
  // Clear text, "" (a server that stores hashes) or "redacted" (Cloud); only where it was asked for.
  "token",
] as const;

/** An authorization as the server describes it: https://docs.influxdata.com/influxdb/v2/api/#operation/GetAuthorizations. */
export type Authorization = Token<(typeof TEXTS)[number]>;

/** What a list is narrowed by; all of them must match. Names are compared with regard to case, as the server does. */
export interface AuthorizationFilters {
  user?: string | undefined;
  userID?: string | undefined;
  org?: string | undefined;
  orgID?: string | undefined;
  status?: "active" | "inactive" | undefined;
  /** A text that the description contains, with regard to case. */
  description?: string | undefined;
  /** "After" and "before" exclude the moment itself. */
  createdAfter?: Moment | undefined;
  createdBefore?: Moment | undefined;
  updatedAfter?: Moment | undefined;
  updatedBefore?: Moment | undefined;
}

/** How the filters are read from what a flow gives. */
export const authorizationFilters = {
  user: text,
  userID: shaped(HEX_ID),
  org: text,
  orgID: shaped(HEX_ID),
  status: word(["active", "inactive"]),
  description: text,
  createdBefore: moment,
  createdAfter: moment,
  updatedBefore: moment,
  updatedAfter: moment,
} satisfies { [K in keyof AuthorizationFilters]-?: Filter<NonNullable<AuthorizationFilters[K]>> };

export interface AuthorizationChanges {
  /** An empty description clears it. */
  description?: string;
  status?: "active" | "inactive";
}

/**
 * The authorizations of one connection: `/api/v2/authorizations` of InfluxDB OSS v2, Cloud (TSM) and Cloud
 * Serverless. Its methods throw {@link TokenError}: besides the codes below, those of {@link Http.send}, and
 * `unauthorized`, `forbidden`, `rate-limited`, `unavailable` and `bad-response`.
 */
export interface Authorizations {
  /**
   * All that match, in the server's order, without their token values unless they are asked for.
   * User and org filters are sent and checked again on what comes back, for a server may ignore them.
   *
   * @throws {TokenError} `not-found` where no user or org has the given name; `forbidden`, or what the server says
   *   of its token, where the list comes back empty because the connection's own token may not read it.
   */
  list(filters: AuthorizationFilters, options?: Watch & { includeToken?: boolean }): Promise<Authorization[]>;
  /**
   * Looks one up. It is there but not shown where its user or organization is gone.
   *
   * @throws {TokenError} `not-found`.
   */
  get(id: string, watch?: Watch, options?: { includeToken?: boolean }): Promise<Look<Authorization>>;
  /**
   * Sets the given fields and no other. The result is what the server then shows, or what was set where the
   * server did so but does not show it (its user or organization is gone).
   *
   * @throws {TokenError} `not-found`; `not-applied` where the server says that it did, and shows something else.
   */
  update(
    id: string,
    changes: AuthorizationChanges,
    watch?: Watch,
  ): Promise<Done & { value: Partial<Authorization> }>;
  /**
   * Deletes without a look before it: what belongs to a deleted user or organization is hidden from GET, but
   * can be deleted. A repeated try that finds nothing has found its own work done. An answer that does not bear
   * the mark of InfluxDB is proved by a look after it.
   *
   * @throws {TokenError} `not-found`; `not-applied` where the server says that it did, and still has it.
   */
  delete(id: string, watch?: Watch): Promise<Done>;
}

/**
 * @param ownAuthorizations tells of the connection's own token, to be asked where a list that was narrowed is empty: for
 *   a token that may not read, the server answers an empty list and no error.
 */
export function authorizationsOf(
  http: Http,
  ownAuthorizations: (watch: Watch) => Promise<{ rows: readonly Authorization[] }>,
): Authorizations {
  return {
    async list(filters, { includeToken = false, ...watch } = {}) {
      const query = serverFilters(filters);
      const task = "list authorizations";
      const answer = await http.send({
        task,
        method: "GET",
        repeat: "safe",
        path: PATH,
        query,
        isList: true,
        watch,
      });
      if (answer.status !== 200) throw refused(answer);
      const now = serverTime(answer);
      const found: Authorization[] = [];
      let count = 0;
      for await (const authorizations of authorizationsIn(answer, { includeToken })) {
        count += authorizations.length;
        found.push(...authorizations.filter((authorization) => matches(authorization, filters, now)));
      }
      if (count > 0) return found;
      const isNarrowed = Object.keys(query).length > 0;
      if (!isNarrowed || (await ownAuthorizations(watch)).rows.length === 0) {
        throw new TokenError(
          "forbidden",
          "the list is empty, and the server does not even show the connection's own token. " +
            "That token lacks the permissions read:authorizations and read:users, or it is inactive. " +
            "Give it both permissions or set another token in the connection.",
          { task, statusCode: answer.status },
        );
      }
      return found;
    },

    async get(id, watch, { includeToken = false } = {}) {
      const task = `look up authorization ${id}`;
      const answer = await http.send({ task, method: "GET", repeat: "safe", path: [...PATH, id], watch });
      const now = serverTime(answer);
      const hidden = hiddenBy(answer);
      if (hidden) return { token: undefined, hidden, now };
      if (answer.status !== 200) throw refused(answer);
      const token = authorizationIn(answer, { includeToken });
      if (!isSameId(token.id, id)) throw badResponse(answer, "the answer shows another authorization");
      return { token, now };
    },

    async update(id, { status, description }, watch) {
      const task = `update authorization ${id}`;
      const changes: AuthorizationChanges = {
        ...(status !== undefined && { status }),
        // Half a character cannot be sent: the server would store another in its place.
        ...(description !== undefined && { description: Buffer.from(description).toString() }),
      };
      const answer = await http.send({
        task,
        method: "PATCH",
        repeat: "safe",
        path: [...PATH, id],
        body: changes,
        watch,
      });
      const { attempts } = answer;
      // The server applies the change before it looks up the owner's names for its answer.
      if (hiddenBy(answer)) return { value: { id, ...changes }, attempts };
      if (answer.status !== 200) throw refused(answer);
      const value = authorizationIn(answer);
      if (!isSameId(value.id, id)) {
        throw notApplied(answer, "it shows another authorization");
      }
      if (changes.status !== undefined && value.status !== changes.status) {
        throw notApplied(answer, "it shows another status");
      }
      if (changes.description !== undefined && (value.description ?? "") !== changes.description) {
        throw notApplied(answer, "it shows another description");
      }
      return { value: shown(value), attempts };
    },

    async delete(id, watch) {
      const task = `delete authorization ${id}`;
      const answer = await http.send({ task, method: "DELETE", repeat: "safe", path: [...PATH, id], watch });
      const doneBefore = answer.mayBeRepeated && isUnknownAuthorization(answer);
      if (answer.status !== 204 && !doneBefore) throw refused(answer);
      if (answer.status === 204 && !bearsMark(answer)) {
        await proveGone(
          answer,
          () => http.send({ task, method: "GET", repeat: "safe", path: [...PATH, id], watch }),
          sightOf,
        );
      }
      return { attempts: answer.attempts };
    },
  };
}

/** Of the authorizations, below the URL of the server. */
export const PATH = ["api", "v2", "authorizations"];

/** An answer that is no success, as an error. */
export function refused(answer: ApiResponse): TokenError {
  return refusal(answer, meaningOf(answer));
}

/** The authorizations of a list, in batches. */
export function authorizationsIn(
  answer: ApiResponse,
  options: { includeToken: boolean },
): AsyncGenerator<Authorization[]> {
  return readLongList(answer, "authorizations", (element, conceal) =>
    readToken(element, TEXTS, { ...options, conceal }),
  );
}

function authorizationIn(answer: ApiResponse, options?: { includeToken: boolean }): Authorization {
  const { json, conceal } = parseBody(answer);
  const found = readToken(json, TEXTS, { ...options, conceal });
  if (found === undefined) throw badResponse(answer, "the answer shows no authorization");
  return found;
}

function serverFilters({ user, userID, org, orgID }: AuthorizationFilters): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ user, userID, org, orgID }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}

function matches(found: Authorization, wanted: AuthorizationFilters, now: number): boolean {
  return (
    equals(found.user, wanted.user) &&
    equals(found.userID, wanted.userID?.toLowerCase()) &&
    // The server trims the name of an organization that it looks up.
    equals(found.org?.trim(), wanted.org?.trim()) &&
    equals(found.orgID, wanted.orgID?.toLowerCase()) &&
    equals(found.status, wanted.status) &&
    contains(found.description, wanted.description) &&
    isAfter(found.createdAt, instantOf(wanted.createdAfter, now)) &&
    isBefore(found.createdAt, instantOf(wanted.createdBefore, now)) &&
    isAfter(found.updatedAt, instantOf(wanted.updatedAfter, now)) &&
    isBefore(found.updatedAt, instantOf(wanted.updatedBefore, now))
  );
}

const NOT_FOUND = "authorization not found";

/** InfluxDB OSS puts its version on every answer. Whatever else says 204 has not been asked for this. */
function bearsMark({ headers }: ApiResponse): boolean {
  return headers["x-influxdb-version"] !== undefined;
}

/** It is there, but is not shown, for its user or organization is gone. */
function hiddenBy(answer: ApiResponse): "user" | "organization" | undefined {
  if (answer.status !== 404) return undefined;
  const [, gone] = /^(user|organization) not found$/.exec(messageOf(answer)) ?? [];
  return gone as "user" | "organization" | undefined;
}

/** Errors of InfluxDB have a word for their code; those of what lies before it have none, or another. */
function isRefusalOfApi({ status, error }: ApiResponse): boolean {
  return (
    (status === 401 && error?.code === "unauthorized") || (status === 403 && error?.code === "forbidden")
  );
}

function sightOf(look: ApiResponse): Sight | undefined {
  if (isUnknownAuthorization(look)) return "gone";
  if (look.status === 200 || hiddenBy(look)) return "there";
  return isRefusalOfApi(look) ? "refused" : undefined;
}

/** Why an authorization is not one that has been inactive, and unchanged, for so many milliseconds; or undefined. */
export function unlessInactiveFor(
  { token, now }: Look<Readonly<Record<string, unknown>>>,
  milliseconds: number,
): string | undefined {
  if (token === undefined) return "it cannot be shown, so whether it is inactive is not known";
  if (token.status === "active") return "it is active";
  if (token.status !== "inactive") return "its status is neither active nor inactive";
  const since = String(token.updatedAt);
  const changed = readTimestamp(since);
  if (changed === undefined) return "it is inactive, but when it was changed is not known";
  // Where the clocks differ, something between may have written the date of the answer.
  const isLongAgo = changed < Math.min(now, systemClock.now()) - milliseconds;
  return isLongAgo ? undefined : `it is inactive, but was changed at ${since}`;
}

/** What a record tells of an authorization: nothing that a server could pass for ours. */
function shown(authorization: Authorization): Partial<Authorization> {
  const { id, permissions } = authorization;
  const known = authorizationId.known.map((name) => [name, authorization[name]] as const);
  return {
    id,
    ...Object.fromEntries(known.filter(([, value]) => value !== undefined)),
    ...(permissions !== undefined && { permissions }),
  };
}

function isUnknownAuthorization(answer: ApiResponse): boolean {
  return answer.status === 404 && messageOf(answer) === NOT_FOUND;
}

/**
 * What an error of this API means, as seen on InfluxDB OSS 2.9 and documented for Cloud; 401 alone has three
 * meanings.
 */
function meaningOf(answer: ApiResponse): Meaning | undefined {
  const { status, call } = answer;
  const message = messageOf(answer);
  if (isRefusalOfApi(answer)) return meaningOfRefusal(answer, message);
  if (status !== 404 || message === "path not found") return undefined;
  if (message === NOT_FOUND) {
    return {
      code: "not-found",
      reason:
        "there is no such authorization. It may have been deleted already; check the ID and the connection.",
    };
  }
  // Only a list looks names up.
  if (call.path.length > PATH.length) return undefined;
  // What the name holds can be long, and is cut then.
  const kind = /^(user|organization) .*(not found|…)$/.exec(message)?.[1];
  if (kind === undefined) return undefined;
  return {
    code: "not-found",
    reason: `no ${kind} has the given name. Names are case-sensitive; check the filter.`,
  };
}

/** What 401 and 403 mean where InfluxDB says so, and nothing before it. */
function meaningOfRefusal(answer: ApiResponse, message: string): Meaning {
  const { status } = answer;
  const missing = /^\S+(?= is unauthorized$)/;
  if (status === 401 && missing.test(message)) {
    const [permission = "for this"] = missing.exec(toldBy(answer)) ?? [];
    return {
      code: "unauthorized",
      reason: `the connection's token lacks the permission ${permission}. Give it a token with this permission.`,
    };
  }
  if (status === 401 && message === "token is inactive") {
    return {
      code: "unauthorized",
      reason: "the connection's token is inactive. Activate it, or set another token in the connection.",
      fatal: true,
    };
  }
  if (status === 401) {
    return {
      code: "unauthorized",
      reason:
        "the server does not accept the connection's token: it is wrong, deleted, or of another server. " +
        "Set a valid API token in the connection.",
      fatal: true,
    };
  }
  if (message === "User is inactive") {
    return {
      code: "forbidden",
      reason:
        "the user who owns the connection's token is inactive or deleted. " +
        "Activate the user, or set another token in the connection.",
      fatal: true,
    };
  }
  return {
    code: "forbidden",
    reason: "the server forbids it. Check the permissions of the connection's token.",
  };
}
