import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import { startSimulator, type Simulator } from "../../simulator/server.js";

type Line = Record<string, unknown>;

const ROUNDS = 3;
const COUNT = 2000;
const PARALLEL = 4;
/** Tokens that the file announces before they are begun, or that have just been done. */
const AHEAD = 256;

/** A real Node-RED is killed at a random moment of two sweeps, again and again. */
describe("the audit trail after a kill -9 at any moment", function () {
  this.timeout(60_000);
  let simulator: Simulator;
  let nodeRed: NodeRed;
  let folder: string;

  before(async () => {
    simulator = await startSimulator({ tokens: "clear" });
    folder = await mkdtemp(join(tmpdir(), "audit-test-"));
  });
  after(async () => {
    await nodeRed.stop();
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  const linesOf = (text: string) =>
    text.split("\n").flatMap((line) => {
      try {
        return [JSON.parse(line.slice(line.indexOf("{"))) as Line];
      } catch {
        // The kill has cut it.
        return [];
      }
    });

  it("agrees with the server, in a file and in Node-RED's log", async () => {
    const { world } = simulator;
    const user = world.addUser("somebody");
    const add = () => Array.from({ length: COUNT }, () => world.addAuthorization({ user }).id);
    const ids = { file: add(), log: add() };
    const file = join(folder, "audit.jsonl");
    const node = (id: string, type: string, more: object) => ({
      ...{ id, type, z: "tab", x: 9, y: 9, wires: [] },
      ...more,
    });
    const flows = Object.entries(ids).flatMap(([name, list]) => [
      {
        ...{ id: `connection-${name}`, type: "influxdb-connection", product: "oss", url: simulator.url },
        ...{ parallel: PARALLEL, auditFile: name === "file" ? file : "" },
      },
      node(`start-${name}`, "inject", {
        ...{ once: true, onceDelay: 0.1, props: [{ p: "payload", v: JSON.stringify(list), vt: "json" }] },
        wires: [[name]],
      }),
      node(name, "influxdb-delete-authorization", {
        ...{ connection: `connection-${name}`, confirmed: true, limit: "", notFound: "done" },
      }),
    ]);
    const token = { token: world.operator.token };

    let seen = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const there = new Set(world.authorizations.keys());
      const asked = simulator.requests.length;
      const moment = 1 + Math.floor(Math.random() * (COUNT / 2));
      nodeRed = await (round === 0
        ? startNodeRed({
            port: await freePort(),
            flows: {
              nodes: [{ id: "tab", type: "tab", label: "sweeps" }, ...flows],
              credentials: { "connection-file": token, "connection-log": token },
            },
          })
        : nodeRed.startAgain());
      for (let tries = 0; simulator.requests.length < asked + moment; tries++) {
        assert.ok(tries < 10_000, "the sweeps do not begin");
        await sleep(1);
      }
      await nodeRed.kill();

      const inFile = linesOf(await readFile(file, "utf8"));
      const trails = { file: inFile.slice(seen), log: linesOf(nodeRed.log()) };
      seen = inFile.length;
      for (const name of ["file", "log"] as const) {
        const told = `${name}, killed after ${moment} requests of round ${round}`;
        const announced = new Set<unknown>();
        const answered = new Map<unknown, unknown>();
        for (const { type, id, outcome } of trails[name]) {
          if (type === "request") announced.add(id);
          else if (type === "response") answered.set(id, outcome);
        }
        const gone = ids[name].filter((id) => there.has(id) && !world.authorizations.has(id));
        assert.deepEqual(
          gone.filter((id) => !announced.has(id)),
          [],
          `${told}: gone without a request`,
        );
        const deleted = ids[name].filter((id) => answered.get(id) === "deleted");
        assert.deepEqual(
          deleted.filter((id) => !gone.includes(id)),
          [],
          `${told}: there in spite of a response`,
        );
        const open = [...announced].filter((id) => !answered.has(id)).length;
        assert.ok(open <= (name === "file" ? AHEAD : 0) + 4 * PARALLEL, `${told}: ${open} are open`);
      }
    }
  });
});
