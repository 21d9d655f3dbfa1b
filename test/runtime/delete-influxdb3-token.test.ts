import assert from "node:assert/strict";
import { startInfluxdb3, type Influxdb3World } from "../../simulator/influxdb3.js";
import { zonedTimeOf } from "../../simulator/influxdb3/world.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { answer, LIST, OPERATOR_VALUE, REMOVE } from "../helpers/influxdb3.js";
import {
  withInfluxdb3Node,
  type Influxdb3Fixture,
  type Influxdb3NodeOptions,
} from "../helpers/influxdb3-node.js";
import {
  startRuntime,
  subflowOf,
  trailIn,
  type Message,
  type Properties,
  type Seen,
} from "../helpers/runtime.js";

const withDelete = (
  properties: Properties,
  work: (fixture: Influxdb3Fixture) => Promise<void>,
  options: Influxdb3NodeOptions = {},
) => withInfluxdb3Node("delete-influxdb3-token", { confirmed: true, ...properties }, work, options);

const adding =
  (...names: string[]) =>
  (world: Influxdb3World): undefined => {
    for (const name of names) world.addToken({ name });
  };
const record = ({ outputs: [[first]] }: Seen) => first?.payload as OutcomeRecord;
const outcomes = (seen: Seen) =>
  [seen.outputs[0].map(({ payload }) => payload)].flat(2).map((each) => (each as OutcomeRecord).outcome);

/** What a list node sends of a token. */
function listed(world: Influxdb3World, name: string): Message {
  const { id, createdAt } = world.tokens.get(name)!;
  return {
    ...{ id: name, name, tokenId: String(id), kind: "admin", state: "active" },
    createdAt: zonedTimeOf(createdAt),
    permissions: [{ resource_type: "*", resource_names: ["*"], actions: ["*"] }],
  };
}

describe("delete-influxdb3-token", () => {
  it("deletes the one that the message names, and no other that is spelled alike", () =>
    withDelete(
      {},
      async ({ send, names, changes, runtime }) => {
        const seen = await send({ payload: "Press 1", topic: "kept" });
        assert.equal(seen.error, undefined, seen.error?.message);
        assert.partialDeepStrictEqual(record(seen), { id: "Press 1", outcome: "deleted" });
        assert.deepEqual(names(), ["_admin", "Node-RED", "press 1", " Press 1", "Press 1 "]);
        assert.deepEqual(changes(), ["DELETE /api/v3/configure/token?token_name=Press+1"]);
        assert.equal(seen.outputs[0][0]!.topic, "kept");
        assert.equal(runtime.statuses.at(-1), "green 1 deleted");
        const trail = trailIn(runtime.log());
        assert.deepEqual(
          trail.map(({ type, outcome }) => [type, outcome]),
          [
            ["request", undefined],
            ["response", "deleted"],
          ],
        );
        assert.ok(JSON.stringify(trail[0]).includes("Press 1"));
      },
      { prepare: adding("press 1", "Press 1", " Press 1", "Press 1 ") },
    ));

  const ODD = [
    " with space ",
    "with \"quotes\" and 'others'",
    "a+b",
    "100%",
    "%2B%zz",
    "two\nlines",
    "a,b;c",
    "x&token_name=y#z?",
    "Größe 你好 👩‍🔧",
    "_ADMIN",
    "_admin ",
    "a[0].b",
    "../token",
    "x".repeat(5000),
  ];
  it("takes any name as it is, as a text, as an object and as one of many", () =>
    withDelete(
      {},
      async ({ send, names, world }) => {
        for (const name of ODD) {
          for (const payload of [name, { name }, { id: name }, { id: name, name }]) {
            const seen = await send({ payload });
            assert.equal(seen.error, undefined, seen.error?.message);
            assert.equal(record(seen).id, name);
            assert.equal(world.tokens.has(name), false);
            world.addToken({ name });
          }
        }
        const seen = await send({ payload: ODD });
        assert.deepEqual(
          (seen.payload as OutcomeRecord[]).map(({ id, outcome }) => [id, outcome]),
          ODD.map((name) => [name, "deleted"]),
        );
        assert.deepEqual(names(), ["_admin", "Node-RED", ""]);
      },
      { prepare: adding("", ...ODD) },
    )).timeout(20_000);

  for (const [what, payload, code] of [
    ["an empty text", "", "missing-id"],
    ["an object without a name", { token: "x" }, "missing-id"],
    ["an empty name", { name: "" }, "missing-id"],
    ["an empty name beside an id", { name: "", id: "press 1" }, "invalid-id"],
    ["nothing", undefined, "missing-id"],
    ["null", null, "missing-id"],
    ["two names", { id: "press 1", name: "press 2" }, "invalid-id"],
    ["an object that became a text", "[object Object]", "invalid-id"],
    ["JSON in a text", '{"name":"press 1"}', "invalid-id"],
    ["a list in a text", '["press 1"]', "invalid-id"],
    ["a value", "apiv3_of-somebody", "invalid-id"],
    ["a value with space before it", " apiv3_of-somebody", "invalid-id"],
    ["a number", 7, "invalid-id"],
    ["the server's number", { tokenId: "2" }, "missing-id"],
    ["bytes", Buffer.from("press 1"), "invalid-id"],
    ["half a character", "a\ud800", "invalid-id"],
    ["a name among others that is none", ["press 1", ""], "missing-id"],
  ] as [string, unknown, string][]) {
    it(`answers ${what} with ${code}, and sends nothing`, () =>
      withDelete(
        {},
        async ({ send, server, names }) => {
          const { error, outputs } = await send({ payload });
          assert.equal(error?.code, code, error?.message);
          assert.doesNotMatch(error.message, /of-somebody/);
          assert.deepEqual([outputs, server.requests], [[[], []], []]);
          assert.equal(names().length, 4);
        },
        { prepare: adding("", "press 1") },
      ));
  }

  it("deletes many, each once, in their order, and reports each", () =>
    withDelete(
      {},
      async ({ send, changes, names }) => {
        const seen = await send({ payload: ["a", { name: "b" }, "a", { id: "a" }, "A"] });
        assert.equal(seen.error?.code, "not-found");
        assert.deepEqual(outcomes(seen), ["deleted", "deleted", "failed"]);
        assert.equal(changes().length, 3);
        assert.deepEqual(names(), ["_admin", "Node-RED"]);
        assert.match(
          (seen.outputs[0][0]!.summary as { text: string }).text,
          /2 of 3 InfluxDB 3 tokens deleted/,
        );
      },
      { prepare: adding("a", "b") },
    ));

  it("does the same token once where two messages name it", () =>
    withDelete(
      { notFound: "done" },
      async ({ runtime, server }) => {
        server.faults.push({ ...REMOVE, delay: 50 });
        runtime.inject({ payload: "a" });
        runtime.inject({ payload: ["a", { name: "a" }] });
        const seen = await runtime.ended(2);
        assert.deepEqual(outcomes(seen), ["deleted", "not-found"]);
      },
      { prepare: adding("a") },
    ));

  it("takes what is gone for an error, or for done where the node says so", async () => {
    await withDelete({}, async ({ send }) => {
      const { error } = await send({ payload: "gone" });
      assert.equal(error?.code, "not-found");
      assert.match(error.message, /there is no InfluxDB 3 token of this name/);
    });
    await withDelete({ notFound: "done" }, async ({ send }) => {
      const seen = await send({ payload: "gone" });
      assert.deepEqual([seen.error, record(seen).outcome], [undefined, "not-found"]);
    });
  });

  it("does not take a server without the route for a token that is gone", () =>
    withDelete(
      { notFound: "done" },
      async ({ send, server }) => {
        server.faults.push({ ...REMOVE, ...answer(404, "Not found") });
        assert.equal((await send({ payload: "a" })).error?.code, "unsupported-product");
      },
      { prepare: adding("a") },
    ));

  it("refuses to work while the box is not ticked, and only reads in a dry run", () =>
    withDelete(
      { confirmed: false },
      async ({ send, names, changes }) => {
        const { error } = await send({ payload: "a" });
        assert.equal(error?.code, "not-confirmed");
        assert.match(error.message, /the box "I understand …" is not ticked/);
        const seen = await send({ payload: ["a", "gone", "_admin", "Node-RED", "kept"], dryRun: true });
        assert.equal(seen.error, undefined, seen.error?.message);
        assert.deepEqual(
          (seen.payload as OutcomeRecord[]).map(({ would }) => would),
          ["deleted", "not-found", "protected", "protected", "protected"],
        );
        assert.equal(names().length, 4);
        assert.deepEqual(changes(), []);
      },
      { prepare: adding("a", "kept"), connection: { protectedIds: "kept" } },
    ));

  it("takes a wish for a dry run in the payload, and none that calls off the node's", async () => {
    await withDelete(
      {},
      async ({ send, names }) => {
        const seen = await send({ payload: { name: "a", dryRun: true } });
        assert.partialDeepStrictEqual(record(seen), { outcome: "dry-run", would: "deleted" });
        assert.ok(names().includes("a"));
      },
      { prepare: adding("a") },
    );
    await withDelete(
      { dryRun: true },
      async ({ send, names }) => {
        assert.equal(record(await send({ payload: "a", dryRun: false })).outcome, "dry-run");
        assert.ok(names().includes("a"));
      },
      { prepare: adding("a") },
    );
  });

  it("touches no protected token, whatever space and lines are in its name", () =>
    withDelete(
      {},
      async ({ send, names }) => {
        const before = names();
        for (const payload of ["two\nlines", "space ", " lead"])
          assert.equal((await send({ payload })).error?.code, "protected");
        assert.deepEqual(names(), before);
        assert.deepEqual(outcomes(await send({ payload: ["two\nothers", "lead "] })), ["deleted", "deleted"]);
      },
      {
        prepare: adding("two\nlines", "space ", " lead", "two\nothers", "lead "),
        connection: { protectedIds: "two\nlines\nspace \n lead" },
      },
    ));

  it("touches none of more than the limit", () =>
    withDelete(
      { limit: "2" },
      async ({ send, names }) => {
        assert.equal((await send({ payload: ["a", "b", "c"] })).error?.code, "limit-exceeded");
        assert.equal(names().length, 5);
        assert.deepEqual(outcomes(await send({ payload: ["a", "b"] })), ["deleted", "deleted"]);
      },
      { prepare: adding("a", "b", "c") },
    ));

  for (const type of ["full", "flows", "nodes"] as const) {
    it(`knows after a deploy of ${type} what it has counted, and which token is its own`, () =>
      withDelete(
        { limit: "1", limitPer: "day" },
        async ({ send, runtime, names }) => {
          assert.equal((await send({ payload: "Node-RED" })).error?.code, "protected");
          assert.equal(record(await send({ payload: "a" })).outcome, "deleted");
          await runtime.deploy(
            // What no Catch node takes is logged.
            (nodes) =>
              nodes
                .filter(({ id }) => id !== "catch")
                .map((each) => (each.id === "node" ? { ...each, name: "other", limit: "2" } : each)),
            type,
          );
          const { receive } = runtime.node("node") as unknown as { receive(message: Message): void };
          const tell = (message: Message) => receive.call(runtime.node("node"), message);
          tell({ payload: "Node-RED" });
          await runtime.logged(/Own token, cannot delete/);
          tell({ payload: ["b", "c"] });
          await runtime.logged(/Limit exceeded/);
          assert.deepEqual(names(), ["_admin", "Node-RED", "b", "c"]);
        },
        { prepare: adding("a", "b", "c") },
      ));
  }

  describe("never deletes", () => {
    it("the operator token, and says so before anything is sent", () =>
      withDelete(
        {},
        async ({ send, server, names }) => {
          for (const payload of ["_admin", { name: "_admin" }, { id: "_admin" }]) {
            const { error } = await send({ payload });
            assert.equal(error?.code, "protected");
            assert.match(error.message, /operator token.*use the node regenerate operator token/);
          }
          assert.deepEqual([server.requests, names()[0]], [[], "_admin"]);
        },
        { connection: { allowOwnToken: true } },
      ));

    it("a protected name, one a line, with the spaces in it", () =>
      withDelete(
        {},
        async ({ send, names }) => {
          const seen = await send({ payload: ["pump 7, hall 2", "b; c", "Pump 7, hall 2", "pump 7", " d"] });
          assert.equal(seen.error?.code, "protected");
          assert.deepEqual(outcomes(seen), ["failed", "failed", "deleted", "deleted", "failed"]);
          assert.deepEqual(names(), ["_admin", "Node-RED", "pump 7, hall 2", "b; c", " d"]);
        },
        {
          prepare: adding("pump 7, hall 2", "Pump 7, hall 2", "pump 7", "b; c", " d"),
          connection: { protectedIds: "pump 7, hall 2\n\r\nb; c\n d" },
        },
      ));

    it("the connection's own token, told by the hash of its value", () =>
      withDelete(
        {},
        async ({ send, names, own, server }) => {
          const seen = await send({ payload: ["a", own.name, "b"] });
          assert.equal(seen.error?.code, "protected");
          assert.deepEqual(outcomes(seen), ["deleted", "failed", "deleted"]);
          assert.deepEqual(names(), ["_admin", own.name]);
          assert.equal(server.requests.filter(({ path }) => path.includes("query_sql")).length, 1);
        },
        { prepare: adding("a", "b") },
      ));

    it("anything where it cannot be told which is its own", () =>
      withDelete(
        {},
        async ({ send, names }) => {
          const { error } = await send({ payload: "a" });
          assert.equal(error?.code, "protected", error?.message);
          assert.ok(names().includes("a"));
        },
        // The list then shows no hashes.
        { prepare: adding("a"), server: { flags: ["--without-auth"] } },
      ));

    it("its own token unless the connection allows it", () =>
      withDelete(
        {},
        async ({ send, names, own }) => {
          assert.equal(record(await send({ payload: own.name })).outcome, "deleted");
          assert.deepEqual(names(), ["_admin"]);
          const { error } = await send({ payload: "a" });
          assert.equal(error?.code, "unauthorized");
        },
        { connection: { allowOwnToken: true } },
      ));
  });

  describe("only if still as listed", () => {
    it("leaves alone one that was made with the name since", () =>
      withDelete(
        { onlyIfAsListed: true },
        async ({ send, world }) => {
          const { createdAt } = world.tokens.get("a")!;
          const payload = [listed(world, "a"), listed(world, "b")];
          world.delete("a");
          // Even in the same millisecond.
          const { id } = world.addToken({ name: "a", createdAt });
          const seen = await send({ payload });
          assert.deepEqual(outcomes(seen), ["changed", "deleted"]);
          const [{ now }] = seen.payload as [OutcomeRecord];
          assert.equal((now as { tokenId?: string }).tokenId, String(id));
          assert.ok(world.tokens.has("a"));
        },
        { prepare: adding("a", "b") },
      ));

    it("refuses what does not say how it was listed", () =>
      withDelete(
        { onlyIfAsListed: true },
        async ({ send, server }) => {
          assert.equal((await send({ payload: "a" })).error?.code, "not-listed");
          assert.deepEqual(server.requests, []);
        },
        { prepare: adding("a") },
      ));

    it("takes what a list node has sent, also one with an expiry", () =>
      withDelete(
        { onlyIfAsListed: true },
        async ({ send, world }) => {
          const expiry = new Date(Date.now() + 86_400_000);
          world.addToken({ name: "c", expiry });
          const payload = { ...listed(world, "c"), expiresAt: zonedTimeOf(expiry) };
          assert.equal(record(await send({ payload })).outcome, "deleted");
        },
        { prepare: adding("a") },
      ));
  });

  it("spares one that was made with the name while the answer was lost", () =>
    withDelete(
      {},
      async ({ send, world, server }) => {
        server.faults.push({ ...REMOVE, drop: "after" });
        // The first list tells which token is the own; the look after the deletion asks for one name.
        server.faults.push({
          ...LIST,
          when({ body }) {
            if (!body.includes("WHERE")) return false;
            if (!world.tokens.has("a")) world.addToken({ name: "a" });
            return true;
          },
          headers: { "x-made": "meanwhile" },
        });
        const { error } = await send({ payload: "a" });
        assert.equal(error?.code, "network");
        assert.ok(world.tokens.has("a"));
      },
      { prepare: (world) => void world.addToken({ name: "a", createdAt: new Date(Date.now() - 60_000) }) },
    ));

  it("works in a subflow, where the environment of the instance says which", async () => {
    const server = await startInfluxdb3({ operatorToken: OPERATOR_VALUE });
    for (const name of ["a", "b"]) server.world.addToken({ name });
    const own = server.world.addToken({ name: "Node-RED" });
    const remove = {
      ...{ id: "delete", type: "influxdb-delete-influxdb3-token", connection: "connection" },
      ...{ confirmed: true, targets: "WHICH", targetsType: "env" },
    };
    const connection = {
      ...{ id: "connection", type: "influxdb-connection", product: "influxdb3-core", url: server.url },
      credentials: { token: own.value },
    };
    const runtime = await startRuntime(
      "subflow:sf",
      { env: [{ name: "WHICH", type: "str", value: "b" }] },
      connection,
      { nodes: subflowOf(remove) },
    );
    try {
      const reported = runtime.next("out0");
      runtime.inject({});
      const { payload } = await reported;
      assert.partialDeepStrictEqual(payload, { id: "b", outcome: "deleted" });
      assert.deepEqual([...server.world.tokens.keys()], ["_admin", "a", "Node-RED"]);
    } finally {
      await runtime.close();
      await server.close();
    }
  });
});
