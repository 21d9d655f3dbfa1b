/** What tests, the demo and the measurements start from: a simulator of all products, and the way to connect to it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { productOf, type InfluxctlProduct, type Product } from "../src/products.js";
import { Clusters, type ManagedCluster } from "./clusters.js";
import type { FlowNode } from "./flow.js";
import { installInfluxctl, type InfluxctlBehaviour } from "./influxctl.js";
import { startSimulator, type Simulator, type SimulatorOptions } from "./server.js";

export interface FixtureOptions extends Omit<SimulatorOptions, "clusters"> {
  /** How the stand-in of influxctl misbehaves. */
  influxctl?: InfluxctlBehaviour;
}

export interface Fixture {
  simulator: Simulator;
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

/** Starts a simulator of InfluxDB OSS and Cloud, with a cluster of Cloud Dedicated and one of Clustered. */
export async function startFixture({ influxctl, ...options }: FixtureOptions = {}): Promise<Fixture> {
  const clusters = new Clusters();
  const simulator = await startSimulator({ ...options, clusters });
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
    clusters,
    clusterOf,
    connectionTo: (product, properties) => ({
      ...{ id: "connection", type: "influxdb-connection", product, url: simulator.url },
      ...access(product),
      ...properties,
    }),
    folder,
    async close() {
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
