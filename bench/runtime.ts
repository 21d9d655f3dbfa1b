import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTab, savedFlow, type FlowNode } from "../simulator/flow.js";

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
  close(): Promise<void>;
}

/**
 * A Node-RED in this process with the built package in it. The flow is the given nodes, and a node `end` that they
 * are wired to unless they say otherwise.
 */
export async function startRuntime(nodes: FlowNode[]): Promise<Runtime> {
  const userDir = await mkdtemp(join(tmpdir(), "bench-"));
  const isConnection = ({ type }: FlowNode) => type === "influxdb-connection";
  const { flow, credentials } = savedFlow([
    { id: "tab", type: "tab" },
    ...nodes.filter(isConnection),
    ...nodes.filter((node) => !isConnection(node)).map((node) => onTab({ wires: [["end"]], ...node })),
    // What fails ends there, too, with `msg.error`.
    onTab({ id: "catch", type: "catch", scope: null, wires: [["end"]] }),
    onTab({ id: "end", type: "junction" }),
  ]);
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
    async close() {
      await RED.stop();
      await rm(userDir, { recursive: true, force: true });
    },
  };
}
