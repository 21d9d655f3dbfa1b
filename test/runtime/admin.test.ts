import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { get, type RequestListener } from "node:http";
import type { NodeAPI } from "node-red";
import helper from "node-red-node-test-helper";
import {
  LOOKUPS,
  type LastAnswer,
  type LookupAnswer,
  type PreviewAnswer,
  type TokensAnswer,
} from "../../nodes/admin/answers.js";
import sidebar from "../../nodes/sidebar/sidebar.js";
import { startFixture, type Fixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import { populate, populateCluster } from "../../simulator/population.js";
import { oldest } from "../../src/work/filters.js";
import { ask, post } from "../helpers/admin.js";
import { addTokens, withNode, type NodeFixture } from "../helpers/fixture.js";
import { startRuntime, subflowOf, type Properties, type Runtime } from "../helpers/runtime.js";
import { serve } from "../helpers/servers.js";

type Options = Parameters<typeof withNode>[3];

/** Any node on a connection, with the sidebar's endpoints, and the population of the demo. */
const withPopulation = (
  work: (fixture: NodeFixture) => Promise<void>,
  options: Options = {},
  name = "list-authorizations",
) =>
  withNode(name, {}, work, {
    modules: [sidebar],
    prepare({ world }) {
      populate(world);
      return undefined;
    },
    ...options,
  });
const tokens = (query = "") => ask<TokensAnswer>(`connections/connection/tokens?${query}`);
const lookup = (query: string) => ask<LookupAnswer>(`connections/connection/lookup?${query}`);
const preview = (properties: object, type = "influxdb-list-authorizations") =>
  post<PreviewAnswer>("preview", { type, connection: "connection", properties });
const namesOf = ({ tokens }: Pick<TokensAnswer, "tokens">) => tokens.map(({ description }) => description);

const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);
/** The marks of each token, by its name or description. */
const marksOf = ({ tokens }: TokensAnswer) =>
  Object.fromEntries(
    tokens.map(({ name, description = "", marks }) => [name ?? description, marks.join(" ")]),
  );
const listsOf = ({ simulator }: NodeFixture) =>
  simulator.requests.filter(({ path }) => path === "/api/v2/authorizations").length;
const changed = (id: string) => (nodes: Properties[]) =>
  nodes.map((each) => (each.id === id ? { ...each, name: "changed" } : each));

describe("the admin endpoint of tokens", () => {
  it("gives a page, narrowed and in order, and counts all", () =>
    withPopulation(async () => {
      const page = await tokens("search=TELEGRAF&sort=description&descending=1&offset=1&limit=2");
      assert.partialDeepStrictEqual(page, { resource: "authorizations", total: 25, matching: 7 });
      assert.deepEqual(namesOf(page), ["Telegraf: press 2", "Telegraf: press 1"]);
      assert.deepEqual(page.counts, {
        ...{ "maybe-own": 8, "all-access": 1, stale: 7 },
        ...{ active: 22, inactive: 3 },
      });
      assert.ok(Date.now() - Date.parse(page.at) < 60_000);
    }));

  const FILTERS: [query: string, matching: number][] = [
    ["", 25],
    ["search=", 25],
    ["search=%20factory%20", 9],
    ["search=ALL%20BUCKETS", 23],
    ["status=inactive", 3],
    ["status=unheard", 0],
    ["mark=stale", 7],
    ["mark=revoked", 0],
    ["owner=ci", 4],
    ["owner=c", 0],
    ["olderThanDays=364", 8],
    ["olderThanDays=1000", 1],
    ["status=active&mark=stale&owner=ci", 1],
    ["offset=25", 25],
  ];
  for (const [query, matching] of FILTERS) {
    it(`finds ${matching} for "${query}"`, () =>
      withPopulation(async () => {
        const found = await tokens(`${query}&limit=200`);
        assert.equal(found.matching, matching, JSON.stringify(found.error));
        assert.equal(found.tokens.length, query.startsWith("offset") ? 0 : matching);
      }));
  }

  const SORTS: [query: string, first: string, last: string][] = [
    ["", "admin's Token", "CI: pull request 412"],
    ["descending=1", "CI: pull request 412", "admin's Token"],
    ["sort=description", "admin's Token", "user2's notebook"],
    ["sort=createdAt&descending=1", "CI: pull request 412", "admin's Token"],
    ["sort=updatedAt", "Telegraf: gateway", "admin's Token"],
    // No authorization expires, so all stay as they are.
    ["sort=expiresAt&descending=1", "admin's Token", "CI: pull request 412"],
  ];
  for (const [query, first, last] of SORTS) {
    it(`has an order for "${query}"`, () =>
      withPopulation(async () => {
        const names = namesOf(await tokens(`${query}&limit=200`));
        assert.deepEqual([names[0], names.at(-1)], [first, last]);
      }));
  }

  it("refuses what it cannot read, and says what", () =>
    withPopulation(async (fixture) => {
      for (const query of [
        ...["limit=201", "limit=0", "limit=many", "limit=1&limit=2", "offset=-1", "olderThanDays=1e99"],
        ...["sort=marks", "mark=nice", "resource=secrets", "fresh=yes", `search=${"x".repeat(501)}`],
        ...["search[regex]=x", "owner[]=x"],
      ]) {
        const { statusCode, error } = await tokens(query);
        assert.equal(statusCode, 400, query);
        assert.equal(error?.code, "invalid-request");
        const name = /^[a-zA-Z]+/.exec(query)?.[0] ?? "";
        assert.match(error.message, new RegExp(`"${name}[.0]*" is not valid`));
      }
      assert.equal(listsOf(fixture), 0);
    }));

  it("tells of a product that it has no such tokens", () =>
    withPopulation(async () => {
      const { statusCode, error } = await tokens("resource=database-tokens");
      assert.deepEqual([statusCode, error?.code], [500, "unsupported-product"]);
    }));

  describe("marks", () => {
    const OWN: [what: string, options: Options, marks: Record<string, string>][] = [
      [
        "the own token where the server shows values",
        { simulator: { tokens: "clear" } },
        { "admin's Token": "own all-access", sibling: "" },
      ],
      [
        "the own token on Cloud",
        { product: "cloud", simulator: { tokens: "redacted" } },
        { "admin's Token": "own all-access", sibling: "" },
      ],
      [
        "what may be the own token",
        {},
        { "admin's Token": "maybe-own all-access", sibling: "maybe-own", "somebody's": "", asleep: "" },
      ],
      [
        "what may be the own token where it may not ask",
        { product: "oss" },
        { "admin's Token": "maybe-own all-access", "somebody's": "maybe-own", asleep: "" },
      ],
    ];
    for (const [what, options, marks] of OWN) {
      it(what, () =>
        withPopulation(
          async () => {
            const found = marksOf(await tokens("limit=200"));
            for (const [name, expected] of Object.entries(marks)) assert.equal(found[name], expected, name);
          },
          {
            ...options,
            prepare({ world, faults }) {
              const user = world.addUser("user1");
              world.addAuthorization({ description: "sibling" });
              world.addAuthorization({ description: "somebody's", user });
              world.addAuthorization({ description: "asleep", status: "inactive" });
              const body = '{"code":"unauthorized","message":"read:users/1 is unauthorized"}';
              if (what.endsWith("may not ask")) faults.push({ path: "/api/v2/me", status: 401, body });
              return undefined;
            },
          },
        ),
      );
    }

    it("what is named as the own token, and what is protected, in whatever spelling", () =>
      withPopulation(
        async ({ runtime, simulator }) => {
          const [, a, b] = [...simulator.world.authorizations.keys()].map((id) => id.toUpperCase());
          const settings = { ownTokenId: a, protectedIds: b };
          await runtime.deploy(
            (nodes) => nodes.map((each) => (each.id === "connection" ? { ...each, ...settings } : each)),
            "nodes",
          );
          const found = marksOf(await tokens());
          assert.deepEqual(found, { "admin's Token": "all-access", a: "own", b: "protected", c: "" });
        },
        {
          prepare({ world }) {
            for (const description of ["a", "b", "c"]) world.addAuthorization({ description });
            return undefined;
          },
        },
      ));

    it("database tokens that have ended, never end, or may do all", () =>
      withPopulation(
        async (fixture) => {
          const add = (description: string, more: object) =>
            fixture.clusters.addDatabaseToken(fixture.cluster, { description, permissions: [], ...more });
          const all = ["read", "write"].map((action) => ({ action, resource: "*" }));
          add("all", { permissions: all, expiresAt: inDays(1) });
          add("expired", { expiresAt: inDays(-1) });
          add("revoked", { revokedAt: inDays(-1), createdAt: inDays(-400) });
          const found = await tokens();
          assert.deepEqual(marksOf(found), {
            ...{ all: "all-access", expired: "expired", revoked: "revoked stale no-expiry" },
          });
          assert.equal(found.tokens[0]?.access, "read and write: all databases");
        },
        {},
        "list-database-tokens",
      ));

    it("management tokens, of which its own is told by its prefix", () =>
      withPopulation(
        async (fixture) => {
          const add = (description: string, more: object) =>
            fixture.clusters.addManagementToken(fixture.cluster, { description, ...more });
          add("expired", { expiresAt: inDays(-1) });
          add("revoked", { revokedAt: inDays(-1) });
          const found = await tokens("resource=management-tokens");
          assert.deepEqual(marksOf(found), {
            ...{ "Node-RED": "own no-expiry", expired: "expired", revoked: "revoked no-expiry" },
          });
        },
        {},
        "list-management-tokens",
      ));

    it("by the server's clock", () =>
      withPopulation(async ({ simulator }) => {
        const date = new Date(Date.now() + 1001 * DAY).toUTCString();
        simulator.faults.push({ headers: { date }, times: 10 });
        const { total, counts, matching } = await tokens("olderThanDays=1000");
        assert.deepEqual([counts.stale, matching], [total, total]);
      }));
  });

  it("reads the list once for all who ask, and keeps it", () =>
    withPopulation(async (fixture) => {
      await Promise.all(["", "search=ci", "sort=user", "fresh=1"].map((query) => tokens(query)));
      await tokens("fresh=1");
      await lookup("of=user");
      // One is that of its own tokens.
      assert.equal(listsOf(fixture), 1);
    }));

  it("reads the list of a connection that is deployed anew again", () =>
    withPopulation(async ({ runtime, simulator }) => {
      await tokens();
      simulator.world.addAuthorization({ description: "new" });
      await runtime.deploy(changed("connection"), "nodes");
      const { total } = await tokens("search=new");
      assert.equal(total, 26);
    }));

  it("ends what is under way when the connection is deployed anew", () =>
    withPopulation(async ({ runtime, simulator }) => {
      simulator.faults.push({ path: /^\/api\/v2\/authorizations$/, delay: 600_000 });
      const asked = tokens();
      while (!simulator.requests.some(({ path }) => path === "/api/v2/authorizations"))
        await new Promise(setImmediate);
      await runtime.deploy(changed("connection"), "nodes");
      const { statusCode, error } = await asked;
      assert.deepEqual([statusCode, error?.code], [503, "cancelled"]);
      assert.equal((await tokens()).total, 25);
    }));

  it("ends what is under way when nobody waits for it", async () => {
    const lost = new EventEmitter();
    const server = await serve((request, answer) => {
      if (request.url !== "/api/v2/authorizations") answer.end("{}");
      else {
        lost.emit("asked");
        answer.on("close", () => lost.emit("closed"));
      }
    });
    // A server of our own: that of the helper would go on after a request that is given up.
    let admin: RequestListener | undefined;
    const keepAdmin = (RED: NodeAPI) => {
      admin = RED.httpAdmin;
    };
    try {
      await withPopulation(
        async () => {
          const editor = await serve((request, response) => admin?.(request, response));
          const [asked, closed] = [once(lost, "asked"), once(lost, "closed")];
          const request = get(
            `http://127.0.0.1:${editor.port}/influxdb-tokens/connections/connection/tokens`,
          );
          request.on("error", () => undefined);
          await asked;
          request.destroy();
          await closed.finally(editor.close);
        },
        { connection: { url: `http://127.0.0.1:${server.port}` }, modules: [sidebar, keepAdmin] },
      );
    } finally {
      await server.close();
    }
  });

  it("says that a connection is not deployed, disabled, or none", () =>
    withPopulation(async ({ runtime }) => {
      const refused = async (id: string) => {
        const { statusCode, error } = await ask(`connections/${id}/tokens`);
        assert.deepEqual([statusCode, error?.code], [404, "not-deployed"]);
        assert.match(error?.message ?? "", /not deployed yet, or it is disabled/);
      };
      for (const id of ["unknown", "node", "__proto__", "%2e%2e"]) await refused(id);
      await runtime.deploy(
        (nodes) => nodes.map((each) => (each.id === "connection" ? { ...each, d: true } : each)),
        "full",
      );
      await refused("connection");
    }));

  it("tells of wrong settings, and of a server, in the words of the nodes", () =>
    withPopulation(
      async () => {
        const { statusCode, error } = await tokens();
        assert.deepEqual([statusCode, error?.code], [500, "invalid-config"]);
        assert.match(error?.message ?? "", /the field "retries" holds a text of 4 characters/);
      },
      { connection: { retries: "many" } },
    ).then(() =>
      withPopulation(
        async () => {
          const { statusCode, error } = await tokens();
          assert.deepEqual([statusCode, error?.code], [502, "unauthorized"]);
          assert.match(error?.message ?? "", /annot list authorizations.*does not accept/);
        },
        { token: "wrong" },
      ),
    ));

  it("shows no token value, whatever the server puts where", () => {
    const value = "own-token-value-0123456789";
    return withPopulation(
      async ({ simulator }) => {
        const all = [JSON.stringify(await tokens("limit=200"))];
        for (const of of LOOKUPS) all.push(JSON.stringify(await lookup(`of=${of}&limit=200`)));
        all.push(JSON.stringify(await preview({ includeToken: true })));
        all.push(JSON.stringify(await lookup(`of=description&search=${value}`)));
        for (const text of all) {
          for (const { token } of simulator.world.authorizations.values()) assert.ok(!text.includes(token));
        }
        assert.match(all[0]!, /I hold …, do I\?/);
      },
      {
        simulator: { tokens: "clear", operatorToken: value },
        prepare({ world }) {
          world.addAuthorization({
            description: `I hold ${value}, do I?`,
            user: world.addUser(`u ${value}`),
          });
          return undefined;
        },
      },
    );
  });

  it("shows what strangers write as short plain text", () =>
    withPopulation(
      async () => {
        const { tokens: rows } = await tokens("sort=id&descending=1");
        assert.deepEqual(rows[0]?.description, "two lines � <b>");
        assert.equal(rows[1]?.description?.length, 500);
      },
      {
        prepare({ world }) {
          world.addAuthorization({ description: "x".repeat(100_000) });
          world.addAuthorization({ description: "two\nlines \u202e <b>" });
          return undefined;
        },
      },
    ));

  it("finds a connection in a subflow by the ID that the editor knows", () =>
    withSubflow(async () => {
      const { error, total } = await ask<TokensAnswer>("connections/inner/tokens");
      assert.deepEqual([error, total], [undefined, 1]);
    }));
});

describe("the admin endpoint of look-ups", () => {
  it("offers what tokens name, with how many do", () =>
    withPopulation(async ({ simulator }) => {
      const texts = async (query: string) =>
        (await lookup(query)).entries.map(({ value, label, detail }) => `${value}: ${label}: ${detail}`);
      const { id } = simulator.world.userNamed("ci");
      assert.deepEqual((await texts("of=user")).slice(0, 2), ["admin: admin: 8 tokens", "ci: ci: 4 tokens"]);
      assert.deepEqual(await texts("of=userID&search=CI"), [`${id}: ci: 4 tokens`]);
      assert.deepEqual(await texts(`of=userID&search=${id.toUpperCase()}`), [`${id}: ci: 4 tokens`]);
      assert.deepEqual(await texts("of=org&search=e"), ["energy: energy: 6 tokens", "home: home: 10 tokens"]);
      assert.deepEqual(await texts("of=description&search=grafana"), [
        "Grafana (read-only): Grafana (read-only): 3 tokens",
      ]);
      assert.deepEqual(await texts("of=description&search=nowhere"), []);
      const [first] = (await lookup("of=id&search=ci%3A")).entries;
      assert.deepEqual([first?.label, first?.detail], ["CI: integration tests", "active, of ci"]);
      assert.deepEqual(await texts("of=database"), []);
    }));

  it("offers nothing that a deploy would replace by a variable of the environment", () =>
    withPopulation(async ({ simulator }) => {
      const [first, second] = simulator.world.authorizations.values();
      Object.assign(first ?? {}, { description: "${SECRET}" });
      Object.assign(second ?? {}, { description: "not ${SECRET}" });
      const { entries } = await lookup("of=description&search=SECRET");
      assert.deepEqual(
        entries.map(({ value }) => value),
        ["not ${SECRET}"],
      );
    }));

  it("offers what begins so first, and says how many there are", () =>
    withPopulation(async () => {
      const { matching, entries } = await lookup("of=description&search=C&limit=7");
      assert.equal(matching, 9);
      const labels = entries.map(({ label }) => label);
      assert.ok(labels.slice(0, 6).every((label) => /^c/i.test(label)));
      assert.equal(labels[6], "Forecast model");
    }));

  it("offers databases of database tokens", () =>
    withPopulation(
      async ({ clusters, cluster, own }) => {
        populateCluster(clusters, { cluster, own });
        const tooLong = { action: "read", resource: "x".repeat(501) };
        clusters.addDatabaseToken(cluster, { description: "", permissions: [tooLong] });
        const { entries } = await lookup("of=database&search=");
        assert.deepEqual(
          entries.map(({ value, detail }) => `${value} ${detail}`),
          ["* 2 tokens", "ci 2 tokens", "energy 2 tokens", "factory 3 tokens", "sensors 4 tokens"],
        );
      },
      {},
      "list-database-tokens",
    ));

  it("offers databases that no token names, if the server tells of any", () =>
    withPopulation(
      async ({ clusters, cluster, own }) => {
        populateCluster(clusters, { cluster, own });
        clusters.addDatabase(cluster, "brand-new");
        // A deploy would put a variable of the environment in its place.
        clusters.addDatabase(cluster, "${HOME}");
        const { entries } = await lookup("of=database&search=");
        assert.deepEqual(
          entries.map(({ value, detail }) => `${value} ${detail}`),
          [
            ...["* 2 tokens", "brand-new 0 tokens", "ci 2 tokens", "energy 2 tokens"],
            ...["factory 3 tokens", "sensors 4 tokens"],
          ],
        );
      },
      {},
      "list-database-tokens",
    ));

  it("offers buckets by name, with their organizations, and asks for them once", () =>
    withPopulation(async ({ simulator }) => {
      const { world } = simulator;
      const found = await lookup("of=bucket&search=MACH");
      assert.deepEqual(found.entries.map(({ label, detail }) => `${label} of ${detail}`).sort(), [
        "machines of energy",
        "machines of factory",
      ]);
      for (const { value, label } of found.entries) assert.equal(world.buckets.get(value)?.name, label);
      const [first] = found.entries;
      const again = await lookup(`of=bucket&search=${first?.value}`);
      assert.deepEqual(again.entries, [first]);
      // One page, and one that shows that it was the last.
      assert.equal(simulator.requests.filter(({ path }) => path.startsWith("/api/v2/buckets")).length, 2);
    }));

  it("says that a token may not see buckets", () =>
    withPopulation(async ({ simulator }) => {
      const body = JSON.stringify({ code: "unauthorized", message: "read:buckets is unauthorized" });
      simulator.faults.push({ path: "/api/v2/buckets", status: 401, body });
      const { error, statusCode } = await lookup("of=bucket");
      assert.deepEqual([statusCode, error?.code], [502, "unauthorized"]);
      assert.equal((await lookup("of=org")).statusCode, 200);
    }));
});

describe("the admin endpoint of previews", () => {
  const typedIn = (values: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => [
        [name, value],
        [`${name}Type`, "str"],
      ]),
    );
  const SAME: Record<string, string>[] = [
    {},
    { user: "ci" },
    { org: "factory", tokenStatus: "active" },
    { description: "Telegraf", createdBefore: "1y" },
    { updatedAfter: "30d" },
    { updatedAfter: "2026-01-01" },
    { tokenStatus: "inactive", updatedBefore: "30d" },
  ];
  for (const values of SAME) {
    it(`finds what the node finds with ${JSON.stringify(values)}`, () =>
      withNode(
        "list-authorizations",
        typedIn(values),
        async ({ send }) => {
          const ids = (all: unknown) => (all as { id: string }[]).map(({ id }) => id);
          const { outputs } = await send({});
          const sent = outputs.flat()[0]?.payload;
          const found = await preview(typedIn(values));
          assert.deepEqual(ids(found.tokens), ids(sent));
          assert.deepEqual([found.matching, found.total], [found.tokens.length, 25]);
          assert.deepEqual(found.unknown, []);
          assert.equal(found.oldest?.id, oldest(sent as { id: string; createdAt: string }[])?.id);
        },
        { modules: [sidebar], prepare: ({ world }) => (populate(world), undefined) },
      ));
  }

  it("fails where the node does, with the same words", () =>
    withPopulation(async () => {
      for (const [properties, code, message] of [
        [typedIn({ user: "nobody" }), "not-found", /no user has the given name/],
        [typedIn({ userID: "12" }), "invalid-filter", /the filter "userID" comes out as a text of 2/],
        [typedIn({ createdBefore: "yesterday" }), "invalid-filter", /expected an age such as 90d/],
        [typedIn({ user: " " }), "invalid-filter", /"user" comes out as an empty text/],
        [{ user: 1, userType: "str" }, "invalid-config", /the field "user" holds a number/],
        [{ user: "x", userType: "flow-context" }, "invalid-config", /the field "userType"/],
        [{ result: "some" }, "invalid-config", /the field "result"/],
      ] as const) {
        const { error } = await preview(properties);
        assert.equal(error?.code, code, JSON.stringify(properties));
        assert.match(error.message, message);
      }
    }));

  it("leaves nothing behind where it fails before the list comes", () =>
    withPopulation(async ({ simulator }) => {
      simulator.faults.push({ path: "/api/v2/authorizations", delay: 600_000 });
      const { error } = await preview({ everyToken: false });
      assert.match(error?.message ?? "", /no filter is set/);
      // A promise that nobody waits for would end Node-RED: `test/helpers/unhandled.ts`.
      await new Promise(setImmediate);
    }));

  it("reads the list of one preview at a time, for each can be long", async () => {
    let [underWay, most] = [0, 0];
    const server = await serve(({ url = "" }, answer) => {
      const isList = url.startsWith("/api/v2/authorizations?user=");
      if (isList) most = Math.max(most, ++underWay);
      const user = new URL(url, "http://x").searchParams.get("user") ?? "ann";
      setTimeout(() => {
        if (isList) underWay--;
        answer.end(JSON.stringify({ authorizations: [{ id: "0000000000000001", user }] }));
      }, 20);
    });
    try {
      await withPopulation(
        async () => {
          const all = await Promise.all(["ann", "ben", "cy"].map((user) => preview(typedIn({ user }))));
          assert.deepEqual(
            all.map(({ matching }) => matching),
            [1, 1, 1],
          );
          assert.equal(most, 1);
        },
        { connection: { url: `http://127.0.0.1:${server.port}` } },
      );
    } finally {
      await server.close();
    }
  });

  it("asks nothing but what is typed in, and says what it left out", () => {
    process.env.PREVIEW_TEST = "ci";
    return withPopulation(async ({ runtime }) => {
      const node = runtime.node("node") as unknown as { context(): { flow: Context; global: Context } };
      node.context().flow.set("x", "ci");
      node.context().global.set("x", "ci");
      for (const [value, type] of [
        ...[
          ["user", "msg"],
          ["x", "flow"],
          ["x", "global"],
          ["PREVIEW_TEST", "env"],
        ],
        ...[
          ['$globalContext("x")', "jsonata"],
          ['$error("run")', "jsonata"],
        ],
        ...[
          ["${PREVIEW_TEST}", "str"],
          ["$(PREVIEW_TEST)", "str"],
        ],
      ]) {
        const { unknown, matching, error } = await preview({ user: value, userType: type });
        assert.deepEqual([error, unknown, matching], [undefined, ["user"], 25], `${type} ${value}`);
      }
      const { unknown } = await preview({ result: "${PREVIEW_TEST}", userType: "${PREVIEW_TEST}" });
      assert.deepEqual(unknown, ["user", "result"]);
    }).finally(() => delete process.env.PREVIEW_TEST);
  });

  it("asks the deployed connection, and no other that comes with the request", () =>
    withPopulation(async ({ simulator }) => {
      const body = {
        ...{ type: "influxdb-list-authorizations", connection: "connection", url: "http://127.0.0.1:1" },
        properties: { connection: "other", url: "http://127.0.0.1:1", token: "x", product: "cloud" },
      };
      assert.equal((await post<PreviewAnswer>("preview", body)).matching, 25);
      const { authorization } = simulator.requests.at(-1)!.headers;
      assert.equal(authorization, `Token ${simulator.world.operator.token}`);
      const { error } = await post("preview", { ...body, connection: "other" });
      assert.equal(error?.code, "not-deployed");
    }));

  it("is of nodes that list, and of a product that has the tokens", () =>
    withPopulation(async () => {
      for (const type of ["influxdb-delete-authorization", "inject", "__proto__", ""]) {
        assert.equal((await preview({}, type)).statusCode, 400);
      }
      assert.equal((await preview({}, "influxdb-list-database-tokens")).error?.code, "unsupported-product");
    }));

  it("takes JSON objects and nothing else", () =>
    withPopulation(async () => {
      const body = { type: "influxdb-list-authorizations", connection: "connection", properties: "{}" };
      const asForm = await helper.request().post("/influxdb-tokens/preview").type("form").send(body);
      assert.equal(asForm.status, 415);
      const plain = await helper.request().post("/influxdb-tokens/preview").type("text").send("{}");
      assert.equal(plain.status, 415);
      assert.equal((await post("preview", [])).statusCode, 415);
      for (const wrong of [{}, body, { ...body, properties: [] }, { ...body, connection: 1 }]) {
        assert.equal((await post("preview", wrong)).error?.code, "invalid-request");
      }
    }));

  it("shows the first hundred of many", () =>
    withPopulation(
      async () => {
        const { matching, tokens: rows } = await preview({});
        assert.deepEqual([matching, rows.length], [151, 100]);
      },
      { prepare: (simulator) => (addTokens(simulator, 150), undefined) },
    ));
});

interface Context {
  set(name: string, value: unknown): void;
}

describe("the admin endpoint of what a node did last", () => {
  const last = (id = "node") => ask<LastAnswer>(`nodes/${id}/last`);
  const withDelete = (properties: Properties, work: (fixture: NodeFixture) => Promise<void>) =>
    withNode("delete-authorization", { confirmed: true, ...properties }, work, { modules: [sidebar] });

  it("has nothing before the first message, and after a deploy", () =>
    withDelete({}, async ({ runtime, send, simulator }) => {
      assert.deepEqual(await last(), { statusCode: 200 });
      await send({ payload: addTokens(simulator, 1) });
      assert.equal((await last()).last?.total, 1);
      await runtime.deploy(changed("node"), "nodes");
      assert.deepEqual(await last(), { statusCode: 200 });
    }));

  it("has counts and records, also of what failed", () =>
    withDelete({}, async ({ send, simulator }) => {
      const [one, two] = addTokens(simulator, 2);
      const { payload } = await send({ payload: [one, "0aaaaaaaaaaaaaaa", two] });
      const { last: found } = await last();
      assert.partialDeepStrictEqual(found, { counts: { deleted: 2, failed: 1 }, total: 3 });
      assert.deepEqual(found?.records, payload);
      assert.match(found?.text ?? "", /cannot delete 1 of 3/);
    }));

  it("has the error of a message that did nothing", () =>
    withDelete({ limit: "1" }, async ({ send, simulator }) => {
      await send({ payload: addTokens(simulator, 2) });
      assert.partialDeepStrictEqual((await last()).last, { counts: {}, records: [], total: 0 });
      assert.match((await last()).last?.text ?? "", /annot delete authorization/);
    }));

  it("has the connection that the message has named, and no other", () =>
    withDelete({ connectionFrom: "any" }, async ({ send, simulator }) => {
      const [one, two] = addTokens(simulator, 2);
      const connection = "connection";
      await send({ payload: [one, "0aaaaaaaaaaaaaaa"], connection });
      assert.partialDeepStrictEqual((await last()).last, { counts: { deleted: 1, failed: 1 }, connection });
      await send({ payload: two, connection: "another" });
      assert.deepEqual((await last()).last?.connection, undefined);
      assert.match((await last()).last?.text ?? "", /^Wrong connection/);
    }));

  it("keeps a hundred records, and none of what a flow writes into them", () =>
    withDelete({ limit: "", report: "each" }, async ({ runtime, simulator }) => {
      const taken = new Promise<void>((resolve) => {
        let count = 0;
        (runtime.node("out0") as unknown as EventEmitter).on("input", ({ payload }: { payload: object }) => {
          Object.assign(payload, { token: { token: "a secret" } });
          if (++count === 150) resolve();
        });
      });
      runtime.inject({ payload: addTokens(simulator, 150).map(({ id }) => id) });
      await Promise.all([taken, runtime.ended(1)]);
      const { last: found } = await last();
      assert.partialDeepStrictEqual(found, { counts: { deleted: 150 }, total: 150 });
      assert.equal(found?.records.length, 100);
      assert.ok(!JSON.stringify(found).includes("a secret"));
    }));

  it("finds the newest of the instances of a subflow", () =>
    withSubflow(async ({ simulator, runtime, sendTo }) => {
      assert.deepEqual(await last("delete"), { statusCode: 200 });
      const [one, two, three] = addTokens(simulator, 3);
      await sendTo("node", [one!.id]);
      assert.equal((await last("delete")).last?.records.length, 1);
      await sendTo("second", [two!.id, three!.id]);
      assert.equal((await last("delete")).last?.records.length, 2);
      await sendTo("node", []);
      assert.equal((await last("delete")).last?.records.length, 0);
      await runtime.deploy((nodes) => nodes, "full");
      assert.deepEqual(await last("delete"), { statusCode: 200 });
    }));

  it("keeps records short, whatever comes from elsewhere", () =>
    withNode(
      "update-authorization",
      { tokenStatus: "inactive", tokenStatusType: "str" },
      async ({ simulator, send }) => {
        const [added] = addTokens(simulator, 1);
        added!.description = "x".repeat(100_000);
        await send({ payload: { id: added!.id, description: "y".repeat(100_000) } });
        const answer = await last();
        assert.match(JSON.stringify(answer.last?.records), /"outcome":"updated".*xxx/);
        assert.ok(JSON.stringify(answer).length < 10_000);
        assert.ok(!JSON.stringify(answer).includes("permissions"));
      },
      { modules: [sidebar] },
    ));

  it("says that a node is not deployed", () =>
    withDelete({}, async () => {
      for (const id of ["unknown", "connection", "out0"]) {
        const { error, statusCode } = await last(id);
        assert.deepEqual([error?.code, statusCode], ["not-deployed", 404]);
      }
    }));
});

/** A subflow with a connection and a node that deletes, and two instances of it: "node" and "second". */
async function withSubflow(
  work: (
    fixture: Fixture & { runtime: Runtime; sendTo(instance: string, payload: unknown): Promise<void> },
  ) => Promise<void>,
): Promise<void> {
  const fixture = await startFixture();
  const remove = {
    id: "delete",
    type: "influxdb-delete-authorization",
    connection: "inner",
    confirmed: true,
  };
  const runtime = await startRuntime(
    "subflow:sf",
    {},
    fixture.connectionTo("oss", { id: "inner", z: "sf" }),
    {
      modules: [sidebar],
      nodes: [...subflowOf(remove), onTab({ id: "second", type: "subflow:sf", wires: [["out0"]] })],
    },
  );
  try {
    await work({
      ...fixture,
      runtime,
      async sendTo(instance, payload) {
        const reported = runtime.next("out0");
        runtime.inject({ payload }, instance);
        await reported;
      },
    });
  } finally {
    await runtime.close();
    await fixture.close();
  }
}
