import {
  startInfluxdb3,
  type Influxdb3Options,
  type Influxdb3Simulator,
  type Influxdb3World,
} from "../../simulator/influxdb3.js";
import type { FlowNode } from "../../simulator/flow.js";
import type { Product } from "../../src/products.js";
import { OPERATOR_VALUE } from "./influxdb3.js";
import type { MoreNodes } from "./fixture.js";
import { startRuntime, type Message, type Properties, type Runtime, type Seen } from "./runtime.js";

/** One node of ours in a Node-RED of this process, on a connection to a simulated InfluxDB 3. */
export interface Influxdb3Fixture {
  server: Influxdb3Simulator;
  world: Influxdb3World;
  /** The token of the connection, a named admin token. */
  own: { name: string; value: string };
  runtime: Runtime;
  send(msg: Message): Promise<Seen>;
  /** Names of all tokens, in the order in which they were made. */
  names(): string[];
  /** Requests that change something, as `METHOD path`. */
  changes(): string[];
}

export interface Influxdb3NodeOptions extends MoreNodes {
  server?: Influxdb3Options;
  connection?: Properties;
  /** Fills the server before the node starts; what it gives is merged into the properties of the connection. */
  prepare?: (world: Influxdb3World) => Properties | undefined;
}

/** Which product a server is. */
const PRODUCT = {
  Core: "influxdb3-core",
  Enterprise: "influxdb3-enterprise",
} as const satisfies Record<string, Product>;

/** Runs `work` with one node on a connection to a fresh server, and closes both whatever happens. */
export async function withInfluxdb3Node(
  name: string,
  properties: Properties,
  work: (fixture: Influxdb3Fixture) => Promise<void>,
  { server: ofServer, connection, prepare, ...more }: Influxdb3NodeOptions = {},
): Promise<void> {
  const server = await startInfluxdb3({ operatorToken: OPERATOR_VALUE, ...ofServer });
  try {
    const { world, requests } = server;
    const own = world.addToken({ name: "Node-RED" });
    const node: FlowNode = {
      ...{ id: "connection", type: "influxdb-connection", url: server.url },
      product: PRODUCT[ofServer?.edition ?? "Core"],
      credentials: { token: own.value },
      ...prepare?.(world),
      ...connection,
    };
    const runtime = await startRuntime(`influxdb-${name}`, properties, node, more);
    try {
      await work({
        ...{ server, world, own, runtime },
        send: (msg) => runtime.send(msg),
        names: () => [...world.tokens.keys()],
        changes: () =>
          requests
            .filter(({ path }) => !path.startsWith("/api/v3/query_sql"))
            .map(({ method, path }) => `${method} ${path}`),
      });
    } finally {
      await runtime.close();
    }
  } finally {
    await server.close();
  }
}
