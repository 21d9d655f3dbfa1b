/** What every simulated server has: it listens on 127.0.0.1, remembers its requests, and misbehaves on request. */
import { EventEmitter, once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { listen } from "./listen.js";

export interface SeenRequest {
  method: string;
  /** With its query string. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
  /** In place of it, a long one, which is made while it is sent. */
  parts?: Iterable<string | Buffer> | undefined;
}

/** What the next matching request meets instead of its answer. */
export interface Fault {
  method?: string;
  /** A string is the whole path, with or without its query string. */
  path?: RegExp | string;
  /** Of those, which requests meet it; default all. */
  when?: (request: SeenRequest) => boolean;
  /** How many requests meet it; default 1. */
  times?: number;
  /** Milliseconds before going on; by how many requests are under way, this one included, if it is a function. */
  delay?: number | ((underWay: number) => number);
  /**
   * With a status, a body or its parts, the fault is the answer, and the request has no effect. Headers alone are added.
   */
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  parts?: Iterable<string | Buffer>;
  /** Cuts the connection without an answer, before or after the request took effect. */
  drop?: "before" | "after";
  /** Takes the connection over after the request took effect; `answer` is all that would have been sent. */
  raw?: (socket: Socket, answer: Buffer) => void;
}

export interface Frame {
  readonly url: string;
  readonly port: number;
  /** Every request seen, in order. */
  readonly requests: SeenRequest[];
  /** Faults to come; a used one goes. */
  readonly faults: Fault[];
  /** The largest number of requests that were under way at once. */
  readonly mostAtOnce: number;
  /** How many connections are open at this moment. */
  readonly connections: number;
  /** Resolves as soon as so many requests have arrived since the start. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * A server that allows so many requests a second, and at first, or after as long a pause, as many at once (a token
 * bucket). The rest meets 429.
 *
 * @param retryAfter what its header says, in seconds; without it there is no header.
 */
export function tooMany(perSecond: number, retryAfter?: number, now = () => performance.now()): Fault {
  let left = perSecond;
  let since = now();
  const isTooMany = () => {
    const seconds = (now() - since) / 1000;
    left = Math.min(perSecond, left + seconds * perSecond);
    since += 1000 * seconds;
    if (left < 1) return true;
    left--;
    return false;
  };
  return {
    ...{ times: Infinity, when: isTooMany, status: 429 },
    headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
  };
}

/** Bytes of a request before its body: InfluxDB takes the name of a token in a path of 64 KB. */
const LONGEST_HEAD = 128 * 1024;

/**
 * @param respond what the server answers, if no fault does: nothing cuts the connection. The body of a request may be
 *   other than text.
 * @param port any free one by default.
 */
export async function startFrame(
  respond: (request: SeenRequest, body: Buffer) => Answer | undefined,
  port = 0,
): Promise<Frame> {
  const requests: SeenRequest[] = [];
  const faults: Fault[] = [];
  const closing = new AbortController();
  const arrivals = new EventEmitter();
  let underWay = 0;
  let mostAtOnce = 0;
  let connections = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { method = "", url = "", headers } = request;
    const seen = { method, path: url, headers, body: body.toString() };
    requests.push(seen);
    mostAtOnce = Math.max(mostAtOnce, ++underWay);
    response.once("close", () => underWay--);
    arrivals.emit("request");
    const fault = take(faults, seen);
    const delay = typeof fault?.delay === "function" ? fault.delay(underWay) : fault?.delay;
    if (delay) await wait(delay, undefined, { ref: false, signal: closing.signal });
    if (fault?.drop === "before") {
      response.destroy();
      return;
    }
    const isAnswer = (fault?.status ?? fault?.body ?? fault?.parts) !== undefined;
    const given = isAnswer
      ? { ...fault, status: fault?.status ?? 200, headers: fault?.headers ?? {} }
      : respond(seen, body);
    if (fault?.drop === "after" || given === undefined) {
      response.destroy();
      return;
    }
    if (fault?.raw) {
      fault.raw(request.socket, onTheWire(given));
      return;
    }
    response.statusCode = given.status;
    const sent = { ...given.headers, ...fault?.headers };
    for (const [name, value] of Object.entries(sent)) response.setHeader(name, value);
    if (given.parts) await pipeline(Readable.from(given.parts), response);
    else response.end(given.body);
  }

  const server = createServer({ maxHeaderSize: LONGEST_HEAD }, (request, response) => {
    // A request that was given up, and a server that is closing, have nobody to tell.
    handle(request, response).catch(() => response.destroy());
  });
  // As long as clients may want to keep a connection.
  server.keepAliveTimeout = 72_000;
  server.on("connection", (socket: Socket) => {
    connections++;
    socket.once("close", () => connections--);
  });
  const listening = await listen(server, port);

  return {
    url: `http://127.0.0.1:${listening}`,
    port: listening,
    requests,
    faults,
    get mostAtOnce() {
      return mostAtOnce;
    },
    get connections() {
      return connections;
    },
    arrived: async (count) => {
      while (requests.length < count) await once(arrivals, "request");
    },
    close: async () => {
      // First, so that a delayed request does not get an answer of sorts.
      server.closeAllConnections();
      closing.abort();
      if (server.listening) await new Promise<unknown>((closed) => server.close(closed));
    },
  };
}

/** The first fault that matches; one of its times is used up. */
function take(faults: Fault[], request: SeenRequest): Fault | undefined {
  const { method, path } = request;
  const index = faults.findIndex(
    (fault) =>
      (fault.method === undefined || fault.method.toUpperCase() === method) &&
      (fault.path === undefined ||
        (typeof fault.path === "string"
          ? [path, path.split("?")[0]].includes(fault.path)
          : fault.path.test(path))) &&
      (fault.when === undefined || fault.when(request)),
  );
  const fault = faults[index];
  if (!fault) return undefined;
  const left = (fault.times ?? 1) - 1;
  if (left > 0) fault.times = left;
  else faults.splice(index, 1);
  return fault;
}

/** An answer as bytes, and without what a server adds by itself besides the length. */
function onTheWire({ status, headers, body = "", parts = [body] }: Answer): Buffer {
  const content = Buffer.concat([...parts].map((part) => Buffer.from(part)));
  const isChunked = headers["transfer-encoding"] === "chunked";
  // One of 204 has neither a body nor a length.
  const all = status === 204 || isChunked ? headers : { ...headers, "content-length": content.length };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`HTTP/1.1 ${status} \r\n${lines.join("")}\r\n`);
  return Buffer.concat([head, isChunked ? chunked(content) : content]);
}

function chunked(content: Buffer): Buffer {
  const last = Buffer.from("0\r\n\r\n");
  if (content.length === 0) return last;
  const size = Buffer.from(`${content.length.toString(16)}\r\n`);
  return Buffer.concat([size, content, Buffer.from("\r\n"), last]);
}
