import assert from "node:assert/strict";
import type { Simulator } from "../../simulator/server.js";
import { Secret } from "../../src/text/secret.js";
import type { Influxctl } from "../../src/influxctl/influxctl.js";
import { managementTokens } from "../../src/tokens/management-tokens.js";
import { createOwnTokenProtection } from "../../src/tokens/own-token-protection.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { addTokens, type NodeFixture, withNode } from "../helpers/fixture.js";
import type { Properties } from "../helpers/runtime.js";

const OWN_ID = "11111111-1111-4111-8111-111111111111";
const OTHER_ID = "22222222-2222-4222-8222-222222222222";
/** A server that shows which token is the connection's own. */
const CLEAR = { simulator: { tokens: "clear" } } as const;
const DAY = 24 * 60 * 60 * 1000;
const INACTIVE = { tokenStatus: "inactive", tokenStatusType: "str" };
const record = (payload: unknown) => payload as OutcomeRecord;
const records = (payload: unknown) => payload as OutcomeRecord[];
const outcomes = (payload: unknown) => records(payload).map(({ outcome }) => outcome);

/** As a list node sends it. */
const listed = ({ world }: Simulator, id: string) => {
  const { token, permissions, ...rest } = world.authorizations.get(id)!;
  return rest;
};

/** Waits until it is so; the test fails where that takes too long. */
async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 5_000;
  while (!isSo()) {
    assert.ok(Date.now() < end, "it is not so in time");
    await new Promise(setImmediate);
  }
}

describe("what concerns one token happens in the order of the messages", () => {
  const TO = { tokenStatus: "to", tokenStatusType: "msg" };
  const SECOND = { id: "second", type: "influxdb-update-authorization", z: "tab", connection: "connection" };
  const patches = ({ requests }: Simulator, id: string) =>
    requests.flatMap(({ method, path, body }) =>
      method === "PATCH" && path.endsWith(id) ? [(JSON.parse(body) as { status: string }).status] : [],
    );

  /** Enables a token and at once disables it, the first change met by a fault; returns what was sent. */
  async function race(
    fault: Simulator["faults"][number],
    properties: Properties = TO,
    second: "node" | "second" = "node",
  ): Promise<string[]> {
    let sent: string[] = [];
    await withNode(
      "update-authorization",
      properties,
      async (fixture) => {
        const { simulator } = fixture;
        const [token, other] = addTokens(simulator, 2);
        // From here on it is known which token is the connection's own.
        await fixture.send({ payload: other!.id, to: "inactive" });
        simulator.faults.push({ method: "PATCH", ...fault });
        fixture.runtime.inject({ payload: { id: token!.id }, to: "active" });
        fixture.runtime.inject({ payload: token!.id.toUpperCase(), to: "inactive" }, second);
        const { status } = { status: () => simulator.world.authorizations.get(token!.id)!.status };
        await until(() => patches(simulator, token!.id).at(-1) === "inactive" && status() === "inactive");
        // Nothing comes after it.
        await fixture.send({ payload: other!.id, to: "inactive" });
        assert.equal(status(), "inactive");
        sent = patches(simulator, token!.id);
      },
      { nodes: [{ ...SECOND, ...TO, x: 0, y: 0, wires: [[]] }] },
    );
    return sent;
  }

  it("where the server takes longer for the first", async () =>
    assert.deepEqual(await race({ delay: 50 }), ["active", "inactive"]));

  it("where the first is tried again", async () =>
    assert.deepEqual(await race({ status: 503, headers: { "retry-after": "0" } }), [
      "active",
      "active",
      "inactive",
    ]));

  it("where the first takes longer to be read, over all nodes of a connection", async () => {
    const slow = { description: '$join(["a", "b"])', descriptionType: "jsonata" };
    assert.deepEqual(await race({}, { ...TO, ...slow }, "second"), ["active", "inactive"]);
  });

  it("over all nodes of a connection", async () =>
    assert.deepEqual(await race({ delay: 50 }, TO, "second"), ["active", "inactive"]));

  it("and other tokens do not wait for it", () =>
    withNode("update-authorization", INACTIVE, async (fixture) => {
      const { simulator, send } = fixture;
      const [slow, quick] = addTokens(simulator, 2);
      await send({ payload: "0aaaaaaaaaaaaaaa" });
      simulator.faults.push({ method: "PATCH", delay: 60_000 });
      for (const { id } of [slow!, slow!, quick!]) fixture.runtime.inject({ payload: id });
      await until(() => simulator.world.authorizations.get(quick!.id)!.status === "inactive");
      assert.deepEqual(patches(simulator, slow!.id), ["inactive"]);
    }));
});

describe("a change is compared with what was asked", () => {
  const answerOf = (simulator: Simulator, id: string, other: object) =>
    JSON.stringify({ ...listed(simulator, id), status: "inactive", ...other });

  for (const [what, other] of [
    ["the old status", { status: "active" }],
    ["another ID", { id: "0bbbbbbbbbbbbbbb" }],
    ["another description", { description: "not this" }],
  ] as const) {
    it(`an answer that shows ${what} is no success`, () =>
      withNode(
        "update-authorization",
        { ...INACTIVE, description: "new", descriptionType: "str" },
        async ({ simulator, send, runtime }) => {
          const { id } = addTokens(simulator, 1)[0]!;
          const body = answerOf(simulator, id, { description: "new", ...other });
          simulator.faults.push({ method: "PATCH", status: 200, body });
          const { error, outputs } = await send({ payload: id });
          assert.equal(error?.code, "not-applied");
          assert.match(error.message, /reported success, but it shows/);
          assert.deepEqual(outputs[0], []);
          assert.equal(runtime.statuses.at(-1), "red not applied");
        },
      ));
  }

  it("nothing of the answer takes the place of what the record says itself, or leaks", () =>
    withNode("update-authorization", INACTIVE, async ({ simulator, send }) => {
      const { id } = addTokens(simulator, 1)[0]!;
      const forged = {
        at: "then",
        attempts: 9,
        error: { code: "x" },
        outcome: "failed",
        would: "x",
        token: "secret",
      };
      const body = answerOf(simulator, id, { ...forged, hashedToken: "secret", links: { self: "/x" } });
      simulator.faults.push({ method: "PATCH", status: 200, body });
      const seen = record((await send({ payload: id })).payload);
      assert.deepEqual(Object.keys(seen).toSorted(), ["at", "id", "outcome", "token"]);
      assert.deepEqual(Object.keys(seen.token).toSorted(), [
        ...["createdAt", "description", "orgID", "status", "updatedAt", "userID"],
      ]);
      assert.notEqual(seen.at, "then");
      assert.equal(seen.outcome, "updated");
    }));

  it("a 404 of something before the server is not taken for a change that was made", () =>
    withNode(
      "update-authorization",
      INACTIVE,
      async ({ simulator, send }) => {
        const { id } = addTokens(simulator, 1)[0]!;
        for (const message of ["user page not found", "organization of the page not found"]) {
          simulator.faults.push({ method: "PATCH", status: 404, body: JSON.stringify({ message }) });
          assert.notEqual((await send({ payload: id })).error, undefined, message);
        }
        assert.equal(simulator.world.authorizations.get(id)!.status, "active");
      },
      CLEAR,
    ));

  it("a refusal of something before the server proves no deletion", () =>
    withNode(
      "delete-authorization",
      { confirmed: true },
      async ({ simulator, send }) => {
        const { id } = addTokens(simulator, 1)[0]!;
        const deleteThenLook = (status: number, body: string) =>
          simulator.faults.push(
            { method: "DELETE", status: 204 },
            { method: "GET", path: /authorizations\/\w{16}$/, status, body },
          );
        deleteThenLook(403, '{"message":"blocked by WAF"}');
        assert.equal((await send({ payload: id })).error?.code, "not-applied");
        deleteThenLook(401, '{"code":"unauthorized","message":"x is unauthorized"}');
        assert.equal(record((await send({ payload: id })).payload).outcome, "deleted");
      },
      CLEAR,
    ));

  it("half a character in a description is sent as the server stores it", () =>
    withNode(
      "update-authorization",
      { description: "text", descriptionType: "msg" },
      async ({ simulator, send }) => {
        const { id } = addTokens(simulator, 1)[0]!;
        const seen = await send({ payload: id, text: "half \ud83d" });
        assert.equal(seen.error, undefined);
        assert.equal(simulator.world.authorizations.get(id)!.description, "half \ufffd");
      },
    ));

  const DELETES: [what: string, faults: Simulator["faults"], error: RegExp | undefined][] = [
    [
      "anything else answers 204 to everything",
      [
        { method: "DELETE", status: 204 },
        { method: "GET", path: /authorizations\/\w+$/, status: 204 },
      ],
      /something other than InfluxDB answered/,
    ],
    ["it still shows the token", [{ method: "DELETE", status: 204 }], /it still shows the token/],
    [
      "the look after it fails",
      [
        { method: "DELETE", status: 204 },
        { method: "GET", path: /authorizations\/\w+$/, status: 500, body: "{}" },
      ],
      /status 500/,
    ],
  ];
  for (const [what, faults, expected] of DELETES) {
    it(`a 204 without the mark of InfluxDB is not believed where ${what}`, () =>
      withNode(
        "delete-authorization",
        { confirmed: true },
        async ({ simulator, send }) => {
          const { id } = addTokens(simulator, 1)[0]!;
          simulator.faults.push(...faults);
          const { error } = await send({ payload: id });
          assert.match(error?.message ?? "done", expected ?? /done/);
          assert.ok(simulator.world.authorizations.has(id));
        },
        CLEAR,
      ));
  }

  it("a 204 without the mark of InfluxDB is proved by a look after it", () =>
    withNode(
      "delete-authorization",
      { confirmed: true },
      async ({ simulator, send, sent }) => {
        const { id } = addTokens(simulator, 1)[0]!;
        simulator.faults.push({ method: "DELETE", status: 204 });
        simulator.world.authorizations.delete(id);
        assert.equal(record((await send({ payload: id })).payload).outcome, "deleted");
        assert.deepEqual(sent(), [`DELETE /api/v2/authorizations/${id}`, `GET /api/v2/authorizations/${id}`]);
      },
      CLEAR,
    ));

  it("a database token that is still there was not deleted, one that is shown as revoked was", () =>
    withNode("delete-database-token", { confirmed: true }, async (fixture) => {
      const add = () =>
        fixture.clusters.addDatabaseToken(fixture.cluster, { description: "x", permissions: [] });
      const [kept, gone] = [add(), add()];
      fixture.simulator.faults.push({ method: "DELETE", status: 204, times: 2 });
      assert.equal((await fixture.send({ payload: kept.id })).error?.code, "not-applied");
      gone.revokedAt = new Date();
      assert.equal(record((await fixture.send({ payload: gone.id })).payload).outcome, "deleted");
    }));
});

describe("only if still as listed", () => {
  const AS_LISTED = { onlyIfAsListed: true };

  it("leaves alone what was changed since, and says what it is now", () =>
    withNode(
      "delete-authorization",
      { confirmed: true, ...AS_LISTED },
      async ({ simulator, send, runtime }) => {
        const { world } = simulator;
        const [same, enabled] = addTokens(simulator, 2).map(({ id }) => world.authorizations.get(id)!);
        same!.status = enabled!.status = "inactive";
        const payload = [listed(simulator, same!.id), listed(simulator, enabled!.id)];
        // Its owner still needs it.
        enabled!.status = "active";
        enabled!.updatedAt = new Date().toISOString();
        const seen = await send({ payload });
        assert.deepEqual(outcomes(seen.payload), ["deleted", "changed"]);
        assert.deepEqual(records(seen.payload)[1]!.now, {
          status: "active",
          updatedAt: enabled!.updatedAt,
        });
        assert.ok(seen.completed && seen.error === undefined);
        assert.deepEqual(
          [world.authorizations.has(same!.id), world.authorizations.has(enabled!.id)],
          [false, true],
        );
        await send({ payload: payload[1] });
        assert.equal(runtime.statuses.at(-1), "green 1 changed meanwhile");
      },
    ));

  it("leaves alone what cannot be shown any more, and counts what is gone as the node says", () =>
    withNode(
      "delete-authorization",
      { confirmed: true, notFound: "done", ...AS_LISTED },
      async ({ simulator, send }) => {
        const { world } = simulator;
        const owner = world.addUser("owner");
        const orphan = listed(simulator, world.addAuthorization({ user: owner }).id);
        const gone = listed(simulator, world.addAuthorization({ user: "admin" }).id);
        world.users.delete(owner.id);
        world.authorizations.delete(gone.id);
        assert.deepEqual(outcomes((await send({ payload: [orphan, gone] })).payload), [
          "changed",
          "not-found",
        ]);
      },
    ));

  it("asks for how it was listed, and does nothing where the message does not say", () =>
    withNode("delete-authorization", { confirmed: true, ...AS_LISTED }, async ({ simulator, send, sent }) => {
      const [a, b] = addTokens(simulator, 2);
      for (const payload of [a!.id, { id: a!.id }, [listed(simulator, b!.id), a!.id]]) {
        const { error } = await send({ payload });
        assert.equal(error?.code, "not-listed");
        assert.match(error.message, new RegExp(`${a!.id}.*"updatedAt"`));
      }
      assert.deepEqual(sent(), []);
    }));

  it("is there for updates too, and a dry run tells of it", () =>
    withNode("update-authorization", { ...INACTIVE, ...AS_LISTED }, async ({ simulator, send, sent }) => {
      const token = simulator.world.authorizations.get(addTokens(simulator, 1)[0]!.id)!;
      const payload = listed(simulator, token.id);
      token.updatedAt = new Date().toISOString();
      assert.partialDeepStrictEqual((await send({ payload, dryRun: true })).payload, {
        outcome: "dry-run",
        would: "changed",
      });
      assert.partialDeepStrictEqual((await send({ payload })).payload, { outcome: "changed" });
      assert.ok(sent().every((each) => each.startsWith("GET")));
    }));

  it("compares the permissions of a database token, for taking them away is its nearest thing to disabling", () =>
    withNode("delete-database-token", { confirmed: true, ...AS_LISTED }, async (fixture) => {
      const shown = async () => {
        const answer = await fetch(new URL(path, fixture.simulator.url), {
          headers: { authorization: `Bearer ${fixture.own.token}` },
        });
        return (await answer.json()) as Record<string, unknown>;
      };
      const token = fixture.clusters.addDatabaseToken(fixture.cluster, { description: "x", permissions: [] });
      const path = `/api/v0/accounts/${fixture.cluster.accountId}/clusters/${fixture.cluster.id}/tokens/${token.id}`;
      const before = await shown();
      token.permissions = [{ action: "read", resource: "a" }];
      const { outcome, now } = record((await fixture.send({ payload: before })).payload);
      assert.equal(outcome, "changed");
      assert.deepEqual((now as { permissions: unknown }).permissions, token.permissions);
      assert.equal(record((await fixture.send({ payload: await shown() })).payload).outcome, "deleted");
    }));

  it("looks at a management token right before it is revoked", () =>
    withNode("revoke-management-token", { confirmed: true, ...AS_LISTED }, async (fixture) => {
      const { id, description } = fixture.clusters.addManagementToken(fixture.cluster, { description: "x" });
      const was = { id, state: "active", description: "another" };
      assert.equal(record((await fixture.send({ payload: was })).payload).outcome, "changed");
      const is = { id, state: "active", description };
      assert.equal(record((await fixture.send({ payload: is })).payload).outcome, "revoked");
    }));
});

describe("delete-authorization, only if inactive for a time", () => {
  const withDelete = (inactiveFor: string, work: (fixture: NodeFixture) => Promise<void>) =>
    withNode("delete-authorization", { confirmed: true, inactiveFor, inactiveForType: "str" }, work);

  it("spares what is active, and what was changed since", () =>
    withDelete("30d", async ({ simulator, send }) => {
      const user = simulator.world.addUser("user1");
      const add = (status: "active" | "inactive", days: number) =>
        simulator.world.addAuthorization({ user, status, updatedAt: new Date(Date.now() - days * DAY) }).id;
      const payload = [add("inactive", 31), add("inactive", 29), add("active", 400)];
      const dry = await send({ payload, dryRun: true });
      assert.deepEqual(
        records(dry.payload).map(({ would }) => would),
        ["deleted", "skipped", "skipped"],
      );
      const seen = await send({ payload });
      assert.deepEqual(outcomes(seen.payload), ["deleted", "skipped", "skipped"]);
      assert.match(String(records(seen.payload)[1]!.reason), /^it is inactive, but was changed at \d{4}-/);
      assert.equal(records(seen.payload)[2]!.reason, "it is active");
    }));

  it("spares what cannot be shown", () =>
    withDelete("1d", async ({ simulator, send }) => {
      const owner = simulator.world.addUser("owner");
      const { id } = simulator.world.addAuthorization({
        user: owner,
        status: "inactive",
        updatedAt: new Date(0),
      });
      simulator.world.users.delete(owner.id);
      assert.equal(record((await send({ payload: id })).payload).outcome, "skipped");
    }));

  for (const updatedAt of ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "12", "2020", "soon", undefined]) {
    it(`spares what was changed at ${updatedAt}, which is no time that counts`, () =>
      withDelete("1d", async ({ simulator, send }) => {
        const { id } = addTokens(simulator, 1)[0]!;
        const body = JSON.stringify({ ...listed(simulator, id), status: "inactive", updatedAt });
        simulator.faults.push({ method: "GET", path: new RegExp(`${id}$`), status: 200, body });
        assert.partialDeepStrictEqual((await send({ payload: id })).payload, { outcome: "skipped" });
        assert.ok(simulator.world.authorizations.has(id));
      }));
  }

  it("spares what was changed just now by our clock, whatever the date of the answer", () =>
    withDelete("90d", async ({ simulator, send }) => {
      const user = simulator.world.addUser("user1");
      const { id } = simulator.world.addAuthorization({ user, status: "inactive" });
      const body = JSON.stringify(listed(simulator, id));
      const headers = { date: "Fri, 01 Jan 2099 00:00:00 GMT" };
      simulator.faults.push({ method: "GET", path: new RegExp(`${id}$`), status: 200, body, headers });
      assert.partialDeepStrictEqual((await send({ payload: id })).payload, { outcome: "skipped" });
    }));

  for (const wrong of ["", "soon", "30", "-1d", "0d", "00 m"]) {
    it(`refuses ${JSON.stringify(wrong)} for an age`, () =>
      withDelete(wrong, async ({ simulator, send }) => {
        const { id } = addTokens(simulator, 1)[0]!;
        assert.match((await send({ payload: id })).error?.code ?? "", /invalid-(filter|config)/);
        assert.ok(simulator.world.authorizations.has(id));
      }));
  }
});

describe("the limit", () => {
  it("is there for updates", () =>
    withNode("update-authorization", INACTIVE, async ({ simulator, send, sent }) => {
      const payload = addTokens(simulator, 101).map(({ id }) => id);
      assert.equal((await send({ payload })).error?.code, "limit-exceeded");
      assert.deepEqual(sent(), []);
    }));

  it("counts the parts of a list together, and those of another list anew", () =>
    withNode("delete-authorization", { confirmed: true, limit: "5" }, async ({ simulator, runtime }) => {
      const ids = addTokens(simulator, 30).map(({ id }) => id);
      for (const [index, payload] of ids.entries()) {
        runtime.inject({ payload, parts: { id: "list", index, count: 30 } });
      }
      await runtime.ended(30);
      assert.equal([...simulator.world.authorizations.keys()].filter((id) => ids.includes(id)).length, 25);
      const other = await runtime.send({ payload: ids[29], parts: { id: "other", index: 0, count: 1 } });
      assert.equal(other.error, undefined);
    }));

  it("counts what a flow makes of one message together, also where it lost the parts", () =>
    withNode("delete-authorization", { confirmed: true, limit: "5" }, async ({ simulator, runtime }) => {
      const ids = addTokens(simulator, 30).map(({ id }) => id);
      // As two Split nodes, one behind the other, leave it.
      for (const [index, payload] of ids.entries()) {
        const parts = { id: `inner ${index % 6}`, index: 0, count: 5 };
        runtime.inject({ payload, _msgid: "one", ...(index % 2 && { parts }) });
      }
      await runtime.ended(30);
      assert.equal([...simulator.world.authorizations.keys()].filter((id) => ids.includes(id)).length, 25);
    }));

  it("of an hour counts nothing that was not begun", () =>
    withNode(
      "delete-authorization",
      { confirmed: true, limit: "10", limitPer: "hour" },
      async ({ simulator, send }) => {
        const payload = addTokens(simulator, 10).map(({ id }) => id);
        simulator.faults.push({
          status: 401,
          body: '{"code":"unauthorized","message":"unauthorized access"}',
        });
        assert.deepEqual(
          new Set(outcomes((await send({ payload })).payload).slice(4)),
          new Set(["not-started"]),
        );
        const seen = await send({ payload: payload.slice(4) });
        assert.deepEqual(new Set(outcomes(seen.payload)), new Set(["deleted"]));
      },
    ));

  it("counts what comes of lists within lists of one message together", () =>
    withNode("delete-authorization", { confirmed: true, limit: "5" }, async ({ simulator, runtime }) => {
      const ids = addTokens(simulator, 20).map(({ id }) => id);
      for (const [index, payload] of ids.entries()) {
        const outer = { id: "outer", index: Math.floor(index / 5), count: 4 };
        runtime.inject({
          payload,
          parts: { id: `inner ${outer.index}`, index: index % 5, count: 5, parts: outer },
        });
      }
      await runtime.ended(20);
      assert.equal([...simulator.world.authorizations.keys()].filter((id) => ids.includes(id)).length, 15);
    }));

  for (const type of ["full", "flows", "nodes"] as const) {
    it(`survives a deploy of ${type}`, () =>
      withNode(
        "delete-authorization",
        { confirmed: true, limit: "2", limitPer: "day" },
        async ({ simulator, runtime }) => {
          const ids = addTokens(simulator, 4).map(({ id }) => id);
          await runtime.send({ payload: ids.slice(0, 2) });
          await runtime.deploy(
            // What no Catch node takes is logged.
            (nodes) =>
              nodes
                .filter(({ id }) => id !== "catch")
                .map((node) => (node.id === "node" ? { ...node, name: "moved" } : node)),
            type,
          );
          runtime.inject({ payload: ids[2] });
          await until(() => /Limit exceeded/.test(runtime.log()));
          assert.ok(simulator.world.authorizations.has(ids[2]!));
        },
      ));
  }
});

describe("a connection's own token", () => {
  const CONFIRMED = { confirmed: true };
  const own = ({ simulator }: NodeFixture) => simulator.world.operator.id;

  for (const tokens of ["hashed", "clear", "redacted"] as const) {
    const connection = { product: tokens === "redacted" ? "cloud" : "oss" };

    it(`is neither deleted nor disabled where the server's tokens are ${tokens}`, async () => {
      await withNode(
        "delete-authorization",
        CONFIRMED,
        async (fixture) => {
          const { simulator, send } = fixture;
          const other = addTokens(simulator, 1)[0]!.id;
          const seen = await send({ payload: [own(fixture), other] });
          assert.deepEqual(outcomes(seen.payload), ["failed", "deleted"]);
          assert.equal(records(seen.payload)[0]!.error?.code, "protected");
          assert.match(seen.error?.message ?? "", /connection's own token/);
          assert.ok(simulator.world.authorizations.has(own(fixture)));
        },
        { simulator: { tokens }, connection },
      );
      await withNode(
        "update-authorization",
        INACTIVE,
        async (fixture) => {
          assert.equal((await fixture.send({ payload: own(fixture) })).error?.code, "protected");
          assert.equal(fixture.simulator.world.operator.status, "active");
        },
        { simulator: { tokens }, connection },
      );
    });

    it(`is told apart from others of its user where the server's tokens are ${tokens}, or none is touched`, () =>
      withNode(
        "delete-authorization",
        CONFIRMED,
        async ({ simulator, send }) => {
          const { world } = simulator;
          const [sibling, off] = [world.addAuthorization({}), world.addAuthorization({ status: "inactive" })];
          const seen = await send({ payload: [sibling.id, off.id, world.operator.id] });
          const expected = tokens === "hashed" ? "failed" : "deleted";
          // An inactive one is never the own one.
          assert.deepEqual(outcomes(seen.payload), [expected, "deleted", "failed"]);
          if (tokens === "hashed")
            assert.match(seen.error?.message ?? "", /active token of the same user.*"Own token ID"/);
        },
        { simulator: { tokens }, connection },
      ));
  }

  it("is known by the ID that the connection names, where the server does not tell", () =>
    withNode("delete-authorization", CONFIRMED, async (fixture) => {
      const { simulator, runtime, send } = fixture;
      const { world } = simulator;
      const sibling = world.addAuthorization({});
      assert.equal((await send({ payload: sibling.id })).error?.code, "protected");
      const again = async (ownTokenId: string, payload: string, expected: RegExp) => {
        await runtime.deploy(
          (nodes) =>
            nodes
              // What no Catch node takes is logged.
              .filter(({ id }) => id !== "catch")
              .map((node) => (node.id === "connection" ? { ...node, ownTokenId } : node)),
          "full",
        );
        const logged = runtime.log().length;
        runtime.inject({ payload });
        await until(() => expected.test(runtime.log().slice(logged)) || !world.authorizations.has(payload));
        return world.authorizations.has(payload);
      };
      // The ID of somebody else's token would protect the wrong one.
      const wrong = world.addAuthorization({ user: world.addUser("somebody") }).id;
      assert.ok(await again(wrong, sibling.id, /"Own token ID".*is not the ID of its token/));
      assert.ok(await again(own(fixture).toUpperCase(), own(fixture), /is the connection's own token/));
      assert.ok(!(await again(own(fixture), sibling.id, /not expected/)));
    }));

  it("is spared where it is hidden: its organization is gone, or it may not read itself", async () => {
    const ORG_GONE = ({ world }: Simulator) => {
      const user = world.addUser("manager");
      const org = world.addOrg("gone");
      const permissions = ["authorizations", "users"].flatMap((type) => [`read:${type}`, `write:${type}`]);
      const token = world.addAuthorization({ user, org, permissions });
      // The only one of its user that a list shows.
      const sibling = world.addAuthorization({ user, permissions });
      world.orgs.delete(org.id);
      return { token, sibling };
    };
    for (const named of [false, true]) {
      await withNode("delete-authorization", CONFIRMED, async ({ simulator, runtime }) => {
        const { token, sibling } = ORG_GONE(simulator);
        await runtime.deploy(
          (nodes) =>
            nodes
              .filter(({ id }) => id !== "catch")
              .map((node) =>
                node.id === "connection"
                  ? { ...node, ownTokenId: named ? token.id : "", credentials: { token: token.token } }
                  : node,
              ),
          "full",
        );
        const other = addTokens(simulator, 1)[0]!;
        for (const payload of [token.id, sibling.id, other.id]) runtime.inject({ payload });
        await until(() => !simulator.world.authorizations.has(other.id));
        await until(() => runtime.dones() === 3);
        assert.ok(simulator.world.authorizations.has(token.id));
        // By its user's word, all others can be acted upon.
        assert.equal(simulator.world.authorizations.has(sibling.id), !named);
      });
    }
  });

  it("leaves those alone that an organization's end has hidden, but not those of users who are gone", () =>
    withNode("delete-authorization", CONFIRMED, async ({ simulator, send }) => {
      const { world } = simulator;
      const [user, org] = [world.addUser("gone"), world.addOrg("gone")];
      const ofUser = world.addAuthorization({ user });
      const ofOrg = world.addAuthorization({ user: world.addUser("there"), org });
      world.users.delete(user.id);
      world.orgs.delete(org.id);
      assert.equal(record((await send({ payload: ofUser.id })).payload).outcome, "deleted");
      const { error } = await send({ payload: ofOrg.id });
      assert.equal(error?.code, "protected");
      assert.match(error.message, /organization is gone.*"Own token ID"/);
    }));

  it("is spared where what a look shows is a mask, or comes of something before the server", async () => {
    const ANSWERS: [status: number, body: (shown: object) => object][] = [
      ...["****", "REDACTED", "<hidden>", "operator-tok…"].map(
        (token): [number, (shown: object) => object] => [200, (shown) => ({ ...shown, token })],
      ),
      [404, () => ({ message: "user page not found" })],
      [404, () => ({ message: "organization x not found" })],
    ];
    for (const [status, body] of ANSWERS) {
      await withNode("delete-authorization", { ...CONFIRMED, notFound: "done" }, async (fixture) => {
        const { simulator, send } = fixture;
        const shown = listed(simulator, own(fixture));
        simulator.faults.push({
          ...{ method: "GET", path: new RegExp(`${own(fixture)}$`), status },
          body: JSON.stringify(body(shown)),
        });
        assert.notEqual((await send({ payload: own(fixture) })).error, undefined);
        assert.ok(simulator.world.authorizations.has(own(fixture)));
      });
    }
  });

  it("is looked for by one list a message, also where several name many at once", () =>
    withNode("delete-authorization", CONFIRMED, async ({ simulator, runtime, sent }) => {
      const ids = addTokens(simulator, 100).map(({ id }) => id);
      for (let start = 0; start < 100; start += 25) runtime.inject({ payload: ids.slice(start, start + 25) });
      await runtime.ended(4);
      assert.equal(sent().filter((each) => each === "GET /api/v2/authorizations").length, 4);
      assert.equal(sent().filter((each) => each.startsWith("DELETE")).length, 100);
    }));

  it("an ID that the connection names is refused where there is no such token", () =>
    withNode(
      "delete-authorization",
      CONFIRMED,
      async ({ simulator, send }) => {
        const { operator } = simulator.world;
        operator.permissions = operator.permissions.filter(({ action }) => action === "write");
        const { error } = await send({ payload: operator.id });
        assert.equal(error?.code, "invalid-config");
        assert.ok(simulator.world.authorizations.has(operator.id));
      },
      { connection: { ownTokenId: "00000000000000aa" } },
    ));

  it("is told apart by one list where a message names many", () =>
    withNode("delete-authorization", CONFIRMED, async (fixture) => {
      const { simulator, send, sent } = fixture;
      const payload = [...addTokens(simulator, 50).map(({ id }) => id), own(fixture)];
      const seen = await send({ payload });
      assert.deepEqual(outcomes(seen.payload), [...Array<string>(50).fill("deleted"), "failed"]);
      // One list, and one look at the one that it may be.
      assert.equal(sent().filter((each) => each.startsWith("GET")).length, 2);
    }));

  it("may be described and enabled, and asks nothing for that", () =>
    withNode(
      "update-authorization",
      { tokenStatus: "active", tokenStatusType: "str", description: "mine", descriptionType: "str" },
      async (fixture) => {
        assert.equal((await fixture.send({ payload: own(fixture) })).error, undefined);
        assert.equal(fixture.simulator.requests.length, 1);
      },
    ));

  it("may be deleted where the connection allows it", () =>
    withNode(
      "delete-authorization",
      CONFIRMED,
      async (fixture) => {
        assert.equal((await fixture.send({ payload: own(fixture) })).error, undefined);
        assert.ok(!fixture.simulator.world.authorizations.has(own(fixture)));
      },
      { connection: { allowOwnToken: true } },
    ));

  it("is spared where its permissions do not let it see itself, and so is all else until it is named", () =>
    withNode("delete-authorization", CONFIRMED, async ({ simulator, send }) => {
      const { world } = simulator;
      const { id } = addTokens(simulator, 1)[0]!;
      world.operator.permissions = world.operator.permissions.filter(({ action }) => action === "write");
      const { error } = await send({ payload: id });
      assert.equal(error?.code, "unauthorized");
      assert.match(error.message, /read:users.*"Own token ID"/);
      assert.ok(world.authorizations.has(id));
    }));

  it("a dry run tells that it would be protected", () =>
    withNode("delete-authorization", {}, async (fixture) => {
      assert.partialDeepStrictEqual((await fixture.send({ payload: own(fixture), dryRun: true })).payload, {
        outcome: "dry-run",
        would: "protected",
      });
    }));

  describe("of management", () => {
    const withRevoke = (work: (fixture: NodeFixture) => Promise<void>, connection: Properties = {}) =>
      withNode("revoke-management-token", CONFIRMED, work, { connection });
    const add = ({ clusters, cluster }: NodeFixture) =>
      clusters.addManagementToken(cluster, { description: "x" });

    it("is told by the beginning of its value", () =>
      withRevoke(async (fixture) => {
        const other = add(fixture);
        const seen = await fixture.send({ payload: [fixture.own.id, other.id] });
        assert.deepEqual(outcomes(seen.payload), ["failed", "revoked"]);
        assert.equal(records(seen.payload)[0]!.error?.code, "protected");
        assert.equal(fixture.own.revokedAt, undefined);
      }));

    const MASKS: [what: string, shown: (prefix: string) => string | undefined, touched: boolean][] = [
      ["as documented, and cut with an ellipsis", (prefix) => `${prefix}…`, true],
      ["followed by other characters", (prefix) => `${prefix}xxxx`, false],
      ["with its last characters too", (prefix) => `${prefix}...cdef`, false],
      ["in lower case", (prefix) => prefix.toLowerCase(), false],
      ["as stars", () => "**********", false],
      ["as what all have", () => "M.V1.", false],
      ["missing", () => undefined, false],
    ];
    for (const [what, shown, touched] of MASKS) {
      it(`is spared where the list shows its prefix ${what}`, async () => {
        const value = "M.V1.OwnOwnOwnOwn0123456789";
        let isRevoked = false;
        const influxctl: Influxctl = {
          run(_task, args) {
            if (args[1] === "revoke") isRevoked = true;
            const list = [
              { id: OWN_ID, token_prefix: shown(value.slice(0, 14)) },
              { id: OTHER_ID, token_prefix: "M.V1.OtherOthe" },
            ];
            return Promise.resolve(JSON.stringify(list));
          },
        };
        const own = { value: new Secret(value), findsByValue: false };
        const signs = managementTokens.ownToken({ influxctl: () => influxctl, own });
        const protection = createOwnTokenProtection({ allowed: false, named: undefined }, signs);
        const refuse = protection.begin([], new AbortController().signal);
        await assert.rejects(refuse(OWN_ID), { code: "protected" });
        // Where it is not told, nor is any other touched.
        if (touched) await refuse(OTHER_ID);
        else await assert.rejects(refuse(OTHER_ID), { code: "protected", message: /"Own token ID"/ });
        assert.ok(!isRevoked);
      });
    }

    it("may be revoked where the connection allows it", () =>
      withRevoke(
        async (fixture) => {
          await fixture.send({ payload: fixture.own.id });
          assert.notEqual(fixture.own.revokedAt, undefined);
        },
        // The list that is to prove it waits for a login then.
        { allowOwnToken: true, influxctlTimeout: "3" },
      ));
  });
});
