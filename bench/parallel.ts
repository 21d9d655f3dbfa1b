/**
 * How many requests at once: what "auto" finds, beside fixed numbers, on servers of every kind. The same authorizations
 * are updated again and again, by a sweep as the nodes make it. Each fixed number has some seconds, "auto" fifteen, of
 * which the last five count.
 */
import { createHttp } from "../src/http/client.js";
import type { Parallel } from "../src/http/parallelism.js";
import { Secret } from "../src/text/secret.js";
import { fixedToken } from "../src/token-source.js";
import { sweep } from "../src/work/sweep.js";
import { run, table } from "./measure.js";
import { openServer, type Load, type Server } from "./server.js";

const FIXED = [1, 2, 4, 8, 16, 32, 64];
const SETTLING_S = 10;
const SETTLED_S = 5;

interface Scenario extends Load {
  name: string;
  latency: number;
  /** Of a fixed number: before it counts, and while it does. */
  seconds: [number, number];
}

const QUICK: [number, number] = [1, 1];
/** A bucket that was full at first, and pauses of a second, take longer. */
const LIMITED: [number, number] = [2, 4];

const SIMULATED: Scenario[] = [
  { name: "no latency", latency: 0, seconds: QUICK },
  { name: "20 ms", latency: 20, seconds: QUICK },
  { name: "50 ms", latency: 50, seconds: QUICK },
  { name: "200 ms", latency: 200, seconds: QUICK },
  { name: "20 ms, and 2 ms for each under way", latency: 20, each: 2, seconds: QUICK },
  {
    name: "20 ms, twice that with 16, five times with 32",
    latency: 20,
    square: 20 / 16 ** 2,
    seconds: QUICK,
  },
  { name: "20 ms, 100 a second", latency: 20, perSecond: 100, seconds: LIMITED },
  {
    name: "20 ms, 100 a second, Retry-After: 1",
    latency: 20,
    perSecond: 100,
    retryAfter: 1,
    seconds: LIMITED,
  },
];
const REAL: Scenario[] = [{ name: "InfluxDB OSS", latency: 0, seconds: QUICK }];

interface Run {
  /** Updates in each second that counts. */
  rates: number[];
  /** Requests that met 429 in them, as a share. */
  refused: number;
  /** How many were allowed at once, at the end of each of them. */
  most: number[];
}

async function measure(
  server: Server,
  ids: readonly string[],
  latency: number,
  parallel: Parallel,
  [before, counted]: [number, number],
): Promise<Run> {
  const http = createHttp({
    url: new URL(server.url),
    authorization: { scheme: "Token", token: fixedToken(new Secret(server.token)) },
    ...{ timeoutSeconds: 30, retries: 10, parallel },
  });
  let done = 0;
  let refused = 0;
  const call = { method: "PATCH", repeat: "safe", body: { status: "inactive" } } as const;
  const watch = { onRetry: () => refused++ };
  const stop = new AbortController();
  const update = async (id: string) => {
    const path = ["api", "v2", "authorizations", id];
    const { status } = await http.send({ task: "update", ...call, path, watch });
    if (status !== 200) throw new Error(`Status ${status}`);
    done++;
    return { outcome: "updated" } as const;
  };
  // More than can be done.
  const targets = Array.from({ length: latency === 0 ? 300_000 : 60_000 }, (_, index) => ({
    ...{ id: ids[index % ids.length] as string, known: {}, listed: {} },
  }));
  const swept = sweep(targets, ({ id }) => update(id), {
    task: { verb: "update", noun: "authorization" },
    parallel: () => http.parallel,
    signal: stop.signal,
  });
  const seconds = (count: number) => new Promise((passed) => setTimeout(passed, 1000 * count));
  try {
    await seconds(before);
    refused = 0;
    const rates: number[] = [];
    const most: number[] = [];
    for (let second = 0; second < counted; second++) {
      const [start, from] = [done, performance.now()];
      await seconds(1);
      rates.push((done - start) / ((performance.now() - from) / 1000));
      most.push(http.parallel);
    }
    const all = rates.reduce((sum, rate) => sum + rate, 0);
    return { rates, refused: refused / (refused + all), most };
  } finally {
    stop.abort();
    await swept;
    await http.close();
  }
}

const mean = (figures: readonly number[]) => figures.reduce((sum, each) => sum + each, 0) / figures.length;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

async function rowOf(server: Server, ids: readonly string[], scenario: Scenario): Promise<string[]> {
  const { name, latency, seconds, ...load } = scenario;
  const fixed: number[] = [];
  for (const parallel of FIXED) {
    // Each finds a server that nobody has used.
    await server.slowDown(latency, load);
    fixed.push(mean((await measure(server, ids, latency, parallel, seconds)).rates));
  }
  await server.slowDown(latency, load);
  const { rates, refused, most } = await measure(server, ids, latency, "auto", [SETTLING_S, SETTLED_S]);
  const rate = mean(rates);
  // What it had in reserve lasts for some seconds only.
  const ratio = rate / Math.min(Math.max(...fixed), load.perSecond ?? Infinity);
  const spread = Math.max(...rates.map((each) => Math.abs(each - rate))) / rate;
  const isMet = ratio >= 0.9 && refused < 0.02;
  const told = (figure: number) => Math.round(figure).toLocaleString("en-US");
  return [
    ...[name, ...fixed.map(told), told(rate), `${ratio.toFixed(2)}${isMet ? "" : " (missed)"}`],
    ...[`${Math.min(...most)}–${Math.max(...most)}`, percent(refused), percent(spread)],
  ];
}

run(async () => {
  const server = await openServer();
  try {
    const ids = await server.fill(100);
    const rows: string[][] = [];
    for (const scenario of server.isReal ? REAL : SIMULATED) {
      rows.push(await rowOf(server, ids, scenario));
      console.error(rows.at(-1)?.join(" | "));
    }
    return table(
      ["updates a second", ...FIXED.map(String), "auto", "of the best", "at once", "429", "spread"],
      rows,
    );
  } finally {
    await server.close();
  }
});
