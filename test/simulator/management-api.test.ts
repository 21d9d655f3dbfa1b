import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  Clusters,
  type Cluster,
  type DatabaseToken,
  type ManagementToken,
} from "../../simulator/clusters.js";
import { populateCluster } from "../../simulator/population.js";
import { startSimulator, type Simulator, type SimulatorOptions } from "../../simulator/server.js";
import { Answers, type Called } from "../helpers/contracts.js";
import { UUID } from "../helpers/ids.js";

let clusters: Clusters;
let simulator: Simulator;
let contracts: { dedicated: Answers; clustered: Answers };

async function start(options: SimulatorOptions = {}): Promise<void> {
  clusters = new Clusters();
  simulator = await startSimulator({ clusters, ...options });
}

async function request(
  method: string,
  path: string,
  options: { body?: unknown; authorization?: string | undefined } = {},
): Promise<Called> {
  const { body, authorization } = options;
  const response = await fetch(simulator.url + path, {
    method,
    headers: { Accept: "application/json", ...(authorization !== undefined && { authorization }) },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    text: await response.text(),
  };
}

/** A cluster, a way to its database tokens, and a management token of its account. */
class Client {
  constructor(
    private readonly contract: Answers,
    readonly cluster: Cluster,
    readonly path: string,
    readonly caller: ManagementToken = clusters.addManagementToken(cluster, { description: "test" }),
  ) {}

  /** Calls below the path, and checks the answer against the contract. */
  async call(
    method: string,
    { id, body, path = this.path, token = this.caller.token }: CallOptions = {},
  ): Promise<{ status: number; json: unknown }> {
    const full = id === undefined ? path : `${path}/${id}`;
    const called = await request(method, full, { body, authorization: `Bearer ${token}` });
    assert.deepEqual(this.contract.faults(method, full, called), [], `${method} ${full}: ${called.text}`);
    return { status: called.status, json: called.text === "" ? undefined : JSON.parse(called.text) };
  }

  add(wanted: Partial<Parameters<Clusters["addDatabaseToken"]>[1]> = {}): DatabaseToken {
    return clusters.addDatabaseToken(this.cluster, { description: "a token", permissions: [], ...wanted });
  }
}

interface CallOptions {
  id?: string;
  body?: unknown;
  path?: string;
  token?: string;
}

function inCluster({ accountId, id }: Pick<Cluster, "accountId" | "id">): string {
  return `/api/v0/accounts/${accountId}/clusters/${id}/tokens`;
}

const WAYS = {
  "Cloud Dedicated"() {
    const cluster = clusters.addCluster({ product: "dedicated" });
    return new Client(contracts.dedicated, cluster, inCluster(cluster));
  },
  Clustered() {
    const cluster = clusters.addCluster({ product: "clustered" });
    return new Client(contracts.clustered, cluster, "/api/v0/tokens");
  },
  "Clustered, with account and cluster in the path"() {
    const cluster = clusters.addCluster({ product: "clustered" });
    return new Client(contracts.dedicated, cluster, inCluster(cluster));
  },
};

const error = (code: number, message: string) => ({ status: code, json: { code, message } });
const UNAUTHORIZED = error(401, "unauthorized");
const FORBIDDEN = error(403, "forbidden");
const NOT_FOUND = error(404, "not found");
const BAD_REQUEST = error(400, "bad request");

describe("the simulated Management API", () => {
  before(async () => {
    contracts = {
      dedicated: await Answers.of("cloud-dedicated-management", "/api/v0"),
      clustered: await Answers.of("clustered-management", "/api/v0"),
    };
  });
  afterEach(() => simulator.close());

  for (const [name, connect] of Object.entries(WAYS)) {
    describe(`of ${name} answers as the contract says, and`, () => {
      let client: Client;

      beforeEach(async () => {
        await start();
        client = connect();
      });

      /** What is shown of a token; Clustered names no account and no cluster where its path does not. */
      function shown({ accessToken, accountId, clusterId, ...token }: DatabaseToken): unknown {
        const place = client.path === "/api/v0/tokens" ? {} : { accountId, clusterId };
        return JSON.parse(JSON.stringify({ ...place, ...token }));
      }

      it("lists as a bare array, in order of creation", async () => {
        assert.deepEqual(await client.call("GET"), { status: 200, json: [] });
        const added = [
          client.add({ permissions: [{ action: "read", resource: "one" }] }),
          client.add({ expiresAt: new Date("2030-01-02T03:04:05Z") }),
          client.add({ permissions: [{ action: "write", resource: "*" }], revokedAt: new Date() }),
        ];
        assert.deepEqual(await client.call("GET"), { status: 200, json: added.map(shown) });
      });

      it("shows one token, its ID in either case", async () => {
        const token = client.add();
        for (const id of [token.id, token.id.toUpperCase()]) {
          assert.deepEqual(await client.call("GET", { id }), { status: 200, json: shown(token) });
        }
      });

      it("creates a token, and shows it this once", async () => {
        const body = {
          description: "new",
          permissions: [{ action: "read", resource: "one" }],
          expiresAt: "2030-01-01T00:00:00+01:00",
        };
        const { status, json } = await client.call("POST", { body });
        assert.equal(status, 200);
        const { accessToken, ...rest } = json as DatabaseToken;
        const made = clusters.databaseTokens.get(rest.id)!;
        assert.equal(accessToken, made.accessToken);
        assert.deepEqual(rest, shown(made));
        assert.equal(rest.expiresAt, "2029-12-31T23:00:00.000Z");
        assert.deepEqual((await client.call("GET", { id: rest.id })).json, rest);
      });

      it("creates a token that may do nothing and lives for ever, if no more is said", async () => {
        const { json } = await client.call("POST", { body: { description: "" } });
        assert.deepEqual((json as DatabaseToken).permissions, []);
        assert.ok(!("expiresAt" in (json as object)));
      });

      it("changes what is named, and nothing else", async () => {
        const { id } = client.add({ permissions: [{ action: "read", resource: "one" }] });
        await client.call("PATCH", { id, body: { description: "other", expiresAt: "2030-01-01T00:00:00Z" } });
        const { description, permissions, expiresAt } = clusters.databaseTokens.get(id)!;
        assert.deepEqual([description, permissions.length, expiresAt], ["other", 1, undefined]);
        const { json } = await client.call("PATCH", { id, body: { permissions: [] } });
        assert.deepEqual(json, shown(clusters.databaseTokens.get(id)!));
        assert.deepEqual(clusters.databaseTokens.get(id)!.permissions, []);
      });

      it("deletes a token, which is gone then", async () => {
        const { id } = client.add();
        assert.deepEqual(await client.call("DELETE", { id }), { status: 204, json: undefined });
        for (const method of ["DELETE", "GET"])
          assert.deepEqual(await client.call(method, { id }), NOT_FOUND);
        assert.deepEqual(await client.call("PATCH", { id, body: { description: "x" } }), NOT_FOUND);
        assert.equal(clusters.databaseTokens.size, 0);
      });

      it("does not know the tokens of another cluster", async () => {
        const other = clusters.addCluster({ product: "dedicated", accountId: client.cluster.accountId });
        const { id } = clusters.addDatabaseToken(other, { description: "", permissions: [] });
        assert.deepEqual((await client.call("GET")).json, []);
        for (const method of ["DELETE", "GET"])
          assert.deepEqual(await client.call(method, { id }), NOT_FOUND);
        assert.equal(clusters.databaseTokens.size, 1);
      });

      it("takes management tokens only that are known, and neither expired nor revoked", async () => {
        const { id, accessToken } = client.add();
        const past = new Date(Date.now() - 1000);
        const expired = clusters.addManagementToken(client.cluster, { description: "", expiresAt: past });
        const revoked = clusters.addManagementToken(client.cluster, { description: "", revokedAt: past });
        for (const token of ["unknown", accessToken, expired.token, revoked.token]) {
          assert.deepEqual(await client.call("DELETE", { id, token }), UNAUTHORIZED);
          assert.deepEqual(await client.call("GET", { token }), UNAUTHORIZED);
        }
        for (const authorization of [undefined, "", `Token ${client.caller.token}`, client.caller.token]) {
          assert.equal((await request("GET", client.path, { authorization })).status, 401);
        }
        assert.ok(clusters.databaseTokens.has(id));
      });

      it("is closed to management tokens of another account", async () => {
        const { id } = client.add();
        const { token } = clusters.addManagementToken(clusters.addCluster({ product: "dedicated" }), {
          description: "",
        });
        assert.deepEqual(await client.call("GET", { token }), FORBIDDEN);
        assert.deepEqual(await client.call("DELETE", { id, token }), FORBIDDEN);
        assert.deepEqual(await client.call("POST", { token, body: { description: "" } }), FORBIDDEN);
      });

      it("refuses what is no UUID, and bodies that are not as they should be", async () => {
        const { id } = client.add();
        for (const bad of ["1", "0a1b2c3d4e5f6789", `${id}0`, "..%2ftokens"]) {
          for (const method of ["GET", "DELETE"]) {
            assert.deepEqual(await client.call(method, { id: bad }), BAD_REQUEST);
          }
        }
        const permission = { action: "read", resource: "one" };
        const ofNone = ["", "{", "null", "[]", {}, { description: 1 }, { permissions: [permission] }];
        const bodies = [
          { expiresAt: "tomorrow" },
          { permissions: "read" },
          { permissions: [{ action: "read" }] },
          { permissions: [{ ...permission, resource: "" }] },
          { permissions: [{ ...permission, resource: "x".repeat(65) }] },
        ].map((each) => ({ description: "x", ...each }));
        for (const body of [...ofNone, ...bodies]) {
          assert.deepEqual(await client.call("POST", { body }), BAD_REQUEST);
        }
        for (const body of ["", "{", "[]", {}, { description: null }, ...bodies.slice(1)]) {
          assert.deepEqual(await client.call("PATCH", { id, body }), BAD_REQUEST);
        }
        assert.equal(clusters.databaseTokens.size, 1);
      });
    });
  }

  describe("knows", () => {
    beforeEach(() => start());

    it("no account but the caller's own, and no cluster of another", async () => {
      const own = WAYS["Cloud Dedicated"]();
      const other = clusters.addCluster({ product: "dedicated" });
      const path = (accountId: string, id: string) => ({ path: inCluster({ accountId, id }) });
      const { accountId, id } = own.cluster;
      assert.deepEqual(await own.call("GET", path(other.accountId, other.id)), FORBIDDEN);
      assert.deepEqual(await own.call("GET", path(randomUUID(), id)), FORBIDDEN);
      assert.deepEqual(await own.call("GET", path(accountId, other.id)), FORBIDDEN);
      assert.deepEqual(await own.call("GET", path(accountId, randomUUID())), NOT_FOUND);
      assert.deepEqual(await own.call("GET", path("mine", id)), BAD_REQUEST);
      assert.deepEqual(await own.call("GET", path(accountId, "mine")), BAD_REQUEST);
    });

    it("the databases of a cluster, in the form of the documentation", async () => {
      const dedicated = WAYS["Cloud Dedicated"]();
      const clustered = WAYS.Clustered();
      const limits = { maxTables: 500, maxColumnsPerTable: 200, retentionPeriod: 0 };
      const databasesAt = async ({ cluster, path, caller }: Client) => {
        clusters.addDatabase(cluster, "sensors");
        const where = path.replace(/tokens$/, "databases");
        const { status, text } = await request("GET", where, { authorization: `Bearer ${caller.token}` });
        return [status, JSON.parse(text)] as unknown;
      };
      const { id: clusterId, accountId } = dedicated.cluster;
      assert.deepEqual(await databasesAt(dedicated), [
        200,
        [{ accountId, clusterId, name: "sensors", ...limits }],
      ]);
      assert.deepEqual(await databasesAt(clustered), [200, [{ name: "sensors", ...limits }]]);
      assert.equal((await request("GET", "/api/v0/databases")).status, 401);
    });

    it("several clusters of one account", async () => {
      const one = WAYS["Cloud Dedicated"]();
      const cluster = clusters.addCluster({ product: "dedicated", accountId: one.cluster.accountId });
      const two = new Client(contracts.dedicated, cluster, inCluster(cluster), one.caller);
      const added = [one.add(), two.add()];
      const listed = [await one.call("GET"), await two.call("GET")];
      const ids = listed.map(({ json }) => (json as DatabaseToken[]).map(({ id }) => id));
      assert.deepEqual(
        ids,
        added.map(({ id }) => [id]),
      );
    });

    it("the short path only where there is a cluster of Clustered", async () => {
      const { caller } = WAYS["Cloud Dedicated"]();
      const authorization = `Bearer ${caller.token}`;
      assert.equal((await request("GET", "/api/v0/tokens", { authorization })).status, 404);
      WAYS.Clustered();
      assert.equal((await request("GET", "/api/v0/tokens", { authorization })).status, 403);
    });

    it("no other paths and methods, and nobody who may not come in", async () => {
      const { caller, path } = WAYS["Cloud Dedicated"]();
      const authorization = `bearer ${caller.token}`;
      assert.equal((await request("GET", "/api/v0/nothing", { authorization })).status, 404);
      assert.equal((await request("GET", `${path}/`, { authorization })).status, 404);
      assert.equal((await request("PUT", path, { authorization })).status, 405);
      assert.equal((await request("GET", "/api/v0/nothing")).status, 401);
    });
  });

  describe("may answer", () => {
    it("204 to a second delete, but not of what was never there", async () => {
      await start({ secondDelete: 204 });
      const client = WAYS["Cloud Dedicated"]();
      const { id } = client.add();
      for (let i = 0; i < 3; i++) assert.equal((await client.call("DELETE", { id })).status, 204);
      assert.deepEqual(await client.call("GET", { id }), NOT_FOUND);
      assert.deepEqual(await client.call("DELETE", { id: randomUUID() }), NOT_FOUND);
    });

    it("with deleted tokens as revoked ones", async () => {
      await start({ deletedTokens: "revoked" });
      const client = WAYS["Cloud Dedicated"]();
      const { id } = client.add();
      assert.equal((await client.call("DELETE", { id })).status, 204);
      assert.deepEqual(await client.call("DELETE", { id }), NOT_FOUND);
      assert.equal((await client.call("GET", { id })).status, 200);
      const [listed] = (await client.call("GET")).json as DatabaseToken[];
      assert.ok(Math.abs(Date.parse(String(listed!.revokedAt)) - Date.now()) < 60_000);
    });

    it("with faults, as any request", async () => {
      await start();
      const client = WAYS["Cloud Dedicated"]();
      const body = JSON.stringify({ code: 500, message: "internal server error" });
      const headers = { "Content-Type": "application/json" };
      const { id } = client.add();
      simulator.faults.push({ method: "DELETE", path: `${client.path}/${id}`, status: 500, headers, body });
      assert.deepEqual(await client.call("DELETE", { id }), error(500, "internal server error"));
      simulator.faults.push({ method: "DELETE", drop: "after" });
      await assert.rejects(client.call("DELETE", { id }), /fetch failed/);
      await simulator.arrived(2);
      assert.equal(clusters.databaseTokens.size, 0);
      assert.equal(simulator.requests.at(-1)?.headers.authorization, `Bearer ${client.caller.token}`);
    });
  });

  it("is not there without clusters", async () => {
    simulator = await startSimulator();
    assert.equal(simulator.clusters, undefined);
    const authorization = `Token ${simulator.world.operator.token}`;
    const { status, text } = await request("GET", "/api/v0/tokens", { authorization });
    assert.deepEqual([status, text], [404, "no assets included in binary\n"]);
  });

  it("leaves the rest of the server as it is", async () => {
    await start();
    assert.equal(simulator.clusters, clusters);
    const authorization = `Token ${simulator.world.operator.token}`;
    assert.equal((await request("GET", "/api/v2/authorizations", { authorization })).status, 200);
    assert.equal((await request("GET", "/api/v0x", { authorization })).status, 404);
  });
});

describe("a contract", () => {
  const TOKEN = {
    ...{ accountId: UUID, clusterId: UUID, id: UUID, description: "", permissions: [] },
    createdAt: "2023-12-21T17:32:28.000Z",
  };
  const PATH = `/api/v0/accounts/${UUID}/clusters/${UUID}/tokens`;
  let answers: Answers;

  before(async () => {
    answers = await Answers.of("cloud-dedicated-management", "/api/v0");
  });

  function faults(method: string, path: string, status: number, body: unknown, type = "application/json") {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return answers.faults(method, path, { status, type, text });
  }

  for (const product of ["cloud-dedicated", "clustered"]) {
    it(`of ${product} agrees with its own examples`, async () => {
      const checked = (await Answers.of(`${product}-management`)).examples();
      assert.ok(checked.length >= 8);
      assert.deepEqual(checked.flat(), []);
    });
  }

  it("lets pass what is right", () => {
    assert.deepEqual(faults("GET", PATH, 200, [TOKEN, TOKEN]), []);
    assert.deepEqual(faults("GET", `${PATH}/${UUID}`, 404, { code: 404, message: "not found" }), []);
    assert.deepEqual(faults("DELETE", `${PATH}/${UUID}`, 204, ""), []);
  });

  const { description: _, ...undescribed } = TOKEN;
  const wrong: Record<string, unknown> = {
    "an object instead of an array": { tokens: [TOKEN] },
    "a missing description": [undescribed],
    "a secret": [{ ...TOKEN, accessToken: `apiv1_${"5".repeat(64)}` }],
    "an ID that is none": [{ ...TOKEN, id: "0a1b2c3d4e5f6789" }],
    "a time that is none": [{ ...TOKEN, createdAt: 1700000000 }],
    "a day instead of a time": [{ ...TOKEN, expiresAt: "2024-01-01" }],
    "null instead of nothing": [{ ...TOKEN, revokedAt: null }],
    "a database without a name": [{ ...TOKEN, permissions: [{ action: "read", resource: "" }] }],
    "a field of its own": [{ ...TOKEN, status: "active" }],
  };
  for (const [what, body] of Object.entries(wrong)) {
    it(`refuses ${what} in a list`, () => assert.notDeepEqual(faults("GET", PATH, 200, body), []));
  }

  it("refuses errors of another form", () => {
    const message = "not found";
    for (const body of [{ code: "not found", message }, { code: 400, message }, { code: 404 }, {}]) {
      assert.notDeepEqual(faults("GET", PATH, 404, body), []);
    }
    assert.notDeepEqual(faults("GET", PATH, 404, { code: 404, message, op: "x" }), []);
  });

  it("refuses a token that is too short, or not shown when it is made", () => {
    assert.deepEqual(faults("POST", PATH, 200, { ...TOKEN, accessToken: "x".repeat(64) }), []);
    assert.notDeepEqual(faults("POST", PATH, 200, { ...TOKEN, accessToken: "apiv1_short" }), []);
    assert.notDeepEqual(faults("POST", PATH, 200, TOKEN), []);
  });

  it("refuses another status, path, content type, and a body that should not be", () => {
    assert.notDeepEqual(faults("POST", PATH, 201, TOKEN), []);
    assert.notDeepEqual(faults("GET", "/api/v0/tokens", 200, []), []);
    assert.notDeepEqual(faults("PUT", PATH, 200, []), []);
    assert.notDeepEqual(faults("GET", PATH, 200, [], "text/plain"), []);
    assert.notDeepEqual(faults("DELETE", `${PATH}/${UUID}`, 204, "{}"), []);
  });
});

describe("the population of clusters", () => {
  it("is what a demo needs", () => {
    const DAY = 86_400_000;
    const all = new Clusters();
    const cluster = all.addCluster({ product: "dedicated" });
    const own = all.addManagementToken(cluster, { description: "own" });
    populateCluster(all, { cluster, own });
    const caller = all.caller(own.token)!;
    assert.equal(all.clusterOf(caller, cluster.accountId, cluster.id), cluster);
    const now = Date.now();
    const left = ({ expiresAt }: { expiresAt?: Date }) => ((expiresAt?.getTime() ?? Infinity) - now) / DAY;
    const tokens = all.databaseTokensOf(cluster);
    assert.equal(tokens.length, 12);
    assert.deepEqual(
      tokens.filter((each) => left(each) < 0).map(({ description }) => description),
      ["CI: old runner", "contractor: commissioning", "CI: pull request 412"],
    );
    assert.equal(tokens.filter((each) => left(each) > 4 && left(each) <= 5).length, 1);
    assert.equal(tokens.filter((each) => left(each) === Infinity).length, 7);
    assert.equal(tokens.filter(({ revokedAt }) => revokedAt).length, 1);
    const databases = new Set(
      tokens.flatMap(({ permissions }) => permissions.map(({ resource }) => resource)),
    );
    assert.deepEqual([...databases].sort(), ["*", "ci", "energy", "factory", "sensors"]);
    const management = all.managementTokensOf(caller);
    assert.equal(management.length, 8);
    assert.equal(management.filter(({ revokedAt }) => revokedAt).length, 2);
    assert.equal(management.filter((each) => left(each) < 0).length, 2);
    assert.equal(caller.expiresAt, undefined);
    assert.ok(tokens.every(({ createdAt }, i) => i === 0 || createdAt >= tokens[i - 1]!.createdAt));
  });
});
