import type { Node, NodeAPI } from "node-red";
import type { AuditSink } from "../src/audit.js";

/** What Node-RED's settings file says of one log: `console`, or one with a handler of its own. */
interface LogSettings {
  level?: string;
  handler?: unknown;
}

/**
 * Node-RED's log as an audit trail, each line an entry of the node. What it writes to the standard output is out of
 * this process at once, so a batch saves nothing.
 */
export function auditLog(RED: NodeAPI, { id, type, z, name }: Node): AuditSink {
  const level = levelOf(RED);
  return {
    batch: 1,
    append(_type, lines) {
      for (const msg of lines) {
        RED.log.log({ level, id, type, msg, ...(z && { z }), ...(name && { name }) });
      }
      return Promise.resolve();
    },
  };
}

/** The level of information, or the lowest that a log takes where all are set to a higher one. */
function levelOf({ log, settings }: NodeAPI): number {
  const { INFO, WARN, ERROR, FATAL } = log as unknown as Record<string, number>;
  const { logging } = settings as { logging?: Readonly<Record<string, LogSettings | undefined>> };
  const logs = Object.entries(logging ?? {})
    .filter(([name, log]) => name === "console" || log?.handler !== undefined)
    .map(([, log]) => log?.level ?? "info");
  if (logs.length === 0) return INFO as number;
  const levels: Record<string, number | undefined> = { off: FATAL, fatal: FATAL, error: ERROR, warn: WARN };
  return Math.max(...logs.map((name) => levels[name] ?? (INFO as number)));
}
