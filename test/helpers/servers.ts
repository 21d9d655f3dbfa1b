import { once } from "node:events";
import {
  createServer as createHttpServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

export interface Running {
  port: number;
  /** Resets what is connected. */
  close(): Promise<void>;
}

/** Any server, on a free port unless one is given, whose end ends its connections. */
export async function run(server: Server | ReturnType<typeof createServer>, port = 0): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        // Node.js fails to reset one whose end it is about to send, and its process would never end.
        for (const socket of sockets)
          if (socket.writableEnded) socket.destroy();
          else socket.resetAndDestroy();
      }),
  };
}

/** A server that answers as the listener does, on a free port unless one is given. */
export function serve(listener: RequestListener, port?: number): Promise<Running> {
  return run(createHttpServer(listener), port);
}

function passOnTo(port: number): (socket: Socket) => void {
  return (socket) => {
    const behind = connect(port, "127.0.0.1");
    socket.on("error", () => behind.destroy()).pipe(behind);
    behind.on("error", () => socket.destroy()).pipe(socket);
  };
}

/** What lies before a plain server; it can go, and come back at its own port. */
export function relayTo(to: number, port?: number): Promise<Running> {
  return run(createServer(passOnTo(to)), port);
}

/** TLS before a plain server. */
export function tlsBefore(
  to: number,
  certificate: { key: string; cert: string },
  port?: number,
): Promise<Running> {
  return run(createTlsServer(certificate, passOnTo(to)), port);
}

/** What a proxy does instead of passing a request on: it answers a status, resets the connection, or does nothing. */
export type Refusal = number | "reset" | "hang" | undefined;

/** An HTTP proxy that passes requests on and tunnels, except those that it refuses. */
export async function startProxy(
  refuse: (incoming: IncomingMessage) => Refusal = () => undefined,
  port?: number,
): Promise<Running & { seen: string[] }> {
  const seen: string[] = [];
  const isRefused = (incoming: IncomingMessage, answer: (status: number) => void): boolean => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const refusal = refuse(incoming);
    if (refusal === "reset") incoming.socket.resetAndDestroy();
    else if (typeof refusal === "number") answer(refusal);
    return refusal !== undefined;
  };
  const server = createHttpServer((incoming, outgoing) => {
    if (isRefused(incoming, (status) => outgoing.writeHead(status).end("<html>no"))) return;
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    const passedOn = request(incoming.url ?? "", { method: incoming.method ?? "GET", headers }, (answer) => {
      answer.on("error", () => outgoing.destroy());
      answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers));
    });
    // Either side may go in the middle of a body; the other one goes with it.
    passedOn.on("error", () => outgoing.destroy());
    outgoing.on("close", () => passedOn.destroy());
    incoming.on("error", () => passedOn.destroy()).pipe(passedOn);
  });
  server.on("connect", (incoming, socket: Socket, head) => {
    if (isRefused(incoming, (status) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`))) return;
    const behind = connect(Number(incoming.url?.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      behind.write(head);
      behind.pipe(socket);
      socket.pipe(behind);
    });
    behind.on("error", () => socket.destroy());
    socket.on("error", () => behind.destroy());
  });
  return { ...(await run(server, port)), seen };
}
