/**
 * One flow for many InfluxDBs, of which some are dead and some are slow: whether these hold the others, and what it
 * takes. Beside it a flow with a list node and a delete node for each.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { FlowNode } from "../simulator/flow.js";
import { ENOUGH_IN_ALL, START_PARALLEL } from "../src/http/parallelism.js";
import { inOwnProcess, median, ratio, run, table } from "./measure.js";
import { startRuntime } from "./runtime.js";
import { connectionTo, type Access } from "./server.js";

export type Kind = "quick" | "slow" | "refused" | "silent";
export interface Edge extends Access {
  kind: Kind;
}

const TOKENS = 100;
const QUICK: Partial<Record<Kind, number>> = { quick: 150 };
const MIXED: Partial<Record<Kind, number>> = { silent: 20, refused: 20, slow: 10, ...QUICK };
/** Seconds after which a server that says nothing has failed. */
const TIMEOUT = 10;

const ROUNDS = 2;
/** How many times longer the quick ones may take beside the others. */
const MOST_HELD = 1.3;
/** As many as all connections together allow requests, and one for the servers' process. */
const MOST_SOCKETS = ENOUGH_IN_ALL + START_PARALLEL * 200 + 1;

const VARIANTS: Record<string, { servers: typeof QUICK; copies?: true }> = {
  "one flow, all quick": { servers: QUICK },
  "one flow, some dead or slow": { servers: MIXED },
  "a copy for each, some dead or slow": { servers: MIXED, copies: true },
};

interface Found {
  /** Milliseconds until the last of each kind has ended. */
  ended: Partial<Record<Kind, number>>;
  /** Tokens of the quick ones that were deleted, by the reports. */
  deleted: number;
  /** Reports that do not name their server. */
  unnamed: number;
  sockets: { peak: number; afterwards: number };
  /** In bytes: of the heap and what belongs to it. */
  memory: { before: number; peak: number; after: number };
}

const ANY = {
  connection: "",
  connectionFrom: "any",
  connectionName: "connection",
  connectionNameType: "msg",
};
const LIST = { type: "influxdb-list-authorizations", user: "bench", userType: "str", result: "all" };
const DELETE = { type: "influxdb-delete-authorization", confirmed: true, limit: "", ifSomeFail: "report" };

function nodesFor(edges: readonly Edge[], copies: boolean): FlowNode[] {
  const connections = edges.map((edge, index) =>
    connectionTo(edge, { id: `id-${index}`, name: `edge-${index}`, timeout: String(TIMEOUT), retries: "0" }),
  );
  const pairs = copies
    ? connections.flatMap(({ id }, index) => [
        { ...LIST, id: `list-${index}`, connection: id, wires: [[`delete-${index}`], ["end"]] },
        { ...DELETE, id: `delete-${index}`, connection: id },
      ])
    : [
        { ...LIST, ...ANY, id: "list", wires: [["delete"], ["end"]] },
        { ...DELETE, ...ANY, id: "delete" },
      ];
  return [...connections, ...pairs];
}

const heap = () => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const sockets = () => process.getActiveResourcesInfo().filter((each) => each === "TCPSocketWrap").length;

async function measure(name: string): Promise<Found> {
  const { servers, copies = false } = VARIANTS[name] as (typeof VARIANTS)[string];
  const kinds = Object.entries(servers).flatMap(([kind, count]) => Array<string>(count).fill(kind));
  const args = [String(TOKENS), ...kinds];
  const child = fork(join(import.meta.dirname, "fleet-servers.ts"), args, { execArgv: ["--import", "tsx"] });
  const [edges] = (await once(child, "message")) as [Edge[]];
  const runtime = await startRuntime(nodesFor(edges, copies));
  try {
    gc?.();
    const found: Found = {
      ...{ ended: {}, deleted: 0, unnamed: 0 },
      sockets: { peak: 0, afterwards: 0 },
      memory: { before: heap(), peak: 0, after: 0 },
    };
    const watch = setInterval(() => {
      found.sockets.peak = Math.max(found.sockets.peak, sockets());
      found.memory.peak = Math.max(found.memory.peak, heap());
    }, 20);
    const start = performance.now();
    let left = edges.length;
    await new Promise<void>((done) => {
      runtime.node("end").on("input", ({ index, payload, error }) => {
        const { kind } = edges[index as number] as Edge;
        found.ended[kind] = performance.now() - start;
        const records = error === undefined ? (payload as { outcome: string; connection?: object }[]) : [];
        if (kind === "quick") found.deleted += records.filter(({ outcome }) => outcome === "deleted").length;
        found.unnamed += records.filter(({ connection }) => connection === undefined).length;
        if (--left === 0) done();
      });
      // The dead ones first.
      for (const index of edges.keys()) {
        const msg = { _msgid: String(index), index, connection: `edge-${index}` };
        runtime.node(copies ? `list-${index}` : "list").receive(msg);
      }
    });
    clearInterval(watch);
    // Idle sockets are closed after four seconds.
    await wait(6000);
    gc?.();
    found.sockets.afterwards = sockets();
    found.memory.after = heap();
    return found;
  } finally {
    await runtime.close();
    child.disconnect();
  }
}

const seconds = (milliseconds = NaN) => `${(milliseconds / 1000).toFixed(1)} s`;
const megabytes = ({ before, peak, after }: Found["memory"]) =>
  [before, peak, after].map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(" / ");

async function compare(): Promise<string> {
  const found: Record<string, Found[]> = {};
  // In turn, so that whatever else the machine does affects them alike.
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(VARIANTS)) {
      (found[name] ??= []).push(await inOwnProcess<Found>(import.meta.filename, [name]));
    }
  }
  const [alone = [], mixed = []] = Object.values(found);
  const rows = Object.entries(found).map(([name, rounds]) => {
    const ended = (kind: Kind) =>
      kind in (rounds[0]?.ended ?? {}) ? seconds(median(rounds.map((each) => each.ended[kind] ?? NaN))) : "";
    const most = rounds.reduce((a, b) => (a.memory.peak > b.memory.peak ? a : b));
    return [
      name,
      ...(["quick", "slow", "refused", "silent"] as const).map(ended),
      `${most.sockets.peak} / ${most.sockets.afterwards}`,
      megabytes(most.memory),
    ];
  });
  const quick = (rounds: Found[]) => rounds.map(({ ended }) => ended.quick ?? NaN);
  const held = median(mixed.map(({ ended }, round) => (ended.quick ?? NaN) / (quick(alone)[round] ?? NaN)));
  const wanted = TOKENS * (QUICK.quick ?? 0);
  const sum = (count: (each: Found) => number) => mixed.reduce((all, each) => all + count(each), 0);
  const lost = sum(({ deleted }) => wanted - deleted);
  const unnamed = sum((each) => each.unnamed);
  const peak = Math.max(...mixed.map(({ sockets }) => sockets.peak));
  const goals: [isMet: boolean, text: string][] = [
    [
      held <= MOST_HELD,
      `the dead and slow do not hold the others, which take ${ratio(quick(mixed), quick(alone))} times as long as alone (at most ${MOST_HELD})`,
    ],
    [lost === 0, `of ${wanted} tokens of the others ${lost} were not deleted`],
    [unnamed === 0, `${unnamed} records do not say of which server they are`],
    [
      peak <= MOST_SOCKETS,
      `${peak} sockets at the peak (at most ${MOST_SOCKETS}, as many as "auto" allows requests)`,
    ],
  ];
  return [
    table(
      [
        ...[
          "200 servers, 100 tokens each",
          "the quick 150",
          "the slow 10",
          "20 that refuse",
          "20 that say nothing",
        ],
        ...["sockets: peak / 6 s later", "heap in MB: before / peak / after"],
      ],
      rows,
    ),
    goals.map(([isMet, text]) => `- ${isMet ? "Met" : "**Missed**"}: ${text}.`).join("\n"),
  ].join("\n\n");
}

const [, , variant] = process.argv;
if (variant === undefined) run(compare);
else void measure(variant).then((found) => process.send?.(found));
