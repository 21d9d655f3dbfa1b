import assert from "node:assert/strict";
import type { Influxdb3World } from "../../simulator/influxdb3.js";
import { zonedTimeOf } from "../../simulator/influxdb3/world.js";
import {
  withInfluxdb3Node,
  type Influxdb3Fixture,
  type Influxdb3NodeOptions,
} from "../helpers/influxdb3-node.js";
import type { Properties, Seen } from "../helpers/runtime.js";

const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);

const withList = (
  properties: Properties,
  work: (fixture: Influxdb3Fixture) => Promise<void>,
  options: Influxdb3NodeOptions = {},
) => withInfluxdb3Node("list-influxdb3-tokens", properties, work, options);

function fill(world: Influxdb3World): undefined {
  world.addToken({ name: "Press 1", createdAt: inDays(-100) });
  world.addToken({ name: "press 1", createdAt: inDays(-10), expiry: inDays(5) });
  world.addToken({ name: " press 1", createdAt: inDays(-90), expiry: inDays(-1) });
  world.addToken({ name: "old", createdAt: inDays(-400), expiry: inDays(-40) });
}

const found = (seen: Seen) => {
  assert.equal(seen.error, undefined, seen.error?.message);
  return [...seen.outputs[0], ...seen.outputs[1]].flatMap(({ payload }) => payload as { name: string }[]);
};

describe("list-influxdb3-tokens", () => {
  const ALL = ["_admin", "Node-RED", "Press 1", "press 1", " press 1", "old"];
  const FILTERS: [Properties, string[]][] = [
    [{}, ALL],
    [{ tokenName: "press 1", tokenNameType: "str" }, ["press 1"]],
    [{ tokenName: "PRESS 1", tokenNameType: "str" }, []],
    [{ nameContains: "ress 1", nameContainsType: "str" }, ["Press 1", "press 1", " press 1"]],
    [{ kind: "operator", kindType: "str" }, ["_admin"]],
    [{ kind: "resource", kindType: "str" }, []],
    [{ state: "expired", stateType: "str" }, [" press 1", "old"]],
    [{ state: "active", stateType: "str" }, ["_admin", "Node-RED", "Press 1", "press 1"]],
    [{ createdBefore: "50d", createdBeforeType: "str" }, ["Press 1", " press 1", "old"]],
    [{ expiresBefore: "30d", expiresBeforeType: "str" }, ["old"]],
    [{ expiresWithin: "7d", expiresWithinType: "str" }, ["press 1"]],
    [
      { ...{ state: "expired", stateType: "str" }, ...{ nameContains: "press", nameContainsType: "str" } },
      [" press 1"],
    ],
  ];
  for (const [properties, expected] of FILTERS) {
    it(`narrows by ${JSON.stringify(properties)}`, () =>
      withList(
        properties,
        async ({ send }) => {
          const seen = await send({ topic: "kept" });
          assert.deepEqual(
            found(seen).map(({ name }) => name),
            expected,
          );
          const [message] = expected.length > 0 ? seen.outputs[0] : seen.outputs[1];
          assert.equal(message!.topic, "kept");
        },
        { prepare: fill },
      ));
  }

  it("takes a name from the message with the space around it", () =>
    withList(
      { tokenName: "wanted", tokenNameType: "msg" },
      async ({ send }) => {
        for (const wanted of [" press 1", "press 1", "Press 1"])
          assert.deepEqual(
            found(await send({ wanted })).map(({ name }) => name),
            [wanted],
          );
        assert.equal((await send({ wanted: "" })).error?.code, "invalid-filter");
      },
      { prepare: fill },
    ));

  it("says all that is known of each, and neither value nor hash", () =>
    withList(
      { tokenName: "press 1", tokenNameType: "str" },
      async ({ send, world }) => {
        const { id, createdAt, expiry } = world.tokens.get("press 1")!;
        assert.deepEqual(found(await send({})), [
          {
            ...{ id: "press 1", name: "press 1", tokenId: String(id), kind: "admin", state: "active" },
            createdAt: zonedTimeOf(createdAt),
            expiresAt: zonedTimeOf(expiry!),
            permissions: [{ resource_type: "*", resource_names: ["*"], actions: ["*"] }],
          },
        ]);
      },
      { prepare: fill },
    ));

  it("shows what a resource token may do", () =>
    withList(
      { kind: "resource", kindType: "str" },
      async ({ send }) => {
        const [token, ...others] = found(await send({}));
        assert.deepEqual(others, []);
        assert.partialDeepStrictEqual(token, {
          kind: "resource",
          permissions: [{ resource_type: "db", resource_names: ["iot"], actions: ["read"] }],
        });
      },
      {
        server: { edition: "Enterprise" },
        prepare: (world) => void world.addToken({ name: "grafana", permissions: ["db:iot:read"] }),
      },
    ));

  it("finds by a value, which it sends nowhere", () =>
    withList(
      { tokenValue: "leaked", tokenValueType: "msg" },
      async ({ send, world, server }) => {
        const { value } = world.tokens.get("old")!;
        assert.deepEqual(
          found(await send({ leaked: value })).map(({ name }) => name),
          ["old"],
        );
        assert.deepEqual(found(await send({ leaked: "apiv3_nobody-has-it" })), []);
        assert.ok(!JSON.stringify(server.requests).includes(value));
      },
      { prepare: fill },
    ));

  it("wants a filter, or the box for every token", () =>
    withList({ everyToken: false }, async ({ send, server }) => {
      assert.equal((await send({})).error?.code, "invalid-config");
      assert.deepEqual(server.requests, []);
    }));

  it("sends one message each, and only the oldest", async () => {
    await withList(
      { result: "each" },
      async ({ send }) => {
        const seen = await send({});
        assert.deepEqual(
          seen.outputs[0].map(({ payload }) => (payload as { name: string }).name),
          ALL,
        );
      },
      { prepare: fill },
    );
    await withList(
      { result: "first" },
      async ({ send }) => {
        assert.equal(((await send({})).payload as { name: string }).name, "old");
      },
      { prepare: fill },
    );
  });

  it("says what is wrong with a connection to another product", () =>
    withList(
      {},
      async ({ send, server }) => {
        const { error } = await send({});
        assert.equal(error?.code, "unsupported-product");
        assert.match(error.message, /InfluxDB OSS v2 cannot do this.*InfluxDB 3 Core, InfluxDB 3 Enterprise/);
        assert.deepEqual(server.requests, []);
      },
      { connection: { product: "oss" } },
    ));
});

describe("an update node on a connection to InfluxDB 3", () => {
  for (const name of ["update-authorization", "update-database-token"]) {
    it(`says what to do instead (${name})`, () =>
      withInfluxdb3Node(
        name,
        { tokenStatus: "inactive", tokenStatusType: "str" },
        async ({ send, server }) => {
          const { error } = await send({ payload: "press 1" });
          assert.equal(error?.code, "unsupported-product");
          assert.match(
            error.message,
            /cannot be changed or disabled: delete one, or replace it \(rotate token\)/,
          );
          assert.deepEqual(server.requests, []);
        },
      ));
  }
});
