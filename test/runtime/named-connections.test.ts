import assert from "node:assert/strict";
import { onTab, type FlowNode } from "../../simulator/flow.js";
import { startFixture, type Fixture } from "../../simulator/fixture.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { closing } from "../helpers/closing.js";
import { addTokens } from "../helpers/fixture.js";
import {
  startRuntime,
  subflowOf,
  trailIn,
  type Message,
  type Properties,
  type Runtime,
} from "../helpers/runtime.js";
import { serve } from "../helpers/servers.js";

const ANY = { connection: "", connectionFrom: "any", confirmed: true };
const some = (...connections: string[]) => ({ ...ANY, connectionFrom: "some", connections });
const NAMED = { id: "id-of-one", name: "edge-1" };

describe("the connection that a message names", () => {
  const also = closing(afterEach);
  let one: Fixture;
  let two: Fixture;

  beforeEach(async () => {
    one = await also(startFixture({ tokens: "clear" }));
    two = await also(startFixture({ tokens: "clear" }));
  });

  const ofOne = (properties: Properties = {}) =>
    one.connectionTo("oss", { ...NAMED, retries: "0", ...properties });
  const ofTwo = (properties: Properties = {}) =>
    two.connectionTo("oss", { id: "id-of-two", name: "edge-2", retries: "0", ...properties });
  const start = (
    properties: Properties = ANY,
    nodes: FlowNode[] = [ofTwo()],
    type = "delete-authorization",
    first = ofOne(),
  ) => also(startRuntime(`influxdb-${type}`, properties, first, { nodes }));
  const isThere = ({ simulator }: Fixture, id: string) => simulator.world.authorizations.has(id);
  /** A token with the same ID on both servers. */
  const twin = () => {
    const [token] = addTokens(one.simulator, 1);
    const { world } = two.simulator;
    const other = world.addAuthorization({ user: world.addUser("user1") });
    world.authorizations.set(token!.id, { ...other, id: token!.id });
    return token!.id;
  };

  for (const connection of ["edge-2", " edge-2 ", "id-of-two"]) {
    it(`is found by "${connection}", and no other is asked`, async () => {
      const id = twin();
      const seen = await (await start()).send({ payload: id, connection });
      assert.equal(seen.error, undefined);
      assert.deepEqual([isThere(one, id), isThere(two, id)], [true, false]);
      assert.equal(one.simulator.requests.length, 0);
    });
  }

  it("is told in the record, in the summary, and in the message for the next node", async () => {
    const id = twin();
    const connection = "id-of-one";
    const { outputs } = await (await start()).send({ payload: [id], connection });
    const [{ payload, ...msg }] = outputs[0] as [Message];
    assert.partialDeepStrictEqual(payload, [{ id, outcome: "deleted", connection: NAMED }]);
    assert.partialDeepStrictEqual(msg, { connection, summary: { connection: NAMED } });
  });

  it("is told on each token of a list, and where none is found", async () => {
    addTokens(one.simulator, 2);
    const runtime = await start(
      { ...ANY, description: "topic", descriptionType: "msg" },
      [ofTwo()],
      "list-authorizations",
    );
    const found = await runtime.send({ connection: "edge-1", topic: "token" });
    const tokens = found.payload as object[];
    assert.equal(tokens.length, 2);
    for (const token of tokens) assert.partialDeepStrictEqual(token, { connection: NAMED });
    const none = await runtime.send({ connection: "edge-2", topic: "nothing has that" });
    const [{ payload, summary }] = none.outputs[1] as [Message];
    assert.deepEqual(payload, []);
    assert.partialDeepStrictEqual(summary, { connection: { id: "id-of-two", name: "edge-2" } });
  });

  it("is told in copies, which a flow can write to without harm", async () => {
    const runtime = await start();
    const [first, second, third] = addTokens(one.simulator, 3);
    const send = async (payload: unknown[]) => {
      const { error, outputs } = await runtime.send({ payload, connection: "edge-1" });
      assert.equal(error, undefined);
      const [msg] = outputs[0] as [Message & { summary: OutcomeRecord }];
      return [...(msg.payload as OutcomeRecord[]), msg.summary].map(({ connection }) => connection);
    };
    const told = await send([first!.id, second!.id]);
    Object.assign(told[0]!, { id: "other", name: "other" });
    assert.deepEqual(told.slice(1), [NAMED, NAMED]);
    assert.deepEqual(await send([{ id: third!.id, connection: NAMED }]), [NAMED, NAMED]);
  });

  it("is not told where it is chosen in the dialog, as before", async () => {
    const [token] = addTokens(one.simulator, 1);
    const seen = await (await start({ connection: NAMED.id, confirmed: true })).send({ payload: token!.id });
    const { at, ...record } = seen.payload as OutcomeRecord;
    assert.deepEqual(record, { id: token!.id, outcome: "deleted", token: {} });
    assert.ok(!("connection" in (seen.outputs[0][0]!.summary as object)));
  });

  it("is named in errors, of the whole and of a single token", async () => {
    const runtime = await start(ANY, [ofTwo({ url: "http://127.0.0.1:1" })]);
    const id = twin();
    const single = await runtime.send({ payload: id, connection: "edge-2" });
    assert.match(single.error!.message, /, cannot .* on edge-2: /);
    const many = await runtime.send({ payload: [id], connection: "edge-2" });
    assert.match(many.error!.message, /on edge-2: /);
    assert.partialDeepStrictEqual(many.caught, {
      payload: [{ outcome: "failed", connection: { name: "edge-2" } }],
      summary: { connection: { name: "edge-2" } },
    });
  });

  it("is in the audit trail", async () => {
    const runtime = await start();
    await runtime.send({ payload: twin(), connection: "edge-2" });
    assert.ok(trailIn(runtime.log()).length > 0);
    for (const line of trailIn(runtime.log())) assert.equal(line.connection, "id-of-two");
  });

  const TOKEN = "a-token-value-that-nobody-must-see==";
  const WRONG: [what: string, connection: unknown, words: RegExp][] = [
    ["nothing", undefined, /"connectionName" comes out as nothing/],
    ["an empty text", "  ", /an empty text/],
    ["a number", 7, /a number/],
    ["an object", { name: "edge-1" }, /an object/],
    ["an address", "http://user:secret-of-url@127.0.0.1:8086", /an address/],
    ["an unknown name", TOKEN, /a text of 36 characters, which is not the name .* allows "edge-1", "edge-2"/],
    ["another node", "node", /a text of 4 characters, which is not the name/],
    ["one that is disabled", "asleep", /"asleep", which is disabled/],
    ["one of another flow", "elsewhere", /is not the name .* deployed here/],
    ["a name that two have", "double", /"double", as 2 connections are called. Use the ID/],
    ["what is a name and an ID", "id-of-double", /2 connections are called/],
  ];
  for (const [what, connection, words] of WRONG) {
    it(`is refused as ${what}, and nothing is sent`, async () => {
      const flow: FlowNode = { id: "other", type: "tab" };
      const runtime = await start(some("id-of-one", "id-of-two"), [
        ofTwo(),
        ofTwo({ id: "id-of-disabled", name: "asleep", d: true }),
        flow,
        ofTwo({ id: "id-of-foreign", name: "elsewhere", z: "other" }),
        ofTwo({ id: "id-of-double", name: "double" }),
        ofTwo({ id: "another-double", name: "double" }),
        ofTwo({ id: "third-double", name: "id-of-double" }),
      ]);
      const { error, caught } = await runtime.send({ payload: twin(), connection });
      assert.equal(error?.code, "wrong-connection");
      assert.match(error.message, words);
      assert.match(error.message, /Nothing was sent\.$/);
      assert.equal(caught!.statusCode, 400);
      assert.ok(!error.message.includes(TOKEN) && !error.message.includes("secret-of-url"));
      assert.deepEqual([one.simulator.requests, two.simulator.requests], [[], []]);
    });
  }

  it("is refused if the dialog does not allow it, whatever else is deployed", async () => {
    const runtime = await start(some("id-of-one", "gone"));
    const id = twin();
    const { error } = await runtime.send({ payload: id, connection: "edge-2" });
    assert.equal(error?.code, "wrong-connection");
    assert.match(error.message, /names "edge-2", which the node does not allow. The node allows "edge-1"\./);
    assert.equal(two.simulator.requests.length, 0);
    assert.equal((await runtime.send({ payload: id, connection: "edge-1" })).error, undefined);
  });

  it("is refused if the product cannot do it, or its settings are wrong, by name", async () => {
    const runtime = await start(ANY, [
      two.connectionTo("cloud-dedicated", { id: "cluster", name: "of a cluster" }),
      ofTwo({ timeout: "soon" }),
    ]);
    const payload = twin();
    const unable = await runtime.send({ payload, connection: "of a cluster" });
    assert.equal(unable.error?.code, "unsupported-product");
    assert.match(unable.error.message, /cannot delete authorization on of a cluster: /);
    const broken = await runtime.send({ payload, connection: "edge-2" });
    assert.equal(broken.error?.code, "invalid-config");
    assert.match(broken.error.message, /on edge-2: .*"timeout"/);
  });

  for (const [properties, words] of [
    [{ ...ANY, connectionFrom: "some" }, /"connections" holds nothing/],
    [some(), /"connections" holds an array/],
    [{ ...ANY, connectionFrom: "all" }, /"connectionFrom" holds/],
    [{ ...ANY, connectionNameType: "num" }, /"connectionNameType" holds/],
  ] as const) {
    it(`is refused in each message if the node has ${JSON.stringify(properties)}`, async () => {
      const { error } = await (await start(properties)).send({ payload: twin(), connection: "edge-1" });
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, words);
    });
  }

  for (const [connectionName, connectionNameType] of [
    ["'edge-' & payload.number", "jsonata"],
    ["name", "flow"],
    ["edge-2", "str"],
  ]) {
    it(`comes from ${connectionNameType}`, async () => {
      const id = twin();
      const runtime = await start({ ...ANY, connectionName, connectionNameType });
      const { flow } = (
        runtime.node("node") as unknown as { context(): { flow: Map<string, string> } }
      ).context();
      flow.set("name", "edge-2");
      const seen = await runtime.send({ payload: { id, number: 2 } });
      assert.equal(seen.error, undefined);
      assert.deepEqual([isThere(one, id), isThere(two, id)], [true, false]);
    });
  }

  it("is looked up anew for each message: renamed, disabled, deleted and added since", async () => {
    const runtime = await start();
    const send = async (connection: string) => {
      const seen = await runtime.send({ payload: twin(), connection });
      return seen.error?.code ?? (seen.payload as OutcomeRecord).connection?.id;
    };
    const change = (id: string, properties: Properties) =>
      runtime.deploy(
        (nodes) => nodes.map((each) => (each.id === id ? { ...each, ...properties } : each)),
        "nodes",
      );
    assert.equal(await send("edge-2"), "id-of-two");
    await change("id-of-two", { name: "renamed" });
    assert.deepEqual([await send("edge-2"), await send("renamed")], ["wrong-connection", "id-of-two"]);
    await change("id-of-two", { d: true });
    assert.equal(await send("renamed"), "wrong-connection");
    await change("id-of-two", { d: false });
    assert.equal(await send("renamed"), "id-of-two");
    await runtime.deploy((nodes) => nodes.filter(({ id }) => id !== "id-of-two"), "nodes");
    assert.equal(await send("renamed"), "wrong-connection");
    const { credentials, ...added } = ofTwo({ id: "id-of-third", name: "edge-3" });
    await runtime.deploy((nodes) => [...nodes, { ...added, credentials }], "nodes");
    assert.equal(await send("edge-3"), "id-of-third");
  });

  it("does nothing more when it is disabled while messages wait, by HTTP and by influxctl", async () => {
    const hanging = await also(startFixture({ influxctl: { hang: true } }));
    const { cluster } = hanging.clusterOf("cloud-dedicated");
    const ofCluster = hanging.connectionTo("cloud-dedicated", { id: "id-of-cluster", name: "cluster" });
    const ways = [
      ["delete-authorization", ofTwo(), () => addTokens(two.simulator, 300)],
      [
        "revoke-management-token",
        ofCluster,
        () =>
          Array.from({ length: 10 }, () => hanging.clusters.addManagementToken(cluster, { description: "" })),
      ],
    ] as const;
    two.simulator.faults.push({ times: Infinity, delay: 60_000 });
    for (const [type, connection, add] of ways) {
      const runtime = await start({ ...ANY, limit: "" }, [connection], type);
      const tokens = add();
      for (const { id } of tokens) runtime.inject({ payload: id, connection: connection.name });
      await runtime.deploy(
        (nodes) => nodes.map((each) => (each.id === connection.id ? { ...each, d: true } : each)),
        "nodes",
      );
      assert.equal((await runtime.ended(tokens.length)).error?.code, "cancelled");
      await runtime.close();
    }
  });

  it("keeps two messages for one token in their order, however long each expression takes", async () => {
    const runtime = await start(
      {
        ...ANY,
        connectionName: "$reduce([1..payload.turns], function($a, $b) { $a + $b }, 0) ? 'edge-1'",
        connectionNameType: "jsonata",
        description: "payload.text",
        descriptionType: "msg",
        tokenStatus: "keep",
        tokenStatusType: "keep",
      },
      [],
      "update-authorization",
    );
    const [token] = addTokens(one.simulator, 1);
    for (const [text, turns] of [
      ["first", 3000],
      ["second", 1],
    ])
      runtime.inject({ payload: { id: token!.id, text, turns } });
    const { error } = await runtime.ended(2);
    assert.equal(error, undefined);
    assert.equal(one.simulator.world.authorizations.get(token!.id)!.description, "second");
  });

  it("takes the same ID on two servers for two tokens: in its order, in the limit, and when it was listed", async () => {
    const runtime = await start({ ...ANY, limit: "1" });
    const id = twin();
    const origin = { _msgid: "one", payload: { id } };
    assert.equal((await runtime.send({ ...origin, connection: "edge-1" })).error, undefined);
    assert.equal((await runtime.send({ ...origin, connection: "edge-2" })).error?.code, "limit-exceeded");
    const payload = [{ id, connection: NAMED }];
    const elsewhere = await runtime.send({ payload, connection: "edge-2" });
    assert.equal(elsewhere.error?.code, "wrong-connection");
    assert.match(elsewhere.error.message, /was found with another connection than "edge-2"/);
    assert.ok(isThere(two, id));
  });

  it("does not wait for servers that never answer", async () => {
    const dead = await also(serve(() => undefined));
    const runtime = await start({ ...ANY, limit: "" }, [
      ofTwo(),
      ofTwo({ id: "id-of-dead", name: "dead", url: `http://127.0.0.1:${dead.port}` }),
    ]);
    const hanging = addTokens(one.simulator, 300);
    for (const { id } of hanging) runtime.inject({ payload: id, connection: "dead" });
    const id = twin();
    runtime.inject({ payload: id, connection: "edge-2" });
    const seen = await runtime.ended(1);
    assert.partialDeepStrictEqual(seen.payload, { id, outcome: "deleted" });
  });

  it("is that of its own instance of a subflow", async () => {
    const inner = (fixture: Fixture, id: string, name: string) =>
      fixture.connectionTo("oss", { id, name, z: "sf" });
    const inside = { id: "delete", type: "influxdb-delete-authorization", ...some("inner") };
    const runtime: Runtime = await also(
      startRuntime("subflow:sf", {}, inner(one, "inner", "in here"), {
        nodes: [...subflowOf(inside), onTab({ id: "second", type: "subflow:sf", wires: [["out0"]] })],
      }),
    );
    const remove = async (instance: string, connection: string, ...found: object[]) => {
      const reported = runtime.next("out0");
      const [token] = addTokens(one.simulator, 1);
      for (const payload of [...found, token!.id]) runtime.inject({ payload, connection }, instance);
      const { payload } = await reported;
      assert.partialDeepStrictEqual(payload, {
        ...{ id: token!.id, outcome: "deleted" },
        connection: { name: "in here" },
      });
      return payload as OutcomeRecord;
    };
    await remove("node", "inner");
    const { connection } = await remove("node", "in here");
    // Each instance can lead to another server, so what one has found is none of the other's.
    const [elsewhere] = addTokens(one.simulator, 1);
    await remove("second", "in here", { id: elsewhere!.id, connection });
    assert.ok(isThere(one, elsewhere!.id));
  });

  it("is that of a rotation until its end", async () => {
    const { world } = two.simulator;
    const [old] = addTokens(two.simulator, 1);
    const runtime = await start({ ...ANY, kind: "authorizations" }, [ofTwo()], "rotate-token");
    const begun = await runtime.send({ payload: old!.id, connection: "edge-2" });
    assert.equal(begun.error, undefined);
    const [{ payload, summary, handedOver, connection }] = begun.outputs[0] as [Message];
    assert.partialDeepStrictEqual(payload, { outcome: "handed-over", connection: { name: "edge-2" } });
    assert.partialDeepStrictEqual(summary, { connection: { name: "edge-2" } });
    const stored = await runtime.send({ step: "stored", handedOver, connection });
    assert.equal(stored.error, undefined);
    assert.equal(world.authorizations.get(old!.id)?.status, "inactive");
  });

  it("is known when the word of a rotation does not come in time, also after a deploy", async () => {
    const { authorizations } = two.simulator.world;
    const [old] = addTokens(two.simulator, 1);
    const before = [...authorizations.keys()];
    const runtime = await start({ ...ANY, kind: "authorizations" }, [ofTwo()], "rotate-token");
    await runtime.send({ payload: old!.id, connection: "edge-2" });
    assert.equal(authorizations.size, before.length + 1);
    await runtime.deploy(
      (nodes) => nodes.map((each) => (each.id === "node" ? { ...each, name: "other" } : each)),
      "nodes",
    );
    // What a waiting node was told before the deploy counts; a new one waits as long as it says now.
    const again = await runtime.send({ payload: old!.id, connection: "edge-2" });
    assert.equal(again.error, undefined);
    const { handedOver } = again.outputs[0][0]!;
    const back = await runtime.send({ step: "not-stored", handedOver, connection: "edge-2" });
    assert.equal(back.error, undefined);
    assert.deepEqual([...authorizations.keys()], before);
  });

  it("is named by the error of a word that did not come in time", async () => {
    const [old] = addTokens(two.simulator, 1);
    const runtime = await start({ ...ANY, timeLimit: "1" }, [ofTwo()], "rotate-token");
    runtime.inject({ payload: old!.id, connection: "edge-2" });
    const { caught, error } = await runtime.ended(2);
    assert.equal(error?.code, "timeout");
    assert.partialDeepStrictEqual(caught, {
      payload: { outcome: "withdrawn", connection: { name: "edge-2" } },
    });
    assert.match(error.message, /on edge-2: /);
  }).timeout(10_000);
});
