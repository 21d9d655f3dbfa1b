import * as z from "zod";
import { badResponse } from "./answers.js";
import { TokenError, type TokenErrorCode } from "./errors.js";
import { retryAfterOf, type Answer } from "./http.js";

/** What an answer means to the API that gave it. */
export interface Meaning {
  code: TokenErrorCode;
  /** Why, and what to do about it. */
  reason: string;
  /** True where every further request of the connection would be refused alike. */
  fatal?: boolean;
}

/** Errors of InfluxData's APIs; `code` is a word in `/api/v2` and a number in the Management API. */
const ServerError = z.object({ message: z.string() });

/** The body of an error where it has this shape, by which an API is told from what lies before it. */
export function errorBody<T>({ text }: Answer, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The message of the server's own error, or "" where the answer is not one. */
export function messageOf(answer: Answer): string {
  return errorBody(answer, ServerError)?.message ?? "";
}

/**
 * An answer that is no success, as an error.
 *
 * @param own what it means to the API in particular, where it does; otherwise its status says what it means.
 */
export function refusal(answer: Answer, own?: Meaning): TokenError {
  const meaning = own ?? meaningOfStatus(answer);
  if (meaning === undefined) return badResponse(answer, "the answer is none of InfluxDB's");
  const { status, attempts, call } = answer;
  const retryAfter = retryAfterOf(answer);
  return new TokenError(meaning.code, meaning.reason, {
    task: call.task,
    statusCode: status,
    retryAfter,
    fatal: meaning.fatal ?? false,
    ...(attempts > 1 && { attempts }),
    cause: { statusCode: status, message: messageOf(answer), retryAfter },
  });
}

function meaningOfStatus(answer: Answer): Meaning | undefined {
  const { status, attempts, call } = answer;
  const tried = attempts > 1 ? ` after ${attempts} tries` : "";
  const said = quoted(messageOf(answer));
  // InfluxDB says why; a server that expects TLS, or what lies before one, says it in its own way.
  if ((status === 400 || status === 422) && said !== "") {
    return {
      code: call.method === "GET" ? "invalid-filter" : "invalid-id",
      reason: `the server takes the request for invalid${said}. Check the values that the node was given.`,
    };
  }
  if (status === 403) {
    return {
      code: "forbidden",
      reason:
        said === ""
          ? "the server, or something before it, forbids it. Check the URL and the proxies and firewalls on the way."
          : "the server forbids it. Check the permissions of the connection's token.",
    };
  }
  if (status === 409) return { code: "conflict", reason: `the server reports a conflict${said}. Try again.` };
  if (status === 429) {
    const seconds = retryAfterOf(answer);
    const wait = seconds === undefined ? "Try again later" : `Try again in ${seconds} s`;
    return {
      code: "rate-limited",
      reason: `too many requests${tried}. ${wait}, or lower the parallel requests of the connection.`,
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
      reason: `the server redirects to another address (status ${status}), to which the token is not sent. Check the URL.`,
    };
  }
  return undefined;
}

/** The server's own words, shortened. They name permissions, ids and fields, never a token. */
function quoted(message: string): string {
  return message === "" ? "" : ` ("${message.slice(0, 200)}")`;
}
