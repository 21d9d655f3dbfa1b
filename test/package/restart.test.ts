import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { startFixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import { startNodeRed } from "../../simulator/node-red.js";
import { closing } from "../helpers/closing.js";

const STORAGE = { default: { module: "localfilesystem", config: { cache: false } } };

/** A real Node-RED with a persistent context store, which ends as a crash does and starts again. */
describe("a restart", function () {
  this.timeout(60_000);
  const also = closing(afterEach);

  it("does not begin the limit of a day anew, outside and inside of subflows", async () => {
    const fixture = await also(startFixture());
    const { world } = fixture.simulator;
    const user = world.addUser("somebody");
    const ids = Array.from({ length: 4 }, () => world.addAuthorization({ user }).id);
    const properties = { type: "influxdb-delete-authorization", connection: "c", confirmed: true };
    const limit = { limit: "1", limitPer: "day" };
    const at = { x: 9, y: 9 };
    // Each start names two tokens to each of the two nodes, one after the other.
    const start = (id: string, to: string, payload: string[], delay: number) =>
      payload.map((each, index) =>
        onTab({
          ...{ id: `${id}${index}`, type: "inject", wires: [[to]], once: true },
          ...{ onceDelay: delay + index / 2, props: [{ p: "payload", v: each, vt: "str" }] },
        }),
      );
    const nodeRed = await also(
      startNodeRed({
        settings: { contextStorage: STORAGE },
        nodes: [
          { id: "tab", type: "tab", label: "limits" },
          fixture.connectionTo("oss", { id: "c" }),
          onTab({ id: "node", ...properties, ...limit, wires: [[]] }),
          {
            ...{ id: "flow", type: "subflow", name: "flow", env: [] },
            in: [{ ...at, wires: [{ id: "within" }] }],
            out: [],
          },
          { id: "within", z: "flow", ...at, ...properties, ...limit, wires: [[]] },
          onTab({ id: "instance", type: "subflow:flow" }),
          ...start("a", "node", ids.slice(0, 2), 0.1),
          ...start("b", "instance", ids.slice(2), 0.1),
        ],
      }),
    );
    const left = () => ids.filter((id) => world.authorizations.has(id));
    const refusals = (log: string) => log.split("Limit exceeded").length - 1;
    const until = async (isSo: () => boolean) => {
      for (let tries = 0; !isSo(); tries++) {
        assert.ok(tries < 500, `it is not so in time: ${nodeRed.log()}`);
        await sleep(20);
      }
    };
    await until(() => refusals(nodeRed.log()) === 2 && left().length === 2);
    assert.deepEqual(left(), [ids[1], ids[3]]);
    await nodeRed.kill();
    await nodeRed.startAgain();
    await until(() => refusals(nodeRed.log()) === 4);
    assert.deepEqual(left(), [ids[1], ids[3]]);
  });
});
