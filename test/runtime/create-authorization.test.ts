import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { markIn } from "../../src/tokens/marks.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import type { Authorization } from "../../simulator/world.js";
import { withNode, type MoreNodes, type NodeFixture } from "../helpers/fixture.js";
import { trailIn, type Message, type Properties, type Seen } from "../helpers/runtime.js";
import { textOf } from "../helpers/secrets.js";

const DESCRIPTION = { description: "press 1", descriptionType: "str" };
const TABLE = { permissionsFrom: "table", table: [{ resource: "*", read: true, write: false }] };
const PLAIN = { ...DESCRIPTION, ...TABLE };

const withCreate = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: { connection?: Properties } & MoreNodes = {},
) =>
  withNode("create-authorization", properties, work, { connection: { retries: "0", ...options.connection } });

/** All that the server has but its operator's. */
function there({ simulator: { world } }: Pick<NodeFixture, "simulator">): Authorization[] {
  return [...world.authorizations.values()].filter((each) => each !== world.operator);
}
const record = ({ outputs: [[first]] }: Seen) => first?.payload as OutcomeRecord;
const report = ({ outputs: [, [first]] }: Seen) => first?.payload as OutcomeRecord;

/** What a flow sends back after it was handed a value. */
function word(seen: Seen, step: string): Message {
  const { handedOver } = seen.outputs[0][0]!;
  return { payload: "the answer of a secret store", handedOver, step, topic: "kept" };
}

/** As the deploy of the node under another name. */
const rename = (nodes: Properties[]) =>
  nodes.map((node) => (node.id === "node" ? { ...node, name: "another" } : node));

describe("create-authorization", () => {
  it("makes a token that is inactive until the flow says that it is stored", () =>
    withCreate(PLAIN, async (fixture) => {
      const { send, sent, simulator, runtime } = fixture;
      const seen = await send({ topic: "kept" });
      assert.equal(seen.error, undefined, seen.error?.message);
      const [made, ...others] = there(fixture);
      assert.ok(made);
      assert.deepEqual(others, []);
      assert.equal(made.status, "inactive");
      assert.equal(markIn(made.description)?.kind, "creating");
      const [message] = seen.outputs[0];
      assert.equal(message!.tokenValue, made.token);
      assert.equal(message!.topic, "kept");
      assert.deepEqual(message!.handedOver, { id: made.id, successor: undefined });
      assert.deepEqual(message!.summary, {
        text: "1 authorization created.",
        total: 1,
        counts: { created: 1 },
      });
      assert.partialDeepStrictEqual(record(seen), {
        id: made.id,
        outcome: "created",
        token: { description: made.description, status: "inactive", user: "admin", org: "home" },
      });
      assert.deepEqual(made.permissions, [
        { action: "read", resource: { type: "buckets", orgID: made.orgID } },
      ]);
      assert.equal(runtime.statuses.at(-1), "green 1 created");

      const after = await send(word(seen, "stored"));
      assert.equal(after.error, undefined, after.error?.message);
      assert.deepEqual([made.status, made.description], ["active", "press 1"]);
      assert.deepEqual(after.outputs[0], []);
      assert.partialDeepStrictEqual(report(after), { id: made.id, outcome: "activated" });
      const [told] = after.outputs[1];
      assert.ok(!("step" in told!));
      assert.equal(told!.topic, "kept");
      assert.equal(runtime.statuses.at(-1), "green 1 activated");
      assert.deepEqual(
        sent().filter((each) => !each.startsWith("GET")),
        ["POST /api/v2/authorizations", `PATCH /api/v2/authorizations/${made.id}`],
      );
      assert.equal(simulator.world.byToken(made.token), made);
    }));

  it("takes back what was not stored", () =>
    withCreate(PLAIN, async (fixture) => {
      const seen = await fixture.send({});
      const after = await fixture.send(word(seen, "not-stored"));
      assert.equal(report(after).outcome, "withdrawn");
      assert.deepEqual(there(fixture), []);
      // The same word once more has nothing to be about.
      assert.equal((await fixture.send(word(seen, "not-stored"))).error?.code, "not-found");
    }));

  it("makes one that works at once, or that stays inactive, where the dialog says so", async () => {
    for (const tokenStatus of ["active", "inactive"]) {
      await withCreate({ ...PLAIN, tokenStatus }, async (fixture) => {
        const seen = await fixture.send({});
        assert.equal(record(seen).token.status, tokenStatus);
        const [made] = there(fixture);
        assert.deepEqual([made!.status, made!.description], [tokenStatus, "press 1"]);
        // Neither waits for a word.
        for (const step of ["stored", "not-stored"])
          assert.equal((await fixture.send(word(seen, step))).error?.code, "not-waiting");
        assert.equal(there(fixture).length, 1);
      });
    }
  });

  it("switches on and removes nothing but what waits", () =>
    withCreate(PLAIN, async (fixture) => {
      const { world } = fixture.simulator;
      const inactive = world.addAuthorization({ status: "inactive", description: "off" });
      const marked = world.addAuthorization({ description: "on [creating 0123abcd]" });
      const guarded = world.addAuthorization({ status: "inactive", description: "x [creating 0123abcd]" });
      for (const step of ["stored", "not-stored"]) {
        for (const { id } of [inactive, marked, world.operator]) {
          const { error } = await fixture.send({ step, handedOver: { id } });
          assert.match(error?.code ?? "", /^(not-waiting|protected)$/);
        }
        assert.equal((await fixture.send({ step })).error?.code, "missing-id");
        assert.equal((await fixture.send({ step, handedOver: "x" })).error?.code, "invalid-id");
      }
      assert.equal(inactive.status, "inactive");
      assert.equal(there(fixture).length, 3);
      assert.ok(guarded);
    }));

  it("takes no description that looks like a mark of its own", async () => {
    for (const mark of [
      "[creating 0123abcd]",
      "[replaced by 0123456789abcdef at 2026-01-01T00:00:00Z]",
      "[successor of 0123456789abcdef since 2026-01-01T00:00:00Z 0123abcd]",
    ]) {
      await withCreate({ ...PLAIN, description: "note", descriptionType: "msg" }, async (fixture) => {
        const seen = await fixture.send({ note: `press 1 ${mark} ` });
        assert.equal(seen.error?.code, "invalid-config");
        assert.deepEqual(fixture.sent(), []);
      });
    }
  });

  it("never touches a protected one", () =>
    withCreate(
      PLAIN,
      async (fixture) => {
        const id = "0aaaaaaaaaaaaaaa";
        for (const step of ["stored", "not-stored"])
          assert.equal((await fixture.send({ step, handedOver: { id } })).error?.code, "protected");
        assert.deepEqual(fixture.sent(), []);
      },
      { connection: { protectedIds: "0aaaaaaaaaaaaaaa" } },
    ));

  it("refuses another word, and keeps the word on the message of an error", () =>
    withCreate(PLAIN, async (fixture) => {
      const { error } = await fixture.send({ step: "Stored" });
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, /"step".*"begin" or "stored" or "not-stored"/);
      const seen = await fixture.send({ step: "stored", handedOver: "0bbbbbbbbbbbbbbb" });
      assert.equal(seen.error?.code, "not-found");
      // Sent once more by a Catch node it must not make another.
      assert.equal(seen.caught?.step, "stored");
      assert.deepEqual(there(fixture), []);
    }));

  it("copies another token exactly, for another user and organization by name or ID", async () => {
    for (const by of ["name", "id"] as const) {
      let like = "";
      const msg: Message = {};
      await withNode(
        "create-authorization",
        {
          ...DESCRIPTION,
          owner: "owner",
          ownerType: "msg",
          org: "org",
          orgType: "msg",
          like: "payload",
          likeType: "msg",
        },
        async (fixture) => {
          const seen = await fixture.send({ ...msg, payload: { id: like, permissions: [] } });
          assert.equal(seen.error, undefined, seen.error?.message);
          const made = there(fixture).find(({ id }) => id === record(seen).id)!;
          const old = fixture.simulator.world.authorizations.get(like)!;
          assert.deepEqual(made.permissions, old.permissions);
          assert.partialDeepStrictEqual(record(seen).token, { user: "ann", org: "works" });
        },
        {
          prepare({ world }) {
            const ann = world.addUser("ann");
            const works = world.addOrg("works");
            like = world.addAuthorization({
              permissions: [
                { action: "read", resource: { type: "buckets", id: "0cccccccccccccc0", orgID: works.id } },
                { action: "write", resource: { type: "tasks", orgID: works.id } },
              ],
            }).id;
            Object.assign(msg, { owner: ann[by], org: works[by] });
            return {};
          },
        },
      );
    }
  });

  it("says which name is unknown, and which organization must be named", () =>
    withCreate(
      { ...PLAIN, owner: "owner", ownerType: "msg", org: "org", orgType: "msg" },
      async (fixture) => {
        for (const [msg, words] of [
          [{ owner: "nobody", org: "home" }, /^No such user/],
          [{ owner: "admin", org: "nowhere" }, /^No such org/],
        ] as const) {
          const { error } = await fixture.send(msg);
          assert.equal(error?.code, "not-found");
          assert.match(error.message, words);
        }
        for (const msg of [{ owner: "", org: "home" }, { owner: "admin" }, { owner: 7, org: "home" }])
          assert.equal((await fixture.send(msg)).error?.code, "invalid-config");
        assert.deepEqual(there(fixture), []);
      },
    ));

  it("takes permissions as JSON of the dialog or of the message, and says which is wrong", async () => {
    const all = [{ action: "write", resource: { type: "buckets" } }];
    await withCreate(
      { ...DESCRIPTION, permissionsFrom: "json", permissions: JSON.stringify(all), permissionsType: "json" },
      async (fixture) => {
        const seen = await fixture.send({});
        assert.equal(seen.error, undefined, seen.error?.message);
        assert.deepEqual(there(fixture)[0]!.permissions, all);
      },
    );
    await withCreate(
      { ...DESCRIPTION, permissionsFrom: "json", permissions: "payload", permissionsType: "msg" },
      async (fixture) => {
        for (const payload of [
          undefined,
          [],
          "[",
          [{ action: "delete", resource: { type: "buckets" } }],
          [7],
        ]) {
          const { error } = await fixture.send({ payload });
          assert.equal(error?.code, "invalid-config", JSON.stringify(payload));
        }
        assert.deepEqual(
          fixture.sent().filter((each) => !each.startsWith("GET")),
          [],
        );
        assert.equal((await fixture.send({ payload: all })).error, undefined);
      },
    );
  });

  it("makes an all-access and an operator token only where the box says so", async () => {
    for (const permissionsFrom of ["allAccess", "operator"]) {
      const properties = { ...DESCRIPTION, permissionsFrom };
      await withCreate(properties, async (fixture) => {
        assert.equal((await fixture.send({})).error?.code, "not-confirmed");
        assert.deepEqual(there(fixture), []);
        assert.equal(report(await fixture.send({ dryRun: true })).would, "created");
      });
      await withCreate({ ...properties, understood: true }, async (fixture) => {
        const seen = await fixture.send({});
        assert.equal(seen.error, undefined, seen.error?.message);
        const [made] = there(fixture);
        const isScoped = made!.permissions.every(({ resource: { orgID, id } }) => orgID ?? id);
        assert.equal(isScoped, permissionsFrom === "allAccess");
      });
    }
  });

  it("does not copy an all-access token, or take it as JSON, without the box", () =>
    withCreate({ ...DESCRIPTION, like: "payload", likeType: "msg" }, async (fixture) => {
      const { error } = await fixture.send({ payload: fixture.simulator.world.operator.id });
      assert.equal(error?.code, "not-confirmed");
      assert.deepEqual(there(fixture), []);
    }));

  it("says which permission the connection cannot grant, and leaves nothing", () =>
    withNode(
      "create-authorization",
      { ...PLAIN, permissionsFrom: "json", permissions: "payload", permissionsType: "msg" },
      async (fixture) => {
        const { error } = await fixture.send({
          payload: [{ action: "write", resource: { type: "tasks", id: "0123456789abcdef" } }],
        });
        assert.equal(error?.code, "forbidden");
        assert.match(error.message, /^Cannot grant/);
        assert.equal(there(fixture).filter(({ description }) => description.startsWith("press")).length, 0);
      },
      {
        token: "limited-token-0123456789",
        prepare({ world }) {
          world.addAuthorization({
            token: "limited-token-0123456789",
            permissions: [
              "read:orgs",
              "read:users",
              "write:users",
              "read:authorizations",
              "write:authorizations",
            ],
          });
          return {};
        },
      },
    ));

  it("changes nothing in a dry run, and tells what would be sent", async () => {
    for (const [properties, msg] of [
      [{ dryRun: true }, {}],
      [{}, { dryRun: true }],
      [{}, { payload: { dryRun: true } }],
    ]) {
      await withCreate({ ...PLAIN, ...properties }, async (fixture) => {
        const { runtime } = fixture;
        const seen = await fixture.send(msg!);
        assert.deepEqual(seen.outputs[0], []);
        assert.partialDeepStrictEqual(report(seen), {
          outcome: "dry-run",
          would: "created",
          token: { description: "press 1", permissions: [{ action: "read" }] },
        });
        assert.equal(
          (seen.outputs[1][0]!.summary as { text: string }).text,
          "Dry run: 1 authorization would be created.",
        );
        assert.equal(runtime.statuses.at(-1), "yellow 1 in dry run");
        assert.deepEqual(there(fixture), []);
        assert.deepEqual(trailIn(runtime.log()), []);
      });
    }
  });

  it("rehearses the steps, too", () =>
    withCreate(PLAIN, async (fixture) => {
      const seen = await fixture.send({});
      for (const [step, would] of [
        ["stored", "activated"],
        ["not-stored", "withdrawn"],
      ] as const)
        assert.equal(report(await fixture.send({ ...word(seen, step), dryRun: true })).would, would);
      assert.equal(there(fixture)[0]!.status, "inactive");
    }));

  it("keeps to its limit, by the hour, and counts no failure of the message itself", () =>
    withCreate({ ...PLAIN, limit: 2 }, async (fixture) => {
      for (const expected of [1, 2]) {
        assert.equal((await fixture.send({})).error, undefined);
        assert.equal(there(fixture).length, expected);
      }
      assert.equal((await fixture.send({})).error?.code, "limit-exceeded");
      assert.equal(there(fixture).length, 2);
    }));

  it("counts nothing that a deploy stopped before it was begun", () =>
    withCreate(
      { ...PLAIN, limit: 2 },
      async (fixture) => {
        const { faults, requests } = fixture.simulator;
        const posts = () => requests.filter(({ method }) => method === "POST").length;
        faults.push({ method: "POST", delay: 60_000 });
        // Both look up what they need before the first of them is made.
        for (let time = 0; time < 2; time++) fixture.runtime.inject({});
        while (posts() === 0) await new Promise(setImmediate);
        await wait(100);
        await fixture.runtime.deploy(rename, "nodes");
        assert.equal(posts(), 1);
        // The first one counts, for it may have been made.
        assert.equal((await fixture.send({})).error, undefined);
        assert.equal((await fixture.send({})).error?.code, "limit-exceeded");
      },
      { connection: { parallel: "1" } },
    ));

  it("puts the value into the flow or global context where the dialog says so, and nowhere else", async () => {
    for (const placeType of ["flow", "global"]) {
      await withCreate({ ...PLAIN, place: "secrets.influx", placeType }, async (fixture) => {
        const seen = await fixture.send({});
        const [made] = there(fixture);
        const node = fixture.runtime.node("node") as unknown as {
          context(): Record<string, { get(key: string): unknown }>;
        };
        assert.equal(node.context()[placeType]!.get("secrets.influx"), made!.token);
        assert.ok(!textOf(seen).includes(made!.token));
      });
    }
  });

  it("shows the value to nobody but the one message", () =>
    withCreate(PLAIN, async (fixture) => {
      const { runtime, send } = fixture;
      const seen = await send({});
      const [made] = there(fixture);
      const [{ tokenValue, ...rest }] = seen.outputs[0] as [Message];
      assert.equal(tokenValue, made!.token);
      assert.ok(!textOf([rest, runtime.statuses, runtime.log(), seen.caught]).includes(made!.token));
      assert.deepEqual(
        trailIn(runtime.log()).map(({ type, id, outcome, description, operation }) => ({
          ...{ type, id, outcome, description, operation },
        })),
        [
          {
            type: "request",
            id: "",
            outcome: undefined,
            description: made!.description,
            operation: "create authorization",
          },
          {
            type: "response",
            id: made!.id,
            outcome: "created",
            description: made!.description,
            operation: "create authorization",
          },
        ],
      );
    }));

  describe("where something fails on the way", () => {
    for (const drop of ["before", "after"] as const) {
      it(`finds what a lost answer has left (${drop})`, () =>
        withCreate(PLAIN, async (fixture) => {
          const { faults } = fixture.simulator;
          faults.push({ method: "POST", path: "/api/v2/authorizations", drop });
          const seen = await fixture.send({});
          assert.equal(seen.error, undefined, seen.error?.message);
          assert.deepEqual(
            there(fixture).map(({ token }) => token),
            [seen.outputs[0][0]!.tokenValue],
          );
        }));
    }

    it("removes it again if it cannot be switched on, and says so", () =>
      withCreate({ ...PLAIN, tokenStatus: "active" }, async (fixture) => {
        fixture.simulator.faults.push({ method: "PATCH", status: 500, body: "{}" });
        const { error, outputs } = await fixture.send({});
        assert.equal(error?.code, "unavailable");
        assert.match(error.message, /was removed again/);
        assert.deepEqual(outputs, [[], []]);
        assert.deepEqual(there(fixture), []);
        assert.deepEqual(
          trailIn(fixture.runtime.log()).map(({ outcome, error: code }) => [outcome, code]),
          [
            [undefined, undefined],
            ["failed", "unavailable"],
          ],
        );
      }));

    it("names it if it cannot be removed, either", () =>
      withCreate({ ...PLAIN, tokenStatus: "active" }, async (fixture) => {
        const { faults } = fixture.simulator;
        faults.push({ method: "PATCH", status: 500, body: "{}" });
        faults.push({ method: "DELETE", status: 500, body: "{}" });
        const { error } = await fixture.send({});
        const [left] = there(fixture);
        assert.ok(
          error?.message.includes(`${left!.id} could not be removed again, so delete it`),
          error?.message,
        );
        assert.equal(left!.status, "inactive");
      }));

    it("removes it again if the context says nothing, and does not hold it", () =>
      withCreate({ ...PLAIN, place: "text.value", placeType: "flow" }, async (fixture) => {
        const node = fixture.runtime.node("node") as unknown as {
          context(): { flow: { set(key: string, value: unknown): void } };
        };
        node.context().flow.set("text", "not an object");
        const { error, outputs } = await fixture.send({});
        assert.equal(error?.code, "invalid-config", error?.message);
        assert.deepEqual(outputs, [[], []]);
        assert.deepEqual(there(fixture), []);
      }));

    it("removes it again if the place cannot be written", () =>
      withCreate({ ...PLAIN, place: "text.value", placeType: "msg" }, async (fixture) => {
        const { error, caught } = await fixture.send({ text: "a text" });
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, /No place for value.*was removed again/);
        assert.deepEqual(there(fixture), []);
        assert.equal(caught?.text, "a text");
      }));

    it("removes it again if the node is deployed anew before the value is handed over", () =>
      withCreate({ ...PLAIN, tokenStatus: "active" }, async (fixture) => {
        const { faults, requests } = fixture.simulator;
        faults.push({ method: "PATCH", delay: 60_000 });
        fixture.runtime.inject({});
        while (!requests.some(({ method }) => method === "PATCH")) await new Promise(setImmediate);
        await fixture.runtime.deploy(rename, "nodes");
        assert.deepEqual(there(fixture), []);
        // The new one works.
        assert.equal((await fixture.send({})).error, undefined);
        assert.equal(there(fixture).length, 1);
      }));
  });

  it("goes on with what was handed over before a deploy", () =>
    withCreate(PLAIN, async (fixture) => {
      const seen = await fixture.send({});
      await fixture.runtime.deploy(rename, "nodes");
      fixture.runtime.inject(word(seen, "stored"));
      while (there(fixture)[0]!.status !== "active") await new Promise(setImmediate);
    }));
});
