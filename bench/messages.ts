/**
 * Many messages through each node: the memory that they take, and what a node costs besides the requests that it sends.
 */
import { setImmediate, setTimeout as wait } from "node:timers/promises";
import packageJson from "../package.json" with { type: "json" };
import { inOwnProcess, inTurn, run, table, type Figures } from "./measure.js";
import { startRuntime } from "./runtime.js";
import { connectionTo, openServer, type Server, type TokenKind } from "./server.js";
import { waitIn, WAITING_NODES } from "./waiting.js";

interface Case {
  type: string;
  properties: object;
  messages: number;
  /** Which tokens it works on, if not on authorizations. */
  kind?: TokenKind;
  /** How many tokens there are for the messages: one each unless given. */
  tokens?: number;
}

const MESSAGES = 10_000;
/** Each message takes one process for a list, and three for a revocation. */
const TO_INFLUXCTL = 100;

/** What lets a node do its work, by its verb. */
const PROPERTIES: Record<string, object> = {
  list: { result: "first" },
  update: { description: "bench", descriptionType: "str" },
  delete: { confirmed: true },
  revoke: { confirmed: true },
};

function caseOf(name: string): Case {
  const verb = name.replace(/-.*/, "");
  const kind = (["database", "management"] as const).find((each) => name.includes(each));
  return {
    type: `influxdb-${name}`,
    properties: {
      ...PROPERTIES[verb],
      ...(name === "list-authorizations" && { user: "bench", userType: "str" }),
    },
    messages: kind === "management" ? TO_INFLUXCTL : MESSAGES,
    ...(kind && { kind }),
    ...(verb === "list" && { tokens: 10 }),
  };
}

/** By the names that people use for the nodes. */
const CASES: Record<string, Case> = {
  ...Object.fromEntries(
    Object.keys(packageJson["node-red"].nodes)
      .filter((name) => Object.keys(PROPERTIES).some((verb) => name.startsWith(`${verb}-`)))
      // Of another server.
      .filter((name) => !name.includes("influxdb3"))
      .map((name) => [name.replaceAll("-", " "), caseOf(name)]),
  ),
  // A core node that keeps each message for a while.
  "core's delay": {
    type: "delay",
    messages: MESSAGES,
    properties: { pauseType: "delay", timeout: "2", timeoutUnits: "seconds" },
  },
};

type Way = "one after another" | "all at once";

/** In bytes. */
interface Usage {
  /** What is in use of the heap, and what is outside for things in it. */
  heap: number;
  rss: number;
}
type Memory = Record<"before" | "waiting" | "peak" | "after", Usage>;

function usage(): Usage {
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

/** Without what nobody needs any more. */
async function settled(): Promise<Usage> {
  for (let turn = 0; turn < 3; turn++) {
    await wait(50);
    gc?.();
  }
  return usage();
}

/** What one node takes. This process has been started for it alone. */
async function measureMemory(wanted: Case, way: Way): Promise<Memory> {
  const { type, properties, messages, kind } = wanted;
  const server = await openServer();
  const connection = (kind && server.cluster?.connection) ?? connectionTo(server);
  const runtime = await startRuntime([
    connection,
    { id: "node", type, connection: "connection", ...properties },
  ]);
  const send = async (ids: string[], whileWaiting: () => void) => {
    if (way === "all at once") {
      const all = runtime.sendAll("node", ids);
      await setImmediate();
      whileWaiting();
      await all;
    } else {
      for (const id of ids) await runtime.sendAll("node", [id]);
    }
  };
  try {
    const warmUp = messages / 10;
    const ids = await idsOf(server, wanted, warmUp + messages);
    await send(ids.slice(0, warmUp), () => undefined);

    const before = await settled();
    const peak = { ...before };
    let waiting = before;
    const watch = setInterval(() => {
      const { heap, rss } = usage();
      peak.heap = Math.max(peak.heap, heap);
      peak.rss = Math.max(peak.rss, rss);
    }, 5);
    await send(ids.slice(warmUp), () => {
      gc?.();
      waiting = usage();
    });
    clearInterval(watch);
    return { before, waiting, peak, after: await settled() };
  } finally {
    await runtime.close();
    await server.close();
  }
}

/** An id for each message; a list does not look at it. */
async function idsOf(
  server: Server,
  { kind, tokens }: Pick<Case, "kind" | "tokens">,
  count: number,
): Promise<string[]> {
  const { cluster } = server;
  const made = await (kind && cluster ? cluster.fill(kind, tokens ?? count) : server.fill(tokens ?? count));
  return Array.from({ length: count }, (_, index) => made[index % made.length] ?? "");
}

/** Measures in a process of its own. */
async function memoryTable(way: Way): Promise<string> {
  const atOnce = way === "all at once";
  const rows: string[][] = [];
  for (const [name, { kind, type, messages }] of Object.entries(CASES)) {
    if ((kind && process.env.BENCH_URL !== undefined) || (type === "delay" && !atOnce)) continue;
    const { before, waiting, peak, after } = await inOwnProcess<Memory>(import.meta.filename, [name, way]);
    const megabytes = (key: keyof Usage) =>
      [before, peak, after].map((each) => (each[key] / 2 ** 20).toFixed(1)).join(" / ");
    const kilobytes = (bytes: number) => `${(bytes / 2 ** 10).toFixed(1)} KB`;
    rows.push([
      ...[name, messages.toLocaleString("en-US"), megabytes("heap"), megabytes("rss")],
      kilobytes(after.heap - before.heap),
      ...(atOnce ? [kilobytes((waiting.heap - before.heap) / messages)] : []),
    ]);
  }
  const head = ["messages", "heap in MB: before / peak / after", "rss in MB", "left on the heap"];
  return table([way, ...head, ...(atOnce ? ["each waiting message"] : [])], rows);
}

function isMet(is: boolean): string {
  return is ? "met" : "missed";
}

/** So many that nobody would send more at once. */
const WAITING = 50_000;
/** Bytes of each, and milliseconds in which they end with their node. */
const GOALS = { each: 1536, close: 1000 };

/** Messages that wait for a server that does not answer, and the end of the node; each in a process of its own. */
async function waitingTable(): Promise<string> {
  const rows: string[][] = [];
  for (const name of WAITING_NODES) {
    const { each, close } = await waitIn(name, WAITING);
    rows.push([
      name,
      `${(each / 2 ** 10).toFixed(2)} KB (${isMet(each <= GOALS.each)})`,
      `${close.ms.toFixed()} ms (${isMet(close.ms <= GOALS.close)})`,
    ]);
  }
  const { each } = await waitIn("delay", WAITING);
  rows.push(["core's delay", `${(each / 2 ** 10).toFixed(2)} KB`, ""]);
  const head = `${WAITING.toLocaleString("en-US")} messages that wait`;
  return table([head, "each (goal: 1.5 KB)", "end with their node (goal: 1 s)"], rows);
}

/** So few at once that none waits for its turn; what that takes stands in the tables above. */
const BATCH = 100;
/** So many in one round that to ask for the time does not count. */
const BATCHES = 10;
/** Times the CPU time of core's function node. */
const MOST_COST = 1;

/** What a list sends. */
const AUTHORIZATION = {
  ...{ status: "active", description: "bench" },
  ...{ user: "bench", userID: "0a1b2c3d4e5f6072", org: "home", orgID: "0a1b2c3d4e5f6073" },
  ...{ createdAt: "2026-01-31T00:00:00Z", updatedAt: "2026-01-31T00:00:00Z" },
};
const IDS = Array.from({ length: BATCH }, (_, index) => `0a${index.toString(16).padStart(14, "0")}`);

/** In a dry run on protected tokens a node does all but send its requests. */
const DELETE = { type: "influxdb-delete-authorization", dryRun: true };
const UPDATE = {
  ...{ type: "influxdb-update-authorization", dryRun: true },
  ...{ tokenStatus: "inactive", tokenStatusType: "str" },
  ...{ description: "payload.description", descriptionType: "msg" },
};
const CHANGE = { type: "change", rules: [{ t: "set", p: "seen", pt: "msg", to: "true", tot: "bool" }] };

/** By name: the node, and the tokens that a batch names in turn. */
const COSTS: Record<string, { node: { type: string }; ids?: string[] }> = {
  "core's function": { node: { type: "function", func: "return msg;" } as { type: string } },
  "core's change": { node: CHANGE },
  "delete authorization": { node: DELETE },
  "update authorization": { node: UPDATE },
  // Each message waits for the one before it.
  "delete authorization, all of one token": { node: DELETE, ids: IDS.slice(0, 1) },
};

/** Microseconds of CPU time, because others use the machine as well. */
async function cpuTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function mean(figures: Figures): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}

async function costTable(): Promise<string> {
  const names = Object.keys(COSTS);
  const nowhere = { url: "http://127.0.0.1", token: "none" };
  const runtime = await startRuntime([
    connectionTo(nowhere, { protectedIds: IDS.join("\n") }),
    ...Object.entries(COSTS).map(([id, { node }]) => ({ id, connection: "connection", ...node })),
  ]);
  try {
    const send =
      (name: string, { ids = IDS }) =>
      async () => {
        const payloads = IDS.map((_, index) => ({ id: ids[index % ids.length], ...AUTHORIZATION }));
        const sendBatches = async () => {
          for (let sent = 0; sent < BATCHES; sent++) await runtime.sendAll(name, payloads);
        };
        return (await cpuTime(sendBatches)) / (BATCH * BATCHES);
      };
    const contenders = Object.fromEntries(
      Object.entries(COSTS).map(([name, cost]) => [name, send(name, cost)]),
    );
    const figures = await inTurn(99, contenders);
    // The mean, for the garbage collector comes now and then.
    const costs = names.map((name) => mean(figures[name] ?? []));
    const [core = NaN] = costs;
    return table(
      ["no request sent", "CPU time of each message", `times core's function (goal: ${MOST_COST})`],
      names.map((name, index) => {
        const cost = costs[index] ?? NaN;
        const goal = name.startsWith("core's") ? "" : ` (${isMet(cost / core <= MOST_COST)})`;
        return [name, `${cost.toFixed(1)} µs`, `${(cost / core).toFixed(2)}${goal}`];
      }),
    );
  } finally {
    await runtime.close();
  }
}

const [, , name, way] = process.argv;
const wanted = CASES[name ?? ""];
if (wanted) {
  void measureMemory(wanted, way as Way).then((memory) => process.send?.(memory));
} else {
  run(async () =>
    [
      await memoryTable("one after another"),
      await memoryTable("all at once"),
      await waitingTable(),
      await costTable(),
    ].join("\n\n"),
  );
}
