import { Aedes } from "aedes";
import { createServer } from "node:net";
import { exampleNames, freePort, readExample, startNodeRed, type Flows, type NodeRed } from "./node-red.js";
import { populate } from "./population.js";
import { startSimulator, type Simulator } from "./server.js";

export interface Demo {
  nodeRed: NodeRed;
  simulator: Simulator;
  /** What the example that listens to events takes as its shared secret. */
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
}): Promise<Demo> {
  const { ports } = options;
  const simulator = await startSimulator({ tokens: "hashed", port: await freePort(ports?.influxdb) });
  populate(simulator.world);
  const mqtt = await startBroker(await freePort(ports?.mqtt));
  const secret = "demo-secret";
  const stopServers = () => Promise.all([simulator.close(), mqtt.close()]);
  try {
    const nodeRed = await startNodeRed({
      flows: await flowsOf(options.examples ?? (await exampleNames()), simulator, mqtt.port),
      port: await freePort(ports?.nodeRed),
      env: { DISABLE_TOKEN_SECRET: secret },
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

/** The examples as they are, but for addresses, and what no export holds: the token of the connection. */
async function flowsOf(examples: string[], simulator: Simulator, mqttPort: number): Promise<Flows> {
  const nodes = new Map<unknown, Record<string, unknown>>();
  const credentials: Flows["credentials"] = {};
  for (const example of [...examples, ...(examples.length === 0 ? await exampleNames() : [])]) {
    for (const node of await readExample(example)) {
      const isConfig = node.type === "influxdb-connection" || node.type === "mqtt-broker";
      if (examples.length === 0 && !isConfig) continue;
      if (node.type === "influxdb-connection") {
        node.url = simulator.url;
        node.protectedIds = simulator.world.operator.id;
        credentials[String(node.id)] = { token: simulator.world.operator.token };
      }
      if (node.type === "mqtt-broker") node.port = String(mqttPort);
      nodes.set(node.id, node);
    }
  }
  return { nodes: [...nodes.values()], credentials };
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
