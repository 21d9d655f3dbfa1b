/**
 * Many messages through each node: the memory that they take, and what a node costs besides the requests that it sends.
 */
import { setImmediate, setTimeout as wait } from "node:timers/promises";
import packageJson from "../package.json" with { type: "json" };
import { inOwnProcess, inTurn, median, ratio, run, table, time, type Figures } from "./measure.js";
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

/** So many that nobody would send more at once. */
const WAITING = 50_000;
/** Bytes of each, and milliseconds in which they end with their node. */
const GOALS = { each: 1536, close: 1000 };

/** Messages that wait for a server that does not answer, and the end of the node; each in a process of its own. */
async function waitingTable(): Promise<string> {
  const rows: string[][] = [];
  for (const name of WAITING_NODES) {
    const { each, close } = await waitIn(name, WAITING);
    const isMet = (is: boolean) => (is ? "met" : "missed");
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

/** So few at once that waiting messages do not count. */
const BATCH = 1_000;

/** What a list sends. */
const AUTHORIZATION = {
  ...{ id: "0a1b2c3d4e5f6071", status: "active", description: "bench" },
  ...{ user: "bench", userID: "0a1b2c3d4e5f6072", org: "home", orgID: "0a1b2c3d4e5f6073" },
  ...{ createdAt: "2026-01-31T00:00:00Z", updatedAt: "2026-01-31T00:00:00Z" },
};

/** In a dry run on a protected token a node does all but send its requests. */
const COSTS = {
  "core's function": { type: "function", func: "return msg;" },
  "core's change": { type: "change", rules: [{ t: "set", p: "seen", pt: "msg", to: "true", tot: "bool" }] },
  "delete authorization": { type: "influxdb-delete-authorization", dryRun: true },
  "update authorization": {
    type: "influxdb-update-authorization",
    ...{
      dryRun: true,
      tokenStatus: "inactive",
      tokenStatusType: "str",
      description: "payload.description",
      descriptionType: "msg",
    },
  },
};

async function costTable(): Promise<string> {
  const names = Object.keys(COSTS) as (keyof typeof COSTS)[];
  const nowhere = { url: "http://127.0.0.1", token: "none" };
  const runtime = await startRuntime([
    connectionTo(nowhere, { protectedIds: AUTHORIZATION.id }),
    ...names.map((name) => ({ id: name, connection: "connection", ...COSTS[name] })),
  ]);
  try {
    const send = (name: string) => async () => {
      const payloads = Array.from({ length: BATCH }, () => ({ ...AUTHORIZATION }));
      return (1000 * (await time(() => runtime.sendAll(name, payloads)))) / BATCH;
    };
    const contenders = Object.fromEntries(names.map((name) => [name, send(name)]));
    const figures = (await inTurn(99, contenders)) as Record<keyof typeof COSTS, Figures>;
    return table(
      ["no request sent", "each message", "ratio to core's function"],
      names.map((name) => [
        name,
        `${median(figures[name]).toFixed(1)} µs`,
        ratio(figures[name], figures["core's function"]),
      ]),
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
