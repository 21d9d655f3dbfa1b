import type { NodeAPI } from "node-red";
import helper from "node-red-node-test-helper";
import connection from "../../nodes/influxdb-connection/influxdb-connection.js";
import deleteAuthorization from "../../nodes/delete-authorization/delete-authorization.js";
import deleteDatabaseToken from "../../nodes/delete-database-token/delete-database-token.js";
import listAuthorizations from "../../nodes/list-authorizations/list-authorizations.js";
import listDatabaseTokens from "../../nodes/list-database-tokens/list-database-tokens.js";
import listManagementTokens from "../../nodes/list-management-tokens/list-management-tokens.js";
import revokeManagementToken from "../../nodes/revoke-management-token/revoke-management-token.js";
import updateAuthorization from "../../nodes/update-authorization/update-authorization.js";

const nodeRed = process.env.NODE_RED ?? "node-red";
helper.init(require.resolve(nodeRed));

const modules = [
  connection,
  listAuthorizations,
  updateAuthorization,
  deleteAuthorization,
  listDatabaseTokens,
  deleteDatabaseToken,
  listManagementTokens,
  revokeManagementToken,
];

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
  /** How often Complete and Catch fired together: once for each message, always. */
  ends: number;
  completed: boolean;
}

export interface Runtime {
  /** Sends a message into the node and waits for its end. */
  send(msg: Message): Promise<Seen>;
  /** Sends a message without waiting. */
  inject(msg: Message): void;
  /** Waits until so many messages have ended since the start. */
  ended(count: number): Promise<Seen>;
  /** Texts of the statuses so far, with their colours: `green 3 deleted`. */
  statuses: string[];
  /** Waits until Node-RED has logged something like this. */
  logged(text: RegExp): Promise<void>;
  /** All that Node-RED has logged, as text. */
  log(): string;
  node(id: string): { close(removed: boolean): Promise<void>; [property: string]: unknown };
  stop(): Promise<void>;
}

/** A flow of one node of ours between a Catch, a Complete and a Status node, on its own tab. */
export async function startRuntime(
  type: string,
  properties: Properties,
  connectionProperties: Properties,
  options: {
    token?: string;
    nodes?: Properties[];
    modules?: ((RED: NodeAPI) => void)[];
    credentials?: object;
  } = {},
): Promise<Runtime> {
  const inTab = (node: Properties): Properties => ({ z: "tab", x: 0, y: 0, wires: [], ...node });
  const flow = [
    { id: "tab", type: "tab" },
    { id: "connection", type: "influxdb-connection", ...connectionProperties },
    inTab({ id: "node", type, connection: "connection", ...properties, wires: [["out0"], ["out1"]] }),
    inTab({ id: "out0", type: "helper" }),
    inTab({ id: "out1", type: "helper" }),
    inTab({ id: "catch", type: "catch", scope: ["node"], wires: [["caught"]] }),
    inTab({ id: "caught", type: "helper" }),
    inTab({ id: "complete", type: "complete", scope: ["node"], wires: [["completed"]] }),
    inTab({ id: "completed", type: "helper" }),
    inTab({ id: "status", type: "status", scope: ["node"], wires: [["statuses"]] }),
    inTab({ id: "statuses", type: "helper" }),
    ...(options.nodes ?? []),
  ];
  const credentials = { connection: { token: options.token ?? "" }, ...options.credentials };
  await helper.load([...modules, ...(options.modules ?? [])] as never, flow as never, credentials);

  const outputs: [Message[], Message[]] = [[], []];
  const caught: { error: Seen["error"] }[] = [];
  const statuses: string[] = [];
  let completions = 0;
  let waiting: (() => void)[] = [];
  const ended = () => {
    for (const check of waiting) check();
  };
  const listen = (id: string, listener: (msg: Message) => void) => {
    helper.getNode(id).on("input", (msg: unknown) => listener(msg as Message));
  };
  listen("out0", (msg) => outputs[0].push(msg));
  listen("out1", (msg) => outputs[1].push(msg));
  listen("caught", (msg) => {
    caught.push(msg as never);
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
    inject: (msg) => helper.getNode("node").receive(msg),
    async ended(count) {
      await new Promise<void>((resolve) => {
        const check = () => {
          if (completions + caught.length >= count) resolve();
        };
        waiting.push(check);
        check();
      });
      waiting = [];
      // What a node sends beside `done` arrives within the same turn of the event loop or the next.
      await new Promise(setImmediate);
      return {
        outputs,
        payload: outputs[0][0]?.payload,
        error: caught[0]?.error,
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
    log: () =>
      (helper.log() as unknown as { args: unknown[][] }).args.map(([entry]) => describe(entry)).join("\n"),
    node: (id) => helper.getNode(id) as never,
    stop: async () => {
      await helper.unload();
    },
  };
  return runtime;
}

function describe(entry: unknown): string {
  const { msg } = entry as { msg: unknown };
  return msg instanceof Error ? String(msg.stack) : JSON.stringify(msg);
}
