import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Started } from "./target.js";

type Message = Record<string, unknown>;
interface RunningNode {
  receive(msg: Message): void;
  on(event: "input", listener: (msg: Message) => void): void;
}
interface NodeRed {
  init(settings: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  nodes: { getNode(id: string): RunningNode };
  events: { once(event: "flows:started", listener: () => void): void };
}

export interface Runtime {
  /** Sends a message to a node, and waits for what arrives at the node `end`. */
  send(id: string, msg: Message): Promise<Message>;
  /** Sends a message for each payload, all at once, and waits until as many have arrived at the node `end`. */
  sendAll(id: string, payloads: readonly unknown[]): Promise<void>;
  node(id: string): RunningNode;
  stop(): Promise<void>;
}

/**
 * A Node-RED in this process with the built package in it. The flow is the given nodes, whose connections lead
 * to the target, and a node `end` to wire to.
 */
export async function startRuntime(target: Started, nodes: Message[]): Promise<Runtime> {
  const userDir = await mkdtemp(join(tmpdir(), "bench-"));
  const connections = nodes.filter(({ type }) => type === "influxdb-connection");
  const inTab = { z: "tab", x: 9, y: 9 };
  const flow = [
    { id: "tab", type: "tab" },
    ...connections.map((node) => ({ product: "oss", url: target.url, ...node })),
    ...nodes
      .filter((node) => !connections.includes(node))
      .map((node) => ({ ...inTab, wires: [["end"]], ...node })),
    // What fails ends there, too, with `msg.error`.
    { ...inTab, id: "catch", type: "catch", scope: null, wires: [["end"]] },
    { ...inTab, id: "end", type: "junction", wires: [] },
  ];
  const credentials = Object.fromEntries(connections.map(({ id }) => [String(id), { token: target.token }]));
  await writeFile(join(userDir, "flows.json"), JSON.stringify(flow));
  await writeFile(join(userDir, "flows_cred.json"), JSON.stringify(credentials));

  const RED = createRequire(import.meta.url)("node-red") as NodeRed;
  RED.init({
    userDir,
    flowFile: "flows.json",
    credentialSecret: false,
    httpAdminRoot: false,
    httpNodeRoot: false,
    nodesDir: resolve(import.meta.dirname, "../dist"),
    telemetry: { enabled: false },
    // The standard output is for what was measured. The audit trail goes nowhere, or to the file of a connection.
    logging: {
      nothing: { level: "info", handler: () => () => undefined },
      stderr: { level: "error", handler: () => (entry: { msg: unknown }) => console.error(entry.msg) },
    },
  });
  const started = new Promise<void>((done) => RED.events.once("flows:started", done));
  await RED.start();
  await started;

  const node = (id: string) => RED.nodes.getNode(id);
  let arrived: ((msg: Message) => void) | undefined;
  node("end").on("input", (msg) => arrived?.(msg));
  return {
    node,
    send: (id, msg) =>
      new Promise((done) => {
        arrived = done;
        node(id).receive(msg);
      }),
    sendAll: (id, payloads) =>
      new Promise((done, fail) => {
        let left = payloads.length;
        arrived = ({ error }) => {
          if (error !== undefined) fail(new Error("A node has failed", { cause: error }));
          else if (--left === 0) done();
        };
        for (const payload of payloads) node(id).receive({ payload });
      }),
    async stop() {
      await RED.stop();
      await rm(userDir, { recursive: true, force: true });
    },
  };
}
