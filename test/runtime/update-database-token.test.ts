import assert from "node:assert/strict";
import type { DatabasePermission } from "../../src/tokens/wanted.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { withNode, type MoreNodes, type NodeFixture } from "../helpers/fixture.js";
import type { Properties } from "../helpers/runtime.js";

const READ: DatabasePermission[] = [{ action: "read", resource: "iot" }];
const WRITE: DatabasePermission[] = [{ action: "write", resource: "logs" }];

const withUpdate = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: MoreNodes & { connection?: Properties } = {},
) => withNode("update-database-token", properties, work, options);
const add = ({ clusters, cluster }: NodeFixture, permissions = READ, description = "one") =>
  clusters.addDatabaseToken(cluster, { description, permissions: [...permissions] });
const changing = ({ sent }: NodeFixture) => sent().filter((each) => !each.startsWith("GET"));

interface Context {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}
const flowOf = ({ runtime }: NodeFixture): Context =>
  (runtime.node("node") as unknown as { context(): { flow: Context } }).context().flow;

describe("update-database-token", () => {
  it("takes all permissions away, keeps what they were, and keeps that a second time", () =>
    withUpdate({ rights: "take" }, async (fixture) => {
      const token = add(fixture);
      for (const time of [1, 2]) {
        const seen = await fixture.send({ payload: token.id });
        assert.equal(seen.error, undefined, seen.error?.message);
        assert.partialDeepStrictEqual(seen.payload, {
          id: token.id,
          outcome: "updated",
          token: { description: "one", permissions: [] },
        });
        assert.deepEqual(token.permissions, [], String(time));
        assert.deepEqual(flowOf(fixture).get("databaseTokenRights"), { [token.id]: READ });
      }
      assert.equal(fixture.simulator.requests.at(-1)!.body, '{"permissions":[]}');
    }));

  it("gives them back to each what was its own, once", () =>
    withUpdate({ rights: "back" }, async (fixture) => {
      const [a, b] = [add(fixture, []), add(fixture, [])];
      flowOf(fixture).set("databaseTokenRights", { [a.id]: READ, [b.id]: WRITE });
      const seen = await fixture.send({ payload: [a.id, b.id] });
      assert.equal(seen.error, undefined, seen.error?.message);
      assert.deepEqual([a.permissions, b.permissions], [READ, WRITE]);
      assert.deepEqual(flowOf(fixture).get("databaseTokenRights"), {});
      const { error } = await fixture.send({ payload: a.id });
      assert.equal(error?.code, "not-waiting");
      assert.match(error.message, /no rights of database token .* are kept in flow\.databaseTokenRights/);
      assert.deepEqual(a.permissions, READ);
    }));

  it("loses nothing of what is kept when the answer is lost", () =>
    withUpdate(
      { rights: "take" },
      async (fixture) => {
        const token = add(fixture);
        for (const drop of ["before", "after"] as const) {
          fixture.simulator.faults.push({ method: "PATCH", drop });
          assert.equal((await fixture.send({ payload: token.id })).error?.code, "network");
          assert.deepEqual(flowOf(fixture).get(`databaseTokenRights["${token.id}"]`), READ);
        }
      },
      { connection: { retries: "0" } },
    ));

  it("keeps many at once", () =>
    withUpdate({ rights: "take", limit: "" }, async (fixture) => {
      const tokens = Array.from({ length: 50 }, (_, index) =>
        add(fixture, [{ action: "read", resource: `database ${index}` }]),
      );
      await fixture.send({ payload: tokens.map(({ id }) => id) });
      const kept = flowOf(fixture).get("databaseTokenRights") as Record<string, DatabasePermission[]>;
      assert.deepEqual(
        tokens.map(({ id }) => kept[id]?.[0]?.resource),
        tokens.map((_, index) => `database ${index}`),
      );
    }));

  it("takes nothing away if what is there cannot be kept", () =>
    withUpdate({ rights: "take", keptIn: "text.rights", keptInType: "flow" }, async (fixture) => {
      const token = add(fixture);
      flowOf(fixture).set("text", "a text");
      assert.match((await fixture.send({ payload: token.id })).error?.message ?? "", /^No context store/);
      assert.deepEqual(token.permissions, READ);
    }));

  it("sets permissions as they are chosen, in whole, and describes", () =>
    withUpdate(
      {
        ...{
          rights: "set",
          permissionsFrom: "table",
          table: [{ resource: "logs", read: false, write: true }],
        },
        ...{ description: "new", descriptionType: "str" },
      },
      async (fixture) => {
        const token = add(fixture);
        const seen = await fixture.send({ payload: token.id });
        assert.equal(seen.error, undefined, seen.error?.message);
        assert.deepEqual([token.permissions, token.description], [WRITE, "new"]);
        assert.equal(changing(fixture).length, 1);
      },
    ));

  it("sets everything only where the box says so", () =>
    withUpdate({ rights: "set", permissionsFrom: "allAccess" }, async (fixture) => {
      const token = add(fixture);
      assert.equal((await fixture.send({ payload: token.id })).error?.code, "not-confirmed");
      assert.deepEqual(token.permissions, READ);
    }));

  it("describes alone, and sends no permissions", () =>
    withUpdate({ description: "new", descriptionType: "str" }, async (fixture) => {
      const token = add(fixture);
      await fixture.send({ payload: token.id });
      assert.equal(fixture.simulator.requests.at(-1)!.body, '{"description":"new"}');
      assert.deepEqual(token.permissions, READ);
    }));

  it("says so where there is nothing to change", () =>
    withUpdate({}, async ({ send, sent }) => {
      const { error } = await send({ payload: "55555555-5555-4555-8555-555555555555" });
      assert.match(error?.message ?? "", /^Nothing to change, cannot update database token: neither rights/);
      assert.deepEqual(sent(), []);
    }));

  it("changes nothing in a dry run, and tells what would change", async () => {
    for (const [rights, to] of [
      ["take", []],
      ["back", WRITE],
    ] as const) {
      await withUpdate({ rights, dryRun: true }, async (fixture) => {
        const token = add(fixture);
        const other = add(fixture);
        flowOf(fixture).set("databaseTokenRights", { [token.id]: WRITE });
        const seen = await fixture.send({ payload: [token.id, other.id] });
        assert.equal(seen.error, undefined, seen.error?.message);
        const [one, second] = seen.payload as OutcomeRecord[];
        assert.deepEqual(one!.changes, { permissions: { from: READ, to } });
        assert.equal(second!.would, rights === "take" ? "updated" : "not-waiting");
        assert.deepEqual(changing(fixture), []);
        assert.deepEqual(flowOf(fixture).get("databaseTokenRights"), { [token.id]: WRITE });
      });
    }
  });

  it("leaves alone what has changed since it was listed, and what is protected", () =>
    withUpdate(
      { rights: "take", onlyIfAsListed: true },
      async (fixture) => {
        const token = add(fixture);
        const { accessToken, ...listed } = token;
        assert.ok(accessToken);
        const seen = await fixture.send({ payload: { ...listed, permissions: WRITE } });
        assert.equal((seen.payload as OutcomeRecord).outcome, "changed");
        const id = "55555555-5555-4555-8555-555555555555";
        const { error } = await fixture.send({ payload: { ...listed, id } });
        assert.equal(error?.code, "protected");
        assert.deepEqual(changing(fixture), []);
      },
      { connection: { protectedIds: "55555555-5555-4555-8555-555555555555" } },
    ));

  for (const [what, payload, code] of [
    ["nothing", undefined, "missing-id"],
    ["an object without an id", { description: "one" }, "missing-id"],
    ["the ID of an authorization", "0aaaaaaaaaaaaaaa", "invalid-id"],
  ] as const) {
    it(`answers ${what} with ${code}, and sends nothing`, () =>
      withUpdate({ rights: "take" }, async ({ send, sent }) => {
        assert.equal((await send({ payload })).error?.code, code);
        assert.deepEqual(sent(), []);
      }));
  }
});
