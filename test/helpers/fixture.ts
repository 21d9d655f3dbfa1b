import type { NodeAPI } from "node-red";
import type { ManagedCluster } from "../../simulator/clusters.js";
import { startFixture, type Fixture, type FixtureOptions } from "../../simulator/fixture.js";
import type { FlowNode } from "../../simulator/flow.js";
import type { Simulator } from "../../simulator/server.js";
import { productOf, type Product, type ResourceName } from "../../src/products.js";
import { isOfCluster, resourceOf } from "./package.js";
import { startRuntime, type Message, type Properties, type Runtime, type Seen } from "./runtime.js";

/** One node of ours in a Node-RED of this process, on a connection to a simulator. */
export interface NodeFixture extends Fixture, ManagedCluster {
  runtime: Runtime;
  send(msg: Message): Promise<Seen>;
  /**
   * Requests that reached the API since the start, as `METHOD path`; without those by which a connection learns
   * which token is its own, before the first change, and without those of influxctl.
   */
  sent(): string[];
}

/** What else is on the flow, besides the node and its connection. */
export interface MoreNodes {
  nodes?: FlowNode[];
  modules?: ((RED: NodeAPI) => void)[];
}

/** The product of a connection unless another is given. */
const PRODUCT: Record<ResourceName, Product> = {
  authorizations: "oss",
  "database-tokens": "cloud-dedicated",
  "management-tokens": "cloud-dedicated",
  "influxdb3-tokens": "influxdb3-core",
};

/** Runs `work` with one node on a connection to a fresh simulator, and closes both whatever happens. */
export async function withNode(
  name: string,
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: {
    /** See {@link PRODUCT}. */
    product?: Product;
    connection?: Properties;
    token?: string;
    simulator?: FixtureOptions;
    influxctl?: FixtureOptions["influxctl"];
    /** Fills the simulator before the node starts; what it gives is merged into the node's properties. */
    prepare?: (simulator: Simulator) => Properties | undefined;
  } & MoreNodes = {},
): Promise<void> {
  const { product = PRODUCT[resourceOf(name)] } = options;
  const fixture = await startFixture({
    ...options.simulator,
    ...(options.influxctl && { influxctl: options.influxctl }),
  });
  try {
    const { simulator, influxdb3 } = fixture;
    const { requests } = productOf(product).resources.some((each) => each === "influxdb3-tokens")
      ? influxdb3
      : simulator;
    const more = options.prepare?.(simulator) ?? {};
    const connection = fixture.connectionTo(product, {
      // Each try of influxctl is a process.
      ...(isOfCluster(name) && { retries: "0" }),
      ...options.connection,
      ...(options.token !== undefined && { credentials: { token: options.token } }),
    });
    const runtime = await startRuntime(`influxdb-${name}`, { ...properties, ...more }, connection, options);
    try {
      const { userID } = simulator.world.operator;
      const forOwn = ["GET /api/v2/me", `GET /api/v2/authorizations?userID=${userID}`];
      const sent = () =>
        requests
          .filter(({ path }) => !path.startsWith("/simulator/"))
          .map(({ method, path }) => `${method} ${path}`)
          .filter((each) => name.startsWith("list-") || !forOwn.includes(each));
      const send = (msg: Message) => runtime.send(msg);
      await work({ ...fixture, ...fixture.clusterOf(product), runtime, send, sent });
    } finally {
      await runtime.close();
    }
  } finally {
    await fixture.close();
  }
}

/** Adds `count` authorizations of a user `user1`, described `token 0` and so on. */
export function addTokens(
  { world }: Simulator,
  count: number,
): { id: string; token: string; description: string }[] {
  const user = world.addUser("user1");
  return Array.from({ length: count }, (_, index) =>
    world.addAuthorization({ user, description: `token ${index}` }),
  );
}
