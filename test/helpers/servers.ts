import { createServer as createHttpServer, request, type RequestListener, type Server } from "node:http";
import type { createServer } from "node:net";
import { connect, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

export interface Running {
  port: number;
  close(): Promise<void>;
}

async function run(server: Server | ReturnType<typeof createServer>): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A server that answers as the listener does. */
export function serve(listener: RequestListener): Promise<Running> {
  return run(createHttpServer(listener));
}

/** TLS before a plain server. */
export function tlsBefore(port: number, certificate: { key: string; cert: string }): Promise<Running> {
  return run(
    createTlsServer(certificate, (socket) => {
      const behind = connect(port, "127.0.0.1");
      socket.on("error", () => behind.destroy()).pipe(behind);
      behind.on("error", () => socket.destroy()).pipe(socket);
    }),
  );
}

/** An HTTP proxy that passes requests on and tunnels, for those who know the password, where it wants one. */
export async function startProxy(authorization?: string): Promise<Running & { seen: string[] }> {
  const seen: string[] = [];
  const server = createHttpServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    if (authorization !== undefined && incoming.headers["proxy-authorization"] !== authorization) {
      outgoing.writeHead(407).end();
      return;
    }
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    incoming.pipe(
      request(incoming.url ?? "", { method: incoming.method ?? "GET", headers }, (answer) => {
        answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers));
      }),
    );
  });
  server.on("connect", (incoming, socket, head) => {
    seen.push(`CONNECT ${incoming.url}`);
    const behind = connect(Number(incoming.url?.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      behind.write(head);
      behind.pipe(socket);
      socket.pipe(behind);
    });
    behind.on("error", () => socket.destroy());
    socket.on("error", () => behind.destroy());
  });
  return { ...(await run(server)), seen };
}
