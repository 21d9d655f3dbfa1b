import assert from "node:assert/strict";
import { inspect } from "node:util";
import { createHttp, type Http } from "../../../src/http/client.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { authorizations, type Authorizations } from "../../../src/tokens/authorizations.js";
import { databaseTokens } from "../../../src/tokens/database-tokens.js";
import { managementTokens } from "../../../src/tokens/management-tokens.js";
import type { NewAuthorization, NewDatabaseToken, Permission } from "../../../src/tokens/wanted.js";
import { TOKEN_MARK } from "../../../simulator/ids.js";
import { Clusters, type Cluster } from "../../../simulator/clusters.js";
import { startSimulator, type Fault, type Simulator } from "../../../simulator/server.js";

describe("a new token", () => {
  let simulator: Simulator;
  let clusters: Clusters;
  let cluster: Cluster;
  let https: Http[];

  const connect = (scheme: "Token" | "Bearer", token: string) => {
    const http = createHttp({
      url: new URL(simulator.url),
      authorization: { scheme, token: fixedToken(new Secret(token)) },
      ...{ timeoutSeconds: 5, retries: 1, parallel: 4 },
    });
    https.push(http);
    return http;
  };

  beforeEach(async () => {
    clusters = new Clusters();
    cluster = clusters.addCluster({ product: "dedicated" });
    simulator = await startSimulator({ clusters });
    https = [];
  });
  afterEach(async () => {
    await Promise.all(https.map((http) => http.close()));
    await simulator.close();
  });

  /** An answer of the server's own with some fields changed. */
  const changed = (change: (answer: Record<string, unknown>) => object, method = "POST"): Fault => ({
    method,
    raw: (socket, answer) => {
      const [head = "", body = ""] = answer.toString().split("\r\n\r\n");
      const text = JSON.stringify(change(JSON.parse(body) as Record<string, unknown>));
      const length = `content-length: ${Buffer.byteLength(text)}`;
      socket.end(`${head.replace(/content-length: \d+/i, length)}\r\n\r\n${text}`);
    },
  });

  describe("of /api/v2/authorizations", () => {
    let orgID: string;
    let wanted: NewAuthorization;

    const open = (token = simulator.world.operator.token): Authorizations =>
      authorizations.open(
        { http: connect("Token", token), own: { value: new Secret(token), findsByValue: false } },
        {},
      );
    const allow = (type: string): Permission => ({ action: "read", resource: { type, orgID } });

    beforeEach(() => {
      orgID = simulator.world.orgNamed("home").id;
      wanted = { description: "for the pumps", orgID, permissions: [allow("buckets"), allow("tasks")] };
    });

    it("is made inactive, is switched on and off again, and belongs to whom it should", async () => {
      const { world } = simulator;
      const user = world.addUser("pumps");
      const tokens = open();
      const { token, value, attempts } = await tokens.make({ ...wanted, userID: user.id.toUpperCase() });
      const real = world.authorizations.get(token.id)!;
      assert.equal(value.reveal(), real.token);
      assert.deepEqual([real.status, real.userID, real.orgID, attempts], ["inactive", user.id, orgID, 1]);
      assert.partialDeepStrictEqual(token, {
        description: "for the pumps",
        status: "inactive",
        user: "pumps",
      });
      await tokens.switchOn(token.id, { ...wanted, description: "ready" });
      assert.deepEqual([real.status, real.description], ["active", "ready"]);
      await tokens.switchOff(token.id, "off again");
      assert.deepEqual([real.status, real.description], ["inactive", "off again"]);
    });

    it("is of the connection's own user unless it is said otherwise", async () => {
      const { token } = await open().make(wanted);
      assert.equal(token.user, "admin");
    });

    it("is like another: its user, organization and permissions, without the names that the server adds", async () => {
      const { world } = simulator;
      const { id } = world.addBucket("pumps");
      const permissions = [{ action: "write" as const, resource: { type: "buckets", id, orgID } }];
      const user = world.addUser("pumps");
      const like = world.addAuthorization({ user, permissions, description: "one" });
      const tokens = open();
      const twin = authorizations.twinOf((await tokens.get(like.id)).token!, "two");
      assert.deepEqual(twin, { description: "two", orgID, userID: user.id, permissions });
      const { token } = await tokens.make(twin);
      assert.deepEqual(world.authorizations.get(token.id)!.permissions, permissions);
    });

    it("is not like another of which the server does not show enough, or without a description", () => {
      const { userID, permissions } = simulator.world.operator;
      const twin = (token: object, description = "two") => authorizations.twinOf({ ...token }, description);
      for (const token of [
        { orgID, permissions },
        { userID, permissions },
        { orgID, userID },
        { orgID, userID, permissions: [] },
        { orgID, userID, permissions: [{ action: "read", resource: { type: "buckets", zone: "north" } }] },
      ])
        assert.throws(() => twin(token), { code: "bad-response", words: "nothing to copy" });
      assert.throws(() => twin({ orgID, userID, permissions }, " "), { code: "invalid-config" });
    });

    it("is not asked for if it cannot be", async () => {
      const wrong: [Partial<NewAuthorization>, RegExp][] = [
        [{ description: " " }, /description: it is empty/],
        [{ description: "half \ud800" }, /description: .* cannot be sent/],
        [{ orgID: "home" }, /orgID: expected 16 hexadecimal digits/],
        [{ userID: "admin" }, /userID: expected 16/],
        [{ permissions: [] }, /there are no permissions/],
        [{ permissions: [allow("buckets"), allow("")] }, /permission 2, resource\.type/],
      ];
      for (const [change, message] of wrong)
        await assert.rejects(open().make({ ...wanted, ...change }), { code: "invalid-config", message });
      assert.equal(simulator.requests.length, 0);
    });

    it("is refused in words that say what the connection lacks, or what is not there", async () => {
      const { world } = simulator;
      const with_ = (...permissions: string[]) => open(world.addAuthorization({ permissions }).token);
      await assert.rejects(with_("write:authorizations", "write:users").make(wanted), {
        code: "forbidden",
        words: "cannot grant",
        fatal: false,
        message: new RegExp(`cannot grant read:orgs/${orgID}/buckets,`),
      });
      await assert.rejects(with_("read:users").make(wanted), {
        code: "unauthorized",
        words: "no permission",
        message: new RegExp(`write:orgs/${orgID}/authorizations`),
      });
      const nobody = "0aaaaaaaaaaaaaaa";
      await assert.rejects(open().make({ ...wanted, userID: nobody }), {
        code: "not-found",
        words: "no such org or user",
      });
      const other = { action: "read" as const, resource: { type: "buckets", orgID: nobody } };
      await assert.rejects(open().make({ ...wanted, permissions: [other] }), {
        code: "invalid-config",
        message: /is not for org id/,
      });
      await assert.rejects(open().make({ ...wanted, permissions: [allow("cakes")] }), {
        code: "invalid-config",
        message: /unknown resource type/,
      });
    });

    it("is asked for once, but for a request that was refused as one too many", async () => {
      simulator.faults.push({ method: "POST", status: 429, headers: { "retry-after": "0" } });
      assert.equal((await open().make(wanted)).attempts, 2);
      simulator.faults.push({ method: "POST", status: 503 });
      await assert.rejects(open().make(wanted), { code: "unavailable" });
      assert.equal(simulator.requests.length, 3);
    });

    const OTHERS: Record<string, object> = {
      description: { description: "another" },
      orgID: { orgID: "0aaaaaaaaaaaaaaa" },
      status: { status: "active" },
      "fewer permissions": { permissions: [] },
      "more permissions": {
        permissions: ["buckets", "tasks", "users"].map((type) => ({ action: "read", resource: { type } })),
      },
    };
    for (const [what, other] of Object.entries(OTHERS)) {
      it(`is not taken for what was asked for if it is shown with another: ${what}`, async () => {
        simulator.faults.push(changed((answer) => ({ ...answer, ...other })));
        const id = () => [...simulator.world.authorizations.keys()].at(-1);
        await assert.rejects(open().make(wanted), (error: Error & { code: string }) => {
          assert.equal(error.code, "not-applied");
          assert.ok(error.message.includes(`new authorization ${id()}.`), error.message);
          return true;
        });
      });
    }

    it("shows its value nowhere else, whatever the answer says", async () => {
      let secret = "";
      simulator.faults.push(
        changed(({ token, ...answer }) => {
          secret = String(token);
          return { ...answer, token, user: token, org: `of ${token}`, jwt: token, links: { self: token } };
        }),
      );
      const { token, value } = await open().make(wanted);
      assert.equal(value.reveal(), secret);
      assert.ok(!inspect({ token, value }, { depth: Infinity, showHidden: true }).includes(secret));
      simulator.faults.push(changed(({ token, ...answer }) => ({ ...answer, token, id: token })));
      await assert.rejects(open().make(wanted), (error: Error & { code: string }) => {
        assert.equal(error.code, "bad-response");
        assert.ok(!inspect(error, { depth: Infinity, showHidden: true }).includes(TOKEN_MARK));
        return true;
      });
    });

    it("shows its value nowhere when it is switched on, whatever the answer says", async () => {
      const tokens = open();
      const { token, value } = await tokens.make(wanted);
      simulator.faults.push(changed((answer) => ({ ...answer, user: value.reveal() }), "PATCH"));
      const on = await tokens.switchOn(token.id, wanted);
      assert.ok(!inspect(on, { depth: 9 }).includes(value.reveal()));
      const body = JSON.stringify({ code: "internal error", message: `of ${value.reveal()}` });
      simulator.faults.push({ method: "PATCH", status: 500, body, times: 2 });
      const error: unknown = await tokens.switchOn(token.id, wanted).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof Error);
      assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(value.reveal()));
    });

    it("without its value is an error", async () => {
      for (const token of ["", "redacted", undefined, 5, "two words of a longer text that is none"]) {
        simulator.faults.push(changed((answer) => ({ ...answer, token })));
        await assert.rejects(open().make(wanted), {
          code: "bad-response",
          message: /does not show the value/,
        });
      }
    });
  });

  describe("of a cluster", () => {
    const permissions: NewDatabaseToken["permissions"] = [
      { action: "read", resource: "sensors" },
      { action: "write", resource: "*" },
    ];
    const wanted = { description: "for the pumps", permissions, expiresAt: "2099-01-01T00:00:00.000+01:00" };

    const open = () => {
      const { token } = clusters.addManagementToken(cluster, { description: "own" });
      const place = { accountId: cluster.accountId, clusterId: cluster.id };
      return databaseTokens.open({ http: connect("Bearer", token), cluster: place }, {});
    };

    it("is made without permissions, is given them, and loses them again", async () => {
      const tokens = open();
      const { token, value } = await tokens.make(wanted);
      const real = clusters.databaseTokens.get(token.id)!;
      assert.equal(value.reveal(), real.accessToken);
      assert.deepEqual([real.permissions, token.permissions], [[], []]);
      assert.equal(real.expiresAt?.toISOString(), "2098-12-31T23:00:00.000Z");
      assert.match(simulator.requests[0]!.body, /"expiresAt":"2098-12-31T23:00:00Z"/);
      assert.ok(!inspect({ token, value }, { depth: Infinity }).includes(real.accessToken));
      await tokens.switchOn(token.id, { ...wanted, description: "ready" });
      assert.deepEqual([real.permissions, real.description], [permissions, "ready"]);
      await tokens.switchOff(token.id, "off again");
      assert.deepEqual([real.permissions, real.description], [[], "off again"]);
    });

    it("is like another that has permissions", async () => {
      const like = clusters.addDatabaseToken(cluster, { description: "one", permissions: [...permissions] });
      const shown = (await open().get(like.id)).token!;
      assert.deepEqual(databaseTokens.twinOf(shown, "two"), { description: "two", permissions });
      for (const token of [{}, { permissions: [] }, { permissions: [{ action: "own", resource: "*" }] }])
        assert.throws(() => databaseTokens.twinOf(token, "two"), { code: "bad-response" });
    });

    it("is not asked for if it cannot be", async () => {
      const wrong: [Partial<NewDatabaseToken>, RegExp][] = [
        [{ description: "" }, /description: it is empty/],
        [{ permissions: [{ action: "read", resource: "x".repeat(65) }] }, /permission 1, resource: /],
        [{ expiresAt: "2020-01-01T00:00:00Z" }, /expiresAt: it is in the past/],
        [{ expiresAt: "2099-01-01T00:00:00.5Z" }, /expiresAt: expected whole seconds/],
        [{ expiresAt: "2099-01-01" }, /expiresAt: expected a time of RFC 3339/],
      ];
      for (const [change, message] of wrong)
        await assert.rejects(open().make({ ...wanted, ...change }), { code: "invalid-config", message });
      assert.equal(simulator.requests.length, 0);
    });

    it("is not taken for what was asked for if it is shown as another", async () => {
      for (const other of [
        { description: "another" },
        { permissions },
        { expiresAt: "2099-01-01T00:00:00Z" },
        { expiresAt: undefined },
      ]) {
        simulator.faults.push(changed((answer) => ({ ...answer, ...other })));
        await assert.rejects(open().make(wanted), (error: Error & { code: string }) => {
          const id = [...clusters.databaseTokens.keys()].at(-1);
          assert.equal(error.code, "not-applied");
          assert.ok(error.message.includes(`new database token ${id}.`), error.message);
          return true;
        });
      }
    });

    it("can be changed: its description or its permissions, and nothing else", async () => {
      const { id } = clusters.addDatabaseToken(cluster, {
        description: "one",
        permissions: [...permissions],
      });
      const tokens = open();
      const real = clusters.databaseTokens.get(id)!;
      const { token } = await tokens.update(id, { description: "two" });
      assert.deepEqual([real.description, real.permissions, token?.description], ["two", permissions, "two"]);
      await tokens.update(id, { permissions: [] });
      assert.deepEqual([real.description, real.permissions], ["two", []]);
      await tokens.update(id, { permissions: permissions.toReversed() });
      assert.equal(real.permissions.length, 2);
      for (const body of [
        { ...real, permissions: [] },
        { ...real, description: "three" },
      ]) {
        simulator.faults.push({ method: "PATCH", status: 200, body: JSON.stringify(body) });
        const change = { permissions, description: "two" };
        await assert.rejects(tokens.update(id, change), { code: "not-applied" });
      }
      real.revokedAt = new Date();
      await assert.rejects(tokens.update(id, { description: "four" }), { code: "not-found" });
      clusters.databaseTokens.delete(id);
      await assert.rejects(tokens.update(id, { description: "four" }), { code: "not-found" });
    });

    it("of management is like another in all but its description", () => {
      assert.deepEqual(managementTokens.twinOf({ expiresAt: "2099-01-01T00:00:00Z" }, "two"), {
        description: "two",
      });
    });
  });
});
