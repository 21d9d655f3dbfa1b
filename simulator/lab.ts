import { Aedes } from "aedes";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Clusters } from "./clusters.js";
import { installInfluxctl } from "./influxctl.js";
import { exampleNames, freePort, readExample, startNodeRed, type Flows, type NodeRed } from "./node-red.js";
import { populate, populateClusters } from "./population.js";
import { startSimulator, type Simulator } from "./server.js";

export interface Demo {
  nodeRed: NodeRed;
  simulator: Simulator;
  /** What the examples that listen to events take as their shared secret. */
  secret: string;
  /** ID of an active authorization that the examples leave alone. */
  someId: string;
  mqttPort: number;
  stop(): Promise<void>;
}

/**
 * Starts a populated simulator, an MQTT broker and a Node-RED with the package and its examples. A wanted port
 * that is taken gives way to a free one; the configuration nodes of the examples follow.
 */
export async function startDemo(options: {
  ports?: { nodeRed: number; influxdb: number; mqtt: number };
  /** Which examples are on tabs from the start: all of them unless given. */
  examples?: string[];
  /** Which of the installed Node-REDs: 5 unless given. */
  version?: "node-red" | "node-red-4";
}): Promise<Demo> {
  const { ports } = options;
  const clusters = new Clusters();
  const cluster = populateClusters(clusters);
  const simulator = await startSimulator({ clusters, port: await freePort(ports?.influxdb) });
  populate(simulator.world);
  const folder = await mkdtemp(join(tmpdir(), "influxctl-stand-in-"));
  const influxctl = await installInfluxctl(simulator, folder);
  const mqtt = await startBroker(await freePort(ports?.mqtt));
  const secret = randomBytes(32).toString("hex");
  const stopServers = async () => {
    await Promise.all([simulator.close(), mqtt.close()]);
    await rm(folder, { recursive: true, force: true });
  };
  const { operator } = simulator.world;
  const patches: Patches = {
    authorizations: {
      properties: { url: simulator.url, protectedIds: operator.id, ownTokenId: operator.id },
      credentials: { token: operator.token },
    },
    cluster: {
      properties: {
        url: simulator.url,
        accountId: cluster.accountId,
        clusterId: cluster.clusterId,
        influxctl,
        protectedIds: clusters.caller(cluster.managementToken)?.id,
      },
      credentials: { token: cluster.managementToken },
    },
    broker: { properties: { port: String(mqtt.port) } },
  };
  try {
    const nodeRed = await startNodeRed({
      flows: await flowsOf(options.examples ?? (await exampleNames()), patches),
      port: await freePort(ports?.nodeRed),
      ...(options.version && { version: options.version }),
      env: { DISABLE_TOKEN_SECRET: secret, REVOKE_TOKEN_SECRET: secret },
    });
    const someId = [...simulator.world.authorizations.values()].at(-1)?.id ?? "";
    return {
      nodeRed,
      simulator,
      secret,
      someId,
      mqttPort: mqtt.port,
      async stop() {
        await nodeRed.stop();
        await stopServers();
      },
    };
  } catch (error) {
    await stopServers();
    throw error;
  }
}

/** What the demo puts into the configuration nodes of the examples. */
interface Patch {
  properties: Record<string, unknown>;
  credentials?: Record<string, string>;
}
type Patches = Record<"authorizations" | "cluster" | "broker", Patch>;

/** What a user ticks and unticks once a dry run has shown the right tokens. */
const ALLOWED = { confirmed: true, dryRun: false };

/** The examples as they are, but ready to click: addresses, leave to delete, and what no export holds, tokens. */
async function flowsOf(examples: string[], patches: Patches): Promise<Flows> {
  const nodes = new Map<unknown, Record<string, unknown>>();
  const credentials: Flows["credentials"] = {};
  // Without an example there are the configuration nodes alone, for examples that are imported later.
  for (const example of examples.length > 0 ? examples : await exampleNames()) {
    for (const node of await readExample(example)) {
      const patch = patchOf(node, patches);
      if (examples.length === 0 && patch === undefined) continue;
      nodes.set(node.id, { ...node, ...("confirmed" in node && ALLOWED), ...patch?.properties });
      if (patch?.credentials) credentials[String(node.id)] = patch.credentials;
    }
  }
  return { nodes: [...nodes.values()], credentials };
}

function patchOf({ type, product }: Record<string, unknown>, patches: Patches): Patch | undefined {
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
