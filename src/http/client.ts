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
  LONGEST_SHORT_LIST,
  LONGEST_TOKEN,
  isShown,
  type AttemptResponse,
} from "./attempt.js";
import type { ArrivingBody } from "./arriving-body.js";
import type { ApiCall, ApiResponse, ArrivingResponse } from "./call.js";
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
  /** Bytes that a list may have; {@link LONGEST_LIST}, or {@link LONGEST_SHORT_LIST} if it is read in one go, unless given. */
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
   * Sends a call for a list and reads the response while it arrives. If that is cut, it is sent again as {@link send}
   * does, and read anew; but not if the reader has made another error of it, because it has handed on what it had read.
   *
   * The request counts as under way until its body has come to its end, or the reader has: a reader must not wait for
   * another call of the same client before. Time in which it reads nothing counts for no limit.
   *
   * @param read called with each response; what it leaves of the body is given up.
   * @throws {TokenError} what {@link send} and `read` throw.
   */
  stream<R>(call: ApiCall, read: (response: ArrivingResponse) => Promise<R>): Promise<R>;
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

/** Of all connections in this process that find out how many. */
const callsInAll = { underWay: 0 };

/** An HTTP client for one connection: one pool of sockets, one limiter of parallel requests. */
export function createHttp(options: HttpOptions): Http {
  const { clock = systemClock, longestList } = options;
  const timeoutMs = 1000 * options.timeoutSeconds;
  const sockets = new Set<Socket>();
  const dispatcher = createDispatcher(options, sockets);
  // Each call meets the failure.
  dispatcher.catch(() => undefined);
  const parallelism =
    options.parallel === "auto" ? findParallelism(clock, callsInAll) : fixedParallelism(options.parallel);
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
    if (cancellation.isOver(signal)) return;
    let start = pace.take();
    while (!cancellation.isOver(signal)) {
      // A refusal of another call meanwhile puts it off.
      if (pace.openFrom > start) start = pace.take();
      const waitMs = Math.max(pace.openFrom, start - TIMER_MS) - clock.steady();
      if (waitMs <= 0) return;
      await cancellation.pause(Math.ceil(waitMs), signal);
    }
    // A refusal has begun the places anew.
    if (start >= pace.openFrom) pace.giveBack();
  }

  // Why not undici's RetryAgent: docs/decisions/0002-own-retries.md.
  async function sendWithRetries(call: ApiCall): Promise<ApiResponse>;
  /** It ends with the request, when `read` may have work to do still. */
  async function sendWithRetries<R>(call: ApiCall, read: Reader<R>): Promise<{ reading: Promise<R> }>;
  async function sendWithRetries<R>(call: ApiCall, read?: Reader<R>) {
    let own = token.current();
    let mayRenew = call.token === undefined && !call.isAnonymous;
    const { isList = false, watch: { signal, onRetry } = {} } = call;
    const ofList = longestList ?? (read ? LONGEST_LIST : LONGEST_SHORT_LIST);
    const longest = isList ? ofList : LONGEST_TOKEN;
    const ofCall = [...(call.secrets ?? []), ...(call.token ? [call.token] : [])];
    const way = await dispatcher;
    const lastStart = clock.steady() + LONGEST_CALL_MS;
    const give = (response: ApiResponse) => (read ? { reading: read(response) } : response);
    let last: ApiResponse | TokenError | undefined;
    let mayBeRepeated = false;
    for (let attempts = 1; ; attempts++) {
      await untilOpen(signal);
      if (cancellation.isOver(signal)) throw cancelled(call.task, attempts - 1, underWay(call));
      if (last && clock.steady() > lastStart) return give(responseOrThrow(last));
      if (attempts > 1) onRetry?.();

      // One that cannot be made is not under way.
      const request = requestOf(call, own);
      const began = clock.steady();
      const ended = parallelism.begin();
      let latencyMs: number | undefined;
      let result = await attempt(way, request, {
        timeoutMs,
        longest,
        streams: read !== undefined,
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
      const failed = (failure: FailedAttempt) =>
        failure.error instanceof Cancelled
          ? cancelled(call.task, attempts - (failure.wasSent ? 0 : 1), underWay(call))
          : transportError(call, failure, { attempts, timeoutMs, longest, redactor: knowing });
      const responseTo = (given: AttemptResponse): ApiResponse => ({
        ...responseOf(given, knowing),
        ...{ call, attempts, mayBeRepeated, redactor: knowing },
      });
      if (read && "arriving" in result) {
        const end = await readArriving(result.arriving, responseTo(result), read, (why) =>
          failed(new FailedAttempt(why, true)),
        );
        if (!(end instanceof FailedAttempt)) return end;
        result = end;
      }
      if (result instanceof FailedAttempt) {
        last = failed(result);
        if (result.error instanceof Cancelled) throw last;
      } else {
        last = responseTo(result);
        if (mayRenew && isTokenRefused(last)) {
          mayRenew = false;
          const before = own;
          own = token.refresh();
          if (own !== before) continue;
        }
      }
      if (!mayTryAgain(call, result)) return give(responseOrThrow(last));
      const delayMs = retryDelayMs(attempts, result, clock);
      // Too many requests are too many for all of the connection, not for this call alone.
      if (isTooMany(result)) pace.refused(delayMs);
      if (attempts > options.retries || clock.steady() + delayMs > lastStart)
        return give(responseOrThrow(last));
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
    stream: async (call, read) =>
      (
        await inTurn(
          () => sendWithRetries({ ...call, isList: true }, read),
          cancellation.ends(call.watch?.signal),
        )
      ).reading,
    now: (signal) => inTurn(() => now(signal), cancellation.ends(signal)),
    // The place in the queue is kept through the retries of a call: a server that is in trouble gets fewer
    // requests, not others.
    send: (call) => inTurn(() => sendWithRetries(call), cancellation.ends(call.watch?.signal)),
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

function responseOf(
  { status, headers, body }: AttemptResponse,
  redactor: Redactor,
): Pick<ApiResponse, "status" | "headers" | "body" | "error" | "text"> {
  if (isShown(status)) return { status, headers, body, error: undefined, text: "" };
  const text = Buffer.concat(body).toString();
  return { status, headers, body: [], error: readApiError(text, redactor), text: shortText(text) };
}

type Reader<R> = (response: ArrivingResponse) => Promise<R>;

/**
 * Has an answer read while it arrives.
 *
 * @param cut makes the error that the reader meets if it is cut.
 * @returns once the request is over: the work of the reader, or why the answer is to be asked for anew.
 */
async function readArriving<R>(
  arriving: ArrivingBody,
  response: ApiResponse,
  read: Reader<R>,
  cut: (why: Error) => TokenError,
): Promise<{ reading: Promise<R> } | FailedAttempt> {
  let met: TokenError | undefined;
  const body = async function* () {
    try {
      yield* arriving;
    } catch (why) {
      throw (met = cut(why as Error));
    }
  };
  // A reader that throws at once has failed like any other.
  const reading = (async () => read({ ...response, body: body() }))();
  const giveUp = () => {
    arriving.giveUp();
  };
  reading.then(giveUp, giveUp);
  const why = await arriving.closed;
  if (why === undefined) return { reading };
  const error: unknown = await reading.catch((thrown: unknown) => thrown);
  // Of another error, the reader says what is to be told.
  return met !== undefined && error === met ? new FailedAttempt(why, true) : { reading };
}

function responseOrThrow(result: ApiResponse | TokenError): ApiResponse {
  if (result instanceof TokenError) throw result;
  return result;
}
