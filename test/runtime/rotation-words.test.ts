import assert from "node:assert/strict";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { LIST } from "../helpers/influxdb3.js";
import { withInfluxdb3Node } from "../helpers/influxdb3-node.js";
import type { Message } from "../helpers/runtime.js";

const ROTATE = { kind: "influxdb3-tokens" };

/** What a flow sends back when it has stored the value. */
const stored = ({ handedOver }: Message): Message => ({ payload: "", handedOver, step: "stored" });

describe("the words to a rotation of tokens of InfluxDB 3", () => {
  it("leaves a successor alone that was stored while the time ran out", () =>
    withInfluxdb3Node(
      "rotate-token",
      { ...ROTATE, timeLimit: "3" },
      async ({ server, world, send, runtime }) => {
        world.addToken({ name: "press" });
        const { outputs } = await send({ payload: "press" });
        const [sent] = outputs[0];
        assert.ok(sent);
        // The server takes longer to look than the time that is left.
        server.faults.push({ ...LIST, delay: 3500 });
        const told = await send(stored(sent));
        const record = told.outputs[1][0]?.payload as OutcomeRecord;
        assert.equal(record.outcome, "replaced");
        // Whatever waits for its turn has it before this one.
        await send({ ...stored(sent) });
        assert.ok(world.active(String(sent.tokenValue)), runtime.log());
        assert.equal(runtime.statuses.includes("red not stored in time"), false);
      },
    )).timeout(10_000);

  it("does not wait any more for what another node was told is stored", () =>
    withInfluxdb3Node(
      "rotate-token",
      ROTATE,
      async ({ world, send, runtime }) => {
        world.addToken({ name: "press" });
        const { outputs } = await send({ payload: "press" });
        const [sent] = outputs[0];
        assert.ok(sent);
        const { flow } = (
          runtime.node("node") as unknown as { context(): { flow: { get(key: string): object } } }
        ).context();
        const waiting = () => Object.keys(flow.get("influxdb_rotations_node"));
        assert.deepEqual(waiting(), ["press"]);
        const told = runtime.next("told");
        runtime.inject(stored(sent), "other");
        assert.equal(((await told).payload as OutcomeRecord).outcome, "replaced");
        assert.deepEqual(waiting(), []);
      },
      {
        nodes: [
          {
            ...{ id: "other", type: "influxdb-rotate-token", z: "tab", connection: "connection" },
            ...{ ...ROTATE, wires: [[], ["told"]] },
          },
          { id: "told", type: "helper", z: "tab" },
        ],
      },
    ));

  it("leaves tokens of another name alone, whatever number they name", () =>
    withInfluxdb3Node("rotate-token", { ...ROTATE, revokeOld: true }, async ({ world, send, names }) => {
      const { id } = world.addToken({ name: "press" });
      const foreign = [`oven [successor of ${id} since 2026-01-01T00:00:00Z 01234567]`];
      // Named by somebody who wants to keep the rotation from its end.
      foreign.push(`oven [successor of ${id} since 2999-01-01T00:00:00Z 01234567]`);
      for (const name of foreign) world.addToken({ name });
      const [sent] = (await send({ payload: "press" })).outputs[0];
      assert.ok(sent);
      const handedOver = { id: "press", successor: foreign[0] };
      const { error } = await send({ payload: "", handedOver, step: "not-stored" });
      assert.equal(error?.code, "not-waiting");
      const told = await send(stored(sent));
      const record = told.outputs[1][0]?.payload as OutcomeRecord;
      assert.equal(record.outcome, "replaced");
      assert.deepEqual(names(), ["_admin", "Node-RED", ...foreign, record.successor?.name]);
    }));

  it("does not take back what was stored, where the old one is left", () =>
    withInfluxdb3Node("rotate-token", ROTATE, async ({ world, send }) => {
      world.addToken({ name: "press" });
      const [sent] = (await send({ payload: "press" })).outputs[0];
      assert.ok(sent);
      await send(stored(sent));
      const { error } = await send({ ...stored(sent), step: "not-stored" });
      assert.equal(error?.code, "not-waiting");
      assert.ok(world.active(String(sent.tokenValue)));
    }));

  it("takes back after a deploy what is not stored in time, whatever it is called", () =>
    withInfluxdb3Node(
      "rotate-token",
      { ...ROTATE, timeLimit: "1" },
      async ({ world, send, names, runtime }) => {
        world.addToken({ name: "__proto__" });
        await send({ payload: "__proto__" });
        await runtime.deploy(
          (nodes) => nodes.map((each) => (each.id === "node" ? { ...each, name: "other" } : each)),
          "nodes",
        );
        const { error } = await runtime.ended(2);
        assert.equal(error?.code, "timeout", error?.message);
        assert.deepEqual(names(), ["_admin", "Node-RED", "__proto__"]);
      },
    )).timeout(10_000);
});
