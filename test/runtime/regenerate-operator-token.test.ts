import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPERATOR_VALUE, REGENERATE } from "../helpers/influxdb3.js";
import {
  withInfluxdb3Node,
  type Influxdb3Fixture,
  type Influxdb3NodeOptions,
} from "../helpers/influxdb3-node.js";
import { trailIn, type Message, type Properties } from "../helpers/runtime.js";
import { textOf } from "../helpers/secrets.js";

const withRegenerate = (
  properties: Properties,
  work: (fixture: Influxdb3Fixture) => Promise<void>,
  options: Influxdb3NodeOptions = {},
) => withInfluxdb3Node("regenerate-operator-token", { confirmed: true, ...properties }, work, options);

const operatorOf = ({ world }: Influxdb3Fixture) => world.tokens.get("_admin")!;
/** The connection's own token is the operator token. */
const AS_OPERATOR = { connection: { credentials: { token: OPERATOR_VALUE } } };

describe("regenerate-operator-token", () => {
  it("hands the new value over once, and the old one is refused at once", () =>
    withRegenerate({}, async (fixture) => {
      const { send, changes, world, runtime } = fixture;
      const seen = await send({ topic: "kept", payload: "whatever" });
      assert.equal(seen.error, undefined, seen.error?.message);
      assert.deepEqual(changes(), ["POST /api/v3/configure/token/admin/regenerate"]);
      assert.equal(world.active(OPERATOR_VALUE), undefined);
      const { value, id } = operatorOf(fixture);
      const [{ tokenValue, ...rest }] = seen.outputs[0] as [Message];
      assert.equal(tokenValue, value);
      assert.equal(rest.topic, "kept");
      for (const payload of [rest.payload, seen.outputs[1][0]!.payload]) {
        assert.partialDeepStrictEqual(payload, {
          ...{ id: "_admin", outcome: "regenerated" },
          token: { name: "_admin", tokenId: String(id), kind: "operator" },
        });
      }
      assert.equal("tokenValue" in seen.outputs[1][0]!, false);
      assert.ok(!textOf([rest, seen.outputs[1], runtime.statuses, runtime.log()]).includes(value));
      assert.equal(runtime.statuses.at(-1), "green 1 regenerated");
      assert.deepEqual(
        trailIn(runtime.log()).map(({ type, outcome }) => [type, outcome]),
        [
          ["request", undefined],
          ["response", "regenerated"],
        ],
      );
    }));

  it("refuses to work while the box is not ticked, and only reads in a dry run", () =>
    withRegenerate({ confirmed: false }, async (fixture) => {
      const { send, changes } = fixture;
      assert.equal((await send({})).error?.code, "not-confirmed");
      const seen = await send({ dryRun: true });
      assert.deepEqual(seen.outputs[0], []);
      assert.partialDeepStrictEqual(seen.outputs[1][0]!.payload, {
        ...{ id: "_admin", outcome: "dry-run", would: "regenerated" },
      });
      assert.deepEqual([changes(), operatorOf(fixture).value], [[], OPERATOR_VALUE]);
    }));

  it("does it three times an hour unless the node says otherwise", () =>
    withRegenerate({}, async ({ send, changes }) => {
      for (let time = 1; time <= 3; time++) assert.equal((await send({})).error, undefined);
      assert.equal((await send({})).error?.code, "limit-exceeded");
      assert.equal(changes().length, 3);
    }));

  it("refuses where the connection lives on it, or it is protected, or there is none", async () => {
    await withRegenerate(
      {},
      async ({ send, changes }) => {
        const { error } = await send({});
        assert.equal(error?.code, "protected");
        assert.match(error.message, /connection's own token/);
        assert.deepEqual(changes(), []);
        const dry = await send({ dryRun: true });
        assert.partialDeepStrictEqual(dry.outputs[1][0]!.payload, { would: "protected" });
      },
      AS_OPERATOR,
    );
    await withRegenerate(
      {},
      async ({ send, changes }) => {
        assert.equal((await send({})).error?.code, "protected");
        assert.deepEqual(changes(), []);
      },
      { connection: { protectedIds: "_admin" } },
    );
    await withRegenerate(
      {},
      async ({ send }) => {
        const { error } = await send({});
        assert.equal(error?.code, "not-found");
        assert.doesNotMatch(error.message, /new value/);
      },
      { prepare: (world) => void world.tokens.delete("_admin") },
    );
  });

  it("does it where the connection allows that, which then has to be given the new value", () =>
    withRegenerate(
      { limit: "" },
      async (fixture) => {
        const seen = await fixture.send({});
        assert.equal(seen.outputs[0][0]!.tokenValue, operatorOf(fixture).value);
        assert.equal((await fixture.send({})).error?.code, "unauthorized");
      },
      { connection: { ...AS_OPERATOR.connection, allowOwnToken: true } },
    ));

  it("does it where the flow can give the connection the new value in its file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "operator-"));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, OPERATOR_VALUE);
    try {
      await withRegenerate(
        { limit: "" },
        async (fixture) => {
          for (let times = 0; times < 2; times++) {
            const seen = await fixture.send({});
            assert.equal(seen.error, undefined, seen.error?.message);
            writeFileSync(tokenFile, String(seen.outputs[0][0]!.tokenValue));
          }
        },
        { connection: { tokenFile, credentials: {} } },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says that the value is lost, if the answer was, or nobody gets it", async () => {
    await withRegenerate({ limit: "" }, async ({ send, server, changes }) => {
      server.faults.push({ ...REGENERATE, drop: "after" });
      const { error, outputs } = await send({});
      assert.equal(error?.code, "network");
      assert.match(error.message, /nobody knows it: send the message again for another one/);
      assert.deepEqual(outputs[0], []);
      assert.equal(changes().length, 1);
      assert.equal((await send({})).error, undefined);
    });
    await withRegenerate({ place: "text.operator", placeType: "flow" }, async ({ send, runtime }) => {
      const { flow } = (
        runtime.node("node") as unknown as { context(): { flow: Map<string, unknown> } }
      ).context();
      flow.set("text", "a text");
      const { error, outputs } = await send({});
      assert.match(error?.message ?? "", /has a new value, which nobody got: send the message again/);
      assert.deepEqual(outputs[0], []);
    });
  });

  it("does not say so where the server has refused it", () =>
    withRegenerate({}, async ({ send, server }) => {
      server.faults.push({
        ...REGENERATE,
        status: 401,
        body: '{"error": "the request was not authenticated"}',
      });
      const { error } = await send({});
      assert.equal(error?.code, "unauthorized");
      assert.doesNotMatch(error.message, /new value/);
    }));

  it("does two messages at once one after the other", () =>
    withRegenerate({ limit: "" }, async (fixture) => {
      const { runtime, server } = fixture;
      server.faults.push({ ...REGENERATE, delay: 30 });
      runtime.inject({ first: true });
      runtime.inject({});
      const { outputs } = await runtime.ended(2);
      assert.deepEqual(
        outputs[0].map(({ first }) => first),
        [true, undefined],
      );
      assert.equal(outputs[0][1]!.tokenValue, operatorOf(fixture).value);
      assert.equal(server.mostAtOnce, 1);
    }));
});
