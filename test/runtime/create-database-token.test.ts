import assert from "node:assert/strict";
import type { Product } from "../../src/products.js";
import { markIn } from "../../src/tokens/marks.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { startFixture } from "../../simulator/fixture.js";
import { withNode, type MoreNodes, type NodeFixture } from "../helpers/fixture.js";
import { startRuntime, subflowOf, type Message, type Properties, type Seen } from "../helpers/runtime.js";
import { textOf } from "../helpers/secrets.js";

const WRITE = [{ action: "write", resource: "iot" }];
const PLAIN = {
  ...{ description: "press 1", descriptionType: "str" },
  permissionsFrom: "table",
  table: [{ resource: "iot", read: false, write: true }],
};

const withCreate = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: { product?: Product } & MoreNodes = {},
) => withNode("create-database-token", properties, work, options);

const there = ({ clusters }: NodeFixture) => [...clusters.databaseTokens.values()];
const record = ({ outputs: [[first]] }: Seen) => first?.payload as OutcomeRecord;
const report = ({ outputs: [, [first]] }: Seen) => first?.payload as OutcomeRecord;
const word = (seen: Seen, step: string): Message => ({ handedOver: seen.outputs[0][0]!.handedOver, step });

interface Context {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}
const context = ({ runtime }: NodeFixture) =>
  (runtime.node("node") as unknown as { context(): Record<"flow" | "global", Context> }).context();

describe("create-database-token", () => {
  for (const product of ["cloud-dedicated", "clustered"] as const) {
    it(`makes one without permissions, and gives them to it when it is stored (${product})`, () =>
      withCreate(
        PLAIN,
        async (fixture) => {
          const { send, sent } = fixture;
          const seen = await send({ topic: "kept" });
          assert.equal(seen.error, undefined, seen.error?.message);
          const [made, ...others] = there(fixture);
          assert.deepEqual(others, []);
          assert.deepEqual(made!.permissions, []);
          assert.equal(markIn(made!.description)?.kind, "creating");
          assert.equal(seen.outputs[0][0]!.tokenValue, made!.accessToken);
          assert.equal(seen.outputs[0][0]!.topic, "kept");
          assert.partialDeepStrictEqual(record(seen), { id: made!.id, outcome: "created" });
          assert.deepEqual(context(fixture).flow.get(`databaseTokenRights["${made!.id}"]`), WRITE);

          const after = await send(word(seen, "stored"));
          assert.equal(after.error, undefined, after.error?.message);
          assert.partialDeepStrictEqual(report(after), {
            outcome: "activated",
            token: { description: "press 1", permissions: WRITE },
          });
          assert.deepEqual([made!.description, made!.permissions], ["press 1", WRITE]);
          assert.deepEqual(context(fixture).flow.get("databaseTokenRights"), {});
          const changing = sent().filter((each) => !each.startsWith("GET"));
          assert.deepEqual(
            changing.map((each) => each.split(" ")[0]),
            ["POST", "PATCH"],
          );
        },
        { product },
      ));
  }

  it("gives it its permissions at once where the dialog says so", () =>
    withCreate({ ...PLAIN, tokenStatus: "active" }, async (fixture) => {
      const seen = await fixture.send({});
      assert.partialDeepStrictEqual(record(seen).token, { description: "press 1", permissions: WRITE });
      assert.deepEqual(there(fixture)[0]!.permissions, WRITE);
      assert.equal(context(fixture).flow.get("databaseTokenRights"), undefined);
      for (const step of ["stored", "not-stored"])
        assert.equal((await fixture.send(word(seen, step))).error?.code, "not-waiting");
      assert.equal(there(fixture).length, 1);
    }));

  it("takes back what was not stored, and forgets its permissions", () =>
    withCreate({ ...PLAIN, keptIn: "kept.rights", keptInType: "global" }, async (fixture) => {
      const seen = await fixture.send({});
      assert.deepEqual(context(fixture).global.get(`kept.rights["${record(seen).id}"]`), WRITE);
      assert.equal(report(await fixture.send(word(seen, "not-stored"))).outcome, "withdrawn");
      assert.deepEqual(there(fixture), []);
      assert.deepEqual(context(fixture).global.get("kept.rights"), {});
    }));

  it("says so where a restart has made it forget the permissions, and leaves the token without any", () =>
    withCreate(PLAIN, async (fixture) => {
      const seen = await fixture.send({});
      context(fixture).flow.set("databaseTokenRights", undefined);
      const { error } = await fixture.send(word(seen, "stored"));
      assert.equal(error?.code, "not-waiting");
      assert.match(error.message, /no rights of database token .* are kept in flow\.databaseTokenRights/);
      assert.deepEqual(there(fixture)[0]!.permissions, []);
      assert.equal(report(await fixture.send(word(seen, "not-stored"))).outcome, "withdrawn");
    }));

  it("believes no permissions in the context that are not what the API takes", () =>
    withCreate(PLAIN, async (fixture) => {
      const seen = await fixture.send({});
      context(fixture).flow.set("databaseTokenRights", {
        [record(seen).id]: [{ action: "admin", resource: "*" }],
      });
      assert.equal((await fixture.send(word(seen, "stored"))).error?.code, "invalid-config");
      assert.deepEqual(there(fixture)[0]!.permissions, []);
    }));

  it("copies another exactly, and takes JSON of the message", async () => {
    await withCreate(
      { ...PLAIN, permissionsFrom: "like", like: "payload", likeType: "msg" },
      async (fixture) => {
        const permissions = [
          { action: "read", resource: "iot" },
          { action: "write", resource: "logs" },
        ] as const;
        const { id } = fixture.clusters.addDatabaseToken(fixture.cluster, {
          description: "old",
          permissions: [...permissions],
        });
        const seen = await fixture.send({ payload: { id } });
        await fixture.send(word(seen, "stored"));
        assert.deepEqual(fixture.clusters.databaseTokens.get(record(seen).id)!.permissions, permissions);
      },
    );
    await withCreate(
      {
        ...PLAIN,
        permissionsFrom: "json",
        permissions: "payload",
        permissionsType: "msg",
        tokenStatus: "active",
      },
      async (fixture) => {
        assert.equal((await fixture.send({ payload: [{ action: "read" }] })).error?.code, "invalid-config");
        assert.deepEqual(record(await fixture.send({ payload: WRITE })).token.permissions, WRITE);
      },
    );
  });

  it("makes one for all databases only where the box says so, wherever that comes from", async () => {
    const everything = [
      { permissionsFrom: "allAccess" },
      { permissionsFrom: "table", table: [{ resource: "*", read: true, write: true }] },
    ];
    for (const properties of everything) {
      await withCreate({ ...PLAIN, ...properties }, async (fixture) => {
        assert.equal((await fixture.send({})).error?.code, "not-confirmed");
        assert.deepEqual(there(fixture), []);
      });
      await withCreate({ ...PLAIN, ...properties, understood: true }, async (fixture) => {
        assert.equal((await fixture.send({})).error, undefined);
      });
    }
  });

  it("takes an age or a date as its expiry, in whole seconds", async () => {
    for (const [expiry, check] of [
      ["90d", (time: number) => Math.abs(time - Date.now() - 90 * 86_400_000) < 60_000],
      ["2099-12-31", (time: number) => time === Date.UTC(2099, 11, 31)],
    ] as const) {
      await withCreate({ ...PLAIN, expiry, expiryType: "str" }, async (fixture) => {
        const seen = await fixture.send({});
        assert.equal(seen.error, undefined, seen.error?.message);
        const { body } = fixture.simulator.requests.find(({ method }) => method === "POST")!;
        const { expiresAt } = JSON.parse(body) as { expiresAt: string };
        assert.match(expiresAt, /T\d\d:\d\d:\d\dZ$/);
        assert.ok(check(Date.parse(expiresAt)), expiresAt);
      });
    }
    await withCreate({ ...PLAIN, expiry: "when", expiryType: "msg" }, async (fixture) => {
      for (const when of ["2020-01-01", "soon", "", null, "0d"])
        assert.equal((await fixture.send({ when })).error?.code, "invalid-config");
      assert.deepEqual(there(fixture), []);
    });
  });

  it("finds what a lost answer has left", () =>
    withCreate(PLAIN, async (fixture) => {
      fixture.simulator.faults.push({ method: "POST", drop: "after" });
      const seen = await fixture.send({});
      assert.equal(seen.error, undefined, seen.error?.message);
      assert.deepEqual(
        there(fixture).map(({ id }) => id),
        [record(seen).id],
      );
    }));

  it("removes it again if its permissions cannot be given, or kept", async () => {
    await withCreate({ ...PLAIN, tokenStatus: "active" }, async (fixture) => {
      fixture.simulator.faults.push({ method: "PATCH", status: 500, body: '{"code":500,"message":"x"}' });
      const { error } = await fixture.send({});
      assert.match(error?.message ?? "", /was removed again/);
      assert.deepEqual(there(fixture), []);
    });
    await withCreate({ ...PLAIN, keptIn: "text.rights", keptInType: "flow" }, async (fixture) => {
      context(fixture).flow.set("text", "a text");
      const { error } = await fixture.send({});
      assert.match(error?.message ?? "", /^No context store.*was removed again/);
      assert.deepEqual(there(fixture), []);
    });
  });

  it("shows the value to nobody but the one message", () =>
    withCreate(PLAIN, async (fixture) => {
      const seen = await fixture.send({});
      const [made] = there(fixture);
      const [{ tokenValue, ...rest }] = seen.outputs[0] as [Message];
      assert.equal(tokenValue, made!.accessToken);
      assert.ok(!textOf([rest, fixture.runtime.statuses, fixture.runtime.log()]).includes(made!.accessToken));
    }));

  it("waits in a subflow, whose context keeps the permissions", async () => {
    const fixture = await startFixture();
    const create = {
      id: "create",
      type: "influxdb-create-database-token",
      connection: "connection",
      ...PLAIN,
      place: "value",
      placeType: "flow",
    };
    const runtime = await startRuntime("subflow:sf", {}, fixture.connectionTo("cloud-dedicated"), {
      nodes: subflowOf(create, 2),
    });
    try {
      const sent = (msg: Message, output: "out0" | "out1") => {
        const reported = runtime.next(output);
        runtime.inject(msg);
        return reported;
      };
      const { handedOver } = await sent({}, "out0");
      const told = await sent({ handedOver, step: "stored" }, "out1");
      assert.equal((told.payload as OutcomeRecord).outcome, "activated");
      assert.deepEqual([...fixture.clusters.databaseTokens.values()][0]!.permissions, WRITE);
    } finally {
      await runtime.close();
      await fixture.close();
    }
  });
});
