import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { join } from "node:path";
import { startBroker } from "./broker.js";
import type { Clusters } from "./clusters.js";
import { startFixture } from "./fixture.js";
import type { FlowNode } from "./flow.js";
import type { Influxdb3Simulator } from "./influxdb3.js";
import { listen } from "./listen.js";
import { exampleNames, freePort, readExample, startNodeRed, type NodeRed } from "./node-red.js";
import { populate, populateCluster, populateInfluxdb3, populateToRotate } from "./population.js";
import { startSecretStore, type SecretStore } from "./secret-store.js";
import { startSimulator, type Simulator } from "./server.js";

export interface Demo {
  nodeRed: NodeRed;
  simulator: Simulator;
  influxdb3: Influxdb3Simulator;
  /** Those that the example of many InfluxDBs knows by their names; one more of them is down. */
  edges: Record<"edge-1" | "edge-2", Simulator>;
  clusters: Clusters;
  /** Where the examples store new values by HTTP. */
  secretStore: SecretStore;
  /** The file into which they store them, and that of the connection whose token they replace. */
  tokenFile: string;
  ownTokenFile: string;
  /** What the examples that listen to events take as their shared secret. */
  secret: string;
  /** ID of an active authorization that the examples leave alone. */
  someId: string;
  mqttPort: number;
  close(): Promise<void>;
}

/**
 * Starts populated simulators, an MQTT broker, a store of secrets and a Node-RED with the package and its examples. A
 * wanted port that is taken gives way to a free one; the nodes of the examples follow.
 */
export async function startDemo(options: {
  ports?: Record<"nodeRed" | "influxdb" | "influxdb3" | "mqtt" | "secrets", number>;
  /** Which examples are on tabs from the start: all of them unless given. */
  examples?: string[];
  /** Which installed version of Node-RED: 5 unless given. */
  version?: "node-red" | "node-red-4";
}): Promise<Demo> {
  const { ports } = options;
  // As OSS before 2.9, for the example that finds a token by its value.
  const fixture = await startFixture({
    ...{ port: await freePort(ports?.influxdb), tokens: "clear" },
    influxdb3: { port: await freePort(ports?.influxdb3) },
  });
  const { simulator, influxdb3, clusters } = fixture;
  const own = { file: join(fixture.folder, "influxdb.token"), token: simulator.world.addAuthorization(OWN) };
  populate(simulator.world);
  populateToRotate(simulator.world);
  const dedicated = fixture.clusterOf("cloud-dedicated");
  populateCluster(clusters, dedicated);
  populateInfluxdb3(influxdb3.world);
  const edges = { "edge-1": await startEdge(), "edge-2": await startEdge() };
  const mqtt = await startBroker(await freePort(ports?.mqtt));
  const secretStore = await startSecretStore(await freePort(ports?.secrets));
  const tokenFile = join(fixture.folder, "new-machine.token");
  const writeOwn = () => writeFileSync(own.file, own.token.token, { mode: 0o600 });
  writeOwn();
  const startOver = await startReset([
    simulator.world.savepoint(),
    influxdb3.world.savepoint(),
    ...Object.values(edges).map(({ world }) => world.savepoint()),
    clusters.savepoint(),
    () => secretStore.secrets.clear(),
    writeOwn,
  ]);
  const secret = randomBytes(32).toString("hex");
  const closeServers = () =>
    Promise.all([
      fixture.close(),
      ...Object.values(edges).map((edge) => edge.close()),
      mqtt.close(),
      secretStore.close(),
      startOver.close(),
    ]);
  const { operator } = simulator.world;
  const ownOfNamed = influxdb3.world.tokens.get(NAMED_OWN)?.value ?? "";
  const patches: Patches = {
    url: simulator.url,
    connections: {
      oss: fixture.connectionTo("oss", { protectedIds: operator.id, ownTokenId: operator.id }),
      "cloud-dedicated": fixture.connectionTo("cloud-dedicated", { protectedIds: dedicated.own.id }),
      ...Object.fromEntries(Object.entries(edges).map(([name, edge]) => [name, ofEdge(edge)])),
      "edge-3": { url: DEAD, retries: "0", credentials: { token: "of a server that is down" } },
      "influxdb3-core": fixture.connectionTo("influxdb3-core", { credentials: { token: ownOfNamed } }),
    },
    broker: { port: String(mqtt.port) },
    secretStore,
  };
  try {
    const nodeRed = await startNodeRed({
      nodes: await nodesOf(options.examples ?? (await exampleNames()), patches, startOver.url),
      port: await freePort(ports?.nodeRed),
      ...(options.version && { version: options.version }),
      env: {
        DISABLE_TOKEN_SECRET: secret,
        REVOKE_TOKEN_SECRET: secret,
        LEAK_SECRET: secret,
        SWEEP_LISTER: "true",
        SWEEP_SECRET: secret,
        TOKEN_FILE: tokenFile,
        INFLUXDB_TOKEN_FILE: own.file,
      },
    });
    const someId = [...simulator.world.authorizations.values()].at(-1)?.id ?? "";
    return {
      nodeRed,
      simulator,
      influxdb3,
      edges,
      clusters,
      secretStore,
      tokenFile,
      ownTokenFile: own.file,
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

/** What the demo puts into nodes of the examples. */
interface Patches {
  /** By name, or by product. */
  connections: Record<string, Partial<FlowNode>>;
  broker: Partial<FlowNode>;
  secretStore: Pick<SecretStore, "url" | "token">;
  /** Of the simulator. */
  url: string;
}

/** The token of the connection that takes its token from a file. */
const OWN = {
  description: "Node-RED: rotates itself",
  permissions: ["authorizations", "users"].flatMap((type) => [`read:${type}`, `write:${type}`]),
};

/** The token of InfluxDB 3 with which the demo asks, for nobody should live on the operator token. */
const NAMED_OWN = "node-red";

/** On the tab that is shown when the editor opens. */
const FIRST = "find the first authorization of a user, then delete it";

/** The examples, ready to click: with addresses, permission to delete, and the tokens, which no export holds. */
async function nodesOf(examples: string[], patches: Patches, startOverUrl: string): Promise<FlowNode[]> {
  const nodes = new Map<string, FlowNode>();
  // Without an example there are only the configuration nodes that examples share, which are imported later.
  const names = examples.length > 0 ? examples : await exampleNames();
  for (const example of names.toSorted((a, b) => Number(b === FIRST) - Number(a === FIRST))) {
    const flow = await readExample(example);
    for (const node of flow) {
      const patch = patchOf(node, patches);
      if (examples.length === 0 && (patch === undefined || node.z !== undefined || node.tokenFile)) continue;
      const { id } = node;
      nodes.set(id, { ...node, ...allowed(node), ...patch, id });
    }
    if (examples.length === 0) continue;
    for (const node of startOverNodes(flow, startOverUrl)) nodes.set(node.id, node);
  }
  return [...nodes.values()];
}

/** What a user ticks and unticks once a dry run has shown the right tokens. */
function allowed(node: FlowNode): Partial<FlowNode> {
  return {
    ...("dryRun" in node && { dryRun: false }),
    ...("confirmed" in node && { confirmed: true }),
    ...(node.permissionsFrom === "admin" && { understood: true }),
  };
}

/** A group below an example, with a button that puts back all tokens of the demo. */
function startOverNodes(flow: FlowNode[], url: string): FlowNode[] {
  const z = flow.find(({ type }) => type === "tab")?.id ?? "";
  const groups = flow.filter(({ type }) => type === "group") as (FlowNode & Record<"y" | "h", number>)[];
  const top = Math.max(...groups.map(({ y, h }) => y + h)) + 34;
  const g = `${z}-start-over`;
  const [button, request, debug] = ["button", "request", "debug"].map((part) => `${g}-${part}`) as [
    string,
    string,
    string,
  ];
  const placed = { z, g, y: top + 41 };
  return [
    {
      ...{ id: g, type: "group", z, name: "Only in this demo: no dry run, and all tokens can be put back" },
      ...{ style: { label: true }, nodes: [button, request, debug], x: 14, y: top, w: 632, h: 82 },
    },
    {
      ...{ ...placed, id: button, type: "inject", name: "start over", x: 120, wires: [[request]] },
      ...{ props: [], repeat: "", crontab: "", once: false, onceDelay: 0.1, topic: "" },
    },
    {
      ...{
        ...placed,
        id: request,
        type: "http request",
        name: "ask the simulator",
        x: 350,
        wires: [[debug]],
      },
      ...{ method: "POST", ret: "txt", url, paytoqs: "ignore", tls: "", persist: false, proxy: "" },
      ...{ insecureHTTPParser: false, authType: "", senderr: false, headers: [] },
    },
    {
      ...{ ...placed, id: debug, type: "debug", name: "start over", x: 550, wires: [] },
      ...{ active: true, tosidebar: true, console: false, tostatus: false },
      ...{ complete: "payload", targetType: "msg", statusVal: "", statusType: "auto" },
    },
  ];
}

/** Where the examples expect a store of secrets. */
const SECRET_STORE = "http://localhost:8200";

function patchOf(
  { type, name, product, url, tokenFile }: FlowNode,
  patches: Patches,
): Partial<FlowNode> | undefined {
  if (type === "http request") return toStore(String(url), patches.secretStore);
  if (type === "mqtt-broker") return patches.broker;
  if (type === "delay") return { timeout: "2" };
  if (type !== "influxdb-connection") return undefined;
  if (tokenFile) return { url: patches.url };
  return patches.connections[String(name)] ?? patches.connections[String(product)];
}

/** Where nothing listens. */
const DEAD = "http://127.0.0.1:9";

/** A server for the example of many. */
async function startEdge(): Promise<Simulator> {
  const edge = await startSimulator({ tokens: "clear" });
  populate(edge.world);
  return edge;
}

function ofEdge({ url, world: { operator } }: Simulator): Partial<FlowNode> {
  return { url, ownTokenId: operator.id, credentials: { token: operator.token } };
}

function toStore(url: string, { url: base, token }: Patches["secretStore"]): Partial<FlowNode> {
  return { url: url.replace(SECRET_STORE, base), credentials: { password: token } };
}

/** A server that starts the demo over when it is asked by POST: not for a browser that only looks. */
async function startReset(savepoints: (() => void)[]): Promise<{ url: string; close(): Promise<void> }> {
  const server = createHttpServer((request, response) => {
    if (request.method !== "POST") {
      response.writeHead(405).end();
      return;
    }
    for (const restore of savepoints) restore();
    response.end("All tokens are as they were at the start.");
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}/start-over`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
