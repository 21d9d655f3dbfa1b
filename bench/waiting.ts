/** Very many messages that wait in one node, and its end; in a process of its own. */
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { inOwnProcess } from "./measure.js";
import { startRuntime } from "./runtime.js";
import { connectionTo } from "./server.js";

export interface Waiting {
  /** Bytes of each message, on the heap and outside for what is in it. */
  each: number;
  /** What the end of the node took: milliseconds, and turns of the event loop. */
  close: { ms: number; turns: number };
  /** How often `done` was called: by each message, and how often with which error. */
  dones: { messages: number; calls: number; cancelled: number };
}

/** The nodes that can get many messages, by their names; what a message has in `msg.payload` is an ID or a value. */
const NODES: Record<string, object> = {
  "list authorizations": { user: "payload", userType: "msg", result: "first" },
  "create authorization": {
    ...{ description: "payload", descriptionType: "msg", permissionsFrom: "allAccess", understood: true },
    limit: "",
  },
  "update authorization": { tokenStatus: "inactive", tokenStatusType: "str" },
  "delete authorization": { confirmed: true },
  "check token": { tokenValue: "payload", tokenValueType: "msg" },
};
export const WAITING_NODES = Object.keys(NODES);

/** @param name of {@link WAITING_NODES}, or the type of a node of core's that keeps messages. */
export function waitIn(name: string, count: number): Promise<Waiting> {
  return inOwnProcess<Waiting>(import.meta.filename, [name, String(count)]);
}

/** What Node-RED tells of a call of `done`. */
interface Completion {
  msg: object;
  error?: { code?: string };
  node: { id: string };
}

async function settledHeap(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    await wait(50);
    gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function measure(name: string, count: number): Promise<Waiting> {
  // Takes what is sent, and never answers.
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const own = NODES[name];
  const runtime = await startRuntime([
    connectionTo({ url: `http://127.0.0.1:${port}`, token: "none" }),
    {
      id: "node",
      connection: "connection",
      ...(own
        ? { type: `influxdb-${name.replaceAll(" ", "-")}`, ...own }
        : { type: name, pauseType: "delay", timeout: "1", timeoutUnits: "hours" }),
    },
  ]);
  const node = runtime.node("node") as unknown as {
    receive(msg: object): void;
    close(removed: boolean): Promise<void>;
  };
  const { hooks } = createRequire(import.meta.url)("@node-red/util") as {
    hooks: { add(name: string, listener: (event: Completion) => void): void };
  };
  const ended = new Set<object>();
  let calls = 0;
  let cancelled = 0;
  hooks.add("onComplete", ({ msg, error, node: { id } }) => {
    if (id !== "node") return;
    ended.add(msg);
    calls++;
    if (error?.code === "cancelled") cancelled++;
  });

  const payloads = Array.from({ length: count }, (_, index) => `0a${index.toString(16).padStart(14, "0")}`);
  const before = await settledHeap();
  for (const payload of payloads) node.receive({ payload });
  const each = ((await settledHeap()) - before) / count;

  let turns = 0;
  let next = setImmediate(function turn() {
    turns++;
    next = setImmediate(turn);
  });
  const begun = performance.now();
  await node.close(false);
  const ms = performance.now() - begun;
  clearImmediate(next);
  return { each, close: { ms, turns }, dones: { messages: ended.size, calls, cancelled } };
}

const [, file, name, count] = process.argv;
if (file === import.meta.filename && name !== undefined) {
  void measure(name, Number(count)).then((found) => {
    // Not before it is sent; the server still owes answers that it never gives.
    process.send?.(found, () => process.exit());
  });
}
