import assert from "node:assert/strict";
import { startSimulator } from "../../simulator/server.js";
import { closing } from "../helpers/closing.js";
import { withNode, type NodeFixture } from "../helpers/fixture.js";
import { withInfluxdb3Node } from "../helpers/influxdb3-node.js";
import type { Properties } from "../helpers/runtime.js";

const withCheck = (
  work: (fixture: NodeFixture) => Promise<void>,
  options: Parameters<typeof withNode>[3] = {},
  properties: Properties = {},
) => withNode("check-token", properties, work, options);

describe("check-token", () => {
  const also = closing(afterEach);

  it("sends what works to the first output, and what does not to the second, without the value", () =>
    withCheck(
      async ({ simulator: { world }, send, runtime }) => {
        const user = world.addUser("someone");
        const { id, token } = world.addAuthorization({ user, permissions: ["read:users"] });
        const working = await send({ tokenValue: ` ${token}\n`, topic: "kept" });
        const [[message], none] = working.outputs;
        assert.equal(none.length, 0);
        assert.partialDeepStrictEqual(message, {
          payload: { works: true, state: "active", user: { id: user.id, name: "someone" }, token: { id } },
          summary: { text: "The authorization works.", total: 1 },
          ...{ statusCode: 200, topic: "kept" },
        });
        assert.equal(runtime.statuses.at(-1), "green works");
        world.updateAuthorization(world.operator, id, { status: "inactive" });
        const { outputs, completed } = await send({ tokenValue: token });
        assert.deepEqual([outputs[0].length, completed], [0, true]);
        assert.partialDeepStrictEqual(outputs[1][0], {
          payload: {
            works: false,
            state: "inactive",
            user: { id: user.id },
            token: { id, status: "inactive" },
          },
          summary: { text: "The authorization does not work: it is inactive." },
        });
        assert.equal(runtime.statuses.at(-1), "yellow does not work");
      },
      { simulator: { tokens: "clear" } },
    ));

  it("takes the value from the context and the environment, too", () =>
    withCheck(
      async ({ runtime, simulator, send }) => {
        const node = runtime.node("node") as unknown as { context(): { flow: Map<string, unknown> } };
        node.context().flow.set("leaked", simulator.world.operator.token);
        assert.partialDeepStrictEqual((await send({})).payload, { works: true, user: { name: "admin" } });
      },
      {},
      { tokenValue: "leaked", tokenValueType: "flow" },
    ));

  for (const [what, value, why] of [
    ["nothing", undefined, /nothing/],
    ["an empty text", " ", /an empty text/],
    ["a short text", "1234567", /8 characters or more/],
    ["a number", 12345678, /a number/],
    ["a scheme before it", "Bearer leaked-value", /starts with a word such as "Token" or "Bearer"/],
    ["quotes around it", '"leaked-value"', /stands in quotes/],
    ["a line break in it", "leaked\nvalue", /a line break/],
  ] as const) {
    it(`refuses ${what}, and sends nothing`, () =>
      withCheck(async ({ send, sent }) => {
        const { error, outputs } = await send({ tokenValue: value });
        assert.equal(error?.code, "invalid-filter");
        assert.match(error.message, why);
        assert.doesNotMatch(error.message, /leaked/);
        assert.deepEqual([outputs, sent()], [[[], []], []]);
      }));
  }

  it("refuses a value that is typed into the node", () =>
    withCheck(
      async ({ send, sent }) => {
        const { error } = await send({ tokenValue: "leaked-value" });
        assert.equal(error?.code, "invalid-config");
        assert.doesNotMatch(error.message, /typed-in/);
        assert.deepEqual(sent(), []);
      },
      {},
      { tokenValue: "typed-in-value", tokenValueType: "str" },
    ));

  it("ends with an error, and not with an answer, where it cannot be told", () =>
    withCheck(async ({ simulator, send, runtime }) => {
      simulator.faults.push({ status: 401, body: "<html>Log in</html>" });
      const { error, outputs } = await send({ tokenValue: "leaked-value" });
      assert.equal(error?.code, "unauthorized");
      assert.deepEqual(outputs, [[], []]);
      assert.equal(runtime.statuses.at(-1), "red refused on the way");
    }));

  it("takes the value for that of a management token by how it begins", () =>
    withCheck(
      async ({ clusters, cluster, send }) => {
        const { id, token } = clusters.addManagementToken(cluster, { description: "other" });
        const { payload, outputs } = await send({ tokenValue: token });
        assert.partialDeepStrictEqual(payload, { works: true, token: { id } });
        assert.equal((outputs[0][0]!.summary as { text: string }).text, "The management token works.");
      },
      { product: "cloud-dedicated" },
    ));

  it("tries a database token at the URL of the cluster", async () => {
    const permissions = [{ action: "read", resource: "home" }];
    const work = async ({ clusters, cluster, send }: NodeFixture) => {
      const { accessToken } = clusters.addDatabaseToken(cluster, { description: "one", permissions });
      const { payload, error } = await send({ tokenValue: accessToken });
      assert.equal(error, undefined);
      assert.deepEqual(payload, { works: true, state: "active" });
      const dead = await send({ tokenValue: "apiv1_of-nobody" });
      assert.deepEqual(dead.outputs[1][0]?.payload, { works: false, state: "not-accepted" });
    };
    await withCheck(work, { product: "clustered" });
    await withCheck(
      async ({ send, sent }) => {
        const { error } = await send({ tokenValue: "apiv1_of-nobody" });
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, /^No cluster URL, .*"clusterUrl"/);
        assert.deepEqual(sent(), []);
      },
      { product: "cloud-dedicated" },
    );
  });

  it("tries it at the cluster URL of the connection, with none of its other credentials", async () => {
    const elsewhere = await also(startSimulator());
    elsewhere.faults.push({ status: 401, body: '{"code":"unauthorized","message":"no"}' });
    elsewhere.faults.push({ body: '{"results":[]}' });
    await withCheck(
      async ({ send, simulator, own }) => {
        const { payload } = await send({ tokenValue: "apiv1_of-somebody" });
        assert.deepEqual(payload, { works: true, state: "active" });
        assert.equal(elsewhere.requests.length, 2);
        assert.ok(!JSON.stringify(elsewhere.requests).includes(own.token));
        assert.ok(simulator.requests.every(({ path }) => !path.startsWith("/query")));
      },
      { product: "cloud-dedicated", connection: { clusterUrl: `${elsewhere.url}/` } },
    );
  });

  it("ends with the flow", () =>
    withCheck(async ({ simulator, runtime }) => {
      simulator.faults.push({ delay: 60_000 });
      runtime.inject({ tokenValue: "leaked-value" });
      await simulator.arrived(1);
      await runtime.stopFlows();
      assert.equal(runtime.dones(), 1);
    }));
});

describe("check-token on InfluxDB 3", () => {
  it("tells one that works from those that have expired, and that there are not", () =>
    withInfluxdb3Node("check-token", {}, async ({ send, world, changes, runtime }) => {
      const { value, id } = world.tokens.get("Node-RED")!;
      const expired = world.addToken({ name: "press 1", expiry: new Date(Date.now() - 1000) });
      const working = await send({ tokenValue: value });
      assert.partialDeepStrictEqual(working.outputs[0][0], {
        payload: { works: true, state: "active", token: { name: "Node-RED", tokenId: String(id) } },
        summary: { text: "The InfluxDB 3 token works.", total: 1 },
      });
      const dead = await send({ tokenValue: expired.value });
      assert.partialDeepStrictEqual(dead.outputs[1][0], {
        payload: { works: false, state: "expired", token: { name: "press 1", state: "expired" } },
        summary: { text: "The InfluxDB 3 token does not work: it has expired." },
      });
      assert.equal(runtime.statuses.at(-1), "yellow does not work");
      world.delete("press 1");
      const gone = await send({ tokenValue: expired.value });
      assert.deepEqual(gone.outputs[1][0]!.payload, { works: false, state: "not-accepted" });
      assert.deepEqual(changes(), []);
    }));

  it("tells that a resource token works, which may not list", () =>
    withInfluxdb3Node(
      "check-token",
      {},
      async ({ send, world }) => {
        const { value } = world.addToken({ name: "grafana", permissions: ["db:sensors:read"] });
        const { payload } = await send({ tokenValue: value });
        assert.partialDeepStrictEqual(payload as object, {
          ...{ works: true, state: "active" },
          token: { name: "grafana", kind: "resource" },
        });
      },
      { server: { edition: "Enterprise" } },
    ));

  it("is an error where the server looks at no token, or something else has answered", async () => {
    await withInfluxdb3Node(
      "check-token",
      {},
      async ({ send }) => {
        const { error, outputs } = await send({ tokenValue: "apiv3_of-nobody" });
        assert.equal(error?.code, "forbidden");
        assert.match(error.message, /--without-auth/);
        assert.deepEqual(outputs, [[], []]);
      },
      { server: { flags: ["--without-auth"] } },
    );
    await withInfluxdb3Node("check-token", {}, async ({ send, server }) => {
      server.faults.push({ status: 401, body: "<html>Log in</html>" });
      const { error, outputs } = await send({ tokenValue: "apiv3_of-nobody" });
      assert.equal(error?.code, "unauthorized");
      assert.deepEqual(outputs, [[], []]);
    });
  });
});
