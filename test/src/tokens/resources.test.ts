import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHttp, type Http } from "../../../src/http/client.js";
import { createInfluxctl } from "../../../src/influxctl/influxctl.js";
import { PRODUCTS, productOf, productsWith, type ResourceName } from "../../../src/products.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import type { Resource, Wires } from "../../../src/tokens/resource.js";
import { openTokens, RESOURCES } from "../../../src/tokens/resources.js";
import { Clusters, type Cluster } from "../../../simulator/clusters.js";
import { installInfluxctl } from "../../../simulator/influxctl.js";
import { startInfluxdb3, type Influxdb3Simulator } from "../../../simulator/influxdb3.js";
import { startSimulator, type Simulator } from "../../../simulator/server.js";
import { allOf } from "../../helpers/batches.js";

/** What every kind of tokens does alike. */
describe("a resource", () => {
  let simulator: Simulator;
  let influxdb3: Influxdb3Simulator;
  let clusters: Clusters;
  let cluster: Cluster;
  let folder: string;
  let https: Http[];

  beforeEach(async () => {
    clusters = new Clusters();
    cluster = clusters.addCluster({ product: "dedicated" });
    simulator = await startSimulator({ clusters, tokens: "clear" });
    influxdb3 = await startInfluxdb3({ operatorToken: "apiv3_own" });
    folder = await mkdtemp(join(tmpdir(), "resources-test-"));
    https = [];
  });
  afterEach(async () => {
    await Promise.all(https.map((http) => http.close()));
    await Promise.all([simulator.close(), influxdb3.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  /** The connection's own token is of the kind, or the one that the API of the kind wants. */
  async function wire(name: ResourceName): Promise<{ wires: Wires; ownId: string }> {
    const isV2 = name === "authorizations";
    const own =
      name === "influxdb3-tokens"
        ? { id: "_admin", token: "apiv3_own" }
        : isV2
          ? simulator.world.operator
          : clusters.addManagementToken(cluster, { description: "own" });
    const value = new Secret(own.token);
    const { id: clusterId, accountId } = cluster;
    const http = createHttp({
      url: new URL(serverOf(name).url),
      authorization: { scheme: isV2 ? "Token" : "Bearer", token: fixedToken(value) },
      ...{ timeoutSeconds: 5, retries: 0, parallel: 4 },
    });
    https.push(http);
    const influxctl = createInfluxctl({
      command: await installInfluxctl(simulator, folder),
      ...{ timeoutSeconds: 10, parallel: 2, userFolder: folder },
      profile: { product: "dedicated", accountId, clusterId },
      token: fixedToken(value),
    });
    return {
      wires: {
        // Its clock is none of the calls that are counted here.
        http: { ...http, now: () => Promise.resolve(Date.now()) },
        dataPlane: () => http,
        influxctl: () => influxctl,
        own: { value, findsByValue: false },
        cluster: { accountId, clusterId },
      },
      ownId: own.id,
    };
  }

  const serverOf = (name: ResourceName) => (name === "influxdb3-tokens" ? influxdb3 : simulator);
  const ADD: Record<ResourceName, (label: string) => { id: string }> = {
    authorizations: (description) => simulator.world.addAuthorization({ description }),
    "database-tokens": (description) => clusters.addDatabaseToken(cluster, { description, permissions: [] }),
    "management-tokens": (description) => clusters.addManagementToken(cluster, { description }),
    "influxdb3-tokens": (name) => ({ id: influxdb3.world.addToken({ name }).name }),
  };
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => (error as { code?: string }).code,
    );

  for (const name of Object.keys(RESOURCES) as ResourceName[]) {
    const resource: Resource = RESOURCES[name];
    const nobody = { hexId: "0fffffffffffffff", uuid: randomUUID(), nameOfToken: "nobody" }[
      resource.reference.name
    ];

    it(`${name}: has the form of IDs that its products have`, () => {
      const products = productsWith(name);
      assert.ok(products.length > 0);
      for (const product of products) assert.equal(productOf(product).ids, resource.reference);
    });

    it(`${name}: lists in batches what matches, and looks one up in any spelling that is the same`, async () => {
      const tokens = openTokens(name, (await wire(name)).wires, {});
      const { id } = ADD[name]("this one");
      ADD[name]("another");
      const listed = await allOf<{ id: string }>(
        tokens.list({ [resource.reference.word === "name" ? "nameContains" : "description"]: "this" }),
      );
      assert.deepEqual(
        listed.map((token) => token.id),
        [id],
      );
      const isSame = resource.reference.normalize("A") === "a";
      assert.equal((await tokens.get(id)).token?.id, id);
      const other = await tokens.get(id.toUpperCase()).catch(() => undefined);
      assert.equal(other?.token?.id, isSame ? id : undefined);
    });

    it(`${name}: does not find what is not there`, async () => {
      const tokens = openTokens(name, (await wire(name)).wires, {});
      ADD[name]("another");
      assert.equal(await codeOf(tokens.get(nobody)), "not-found");
      assert.equal(await codeOf(tokens.remove(nobody)), "not-found");
    });

    it(`${name}: removes once, and a later message finds it done`, async () => {
      const { wires } = await wire(name);
      const { id } = ADD[name]("this one");
      const { attempts, alreadyRevoked } = await openTokens(name, wires, {}).remove(id);
      assert.deepEqual([attempts, alreadyRevoked], [1, undefined]);
      const later = openTokens(name, wires, {});
      if (resource.removed === "revoked") {
        assert.equal((await later.remove(id)).alreadyRevoked, true);
      } else {
        assert.equal(await codeOf(later.remove(id)), "not-found");
        assert.equal(await codeOf(later.get(id)), "not-found");
      }
    });

    it(`${name}: each call ends with the signal of its message`, async () => {
      const { wires } = await wire(name);
      const { id } = ADD[name]("this one");
      type Tokens = ReturnType<typeof openTokens<ResourceName>>;
      const calls: ((tokens: Tokens) => Promise<unknown>)[] = [
        (tokens) => allOf<unknown>(tokens.list({})),
        (tokens) => tokens.get(id),
        (tokens) => tokens.remove(id),
      ];
      for (const call of calls) {
        const server = serverOf(name);
        server.faults.push({ delay: 60_000 });
        const control = new AbortController();
        const code = codeOf(call(openTokens(name, wires, { signal: control.signal })));
        await server.arrived(server.requests.length + 1);
        control.abort();
        assert.equal(await code, "cancelled");
      }
    });

    it(`${name}: tells the connection's own token, if it can be one`, async () => {
      const { wires, ownId } = await wire(name);
      ADD[name]("another");
      const signs = resource.ownToken?.(wires);
      assert.equal(signs !== undefined, name !== "database-tokens");
      assert.equal(await signs?.find(new AbortController().signal), signs && ownId);
    });
  }

  it("is there for each that a product has", () => {
    const named = Object.values(PRODUCTS).flatMap(({ resources }) => [...resources]);
    assert.deepEqual(new Set<string>(named), new Set(Object.keys(RESOURCES)));
  });
});
