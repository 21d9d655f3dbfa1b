import { Socket } from "node:net";
import type { buildConnector, Dispatcher, Pool } from "undici";
import { MOST_PARALLEL, type Parallel } from "./parallelism.js";
import { proxyAuthorization, type HttpProxy } from "./proxy.js";

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

/** The server of a connection and the way to it. */
export interface WayOptions {
  /** Base URL of the server; a path prefix is kept. */
  url: URL;
  /** What one attempt may take, from connecting to the last byte. */
  timeoutSeconds: number;
  /** How many requests may be under way at once, over all that share this client. */
  parallel: Parallel;
  /** TLS options of the server (CA, client certificate, server name, …). */
  tls?: TlsOptions | undefined;
  /** The HTTP proxy that all requests go through. The environment is not looked at. */
  proxy?: HttpProxy | undefined;
}

/**
 * The way to the server of one connection: a pool of sockets, through a proxy or none.
 *
 * @param sockets holds those that are open or opening, and is kept up to date.
 */
export async function createDispatcher(
  { url, parallel, timeoutSeconds, tls, proxy }: WayOptions,
  sockets: Set<Socket>,
): Promise<Dispatcher> {
  // Half of what the nodes would add to the start of Node-RED, so it is loaded with the first message.
  const undici = await import("undici");
  const timeoutMs = 1000 * timeoutSeconds;
  const poolOptions: Pool.Options = {
    connections: parallel === "auto" ? MOST_PARALLEL : parallel,
    connect: tracked(undici.buildConnector({ ...tls, timeout: timeoutMs }), sockets),
    // One time limit over the whole attempt, not one for each of its phases.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (proxy === undefined) return new undici.Pool(url.origin, poolOptions);
  const token = proxyAuthorization(proxy);
  const pool = (origin: URL | string, own: object, more: Pool.Options) => {
    const { connect, ...options } = own as { connect: buildConnector.connector };
    return new undici.Pool(origin, { ...more, ...options, connect: tracked(connect, sockets) });
  };
  return new undici.ProxyAgent({
    ...poolOptions,
    uri: proxy.url.href,
    ...(token !== undefined && { token }),
    // A plain proxy for plain http: many proxies allow CONNECT to port 443 only.
    proxyTunnel: false,
    proxyTls: { timeout: timeoutMs },
    requestTls: { ...tls, timeout: timeoutMs },
    // Left to itself, the agent gives its own pools no limits, and a proxy five minutes to open a tunnel.
    factory: (origin, own) => pool(origin, own, poolOptions),
    clientFactory: (origin, own) => pool(origin, own, { headersTimeout: timeoutMs }),
  });
}

/** @param sockets holds those that it has opened, until they close. */
function tracked(
  connect: (...args: Parameters<buildConnector.connector>) => unknown,
  sockets: Set<Socket>,
): buildConnector.connector {
  return (target, callback) => {
    // Its type does not tell that it returns the socket. What goes through a tunnel returns none: it is the tunnel's.
    const socket = connect(target, callback);
    if (socket instanceof Socket) sockets.add(socket.once("close", () => sockets.delete(socket)));
  };
}
