/** A simulated InfluxDB 3 Core or Enterprise for tests and demos: in memory, on 127.0.0.1, and able to misbehave. */
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { startFrame, type Frame } from "./frame.js";
import { answer, recover } from "./influxdb3/api.js";
import type { Influxdb3Server } from "./influxdb3/call.js";
import { Influxdb3World } from "./influxdb3/world.js";
import { listen } from "./listen.js";

export { Influxdb3World };

export interface Influxdb3Options extends Partial<
  Pick<Influxdb3Server, "edition" | "version" | "permissionsColumn" | "forbidden">
> {
  /** Default 0: any free port. */
  port?: number;
  /** As on the command line: `--without-auth`; `--disable-authz` and a list of `health`, `ping` and `metrics`. */
  flags?: readonly string[];
  /** Opens the port on which the operator token gets a new value without any token. */
  recovery?: boolean;
  /** The value of an operator token that exists from the start. */
  operatorToken?: string;
}

export interface Influxdb3Simulator extends Frame {
  readonly world: Influxdb3World;
  /** Where the operator token gets a new value, once. */
  readonly recoveryUrl: string | undefined;
}

export async function startInfluxdb3(options: Influxdb3Options = {}): Promise<Influxdb3Simulator> {
  const { port, flags = [], recovery = false, operatorToken } = options;
  const { edition = "Core", version = "3.9.6", permissionsColumn = "text", forbidden = "json" } = options;
  const world = new Influxdb3World(operatorToken);
  const server: Influxdb3Server = {
    world,
    edition,
    version,
    permissionsColumn,
    forbidden,
    withoutAuth: flags.includes("--without-auth"),
    open: new Set(
      flags.includes("--disable-authz") ? flags[flags.indexOf("--disable-authz") + 1]?.split(",") : [],
    ),
    clusterId: randomUUID(),
    processId: randomUUID(),
  };
  const frame = await startFrame((request, body) => answer(server, request, body), port);
  const recoveryServer = recovery ? recoveryOf(world) : undefined;
  const recoveryUrl = recoveryServer && `http://127.0.0.1:${await listen(recoveryServer)}`;
  const closeFrame = frame.close.bind(frame);
  return Object.assign(frame, {
    world,
    recoveryUrl,
    async close() {
      recoveryServer?.close();
      recoveryServer?.closeAllConnections();
      await closeFrame();
    },
  });
}

function recoveryOf(world: Influxdb3World): Server {
  const server = createServer(({ method = "", url = "" }, response) => {
    const { answer, succeeded } = recover(world, method, url);
    // Nobody is to come back, not even on this connection.
    response.shouldKeepAlive &&= !succeeded;
    if (succeeded) server.close();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  return server;
}
