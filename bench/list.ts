/**
 * A list of many authorizations, compared with bare undici and `JSON.parse`: how long it takes, how much memory, and
 * how long all other flows stand still. Each is measured in a Node-RED of its own.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { inOwnProcess, inTurn, median, ratio, run, show, table, time, type Figures } from "./measure.js";
import { startRuntime } from "./runtime.js";
import { connectionTo, openServer, type Server } from "./server.js";

/** `BENCH_COUNTS=1000,5000` takes less time. */
const COUNTS = process.env.BENCH_COUNTS?.split(",").map(Number) ?? [10_000, 100_000];
/** The most of them, ten times over, in a small heap. */
const TIMES = 10;
const SMALL_HEAP = 256;
/** Goals: milliseconds, and MB where few match. */
const LONGEST_PAUSE = 25;
const MOST_MEMORY = 30;
const ROUNDS = 5;
/** Whom it takes, and what is found: all, or one of a hundred. */
const CONTENDERS = {
  undici: "undici",
  all: "ours, all match",
  few: "ours, few match",
} as const;
type Contender = keyof typeof CONTENDERS;
const NAMES = Object.keys(CONTENDERS) as Contender[];

interface Measured {
  milliseconds: number;
  /** Milliseconds. */
  longestPause: number;
  /** MB more than Node-RED had before. */
  peak: number;
}

/** How a product is asked for its list. */
interface Way {
  type: string;
  /** The filter that one of a hundred meets. */
  few: Record<string, string>;
  request: { method: "GET" | "POST"; path: string; body?: string };
  elementsOf: (json: unknown) => unknown[];
}

const WAYS: Record<Server["product"], Way> = {
  oss: {
    type: "influxdb-list-authorizations",
    few: { description: "one of few", descriptionType: "str" },
    request: { method: "GET", path: "/api/v2/authorizations" },
    elementsOf: (json) => (json as { authorizations: unknown[] }).authorizations,
  },
  "influxdb3-core": {
    type: "influxdb-list-influxdb3-tokens",
    few: { nameContains: "one of few", nameContainsType: "str" },
    request: {
      method: "POST",
      path: "/api/v3/query_sql",
      body: JSON.stringify({
        ...{ db: "_internal", format: "json" },
        q: "SELECT * FROM system.tokens ORDER BY token_id",
      }),
    },
    elementsOf: (json) => json as unknown[],
  },
};

/**
 * Runs in a process of its own. The memory is that of the first list, from a process that has given back what it did
 * not need: V8 keeps the 64 MB in which Node-RED has started. The time is that of the second, because the first one
 * warms up.
 */
async function measure(contender: Contender, server: Target, count: number): Promise<Measured> {
  const { type, few, request, elementsOf } = WAYS[server.product];
  const runtime = await startRuntime([
    connectionTo(server, { timeout: "120", product: server.product }),
    { id: "list", type, connection: "connection", ...(contender === "few" && few) },
  ]);
  const pool = new Pool(server.url, { connections: 1 });
  const ours = async () => {
    const { payload, error } = await runtime.send("list", {});
    if (error !== undefined) throw new Error("The list has failed", { cause: error });
    return payload as unknown[];
  };
  const undici = async () => {
    const headers = {
      authorization: `${server.product === "oss" ? "Token" : "Bearer"} ${server.token}`,
      ...(request.body !== undefined && { "content-type": "application/json" }),
    };
    const answer = await pool.request({ ...request, headers });
    return elementsOf(JSON.parse(await answer.body.text()));
  };
  const list = contender === "undici" ? undici : ours;
  await sleep(500);
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  const peak = peakFromNow();
  await list();
  const megabytes = peak();
  const pauses = monitorEventLoopDelay({ resolution: 1 });
  pauses.enable();
  let found: unknown[] = [];
  const milliseconds = await time(async () => (found = await list()));
  // A pause is known when it is over.
  await sleep(20);
  pauses.disable();
  if (found.length < (contender === "few" ? count / 100 : count)) throw new Error(`Found ${found.length}`);
  await pool.close();
  await runtime.close();
  return {
    milliseconds,
    longestPause: pauses.max / 1e6,
    peak: megabytes,
  };
}

/** Measures the most memory (rss) from now on, in MB more than now. Linux alone can forget what was before. */
function peakFromNow(): () => number {
  const before = process.memoryUsage.rss();
  writeFileSync("/proc/self/clear_refs", "5");
  return () => {
    const [, most] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return (Number(most) * 1024 - before) / 2 ** 20;
  };
}

type Target = Pick<Server, "product" | "url" | "token">;

function inProcess(contender: Contender, server: Target, count: number, heap?: number): Promise<Measured> {
  const { product, url, token } = server;
  return inOwnProcess(import.meta.filename, [contender, String(count), product, url, token], heap);
}

interface Compared {
  rows: string[][];
  /** The goals: what was reached of each, the most that it may be, and its unit. */
  reached: [goal: string, figure: number, most: number, unit: string][];
}

async function compare(server: Server, count: number): Promise<Compared> {
  const all: Record<Contender, Measured[]> = { undici: [], all: [], few: [] };
  const contend = (contender: Contender) => async () => {
    const measured = await inProcess(contender, server, count);
    all[contender].push(measured);
    return measured.milliseconds;
  };
  const times = await inTurn(ROUNDS, {
    undici: contend("undici"),
    all: contend("all"),
    few: contend("few"),
  });
  const of = (contender: Contender, what: "longestPause" | "peak"): Figures =>
    // Without the round that warms up.
    all[contender].slice(1).map((measured) => measured[what]);
  const ratioOf = (contender: Contender) =>
    median(times[contender].map((figure, round) => figure / (times.undici[round] ?? NaN)));
  const most = server.isReal ? 0.9 : 0.75;
  return {
    rows: NAMES.map((contender) => [
      count.toLocaleString("en-US"),
      CONTENDERS[contender],
      show(times[contender], "ms"),
      contender === "undici" ? "1" : ratio(times[contender], times.undici),
      show(of(contender, "longestPause"), "ms"),
      show(of(contender, "peak"), "MB"),
    ]),
    reached: [
      ["time where few match", ratioOf("few"), most, "of undici's"],
      ["time where all match", ratioOf("all"), most, "of undici's"],
      ["pause where few match", median(of("few", "longestPause")), LONGEST_PAUSE, "ms"],
      ["pause where all match", median(of("all", "longestPause")), LONGEST_PAUSE, "ms"],
      ["memory where few match", median(of("few", "peak")), MOST_MEMORY, "MB"],
    ],
  };
}

/** More than fits into the heap. */
async function inSmallHeap(server: Server, count: number): Promise<string[]> {
  const { milliseconds, longestPause, peak } = await inProcess("few", server, count, SMALL_HEAP);
  return [
    count.toLocaleString("en-US"),
    `${CONTENDERS.few}, a heap of ${SMALL_HEAP} MB`,
    `${Math.round(milliseconds).toLocaleString("en-US")} ms`,
    "",
    `${Math.round(longestPause)} ms`,
    `${Math.round(peak)} MB`,
  ];
}

async function measureLists(): Promise<string> {
  const server = await openServer();
  const rows: string[][] = [];
  let made = 0;
  let goals = "";
  try {
    // What InfluxDB 3 can make in a minute is one list.
    for (const count of server.product === "oss" ? COUNTS : COUNTS.slice(-1)) {
      made += (await server.fill(count - made)).length;
      await server.freezeList();
      const { rows: more, reached } = await compare(server, made);
      rows.push(...more);
      goals = reached.map(([goal, figure, most, unit]) => inWords(goal, figure, most, unit)).join("\n");
    }
    if (!server.isReal) {
      await server.freezeList(TIMES);
      rows.push(await inSmallHeap(server, made * TIMES));
    }
  } finally {
    await server.close();
  }
  const head = ["tokens", "", "time", "ratio", "longest pause", "memory"];
  return `${table(head, rows)}\n\nThe goals, at ${made.toLocaleString("en-US")}:\n\n${goals}`;
}

function inWords(goal: string, figure: number, most: number, unit: string): string {
  return `- ${goal}, at most ${most} ${unit}: ${figure <= most ? "met" : "missed"} (${Number(figure.toPrecision(2))})`;
}

const [contender, count, product, url = "", token = ""] = process.argv.slice(2);
if (contender === undefined) {
  run(measureLists);
} else {
  const server = { product: product as Target["product"], url, token };
  void measure(contender as Contender, server, Number(count)).then((measured) =>
    process.send?.(measured, () => process.disconnect()),
  );
}
