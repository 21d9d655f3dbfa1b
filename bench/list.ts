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
const ROUNDS = 5;
const CONTENDERS = ["undici", "ours"] as const;
type Contender = (typeof CONTENDERS)[number];

interface Measured {
  milliseconds: number;
  /** Milliseconds. */
  longestPause: number;
  /** MB more than Node-RED had before. */
  peak: number;
}

/** Runs in a process of its own: the first list warms up, the second counts. */
async function measure(contender: Contender, server: Access, count: number): Promise<Measured> {
  const runtime = await startRuntime([
    connectionTo(server),
    { id: "list", type: "influxdb-list-authorizations", connection: "connection" },
  ]);
  const pool = new Pool(server.url, { connections: 1 });
  const list = {
    ours: async () => (await runtime.send("list", {})).payload as unknown[],
    undici: async () => {
      const headers = { authorization: `Token ${server.token}` };
      const answer = await pool.request({ method: "GET", path: "/api/v2/authorizations", headers });
      return (JSON.parse(await answer.body.text()) as { authorizations: unknown[] }).authorizations;
    },
  }[contender];
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
  if (found.length < count) throw new Error(`Found ${found.length}`);
  await pool.close();
  await runtime.close();
  return {
    milliseconds,
    longestPause: pauses.max / 1e6,
    peak: (process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20,
  };
}

async function compare(server: Access, count: number): Promise<string[][]> {
  const all: Record<Contender, Measured[]> = { undici: [], ours: [] };
  const contend = (contender: Contender) => async () => {
    const args = [contender, server.url, server.token, String(count)];
    const measured = await inOwnProcess<Measured>(import.meta.filename, args);
    all[contender].push(measured);
    return measured.milliseconds;
  };
  const times = await inTurn(ROUNDS, { undici: contend("undici"), ours: contend("ours") });
  const most = (contender: Contender, what: "longestPause" | "peak"): Figures =>
    // Without the round that warms up.
    all[contender].slice(1).map((measured) => measured[what]);
  return CONTENDERS.map((contender) => [
    count.toLocaleString("en-US"),
    contender,
    show(times[contender], "ms"),
    contender === "ours" ? ratio(times.ours, times.undici) : "1",
    `${Math.round(Math.max(...most(contender, "longestPause")))} ms`,
    show(most(contender, "peak"), "MB"),
  ]);
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
