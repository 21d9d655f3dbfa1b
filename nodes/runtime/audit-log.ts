import type { Node, NodeAPI } from "node-red";
import type { AuditSink } from "../../src/work/audit.js";
import { TokenError } from "../../src/errors.js";

/** What Node-RED's settings file says about one log: `console`, or one with a handler of its own. */
interface LogSettings {
  level?: string;
  handler?: unknown;
}

/** Node-RED's log as an audit trail, each line an entry of the node. Larger batches would save nothing. */
export function auditLog(RED: NodeAPI, { id, type, z, name }: Node): AuditSink {
  const level = levelOf(RED);
  return {
    batch: 1,
    async append(kind, lines) {
      try {
        for (const msg of lines) {
          RED.log.log({ level, id, type, msg, ...(z && { z }), ...(name && { name }) });
        }
      } catch {
        // A handler that the user wrote.
        throw notLogged("it failed");
      }
      if (kind === "request") await outOfProcess();
    },
  };
}

/** Milliseconds. */
const LONGEST_WAIT = 10_000;

/** Output that its reader has not taken yet waits in this process, and would be lost with it. */
async function outOfProcess(): Promise<void> {
  const { stdout } = process;
  if (stdout.writableLength === 0 || stdout.destroyed) return;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(notLogged("nobody reads it")), LONGEST_WAIT);
      // Called when all before it is written, or the output has failed.
      stdout.write("", () => resolve());
    });
  } finally {
    clearTimeout(timer);
  }
}

function notLogged(reason: string): TokenError {
  return new TokenError(
    "audit-failed",
    `Node-RED's log could not be written (${reason}), and nothing is done without the audit trail. ` +
      "Check the log, or choose an audit file in the connection.",
    { fatal: true },
  );
}

/** The level "info", or the lowest that any log takes if all are set to a higher one. */
function levelOf({ log, settings }: NodeAPI): number {
  const { INFO = 40, WARN = 30, ERROR = 20, FATAL = 10 } = log as unknown as Record<string, number>;
  const { logging } = settings as { logging?: Readonly<Record<string, LogSettings | undefined>> };
  const logs = Object.entries(logging ?? {})
    .filter(([name, log]) => name === "console" || log?.handler !== undefined)
    .map(([, log]) => log?.level ?? "info");
  if (logs.length === 0) return INFO;
  const levels: Record<string, number | undefined> = { off: FATAL, fatal: FATAL, error: ERROR, warn: WARN };
  return Math.max(...logs.map((name) => levels[name] ?? INFO));
}
