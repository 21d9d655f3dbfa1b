import { systemClock, type Clock } from "../clock.js";
import { factsOf } from "../error-codes.js";
import { FailedAttempt, TimedOut, type AttemptResponse } from "./attempt.js";
import type { ApiCall, ApiResponse } from "./call.js";
import type { Sign } from "./parallelism.js";
import { readHttpDate, serverTime } from "./server-time.js";
import { mayHaveArrived, transportErrorCode } from "./transport-errors.js";

const TOO_MANY_REQUESTS = 429;
const UNAVAILABLE = 503;
const RETRIED = new Set([TOO_MANY_REQUESTS, 502, UNAVAILABLE, 504]);
/** What InfluxDB 3 says of a token that it does not accept, since 3.8. */
export const NOT_AUTHENTICATED = "the request was not authenticated";
/** Statuses of a gateway that has passed the request on: the server behind it may have done its work. */
const LOST_BEHIND_GATEWAY = new Set([502, 504]);
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;

type Result = AttemptResponse | FailedAttempt;

/** Whether the call allows another attempt after this result. */
export function mayTryAgain({ repeat }: Pick<ApiCall, "repeat">, result: Result): boolean {
  if (result instanceof FailedAttempt) {
    return (
      factsOf(transportErrorCode(result)).isRetried === true && (repeat === "safe" || !mayHaveArrived(result))
    );
  }
  if (repeat === "safe") return RETRIED.has(result.status);
  return isTooMany(result) || (repeat === "if-refused" && result.status === UNAVAILABLE);
}

/** Whether the server may have done what was asked, although this result does not say so. */
export function mayHaveTakenEffect(result: FailedAttempt | Pick<AttemptResponse, "status">): boolean {
  return result instanceof FailedAttempt ? mayHaveArrived(result) : LOST_BEHIND_GATEWAY.has(result.status);
}

/**
 * Whether InfluxDB itself refuses the token: it has done nothing then. Its errors have a word as their code, or a number
 * in the Management API, and InfluxDB 3 has one text; a proxy that refuses the request has none.
 */
export function isTokenRefused({ status, error }: Pick<ApiResponse, "status" | "error">): boolean {
  if (status !== 401 || error === undefined) return false;
  return error.code === "unauthorized" || Number.isInteger(error.code) || error.message === NOT_AUTHENTICATED;
}

/** Whether the server complains of too many requests. */
export function isTooMany(result: Result): boolean {
  return !(result instanceof FailedAttempt) && result.status === TOO_MANY_REQUESTS;
}

/** What a result tells of how much the server can take; of a lost connection nobody knows why. */
export function signOf(result: Result, latencyMs: number | undefined): Sign {
  if (result instanceof FailedAttempt) return result.error instanceof TimedOut ? "overloaded" : undefined;
  if (isTooMany(result)) return "refused";
  if (RETRIED.has(result.status)) return "overloaded";
  // A server that fails does so fast.
  return result.status >= 500 ? undefined : latencyMs;
}

/**
 * How long to wait before another attempt: what the server asks for, up to half a minute; otherwise twice as long each
 * time, with jitter.
 *
 * @param attempts how many were made.
 */
export function retryDelayMs(attempts: number, result: Result, clock: Clock = systemClock): number {
  const asked = result instanceof FailedAttempt ? undefined : retryAfterSeconds(result, clock);
  const backoff = FIRST_DELAY_MS * 2 ** (attempts - 1) * (0.5 + clock.random() / 2);
  return Math.min(Math.max(1000 * (asked ?? 0), backoff), LONGEST_DELAY_MS);
}

/** What stands for any larger number of seconds (RFC 9111, 1.2.2). */
const LONGEST_WISH_SECONDS = 2 ** 31;

/** The `Retry-After` header in seconds (RFC 9110, 10.2.3: a number of seconds, or a date); undefined if neither. */
export function retryAfterSeconds(
  { headers }: Pick<ApiResponse, "headers">,
  clock: Clock = systemClock,
): number | undefined {
  const header = String(headers["retry-after"] ?? "").trim();
  // A number that is too large becomes Infinity, which would be null in JSON.
  if (/^\d+$/.test(header)) return Math.min(Number(header), LONGEST_WISH_SECONDS);
  const date = readHttpDate(header);
  if (Number.isNaN(date)) return undefined;
  const seconds = Math.ceil((date - serverTime({ headers }, clock)) / 1000);
  return Math.min(Math.max(0, seconds), LONGEST_WISH_SECONDS);
}
