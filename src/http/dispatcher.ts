import type { Socket } from "node:net";
import type { buildConnector, Dispatcher, Pool } from "undici";
import type { HttpOptions } from "./client.js";
import { credentialsOf } from "./proxy.js";

/**
 * The way to the server of one connection: a pool of sockets, through a proxy or none.
 *
 * @param sockets is kept to those that are open or opening.
 */
export async function createDispatcher(
  { url, parallel, timeout, tls, proxy }: HttpOptions,
  sockets: Set<Socket>,
): Promise<Dispatcher> {
  // Half of what the nodes would add to the start of Node-RED, so it is loaded with the first message.
  const undici = await import("undici");
  const patience = { timeout: timeout * 1000 };
  // Its type does not tell that it returns the socket.
  const connect: (...args: Parameters<buildConnector.connector>) => unknown = undici.buildConnector({
    ...tls,
    ...patience,
  });
  const poolOptions: Pool.Options = {
    connections: parallel,
    connect(target, callback) {
      const socket = connect(target, callback) as Socket;
      sockets.add(socket.once("close", () => sockets.delete(socket)));
    },
    // One time limit over the whole try (see `sendOnce`), not one for each of its phases.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (proxy === undefined) return new undici.Pool(url.origin, poolOptions);
  const token = credentialsOf(proxy);
  return new undici.ProxyAgent({
    ...poolOptions,
    uri: proxy.href,
    ...(token !== undefined && { token }),
    // A plain proxy for plain http: many proxies allow CONNECT to port 443 only.
    proxyTunnel: false,
    proxyTls: patience,
    requestTls: { ...tls, ...patience },
    // Left to itself, the agent gives its own pools no limits, and a proxy five minutes to open a tunnel.
    factory: (origin, own) => new undici.Pool(origin, { ...poolOptions, ...(own as Pool.Options) }),
    clientFactory: (origin, own) =>
      new undici.Pool(origin, { ...(own as Pool.Options), headersTimeout: patience.timeout }),
  });
}
