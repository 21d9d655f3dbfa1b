import assert from "node:assert/strict";
import { inspect } from "node:util";
import { productOf, type Product, type ResourceName } from "../../../src/products.js";
import { createHttp } from "../../../src/http/client.js";
import { createInfluxctl } from "../../../src/influxctl/influxctl.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import type { Liveness, Resource, Wires } from "../../../src/tokens/resource.js";
import { RESOURCES } from "../../../src/tokens/resources.js";
import { startFixture, type Fixture, type FixtureOptions } from "../../../simulator/fixture.js";
import { TOKEN_MARK } from "../../../simulator/ids.js";
import { closing } from "../../helpers/closing.js";

/** What servers make of the values of tokens. */
describe("the check of a token", () => {
  const also = closing(afterEach);

  /** Checks values on a server, as a connection with a token does. */
  async function start(product: Product, options: FixtureOptions = {}) {
    const fixture = await also(startFixture(options));
    const { simulator } = fixture;
    const { resources, scheme, findsByValue = false } = productOf(product);
    const { cluster, own: management } = fixture.clusterOf(product);
    const isV2 = resources.includes("authorizations");
    function checkWith(token: string) {
      const own = new Secret(token);
      const http = createHttp({
        url: new URL(simulator.url),
        authorization: { scheme, token: fixedToken(own) },
        ...{ timeoutSeconds: 5, retries: 0, parallel: 2 },
      });
      closers.push(() => http.close());
      const influxctl = createInfluxctl({
        command: `${fixture.folder}/influxctl`,
        ...{ timeoutSeconds: 2, parallel: 2, userFolder: fixture.folder },
        profile: {
          product: "dedicated",
          accountId: cluster.accountId,
          clusterId: cluster.id,
        },
        token: fixedToken(own),
      });
      const wires: Wires = {
        http,
        dataPlane: () => http,
        influxctl: () => influxctl,
        own: { value: own, findsByValue },
        cluster: { accountId: cluster.accountId, clusterId: cluster.id },
      };
      return async (value: string, name: ResourceName = "authorizations"): Promise<Liveness> => {
        const { check }: Resource = RESOURCES[name];
        try {
          const liveness = await check(wires, new Secret(value), {});
          assert.ok(!inspect(liveness, { depth: 9, showHidden: true }).includes(value), "the value is told");
          return liveness;
        } catch (error) {
          const told = inspect(error, { depth: 9, showHidden: true });
          assert.ok(!told.includes(value) && !told.includes(TOKEN_MARK), "the value is told");
          throw error;
        }
      };
    }
    const check = checkWith(isV2 ? simulator.world.operator.token : management.token);
    return { ...fixture, cluster, management, checkWith, check };
  }
  const closers: (() => Promise<void>)[] = [];
  afterEach(() => Promise.all(closers.splice(0).map((close) => close())));

  type Started = Awaited<ReturnType<typeof start>>;
  const addUser = ({ simulator: { world } }: Fixture, permissions: string[], more: object = {}) => {
    const user = world.addUser("someone");
    return { user, token: world.addAuthorization({ user, permissions, description: "leaked", ...more }) };
  };

  describe("of an API token", () => {
    it("tells the user of one that works, and the token where the server shows values", async () => {
      for (const tokens of ["clear", "hashed"] as const) {
        const fixture = await start("oss", { tokens });
        for (const [permissions, name] of [
          [["read:users"], "someone"],
          [["read:buckets"], undefined],
        ] as const) {
          const { user, token } = addUser(fixture, [...permissions]);
          const { works, state, user: told, token: found } = await fixture.check(token.token);
          assert.deepEqual([works, state, told?.id], [true, "active", user.id]);
          assert.equal(told?.name, tokens === "clear" ? "someone" : name);
          assert.equal(found?.id, tokens === "clear" ? token.id : undefined);
          fixture.simulator.world.deleteUser(fixture.simulator.world.operator, user.id);
        }
      }
    });

    it("tells one that is inactive, of an inactive or deleted user, deleted, or made up", async () => {
      const fixture = await start("oss", { tokens: "clear" });
      const { world } = fixture.simulator;
      const stateOf = async ({ token }: { token: string }) => {
        const { works, state } = await fixture.check(token);
        assert.equal(works, false);
        return state;
      };
      const { user, token } = addUser(fixture, ["read:users"], { status: "inactive" });
      assert.deepEqual(await fixture.check(token.token), {
        ...{ works: false, state: "inactive", user: { id: user.id, name: "someone" } },
        token: (await fixture.check(token.token)).token,
      });
      user.status = "inactive";
      assert.equal(await stateOf(token), "user-inactive");
      world.deleteUser(world.operator, user.id);
      assert.equal(await stateOf(token), "user-inactive");
      world.deleteAuthorization(world.operator, token.id);
      assert.equal(await stateOf(token), "not-accepted");
      assert.equal(await stateOf({ token: "never-a-token" }), "not-accepted");
    });

    it("finds it by the server's filter on Cloud, also one that is inactive", async () => {
      const fixture = await start("cloud", { tokens: "redacted" });
      const { token } = addUser(fixture, ["read:users"]);
      assert.equal((await fixture.check(token.token)).token?.id, token.id);
      token.status = "inactive";
      // What Cloud answers to an inactive one is not documented.
      fixture.simulator.faults.push({
        status: 401,
        body: JSON.stringify({ code: "unauthorized", message: "unauthorized access" }),
      });
      const { works, state, token: found } = await fixture.check(token.token);
      assert.deepEqual([works, state, found?.id], [false, "inactive", token.id]);
    });

    it("tells that it works where the connection's own token may not look, or is dead itself", async () => {
      const fixture = await start("oss", { tokens: "clear" });
      const { token } = addUser(fixture, ["read:users"]);
      for (const own of [fixture.simulator.world.addAuthorization({}).token, "revoked-long-ago"]) {
        const { works, token: found } = await fixture.checkWith(own)(token.token);
        assert.deepEqual([works, found], [true, undefined]);
      }
    });

    const page = "<html>Log in</html>";
    for (const [what, fault, code] of [
      ["a login page", { status: 200, body: page }, "bad-response"],
      ["another object", { status: 200, body: '{"id":7}' }, "bad-response"],
      ["a redirection", { status: 302, headers: { location: "/login" } }, "bad-response"],
      ["401 of a proxy", { status: 401, body: page }, "unauthorized"],
      ["403 of a proxy", { status: 403, body: page }, "forbidden"],
      [
        "401 of another API",
        { status: 401, body: '{"code":401,"message":"unauthorized access"}' },
        "unauthorized",
      ],
      ["401 in new words", { status: 401, body: '{"code":"unauthorized","message":"no"}' }, "bad-response"],
      ["403 in new words", { status: 403, body: '{"code":"forbidden","message":"no"}' }, "bad-response"],
      ["404", { status: 404, body: '{"code":"not found","message":"path not found"}' }, "bad-response"],
      ["429", { status: 429 }, "rate-limited"],
      ["503", { status: 503 }, "unavailable"],
      ["a lost connection", { drop: "before" }, "network"],
    ] as const) {
      it(`takes ${what} for neither`, async () => {
        const fixture = await start("oss");
        fixture.simulator.faults.push({ path: "/api/v2/me", ...fault });
        await assert.rejects(fixture.check("a-leaked-value"), { code });
      });
    }
  });

  describe("of a database token", () => {
    const add = ({ clusters, cluster }: Started, permissions: [action: string, resource: string][]) =>
      clusters.addDatabaseToken(cluster, {
        description: "someone",
        permissions: permissions.map(([action, resource]) => ({ action, resource })),
      });
    const rights: [string, string][][] = [[["read", "home"]], [["read", "*"]], [["write", "home"]], []];

    it("tells those that are accepted, whatever their rights, from those that are not", async () => {
      const fixture = await start("cloud-dedicated");
      for (const each of rights) {
        const { id, accessToken } = add(fixture, each);
        assert.deepEqual(await fixture.check(accessToken, "database-tokens"), {
          works: true,
          state: "active",
        });
        fixture.clusters.deleteDatabaseToken(fixture.cluster, id, true);
        const dead = await fixture.check(accessToken, "database-tokens");
        assert.deepEqual(dead, { works: false, state: "not-accepted" });
      }
    });

    it("does not say dead where the cluster refuses all alike", async () => {
      const fixture = await start("cloud-dedicated", { unknownToken: 403 });
      const [reader, everywhere, ...others] = rights.map((each) => add(fixture, each));
      for (const { accessToken } of [reader!, everywhere!])
        assert.equal((await fixture.check(accessToken, "database-tokens")).works, true);
      for (const value of [...others.map(({ accessToken }) => accessToken), "apiv1_nobody"])
        await assert.rejects(fixture.check(value, "database-tokens"), { code: "forbidden" });
    });

    it("only reads, and sends the management token nowhere but to the Management API", async () => {
      const fixture = await start("cloud-dedicated");
      const { accessToken } = add(fixture, [["read", "home"]]);
      await fixture.check(accessToken, "database-tokens");
      const queries = fixture.simulator.requests.filter(({ path }) => path.startsWith("/query"));
      assert.equal(queries.length, 2);
      for (const { method, path, headers } of queries) {
        assert.equal(method, "GET");
        assert.match(path, /^\/query\?db=home&q=SHOW\+MEASUREMENTS\+LIMIT\+1$/);
        assert.doesNotMatch(String(headers.authorization), /M\.V1\./);
      }
    });

    const page = "<html>Log in</html>";
    const wrong: [what: string, faults: { status: number; body?: string }[], code: string][] = [
      ["a login page for all", [{ status: 200, body: page }], "bad-response"],
      ["401 of a proxy for all", [{ status: 401, body: page }], "unauthorized"],
      ["results for all", [{ status: 200, body: '{"results":[]}' }], "bad-response"],
      ["a login page after a refusal", [refusal(), { status: 200, body: page }], "bad-response"],
      ["503 after a refusal", [refusal(), { status: 503 }], "unavailable"],
      ["401 of a proxy after a refusal", [refusal(), { status: 401, body: page }], "unauthorized"],
      ["404 of a proxy after a refusal", [refusal(), { status: 404, body: page }], "bad-response"],
    ];
    for (const [what, faults, code] of wrong) {
      it(`takes ${what} for neither`, async () => {
        const fixture = await start("cloud-dedicated");
        fixture.simulator.faults.push(...faults.map((fault) => ({ path: /^\/query/, ...fault })));
        await assert.rejects(fixture.check("apiv1_leaked", "database-tokens"), { code });
      });
    }

    it("understands the errors of InfluxDB 1", async () => {
      const fixture = await start("clustered");
      const refused = { path: /^\/query/, status: 401, body: '{"error":"unauthorized"}' };
      fixture.simulator.faults.push({ ...refused, times: 2 });
      assert.equal((await fixture.check("apiv1_leaked", "database-tokens")).state, "not-accepted");
    });
  });

  describe("of a management token", () => {
    const checkManagement = (fixture: Started, value: string) => fixture.check(value, "management-tokens");

    it("tells one that works, and which it is", async () => {
      const fixture = await start("cloud-dedicated");
      const other = fixture.clusters.addManagementToken(fixture.cluster, { description: "other" });
      const { works, state, token } = await checkManagement(fixture, other.token);
      assert.deepEqual([works, state, token?.id], [true, "active", other.id]);
    });

    it("tells one that does not, and by the connection's own list which it is", async () => {
      const fixture = await start("cloud-dedicated");
      const other = fixture.clusters.addManagementToken(fixture.cluster, {
        ...{ description: "other", revokedAt: new Date() },
      });
      const { works, state, token } = await checkManagement(fixture, other.token);
      assert.deepEqual([works, state, token?.id, token?.state], [false, "not-accepted", other.id, "revoked"]);
      const unknown = await fixture.checkWith("M.V1.revoked")("M.V1.nobody-knows-it", "management-tokens");
      assert.deepEqual(unknown, { works: false, state: "not-accepted" });
    });

    for (const [what, influxctl, code] of [
      ["what may not list", { refuse: "rpc error: code = PermissionDenied desc = no" }, "forbidden"],
      ["a network that is down", { refuse: "dial tcp: connection refused" }, "network"],
      ["a table", { tableOnly: true }, "influxctl-failed"],
      ["a value that is echoed", { echoToken: true }, "influxctl-failed"],
    ] as const) {
      it(`takes ${what} for neither`, async () => {
        const fixture = await start("cloud-dedicated", { influxctl });
        const other = fixture.clusters.addManagementToken(fixture.cluster, { description: "other" });
        await assert.rejects(checkManagement(fixture, other.token), { code });
      });
    }
  });
});

function refusal() {
  return { status: 401, body: JSON.stringify({ code: "unauthorized", message: "unauthorized" }) };
}
