import type { AddressInfo, Server } from "node:net";

/** Has a server listen on 127.0.0.1, on a free port unless one is given, and gives its port. */
export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  return (server.address() as AddressInfo).port;
}
