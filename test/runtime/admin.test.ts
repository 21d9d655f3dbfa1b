import assert from "node:assert/strict";
import type { LastAnswer, LookupAnswer, PreviewAnswer, TokensAnswer } from "../../nodes/admin/answers.js";
import sidebar from "../../nodes/sidebar/sidebar.js";
import { populate } from "../../simulator/population.js";
import { ask, post } from "../helpers/admin.js";
import { withNode, type NodeFixture } from "../helpers/fixture.js";

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
const namesOf = ({ tokens }: { tokens: { description: string }[] }) =>
  tokens.map(({ description }) => description);

describe("the admin endpoint of tokens", () => {
  it("gives a page, narrowed and in order, and counts all", () =>
    withPopulation(async () => {
      const page = await tokens("search=TELEGRAF&sort=description&descending=1&offset=1&limit=2");
      assert.partialDeepStrictEqual(page, { resource: "authorizations", total: 25, matching: 7 });
      assert.deepEqual(namesOf(page), ["Telegraf: press 2", "Telegraf: press 1"]);
      assert.deepEqual(page.counts, {
        ...{ "maybe-own": 8, "all-access": 1, stale: 8 },
        ...{ active: 22, inactive: 3 },
      });
    }));
});

describe("the admin endpoint of look-ups", () => {
  it("offers what tokens name, and what begins so first", () =>
    withPopulation(async () => {
      const users = await lookup("of=user");
      assert.deepEqual(
        users.entries.map(({ value, detail }) => `${value}: ${detail}`),
        [
          ...["admin: 8 tokens", "ci: 4 tokens", "contractor: 2 tokens"],
          ...["grafana: 3 tokens", "user1: 5 tokens", "user2: 3 tokens"],
        ],
      );
      const { matching, entries } = await lookup("of=id&search=c&limit=2");
      assert.ok(matching > 10);
      assert.deepEqual(
        entries.map(({ label, detail }) => `${label}: ${detail}`),
        ["CI: integration tests: active, of ci", "CI: nightly backup: active, of ci"],
      );
    }));
});

describe("the admin endpoint of previews", () => {
  it("finds what the node would, as far as its values are typed in", () =>
    withPopulation(async () => {
      const properties = { user: "ci", userType: "str", org: "org", orgType: "msg" };
      const found = await preview(properties);
      assert.partialDeepStrictEqual(found, { total: 25, matching: 4, unknown: ["org"] });
      assert.equal(found.oldest?.description, "CI: old runner [disabled by housekeeping 2026-10-17]");
    }));
});

describe("the admin endpoint of what a node did last", () => {
  it("has nothing before the first message", () =>
    withPopulation(
      async () => {
        assert.deepEqual(await ask<LastAnswer>("nodes/node/last"), { statusCode: 200 });
      },
      {},
      "delete-authorization",
    ));

  it("says that a node is not deployed", () =>
    withPopulation(async () => {
      const { error, statusCode } = await ask("nodes/unknown/last");
      assert.deepEqual([error?.code, statusCode], ["not-deployed", 404]);
    }));
});
