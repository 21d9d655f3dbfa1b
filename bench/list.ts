/**
 * A list of many authorizations, compared with bare undici and `JSON.parse`: how long it takes, how much memory, and
 * how long all other flows stand still. Each is measured in a Node-RED of its own.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { inOwnProcess, inTurn, ratio, run, show, table, time, type Figures } from "./measure.js";
import { startRuntime } from "./runtime.js";
import { connectionTo, openServer, type Access } from "./server.js";

const COUNTS = [10_000, 100_000];
/** As many as these, ten times over, in a small heap. */
const MOST = 100_000;
const TIMES = 10;
const SMALL_HEAP = 256;
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

/** Runs in a process of its own: the first list warms up, the second counts. */
async function measure(contender: Contender, server: Access, count: number): Promise<Measured> {
  const filter = contender === "few" ? { description: "one of few", descriptionType: "str" } : {};
  const runtime = await startRuntime([
    connectionTo(server, { timeout: "120" }),
    { id: "list", type: "influxdb-list-authorizations", connection: "connection", ...filter },
  ]);
  const pool = new Pool(server.url, { connections: 1 });
  const ours = async () => {
    const { payload, error } = await runtime.send("list", {});
    if (error !== undefined) throw new Error("The list has failed", { cause: error });
    return payload as unknown[];
  };
  const undici = async () => {
    const headers = { authorization: `Token ${server.token}` };
    const answer = await pool.request({ method: "GET", path: "/api/v2/authorizations", headers });
    return (JSON.parse(await answer.body.text()) as { authorizations: unknown[] }).authorizations;
  };
  const list = contender === "undici" ? undici : ours;
  await sleep(500);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  await list();
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
    peak: (process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20,
  };
}

function inProcess(contender: Contender, server: Access, count: number, heap?: number): Promise<Measured> {
  return inOwnProcess(import.meta.filename, [contender, server.url, server.token, String(count)], heap);
}

async function compare(server: Access, count: number): Promise<string[][]> {
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
  const most = (contender: Contender, what: "longestPause" | "peak"): Figures =>
    // Without the round that warms up.
    all[contender].slice(1).map((measured) => measured[what]);
  return NAMES.map((contender) => [
    count.toLocaleString("en-US"),
    CONTENDERS[contender],
    show(times[contender], "ms"),
    contender === "undici" ? "1" : ratio(times[contender], times.undici),
    `${Math.round(Math.max(...most(contender, "longestPause")))} ms`,
    show(most(contender, "peak"), "MB"),
  ]);
}

/** More than fits into the heap. */
async function inSmallHeap(server: Access): Promise<string[]> {
  const count = MOST * TIMES;
  const { milliseconds, longestPause, peak } = await inProcess("few", server, count, SMALL_HEAP);
  return [
    count.toLocaleString("en-US"),
    `${CONTENDERS.few}, a heap of ${SMALL_HEAP} MB`,
    `${Math.round(milliseconds)} ms`,
    "",
    `${Math.round(longestPause)} ms`,
    `${Math.round(peak)} MB`,
  ];
}

const [contender, url = "", token = "", count] = process.argv.slice(2);
if (contender === undefined) {
  run(async () => {
    const server = await openServer();
    const rows: string[][] = [];
    let made = 0;
    try {
      for (const count of COUNTS) {
        await server.fill(count - made);
        made = count;
        await server.freezeList();
        rows.push(...(await compare(server, count)));
      }
      if (!server.isReal) {
        await server.freezeList(TIMES);
        rows.push(await inSmallHeap(server));
      }
    } finally {
      await server.close();
    }
    return table(["authorizations", "", "time", "ratio", "longest pause", "memory"], rows);
  });
} else {
  void measure(contender as Contender, { url, token }, Number(count)).then((measured) =>
    process.send?.(measured, () => process.disconnect()),
  );
}
