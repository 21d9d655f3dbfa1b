/** What tests, the demo and the measurements start from: simulators of all products, and the way to connect to them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { productOf, type InfluxctlProduct, type Product } from "../src/products.js";
import { Clusters, type ManagedCluster } from "./clusters.js";
import type { FlowNode } from "./flow.js";
import { installInfluxctl, type InfluxctlBehaviour } from "./influxctl.js";
import { OPERATOR } from "./influxdb3/world.js";
import { startInfluxdb3, type Influxdb3Options, type Influxdb3Simulator } from "./influxdb3.js";
import { startSimulator, type Simulator, type SimulatorOptions } from "./server.js";

export interface FixtureOptions extends Omit<SimulatorOptions, "clusters"> {
  /** How the stand-in of influxctl misbehaves. */
  influxctl?: InfluxctlBehaviour;
  influxdb3?: Influxdb3Options;
}

export interface Fixture {
  simulator: Simulator;
  influxdb3: Influxdb3Simulator;
  clusters: Clusters;
  /** The one cluster of each product. */
  clusterOf(product: Product): ManagedCluster;
  /**
   * The connection node for a product, with a token that may do everything; `properties` override its own.
   */
  connectionTo(product: Product, properties?: Partial<FlowNode>): FlowNode;
  /** Removed with the fixture. */
  folder: string;
  close(): Promise<void>;
}

/**
 * Starts a simulator of InfluxDB OSS and Cloud, with a cluster of Cloud Dedicated and one of Clustered, and one of
 * InfluxDB 3.
 */
export async function startFixture({
  influxctl,
  influxdb3: ofInfluxdb3 = {},
  ...options
}: FixtureOptions = {}): Promise<Fixture> {
  const clusters = new Clusters();
  const simulator = await startSimulator({ ...options, clusters });
  const influxdb3 = await startInfluxdb3(ofInfluxdb3);
  const operator3 = influxdb3.world.tokens.get(OPERATOR) ?? influxdb3.world.addToken({ name: OPERATOR });
  const folder = await mkdtemp(join(tmpdir(), "influxdb-fixture-"));
  const executable = await installInfluxctl(simulator, folder, influxctl);
  const manage = (product: InfluxctlProduct): ManagedCluster => {
    const cluster = clusters.addCluster({ product });
    return { cluster, own: clusters.addManagementToken(cluster, { description: "Node-RED" }) };
  };
  const managed = { dedicated: manage("dedicated"), clustered: manage("clustered") };
  const clusterOf = (product: Product) => managed[productOf(product).influxctl ?? "dedicated"];

  /** What the product needs besides its address. */
  function access(product: Product): Partial<FlowNode> {
    const { resources, allOrNone } = productOf(product);
    if (resources.includes("influxdb3-tokens"))
      return { url: influxdb3.url, credentials: { token: operator3.value } };
    if (resources.includes("authorizations"))
      return { credentials: { token: simulator.world.operator.token } };
    const { cluster, own } = clusterOf(product);
    return {
      influxctl: executable,
      ...(allOrNone === undefined && { accountId: cluster.accountId, clusterId: cluster.id }),
      credentials: { token: own.token },
    };
  }

  return {
    simulator,
    influxdb3,
    clusters,
    clusterOf,
    connectionTo: (product, properties) => ({
      ...{ id: "connection", type: "influxdb-connection", product, url: simulator.url },
      ...access(product),
      ...properties,
    }),
    folder,
    async close() {
      await Promise.all([simulator.close(), influxdb3.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
