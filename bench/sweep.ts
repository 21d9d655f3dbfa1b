/** A sweep over many tokens by one message, compared with the same requests sent by bare undici. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { MOST_PARALLEL, type Parallel } from "../src/http/parallelism.js";
import { inTurn, median, ratio, run, show, table, time, type Figures } from "./measure.js";
import { startRuntime, type Runtime } from "./runtime.js";
import { connectionTo, openServer, type Server } from "./server.js";

const COUNT = 10_000;
const PARALLEL: readonly Parallel[] = [1, 2, 4, 8, 16, "auto"];
/** What undici has beside it. */
const inNumbers = (parallel: Parallel) => (parallel === "auto" ? MOST_PARALLEL : parallel);

interface Sweep {
  what: "delete" | "update";
  count: number;
  parallel: Parallel;
}

const idOf = ({ what, parallel }: Pick<Sweep, "what" | "parallel">) => `${what} ${parallel}`;

/** A node for each of what is compared, each with a connection of its own. */
const nodesFor = (server: Server) =>
  PARALLEL.flatMap((parallel) => [
    connectionTo(server, { id: `connection ${parallel}`, parallel: String(parallel) }),
    ...(["delete", "update"] as const).map((what) => ({
      id: idOf({ what, parallel }),
      type: `influxdb-${what}-authorization`,
      connection: `connection ${parallel}`,
      ...{ confirmed: true, limit: "", tokenStatus: "inactive", tokenStatusType: "str" },
    })),
  ]);

/** A sweep that writes its audit trail to disk before each request, compared with one that does not. */
async function auditOf(server: Server, runtime: Runtime): Promise<string> {
  const sweepOf = (id: string) => async () => {
    const payload = await server.fill(COUNT);
    return time(() => runtime.send(id, { payload }));
  };
  const { none, file } = await inTurn(7, {
    none: sweepOf(idOf({ what: "delete", parallel: 4 })),
    file: sweepOf("delete audited"),
  });
  const count = COUNT.toLocaleString("en-US");
  return table(
    ["4 parallel", "without a file", "with an audit file", "ratio"],
    [[`${count} deletes`, show(none, "ms"), show(file, "ms"), ratio(file, none)]],
  );
}

/** Milliseconds of each round. */
async function compare(
  server: Server,
  runtime: Runtime,
  sweep: Sweep,
  rounds: number,
): Promise<Record<"ours" | "undici", Figures>> {
  const { what, count, parallel } = sweep;
  const pool = new Pool(server.url, { connections: inNumbers(parallel) });
  let ids: string[] = [];
  const fresh = async () => {
    if (what === "delete" || ids.length < count) ids = await server.fill(count);
    return ids;
  };
  try {
    return await inTurn(rounds, {
      undici: async () => {
        const list = await fresh();
        return time(() => sendAll(pool, server.token, list, sweep));
      },
      ours: async () => {
        const payload = await fresh();
        return time(async () => {
          const report = (await runtime.send(idOf(sweep), { payload })).payload as { outcome: string }[];
          if (!report.every(({ outcome }) => outcome === `${what}d`)) throw new Error("Not all was done");
        });
      },
    });
  } finally {
    await pool.close();
  }
}

async function sendAll(pool: Pool, token: string, ids: string[], { what, parallel }: Sweep): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
      const answer = await pool.request({
        path: `/api/v2/authorizations/${id}`,
        headers: { authorization: `Token ${token}` },
        ...(what === "delete" ? { method: "DELETE" } : { method: "PATCH", body: '{"status":"inactive"}' }),
      });
      if (answer.statusCode >= 300) throw new Error(`Status ${answer.statusCode}`);
      if (what === "delete") await answer.body.dump();
      else await answer.body.json();
    }
  };
  await Promise.all(Array.from({ length: inNumbers(parallel) }, work));
}

async function sweepsOf(server: Server, runtime: Runtime): Promise<string> {
  const rows: string[][] = [];
  for (const what of ["delete", "update"] as const) {
    const { ours, undici } = await compare(server, runtime, { what, count: COUNT, parallel: 4 }, 7);
    rows.push([
      `${COUNT.toLocaleString("en-US")} ${what}s`,
      show(undici, "ms"),
      show(ours, "ms"),
      ratio(ours, undici),
    ]);
  }
  return table(["4 parallel", "undici", "node", "ratio"], rows);
}

/** Deletions per second, and compared with undici. */
async function parallelism(server: Server, runtime: Runtime): Promise<string> {
  const rows: string[][] = [];
  for (const latency of server.isReal ? [0] : [0, 50]) {
    await server.slowDown(latency);
    for (const parallel of PARALLEL) {
      const count = latency === 0 ? COUNT / 2 : 60 * inNumbers(parallel);
      const { ours, undici } = await compare(server, runtime, { what: "delete", count, parallel }, 3);
      const rate = Math.round(count / (median(ours) / 1000)).toLocaleString("en-US");
      rows.push([latency === 0 ? "none" : `${latency} ms`, String(parallel), rate, ratio(ours, undici)]);
    }
  }
  return table(["latency", "parallel", "deletes a second", "ratio to undici"], rows);
}

run(async () => {
  const server = await openServer();
  const folder = await mkdtemp(join(tmpdir(), "bench-audit-"));
  const connection = "connection audited";
  const auditFile = join(folder, "audit.jsonl");
  const runtime = await startRuntime([
    ...nodesFor(server),
    connectionTo(server, { id: connection, parallel: "4", auditFile }),
    { id: "delete audited", type: "influxdb-delete-authorization", connection, confirmed: true, limit: "" },
  ]);
  try {
    const tables = [
      await sweepsOf(server, runtime),
      await auditOf(server, runtime),
      await parallelism(server, runtime),
    ];
    return tables.join("\n\n");
  } finally {
    await runtime.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
});
