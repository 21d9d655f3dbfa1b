import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Clusters, type Cluster, type ManagementToken } from "../../simulator/clusters.js";
import { installInfluxctl, type InfluxctlBehaviour } from "../../simulator/influxctl.js";
import { startSimulator, type Simulator } from "../../simulator/server.js";
import { startRuntime, type Message, type Properties, type Runtime, type Seen } from "./runtime.js";

export interface ClusterBench {
  simulator: Simulator;
  clusters: Clusters;
  cluster: Cluster;
  /** The connection's own management token. */
  own: ManagementToken;
  runtime: Runtime;
  send(msg: Message): Promise<Seen>;
  /** Requests to the Management API, as `METHOD path`. */
  sent(): string[];
  /** A folder that goes with the bench. */
  folder: string;
}

/** Runs `work` with one node on a connection to a cluster of a fresh simulator, and ends all whatever happens. */
export async function withClusterNode(
  type: string,
  properties: Properties,
  work: (bench: ClusterBench) => Promise<void>,
  options: {
    product?: "dedicated" | "clustered";
    connection?: Properties;
    token?: string;
    influxctl?: InfluxctlBehaviour;
  } = {},
): Promise<void> {
  const { product = "dedicated" } = options;
  const clusters = new Clusters();
  const cluster = clusters.addCluster({ product });
  const own = clusters.addManagementToken(cluster, { description: "Node-RED" });
  const simulator = await startSimulator({ clusters });
  const folder = await mkdtemp(join(tmpdir(), "influxctl-test-"));
  try {
    const connection = {
      product: product === "dedicated" ? "cloud-dedicated" : "clustered",
      url: simulator.url,
      ...(product === "dedicated" && { accountId: cluster.accountId, clusterId: cluster.id }),
      influxctl: await installInfluxctl(simulator, folder, options.influxctl),
      retries: "0",
      ...options.connection,
    };
    const token = options.token ?? own.token;
    const runtime = await startRuntime(`influxdb-${type}`, properties, connection, { token });
    try {
      const sent = () =>
        simulator.requests
          .filter(({ path }) => path.startsWith("/api/v0"))
          .map(({ method, path }) => `${method} ${path}`);
      await work({
        simulator,
        clusters,
        cluster,
        own,
        runtime,
        send: (msg) => runtime.send(msg),
        sent,
        folder,
      });
    } finally {
      await runtime.stop();
    }
  } finally {
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}
