import assert from "node:assert/strict";
import type { Fault, Simulator } from "../../simulator/server.js";
import { proxyNode, coreModules } from "../helpers/core-nodes.js";
import { type NodeFixture, withNode } from "../helpers/fixture.js";
import { isOfCluster, OPERATION_NAMES } from "../helpers/package.js";
import type { Properties, Seen } from "../helpers/runtime.js";
import { startProxy } from "../helpers/servers.js";

const DAY = 86_400_000;
/** By a server three years behind this machine. To it, this machine is three years ahead. */
const THERE = Date.now() - 1096 * DAY;
const inDays = (days: number) => new Date(THERE + days * DAY);
const date = new Date(THERE).toUTCString();
const always = (headers: Record<string, string>): Fault => ({ headers, times: Infinity });

const descriptions = ({ outputs: [found, none], error }: Seen) => {
  assert.equal(error, undefined);
  return ((found[0] ?? none[0])!.payload as { description: string }[]).map(({ description }) => description);
};

describe("the server's clock", () => {
  /** A token of a hundred days and one of ten, by that server. */
  const prepare = ({ world, faults }: Simulator): undefined => {
    for (const age of [100, 10]) {
      const at = inDays(-age);
      world.addAuthorization({ description: `${age} days`, createdAt: at, updatedAt: at });
    }
    faults.push(always({ date }));
  };
  const withList = (
    properties: Properties,
    work: (fixture: NodeFixture) => Promise<void>,
    options: object = {},
  ) =>
    withNode("list-authorizations", { description: "days", descriptionType: "str", ...properties }, work, {
      prepare,
      ...options,
    });
  const older = { createdBefore: "90d", createdBeforeType: "str" };

  for (const [properties, expected] of [
    [older, ["100 days"]],
    [{ createdAfter: "age", createdAfterType: "msg" }, ["10 days"]],
    [{ updatedBefore: "age", updatedBeforeType: "msg" }, ["100 days"]],
    [{ updatedAfter: '"90d"', updatedAfterType: "jsonata" }, ["10 days"]],
  ] as [Properties, string[]][]) {
    it(`decides on an age of an authorization: ${JSON.stringify(properties)}`, () =>
      withList(properties, async ({ send }) =>
        assert.deepEqual(descriptions(await send({ age: "90d" })), expected),
      ));
  }

  it("is that of the answer that counts, where there was more than one", () =>
    withList(
      older,
      async ({ send, simulator }) => {
        simulator.faults.unshift({ status: 503, headers: { date: new Date().toUTCString() } });
        assert.deepEqual(descriptions(await send({})), ["100 days"]);
        assert.equal(simulator.requests.length, 2);
      },
      { connection: { retries: "1" } },
    ));

  it("comes through a proxy", async () => {
    const proxy = await startProxy();
    const options = { connection: { proxy: "proxy" }, nodes: [proxyNode(proxy.port)], modules: coreModules };
    try {
      await withList(
        older,
        async ({ send }) => {
          assert.deepEqual(descriptions(await send({})), ["100 days"]);
          assert.equal(proxy.seen.length, 1);
        },
        options,
      );
    } finally {
      await proxy.close();
    }
  });

  for (const unreadable of ["", "yesterday", "-1", "Thu, 99 Foo 2026 00:00:00 GMT"]) {
    it(`gives way to ours where the date of the answer is "${unreadable}"`, () =>
      withList(older, async ({ send, simulator, runtime }) => {
        simulator.faults[0] = always({ date: unreadable });
        assert.deepEqual(descriptions(await send({})), ["100 days", "10 days"]);
        assert.ok(!runtime.log().includes("clock"));
      }));
  }

  it("is compared with ours, and the log says once by how much they differ", () =>
    withList({}, async ({ send, runtime }) => {
      await send({});
      await send({});
      const [warning, ...more] = runtime.log().match(/The server's clock[^"]*/g) ?? [];
      assert.deepEqual(more, []);
      assert.match(
        warning ?? "",
        /is 1096 days behind the clock of this machine\. Ages and expiry.* count by/,
      );
    }));

  it("is not spoken of where it differs by seconds", () =>
    withList({}, async ({ send, simulator, runtime }) => {
      simulator.faults[0] = always({ date: new Date(Date.now() - 30_000).toUTCString() });
      await send({});
      assert.ok(!runtime.log().includes("clock"));
    }));
});

describe("the clock of a cluster's server", () => {
  const withList = (type: string, properties: Properties, work: (fixture: NodeFixture) => Promise<void>) =>
    withNode(type, { ...properties, description: "by", descriptionType: "str" }, async (fixture) => {
      const { clusters, cluster, simulator } = fixture;
      const add = (description: string, createdAt: Date, expiresAt: Date) => {
        clusters.addDatabaseToken(cluster, { description, permissions: [], createdAt, expiresAt });
        clusters.addManagementToken(cluster, { description, createdAt, expiresAt });
      };
      add("expired by then", inDays(-100), inDays(-1));
      add("good by then", inDays(-10), inDays(5));
      simulator.faults.push(always({ date }));
      await work(fixture);
    });

  const isListOfCluster = (name: string) => name.startsWith("list-") && isOfCluster(name);
  const FILTERS: [string, Properties, string[]][] = [];
  for (const type of OPERATION_NAMES.filter(isListOfCluster)) {
    FILTERS.push(
      [type, { createdBefore: "90d", createdBeforeType: "str" }, ["expired by then"]],
      [type, { createdAfter: "90d", createdAfterType: "str" }, ["good by then"]],
      [type, { expiresWithin: "7d", expiresWithinType: "str" }, ["good by then"]],
    );
  }
  FILTERS.push(
    ["list-database-tokens", { expired: "yes", expiredType: "str" }, ["expired by then"]],
    ["list-database-tokens", { expired: "no", expiredType: "str" }, ["good by then"]],
    ["list-management-tokens", { state: "expired", stateType: "str" }, ["expired by then"]],
    ["list-management-tokens", { state: "active", stateType: "str" }, ["good by then"]],
  );
  for (const [type, properties, expected] of FILTERS) {
    it(`decides on ${JSON.stringify(properties)} of ${type}`, () =>
      withList(type, properties, async ({ send }) =>
        assert.deepEqual(descriptions(await send({})), expected),
      ));
  }

  it("is asked for the state of each management token, too, and the log tells of a difference", () =>
    withList("list-management-tokens", {}, async ({ send, sent, runtime }) => {
      const { payload } = await send({});
      assert.deepEqual((payload as { state: string }[]).map(({ state }) => state).toSorted(), [
        "active",
        "expired",
      ]);
      assert.deepEqual(sent(), ["GET /api/v0"]);
      assert.match(runtime.log(), /The server's clock is 1096 days behind/);
    }));

  for (const fault of [{ drop: "before" }, { status: 503, headers: { date: "" } }] as const) {
    it(`gives way to ours, without another try, where it answers with ${JSON.stringify(fault)}`, () =>
      withList("list-management-tokens", {}, async ({ send, simulator, sent }) => {
        simulator.faults.unshift({ ...fault, path: "/api/v0" });
        const { payload } = await send({});
        assert.ok((payload as { state: string }[]).every(({ state }) => state === "expired"));
        assert.deepEqual(sent(), ["GET /api/v0"]);
      }));
  }
});
