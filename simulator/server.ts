/** A simulated InfluxDB v2 server for tests and demos: in memory, on 127.0.0.1, and able to misbehave on request. */
import { EventEmitter, once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { answer } from "./api.js";
import type { TokenMode } from "./api.js";
import type { Clusters } from "./clusters.js";
import { answerOfDataPlane, type DataPlaneOptions } from "./data-plane.js";
import { answerOfClusters } from "./management-api.js";
import type { ManagementOptions } from "./management-api.js";
import { World } from "./world.js";

export interface SimulatorOptions extends ManagementOptions, DataPlaneOptions {
  /** What answers show of tokens; `redacted` behaves as InfluxDB Cloud. Default `hashed`. */
  tokens?: TokenMode;
  /** Default `2.9.1`. */
  version?: string;
  /** Default 0: any free port. */
  port?: number;
  operatorToken?: string;
  /** If given, the server also has the Management API of Cloud Dedicated and Clustered, and where they read data. */
  clusters?: Clusters;
}

export interface SeenRequest {
  method: string;
  /** With its query string. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
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
  /** Milliseconds before going on. */
  delay?: number;
  /** With a status or a body, the fault is the answer, and the request has no effect. Headers alone are added. */
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Cuts the connection without an answer, before or after the request took effect. */
  drop?: "before" | "after";
  /** Takes the connection over after the request took effect; `answer` is all that would have been sent. */
  raw?: (socket: Socket, answer: Buffer) => void;
}

export interface Simulator {
  readonly url: string;
  readonly port: number;
  readonly world: World;
  /** As given. */
  readonly clusters: Clusters | undefined;
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

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { tokens = "hashed", version = "2.9.1", port = 0, operatorToken, clusters } = options;
  const world = new World(operatorToken);
  const server = { world, tokens, version, started: new Date() };
  const requests: SeenRequest[] = [];
  const faults: Fault[] = [];
  const closing = new AbortController();
  const arrivals = new EventEmitter();
  const respond = (request: SeenRequest) => {
    const asked = { ...request, url: request.path };
    const ofClusters =
      clusters && (answerOfClusters(clusters, options, asked) ?? answerOfDataPlane(clusters, options, asked));
    return ofClusters ?? answer(server, asked);
  };
  let underWay = 0;
  let mostAtOnce = 0;
  let connections = 0;

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { method, originalUrl: path, body = "" } = request as FastifyRequest<{ Body?: string }>;
    const seen = { method, path, headers: request.raw.headers, body };
    requests.push(seen);
    mostAtOnce = Math.max(mostAtOnce, ++underWay);
    reply.raw.once("close", () => underWay--);
    arrivals.emit("request");
    const fault = take(faults, seen);
    if (fault?.delay) await wait(fault.delay, undefined, { ref: false, signal: closing.signal });
    if (fault?.drop === "before") {
      drop(reply);
      return;
    }
    const isAnswer = fault?.status !== undefined || fault?.body !== undefined;
    const { status, ...given } = isAnswer
      ? { status: fault.status ?? 200, headers: fault.headers ?? {}, body: fault.body }
      : respond(seen);
    if (fault?.drop === "after") {
      drop(reply);
      return;
    }
    if (fault?.raw) {
      reply.hijack();
      fault.raw(request.socket, onTheWire(status, given));
      return;
    }
    await reply
      .code(status)
      .headers({ ...given.headers, ...fault?.headers })
      .send(given.body);
  }

  // Every request goes to the one route: what a path means, and what is no path, the API decides as the original does.
  const app = fastify({
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    bodyLimit: 2 ** 30,
    rewriteUrl: () => "/",
  });
  // InfluxDB does not look at the content type, so fastify must not refuse any.
  app.addHook("onRequest", (request, _reply, done) => {
    request.headers = { "content-type": "text/plain" };
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    done(null, body);
  });
  app.all("/", handle);
  app.setNotFoundHandler(handle);
  app.server.on("connection", (socket: Socket) => {
    connections++;
    socket.once("close", () => connections--);
  });
  await app.listen({ host: "127.0.0.1", port });

  const address = app.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    world,
    clusters,
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
      app.server.closeAllConnections();
      closing.abort();
      await app.close();
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

/** An answer as bytes, with its length and without what a server adds by itself. */
function onTheWire(
  status: number,
  { headers, body = "" }: { headers: Readonly<Record<string, string>>; body?: string | Buffer | undefined },
): Buffer {
  const bytes = Buffer.from(body);
  // One of 204 has neither a body nor a length.
  const all = status === 204 ? headers : { ...headers, "content-length": bytes.length };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} \r\n${lines.join("")}\r\n`), bytes]);
}

function drop(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.destroy();
}
