import assert from "node:assert/strict";
import { markIn, withoutMark } from "../../src/tokens/marks.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { withNode, type MoreNodes, type NodeFixture } from "../helpers/fixture.js";
import type { Message, Properties, Seen } from "../helpers/runtime.js";
import { textOf } from "../helpers/secrets.js";

const PLAIN = { description: "Node-RED 2", descriptionType: "str" };
const withCreate = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: MoreNodes = {},
) => withNode("create-management-token", { ...PLAIN, ...properties }, work, options);

const there = ({ clusters, own }: NodeFixture) =>
  [...clusters.managementTokens.values()].filter(
    ({ id, accountId }) => id !== own.id && accountId === own.accountId,
  );
const record = ({ outputs: [[first]] }: Seen) => first?.payload as OutcomeRecord;

describe("create-management-token", function () {
  // Each try of influxctl is a process.
  this.timeout(20_000);

  it("makes one that works at once, and hands it over", () =>
    withCreate({}, async (fixture) => {
      const seen = await fixture.send({ topic: "kept" });
      assert.equal(seen.error, undefined, seen.error?.message);
      const [made, ...others] = there(fixture);
      assert.deepEqual(others, []);
      const [{ tokenValue, ...rest }] = seen.outputs[0] as [Message];
      assert.equal(tokenValue, made!.token);
      assert.equal(rest.topic, "kept");
      assert.partialDeepStrictEqual(record(seen), {
        id: made!.id,
        outcome: "created",
        token: { state: "active" },
      });
      assert.equal(withoutMark(made!.description), "Node-RED 2");
      // It cannot be described anew, so the mark says nothing that will be wrong.
      assert.equal(markIn(made!.description)?.kind, "made");
      assert.ok(!textOf([rest, fixture.runtime.statuses, fixture.runtime.log()]).includes(made!.token));
    }));

  it("refuses the words of a token that waits, and makes no other for them", () =>
    withCreate({}, async (fixture) => {
      const { handedOver } = (await fixture.send({})).outputs[0][0]!;
      for (const step of ["stored", "not-stored"]) {
        const { error } = await fixture.send({ handedOver, step });
        assert.equal(error?.code, "not-waiting");
        assert.match(error.message, /delete or revoke it by its ID/);
      }
      assert.equal(there(fixture).length, 1);
      assert.equal(there(fixture)[0]!.revokedAt, undefined);
    }));

  it("takes an expiry, and none", () =>
    withCreate({ expiry: "2099-12-31T00:00:00Z", expiryType: "str" }, async (fixture) => {
      const seen = await fixture.send({});
      assert.equal(seen.error, undefined, seen.error?.message);
      assert.equal(Date.parse(String(record(seen).token.expiresAt)), Date.UTC(2099, 11, 31));
    }));

  it("makes none in a dry run", () =>
    withCreate({}, async (fixture) => {
      const { outputs } = await fixture.send({ dryRun: true });
      assert.partialDeepStrictEqual(outputs[1][0]!.payload, {
        outcome: "dry-run",
        would: "created",
        token: { description: "Node-RED 2" },
      });
      assert.deepEqual(there(fixture), []);
    }));

  it("revokes it again if the place cannot be written", () =>
    withCreate({ place: "text.value", placeType: "msg" }, async (fixture) => {
      const { error } = await fixture.send({ text: "a text" });
      assert.match(error?.message ?? "", /No place for value.*was removed again/);
      const [made] = there(fixture);
      assert.ok(made!.revokedAt);
    }));
});
