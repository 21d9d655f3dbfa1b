import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Simulator } from "../../simulator/server.js";
import type { TokenMode } from "../../simulator/api.js";
import { startFixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import type { Authorization } from "../../simulator/world.js";
import type { ResourceName } from "../../src/products.js";
import { markIn } from "../../src/tokens/marks.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { withNode, type NodeFixture } from "../helpers/fixture.js";
import {
  startRuntime,
  subflowOf,
  trailIn,
  type Message,
  type Properties,
  type Seen,
} from "../helpers/runtime.js";

const recordOf = ({ payload }: Message) => payload as OutcomeRecord;

interface Stage extends NodeFixture {
  old: Authorization;
  /** All authorizations of the old one's user. */
  family(): Authorization[];
  live(): Authorization[];
  /** The message that hands over, after what a flow does with it. */
  begin(msg?: Message): Promise<Message>;
}

function withRotation(
  work: (stage: Stage) => Promise<void>,
  properties: Properties = {},
  options: Parameters<typeof withNode>[3] = {},
): Promise<void> {
  return withNode(
    "rotate-token",
    properties,
    async (fixture) => {
      const { world } = fixture.simulator;
      const user = world.addUser("press");
      const old = world.addAuthorization({ user, description: "press 1", permissions: ["write:buckets"] });
      const family = () => [...world.authorizations.values()].filter(({ userID }) => userID === user.id);
      await work({
        ...fixture,
        old,
        family,
        live: () => family().filter(({ status }) => status === "active"),
        async begin(msg = {}) {
          const seen = await fixture.send({ payload: old.id, ...msg });
          assert.equal(seen.error, undefined, seen.error?.message);
          const [sent] = seen.outputs[0];
          assert.ok(sent, "nothing was handed over");
          return sent;
        },
      });
    },
    options,
  );
}

function ended(seen: Seen): OutcomeRecord {
  assert.equal(seen.error, undefined, seen.error?.message);
  const [report] = seen.outputs[1];
  assert.ok(report, "there is no report");
  return recordOf(report);
}

/** What a flow sends back when it has stored the value, and lost the payload on the way. */
const word = ({ handedOver }: Message, step: string, more: Message = {}): Message => ({
  payload: "what a store answers",
  handedOver,
  step,
  ...more,
});

describe("influxdb-rotate-token", () => {
  it("hands the successor over, and disables the old one when it is stored", async () => {
    await withRotation(async ({ old, begin, send, simulator, live, runtime }) => {
      const sent = await begin();
      assert.equal(recordOf(sent).outcome, "handed-over");
      const value = String(sent.tokenValue);
      const successor = simulator.world.byToken(value);
      assert.equal(successor?.status, "active");
      assert.deepEqual(successor.permissions, old.permissions);
      assert.deepEqual(markIn(successor.description)?.kind, "successor");
      assert.equal(live().length, 2);

      const record = ended(await send(word(sent, "stored", { tokenValue: value })));
      assert.equal(record.outcome, "replaced");
      assert.equal(record.id, old.id);
      assert.equal(record.successor?.id, successor.id);
      assert.deepEqual(live(), [successor]);
      assert.equal(successor.description, "press 1");
      assert.deepEqual(markIn(old.description), {
        kind: "replaced",
        by: successor.id,
        at: (markIn(old.description) as { at: string }).at,
      });
      assert.equal(runtime.statuses.at(-1), "green 1 replaced");
    });
  });

  it("takes step and value off what it sends on and tells of", async () => {
    await withRotation(async ({ begin, send }) => {
      const sent = await begin();
      const { outputs } = await send(word(sent, "stored", { tokenValue: sent.tokenValue }));
      const [report] = outputs[1];
      assert.ok(report);
      assert.equal("tokenValue" in report || "step" in report, false);
      const again = await send(word(sent, "not-stored", { tokenValue: sent.tokenValue }));
      assert.equal(again.error?.code, "not-waiting");
      assert.equal("tokenValue" in (again.caught ?? {}), false);
    });
  });

  it("hands the same one over again if it is asked again, also of two messages at once", async () => {
    await withRotation(async ({ old, begin, live, runtime }) => {
      const first = await begin();
      const second = await begin();
      assert.equal(second.tokenValue, first.tokenValue);
      runtime.inject({ payload: old.id });
      runtime.inject({ payload: { id: old.id.toUpperCase() } });
      await runtime.ended(3);
      assert.equal(live().length, 2);
    });
  });

  it("does nothing to a token that was replaced before", async () => {
    await withRotation(async ({ old, begin, send, live }) => {
      const sent = await begin();
      ended(await send(word(sent, "stored")));
      const [only] = live();
      const again = await send({ payload: old.id });
      assert.equal(ended(again).outcome, "replaced");
      assert.equal(again.outputs[0].length, 0);
      assert.deepEqual(live(), [only]);
      assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
    });
  });

  it("leaves the old one alone if another value comes back, or none works", async () => {
    await withRotation(async ({ begin, send, live, simulator }) => {
      const sent = await begin();
      const wrong = await send(word(sent, "stored", { tokenValue: `${String(sent.tokenValue)} ` }));
      assert.equal(wrong.error?.code, "not-verified");
      assert.equal(live().length, 2);
      const successor = simulator.world.byToken(String(sent.tokenValue));
      assert.ok(successor);
      simulator.faults.push({
        method: "GET",
        path: "/api/v2/me",
        status: 401,
        body: JSON.stringify({ code: "unauthorized", message: "unauthorized access" }),
      });
      const dead = await send(word(sent, "stored"));
      assert.equal(dead.error?.code, "not-verified", dead.error?.message);
      assert.equal(live().length, 2);
      assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
    });
  });

  it("removes the successor if it could not be stored", async () => {
    await withRotation(async ({ old, begin, send, family }) => {
      const sent = await begin();
      assert.equal(ended(await send(word(sent, "not-stored"))).outcome, "withdrawn");
      assert.deepEqual(family(), [old]);
      assert.equal(old.status, "active");
      assert.equal(old.description, "press 1");
    });
  });

  it("makes the old one work again", async () => {
    await withRotation(async ({ old, begin, send, live }) => {
      const sent = await begin();
      ended(await send(word(sent, "stored")));
      assert.equal(ended(await send({ payload: old.id, step: "back" })).outcome, "restored");
      assert.equal(old.status, "active");
      assert.equal(old.description, "press 1");
      assert.equal(live().length, 2);
      const never = await send({ payload: old.id, step: "back" });
      assert.equal(never.error?.code, "not-waiting");
    });
  });

  it("takes the successor back when the word does not come in time, and takes a late word", async () => {
    await withRotation(
      async ({ old, begin, send, live, runtime }) => {
        const sent = await begin();
        const seen = await runtime.ended(2);
        assert.equal(seen.error?.code, "timeout", seen.error?.message);
        assert.equal(recordOf(seen.caught ?? {}).outcome, "withdrawn");
        assert.deepEqual(live(), [old]);
        assert.equal(runtime.statuses.at(-1), "red not stored in time");
        const late = await send(word(sent, "stored", { tokenValue: sent.tokenValue }));
        assert.equal(ended(late).outcome, "replaced");
        assert.equal(live().length, 1);
        assert.equal(live()[0]?.token, sent.tokenValue);
      },
      { timeLimit: "1" },
    );
  }).timeout(10_000);

  it("goes on after a deploy", async () => {
    await withRotation(async ({ begin, send, live, runtime }) => {
      const sent = await begin();
      await runtime.deploy(
        (nodes) => nodes.map((each) => (each.id === "node" ? { ...each, name: "other" } : each)),
        "nodes",
      );
      const again = await begin();
      assert.equal(again.tokenValue, sent.tokenValue);
      assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
      assert.equal(live().length, 1);
    });
  });

  it("waits in each instance of a subflow for its own words, over a deploy of all", async () => {
    const fixture = await startFixture();
    const { world } = fixture.simulator;
    const user = world.addUser("press");
    const [old, other] = [1, 2].map((number) =>
      world.addAuthorization({ user, description: `press ${number}` }),
    );
    assert.ok(old && other);
    const place = { place: "value", placeType: "flow", timeLimit: "${LIMIT}" };
    const rotate = { id: "rotate", type: "influxdb-rotate-token", connection: "connection", ...place };
    const limit = (value: string) => ({ env: [{ name: "LIMIT", type: "str", value }] });
    const runtime = await startRuntime("subflow:sf", limit("3"), fixture.connectionTo("oss"), {
      nodes: [
        ...subflowOf(rotate, 2),
        onTab({ id: "second", type: "subflow:sf", ...limit("300"), wires: [["out0"], ["out1"]] }),
      ],
    });
    const told = (instance: string, msg: Message, output: "out0" | "out1") => {
      const sent = runtime.next(output);
      runtime.inject(msg, instance);
      return sent;
    };
    try {
      const first = await told("node", { payload: old.id }, "out0");
      const second = await told("second", { payload: other.id }, "out0");
      await runtime.deploy((nodes) => nodes, "full");
      const { error, payload } = await runtime.next("caught");
      assert.equal((error as Seen["error"])?.code, "timeout");
      assert.equal((payload as OutcomeRecord).id, old.id);
      assert.equal(recordOf(await told("second", word(second, "stored"), "out1")).outcome, "replaced");
      const works = (id: string) => world.authorizations.get(id)?.status === "active";
      const successorOf = ({ handedOver }: Message) => (handedOver as { successor: string }).successor;
      assert.deepEqual([old.id, successorOf(first), other.id, successorOf(second)].map(works), [
        true,
        false,
        false,
        true,
      ]);
    } finally {
      await runtime.close();
      await fixture.close();
    }
  }).timeout(20_000);

  it("changes nothing in a dry run", async () => {
    await withRotation(async ({ old, send, family }) => {
      const record = ended(await send({ payload: old.id, dryRun: true }));
      assert.equal(record.outcome, "dry-run");
      assert.equal(record.would, "replaced");
      assert.deepEqual(family(), [old]);
    });
  });

  it("does not begin with what is protected, or is the connection's own", async () => {
    await withRotation(async ({ send, simulator, family }) => {
      const seen = await send({ payload: simulator.world.operator.id });
      assert.equal(seen.error?.code, "protected");
      assert.equal(family().length, 1);
    });
  });

  it("rotates many, each with a message of its own", async () => {
    await withRotation(async ({ old, send, simulator, live }) => {
      const user = simulator.world.users.get(old.userID);
      assert.ok(user);
      const other = simulator.world.addAuthorization({
        user,
        description: "press 2",
        permissions: ["write:buckets"],
      });
      const seen = await send({ payload: [old.id, { id: other.id }] });
      assert.equal(seen.error, undefined);
      assert.equal(seen.outputs[0].length, 2);
      assert.notEqual(seen.outputs[0][0]?.tokenValue, seen.outputs[0][1]?.tokenValue);
      for (const sent of seen.outputs[0]) ended(await send(word(sent, "stored")));
      assert.equal(live().length, 2);
      assert.deepEqual(
        live()
          .map(({ description }) => description)
          .sort(),
        ["press 1", "press 2"],
      );
    });
  });

  it("keeps to its limit, which the words do not use up", async () => {
    await withRotation(
      async ({ old, begin, send, simulator }) => {
        const sent = await begin();
        ended(await send(word(sent, "stored")));
        const user = simulator.world.users.get(old.userID);
        assert.ok(user);
        const other = simulator.world.addAuthorization({
          user,
          description: "press 2",
          permissions: ["write:buckets"],
        });
        assert.equal((await send({ payload: other.id })).error?.code, "limit-exceeded");
      },
      { limit: 1, limitPer: "day" },
    );
  });

  it("puts the value into a context, from where it is compared", async () => {
    await withRotation(
      async ({ old, send, runtime, live }) => {
        const seen = await send({ payload: old.id });
        assert.equal(seen.error, undefined, seen.error?.message);
        const [sent] = seen.outputs[0];
        assert.ok(sent);
        assert.equal("tokenValue" in sent, false);
        const flow = (
          runtime.node("node") as unknown as { context(): { flow: { get(key: string): unknown } } }
        ).context().flow;
        assert.equal(typeof flow.get("secret.next"), "string");
        assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
        assert.equal(live().length, 1);
      },
      { place: "secret.next", placeType: "flow" },
    );
  });

  /** Nothing can be put into a property of a text. */
  function leaveNoPlace({ runtime }: Stage): void {
    type Flow = { context(): { flow: { set(key: string, value: unknown): void } } };
    (runtime.node("node") as unknown as Flow).context().flow.set("text", "no place");
  }

  it("promises nothing of a successor that it could not remove again, where the old one is gone", async () => {
    await withRotation(
      async (stage) => {
        const { old, send, live, simulator } = stage;
        leaveNoPlace(stage);
        const deleteOld = () => {
          simulator.world.authorizations.delete(old.id);
          return false;
        };
        simulator.faults.push({ method: "PATCH", when: deleteOld });
        const { error } = await send({ payload: old.id });
        const [successor, ...others] = live();
        assert.ok(successor && others.length === 0);
        const told = `The successor ${successor.id} works, and could not be removed again: .* Delete it now\\.$`;
        assert.match(error?.message ?? "", new RegExp(told));
      },
      { place: "text.value", placeType: "flow" },
    );
  });

  it("tells of a successor that it could not remove again, and takes it back later", async () => {
    await withRotation(
      async (stage) => {
        const { old, send, runtime, live, family, simulator } = stage;
        leaveNoPlace(stage);
        simulator.faults.push({ method: "DELETE", status: 500 });
        const { error } = await send({ payload: old.id });
        const successor = family().find((each) => each !== old)!;
        assert.equal(error?.code, "invalid-config");
        const told = `could not be put into flow.text.value. .* The successor ${successor.id} works, and could not be removed again: `;
        assert.match(error.message, new RegExp(told));
        assert.deepEqual(live(), [old, successor]);
        await runtime.ended(2);
        assert.equal(runtime.statuses.at(-1), "red not stored in time");
        assert.deepEqual([live(), successor.status], [[old], "inactive"]);
      },
      { place: "text.value", placeType: "flow", timeLimit: "3" },
      { connection: { retries: "0" } },
    );
  }).timeout(10_000);

  it("refuses a step that it does not know, and a word without a token", async () => {
    await withRotation(async ({ begin, send }) => {
      const sent = await begin();
      assert.equal((await send(word(sent, "done"))).error?.code, "invalid-config");
      assert.equal((await send({ payload: "x", step: "stored" })).error?.code, "missing-id");
    });
  });

  it("does not go on with a token that a word names in the place of the one whose value it knows", async () => {
    await withRotation(async ({ old, begin, send, live, simulator }) => {
      const sent = await begin();
      const user = simulator.world.users.get(old.userID);
      assert.ok(user);
      // As a run that was ended has left it.
      const mark = `[successor of ${old.id} since 2999-01-01T00:00:00Z 0123abcd]`;
      const other = simulator.world.addAuthorization({ user, description: `press 1 ${mark}` });
      const seen = await send({ handedOver: { id: old.id, successor: other.id }, step: "stored" });
      assert.equal(seen.error?.code, "not-verified");
      assert.equal(live().length, 3);
      const back = await send({ handedOver: { id: old.id, successor: other.id }, step: "not-stored" });
      assert.equal(ended(back).successor?.id, other.id);
      assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
    });
  });

  it("hands over for its full time again, also what another node has begun", async () => {
    await withRotation(
      async ({ begin, runtime, live }) => {
        await begin();
        await runtime.deploy(
          (nodes) => nodes.map((each) => (each.id === "node" ? { ...each, timeLimit: "1" } : each)),
          "nodes",
        );
        await begin();
        const seen = await runtime.ended(2);
        assert.equal(seen.error?.code, "timeout", seen.error?.message);
        assert.equal(live().length, 1);
      },
      { timeLimit: "300" },
    );
  }).timeout(10_000);

  it("stops waiting if somebody has deleted the old token", async () => {
    await withRotation(
      async ({ old, begin, runtime, live, simulator }) => {
        await begin();
        simulator.world.authorizations.delete(old.id);
        const seen = await runtime.ended(2);
        assert.equal(seen.error?.code, "not-found", seen.error?.message);
        assert.equal(live().length, 1);
        const { flow } = (
          runtime.node("node") as unknown as { context(): { flow: { get(key: string): unknown } } }
        ).context();
        assert.deepEqual(flow.get("influxdb_rotations_node"), {});
        const trail = trailIn(runtime.log()).map(({ type, outcome, error }) => [type, outcome, error]);
        assert.deepEqual(trail.slice(-2), [
          ["request", undefined, undefined],
          ["response", "failed", "not-found"],
        ]);
      },
      { timeLimit: "1" },
    );
  }).timeout(10_000);

  /** With a connection that takes its token from a file. */
  async function withFile(
    work: (stage: Stage & { store(value: unknown): void }) => Promise<void>,
    properties: Properties,
    { tokens = "clear", isNamed = false }: { tokens?: TokenMode; isNamed?: boolean } = {},
  ): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "rotate-"));
    const tokenFile = join(folder, "token");
    const store = (value: unknown) => {
      writeFileSync(tokenFile, String(value));
    };
    let ownTokenId = "";
    const prepare = ({ world: { operator } }: Simulator) => {
      store(operator.token);
      if (isNamed) ownTokenId = operator.id;
      return undefined;
    };
    const connection = {
      ...{ tokenFile, credentials: {}, retries: "0" },
      get ownTokenId() {
        return ownTokenId;
      },
    };
    try {
      await withRotation((stage) => work({ ...stage, store }), properties, {
        ...{ connection, prepare },
        simulator: { tokens },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  for (const [how, timeLimit] of [
    ["the time is over", "1"],
    ["it was not stored", "300"],
  ] as const) {
    it(`does not take the token back on which the connection lives by now when ${how}`, () =>
      withFile(
        async ({ simulator, send, runtime, store }) => {
          const { operator } = simulator.world;
          const sent = (await send({ payload: operator.id })).outputs[0][0];
          assert.ok(sent);
          store(sent.tokenValue);
          const seen = await (timeLimit === "1" ? runtime.ended(2) : send(word(sent, "not-stored")));
          assert.equal(seen.error?.code, "protected", seen.error?.message);
          assert.equal(simulator.world.byToken(String(sent.tokenValue))?.status, "active");
          assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
          assert.equal(operator.status, "inactive");
        },
        { timeLimit },
      )).timeout(10_000);
  }

  it("does not begin with what may be the connection's own, for it could not end it", () =>
    withFile(
      async ({ simulator, send }) => {
        const other = simulator.world.addAuthorization({ user: "admin", permissions: ["write:buckets"] });
        const before = simulator.world.authorizations.size;
        for (const { id } of [other, simulator.world.operator]) {
          const { error } = await send({ payload: id });
          assert.equal(error?.code, "protected");
          assert.match(error.message, /^May be own token/);
        }
        assert.equal(simulator.world.authorizations.size, before);
      },
      {},
      { tokens: "hashed" },
    ));

  it("replaces the connection's own token again and again, also where the server hides values", () =>
    withFile(
      async ({ simulator, send, store }) => {
        const { world } = simulator;
        let own = world.operator;
        for (let count = 0; count < 3; count++) {
          const [sent] = (await send({ payload: own.id })).outputs[0];
          assert.ok(sent);
          const tooEarly = await send(word(sent, "stored"));
          assert.equal(tooEarly.error?.code, "protected", tooEarly.error?.message);
          assert.equal(own.status, "active");
          store(sent.tokenValue);
          assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
          assert.equal(own.status, "inactive");
          own = world.byToken(String(sent.tokenValue)) ?? own;
          assert.equal(own.status, "active");
        }
        // What is not its own any more is protected no longer, and the own one is.
        const back = await send({ payload: world.operator.id, step: "back" });
        assert.equal(ended(back).outcome, "restored");
      },
      {},
      { tokens: "hashed", isNamed: true },
    ));

  it("takes another token of the connection's user back, whose value it knows", () =>
    withFile(async ({ simulator, send }) => {
      const other = simulator.world.addAuthorization({ user: "admin", permissions: ["write:buckets"] });
      const sent = (await send({ payload: other.id })).outputs[0][0];
      assert.ok(sent);
      const record = ended(await send(word(sent, "not-stored")));
      assert.equal(record.outcome, "withdrawn");
      assert.equal(simulator.world.byToken(String(sent.tokenValue)), undefined);
      assert.equal(other.status, "active");
    }, {}));

  describe("of a cluster", () => {
    function withCluster(
      kind: ResourceName,
      work: (fixture: NodeFixture) => Promise<void>,
      properties: Properties = {},
    ): Promise<void> {
      let clusterUrl = "";
      const prepare = ({ url }: Simulator) => {
        clusterUrl = url;
        return undefined;
      };
      const connection = {
        retries: "0",
        get clusterUrl() {
          return clusterUrl;
        },
      };
      const options = { product: "cloud-dedicated" as const, prepare, connection };
      return withNode("rotate-token", { kind, ...properties }, work, options);
    }
    const begin = async ({ send }: NodeFixture, payload: string) => {
      const seen = await send({ payload });
      assert.equal(seen.error, undefined, seen.error?.message);
      const [sent] = seen.outputs[0];
      assert.ok(sent);
      return sent;
    };

    it("replaces a database token: its permissions go, and come back", () =>
      withCluster("database-tokens", async (fixture) => {
        const { clusters, cluster, send } = fixture;
        const permissions = [{ action: "read", resource: "sensors" }];
        const [createdAt, expiresAt] = [new Date(Date.now() - 1000), new Date(Date.now() + 86_399_000)];
        const old = clusters.addDatabaseToken(cluster, {
          description: "press 1",
          permissions,
          createdAt,
          expiresAt,
        });
        const sent = await begin(fixture, old.id);
        const all = () =>
          [...clusters.databaseTokens.values()].filter(({ description }) =>
            description.startsWith("press 1"),
          );
        const successor = all().find(({ accessToken }) => accessToken === sent.tokenValue);
        assert.ok(successor);
        assert.deepEqual([successor.permissions, old.permissions], [permissions, permissions]);
        const lifetime = (successor.expiresAt?.getTime() ?? NaN) - Date.now();
        assert.ok(lifetime > 86_000_000 && lifetime <= 86_400_000, String(lifetime));

        assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
        assert.deepEqual(old.permissions, []);
        assert.equal(markIn(old.description)?.kind, "replaced");
        assert.deepEqual([successor.permissions, successor.description], [permissions, "press 1"]);

        assert.equal(ended(await send({ payload: old.id, step: "back" })).outcome, "restored");
        assert.deepEqual([old.permissions, old.description], [permissions, "press 1"]);
        assert.equal(all().length, 2);
      })).timeout(20_000);

    it("does not begin with a database token whose successor could not be seen to work", () =>
      withNode(
        "rotate-token",
        { kind: "database-tokens" },
        async ({ clusters, cluster, send }) => {
          const old = clusters.addDatabaseToken(cluster, {
            description: "press 1",
            permissions: [{ action: "read", resource: "sensors" }],
          });
          const { error } = await send({ payload: old.id });
          assert.equal(error?.code, "invalid-config");
          assert.match(error.message, /"clusterUrl"/);
          assert.equal(clusters.databaseTokens.size, 1);
        },
        { product: "cloud-dedicated" },
      ));

    for (const [how, properties, code, message] of [
      ["saved without its kind is of authorizations", {}, "unsupported-product", /Cloud Dedicated cannot do/],
      ["of a kind that is none", { kind: "authorization" }, "invalid-config", /"kind"/],
    ] as const) {
      it(`sends nothing for a node ${how}`, () =>
        withNode(
          "rotate-token",
          properties,
          async ({ send, sent }) => {
            const { error } = await send({ payload: "0e5cd9ad1b301000" });
            assert.equal(error?.code, code);
            assert.match(error.message, message);
            assert.deepEqual(sent(), []);
          },
          { product: "cloud-dedicated" },
        ));
    }

    for (const revokeOld of [false, true]) {
      it(`replaces a management token, and ${revokeOld ? "revokes" : "leaves"} the old one`, () =>
        withCluster(
          "management-tokens",
          async (fixture) => {
            const { clusters, cluster, send } = fixture;
            const old = clusters.addManagementToken(cluster, { description: "terraform" });
            const sent = await begin(fixture, old.id);
            const successor = [...clusters.managementTokens.values()].find(
              ({ token }) => token === sent.tokenValue,
            );
            assert.ok(successor);
            assert.match(successor.description, /^terraform \[successor of /);
            assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
            assert.equal(successor.revokedAt, undefined);
            assert.equal(old.revokedAt !== undefined, revokeOld);
          },
          { revokeOld },
        )).timeout(20_000);
    }
  });
});
