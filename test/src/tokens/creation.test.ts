import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { asTokenError, type TokenError } from "../../../src/errors.js";
import type { Watch } from "../../../src/http/call.js";
import { createHttp, type Http } from "../../../src/http/client.js";
import { createInfluxctl } from "../../../src/influxctl/influxctl.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { authorizations } from "../../../src/tokens/authorizations.js";
import { makeMarked } from "../../../src/tokens/creation.js";
import { databaseTokens } from "../../../src/tokens/database-tokens.js";
import { managementTokens } from "../../../src/tokens/management-tokens.js";
import { marked } from "../../../src/tokens/marks.js";
import type { Made } from "../../../src/tokens/resource.js";
import { Clusters, type Cluster } from "../../../simulator/clusters.js";
import { installInfluxctl, type InfluxctlBehaviour } from "../../../simulator/influxctl.js";
import { startSimulator, type Fault, type Simulator } from "../../../simulator/server.js";

const DESCRIPTION = marked("for the pumps", { kind: "creating", attempt: "1a2b3c4d" });

describe("makeMarked", () => {
  let simulator: Simulator;
  let clusters: Clusters;
  let cluster: Cluster;
  let http: Http;
  let bearer: Http;
  let folder: string;
  let own: Secret;

  const connect = (scheme: "Token" | "Bearer", token: string) =>
    createHttp({
      url: new URL(simulator.url),
      authorization: { scheme, token: fixedToken(new Secret(token)) },
      ...{ timeoutSeconds: 5, retries: 0, parallel: 4 },
    });

  const connectAll = () => {
    http = connect("Token", simulator.world.operator.token);
    bearer = connect("Bearer", own.reveal());
  };
  const close = () => Promise.all([http.close(), bearer.close()]);

  beforeEach(async () => {
    clusters = new Clusters();
    cluster = clusters.addCluster({ product: "dedicated" });
    own = new Secret(clusters.addManagementToken(cluster, { description: "own" }).token);
    simulator = await startSimulator({ clusters });
    connectAll();
    folder = await mkdtemp(join(tmpdir(), "creation-test-"));
  });
  afterEach(async () => {
    await close();
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A new token as the server has it, and whether it can do nothing. */
  interface New {
    id: string;
    description: string;
    value: string;
    isHarmless: boolean;
  }
  interface Kind {
    make: (watch?: Watch) => Promise<Made<{ id: string }>>;
    all: () => New[];
  }

  const KINDS: Record<"authorizations" | "database tokens", Kind> = {
    authorizations: {
      make: (watch = {}) => {
        const value = new Secret(simulator.world.operator.token);
        const tokens = authorizations.open({ http, own: { value, findsByValue: false } }, watch);
        const { id: orgID } = simulator.world.orgNamed("home");
        const permissions = [{ action: "read" as const, resource: { type: "buckets", orgID } }];
        return makeMarked(tokens, { description: DESCRIPTION, orgID, permissions });
      },
      all: () =>
        [...simulator.world.authorizations.values()]
          .filter(({ id }) => id !== simulator.world.operator.id)
          .map(({ token: value, status, ...each }) => ({
            ...each,
            value,
            isHarmless: status === "inactive",
          })),
    },
    "database tokens": {
      make: (watch = {}) => {
        const place = { accountId: cluster.accountId, clusterId: cluster.id };
        const tokens = databaseTokens.open({ http: bearer, cluster: place }, watch);
        const permissions = [{ action: "read" as const, resource: "sensors" }];
        return makeMarked(tokens, { description: DESCRIPTION, permissions });
      },
      all: () =>
        [...clusters.databaseTokens.values()].map(({ accessToken: value, permissions, ...each }) => ({
          ...each,
          value,
          isHarmless: permissions.length === 0,
        })),
    },
  };

  /** What can happen to a request, whichever it is. */
  const FAULTS: Record<string, () => Fault> = {
    "goes well": () => ({ headers: {} }),
    "is lost": () => ({ drop: "before" }),
    "is carried out, and its answer is lost": () => ({ drop: "after" }),
    "is carried out, and a gateway answers": () => ({
      raw: (socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"),
    }),
    "is carried out, and its answer is cut": () => ({
      raw: (socket, answer) => socket.end(answer.subarray(0, answer.length - 20)),
    }),
    "is carried out, and something else answers": () => ({
      raw: (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nWelcome! "),
    }),
    fails: () => ({ status: 500, body: JSON.stringify({ code: "internal error", message: "no" }) }),
    "meets 503": () => ({ status: 503 }),
    "meets a 404 of something else": () => ({ status: 404 }),
    "is refused": () => ({
      status: 401,
      body: JSON.stringify({ code: "unauthorized", message: "unauthorized access" }),
    }),
    "is too many": () => ({ status: 429, headers: { "Retry-After": "0" } }),
  };

  const made = (work: Promise<Made<{ id: string }>>) =>
    work.then(
      (made) => ({ made, error: undefined }),
      (thrown: unknown) => ({ made: undefined, error: asTokenError(thrown) }),
    );

  for (const [name, kind] of Object.entries(KINDS)) {
    it(`${name}: whatever happens to each request, leaves none that nobody knows`, async () => {
      const { make, all } = kind;
      const names = fc.constantFrom(...Object.keys(FAULTS));
      await fc.assert(
        fc.asyncProperty(fc.array(names, { maxLength: 12 }), async (happens) => {
          // A client that has met many 429s keeps to a pace.
          await close();
          connectAll();
          simulator.world.authorizations.forEach(({ id }, _, map) => {
            if (id !== simulator.world.operator.id) map.delete(id);
          });
          clusters.databaseTokens.clear();
          simulator.faults.length = 0;
          simulator.faults.push(...happens.map((each) => FAULTS[each]!()));
          const { made: one, error } = await made(make());
          const left = all();
          for (const each of left) {
            assert.equal(each.description, DESCRIPTION);
            assert.ok(each.isHarmless);
          }
          assert.notEqual(error?.code, "invalid-config");
          if (happens.every((each) => each === "goes well")) assert.ok(one);
          if (one) {
            assert.deepEqual(
              left.map(({ id, value }) => [id, value]),
              [[one.token.id, one.value.reveal()]],
            );
          } else {
            const told = [DESCRIPTION, ...left.map(({ id }) => id)].some((each) =>
              error.message.includes(each),
            );
            assert.ok(left.length === 0 || told, error.message);
            for (const { value } of left) assert.ok(!error.message.includes(value));
          }
        }),
        { numRuns: 100 },
      );
    }).timeout(60_000);

    it(`${name}: removes what a lost answer left, and makes it anew`, async () => {
      simulator.faults.push({ method: "POST", drop: "after", times: 2 });
      const one = await kind.make();
      assert.deepEqual(
        kind.all().map(({ id }) => id),
        [one.token.id],
      );
      assert.equal(simulator.requests.filter(({ method }) => method === "POST").length, 3);
    });

    it(`${name}: tries three times, and says that nothing is left`, async () => {
      simulator.faults.push({ method: "POST", drop: "after", times: 9 });
      const { error } = await made(kind.make());
      assert.equal(error?.code, "network");
      assert.match(error.message, /was removed again\.$/);
      assert.deepEqual(kind.all(), []);
      assert.equal(simulator.requests.filter(({ method }) => method === "POST").length, 3);
    });

    it(`${name}: names what it could not remove, or look for`, async () => {
      simulator.faults.push({ method: "POST", drop: "after" }, { method: "DELETE", status: 500 });
      const { error } = await made(kind.make());
      const [left] = kind.all();
      assert.match(error!.message, new RegExp(`may be left, which is ${left!.id}\\. It was not removed: `));
      simulator.faults.push({ method: "POST", drop: "after" }, { method: "GET", status: 500 });
      const unseen = await made(kind.make());
      assert.ok(unseen.error!.message.includes(`may be left, which has the description "${DESCRIPTION}"`));
    });

    it(`${name}: does not look for what was refused, or never sent`, async () => {
      simulator.faults.push({ method: "POST", ...FAULTS["is refused"]!() });
      const { error } = await made(kind.make());
      assert.equal(error?.code, "unauthorized");
      await simulator.close();
      assert.doesNotMatch((await made(kind.make())).error!.message, /may be left/);
      assert.equal(simulator.requests.length, 1);
    });

    it(`${name}: a stop in the middle leaves nothing`, async () => {
      for (const stopped of ["POST", "GET", "DELETE"]) {
        const control = new AbortController();
        // The request that is under way when the work is stopped has an effect, and no answer.
        const stop: Fault = { method: stopped, raw: () => setImmediate(() => control.abort()) };
        simulator.faults.push(
          ...(stopped === "POST" ? [stop] : [{ method: "POST", drop: "after" as const }, stop]),
        );
        const { error } = await made(kind.make({ signal: control.signal }));
        assert.ok(control.signal.aborted);
        assert.equal(error?.code, "cancelled", stopped);
        assert.equal(error.attempts, 1);
        assert.doesNotMatch(error.message, /Nothing was sent/);
        assert.deepEqual(kind.all(), [], stopped);
      }
    });
  }

  it("says of a name that is taken at a later try that something was sent before", async () => {
    const body = '{"code":"conflict","message":"no"}';
    simulator.faults.push({ method: "POST", drop: "after" }, { method: "POST", status: 409, body });
    const { error } = await made(KINDS.authorizations.make());
    assert.deepEqual([error?.code, error?.attempts], ["conflict", 2]);
  });

  it("does not remove another token that an answer shows", async () => {
    const other = simulator.world.addAuthorization({ description: "in use" });
    simulator.faults.push({
      method: "POST",
      status: 201,
      body: JSON.stringify({ ...other, orgID: other.orgID }),
    });
    const { error } = await made(KINDS.authorizations.make());
    assert.equal(error?.code, "not-applied");
    assert.match(
      error.message,
      new RegExp(`another description of the new authorization ${other.id}.*may be left`),
    );
    assert.deepEqual(
      KINDS.authorizations.all().map(({ id }) => id),
      [other.id],
    );
  });

  it("removes none whose description only holds the one it looks for", async () => {
    const other = simulator.world.addAuthorization({ description: `copy of ${DESCRIPTION}` });
    simulator.faults.push({ method: "POST", drop: "after" });
    const one = await KINDS.authorizations.make();
    assert.deepEqual(
      KINDS.authorizations.all().map(({ id }) => id),
      [other.id, one.token.id],
    );
  });

  it("wants a mark, without which it could remove others", async () => {
    const { id: orgID } = simulator.world.orgNamed("home");
    const value = new Secret(simulator.world.operator.token);
    const tokens = authorizations.open({ http, own: { value, findsByValue: false } }, {});
    const wanted = { description: "plain", orgID, permissions: [] };
    await assert.rejects(makeMarked(tokens, wanted), TypeError);
    assert.equal(simulator.requests.length, 0);
  });

  describe("with influxctl", () => {
    async function make(behaviour: InfluxctlBehaviour, signal?: AbortSignal) {
      const influxctl = createInfluxctl({
        command: await installInfluxctl(simulator, folder, behaviour),
        ...{ timeoutSeconds: 10, parallel: 2, userFolder: folder },
        profile: {
          product: "dedicated",
          accountId: cluster.accountId,
          clusterId: cluster.id,
        },
        token: fixedToken(own),
      });
      const tokens = managementTokens.open({ influxctl: () => influxctl, http: bearer }, { signal });
      return made(makeMarked(tokens, { description: DESCRIPTION, expiresAt: "2099-01-01T00:00:00.000Z" }));
    }
    const alive = () =>
      [...clusters.managementTokens.values()].filter(
        (each) => each.description !== "own" && each.revokedAt === undefined,
      );

    it("makes one, whatever its value is called", async () => {
      for (const behaviour of [
        {},
        { valueKey: "secret_string" },
        { tableOnly: true, only: "create" as const },
      ]) {
        clusters.managementTokens.forEach((each, id, map) => each.description === "own" || map.delete(id));
        const { made: one } = await make(behaviour);
        const [only, ...others] = alive();
        assert.deepEqual(others, []);
        assert.deepEqual([one?.token.id, one?.value.reveal()], [only!.id, only!.token]);
        assert.equal(only!.expiresAt?.toISOString(), "2099-01-01T00:00:00.000Z");
      }
    }).timeout(20_000);

    it("revokes what failed runs left, whose value no error tells", async () => {
      const { error } = await make({ failAfterCreating: true });
      assert.equal(error?.code, "unavailable");
      assert.match(error.message, /was removed again\.$/);
      assert.deepEqual(alive(), []);
      assert.equal(clusters.managementTokens.size, 4);
      for (const { token } of clusters.managementTokens.values()) assert.ok(!told(error).includes(token));
    }).timeout(30_000);

    it("revokes what it cannot use, and says so", async () => {
      simulator.faults.push({ path: /management-tokens$/, method: "POST", headers: {} });
      simulator.faults.push({ path: /management-tokens$/, method: "GET", status: 503, body: "{}" });
      const { made: one, error } = await make({});
      assert.equal(error, undefined);
      assert.deepEqual(
        alive().map(({ id }) => id),
        [one.token.id],
      );
    }).timeout(30_000);

    it("names what is left if it cannot be revoked", async () => {
      const { error } = await make({ failAfterCreating: true, lie: true });
      assert.match(error!.message, new RegExp(`may be left, which is ${alive()[0]!.id}\\.`));
    }).timeout(20_000);
  });

  const told = ({ message, cause }: TokenError) => `${message} ${JSON.stringify(cause)}`;
});
