import assert from "node:assert/strict";
import { onTab } from "../../simulator/flow.js";
import type { Authorization } from "../../src/tokens/authorizations-api.js";
import type { Simulator } from "../../simulator/server.js";
import type { Authorization as Own, User } from "../../simulator/world.js";
import { addTokens, type NodeFixture, withNode } from "../helpers/fixture.js";
import { joinModule } from "../helpers/core-nodes.js";
import type { Properties } from "../helpers/runtime.js";

const day = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * day);

/** Two users in two orgs, with an old, a disabled and a fresh token. */
function prepare({ world }: Simulator): undefined {
  const acme = world.addOrg("acme");
  const user1 = world.addUser("user1");
  const user2 = world.addUser("user2");
  world.addAuthorization({
    user: user1,
    org: acme,
    description: "old one",
    createdAt: ago(400),
    updatedAt: ago(200),
  });
  world.addAuthorization({
    user: user1,
    description: "Disabled",
    status: "inactive",
    createdAt: ago(300),
    updatedAt: ago(10),
  });
  world.addAuthorization({ user: user2, org: acme, description: "fresh one", createdAt: ago(1) });
}

const withList = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: object = {},
) => withNode("list-authorizations", properties, work, { prepare, ...options });
const descriptions = (payload: unknown) => (payload as Authorization[]).map(({ description }) => description);

const FILTERS: [what: string, properties: Properties, expected: string[], query: string][] = [
  ["user", { user: "user1", userType: "str" }, ["old one", "Disabled"], "?user=user1"],
  ["org", { org: "acme", orgType: "str" }, ["old one", "fresh one"], "?org=acme"],
  [
    "user and org",
    { user: "user1", userType: "str", org: "acme", orgType: "str" },
    ["old one"],
    "?user=user1&org=acme",
  ],
  ["status", { tokenStatus: "inactive", tokenStatusType: "str" }, ["Disabled"], ""],
  ["description", { description: "one", descriptionType: "str" }, ["old one", "fresh one"], ""],
  ["description, with regard to case", { description: "disabled", descriptionType: "str" }, [], ""],
  ["created before an age", { createdBefore: "350d", createdBeforeType: "str" }, ["old one"], ""],
  [
    "created after a date",
    { createdAfter: ago(100).toISOString(), createdAfterType: "str" },
    ["admin's Token", "fresh one"],
    "",
  ],
  ["changed before an age", { updatedBefore: "90d", updatedBeforeType: "str" }, ["old one"], ""],
  [
    "changed after a timestamp",
    { updatedAfter: "since", updatedAfterType: "msg" },
    ["admin's Token", "Disabled", "fresh one"],
    "",
  ],
];

describe("list-authorizations", () => {
  for (const result of ["all", "first", "each"]) {
    it(`sends nothing where no filter is set and every token is not meant, with the result ${result}`, () =>
      withList({ everyToken: false, result }, async ({ send, sent }) => {
        const { error, outputs } = await send({});
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, /no filter is set.* tick "Every token, without a filter"/);
        assert.deepEqual([outputs, sent()], [[[], []], []]);
      }));
  }

  it("lists every token where that is meant, and what a filter finds", async () => {
    for (const properties of [
      { everyToken: true },
      { everyToken: false, description: "one", descriptionType: "str" },
    ]) {
      await withList(properties, async ({ send }) => {
        assert.equal(((await send({})).payload as unknown[]).length, "description" in properties ? 2 : 4);
      });
    }
  });

  it("lists all, in the server's order, without token values", () =>
    withList({}, async ({ simulator, send, sent, runtime }) => {
      const seen = await send({ topic: "kept" });
      assert.deepEqual(descriptions(seen.payload), ["admin's Token", "old one", "Disabled", "fresh one"]);
      assert.ok((seen.payload as object[]).every((found) => !("token" in found)));
      assert.deepEqual(sent(), ["GET /api/v2/authorizations"]);
      assert.equal(seen.outputs[0][0]!.topic, "kept");
      assert.equal(seen.outputs[1].length, 0);
      assert.equal(runtime.statuses.at(-1), "green 4 found");
      assert.ok(!runtime.log().includes(simulator.world.operator.token));
    }));

  it("finds an organization by a name with space around it, as the server does", () =>
    withList({ org: "org", orgType: "msg" }, async ({ send }) => {
      for (const org of ["home\n", " home"]) {
        assert.equal((await send({ org })).outputs[0].length, 1, JSON.stringify(org));
      }
    }));

  for (const [what, properties, expected, query] of FILTERS) {
    it(`narrows by ${what}`, () =>
      withList(properties, async ({ send, sent }) => {
        const seen = await send({ since: ago(20).getTime() });
        assert.deepEqual(sent(), [`GET /api/v2/authorizations${query}`]);
        if (expected.length > 0) {
          assert.deepEqual(descriptions(seen.payload), expected);
          return;
        }
        assert.deepEqual(seen.outputs[0], []);
        assert.deepEqual(seen.outputs[1][0]!.payload, []);
      }));
  }

  it("narrows by the ids of user and org, in any spelling", () =>
    withList(
      { userID: "ids.user", userIDType: "msg", orgID: "ids.org", orgIDType: "msg" },
      async ({ simulator, send, sent }) => {
        const ids = {
          user: simulator.world.userNamed("user1").id.toUpperCase(),
          org: simulator.world.orgNamed("acme").id,
        };
        assert.deepEqual(descriptions((await send({ ids })).payload), ["old one"]);
        assert.deepEqual(sent(), [`GET /api/v2/authorizations?userID=${ids.user}&orgID=${ids.org}`]);
      },
    ));

  describe("by the value of the token", () => {
    const byValue = { tokenValue: "leaked", tokenValueType: "msg" };
    const NOBODY = "nobody-has-this-value";

    it("compares what a server shows, and sends it nowhere", () =>
      withList(
        byValue,
        async ({ simulator, send, sent }) => {
          const { id, token } = [...simulator.world.authorizations.values()][1]!;
          const { payload } = await send({ leaked: ` ${token}\n` });
          assert.deepEqual(
            (payload as Authorization[]).map((found) => [found.id, found.token]),
            [[id, undefined]],
          );
          for (const leaked of [NOBODY, token.slice(0, -1), token.toLowerCase()])
            assert.deepEqual((await send({ leaked })).outputs[1][0]?.payload, [], leaked);
          assert.deepEqual(new Set(sent()), new Set(["GET /api/v2/authorizations"]));
        },
        { simulator: { tokens: "clear" } },
      ));

    it("says so where the server hides values, unless other filters leave none that could be it", async () => {
      await withList(byValue, async ({ simulator, send }) => {
        const { token } = [...simulator.world.authorizations.values()][1]!;
        const { error, outputs } = await send({ leaked: token });
        assert.equal(error?.code, "hidden-value");
        assert.match(error.message, /^Values are hidden, cannot list authorizations: .*check token/);
        assert.deepEqual(outputs, [[], []]);
      });
      await withList({ ...byValue, description: "no such", descriptionType: "str" }, async ({ send }) => {
        assert.deepEqual((await send({ leaked: NOBODY })).outputs[1][0]?.payload, []);
      });
    });

    it("asks InfluxDB Cloud, which must find one or none", () =>
      withList(
        byValue,
        async ({ simulator, send, sent }) => {
          const { id, token } = [...simulator.world.authorizations.values()][1]!;
          assert.equal(((await send({ leaked: token })).payload as Authorization[])[0]?.id, id);
          assert.equal(sent()[0], `GET /api/v2/authorizations?token=${encodeURIComponent(token)}`);
          assert.deepEqual((await send({ leaked: NOBODY })).outputs[1][0]?.payload, []);
          // A server that takes no notice of the filter.
          const row = (token?: string) => ({ id: "0aaaaaaaaaaaaaaa", status: "active", token });
          for (const rows of [
            [row("redacted"), row("redacted")],
            [row("")],
            [row(undefined)],
            [row("another-value-that-is-long-enough")],
          ]) {
            simulator.faults.push({ body: JSON.stringify({ authorizations: rows }) });
            const { error, outputs } = await send({ leaked: token });
            assert.equal(error?.code, "bad-response");
            assert.deepEqual(outputs, [[], []]);
          }
        },
        { product: "cloud", simulator: { tokens: "redacted" } },
      ));

    for (const leaked of ["", "1234567", undefined, 12345678, "Token leaked-value", "a\u200bleaked-value"]) {
      it(`refuses ${JSON.stringify(leaked) ?? "undefined"}, and sends nothing`, () =>
        withList(byValue, async ({ send, sent }) => {
          const { error } = await send({ leaked });
          assert.equal(error?.code, "invalid-filter");
          assert.doesNotMatch(error.message, /leaked/);
          assert.deepEqual(sent(), []);
        }));
    }

    it("takes no value that is typed into the flow", () =>
      withList({ tokenValue: "typed-in-value", tokenValueType: "str" }, async ({ send, sent }) => {
        const { error } = await send({});
        assert.equal(error?.code, "invalid-config");
        assert.doesNotMatch(error.message, /typed-in-value/);
        assert.deepEqual(sent(), []);
      }));
  });

  it("refuses to list where it was saved under the former name of the status", async () => {
    for (const former of [{ status: "inactive", statusType: "str" }, { statusType: "any" }, { status: {} }]) {
      await withList(former, async ({ send, sent }) => {
        const { error } = await send({ payload: "0aaaaaaaaaaaaaaa" });
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, /former name "status"\. Open the node and choose it again/);
        assert.deepEqual(sent(), []);
      });
    }
  });

  it("checks again what the server says it has filtered", () =>
    withList({ user: "user1", userType: "str" }, async ({ simulator, send }) => {
      const of = (user: string) => ({ id: `${user}0000000000`.slice(0, 16), status: "active", user });
      simulator.faults.push({
        body: JSON.stringify({ authorizations: [of("admin"), of("user1"), of("user10")] }),
      });
      assert.deepEqual((await send({})).payload, [of("user1")]);
    }));

  it("takes nothing but a text for the name of an organization", () =>
    withList({ org: "acme", orgType: "str" }, async ({ simulator, send }) => {
      const of = (org: unknown, id = "0aaaaaaaaaaaaaaa") => ({ id, status: "active", org });
      const acme = of(" acme", "0aaaaaaaaaaaaaab");
      const rows = [of(["acme"]), of({ toString: 1 }), of(null), acme];
      simulator.faults.push({ body: JSON.stringify({ authorizations: rows }) });
      assert.deepEqual((await send({})).payload, [acme]);
    }));

  for (const [what, value] of [
    ["an empty text", ""],
    ["spaces", "  "],
    ["undefined", undefined],
    ["null", null],
    ["a number", 7],
    ["an object", {}],
    ["an array", ["user1"]],
    ["a Buffer", Buffer.from("user1")],
  ] as const) {
    for (const filter of ["user", "userID", "org", "orgID", "tokenStatus", "description"]) {
      it(`refuses ${what} for the filter ${filter}, and sends nothing`, () =>
        withList({ [filter]: "value", [`${filter}Type`]: "msg" }, async ({ send, sent }) => {
          const seen = await send({ value });
          assert.equal(seen.error?.code, "invalid-filter");
          assert.match(seen.error.message, new RegExp(`filter "${filter}" comes out as`));
          assert.deepEqual(seen.outputs, [[], []]);
          assert.deepEqual(sent(), []);
        }));
    }
  }

  for (const value of [
    "",
    "90",
    "90 days ago",
    "2026-13-01",
    "2026-01-01T10:00",
    "yesterday",
    true,
    {},
    null,
    undefined,
    NaN,
    "-5d",
    0,
    90,
    1764000000,
  ]) {
    it(`refuses ${JSON.stringify(value) ?? "undefined"} for a time`, () =>
      withList({ updatedBefore: "value", updatedBeforeType: "msg" }, async ({ send, sent }) => {
        const { error } = await send({ value });
        assert.equal(error?.code, "invalid-filter");
        assert.match(error.message, /an age such as 90d/);
        assert.deepEqual(sent(), []);
      }));
  }

  it("refuses a filter from the environment or the context that is not set", async () => {
    for (const [value, type] of [
      ["NO_SUCH_VARIABLE_HERE", "env"],
      ["nothing", "flow"],
      ["nothing", "global"],
      ["nothing.at.all", "jsonata"],
      ["", "str"],
    ]) {
      await withList({ user: value, userType: type }, async ({ send, sent }) => {
        assert.equal((await send({})).error?.code, "invalid-filter");
        assert.deepEqual(sent(), []);
      });
    }
  });

  it("refuses a filter whose type is missing, rather than to take it for any", () =>
    withList({ user: "user1" }, async ({ send, sent }) => {
      const { error } = await send({});
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, /"userType" holds nothing/);
      assert.deepEqual(sent(), []);
    }));

  it("takes a path that leads nowhere for nothing, and a broken one for an error", async () => {
    await withList({ user: "a.b.c", userType: "msg" }, async ({ send }) => {
      assert.equal((await send({})).error?.code, "invalid-filter");
    });
    await withList({ user: "a[", userType: "msg" }, async ({ send }) => {
      const { error } = await send({});
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, /field "user" could not be evaluated: not a valid path/);
    });
  });

  it("answers broken JSONata with an error", () =>
    withList({ user: "$$$(", userType: "jsonata" }, async ({ send, sent }) => {
      assert.equal((await send({})).error?.code, "invalid-config");
      assert.deepEqual(sent(), []);
    }));

  it("sends the first, which is the oldest, alone", () =>
    withList({ user: "user1", userType: "str", result: "first" }, async ({ send }) => {
      assert.equal(((await send({})).payload as Authorization).description, "old one");
    }));

  it("sends one message each, for a Join node to put together", () =>
    withList({ user: "user1", userType: "str", result: "each" }, async ({ send }) => {
      const { outputs } = await send({ topic: "kept", parts: { id: "outer", index: 0 } });
      assert.deepEqual(
        outputs[0].map(({ payload, topic }) => [(payload as Authorization).description, topic]),
        [
          ["old one", "kept"],
          ["Disabled", "kept"],
        ],
      );
      const parts = outputs[0].map((msg) => msg.parts as Record<string, unknown>);
      assert.deepEqual(
        parts.map(({ index, count, type, len }) => [index, count, type, len]),
        [
          // As core's split node does where it does not know how many there will be.
          [0, undefined, "array", 1],
          [1, 2, "array", 1],
        ],
      );
      assert.deepEqual(
        outputs[0].map(({ summary }) => summary),
        [undefined, { text: "2 authorizations match.", total: 2 }],
      );
      assert.equal(parts[0]!.id, parts[1]!.id);
      assert.deepEqual(parts[0]!.parts, { id: "outer", index: 0 });
    }));

  it("sends messages that a join node of core puts together", () =>
    withNode(
      "list-authorizations",
      { result: "each", wires: [["join"], ["out1"]] },
      async ({ simulator, send, runtime }) => {
        const all = addTokens(simulator, 1000);
        const joined = runtime.next("out0");
        await send({ topic: "kept" });
        const { payload, summary, topic } = await joined;
        assert.deepEqual(
          (payload as Authorization[]).slice(-1000).map(({ id }) => id),
          all.map(({ id }) => id),
        );
        const { length: total } = payload as unknown[];
        assert.deepEqual([summary, topic], [{ text: "1,001 authorizations match.", total }, "kept"]);
      },
      {
        nodes: [onTab({ id: "join", type: "join", mode: "auto", wires: [["out0"]] })],
        modules: [joinModule],
      },
    ));

  for (const result of ["all", "first", "each"]) {
    it(`sends an empty array to the second output where none is found (${result})`, () =>
      withList({ description: "no such", descriptionType: "str", result }, async ({ send, runtime }) => {
        const seen = await send({ topic: "kept" });
        assert.deepEqual(seen.outputs[0], []);
        assert.deepEqual(
          seen.outputs[1].map(({ payload, topic }) => [payload, topic]),
          [[[], "kept"]],
        );
        assert.ok(seen.completed);
        assert.equal(runtime.statuses.at(-1), "green 0 found");
      }));
  }

  it("gives token values only where the node's own box says so", async () => {
    const options = { simulator: { tokens: "clear" } };
    await withList(
      { includeToken: true },
      async ({ simulator, send }) => {
        assert.equal(((await send({})).payload as Authorization[])[0]!.token, simulator.world.operator.token);
      },
      options,
    );
    await withList(
      {},
      async ({ simulator, send }) => {
        const seen = await send({ includeToken: true });
        assert.ok(!JSON.stringify(seen.payload).includes(simulator.world.operator.token));
      },
      options,
    );
  });

  it("says that no user or organization has the name", async () => {
    await withList({ user: "USER1", userType: "str" }, async ({ send }) => {
      const { error } = await send({});
      assert.equal(error?.code, "not-found");
      assert.match(error.message, /no user has the given name.*case-sensitive/);
    });
    await withList({ org: "nowhere", orgType: "str" }, async ({ send }) => {
      assert.match((await send({})).error?.message ?? "", /no organization has the given name/);
    });
  });

  it("takes an unknown id of a user for none found, as the server does", () =>
    withList({ userID: "0aaaaaaaaaaaaaaa", userIDType: "str" }, async ({ send }) => {
      assert.equal((await send({})).outputs[1].length, 1);
    }));

  it("reports an empty list that was not narrowed as the permission problem it is", async () => {
    await withList({ tokenStatus: "active", tokenStatusType: "str" }, async ({ simulator, send }) => {
      simulator.world.operator.status = "inactive";
      const { error, outputs } = await send({});
      assert.equal(error?.code, "forbidden");
      assert.match(error.message, /read:authorizations and read:users.*inactive/);
      assert.deepEqual(outputs, [[], []]);
    });
  });

  describe("with a narrowed list that is empty", () => {
    const ALL = ["read:authorizations", "read:users"];
    const token = "the-managers-token==";
    const LIST = "GET /api/v2/authorizations";

    /** Asks for a user who has no token, with the token of a manager. */
    const ask = async (
      permissions: string[],
      product: "oss" | "cloud",
      disable?: (manager: User, own: Own) => void,
    ) => {
      let result: [code: string | undefined, message: string, none: number, sent: string[]] | undefined;
      await withNode(
        "list-authorizations",
        { user: "idle", userType: "str" },
        async ({ send, sent, runtime }) => {
          const { error, outputs } = await send({});
          result = [error?.code, error?.message ?? "", outputs[1].length, sent()];
          assert.deepEqual(outputs[0], []);
          const words = error && error.message.slice(0, error.message.indexOf(",")).toLowerCase();
          assert.equal(runtime.statuses.at(-1), words ? `red ${words}` : "green 0 found");
        },
        {
          token,
          connection: { product },
          simulator: product === "cloud" ? { tokens: "redacted" } : {},
          prepare({ world }) {
            world.addUser("idle");
            const user = world.addUser("manager");
            const own = world.addAuthorization({ user, permissions, token });
            disable?.(user, own);
            return undefined;
          },
        },
      );
      return result!;
    };

    it("takes it for none found where its own token may read", async () => {
      const [code, , none, sent] = await ask(ALL, "oss");
      assert.deepEqual([code, none], [undefined, 1]);
      assert.deepEqual(sent.slice(0, 2), [`${LIST}?user=idle`, "GET /api/v2/me"]);
      assert.match(sent[2] ?? "", /^GET \/api\/v2\/authorizations\?userID=[0-9a-f]{16}$/);
      assert.equal(sent.length, 3);
    });

    it("does so on Cloud, which looks its own token up by its value", async () => {
      const [code, , none, sent] = await ask(ALL, "cloud");
      assert.deepEqual([code, none], [undefined, 1]);
      assert.deepEqual(sent, [`${LIST}?user=idle`, `${LIST}?token=the-managers-token%3D%3D`]);
    });

    it("says that it may not read authorizations", async () => {
      for (const product of ["oss", "cloud"] as const) {
        const [code, message, none] = await ask(["read:users"], product);
        assert.deepEqual([code, none], ["forbidden", 0]);
        assert.match(message, /lacks the permissions read:authorizations and read:users/);
      }
    });

    it("names the permission that it lacks to read users", async () => {
      const [code, message, none] = await ask(["read:authorizations"], "oss");
      assert.deepEqual([code, none], ["unauthorized", 0]);
      assert.match(message, /lacks the permission read:users\/[0-9a-f]{16}/);
      assert.equal((await ask(["read:authorizations"], "cloud"))[0], "forbidden");
    });

    it("says that it is inactive, or its user", async () => {
      const [code, message, none] = await ask(ALL, "oss", (_, own) => (own.status = "inactive"));
      assert.deepEqual([code, none], ["unauthorized", 0]);
      assert.match(message, /token is inactive/);
      assert.equal((await ask(ALL, "cloud", (_, own) => (own.status = "inactive")))[0], "forbidden");
      assert.equal((await ask(ALL, "oss", (user) => (user.status = "inactive")))[0], "forbidden");
    });
  });

  it("handles messages at the same time, each with its own answer", () =>
    withList({ user: "who", userType: "msg" }, async ({ runtime }) => {
      runtime.inject({ who: "user1" });
      runtime.inject({ who: "user2" });
      runtime.inject({ who: "nobody" });
      const seen = await runtime.ended(3);
      assert.deepEqual(seen.outputs[0].map(({ who, payload }) => [who, (payload as []).length]).toSorted(), [
        ["user1", 2],
        ["user2", 1],
      ]);
      assert.equal(seen.error?.code, "not-found");
      assert.equal(seen.ends, 3);
    }));

  it("lets other flows go on while it sends ten thousand, and stops sending with the flow", () =>
    withNode("list-authorizations", { result: "each" }, async ({ simulator, runtime }) => {
      addTokens(simulator, 10_000);
      runtime.inject({});
      const { outputs } = await runtime.ended(0);
      while (outputs[0].length === 0) await new Promise(setImmediate);
      await runtime.node("node").close(false);
      const { ends, error } = await runtime.ended(1);
      assert.equal(error?.code, "cancelled");
      assert.ok(outputs[0].length < 10_000);
      assert.match(
        error.message,
        new RegExp(`${outputs[0].length.toLocaleString("en-US")} were sent on before`),
      );
      assert.equal(ends, 1);
    }));
});
