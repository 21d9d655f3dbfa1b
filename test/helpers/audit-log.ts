import type { NodeAPI } from "node-red";
import { auditLog } from "../../nodes/runtime/audit-log.js";

/** Writes an audit trail to the standard output, and tells the parent how many lines are written. */
const RED = {
  log: { log: ({ msg }: { msg: string }) => console.log(msg) },
  settings: {},
} as unknown as NodeAPI;
const sink = auditLog(RED, { id: "node1", type: "influxdb-delete-authorization" } as never);

async function write(): Promise<void> {
  for (let line = 1; line <= 50_000; line++) {
    await sink.append("request", [JSON.stringify({ line, text: "x".repeat(300) })]);
    process.send?.(line);
    await new Promise(setImmediate);
  }
}

void write();
