import type { Socket } from "node:net";
import { systemClock, type Clock } from "../clock.js";
import { cancelled, TokenError } from "../errors.js";
import { createRedactor, type Redactor } from "../text/redactor.js";
import { createLimiter } from "../work/limiter.js";
import { readApiError, shortText } from "./api-errors.js";
import {
  attempt,
  Cancelled,
  FailedAttempt,
  LONGEST_LIST,
  LONGEST_TOKEN,
  isShown,
  type AttemptResponse,
} from "./attempt.js";
import type { ApiCall, ApiResponse } from "./call.js";
import { createCancellation } from "./cancellation.js";
import { createDispatcher, type WayOptions } from "./dispatcher.js";
import { createPace } from "./pace.js";
import { findParallelism, fixedParallelism } from "./parallelism.js";
import { secretsOf } from "./proxy.js";
import { requestsTo, type Authorization } from "./requests.js";
import {
  isTokenRefused,
  isTooMany,
  mayHaveTakenEffect,
  mayTryAgain,
  retryDelayMs,
  signOf,
} from "./retries.js";
import { clockComparison, serverTime } from "./server-time.js";
import { transportError } from "./transport-errors.js";

export interface HttpOptions extends WayOptions {
  authorization: Authorization;
  /** How often a failed call is tried again. */
  retries: number;
  /** Bytes that a list may have; {@link LONGEST_LIST} unless given. */
  longestList?: number | undefined;
  /** Called once if the server's clock and ours differ. */
  warn?: ((text: string) => void) | undefined;
  clock?: Clock;
}

export interface Http {
  /** How many calls may be under way now; more of them wait. */
  readonly parallel: number;
  /**
   * Sends a call and gives the server's response, whatever its status. It is tried again as often as the options allow
   * and as {@link ApiCall.repeat} permits; no attempt begins later than two minutes after the first. It keeps the token
   * that it begins with; if InfluxDB refuses that, and there is a new one by then, it is sent once more with the new one.
   *
   * @throws {TokenError} `network`, `tls`, `timeout`, `cancelled` if there was no response; `bad-response` if it is too
   *   long; `invalid-id` if the path holds a segment that cannot be sent.
   * @example
   * const response = await http.send({
   *   task: `delete authorization ${id}`,
   *   method: "DELETE",
   *   repeat: "safe",
   *   path: ["api", "v2", "authorizations", id],
   * });
   * if (response.status !== 204) throw refusal(response);
   */
  send(call: ApiCall): Promise<ApiResponse>;
  /**
   * The server's time, in milliseconds since 1970 and to the second, from whatever it answers; ours if it does not
   * answer one request within five seconds. It never fails.
   */
  now(signal?: AbortSignal): Promise<number>;
  /** Ends all that is under way (those calls meet `cancelled`) and closes every socket. */
  close(): Promise<void>;
}

/** The longest wait for a response that tells only the time. */
const LONGEST_LOOK_MS = 5000;
/** What a timer is late by; an attempt that is due within it is sent at once. */
const TIMER_MS = 1;
/** How long after the first attempt of a call another may begin. */
const LONGEST_CALL_MS = 120_000;

/** An HTTP client for one connection: one pool of sockets, one limiter of parallel requests. */
export function createHttp(options: HttpOptions): Http {
  const { clock = systemClock, longestList = LONGEST_LIST } = options;
  const timeoutMs = 1000 * options.timeoutSeconds;
  const sockets = new Set<Socket>();
  const dispatcher = createDispatcher(options, sockets);
  // Each call meets the failure.
  dispatcher.catch(() => undefined);
  const parallelism =
    options.parallel === "auto" ? findParallelism(clock) : fixedParallelism(options.parallel);
  const inTurn = createLimiter(() => parallelism.most);
  const pace = createPace(clock);
  const cancellation = createCancellation();
  const compareClocks = clockComparison(options.warn ?? (() => undefined), clock);
  const { scheme, token } = options.authorization;
  const requestOf = requestsTo(options.url, scheme);
  // A proxy can echo what it was sent as well.
  const redactor = createRedactor([], secretsOf(options.proxy));

  function onHeaders(status: number, headers: ApiResponse["headers"]): void {
    // Not of an error, which can be a proxy's.
    if (status < 300) compareClocks({ headers });
  }

  /** Waits until an attempt may be sent: after a 429 not before the server wants it, and then not too many. */
  async function untilOpen(signal: AbortSignal | undefined): Promise<void> {
    let start = pace.take();
    while (!cancellation.isOver(signal)) {
      // A refusal of another call meanwhile puts it off.
      if (pace.openFrom > start) start = pace.take();
      const waitMs = Math.max(pace.openFrom, start - TIMER_MS) - clock.steady();
      if (waitMs <= 0) return;
      await cancellation.pause(Math.ceil(waitMs), signal);
    }
  }

  // Why not undici's RetryAgent: docs/decisions/0002-own-retries.md.
  async function sendWithRetries(call: ApiCall): Promise<ApiResponse> {
    let own = token.current();
    let mayRenew = call.token === undefined && !call.isAnonymous;
    const { isList = false, watch: { signal, onRetry } = {} } = call;
    const longest = isList ? longestList : LONGEST_TOKEN;
    const ofCall = [...(call.secrets ?? []), ...(call.token ? [call.token] : [])];
    const way = await dispatcher;
    const lastStart = clock.steady() + LONGEST_CALL_MS;
    let last: ApiResponse | TokenError | undefined;
    let mayBeRepeated = false;
    for (let attempts = 1; ; attempts++) {
      await untilOpen(signal);
      if (cancellation.isOver(signal)) throw cancelled(call.task, attempts - 1, underWay(call));
      if (last && clock.steady() > lastStart) return responseOrThrow(last);
      if (attempts > 1) onRetry?.();

      const began = clock.steady();
      const ended = parallelism.begin();
      let latencyMs: number | undefined;
      const result = await attempt(way, requestOf(call, own), {
        timeoutMs,
        longest,
        cancellation,
        signal,
        onHeaders(status, headers) {
          // A list takes as long as it is.
          if (!isList) latencyMs = clock.steady() - began;
          onHeaders(status, headers);
        },
      });
      ended(signOf(result, latencyMs));
      if (latencyMs !== undefined && !isTooMany(result)) pace.accepted();
      const knowing = redactor.knowing([...token.known(), ...ofCall]);
      if (result instanceof FailedAttempt) {
        if (result.error instanceof Cancelled)
          throw cancelled(call.task, attempts - (result.wasSent ? 0 : 1), underWay(call));
        last = transportError(call, result, { attempts, timeoutMs, longest, redactor: knowing });
      } else {
        last = { ...read(result, knowing), call, attempts, mayBeRepeated, redactor: knowing };
        if (mayRenew && isTokenRefused(last)) {
          mayRenew = false;
          const before = own;
          own = token.refresh();
          if (own !== before) continue;
        }
      }
      if (!mayTryAgain(call, result)) return responseOrThrow(last);
      const delayMs = retryDelayMs(attempts, result, clock);
      // Too many requests are too many for all of the connection, not for this call alone.
      if (isTooMany(result)) pace.refused(delayMs);
      if (attempts > options.retries || clock.steady() + delayMs > lastStart) return responseOrThrow(last);
      mayBeRepeated ||= mayHaveTakenEffect(result);
      await cancellation.pause(delayMs, signal);
    }
  }

  async function now(signal?: AbortSignal): Promise<number> {
    const way = await dispatcher.catch(() => undefined);
    if (way === undefined || cancellation.isOver(signal)) return clock.now();
    const response = await attempt(way, requestOf(LOOK, token.current()), {
      timeoutMs: Math.min(timeoutMs, LONGEST_LOOK_MS),
      cancellation,
      signal,
    });
    if (response instanceof FailedAttempt) return clock.now();
    compareClocks(response);
    return serverTime(response, clock);
  }

  return {
    get parallel() {
      return parallelism.most;
    },
    now: (signal) => inTurn(() => now(signal)),
    // The place in the queue is kept through the retries of a call: a server that is in trouble gets fewer
    // requests, not others.
    send: (call) => inTurn(() => sendWithRetries(call)),
    async close() {
      cancellation.end();
      await dispatcher.then((way) => way.destroy());
      // undici leaves sockets open that are still connecting.
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Any response tells the time. */
const LOOK: ApiCall = { task: "ask for the time", method: "GET", repeat: "safe", path: ["api", "v0"] };

function underWay({ method, isList }: ApiCall): string {
  const effect = method === "GET" || isList ? "" : " and may have taken effect; list the tokens to see";
  return `The request was under way${effect}.`;
}

function read(
  { status, headers, body }: AttemptResponse,
  redactor: Redactor,
): Pick<ApiResponse, "status" | "headers" | "body" | "error" | "text"> {
  if (isShown(status)) return { status, headers, body, error: undefined, text: "" };
  const text = Buffer.concat(body).toString();
  return { status, headers, body: [], error: readApiError(text, redactor), text: shortText(text) };
}

function responseOrThrow(result: ApiResponse | TokenError): ApiResponse {
  if (result instanceof TokenError) throw result;
  return result;
}
