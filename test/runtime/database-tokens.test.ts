import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Product } from "../../src/products.js";
import type { DatabaseToken } from "../../src/tokens/database-tokens.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { type NodeFixture, withNode } from "../helpers/fixture.js";
import type { Properties } from "../helpers/runtime.js";

const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);

function fill({ clusters, cluster }: NodeFixture): void {
  const add = (description: string, resource: string, more: object = {}) =>
    clusters.addDatabaseToken(cluster, { description, permissions: [{ action: "read", resource }], ...more });
  add("old, expired", "metrics", { createdAt: inDays(-400), expiresAt: inDays(-30) });
  add("expires soon", "metrics", { createdAt: inDays(-100), expiresAt: inDays(5) });
  add("for ever", "*", { createdAt: inDays(-50) });
  add("revoked", "logs", { createdAt: inDays(-1), revokedAt: inDays(-0.5) });
}

const withList = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: object = {},
) =>
  withNode(
    "list-database-tokens",
    properties,
    async (fixture) => {
      fill(fixture);
      await work(fixture);
    },
    options,
  );
const descriptions = (payload: unknown) => (payload as DatabaseToken[]).map(({ description }) => description);

describe("list-database-tokens", () => {
  const FILTERS: [Properties, string[]][] = [
    [{}, ["old, expired", "expires soon", "for ever", "revoked"]],
    [{ description: "expire", descriptionType: "str" }, ["old, expired", "expires soon"]],
    [{ database: "metrics", databaseType: "str" }, ["old, expired", "expires soon"]],
    [{ database: "*", databaseType: "str" }, ["for ever"]],
    [{ createdBefore: "90d", createdBeforeType: "str" }, ["old, expired", "expires soon"]],
    [{ createdAfter: "60d", createdAfterType: "str" }, ["for ever", "revoked"]],
    [{ expired: "yes", expiredType: "str" }, ["old, expired"]],
    [{ expired: "no", expiredType: "str" }, ["expires soon", "for ever", "revoked"]],
    [{ expiresWithin: "7d", expiresWithinType: "str" }, ["expires soon"]],
    [{ expiresWithin: "1d", expiresWithinType: "str" }, []],
    [{ revoked: "yes", revokedType: "str" }, ["revoked"]],
    [{ revoked: "no", revokedType: "str", expired: "no", expiredType: "str" }, ["expires soon", "for ever"]],
  ];
  for (const [properties, expected] of FILTERS) {
    it(`narrows by ${JSON.stringify(properties)}`, () =>
      withList(properties, async ({ send, cluster, sent, simulator, own }) => {
        const seen = await send({ topic: "kept" });
        assert.deepEqual(seen.error, undefined);
        assert.deepEqual(sent(), [`GET /api/v0/accounts/${cluster.accountId}/clusters/${cluster.id}/tokens`]);
        assert.equal(simulator.requests[0]!.headers.authorization, `Bearer ${own.token}`);
        const [messages, found] = expected.length > 0 ? [seen.outputs[0], expected] : [seen.outputs[1], []];
        assert.deepEqual(descriptions(messages[0]!.payload), found);
        assert.equal(messages[0]!.topic, "kept");
      }));
  }

  it("sends the oldest alone", () =>
    withList({ result: "first" }, async ({ send }) => {
      assert.equal(((await send({})).payload as DatabaseToken).description, "old, expired");
    }));

  it("takes the documented path of Clustered, and the other where both ids are given", async () => {
    await withList(
      {},
      async ({ send, sent }) => {
        assert.equal((await send({})).error, undefined);
        assert.deepEqual(sent(), ["GET /api/v0/tokens"]);
      },
      { product: "clustered" },
    );
    const ids = { accountId: randomUUID(), clusterId: randomUUID() };
    await withList(
      {},
      async ({ send, sent }) => {
        await send({});
        assert.deepEqual(sent(), [`GET /api/v0/accounts/${ids.accountId}/clusters/${ids.clusterId}/tokens`]);
      },
      { product: "clustered", connection: ids },
    );
  });

  for (const [filter, values] of [
    ["description", ["", 7, null, undefined]],
    ["database", ["", [], {}]],
    ["expired", ["", true, "maybe"]],
    ["expiresWithin", ["", 5, "soon", "2026-01-01"]],
  ] as const) {
    for (const value of values) {
      it(`refuses ${JSON.stringify(value) ?? "undefined"} for the filter ${filter}, and sends nothing`, () =>
        withList({ [filter]: "value", [`${filter}Type`]: "msg" }, async ({ send, sent }) => {
          assert.equal((await send({ value })).error?.code, "invalid-filter");
          assert.deepEqual(sent(), []);
        }));
    }
  }

  it("says what the API means by its refusals", async () => {
    const message = async (options: object) => {
      let error: { code?: string; message: string } | undefined;
      await withList({}, async ({ send }) => void ({ error } = await send({})), options);
      return `${error?.code}: ${error?.message}`;
    };
    assert.match(
      await message({ token: "wrong" }),
      /^unauthorized: .*management token: it is wrong, expired or revoked/,
    );
    assert.match(
      await message({ connection: { accountId: randomUUID() } }),
      /^forbidden: .*no access to this account or cluster/,
    );
  });

  it("leaves out what stands for none, and the value of a token, should a server tell it", () =>
    withList({ expired: "no", expiredType: "str" }, async ({ simulator, send }) => {
      const never = { expiresAt: "0001-01-01T00:00:00Z", revokedAt: null, permissions: null };
      simulator.faults.push({ body: JSON.stringify([{ id: "a", token: "x", accessToken: "y", ...never }]) });
      assert.deepEqual((await send({})).payload, [{ id: "a" }]);
    }));

  it("is of no use for another product, and says for which it is", async () => {
    await withNode(
      "list-database-tokens",
      {},
      async ({ send, sent }) => {
        const { error } = await send({});
        assert.equal(error?.code, "unsupported-product");
        assert.match(
          error.message,
          /InfluxDB OSS v2 cannot do this.*InfluxDB Cloud Dedicated, InfluxDB Clustered/,
        );
        assert.deepEqual(sent(), []);
      },
      { connection: { product: "oss" } },
    );
  });
});

describe("delete-database-token", () => {
  const withDelete = (
    properties: Properties,
    work: (fixture: NodeFixture) => Promise<void>,
    options: object = {},
  ) => withNode("delete-database-token", { confirmed: true, ...properties }, work, options);
  const add = ({ clusters, cluster }: NodeFixture) =>
    clusters.addDatabaseToken(cluster, { description: "mine", permissions: [] });
  const outcomes = (payload: unknown) => (payload as OutcomeRecord[]).map(({ outcome }) => outcome);

  it("deletes one, without a look before, and proves it by a look after", () =>
    withDelete({}, async (fixture) => {
      const { id } = add(fixture);
      const seen = await fixture.send({
        payload: { id: id.toUpperCase(), description: "mine", accessToken: "secret" },
      });
      assert.partialDeepStrictEqual(seen.payload, { id, outcome: "deleted", token: { description: "mine" } });
      assert.ok(!JSON.stringify(seen.payload).includes("secret"));
      assert.deepEqual(
        fixture.sent().map((request) => request.split(" ")[0]),
        ["DELETE", "GET"],
      );
      assert.equal(fixture.clusters.databaseTokens.has(id), false);
    }));

  it("deletes many, and counts what is gone as done where the node says so", () =>
    withDelete({ notFound: "done" }, async (fixture) => {
      const [a, b] = [add(fixture), add(fixture)];
      const { payload, error } = await fixture.send({ payload: [a.id, randomUUID(), { id: b.id }] });
      assert.deepEqual(outcomes(payload), ["deleted", "not-found", "deleted"]);
      assert.equal(error, undefined);
    }));

  it("does not take the 404 of something else for a token that is gone", () =>
    withDelete({ notFound: "done" }, async ({ simulator, send }) => {
      simulator.faults.push({ status: 404, headers: { "content-type": "text/html" }, body: "<html>nginx" });
      assert.equal((await send({ payload: randomUUID() })).error?.code, "bad-response");
    }));

  it("does not take it for its own work done either, after an answer that was lost", () =>
    withDelete(
      {},
      async (fixture) => {
        const { id } = add(fixture);
        fixture.simulator.faults.push({ status: 502 }, { status: 404, body: "<html>nginx" });
        assert.equal((await fixture.send({ payload: id })).error?.code, "bad-response");
        assert.ok(fixture.clusters.databaseTokens.has(id));
        fixture.simulator.faults.push({ drop: "after" });
        assert.partialDeepStrictEqual((await fixture.send({ payload: id })).payload, {
          outcome: "deleted",
          attempts: 2,
        });
      },
      { connection: { retries: "1" } },
    ));

  it("takes what is gone for an error otherwise", () =>
    withDelete({}, async ({ send }) => {
      const { error } = await send({ payload: randomUUID() });
      assert.equal(error?.code, "not-found");
      assert.match(error.message, /no such database token/);
    }));

  for (const [what, payload, code] of [
    ["an authorization's id", "0aaaaaaaaaaaaaaa", "invalid-id"],
    ["a name", "grafana", "invalid-id"],
    ["a UUID with a slash", "55555555-5555-4555-8555-55555555/555", "invalid-id"],
    ["a flag", "--force", "invalid-id"],
    ["a number", 5, "invalid-id"],
    ["nothing", undefined, "missing-id"],
    ["null in an array", [null], "missing-id"],
  ] as const) {
    it(`answers ${what} with ${code}, and sends nothing`, () =>
      withDelete({}, async ({ send, sent }) => {
        const { error } = await send({ payload });
        assert.equal(error?.code, code);
        assert.match(error.message, /database token ID.*UUID|database token ID/);
        assert.deepEqual(sent(), []);
      }));
  }

  it("has the box, the dry run, the limit and the protected ids of every irreversible node", async () => {
    const id = randomUUID();
    const errorOf = async (properties: Properties, msg: object, connection: Properties = {}) => {
      let code: string | undefined;
      await withDelete(
        properties,
        async ({ send, sent }) => {
          const { error, payload } = await send(msg as never);
          code = error?.code ?? `would: ${(payload as OutcomeRecord).would as string}`;
          assert.ok(sent().every((each) => each.startsWith("GET")));
        },
        { connection },
      );
      return code;
    };
    assert.equal(await errorOf({ confirmed: false }, { payload: id }), "not-confirmed");
    assert.equal(await errorOf({}, { payload: id, dryRun: true }), "would: not-found");
    assert.equal(await errorOf({ limit: "1" }, { payload: [id, randomUUID()] }), "limit-exceeded");
    assert.equal(await errorOf({}, { payload: id }, { protectedIds: id.toUpperCase() }), "protected");
  });

  it("tells in a dry run what it would delete", () =>
    withDelete({ dryRun: true }, async (fixture) => {
      const { id, description } = add(fixture);
      assert.partialDeepStrictEqual((await fixture.send({ payload: id })).payload, {
        outcome: "dry-run",
        would: "deleted",
        token: { description },
      });
      assert.ok(fixture.clusters.databaseTokens.has(id));
    }));
});

describe("a connection to a cluster", () => {
  const errorOf = async (connection: Properties, product: Product = "cloud-dedicated") => {
    let message = "";
    await withNode(
      "list-database-tokens",
      {},
      async ({ send, sent }) => {
        const { error } = await send({});
        message = `${error?.code}: ${error?.message}`;
        assert.deepEqual(sent(), []);
      },
      { connection, product },
    );
    return message;
  };

  it("wants account and cluster as UUIDs", async () => {
    assert.match(
      await errorOf({ accountId: "" }),
      /^invalid-config: .*"accountId" holds an empty text, expected a UUID/,
    );
    assert.match(
      await errorOf({ clusterId: "home" }),
      /^invalid-config: .*"clusterId" holds a text of 4 characters, expected a UUID/,
    );
    assert.match(await errorOf({ accountId: randomUUID() }, "clustered"), /^invalid-config: .*"clusterId"/);
  });

  it("wants the address of a cluster of one's own", async () => {
    assert.match(await errorOf({ url: "" }, "clustered"), /^invalid-config: .*"url"/);
  });

  it("wants protected ids of the product's form", async () => {
    assert.match(
      await errorOf({ protectedIds: "0aaaaaaaaaaaaaaa" }),
      /^invalid-config: .*"protectedIds".*UUID/,
    );
  });
});
