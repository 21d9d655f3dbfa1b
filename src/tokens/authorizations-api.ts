import { badResponse, parseBody } from "../http/responses.js";
import type { TokenError } from "../errors.js";
import { readLongList } from "../http/long-lists.js";
import type { Answer, ApiResponse, ArrivingResponse } from "../http/call.js";
import { messageOf, refusal, toldBy, type Meaning } from "../http/refusals.js";
import { hasId, readToken, type Token } from "./read-token.js";

/*
 * The answers of `/api/v2/authorizations`.
 */

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
  // The same. The server sets it on each update, even if that changes nothing.
  "updatedAt",
  // Clear text, "" (a server that stores hashes) or "redacted" (Cloud); only if it was asked for.
  "token",
] as const;

/**
 * An authorization as the server describes it:
 * https://docs.influxdata.com/influxdb/v2/api/#operation/GetAuthorizations.
 */
export type Authorization = Token<(typeof TEXTS)[number]>;

/** The path of the authorizations, below the URL of the server. */
export const PATH = ["api", "v2", "authorizations"];

/** An answer that is not a success, as an error. */
export function refused(response: Answer): TokenError {
  return refusal(response, meaningOf(response));
}

/**
 * The authorizations of a list, in batches.
 *
 * @param options.isWanted fields of the given one can be of any type.
 * @throws {TokenError} `bad-response`.
 */
export function authorizationsIn(
  response: ArrivingResponse,
  { includeToken, isWanted }: { includeToken: boolean; isWanted?: (found: Authorization) => boolean },
): AsyncGenerator<Authorization[]> {
  return readLongList(response, "authorizations", (element, piece) => {
    if (!hasId(element)) return undefined;
    // Most are not wanted, and it takes longer to read one than to parse it.
    if (isWanted && !piece.conceal && !isWanted(element)) return null;
    const found = readToken(element, TEXTS, { includeToken, piece });
    return found && isWanted && piece.conceal && !isWanted(found) ? null : found;
  });
}

/** @throws {TokenError} `bad-response` if the answer shows no authorization. */
export function authorizationIn(response: ApiResponse, options?: { includeToken: boolean }): Authorization {
  const { json, piece } = parseBody(response);
  const found = readToken(json, TEXTS, { ...options, piece });
  if (found === undefined) throw badResponse(response, "the answer shows no authorization");
  return found;
}

const NOT_FOUND = "authorization not found";

/** What is gone if the authorization exists but is not shown: its user or its organization. */
export function hiddenBy(response: Answer): "user" | "organization" | undefined {
  if (response.status !== 404) return undefined;
  const [, gone] = /^(user|organization) not found$/.exec(messageOf(response)) ?? [];
  return gone as "user" | "organization" | undefined;
}

/** Whether InfluxDB itself refuses: its errors have a word as their code, those of a proxy have none or another. */
export function isRefusalOfApi({ status, error }: Answer): boolean {
  return (
    (status === 401 && error?.code === "unauthorized") || (status === 403 && error?.code === "forbidden")
  );
}

export function isUnknownAuthorization(response: Answer): boolean {
  return response.status === 404 && messageOf(response) === NOT_FOUND;
}

/**
 * What an error of this API means, as seen on InfluxDB OSS 2.9 and documented for Cloud; 401 has three meanings.
 */
function meaningOf(response: Answer): Meaning | undefined {
  const { status, call } = response;
  const message = messageOf(response);
  if (isRefusalOfApi(response)) return meaningOfRefusal(response, message);
  if (status === 400 && message === "unable to create token") {
    return {
      code: "not-found",
      words: "no such org or user",
      reason: "there is no such organization or no such user. Check whose the new authorization is to be.",
    };
  }
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
  // The message is cut if the name is long.
  const kind = /^(user|organization) .*(not found|…)$/.exec(message)?.[1];
  if (kind === undefined) return undefined;
  return {
    code: "not-found",
    words: kind === "user" ? "no such user" : "no such org",
    reason: `no ${kind} has the given name. Names are case-sensitive; check how it is written.`,
  };
}

/** Of a permission that the connection's token does not hold itself. */
const NOT_GRANTED = /^permission (\S+) is not allowed\b/;

/** What 401 and 403 mean if they come from InfluxDB itself. */
function meaningOfRefusal(response: Answer, message: string): Meaning {
  const { status } = response;
  const missing = /^\S+(?= is unauthorized$)/;
  if (status === 401 && missing.test(message)) {
    const [permission = "for this"] = missing.exec(toldBy(response)) ?? [];
    return {
      code: "unauthorized",
      words: "no permission",
      reason: `the connection's token lacks the permission ${permission}. Give it a token with this permission.`,
    };
  }
  if (status === 401 && message === "token is inactive") {
    return {
      code: "unauthorized",
      words: "token inactive",
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
  if (NOT_GRANTED.test(message)) {
    const [, permission = "one of the permissions"] = NOT_GRANTED.exec(toldBy(response)) ?? [];
    return {
      code: "forbidden",
      words: "cannot grant",
      reason:
        `the connection's token cannot grant ${permission}, because it does not hold that itself. ` +
        "Ask for less, or give the connection a token that holds it.",
    };
  }
  if (message === "User is inactive") {
    return {
      code: "forbidden",
      words: "user inactive",
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
