import assert from "node:assert/strict";
import { zonedTimeOf } from "../../simulator/influxdb3/world.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { LIST, MAKE } from "../helpers/influxdb3.js";
import {
  withInfluxdb3Node,
  type Influxdb3Fixture,
  type Influxdb3NodeOptions,
} from "../helpers/influxdb3-node.js";
import { trailIn, type Message, type Properties, type Seen } from "../helpers/runtime.js";
import { textOf } from "../helpers/secrets.js";

const NAMED = { tokenName: "press 1", tokenNameType: "str" };
const ADMIN = [{ resource_type: "*", resource_names: ["*"], actions: ["*"] }];

/** Makes an admin token, with the box, unless `properties` say otherwise. */
const withCreate = (
  properties: Properties,
  work: (fixture: Influxdb3Fixture) => Promise<void>,
  options: Influxdb3NodeOptions = {},
) =>
  withInfluxdb3Node("create-influxdb3-token", { ...NAMED, understood: true, ...properties }, work, options);

const ENTERPRISE: Influxdb3NodeOptions = {
  server: { edition: "Enterprise" },
  prepare: (world) => {
    for (const name of ["sensors", "logs"]) world.addDatabase(name);
    world.addToken({ name: "grafana", permissions: ["db:sensors,logs:read", "system:health:read"] });
    return undefined;
  },
};

const record = ({ outputs: [[first]] }: Seen) => first?.payload as OutcomeRecord;
const fromMessage = { tokenName: "name", tokenNameType: "msg" };

describe("create-influxdb3-token", () => {
  it("makes an admin token, and hands its value over once", () =>
    withCreate({}, async ({ send, world, changes, server, runtime }) => {
      const seen = await send({ topic: "kept" });
      assert.equal(seen.error, undefined, seen.error?.message);
      const made = world.tokens.get("press 1");
      assert.ok(made);
      assert.deepEqual([made.permissions, made.expiry], [["*:*:*"], undefined]);
      assert.deepEqual(changes(), ["POST /api/v3/configure/token/named_admin"]);
      const body = server.requests.find(({ path }) => path.endsWith("named_admin"))!.body;
      assert.deepEqual(JSON.parse(body), { token_name: "press 1" });
      assert.partialDeepStrictEqual(record(seen), {
        ...{ id: "press 1", outcome: "created" },
        token: { name: "press 1", tokenId: String(made.id), kind: "admin" },
      });
      const [{ tokenValue, ...rest }] = seen.outputs[0] as [Message];
      assert.equal(tokenValue, made.value);
      assert.equal(rest.topic, "kept");
      assert.partialDeepStrictEqual(rest.handedOver, { id: "press 1" });
      assert.ok(!textOf([rest, runtime.statuses, runtime.log()]).includes(made.value));
      assert.equal(runtime.statuses.at(-1), "green 1 created");
      const trail = trailIn(runtime.log());
      assert.deepEqual(
        trail.map(({ type, outcome }) => [type, outcome]),
        [
          ["request", undefined],
          ["response", "created"],
        ],
      );
      assert.ok(JSON.stringify(trail[0]).includes("press 1"));
    }));

  it("puts the value into a context, and nowhere else", () =>
    withCreate({ place: "secrets.press", placeType: "flow" }, async ({ send, world, runtime }) => {
      const seen = await send({});
      assert.equal("tokenValue" in seen.outputs[0][0]!, false);
      const { flow } = (
        runtime.node("node") as unknown as { context(): { flow: { get(key: string): unknown } } }
      ).context();
      assert.equal(flow.get("secrets.press"), world.tokens.get("press 1")!.value);
    }));

  it("takes a name exactly as it is", () =>
    withCreate({ ...fromMessage, limit: "" }, async ({ send, names }) => {
      const odd = [" a ", "A", "a", 'with "quotes"', "a+b", "100%", "two\nlines", "_ADMIN", "Größe 👩‍🔧"];
      for (const name of odd) {
        const seen = await send({ name });
        assert.equal(seen.error, undefined, seen.error?.message);
        assert.equal(record(seen).id, name);
      }
      assert.deepEqual(names().slice(2), odd);
      const long = "x".repeat(5000);
      assert.equal(record(await send({ name: long })).id, long);
    }));

  for (const [what, name] of [
    ["nothing", undefined],
    ["an empty text", ""],
    ["nothing but space", " \t"],
    ["the operator's name", "_admin"],
    ["a value", "apiv3_of-somebody"],
    ["a value with space before it", "\n apiv3_of-somebody"],
    ["a number", 7],
    ["an object", { name: "a" }],
    ["an object that became a text", "[object Object]"],
    ["JSON in a text", '{"name":"a"}'],
    ["half a character", "a\ud800"],
    ["too long a text", "x".repeat(5001)],
    ["a mark of this package", "a [successor of 2 since 2026-01-01T00:00:00Z 0123abcd]"],
  ] as const) {
    it(`refuses ${what} for a name, and makes nothing`, () =>
      withCreate(fromMessage, async ({ send, changes, names }) => {
        const { error } = await send({ name });
        assert.equal(error?.code, "invalid-config", error?.message);
        assert.doesNotMatch(error.message, /of-somebody/);
        assert.deepEqual([changes(), names()], [[], ["_admin", "Node-RED"]]);
      }));
  }

  for (const limitPer of ["hour", "message"]) {
    it(`refuses a name that is taken, also by a token that has expired, and counts nothing per ${limitPer}`, () =>
      withCreate(
        { ...fromMessage, limit: "1", limitPer },
        async ({ send, changes }) => {
          const ask = (name: string) => send({ name, _msgid: "the same" });
          for (const name of ["expired", "Node-RED"]) {
            const { error } = await ask(name);
            assert.equal(error?.code, "conflict");
            assert.match(error.message, /^Name is taken.*perhaps one that has expired.*Nothing was made/);
          }
          assert.deepEqual(changes(), []);
          assert.equal((await ask("free")).error, undefined);
          assert.equal((await ask("free too")).error?.code, "limit-exceeded");
        },
        { prepare: (world) => void world.addToken({ name: "expired", expiry: new Date(Date.now() - 1000) }) },
      ));
  }

  it("makes one of two that are asked for at once by one name: the first", () =>
    withCreate({}, async ({ runtime, server, names, changes }) => {
      server.faults.push({ ...MAKE, delay: 30 });
      runtime.inject({ first: true });
      runtime.inject({});
      const seen = await runtime.ended(2);
      assert.equal(seen.error?.code, "conflict", seen.error?.message);
      assert.deepEqual(
        seen.outputs[0].map(({ first }) => first),
        [true],
      );
      assert.deepEqual(names().slice(2), ["press 1"]);
      assert.equal(changes().length, 1);
    }));

  it("does not take for its own what another message makes by that name meanwhile", () =>
    withCreate({}, async ({ runtime, server, world }) => {
      server.faults.push({ ...MAKE, delay: 30, drop: "before" });
      runtime.inject({ first: true });
      runtime.inject({});
      const seen = await runtime.ended(2);
      assert.equal(seen.error?.code, "conflict", seen.error?.message);
      const [[made, ...others]] = seen.outputs;
      assert.deepEqual(others, []);
      assert.equal(made!.tokenValue, world.tokens.get("press 1")?.value);
    }));

  describe("with an expiry", () => {
    for (const [expiry, seconds] of [
      ["90d", 90 * 86_400],
      ["3s", 3],
    ] as const) {
      it(`of ${expiry} sends whole seconds`, () =>
        withCreate({ expiry, expiryType: "str" }, async ({ send, server, world }) => {
          const seen = await send({});
          assert.equal(seen.error, undefined, seen.error?.message);
          const { body } = server.requests.find(({ path }) => path.endsWith("named_admin"))!;
          const sent = (JSON.parse(body) as { expiry_secs: number }).expiry_secs;
          assert.ok(Number.isInteger(sent) && sent > 0 && Math.abs(sent - seconds) <= 1, body);
          assert.equal(record(seen).token.expiresAt, zonedTimeOf(world.tokens.get("press 1")!.expiry!));
        }));
    }

    it("by the server's clock", () =>
      withCreate({ expiry: "90d", expiryType: "str" }, async ({ send, server }) => {
        const ahead = new Date(Date.now() + 3_600_000);
        server.faults.push({ ...LIST, headers: { date: ahead.toUTCString() } });
        await send({});
        const { body } = server.requests.find(({ path }) => path.endsWith("named_admin"))!;
        const { expiry_secs: seconds } = JSON.parse(body) as { expiry_secs: number };
        // A date that is asked for stays what it is, wherever the clock of Node-RED stands.
        assert.ok(Math.abs(seconds - (90 * 86_400 - 3600)) <= 2, String(seconds));
      }));

    it("refuses what is none", () =>
      withCreate({ expiry: "when", expiryType: "msg" }, async ({ send, names }) => {
        for (const when of ["2020-01-01", "soon", "", null, "0d", "999999999999d"])
          assert.equal((await send({ when })).error?.code, "invalid-config", String(when));
        assert.equal(names().length, 2);
      }));
  });

  it("makes an admin token only where the box says so, wherever that comes from", async () => {
    for (const properties of [{}, { permissionsFrom: "like", like: "Node-RED", likeType: "str" }]) {
      await withCreate({ ...properties, understood: false }, async ({ send, changes }) => {
        const { error } = await send({});
        assert.equal(error?.code, "not-confirmed");
        assert.deepEqual(changes(), []);
        const dry = await send({ dryRun: true });
        assert.partialDeepStrictEqual(dry.outputs[1][0]!.payload, {
          ...{ outcome: "dry-run", would: "created" },
          token: { name: "press 1", permissions: ADMIN },
        });
        assert.deepEqual(changes(), []);
      });
      await withCreate(properties, async ({ send }) => {
        assert.equal(record(await send({})).outcome, "created");
      });
    }
  });

  describe("makes a resource token", () => {
    const WAYS: [string, Properties, Message, string[]][] = [
      [
        "by a table",
        {
          permissionsFrom: "table",
          table: [
            { resource: "sensors", read: true, write: true },
            { resource: "logs", read: true, write: false },
          ],
        },
        {},
        ["db:sensors:read", "db:sensors:write", "db:logs:read"],
      ],
      [
        "like another one",
        { permissionsFrom: "like", like: "payload", likeType: "msg" },
        { payload: { name: "grafana" } },
        ["db:sensors,logs:read", "system:health:read"],
      ],
      [
        "by JSON as the API takes it",
        {
          permissionsFrom: "json",
          permissions: '[{"resource_type":"db","resource_names":["sensors"],"actions":["read"]}]',
          permissionsType: "json",
        },
        {},
        ["db:sensors:read"],
      ],
      [
        "by JSON in short",
        {
          permissionsFrom: "json",
          permissions: '["db:sensors,logs:read,write", "system:health,metrics,ping:read"]',
          permissionsType: "json",
        },
        {},
        ["db:sensors,logs:read,write", "system:health,metrics,ping:read"],
      ],
      [
        "by a text of the message in short",
        { permissionsFrom: "json", permissions: "rights", permissionsType: "msg" },
        { rights: "db:sensors:read" },
        ["db:sensors:read"],
      ],
    ];
    for (const [what, properties, msg, expected] of WAYS) {
      it(`${what}, without the box`, () =>
        withCreate(
          { ...properties, understood: false },
          async ({ send, world, changes }) => {
            const seen = await send(msg);
            assert.equal(seen.error, undefined, seen.error?.message);
            assert.deepEqual(world.tokens.get("press 1")!.permissions, expected);
            assert.deepEqual(changes(), ["POST /api/v3/enterprise/configure/token"]);
            assert.equal(record(seen).token.kind, "resource");
          },
          ENTERPRISE,
        ));
    }

    for (const [what, rights] of [
      ["everything", "*:*:*"],
      ["everything, as the API writes it", ADMIN],
      ["nothing", []],
      ["an action that there is not", ["db:sensors:own"]],
      ["a text that is none", "sensors"],
      ["all databases among others", ["db:*,logs:read"]],
      ["writing to an endpoint", ["system:health:write"]],
    ] as const) {
      it(`refuses JSON of ${what}, and makes nothing`, () =>
        withCreate(
          { permissionsFrom: "json", permissions: "rights", permissionsType: "msg" },
          async ({ send, changes }) => {
            const { error } = await send({ rights });
            assert.equal(error?.code, "invalid-config", error?.message);
            assert.deepEqual(changes(), []);
          },
          ENTERPRISE,
        ));
    }

    it("but not on Core, which has none, and says so before anything is sent", async () => {
      const table = [{ resource: "sensors", read: true, write: false }];
      await withCreate({ permissionsFrom: "table", table }, async ({ send, server, runtime }) => {
        for (const dryRun of [false, true]) {
          const { error } = await send({ dryRun });
          assert.equal(error?.code, "unsupported-product");
          assert.match(error.message, /InfluxDB 3 Core has admin tokens alone/);
        }
        assert.deepEqual(server.requests, []);
        assert.equal(runtime.statuses.at(-1), "red no resource tokens");
      });
    });
  });

  it("finds by its name what a lost answer has left, and deletes that", () =>
    withCreate({}, async ({ send, server, world, changes }) => {
      server.faults.push({ ...MAKE, drop: "after" });
      const seen = await send({});
      assert.equal(seen.error, undefined, seen.error?.message);
      assert.equal(seen.outputs[0][0]!.tokenValue, world.tokens.get("press 1")!.value);
      assert.deepEqual(
        changes().map((each) => each.split(" ")[0]),
        ["POST", "DELETE", "POST"],
      );
    }));

  it("never deletes one of that name that another has made meanwhile", () =>
    withCreate({}, async ({ send, server, world, names }) => {
      server.faults.push({
        ...MAKE,
        when() {
          world.addToken({ name: "press 1", expiry: new Date(Date.now() + 86_400_000) });
          return true;
        },
        drop: "before",
      });
      const { error } = await send({});
      assert.equal(error?.code, "conflict", error?.message);
      assert.deepEqual(names().slice(2), ["press 1"]);
    }));

  it("removes it again if nobody gets the value", () =>
    withCreate({ place: "text.press", placeType: "flow" }, async ({ send, names, runtime }) => {
      const { flow } = (
        runtime.node("node") as unknown as { context(): { flow: Map<string, unknown> } }
      ).context();
      flow.set("text", "a text");
      const { error } = await send({});
      assert.match(error?.message ?? "", /The new InfluxDB 3 token was removed again/);
      assert.deepEqual(names(), ["_admin", "Node-RED"]);
    }));

  it("refuses a word about one that works already", () =>
    withCreate({}, async ({ send, names }) => {
      const seen = await send({});
      for (const step of ["stored", "not-stored"]) {
        const { error } = await send({ handedOver: seen.outputs[0][0]!.handedOver, step });
        assert.equal(error?.code, "not-waiting");
      }
      assert.equal(names().length, 3);
    }));
});
