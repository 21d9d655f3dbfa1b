import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import { CollectedBytes } from "../text/collected-bytes.js";
import { createLimiter } from "../work/limiter.js";
import { clockComparison, readHttpDate, serverTime } from "./server-time.js";
import { createDispatcher } from "./dispatcher.js";
import { cancelled, kindOf, TokenError, type TokenErrorCode } from "../errors.js";
import { concealerOf, withoutSecrets } from "../text/secrets.js";
import { secretsOf } from "./proxy.js";
import { readApiError, type ApiError } from "./api-errors.js";

/** The options of `node:tls` that Node-RED's TLS configuration sets. */
export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  pfx?: Buffer;
  passphrase?: string;
  servername?: string;
  rejectUnauthorized?: boolean;
  ALPNProtocols?: string[];
}

export interface HttpOptions {
  /** Base URL of the server; a path prefix is kept. */
  url: URL;
  /** Value of the Authorization header, such as `Token …`. */
  authorization: string;
  /** Seconds that one try may take, from connecting to the last byte. */
  timeout: number;
  /** How often a failed call is tried again. */
  retries: number;
  /** How many requests may be under way at once, over all that share this client. */
  parallel: number;
  /** TLS options of the server (CA, client certificate, server name, …). */
  tls?: TlsOptions | undefined;
  /** The HTTP proxy that all requests go through, with its credentials. The environment does not count. */
  proxy?: URL | undefined;
  /** Told, once, that the server's clock and ours differ. */
  warn?: ((text: string) => void) | undefined;
}

/** How the work of a call is followed and ended. */
export interface Watch {
  /** Ends the call. */
  signal?: AbortSignal | undefined;
  /** Told of each further try. */
  onRetry?: (() => void) | undefined;
}

export interface ApiCall {
  /** What the call is for, to complete "Cannot …": `delete authorization 0a1b…`. */
  task: string;
  method: "GET" | "PATCH" | "DELETE";
  /** Path segments below the base URL; each is encoded. */
  path: readonly string[];
  query?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** True where a success is a list, which can be long. */
  isList?: boolean;
  watch?: Watch | undefined;
}

interface AttemptResponse {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of an answer with status 200; it is empty otherwise. */
  body: readonly Buffer[];
  /** What any other answer says, where its body is an error of InfluxData's APIs. */
  error: ApiError | undefined;
}

export interface ApiResponse extends AttemptResponse {
  call: ApiCall;
  /** How often the request was sent. */
  attempts: number;
  /** True where an earlier try may have taken effect on the server although its answer was lost. */
  mayBeRepeated: boolean;
  /** What takes the connection's token out of texts, where this text of the answer holds it. */
  concealer(text: string): Conceal | undefined;
}

/** Puts "…" in place of the connection's token, as it is and as in a URL. */
export type Conceal = (text: string) => string;

/** What is told of a change that was made. */
export interface Done {
  /** How often the request was sent. */
  attempts: number;
}

export interface Http {
  /**
   * Sends a call and gives the server's answer, whatever its status. Every call of this package sets absolute
   * values or deletes by id, so all may be repeated: 429, 502, 503, 504 and lost connections are tried again.
   *
   * @throws {TokenError} `network`, `tls`, `timeout`, `cancelled` where there was no answer; `invalid-id` where the
   *   path holds what cannot be sent in one.
   */
  send(call: ApiCall): Promise<ApiResponse>;
  /**
   * The server's time, in milliseconds since 1970 and to the second, by whatever it answers; ours where it does not
   * answer once and soon. It never fails.
   */
  now(signal?: AbortSignal): Promise<number>;
  /** Ends all that is under way (those calls meet `cancelled`) and closes every socket. */
  close(): Promise<void>;
}

const RETRIED = new Set([429, 502, 503, 504]);
/** Answers of a gateway that has passed the request on: the server behind it may have done its work. */
const LOST_BEHIND_GATEWAY = new Set([502, 504]);
/** Bytes of a list; one of a million authorizations is twice as long. */
const LONGEST_ANSWER = 256 * 1024 * 1024;
/** Bytes of one token; they are parsed in one go. One with thousands of permissions is as long. */
export const LONGEST_TOKEN = 512 * 1024;
/** Bytes of an error; what comes after them is not waited for. */
const LONGEST_ERROR = 64 * 1024;
/** Milliseconds to wait for an answer that tells nothing but the time. */
const LONGEST_LOOK = 5000;
const FIRST_PAUSE = 0.25;
const LONGEST_PAUSE = 30;
/** Seconds after the first try of a call in which another may begin. */
const LONGEST_CALL = 120;

/**
 * An HTTP client for one connection: one pool of sockets, one limiter of parallel requests.
 */
export function createHttp(options: HttpOptions): Http {
  const sockets = new Set<Socket>();
  const dispatcher = createDispatcher(options, sockets);
  // Each call tells it.
  dispatcher.catch(() => undefined);
  const inTurn = createLimiter(options.parallel);
  const compareClocks = clockComparison(options.warn ?? (() => undefined));
  const token = options.authorization.replace(/^\S+ /, "");
  const concealer = concealerOf(token);
  // A proxy can echo what it was sent as well.
  const secrets = [token, ...secretsOf(options.proxy)];
  let isClosed = false;
  const { origin, pathname } = options.url;
  const prefix = pathname.replace(/\/+$/, "");
  // undici writes each character of a header as one byte, and servers compare the bytes of a token in UTF-8.
  const authorization = Buffer.from(options.authorization).toString("latin1");
  const plainHeaders = { authorization, accept: "application/json" };
  const jsonHeaders = { ...plainHeaders, "content-type": "application/json" };

  /** When the server may be asked again, after it has complained of too many requests; by `performance.now()`. */
  let openFrom = 0;
  /** Ends each try, and each pause, that is under way. */
  const cancels = new Set<() => void>();

  // undici's own RetryAgent is not used. It waits on a timer that outlives an abort, and as long for all; a body
  // that is cut short it asks for in parts, which InfluxDB does not have; and it tells neither how often it tried
  // nor whether an earlier try may have reached the server, which decides what a 404 means.
  async function sendWithRetries(call: ApiCall): Promise<ApiResponse> {
    const target = targetOf(prefix, call);
    const { signal, onRetry } = call.watch ?? {};
    const way = await dispatcher;
    const isEnded = () => isClosed || signal?.aborted;
    const lastStart = performance.now() + LONGEST_CALL * 1000;
    let last: ApiResponse | TokenError | undefined;
    let mayBeRepeated = false;
    for (let attempts = 1; ; attempts++) {
      // Others may put it off further meanwhile.
      while (openFrom > performance.now() && !isEnded())
        await pause(Math.max(0, openFrom - performance.now()), signal);
      if (isEnded()) throw cancelled(call.task, attempts - 1, underWay(call));
      if (last && performance.now() > lastStart) return answerOrThrow(last);
      if (attempts > 1) onRetry?.();

      const reply = await sendOnce(call, target, way);
      if (reply instanceof FailedAttempt && reply.error instanceof Cancelled) {
        throw cancelled(call.task, attempts - (reply.wasSent ? 0 : 1), underWay(call));
      }
      const result =
        reply instanceof FailedAttempt
          ? transportError(call, reply, attempts, options.timeout, secrets)
          : { ...reply, call, attempts, mayBeRepeated, concealer };
      if (!mayTryAgain(result)) return answerOrThrow(result);
      const wait = 1000 * pauseBefore(attempts, result);
      // Too many requests are too many for all of the connection, not for this call alone.
      if (isTooMany(result)) openFrom = Math.max(openFrom, performance.now() + wait);
      if (attempts > options.retries || performance.now() + wait > lastStart) return answerOrThrow(result);
      mayBeRepeated ||=
        reply instanceof FailedAttempt ? mayHaveArrived(reply) : LOST_BEHIND_GATEWAY.has(reply.status);
      last = result;
      await pause(wait, signal);
    }
  }

  /**
   * One try, which ends with the answer, the time limit, the signal or the client. It dispatches rather than to
   * call undici's `request`: without a stream and an abort signal for each answer it takes half the time.
   *
   * @param longest milliseconds.
   */
  function sendOnce(
    { method, body: sent, isList, watch }: ApiCall,
    target: string,
    way: Dispatcher,
    longest = options.timeout * 1000,
  ): Promise<AttemptResponse | FailedAttempt> {
    return new Promise((resolve) => {
      let request: Dispatcher.DispatchController | undefined;
      let failure: Error | undefined;
      let status = 0;
      let headers: AttemptResponse["headers"] = {};
      let most = LONGEST_ERROR;
      const body = new CollectedBytes();

      const timer = setTimeout(() => fail(new TimedOut()), longest);
      const cancel = () => fail(new Cancelled());
      watch?.signal?.addEventListener("abort", cancel);
      cancels.add(cancel);
      function end() {
        clearTimeout(timer);
        watch?.signal?.removeEventListener("abort", cancel);
        cancels.delete(cancel);
      }
      function fail(error: Error) {
        end();
        failure = error;
        resolve(new FailedAttempt(error, request !== undefined));
        request?.abort(error);
      }
      function succeed() {
        end();
        const blocks = body.blocks();
        const reply =
          status === 200
            ? { body: blocks, error: undefined }
            : { body: [], error: readApiError(Buffer.concat(blocks).toString(), secrets) };
        resolve({ status, headers, ...reply });
      }

      way.dispatch(
        {
          origin,
          path: target,
          method,
          headers: sent === undefined ? plainHeaders : jsonHeaders,
          body: sent === undefined ? null : JSON.stringify(sent),
        },
        {
          // Called when there is a connection, just before the request is written to it.
          onRequestStart(controller) {
            if (failure) controller.abort(failure);
            else request = controller;
          },
          onResponseStart(_, code, fields) {
            status = code;
            headers = fields;
            if (status === 200) most = isList ? LONGEST_ANSWER : LONGEST_TOKEN;
            // Not of an error, which can be a proxy's.
            if (status < 300) compareClocks({ headers });
          },
          onResponseData(controller, chunk) {
            if (body.length + chunk.length <= most) {
              body.add(chunk);
              return;
            }
            const error = new TooLong();
            if (status === 200) {
              fail(error);
            } else {
              // Its status says what there is to know.
              succeed();
              controller.abort(error);
            }
          },
          onResponseEnd() {
            succeed();
          },
          onResponseError(_, error) {
            fail(error);
          },
        },
      );
    });
  }

  /**
   * Milliseconds, or less where the call or the client is ended meanwhile. `AbortSignal.any` would be shorter, but on
   * Node 20 it leaves something behind at each call.
   */
  function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        cancels.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      signal?.addEventListener("abort", wake);
      cancels.add(wake);
      if (isClosed || signal?.aborted) wake();
    });
  }

  async function now(signal?: AbortSignal): Promise<number> {
    const call: ApiCall = { task: "ask for the time", method: "GET", path: ["api", "v0"], watch: { signal } };
    const way = await dispatcher.catch(() => undefined);
    if (way === undefined || isClosed || signal?.aborted) return Date.now();
    const reply = await sendOnce(
      call,
      targetOf(prefix, call),
      way,
      Math.min(options.timeout * 1000, LONGEST_LOOK),
    );
    if (reply instanceof FailedAttempt) return Date.now();
    compareClocks(reply);
    return serverTime(reply);
  }

  return {
    now: (signal) => inTurn(() => now(signal)),
    // The place in the queue is kept through the retries of a call: a server that is in trouble gets fewer
    // requests, not others.
    send: (call) => inTurn(() => sendWithRetries(call)),
    async close() {
      isClosed = true;
      for (const cancel of cancels) cancel();
      await dispatcher.then((way) => way.destroy());
      // undici leaves those alone that are still connecting.
      for (const socket of sockets) socket.destroy();
    },
  };
}

function underWay({ method }: ApiCall): string {
  const effect = method === "GET" ? "" : " and may have taken effect; list the tokens to see";
  return `The request was under way${effect}.`;
}

/** A try without an answer. */
class FailedAttempt {
  constructor(
    readonly error: Error,
    /** False where there was no connection to send it through. */
    readonly wasSent: boolean,
  ) {}
}
class Cancelled extends Error {}
class TimedOut extends Error {}
class TooLong extends Error {}

/** Path and query. */
function targetOf(prefix: string, { path, query }: ApiCall): string {
  const search = new URLSearchParams(query).toString();
  return [prefix, ...path.map(segment)].join("/") + (search === "" ? "" : `?${search}`);
}

/**
 * @throws {TokenError} `invalid-id` for what no encoding makes a segment: nothing, halves of characters, and dots,
 *   which name the folder itself or the one above, also as `%2e`.
 */
function segment(text: string): string {
  if (/^\.{0,2}$|\p{Surrogate}/u.test(text)) {
    throw new TokenError("invalid-id", `${kindOf(text)} cannot be part of a URL's path. Nothing was sent.`);
  }
  return encodeURIComponent(text);
}

function mayTryAgain(result: ApiResponse | TokenError): boolean {
  return result instanceof TokenError ? result.code === "network" : RETRIED.has(result.status);
}

function answerOrThrow(result: ApiResponse | TokenError): ApiResponse {
  if (result instanceof TokenError) throw result;
  return result;
}

function isTooMany(result: ApiResponse | TokenError): boolean {
  return !(result instanceof TokenError) && result.status === 429;
}

/** Seconds to wait: what the server asks for, up to a cap; otherwise twice as long each time, with jitter. */
function pauseBefore(attempts: number, result: ApiResponse | TokenError): number {
  const asked = result instanceof TokenError ? undefined : retryAfterOf(result);
  const backoff = FIRST_PAUSE * 2 ** (attempts - 1) * (0.5 + Math.random() / 2);
  return Math.min(Math.max(asked ?? 0, backoff), LONGEST_PAUSE);
}

/** Seconds, as RFC 9111 has them. */
const LONGEST_WISH = 2 ** 31;

/** The `Retry-After` header in seconds (RFC 9110, 10.2.3: a number of seconds or a date). */
export function retryAfterOf(answer: Pick<ApiResponse, "headers">): number | undefined {
  const header = String(answer.headers["retry-after"] ?? "").trim();
  // So many that they cannot be counted are "infinity" (RFC 9111, 1.2.2), which would be null in JSON.
  if (/^\d+$/.test(header)) return Math.min(Number(header), LONGEST_WISH);
  const date = readHttpDate(header);
  if (Number.isNaN(date)) return undefined;
  return Math.min(Math.max(0, Math.ceil((date - serverTime(answer)) / 1000)), LONGEST_WISH);
}

/** A proxy that refuses has got the request, and the server behind it has not. */
function isRefusedByProxy(error: Error): boolean {
  return /proxy/i.test(error.message);
}

function mayHaveArrived({ wasSent, error }: FailedAttempt): boolean {
  return wasSent && !isRefusedByProxy(error);
}

/** Codes of failures that every further request would meet as well. */
const UNREACHABLE = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** Own words for the failures of the network that people meet; the key is the code of Node or undici. */
const NETWORK_REASONS: Record<string, string> = {
  ECONNREFUSED:
    "the connection was refused. Check that the server (or the proxy) runs, and host and port of its URL.",
  ENOTFOUND: "the host is unknown. Check the URL (or the proxy) in the connection.",
  EAI_AGAIN: "the name of the host could not be looked up. Check the network and its DNS.",
  EHOSTUNREACH: "the host cannot be reached. Check the network and the URL.",
  ENETUNREACH: "the network cannot be reached. Check the network.",
  ECONNRESET: "the connection was lost. Check the server and what lies before it, then try again.",
  UND_ERR_SOCKET: "the connection was lost. Check the server and what lies before it, then try again.",
};

const TLS_REASONS: Record<string, string> = {
  CERT_HAS_EXPIRED: "the server's certificate has expired. Renew it on the server.",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet. Check the clocks.",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another host. Check the host of the URL.",
  ERR_SSL_WRONG_VERSION_NUMBER:
    "the server does not speak TLS at this port. Is it http:// rather than https://?",
};
const NO_TLS =
  "server and client agree on none. Check the versions of TLS that the server allows, and what is in front of it.";
const ABOUT_CA = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;
const UNKNOWN_CA =
  "the server's certificate is not signed by a known authority. Give its CA in the connection's TLS configuration.";

function transportError(
  call: ApiCall,
  lost: FailedAttempt,
  attempts: number,
  timeout: number,
  secrets: readonly string[],
): TokenError {
  const { code = "", message }: NodeJS.ErrnoException = lost.error;
  const tried = attempts > 1 ? ` It was tried ${attempts} times.` : "";
  const maybe =
    call.method === "GET" || !mayHaveArrived(lost) ? "" : " The server may have carried it out all the same.";
  const fail = (kind: TokenErrorCode, reason: string, fatal = false) =>
    new TokenError(kind, reason + tried, {
      task: call.task,
      cause: { code, message: withoutSecrets(message, secrets) },
      fatal,
      ...(attempts > 1 && { attempts }),
    });

  if (lost.error instanceof TimedOut || code.endsWith("_TIMEOUT") || code === "ETIMEDOUT") {
    return fail(
      "timeout",
      `no answer within ${timeout} s.${maybe} Check the server, or raise the timeout in the connection.`,
      !lost.wasSent,
    );
  }
  if (lost.error instanceof TooLong) {
    return fail(
      "bad-response",
      call.isList
        ? "the answer is longer than 256 MB. Narrow the list by a user or an organization."
        : "the answer is longer than 512 KB, and no token is. Check that the connection's URL leads to InfluxDB's API.",
    );
  }
  if (/^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_)|^EPROTO$/.test(code)) {
    return fail(
      "tls",
      `no secure connection: ${TLS_REASONS[code] ?? (ABOUT_CA.test(code) ? UNKNOWN_CA : NO_TLS)}`,
      true,
    );
  }
  const reason = NETWORK_REASONS[code];
  if (reason === undefined && isRefusedByProxy(lost.error)) {
    return fail(
      "network",
      "the proxy did not pass the request on. Check the proxy's address and credentials.",
    );
  }
  return fail(
    "network",
    (reason ?? "the network failed. Check the network and the URL.") + maybe,
    UNREACHABLE.has(code),
  );
}
