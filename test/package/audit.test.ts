import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startFixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import { startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import { closing } from "../helpers/closing.js";

type Line = Record<string, unknown>;

const ROUNDS = 3;
const COUNT = 2000;
const PARALLEL = 4;
/** Tokens that the file announces before they are begun, or that have just been done. */
const AHEAD = 256;

/** A real Node-RED is killed at a random moment of two sweeps, again and again. */
describe("the audit trail after a kill -9 at any moment", function () {
  this.timeout(60_000);
  const also = closing(after);

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
    const fixture = await also(startFixture({ tokens: "clear" }));
    const { simulator } = fixture;
    const { world } = simulator;
    const user = world.addUser("somebody");
    const add = () => Array.from({ length: COUNT }, () => world.addAuthorization({ user }).id);
    const ids = { file: add(), log: add() };
    const file = join(fixture.folder, "audit.jsonl");
    const flows = Object.entries(ids).flatMap(([name, list]) => [
      fixture.connectionTo("oss", {
        ...{ id: `connection-${name}`, parallel: PARALLEL, auditFile: name === "file" ? file : "" },
      }),
      onTab({
        ...{ id: `start-${name}`, type: "inject" },
        ...{ once: true, onceDelay: 0.1, props: [{ p: "payload", v: JSON.stringify(list), vt: "json" }] },
        wires: [[name]],
      }),
      onTab({
        ...{ id: name, type: "influxdb-delete-authorization" },
        ...{ connection: `connection-${name}`, confirmed: true, limit: "", notFound: "done" },
      }),
    ]);

    let seen = 0;
    let nodeRed: NodeRed | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      const there = new Set(world.authorizations.keys());
      const asked = simulator.requests.length;
      const moment = 1 + Math.floor(Math.random() * (COUNT / 2));
      if (nodeRed) await nodeRed.startAgain();
      else
        nodeRed = await also(
          startNodeRed({ nodes: [{ id: "tab", type: "tab", label: "sweeps" }, ...flows] }),
        );
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
