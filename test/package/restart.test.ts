import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import { startSimulator, type Simulator } from "../../simulator/server.js";

const STORAGE = { default: { module: "localfilesystem", config: { cache: false } } };

/** A real Node-RED with a persistent context store, which ends as a crash does and starts again. */
describe("a restart", function () {
  this.timeout(60_000);
  let simulator: Simulator;
  let nodeRed: NodeRed | undefined;
  afterEach(async () => {
    await nodeRed?.stop();
    await simulator.close();
  });

  it("does not begin the limit of a day anew, outside and inside of subflows", async () => {
    simulator = await startSimulator();
    const { world } = simulator;
    const user = world.addUser("somebody");
    const ids = Array.from({ length: 4 }, () => world.addAuthorization({ user }).id);
    const properties = { type: "influxdb-delete-authorization", connection: "c", confirmed: true };
    const limit = { limit: "1", limitPer: "day" };
    const at = { x: 9, y: 9 };
    // Each start names two tokens to each of the two nodes, one after the other.
    const start = (id: string, to: string, payload: string[], delay: number) =>
      payload.map((each, index) => ({
        ...{ id: `${id}${index}`, type: "inject", z: "tab", ...at, wires: [[to]], once: true },
        ...{ onceDelay: delay + index / 2, props: [{ p: "payload", v: each, vt: "str" }] },
      }));
    nodeRed = await startNodeRed({
      port: await freePort(),
      settings: { contextStorage: STORAGE },
      flows: {
        nodes: [
          { id: "tab", type: "tab", label: "limits" },
          { id: "c", type: "influxdb-connection", product: "oss", url: simulator.url },
          { id: "node", z: "tab", ...at, ...properties, ...limit, wires: [[]] },
          {
            ...{ id: "flow", type: "subflow", name: "flow", env: [] },
            in: [{ ...at, wires: [{ id: "within" }] }],
            out: [],
          },
          { id: "within", z: "flow", ...at, ...properties, ...limit, wires: [[]] },
          { id: "instance", type: "subflow:flow", z: "tab", ...at, wires: [] },
          ...start("a", "node", ids.slice(0, 2), 0.1),
          ...start("b", "instance", ids.slice(2), 0.1),
        ],
        credentials: { c: { token: world.operator.token } },
      },
    });
    const left = () => ids.filter((id) => world.authorizations.has(id));
    const refusals = (log: string) => log.split("too many at once").length - 1;
    const until = async (isSo: () => boolean) => {
      for (let tries = 0; !isSo(); tries++) {
        assert.ok(tries < 500, `it is not so in time: ${nodeRed?.log()}`);
        await sleep(20);
      }
    };
    await until(() => refusals(nodeRed!.log()) === 2);
    assert.deepEqual(left(), [ids[1], ids[3]]);
    await nodeRed.kill();
    nodeRed = await nodeRed.startAgain();
    await until(() => refusals(nodeRed!.log()) === 4);
    assert.deepEqual(left(), [ids[1], ids[3]]);
  });
});
