import assert from "node:assert/strict";
import { markIn, withoutMark } from "../../src/tokens/marks.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { MAKE } from "../helpers/influxdb3.js";
import {
  withInfluxdb3Node,
  type Influxdb3Fixture,
  type Influxdb3NodeOptions,
} from "../helpers/influxdb3-node.js";
import type { Message, Properties, Seen } from "../helpers/runtime.js";

const DAY = 86_400_000;
const OLD = "Pump 7, hall 2";

interface Stage extends Influxdb3Fixture {
  /** The message that hands over. */
  begin(msg?: Message): Promise<Message>;
  /** Names of the old token and of its successors. */
  family(): string[];
}

const withRotation = (
  work: (stage: Stage) => Promise<void>,
  properties: Properties = {},
  { prepare, ...options }: Influxdb3NodeOptions = {},
) =>
  withInfluxdb3Node(
    "rotate-token",
    { kind: "influxdb3-tokens", revokeOld: true, ...properties },
    (fixture) =>
      work({
        ...fixture,
        family: () => fixture.names().filter((name) => withoutMark(name) === OLD),
        async begin(msg = {}) {
          const seen = await fixture.send({ payload: OLD, ...msg });
          assert.equal(seen.error, undefined, seen.error?.message);
          const [sent] = seen.outputs[0];
          assert.ok(sent, "nothing was handed over");
          return sent;
        },
      }),
    {
      ...options,
      prepare(world) {
        world.addToken({
          name: OLD,
          createdAt: new Date(Date.now() - 30 * DAY),
          expiry: new Date(Date.now() + 60 * DAY),
        });
        return prepare?.(world);
      },
    },
  );

const recordOf = ({ payload }: Message) => payload as OutcomeRecord;
function ended(seen: Seen): OutcomeRecord {
  assert.equal(seen.error, undefined, seen.error?.message);
  const [report] = seen.outputs[1];
  assert.ok(report, "there is no report");
  return recordOf(report);
}
const word = ({ handedOver }: Message, step: string, more: Message = {}): Message => ({
  ...{ payload: "what a store answers", handedOver, step },
  ...more,
});

describe("rotate-token, of InfluxDB 3 tokens", () => {
  it("hands a successor of another name over, and deletes the old one when it is stored", () =>
    withRotation(async ({ begin, send, family, world, runtime }) => {
      const { id } = world.tokens.get(OLD)!;
      const sent = await begin();
      const [, successor] = family() as [string, string];
      const made = world.tokens.get(successor)!;
      assert.partialDeepStrictEqual(markIn(successor), { kind: "successor", of: String(id) });
      assert.ok(successor.startsWith(`${OLD} [successor of ${id} since `));
      assert.equal(sent.tokenValue, made.value);
      assert.deepEqual(sent.handedOver, { id: OLD, successor });
      assert.partialDeepStrictEqual(recordOf(sent), {
        ...{ id: OLD, outcome: "handed-over" },
        ...{ token: { name: OLD, tokenId: String(id) }, successor: { id: successor, name: successor } },
      });
      // As long as the old one was to live.
      assert.ok(Math.abs(made.expiry!.getTime() - Date.now() - 90 * DAY) < 60_000);

      const record = ended(await send(word(sent, "stored", { tokenValue: sent.tokenValue })));
      assert.partialDeepStrictEqual(record, { id: OLD, outcome: "replaced", successor: { name: successor } });
      assert.deepEqual(family(), [successor]);
      assert.equal(runtime.statuses.at(-1), "green 1 replaced");
      // The word once more.
      assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
      assert.deepEqual(family(), [successor]);
    }));

  it("keeps the name before the ending over several rotations", () =>
    withRotation(async ({ begin, send, family }) => {
      let current = OLD;
      for (let times = 0; times < 3; times++) {
        const sent = await begin({ payload: { name: current } });
        ended(await send(word(sent, "stored")));
        [current = ""] = family();
        assert.equal(withoutMark(current), OLD);
        assert.equal(family().length, 1);
      }
    }));

  it("leaves the old one working where the box does not say that it is deleted", () =>
    withRotation(
      async ({ begin, send, family }) => {
        const sent = await begin();
        assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
        assert.equal(family().length, 2);
      },
      { revokeOld: false },
    ));

  it("hands the same one over again if it is asked again, also of two messages at once", () =>
    withRotation(async ({ begin, runtime, family }) => {
      const first = await begin();
      assert.equal((await begin()).tokenValue, first.tokenValue);
      runtime.inject({ payload: OLD });
      runtime.inject({ payload: { id: OLD } });
      const { outputs } = await runtime.ended(3);
      for (const sent of outputs[0]) assert.equal(sent.tokenValue, first.tokenValue);
      assert.equal(family().length, 2);
    }));

  it("names the same token twice in one message, and rotates it once", () =>
    withRotation(async ({ send, family }) => {
      const seen = await send({ payload: [OLD, { name: OLD }] });
      assert.equal(seen.outputs[0].length, 1);
      assert.equal(family().length, 2);
    }));

  it("takes the successor back where it was not stored, or not in time", async () => {
    await withRotation(async ({ begin, send, family }) => {
      const sent = await begin();
      assert.equal(ended(await send(word(sent, "not-stored"))).outcome, "withdrawn");
      assert.deepEqual(family(), [OLD]);
    });
    await withRotation(
      async ({ begin, runtime, family }) => {
        await begin();
        const seen = await runtime.ended(2);
        assert.equal(seen.error?.code, "timeout", seen.error?.message);
        assert.deepEqual(family(), [OLD]);
      },
      { timeLimit: "1" },
    );
  }).timeout(10_000);

  it("goes on after a deploy", () =>
    withRotation(async ({ begin, send, family, runtime }) => {
      const sent = await begin();
      await runtime.deploy(
        (nodes) => nodes.map((each) => (each.id === "node" ? { ...each, name: "other" } : each)),
        "nodes",
      );
      assert.equal((await begin()).tokenValue, sent.tokenValue);
      assert.equal(ended(await send(word(sent, "stored"))).outcome, "replaced");
      assert.equal(family().length, 1);
    }));

  it("knows no way back", () =>
    withRotation(async ({ begin, send, family }) => {
      const sent = await begin();
      assert.equal((await send({ payload: OLD, step: "back" })).error?.code, "not-waiting");
      ended(await send(word(sent, "stored")));
      const { error } = await send({ payload: OLD, step: "back" });
      assert.equal(error?.code, "not-waiting");
      assert.equal(family().length, 1);
    }));

  it("leaves the old one alone if another value comes back, or none works", () =>
    withRotation(async ({ begin, send, family, world }) => {
      const sent = await begin();
      const wrong = await send(word(sent, "stored", { tokenValue: "apiv3_another-value" }));
      assert.equal(wrong.error?.code, "not-verified");
      world.tokens.get(family()[1]!)!.expiry = new Date(Date.now() - 1000);
      const dead = await send(word(sent, "stored"));
      assert.equal(dead.error?.code, "not-verified", dead.error?.message);
      assert.equal(family().length, 2);
    }));

  it("never begins with the operator token, the connection's own, or a protected one", () =>
    withRotation(
      async ({ send, own, family, names, changes }) => {
        for (const [payload, why] of [
          ["_admin", /regenerate operator token/],
          [own.name, /connection's own token/],
          [OLD, /protected names/],
        ] as const) {
          for (const msg of [{ payload }, { payload: { name: payload } }]) {
            const { error } = await send(msg);
            assert.equal(error?.code, "protected");
            assert.match(error.message, why);
          }
        }
        assert.deepEqual([changes(), family(), names().length], [[], [OLD], 3]);
      },
      {},
      { connection: { protectedIds: OLD } },
    ));

  it("changes nothing in a dry run, and keeps to its limit", async () => {
    await withRotation(async ({ send, family }) => {
      assert.partialDeepStrictEqual(ended(await send({ payload: OLD, dryRun: true })), {
        outcome: "dry-run",
        would: "replaced",
      });
      assert.deepEqual(family(), [OLD]);
    });
    await withRotation(
      async ({ send, own, family }) => {
        assert.equal((await send({ payload: [OLD, own.name] })).error?.code, "limit-exceeded");
        assert.deepEqual(family(), [OLD]);
      },
      { limit: 1 },
    );
  });

  it("gives the successor the rights of a resource token, and the expiry that the dialog says", () =>
    withRotation(
      async ({ send, world, names }) => {
        const seen = await send({ payload: "grafana" });
        assert.equal(seen.error, undefined, seen.error?.message);
        const made = world.tokens.get(names().at(-1)!)!;
        assert.deepEqual([made.permissions, made.expiry], [["db:sensors:read"], undefined]);
        assert.equal(ended(await send(word(seen.outputs[0][0]!, "stored"))).outcome, "replaced");
        assert.equal(world.tokens.has("grafana"), false);
      },
      { expiry: "", expiryType: "never" },
      {
        server: { edition: "Enterprise" },
        prepare(world) {
          world.addDatabase("sensors");
          const expiry = new Date(Date.now() + DAY);
          return void world.addToken({ name: "grafana", permissions: ["db:sensors:read"], expiry });
        },
      },
    ));

  it("leaves no unknown token after a lost answer", () =>
    withRotation(async ({ begin, send, server, family, world }) => {
      server.faults.push({ ...MAKE, drop: "after" });
      const sent = await begin();
      assert.equal(family().length, 2);
      assert.equal(sent.tokenValue, world.tokens.get(family()[1]!)!.value);
      ended(await send(word(sent, "stored")));
      assert.equal(family().length, 1);
    }));
});
