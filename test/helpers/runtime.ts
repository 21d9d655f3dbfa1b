import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createRequire } from "node:module";
import type { NodeAPI } from "node-red";
import helper from "node-red-node-test-helper";
import { onTab, savedFlow, type FlowNode } from "../../simulator/flow.js";
import { moduleOf, NODE_NAMES, operationOf } from "./package.js";
import { profileFolders, secretsOf, textOf } from "./secrets.js";

const nodeRed = require.resolve(process.env.NODE_RED ?? "node-red");
helper.init(nodeRed);

/** What the test helper does not show of the runtime that it drives. */
const core = createRequire(nodeRed);
type Listener = (value: unknown) => void;
const { log, events, hooks } = core("@node-red/util") as {
  log: { addHandler(handler: EventEmitter): void; removeHandler(handler: EventEmitter): void };
  events: EventEmitter;
  hooks: { add(name: string, listener: (event: { node: { id: string } }) => void): void };
};
const flows = core("@node-red/runtime/lib/nodes") as {
  getFlows(): { flows: Properties[] };
  setFlows(flows: Properties[], credentials: undefined, type: DeployType): Promise<void>;
  stopFlows(): Promise<void>;
};
const adminApi = core("@node-red/runtime/lib/api/flows") as {
  init(runtime: object): void;
  getFlows(options: object): Promise<unknown>;
  getNodeCredentials(options: { type: unknown; id: unknown }): Promise<unknown>;
};
adminApi.init({ log, flows, nodes: flows });

let dones = 0;
hooks.add("onComplete", ({ node }) => {
  if (node.id === "node") dones++;
});

/** What an administrator chooses at the Deploy button: all, or what has been modified. */
type DeployType = "full" | "flows" | "nodes";

const modules = NODE_NAMES.map(moduleOf);

export type Properties = Record<string, unknown>;
export type Message = Record<string, unknown> & { payload?: unknown };

/** What a flow sees of one message: what left the node, and how the message ended. */
export interface Seen {
  /** Messages that left each output, in their order. */
  outputs: [Message[], Message[]];
  /** Payload of the first message that left the first output. */
  payload: unknown;
  /** What the Catch node got. */
  error: { message: string; code?: string; stack?: string; cause?: unknown } | undefined;
  /** The whole message that the Catch node got. */
  caught: Message | undefined;
  /** How often Complete and Catch fired together: once for each message, always. */
  ends: number;
  completed: boolean;
}

export interface Runtime {
  /** Sends a message into the node and waits for its end. */
  send(msg: Message): Promise<Seen>;
  /** Sends a message without waiting; to the node, unless another is named. */
  inject(msg: Message, to?: string): void;
  /** The next message that reaches a node. */
  next(id: string): Promise<Message>;
  /** Waits until so many messages have ended since the start. */
  ended(count: number): Promise<Seen>;
  /** Texts of the statuses so far, with their colours: `green 3 deleted`. */
  statuses: string[];
  /** Waits until Node-RED has logged something like this. */
  logged(text: RegExp): Promise<void>;
  /** All that Node-RED has logged, as text. */
  log(): string;
  /** How often `done` was called since the start, even if nothing listens any more. */
  dones(): number;
  /** Deploys other flows, as the editor does; what runs is closed and the new has started when it resolves. */
  deploy(change: (nodes: Properties[]) => Properties[], type: DeployType): Promise<void>;
  /** Stops the flows, as the end of Node-RED does. */
  stopFlows(): Promise<void>;
  node(id: string): { close(removed: boolean): Promise<void>; [property: string]: unknown };
  /** Ends it, and fails if a secret can be seen in what it left or showed. */
  close(): Promise<void>;
}

/** A flow of one node of ours between a Catch, a Complete and a Status node, on its own tab. */
export async function startRuntime(
  type: string,
  properties: Properties,
  connection: FlowNode,
  options: { nodes?: FlowNode[]; modules?: ((RED: NodeAPI) => void)[] } = {},
): Promise<Runtime> {
  const { flow, credentials } = savedFlow([
    { id: "tab", type: "tab" },
    connection,
    onTab({ id: "node", type, connection: "connection", wires: [["out0"], ["out1"]], ...properties }),
    onTab({ id: "out0", type: "helper" }),
    onTab({ id: "out1", type: "helper" }),
    onTab({ id: "catch", type: "catch", scope: ["node"], wires: [["caught"]] }),
    onTab({ id: "caught", type: "helper" }),
    onTab({ id: "complete", type: "complete", scope: ["node"], wires: [["completed"]] }),
    onTab({ id: "completed", type: "helper" }),
    onTab({ id: "status", type: "status", scope: ["node"], wires: [["statuses"]] }),
    onTab({ id: "statuses", type: "helper" }),
    ...(options.nodes ?? []),
  ]);
  const name = type.replace("influxdb-", "");
  const givesOut = NODE_NAMES.includes(name) && "place" in operationOf(name).fields;
  const entries: { msg: unknown }[] = [];
  const shown: [where: string, what: unknown][] = [];
  /** The user's own: what a message brings may leave in it. */
  let given = "";
  const listened = new EventEmitter().on("log", (entry: { msg: unknown }) => entries.push(entry));
  const onStatus: Listener = (status) => shown.push(["a status", status]);
  const donesBefore = dones;
  log.addHandler(listened);
  events.on("node-status", onStatus);
  await helper.load([...modules, ...(options.modules ?? [])] as never, flow, credentials);

  const outputs: [Message[], Message[]] = [[], []];
  const caught: (Message & { error?: Seen["error"] })[] = [];
  const statuses: string[] = [];
  let completions = 0;
  let waiting: (() => void)[] = [];
  const ended = () => {
    for (const check of waiting) check();
  };
  const listen = (id: string, listener: (msg: Message) => void) => {
    helper.getNode(id).on("input", (msg: unknown) => listener(msg as Message));
  };
  for (const output of [0, 1] as const) {
    listen(`out${output}`, (msg) => {
      outputs[output].push(msg);
      const { payload, tokenValue, ...rest } = Object.getOwnPropertyDescriptors(msg);
      // Where the value of a new token is given out, and nowhere else.
      if (output === 1 || !givesOut) Object.assign(rest, { tokenValue });
      shown.push(["a payload", properties.includeToken ? withoutToken(msg.payload) : msg.payload]);
      shown.push(["a message", rest]);
    });
  }
  listen("caught", (msg) => {
    const { error, ...rest } = Object.getOwnPropertyDescriptors(msg);
    shown.push(["an error", msg.error], ["a message", rest]);
    caught.push(msg);
    ended();
  });
  listen("completed", () => {
    completions++;
    ended();
  });
  listen("statuses", (msg) => {
    const { fill, text } = msg.status as { fill: string; text: string };
    statuses.push(`${fill} ${text}`);
  });

  const runtime: Runtime = {
    statuses,
    inject: (msg, to = "node") => {
      given += textOf(msg);
      helper.getNode(to).receive(msg);
    },
    async next(id) {
      const [msg] = (await once(helper.getNode(id) as unknown as EventEmitter, "input")) as [Message];
      return msg;
    },
    async ended(count) {
      await new Promise<void>((resolve) => {
        const check = () => {
          if (completions + caught.length >= count) resolve();
        };
        waiting.push(check);
        check();
      });
      waiting = [];
      // What a node sends besides `done` arrives within the same turn of the event loop or the next.
      await new Promise(setImmediate);
      return {
        outputs,
        payload: outputs[0][0]?.payload,
        error: caught[0]?.error,
        caught: caught[0],
        ends: completions + caught.length,
        completed: completions > 0,
      };
    },
    async send(msg) {
      outputs[0].length = outputs[1].length = caught.length = completions = 0;
      runtime.inject(msg);
      const seen = await runtime.ended(1);
      return { ...seen, outputs: [[...seen.outputs[0]], [...seen.outputs[1]]] };
    },
    async logged(text) {
      while (!text.test(runtime.log())) await new Promise(setImmediate);
    },
    log: () => entries.map(describe).join("\n"),
    dones: () => dones - donesBefore,
    async deploy(change, type) {
      const started = once(events, "flows:started");
      await flows.setFlows(change(flows.getFlows().flows), undefined, type);
      await started;
    },
    stopFlows: () => flows.stopFlows(),
    node: (id) => helper.getNode(id) as never,
    async close() {
      shown.push(["the flows of the admin API", await adminApi.getFlows({})]);
      for (const { type, id } of flow)
        shown.push(["the credentials of the admin API", await adminApi.getNodeCredentials({ type, id })]);
      await helper.unload();
      log.removeHandler(listened);
      events.off("node-status", onStatus);
      for (const entry of entries) shown.push(["the log", entry]);
      const secrets = secretsOf(credentials);
      for (const [where, what] of shown) {
        const text = textOf(what);
        const leak = secrets.find(
          (secret) => text.includes(secret) && !(where === "a message" && given.includes(secret)),
        );
        assert.equal(leak, undefined, `a secret is in ${where}`);
      }
      assert.deepEqual(await profileFolders(process.pid), [], "a file with the token was left");
    },
  };
  return runtime;
}

/** A subflow `sf` around one node, with its input and all of its outputs. */
export function subflowOf(node: FlowNode, outputs = 1): FlowNode[] {
  const at = { x: 1, y: 1 };
  const out = Array.from({ length: outputs }, (_, port) => ({ ...at, wires: [{ id: node.id, port }] }));
  return [
    { id: "sf", type: "subflow", name: "sf", in: [{ ...at, wires: [{ id: node.id }] }], out },
    { z: "sf", ...at, wires: out.map(() => []), ...node },
  ];
}

/** What was found, where the node was asked to tell the tokens as well. */
function withoutToken(payload: unknown): unknown {
  if (Array.isArray(payload)) return payload.map(withoutToken);
  return { ...(payload as object), token: undefined };
}

function describe({ msg }: { msg: unknown }): string {
  return msg instanceof Error ? String(msg.stack) : JSON.stringify(msg);
}

/** A line of the audit trail. */
export type AuditLine = Record<string, unknown>;

/** The audit trail in what Node-RED has logged, as {@link Runtime.log} gives it. */
export function trailIn(log: string): AuditLine[] {
  return [...log.matchAll(/^"(\{.*\})"$/gm)].map(
    ([, line]) => JSON.parse(JSON.parse(`"${line}"`) as string) as AuditLine,
  );
}
