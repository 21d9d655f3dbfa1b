import assert from "node:assert/strict";
import type { LastAnswer, LookupAnswer, PreviewAnswer, TokensAnswer } from "../../nodes/admin/answers.js";
import sidebar from "../../nodes/sidebar/sidebar.js";
import { startInfluxdb3, type Influxdb3Options, type Influxdb3Simulator } from "../../simulator/influxdb3.js";
import { ask, post } from "../helpers/admin.js";
import { startRuntime, type Properties, type Runtime } from "../helpers/runtime.js";

const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);
const LIST = "influxdb-list-influxdb3-tokens";

/** Names that only differ in what hardly anybody sees, and some that no field takes. */
const ODD = ["CI", "ci", "ci ", " ci", "ci\u200b", "a\nb", "   ", "[old] ci", "x".repeat(5000)];
const TYPEABLE = ["CI", "ci", "ci ", " ci", "ci\u200b", "[old] ci"];

/** A list node (or another) on a connection to an InfluxDB 3, with the sidebar's endpoints. */
async function withServer(
  work: (fixture: Influxdb3Simulator & { runtime: Runtime }) => Promise<void>,
  {
    prepare = () => undefined,
    type = LIST,
    node = {},
    connection = {},
    server: options = {},
  }: {
    prepare?: (server: Influxdb3Simulator) => void;
    type?: string;
    node?: Properties;
    connection?: Properties;
    server?: Influxdb3Options;
  } = {},
): Promise<void> {
  const server = await startInfluxdb3({ operatorToken: `apiv3_${"o".repeat(86)}`, ...options });
  try {
    const { value } = server.world.addToken({ name: "Node-RED" });
    prepare(server);
    const settings = {
      ...{ id: "connection", type: "influxdb-connection", url: server.url, credentials: { token: value } },
      product: options.edition === "Enterprise" ? "influxdb3-enterprise" : "influxdb3-core",
      ...connection,
    };
    const runtime = await startRuntime(type, node, settings, { modules: [sidebar] });
    try {
      await work({ ...server, runtime });
    } finally {
      await runtime.close();
    }
  } finally {
    await server.close();
  }
}

const tokens = (query = "") => ask<TokensAnswer>(`connections/connection/tokens?limit=200&${query}`);
const lookup = (of: string, search = "", limit = 200) =>
  ask<LookupAnswer>(
    `connections/connection/lookup?${new URLSearchParams({ of, search, limit: String(limit) })}`,
  );
const preview = (properties: object) =>
  post<PreviewAnswer>("preview", { type: LIST, connection: "connection", properties });
const idsOf = ({ tokens }: Pick<TokensAnswer, "tokens">) => tokens.map(({ id }) => id);
const valuesOf = ({ entries }: LookupAnswer) => entries.map(({ value }) => value);
const addOdd = ({ world }: Influxdb3Simulator) => {
  for (const name of ODD) world.addToken({ name });
};

describe("the admin endpoints on InfluxDB 3", () => {
  it("show tokens by their names, with their kinds and what is worth a look", () =>
    withServer(
      async () => {
        const answer = await tokens("sort=name");
        assert.partialDeepStrictEqual(answer, { resource: "influxdb3-tokens", total: 6, matching: 6 });
        assert.deepEqual(
          answer.tokens.map(({ id, name, kind, access, marks }) => [id, name, kind, access, marks.join(" ")]),
          [
            ["_admin", "_admin", "operator", "everything", "all-access no-expiry"],
            ["Node-RED", "Node-RED", "admin", "everything", "own all-access no-expiry"],
            ["old", "old", "admin", "everything", "all-access stale no-expiry"],
            ["over", "over", "admin", "everything", "all-access expired"],
            ["soon", "soon", "admin", "everything", "protected all-access"],
            ["Soon", "Soon", "admin", "everything", "all-access"],
          ],
        );
        assert.deepEqual(answer.counts, {
          ...{ own: 1, protected: 1, expired: 1, stale: 1 },
          ...{ "all-access": 6, "no-expiry": 3 },
        });
        assert.ok(answer.tokens.every((row) => !("description" in row) && !row.user && !row.status));
        assert.match(answer.tokens[4]?.expiresAt ?? "", /Z$/);
      },
      {
        connection: { protectedIds: "soon" },
        prepare({ world }) {
          world.addToken({ name: "old", createdAt: inDays(-400) });
          world.addToken({ name: "over", createdAt: inDays(-9), expiry: inDays(-1) });
          world.addToken({ name: "soon", expiry: inDays(3) });
          world.addToken({ name: "Soon", expiry: inDays(30) });
        },
      },
    ));

  const QUERIES: [query: string, names: string[]][] = [
    ["search=SOON&sort=name", ["late, soon", "soon"]],
    ["search=operator", ["_admin"]],
    ["mark=expired", ["over"]],
    ["olderThanDays=5", ["over"]],
    ["sort=kind&descending=1", ["_admin", "Node-RED", "over", "soon", "late, soon"]],
    ["sort=expiresAt", ["over", "soon", "late, soon", "_admin", "Node-RED"]],
  ];
  for (const [query, names] of QUERIES) {
    it(`find for "${query}"`, () =>
      withServer(
        async () => {
          assert.deepEqual(idsOf(await tokens(query)), names);
        },
        {
          prepare({ world }) {
            world.addToken({ name: "over", createdAt: inDays(-9), expiry: inDays(-1) });
            world.addToken({ name: "soon", expiry: inDays(3) });
            world.addToken({ name: "late, soon", expiry: inDays(30) });
          },
        },
      ));
  }

  it("give each name back as it is, and show what cannot be seen in it", () =>
    withServer(
      async () => {
        const { tokens: rows } = await tokens();
        assert.deepEqual(
          rows.slice(2).map(({ id }) => id),
          ODD,
        );
        const names = rows.slice(2).map(({ name }) => name);
        assert.deepEqual(names.slice(0, 8), [
          ...["CI", "ci", '"ci "', '" ci"', '"ci�"', String.raw`"a\nb"`, '"   "', "[old] ci"],
        ]);
        assert.equal(names[8]?.length, 500);
      },
      { prepare: addOdd },
    ));

  it("mark as protected the very names, with the space around them", () =>
    withServer(
      async () => {
        const marked = idsOf(await tokens("mark=protected"));
        assert.deepEqual(marked, ["ci", "ci "]);
      },
      { prepare: addOdd, connection: { protectedIds: "Ci\nci \nx" } },
    ));

  it("offer the names that a field takes, what is so before what begins so", () =>
    withServer(
      async () => {
        const all = valuesOf(await lookup("id"));
        assert.deepEqual(all.toSorted(), [...TYPEABLE, "Node-RED", "_admin"].toSorted());
        for (const name of TYPEABLE) {
          const { entries } = await lookup("id", name, 1);
          assert.deepEqual(
            entries.map(({ value, detail }) => [value, detail]),
            [[name, "admin"]],
          );
        }
        assert.deepEqual((await lookup("id", "_adm")).entries, [
          { value: "_admin", label: "_admin", detail: "operator" },
        ]);
        assert.equal((await lookup("id", "ci ", 1)).entries[0]?.label, '"ci "');
        // What others are looked up by, these do not have.
        assert.deepEqual(valuesOf(await lookup("description")), []);
        assert.deepEqual(valuesOf(await lookup("user")), []);
      },
      {
        prepare(server) {
          addOdd(server);
          server.world.addToken({ name: "${HOME}" });
        },
      },
    ));

  it("offer databases, and say what a resource token may do", () =>
    withServer(
      async () => {
        assert.deepEqual(valuesOf(await lookup("database")), ["_internal", "energy", "factory", "gone"]);
        const { entries } = await lookup("id", "grafana");
        assert.deepEqual(entries, [
          { value: "grafana", label: "grafana", detail: "resource, read: energy and gone" },
        ]);
        const [row] = (await tokens("search=grafana")).tokens;
        assert.deepEqual([row?.kind, row?.access], ["resource", "read: energy and gone"]);
      },
      {
        server: { edition: "Enterprise" },
        prepare({ world }) {
          world.addDatabase("factory");
          world.addDatabase("energy");
          world.addToken({ name: "grafana", permissions: ["db:energy,gone:read"] });
        },
      },
    ));

  it("do not say that a token may do nothing where its rights are not known", () =>
    withServer(
      async () => {
        const [row] = (await tokens("search=future")).tokens;
        assert.deepEqual([row?.kind, row?.access, row?.marks], ["resource", undefined, ["no-expiry"]]);
      },
      {
        server: { edition: "Enterprise" },
        prepare: ({ world }) => void world.addToken({ name: "future", permissions: ["table:a.b:read"] }),
      },
    ));

  const PREVIEWS: Properties[] = [
    { everyToken: true },
    { tokenName: "ci ", tokenNameType: "str" },
    { nameContains: "i ", nameContainsType: "str" },
    { state: "expired", stateType: "str" },
    { kind: "operator", kindType: "str" },
    { createdBefore: "1d", createdBeforeType: "str", expiresWithin: "7d", expiresWithinType: "str" },
  ];
  for (const properties of PREVIEWS) {
    it(`preview what the node finds with ${JSON.stringify(properties)}`, () =>
      withServer(
        async ({ runtime }) => {
          const { payload } = await runtime.send({});
          const wanted = (payload as { id: string }[]).map(({ id }) => id);
          const found = await preview(properties);
          assert.partialDeepStrictEqual(found, { total: 13, matching: wanted.length, unknown: [] });
          assert.ok(wanted.length > 0);
          assert.deepEqual(idsOf(found), wanted);
          // The first that the node would send.
          assert.ok(wanted.includes(found.oldest?.id ?? ""));
        },
        {
          node: properties,
          prepare(server) {
            addOdd(server);
            server.world.addToken({ name: "over", createdAt: inDays(-9), expiry: inDays(-1) });
            server.world.addToken({ name: "soon", createdAt: inDays(-2), expiry: inDays(3) });
          },
        },
      ));
  }

  it("tell what the last message did by name", () =>
    withServer(
      async ({ runtime }) => {
        await runtime.send({ payload: ["ci ", "_admin"] });
        const { last } = await ask<LastAnswer>("nodes/node/last");
        assert.partialDeepStrictEqual(last, {
          counts: { deleted: 1, failed: 1 },
          records: [
            { id: "ci ", outcome: "deleted", token: {} },
            { id: "_admin", outcome: "failed", error: { code: "protected" } },
          ],
        });
      },
      {
        ...{ type: "influxdb-delete-influxdb3-token", node: { confirmed: true, ifSomeFail: "report" } },
        prepare: addOdd,
      },
    ));

  it("hold no token value, whatever the server puts where", () =>
    withServer(
      async ({ world }) => {
        const answers = [await tokens(), await lookup("id"), await preview({ everyToken: true })];
        const text = JSON.stringify(answers);
        for (const { value } of world.tokens.values()) assert.ok(!text.includes(value));
        assert.match(text, /I hold …/);
      },
      {
        prepare({ world }) {
          world.addToken({ name: `I hold ${world.tokens.get("Node-RED")!.value}` });
        },
      },
    ));
});
