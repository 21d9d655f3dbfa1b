/** Many simulated InfluxDBs in one process, some of them dead or slow. See `fleet.ts`. */
import { createServer, type AddressInfo } from "node:net";
import { startSimulator } from "../simulator/server.js";
import type { Edge, Kind } from "./fleet.js";

/** Milliseconds that a slow one takes for each answer. */
const SLOW = 500;

const listen = async (): Promise<ReturnType<typeof createServer>> => {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return server;
};
const urlOf = (server: ReturnType<typeof createServer>) =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function start(kind: Kind, tokens: number): Promise<Edge> {
  if (kind === "refused") {
    const server = await listen();
    const edge = { kind, url: urlOf(server), token: "none" };
    await new Promise((closed) => server.close(closed));
    return edge;
  }
  // It takes connections, and never says anything.
  if (kind === "silent") return { kind, url: urlOf(await listen()), token: "none" };
  // It shows token values, so that nobody has to look which is the connection's own.
  const { url, world, faults } = await startSimulator({ tokens: "clear" });
  const user = world.addUser("bench");
  for (let index = 0; index < tokens; index++) world.addAuthorization({ user, description: "bench" });
  if (kind === "slow") faults.push({ delay: SLOW, times: Infinity });
  return { kind, url, token: world.operator.token };
}

async function main([tokens = "", ...kinds]: string[]): Promise<void> {
  const edges: Edge[] = [];
  for (const kind of kinds) edges.push(await start(kind as Kind, Number(tokens)));
  process.send?.(edges);
  process.on("disconnect", () => process.exit());
}

void main(process.argv.slice(2));
