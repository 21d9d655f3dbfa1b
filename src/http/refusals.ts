import { badResponse } from "./responses.js";
import type { TokenErrorCode } from "../error-codes.js";
import { TokenError } from "../errors.js";
import type { Answer } from "./call.js";
import { retryAfterSeconds } from "./retries.js";

/** What an answer means to the API that gave it. */
export interface Meaning {
  code: TokenErrorCode;
  /** What is wrong in particular, if the words of the code are not exact. */
  words?: string;
  /** Why, and what to do about it. */
  reason: string;
  /** True if every further request of the connection would be refused alike. */
  fatal?: boolean;
}

/** The message of the server's own error, to be compared, or "" if the answer is not one. */
export function messageOf({ error }: Answer): string {
  return error?.message ?? "";
}

/** The same, safe to show. */
export function toldBy({ error }: Answer): string {
  return error?.told ?? "";
}

/**
 * An answer that is not a success, as an error.
 *
 * @param own what it means to the API in particular. Without it, the status says what it means.
 */
export function refusal(response: Answer, own?: Meaning): TokenError {
  const meaning = own ?? meaningOfStatus(response);
  if (meaning === undefined) return badResponse(response, "the answer is not one that InfluxDB gives");
  const { status, attempts, call } = response;
  const retryAfter = retryAfterSeconds(response);
  const told = toldBy(response);
  return new TokenError(meaning.code, meaning.reason, {
    words: meaning.words,
    task: call.task,
    statusCode: status,
    retryAfter,
    fatal: meaning.fatal ?? false,
    ...(attempts > 1 && { attempts }),
    cause: { message: `status ${status}${told && `: ${told}`}`, statusCode: status, retryAfter },
  });
}

function meaningOfStatus(response: Answer): Meaning | undefined {
  const { status, attempts, call } = response;
  const tried = attempts > 1 ? ` after ${attempts} tries` : "";
  const said = quoted(toldBy(response));
  // InfluxDB says why; a server that expects TLS, or a gateway, has no message of this form.
  if ((status === 400 || status === 422) && said !== "") {
    return {
      code: REJECTED[call.method],
      words: "request rejected",
      reason: `the server rejects the request${said}. Check the values that the node was given.`,
    };
  }
  const unsigned = UNSIGNED[status];
  if (unsigned) {
    const { code, words, fatal, check } = unsigned;
    const from = "so it may come from a proxy, a gateway or a login page before the server";
    return {
      code,
      words,
      fatal,
      reason: `status ${status} came without an error of InfluxDB's own, ${from}. ${check}`,
    };
  }
  if (status === 409) return { code: "conflict", reason: `the server reports a conflict${said}. Try again.` };
  if (status === 429) {
    const seconds = retryAfterSeconds(response);
    const wait = seconds === undefined ? "Try again later" : `Try again in ${seconds} s`;
    return {
      code: "rate-limited",
      reason: `the server takes no more for now${tried}. ${wait}.`,
    };
  }
  if (status >= 500) {
    return {
      code: "unavailable",
      reason: `the server failed with status ${status}${tried}${said}. Check the server, then try again.`,
    };
  }
  if (status >= 300 && status < 400) {
    return {
      code: "bad-response",
      words: "server redirects",
      reason: `it is sent on to another address (status ${status}), to which the token is not sent. Check the URL.`,
    };
  }
  return undefined;
}

/** What was given wrongly. */
const REJECTED = {
  GET: "invalid-filter",
  POST: "invalid-config",
  PATCH: "invalid-id",
  DELETE: "invalid-id",
} as const satisfies Record<Answer["call"]["method"], TokenErrorCode>;

/**
 * Statuses that InfluxDB itself gives with an error of its own, which has a meaning to the API that gave it. They say
 * what to check if there is none.
 */
const UNSIGNED: Partial<Record<number, Required<Omit<Meaning, "reason">> & { check: string }>> = {
  401: {
    code: "unauthorized",
    words: "refused on the way",
    fatal: true,
    check: "Check the connection's URL and what lies before the server, then the connection's token.",
  },
  403: {
    code: "forbidden",
    words: "refused on the way",
    fatal: true,
    check:
      "Check the connection's URL and what lies before the server, then the permissions of the connection's token.",
  },
  404: {
    code: "bad-response",
    words: "not InfluxDB's API",
    fatal: false,
    check: "Check that the connection's URL leads to InfluxDB's API, then what lies before the server.",
  },
  407: {
    code: "network",
    words: "proxy refused",
    fatal: true,
    check: "Check the proxy's address and credentials.",
  },
};

/** The server's own words, shortened. They name permissions, ids and fields, never a token. */
function quoted(message: string): string {
  return message === "" ? "" : ` ("${message.slice(0, 200)}")`;
}
