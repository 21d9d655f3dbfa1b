/** What a package adds to the start, the memory and the disk of a Node-RED. */
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort, install, launch, pack } from "../simulator/node-red.js";
import { inTurn, median, run, show, table, type Figures } from "./measure.js";

const ROUNDS = 7;
const ALONE = "Node-RED alone";

/** Each adds a configured node of its package, so that whatever is loaded only then is loaded. */
const FLOWS = {
  none: [],
  ours: [
    { id: "connection", type: "influxdb-connection", product: "oss", url: "http://127.0.0.1:8086" },
    { id: "node", type: "influxdb-delete-authorization", z: "tab", connection: "connection", wires: [[]] },
  ],
  influxdb: [
    { id: "connection", type: "influxdb", influxdbVersion: "2.0", url: "http://127.0.0.1:8086" },
    {
      id: "node",
      type: "influxdb out",
      z: "tab",
      influxdb: "connection",
      org: "home",
      bucket: "b",
      wires: [],
    },
  ],
};

interface Contender {
  userDir: string;
  flow: keyof typeof FLOWS;
}

const call = promisify(execFile);

/** A user folder with a package in it, as npm installs it for a user. */
async function makeUserDir(parent: string, packageName?: string): Promise<string> {
  const userDir = await mkdtemp(join(parent, "user-"));
  const settings = {
    uiHost: "127.0.0.1",
    flowFile: "flows.json",
    credentialSecret: false,
    telemetry: { enabled: false, updateNotification: false },
  };
  await writeFile(join(userDir, "settings.js"), `module.exports = ${JSON.stringify(settings)}`);
  for (const [name, nodes] of Object.entries(FLOWS)) {
    const flow = [{ id: "tab", type: "tab" }, ...nodes];
    await writeFile(join(userDir, `${name}.json`), JSON.stringify(flow));
  }
  await install(userDir, packageName);
  return userDir;
}

/** Megabytes of all that npm has installed. */
async function sizeOf(userDir: string): Promise<number> {
  const { stdout } = await call("du", ["-sk", join(userDir, "node_modules")]);
  return parseInt(stdout) / 1024;
}

/** Milliseconds until flows and editor have started, and kilobytes of memory when they do not change any more. */
async function start({ userDir, flow }: Contender): Promise<{ milliseconds: number; kilobytes: number }> {
  await copyFile(join(userDir, `${flow}.json`), join(userDir, "flows.json"));
  const port = await freePort();
  const begun = performance.now();
  const nodeRed = await launch(userDir, { port });
  const milliseconds = performance.now() - begun;
  const kilobytes = await settledMemory(nodeRed.pid).finally(() => nodeRed.kill());
  return { milliseconds, kilobytes };
}

/** The first that stays within one percent for a second, or the last after ten seconds. */
async function settledMemory(pid: number): Promise<number> {
  const readings: number[] = [];
  for (let turn = 0; turn < 50; turn++) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    readings.push(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]));
    const last = readings.slice(-5);
    if (last.length === 5 && Math.max(...last) < 1.01 * Math.min(...last)) break;
    await wait(200);
  }
  return readings.at(-1) ?? NaN;
}

/** By how much more, round by round: `31 ms (24 to 40)`, median and extremes. */
function added(figures: Figures, bare: Figures, unit: string): string {
  const each = figures.map((figure, round) => figure - (bare[round] ?? NaN));
  const [middle, least, most] = [median(each), Math.min(...each), Math.max(...each)].map((figure) =>
    figure.toFixed(unit === "ms" ? 0 : 1),
  );
  return `${middle ?? ""} ${unit} (${least ?? ""} to ${most ?? ""})`;
}

async function compare(folder: string): Promise<string> {
  const bare = await makeUserDir(folder);
  const ours = await makeUserDir(folder, await pack(folder));
  const influxdb = await makeUserDir(folder, "node-red-contrib-influxdb");
  // Widely known packages that, like ours, have some nodes with libraries of their own and serve no pages.
  const cronPlus = await makeUserDir(folder, "node-red-contrib-cron-plus");
  const contenders: Record<string, Contender> = {
    [ALONE]: { userDir: bare, flow: "none" },
    "this package": { userDir: ours, flow: "none" },
    "this package, with a node": { userDir: ours, flow: "ours" },
    "node-red-contrib-influxdb": { userDir: influxdb, flow: "none" },
    "node-red-contrib-influxdb, with a node": { userDir: influxdb, flow: "influxdb" },
    "node-red-contrib-cron-plus": { userDir: cronPlus, flow: "none" },
  };

  const memory = new Map<string, number[]>();
  const measured: Record<string, () => Promise<number>> = {};
  for (const [name, contender] of Object.entries(contenders)) {
    measured[name] = async () => {
      const { milliseconds, kilobytes } = await start(contender);
      memory.set(name, [...(memory.get(name) ?? []), kilobytes / 1024]);
      return milliseconds;
    };
  }
  const times = await inTurn(ROUNDS, measured);

  const rows: string[][] = [];
  for (const [name, { userDir }] of Object.entries(contenders)) {
    // Without the first round, as the times.
    const memoryOf = (which: string) => memory.get(which)?.slice(1) ?? [];
    const timesOf = (which: string) => times[which] ?? [];
    rows.push(
      userDir === bare
        ? [name, show(timesOf(name), "ms"), show(memoryOf(name), "MB"), ""]
        : [
            name,
            added(timesOf(name), timesOf(ALONE), "ms"),
            added(memoryOf(name), memoryOf(ALONE), "MB"),
            `${(await sizeOf(userDir)).toFixed(1)} MB`,
          ],
    );
  }
  return table(
    ["added to Node-RED alone", "time to the start of the flows", "memory (rss)", "on disk"],
    rows,
  );
}

run(async () => {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  try {
    return await compare(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
