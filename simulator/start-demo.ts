import { Aedes } from "aedes";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import type { Clusters } from "./clusters.js";
import { startFixture } from "./fixture.js";
import type { FlowNode } from "./flow.js";
import { exampleNames, freePort, readExample, startNodeRed, type NodeRed } from "./node-red.js";
import { populate, populateCluster } from "./population.js";
import type { Simulator } from "./server.js";

export interface Demo {
  nodeRed: NodeRed;
  simulator: Simulator;
  clusters: Clusters;
  /** What the examples that listen to events take as their shared secret. */
  secret: string;
  /** ID of an active authorization that the examples leave alone. */
  someId: string;
  mqttPort: number;
  close(): Promise<void>;
}

/**
 * Starts a populated simulator, an MQTT broker and a Node-RED with the package and its examples. A wanted port
 * that is taken gives way to a free one; the configuration nodes of the examples follow.
 */
export async function startDemo(options: {
  ports?: { nodeRed: number; influxdb: number; mqtt: number };
  /** Which examples are on tabs from the start: all of them unless given. */
  examples?: string[];
  /** Which installed version of Node-RED: 5 unless given. */
  version?: "node-red" | "node-red-4";
}): Promise<Demo> {
  const { ports } = options;
  const fixture = await startFixture({ port: await freePort(ports?.influxdb) });
  const { simulator, clusters } = fixture;
  populate(simulator.world);
  const dedicated = fixture.clusterOf("cloud-dedicated");
  populateCluster(clusters, dedicated);
  const mqtt = await startBroker(await freePort(ports?.mqtt));
  const secret = randomBytes(32).toString("hex");
  const closeServers = () => Promise.all([fixture.close(), mqtt.close()]);
  const { operator } = simulator.world;
  const patches: Patches = {
    authorizations: fixture.connectionTo("oss", { protectedIds: operator.id, ownTokenId: operator.id }),
    cluster: fixture.connectionTo("cloud-dedicated", { protectedIds: dedicated.own.id }),
    broker: { port: String(mqtt.port) },
  };
  try {
    const nodeRed = await startNodeRed({
      nodes: await nodesOf(options.examples ?? (await exampleNames()), patches),
      port: await freePort(ports?.nodeRed),
      ...(options.version && { version: options.version }),
      env: { DISABLE_TOKEN_SECRET: secret, REVOKE_TOKEN_SECRET: secret },
    });
    const someId = [...simulator.world.authorizations.values()].at(-1)?.id ?? "";
    return {
      nodeRed,
      simulator,
      clusters,
      secret,
      someId,
      mqttPort: mqtt.port,
      async close() {
        await nodeRed.close();
        await closeServers();
      },
    };
  } catch (error) {
    await closeServers();
    throw error;
  }
}

/** What the demo puts into the configuration nodes of the examples. */
type Patches = Record<"authorizations" | "cluster" | "broker", Partial<FlowNode>>;

/** What a user ticks and unticks once a dry run has shown the right tokens. */
const ALLOWED = { confirmed: true, dryRun: false };

/** The examples, ready to click: with addresses, permission to delete, and the tokens, which no export holds. */
async function nodesOf(examples: string[], patches: Patches): Promise<FlowNode[]> {
  const nodes = new Map<string, FlowNode>();
  // Without an example there are only the configuration nodes, for examples that are imported later.
  for (const example of examples.length > 0 ? examples : await exampleNames()) {
    for (const node of await readExample(example)) {
      const patch = patchOf(node, patches);
      if (examples.length === 0 && patch === undefined) continue;
      const { id } = node;
      nodes.set(id, { ...node, ...("confirmed" in node && ALLOWED), ...patch, id });
    }
  }
  return [...nodes.values()];
}

function patchOf({ type, product }: FlowNode, patches: Patches): Partial<FlowNode> | undefined {
  if (type === "mqtt-broker") return patches.broker;
  if (type !== "influxdb-connection") return undefined;
  return product === "oss" ? patches.authorizations : patches.cluster;
}

async function startBroker(port: number): Promise<{ port: number; close(): Promise<void> }> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  return {
    port,
    close: () =>
      new Promise((closed) => {
        broker.close(() => server.close(() => closed()));
      }),
  };
}
