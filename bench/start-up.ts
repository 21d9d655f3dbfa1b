/** What a package adds to the start, the memory and the disk of a Node-RED, and to what its editor loads. */
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import packageJson from "../package.json" with { type: "json" };
import { freePort, install, launch, pack } from "../simulator/node-red.js";
import { inTurn, median, run, show, table, type Figures } from "./measure.js";

const ROUNDS = 11;
/** V8's young generation doubles at some start, and at the next it does not: several MB, which would hide what is added. */
const YOUNG = "--max-semi-space-size=1";
const ALONE = "Node-RED alone";
const OURS = "this package";

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
  const nodeRed = await launch(userDir, { port, env: { NODE_OPTIONS: YOUNG } });
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

function judge(of: string, figure: number, goal: number, unit: string): string {
  return `${of} ${figure <= goal ? "met" : "missed"} (${figure.toFixed(1)} of ${goal} ${unit})`;
}

const HELP = /<script[^>]* data-help-name=[^]*?<\/script>/g;

/** What of this package the editor loads, and when. */
async function editorLoads(userDir: string): Promise<string[][]> {
  await copyFile(join(userDir, "none.json"), join(userDir, "flows.json"));
  const nodeRed = await launch(userDir, { port: await freePort() });
  try {
    const { name } = packageJson;
    const get = async (path: string, accept = "application/json") =>
      (await fetch(new URL(path, nodeRed.url), { headers: { accept } })).text();
    /** Of the html of all packages, ours. */
    const html = async (path: string) =>
      (await get(path, "text/html"))
        .split(/(?=<!-- --- \[red-(?:module|plugin):)/)
        .filter((part) => part.includes(`:${name}/`))
        .join("");
    const texts = async (path: string) => {
      const all = JSON.parse(await get(`${path}?lng=en-US`)) as Record<string, unknown>;
      return JSON.stringify(Object.entries(all).filter(([set]) => set.startsWith(`${name}/`)));
    };
    const files = await readdir(join(userDir, "node_modules", name, "resources"));
    const script = (start: string) => {
      const file = files.find((each) => each.startsWith(start)) ?? "";
      return get(`resources/${name}/${file}`, "*/*");
    };
    const nodes = await html("nodes");
    const opening = {
      "html of the nodes": nodes.replaceAll(HELP, ""),
      "their help": nodes.match(HELP)?.join("") ?? "",
      "their texts": await texts("nodes/messages"),
      "html and texts of the sidebar": (await html("plugins")) + (await texts("plugins/messages")),
      "script of the nodes": await script("nodes."),
      "script of the sidebar": await script("sidebar."),
    };
    const row = (when: string, what: string, text: string) => [
      ...[when, what],
      `${(Buffer.byteLength(text) / 1024).toFixed(0)} KB`,
    ];
    return [
      ...Object.entries(opening).map(([what, text]) => row("as it opens", what, text)),
      row("as it opens", "together", Object.values(opening).join("")),
      row("with the first dialog", "its script", await script("dialogs")),
      row("when the tab is first shown", "its script", await script("inventory")),
    ];
  } finally {
    await nodeRed.kill();
  }
}

async function compare(folder: string): Promise<string> {
  const bare = await makeUserDir(folder);
  const ours = await makeUserDir(folder, await pack(folder));
  const influxdb = await makeUserDir(folder, "node-red-contrib-influxdb");
  // Widely known packages that, like ours, have some nodes with libraries of their own and serve no pages.
  const cronPlus = await makeUserDir(folder, "node-red-contrib-cron-plus");
  const contenders: Record<string, Contender> = {
    [ALONE]: { userDir: bare, flow: "none" },
    [OURS]: { userDir: ours, flow: "none" },
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

  // Without the first round, as the times.
  const memoryOf = (which: string) => memory.get(which)?.slice(1) ?? [];
  const timesOf = (which: string) => times[which] ?? [];
  const rows: string[][] = [];
  for (const [name, { userDir }] of Object.entries(contenders)) {
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
  const addedTo = (bare: Figures, figures: Figures) =>
    median(figures.map((figure, round) => figure - (bare[round] ?? NaN)));
  const goals = [
    judge("time", addedTo(timesOf(ALONE), timesOf(OURS)), 15, "ms"),
    judge("memory", addedTo(memoryOf(ALONE), memoryOf(OURS)), 3, "MB"),
    judge("disk", await sizeOf(ours), 3, "MB"),
  ];
  return [
    table(["added to Node-RED alone", "time to the start of the flows", "memory (rss)", "on disk"], rows),
    `Goals: ${goals.join(", ")}.`,
    table(["the editor loads", "what of this package", "size"], await editorLoads(ours)),
  ].join("\n\n");
}

run(async () => {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  try {
    return await compare(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
