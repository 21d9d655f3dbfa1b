import assert from "node:assert/strict";
import { once, type EventEmitter } from "node:events";
import { createRequire } from "node:module";
import type { NodeAPI } from "node-red";
import type { FlowNode } from "../../simulator/flow.js";
import { readExample } from "../../simulator/node-red.js";
import { startSimulator, type Simulator } from "../../simulator/server.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { closing } from "../helpers/closing.js";
import { startRuntime, type Message, type Runtime } from "../helpers/runtime.js";

const core = createRequire(require.resolve(process.env.NODE_RED ?? "node-red"));
const modules = ["function/15-change", "sequence/17-split"].map(
  (file) => core(`@node-red/nodes/core/${file}.js`) as (RED: NodeAPI) => void,
);

const DAY = 24 * 60 * 60 * 1000;
const DEAD = "http://127.0.0.1:9";
type Part = { connection: string; result: string; tokens: OutcomeRecord[] };

/** What the editor shows, and what only starts the flow. */
const OF_EDITOR = ["tab", "group", "comment", "inject", "debug", "catch", "influxdb-connection"];

describe('the example "housekeeping of all my InfluxDBs"', () => {
  const also = closing(afterEach);
  let simulators: Simulator[];
  let runtime: Runtime;

  /** Starts it, with the last of its three servers down; gives what its report says. */
  async function start(allowed: object): Promise<(msg: object) => Promise<Part[]>> {
    simulators = [
      await also(startSimulator({ tokens: "clear" })),
      await also(startSimulator({ tokens: "clear" })),
    ];
    const flow = await readExample("housekeeping of all my InfluxDBs");
    const connections = flow
      .filter(({ type }) => type === "influxdb-connection")
      .map((each, index): FlowNode => {
        const simulator = simulators[index];
        const token = simulator?.world.operator.token ?? "of a server that is down";
        return { ...each, z: "tab", retries: "0", url: simulator?.url ?? DEAD, credentials: { token } };
      });
    const [list, report] = ["influxdb-list-authorizations", "debug"].map((type) =>
      flow.find((each) => each.type === type)!,
    );
    const idOf = (wanted: string) => flow.find(({ name }) => name === wanted)!.id;
    const others = flow
      .filter(({ type, id }) => !OF_EDITOR.includes(type) && id !== list!.id)
      .map((each) => {
        const wires = (each.wires as string[][]).map((port) =>
          port.map((id) => (id === list!.id ? "node" : id)),
        );
        return { ...each, z: "tab", wires, ...("dryRun" in each && allowed) };
      });
    const { id: _, ...ofList } = list!;
    const [first, ...more] = connections;
    runtime = await also(
      startRuntime(list!.type, { ...ofList, z: "tab" }, first!, {
        nodes: [...more, ...others, { ...report!, z: "tab", type: "helper" }],
        modules,
      }),
    );
    // The helper has one Catch node, which is that of the example here.
    emitter("caught").on("input", (msg) => receive(idOf("its error"), msg as Message));
    return async (msg) => {
      const told = once(emitter(report!.id), "input");
      receive(idOf("the servers"), msg);
      const [{ payload }] = (await told) as [Message];
      return payload as Part[];
    };
  }

  const emitter = (id: string) => runtime.node(id) as unknown as EventEmitter;
  const receive = (id: string, msg: object) => {
    (runtime.node(id) as unknown as { receive(msg: object): void }).receive(msg);
  };

  const fill = () =>
    simulators.map(({ world }) => {
      const user = world.addUser("user1");
      const updatedAt = new Date(Date.now() - 40 * DAY);
      const createdAt = updatedAt;
      const old = world.addAuthorization({ user, status: "inactive", createdAt, updatedAt });
      const isNew = world.addAuthorization({ user, status: "inactive" });
      const isUsed = world.addAuthorization({ user, createdAt, updatedAt });
      return { old: old.id, kept: [isNew.id, isUsed.id] };
    });

  it("deletes on each server what is old there, and reports the one that is down", async () => {
    const run = await start({ dryRun: false, confirmed: true });
    const tokens = fill();
    const report = await run({});
    assert.deepEqual(
      report.map(({ connection }) => connection),
      ["edge-1", "edge-2", "edge-3"],
    );
    for (const [index, { old, kept }] of tokens.entries()) {
      const { result, tokens: records } = report[index]!;
      assert.equal(result, "1 authorization deleted.");
      assert.partialDeepStrictEqual(records, [
        { id: old, outcome: "deleted", connection: { name: `edge-${index + 1}` } },
      ]);
      const { authorizations } = simulators[index]!.world;
      assert.deepEqual(
        [old, ...kept].map((id) => authorizations.has(id)),
        [false, true, true],
      );
    }
    assert.match(report[2]!.result, /^Server not reached, cannot .* on edge-3: /);
    assert.deepEqual(report[2]!.tokens, []);
    assert.deepEqual(
      (await run({})).slice(0, 2).map(({ tokens }) => tokens),
      [[], []],
    );
  });

  for (const [way, allowed, msg] of [
    ["the node", {}, {}],
    ["the message", { dryRun: false, confirmed: true }, { dryRun: true }],
  ] as const) {
    it(`only rehearses as long as ${way} says so`, async () => {
      const run = await start(allowed);
      const tokens = fill();
      const report = await run(msg);
      for (const [index, { old }] of tokens.entries()) {
        assert.partialDeepStrictEqual(report[index]!.tokens, [{ outcome: "dry-run", would: "deleted" }]);
        assert.ok(simulators[index]!.world.authorizations.has(old));
      }
    });
  }
});
