import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { FlowNode } from "../../simulator/flow.js";
import { readExample, startNodeRed, type NodeRed } from "../../simulator/node-red.js";

const EXAMPLE = "one sweep, several Node-REDs";

/** What the flow reports at the end of a sweep, or where none was begun. */
interface SweepReport {
  text: string;
  counts?: Record<string, number>;
  /** How many each Node-RED has done. */
  by?: Record<string, number>;
  records?: { id: string; description?: string; outcome: string; would?: string; error?: string }[];
}

/** Of one Node-RED that has the example. */
interface Member {
  /** Whether it lists, and takes no share of the work. */
  lists: boolean;
  version?: "node-red" | "node-red-4";
  /** Whether *delete* may do no more than a dry run. */
  staysDry?: boolean;
}

export interface SharedSweepOptions {
  connection: FlowNode;
  mqttPort: number;
  members: readonly Member[];
  /** The environment variables of the flow: `{ SWEEP_LIMIT: 40 }`. */
  env?: Record<string, number>;
  /** Of Node-RED. */
  settings?: Record<string, unknown>;
}

export interface SharedSweep {
  /** In the order of the members. */
  nodeReds: NodeRed[];
  /** Clicks "dry run now" or "for real now" where the flow lists. */
  click(button: "dry run now" | "for real now"): Promise<void>;
  /** The first so many reports since the start. Waits for them. */
  reports(count: number): Promise<SweepReport[]>;
  close(): Promise<void>;
}

/** The secret with which the members sign. */
export const SWEEP_SECRET = "of at least thirty-two characters";

/** Starts Node-REDs that have the example, and waits until all are connected to the broker. */
export async function startSharedSweep(options: SharedSweepOptions): Promise<SharedSweep> {
  const folder = await mkdtemp(join(tmpdir(), "shared-sweep-"));
  const reportFile = join(folder, "reports");
  const example = await readExample(EXAMPLE);
  const settings = { mqttReconnectTime: 100, ...options.settings };
  const started = await Promise.allSettled(
    options.members.map((member) =>
      startNodeRed({
        nodes: flowOf(example, member, options, reportFile),
        env: { SWEEP_SECRET, SWEEP_LISTER: String(member.lists) },
        settings,
        ...(member.version && { version: member.version }),
      }),
    ),
  );
  const nodeReds = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const close = async () => {
    await Promise.all(nodeReds.map((nodeRed) => nodeRed.close()));
    await rm(folder, { recursive: true, force: true });
  };
  const failed = started.find((each) => each.status === "rejected");
  if (failed) {
    await close();
    throw failed.reason;
  }
  const lister = nodeReds[options.members.findIndex(({ lists }) => lists)];
  for (const nodeRed of nodeReds) await isConnected(nodeRed);
  return {
    nodeReds,
    async click(button) {
      const { id } = example.find(({ name }) => name === button) ?? { id: "" };
      const { statusCode } = await request(`${lister?.url}inject/${id}`, { method: "POST" });
      if (statusCode !== 200) throw new Error(`"${button}" was answered with ${statusCode}`);
    },
    async reports(count) {
      const read = async () => (await readFile(reportFile, "utf8").catch(() => "")).split("\n").slice(0, -1);
      await waitUntil(`there are ${count} reports`, async () => (await read()).length >= count);
      return (await read()).slice(0, count).map((line) => JSON.parse(line) as SweepReport);
    },
    close,
  };
}

/** Waits until a Node-RED has connected to the broker once since it was started. */
export function isConnected(nodeRed: NodeRed): Promise<void> {
  return waitUntil("Node-RED is connected", () => nodeRed.log().includes("Connected to broker"));
}

/** Longer than any of the tests may take, in milliseconds: what never comes fails, and does not hold the process. */
const LONGEST_WAIT = 120_000;

/** Waits until something is so. @throws {Error} if it never is. */
export async function waitUntil(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + LONGEST_WAIT;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`It took too long until ${what}`);
    await sleep(10);
  }
}

/** The example as a user has filled it in, with a file that keeps the reports. */
function flowOf(
  example: readonly FlowNode[],
  { lists, staysDry = false }: Member,
  { connection, mqttPort, env = {} }: SharedSweepOptions,
  reportFile: string,
): FlowNode[] {
  return example.map((node) => {
    const { id, type, name } = node;
    if (type === "tab") {
      const entries = node.env as { name: string; value: string }[];
      return {
        ...node,
        env: entries.map((each) => ({ ...each, value: String(env[each.name] ?? each.value) })),
      };
    }
    if (type === "influxdb-connection") return { ...node, ...connection, id };
    if (type === "mqtt-broker") return { ...node, broker: "127.0.0.1", port: String(mqttPort) };
    if (name === "delete") return { ...node, confirmed: !staysDry, dryRun: staysDry };
    // Shorter than a user needs to wait.
    if (name === "every 10 seconds") return { ...node, repeat: "0.2" };
    // What lists and works would be two that die.
    if (node.topic === WORK) return { ...node, d: lists };
    if (type === "debug" && name === "report") return { ...node, ...toFile(reportFile) };
    return node;
  });
}

const WORK = "$share/sweepers/influxdb/sweep/work";

const toFile = (filename: string) => ({
  ...{ type: "file", filename, filenameType: "str" },
  ...{ appendNewline: true, overwriteFile: "false", encoding: "none" },
});
