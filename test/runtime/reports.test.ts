import assert from "node:assert/strict";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import type { Summary } from "../../src/work/summary.js";
import { addTokens, type NodeFixture, withNode } from "../helpers/fixture.js";
import type { Properties, Seen } from "../helpers/runtime.js";

const UNKNOWN = "0aaaaaaaaaaaaaaa";
const withDelete = (properties: Properties, work: (fixture: NodeFixture) => Promise<void>) =>
  withNode("delete-authorization", { confirmed: true, ...properties }, work, {
    simulator: { tokens: "clear" },
  });
const outcomesIn = (seen: Seen) =>
  seen.outputs[0].flatMap(({ payload }) => payload as OutcomeRecord[]).map(({ outcome }) => outcome);

describe("a report", () => {
  for (const [ifSomeFail, report, single, sent, isError] of [
    ["both", "together", false, ["deleted", "failed"], true],
    ["both", "each", false, ["deleted", "failed"], true],
    ["both", "together", true, [], true],
    ["both", "each", true, [], true],
    ["error", "together", false, [], true],
    ["error", "each", false, ["deleted"], true],
    ["error", "together", true, [], true],
    ["error", "each", true, [], true],
    ["report", "together", false, ["deleted", "failed"], false],
    ["report", "each", false, ["deleted", "failed"], false],
    ["report", "together", true, ["failed"], false],
    ["report", "each", true, ["failed"], false],
  ] as const) {
    const of = single ? "a single token that fails" : "an array of which one fails";
    it(`of ${of} (${report}, if some fail: ${ifSomeFail})`, () =>
      withDelete({ ifSomeFail, report }, async ({ simulator, runtime, send }) => {
        const [token] = addTokens(simulator, 1);
        const seen = await send({ payload: single ? UNKNOWN : [token!.id, UNKNOWN] });
        assert.deepEqual(outcomesIn(seen), sent);
        assert.equal(seen.error?.code, isError ? "not-found" : undefined);
        assert.equal(seen.ends, 1);
        assert.equal(
          runtime.statuses.at(-1),
          !single ? "red 1 deleted, 1 failed" : isError ? "red not found" : "red 1 failed",
        );
      }));

    it(`of ${of}, where none does (${report}, if some fail: ${ifSomeFail})`, () =>
      withDelete({ ifSomeFail, report }, async ({ simulator, runtime, send }) => {
        const ids = addTokens(simulator, 2).map(({ id }) => id);
        const seen = await send({ payload: single ? ids[0] : ids });
        assert.deepEqual(outcomesIn(seen), single ? ["deleted"] : ["deleted", "deleted"]);
        assert.equal(seen.error, undefined);
        assert.equal(runtime.statuses.at(-1), single ? "green 1 deleted" : "green 2 deleted");
      }));
  }

  it("has a status code for flows that answer a request, as its error has", () =>
    withDelete({ ifSomeFail: "both" }, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      const mixed = await send({ payload: [token!.id, UNKNOWN], statusCode: 418 });
      assert.deepEqual([mixed.outputs[0][0]!.statusCode, mixed.caught?.statusCode], [404, 404]);
      assert.equal((await send({ payload: [], statusCode: 418 })).outputs[0][0]!.statusCode, 200);
      assert.equal((await send({ payload: "no ID", statusCode: 200 })).caught?.statusCode, 400);
    }));

  it("and its status code reach a Catch node, whatever a flow has made of the message", () =>
    withDelete({ ifSomeFail: "error" }, async ({ send }) => {
      for (const msg of [
        Object.freeze({ payload: [UNKNOWN], statusCode: 200, topic: "kept", _msgid: "1" }),
        Object.defineProperty({ payload: [UNKNOWN], topic: "kept" }, "statusCode", {
          value: 200,
          enumerable: true,
        }),
      ]) {
        const { caught, ends } = await send(msg);
        assert.deepEqual([caught?.statusCode, caught?.topic, ends], [404, "kept", 1]);
        assert.deepEqual(
          (caught?.payload as OutcomeRecord[]).map(({ outcome }) => outcome),
          ["failed"],
        );
      }
    }));

  it("that is sent one by one has the status code of each", () =>
    withDelete({ report: "each", ifSomeFail: "report" }, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      const { outputs } = await send({ payload: [token!.id, UNKNOWN] });
      assert.deepEqual(
        outputs[0].map(({ statusCode }) => statusCode),
        [200, 404],
      );
    }));

  for (const ifSomeFail of ["both", "error"]) {
    it(`is the payload of the message that the Catch node gets (if some fail: ${ifSomeFail})`, () =>
      withDelete({ ifSomeFail }, async ({ simulator, send }) => {
        const [token] = addTokens(simulator, 1);
        const { caught } = await send({ payload: [token!.id, UNKNOWN] });
        assert.deepEqual(
          (caught?.payload as OutcomeRecord[]).map(({ outcome }) => outcome),
          ["deleted", "failed"],
        );
      }));
  }

  for (const ifSomeFail of ["both", "error", "report"]) {
    it(`does not stand for an error that concerns the whole message (if some fail: ${ifSomeFail})`, () =>
      withDelete({ ifSomeFail, limit: "1" }, async ({ send }) => {
        for (const [payload, code] of [
          [["no id"], "invalid-id"],
          [undefined, "missing-id"],
          [[UNKNOWN, "0bbbbbbbbbbbbbbb"], "limit-exceeded"],
        ]) {
          const seen = await send({ payload });
          assert.equal(seen.error?.code, code);
          assert.deepEqual(seen.outputs, [[], []]);
        }
      }));
  }

  it("of a single token has a place in a series of one where each is sent, for a Join node", () =>
    withDelete({ report: "each" }, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      const { outputs } = await send({ payload: token!.id });
      const { id, ...parts } = outputs[0][0]!.parts as Record<string, unknown>;
      assert.equal(typeof id, "string");
      assert.deepEqual(parts, { type: "array", len: 1, index: 0, count: 1 });
    }));
});

describe("the summary", () => {
  const STALE = { text: "of another node", total: 7 };
  const summariesOf = (seen: Seen) => seen.outputs[0].map(({ summary }) => summary);

  it("stands beside the report, and with the error where there is one", () =>
    withDelete({}, async ({ simulator, send }) => {
      const ids = addTokens(simulator, 3).map(({ id }) => id);
      const some = await send({ payload: [ids[0], UNKNOWN], summary: STALE });
      const summary = {
        text: "1 of 2 authorizations deleted, 1 failed.",
        total: 2,
        counts: { deleted: 1, failed: 1 },
      };
      assert.deepEqual([summariesOf(some), some.caught?.summary], [[summary], summary]);
      const all = await send({ payload: ids.slice(1), summary: STALE });
      assert.deepEqual(summariesOf(all), [
        { text: "2 authorizations deleted.", total: 2, counts: { deleted: 2 } },
      ]);
      const none = await send({ payload: [], summary: STALE });
      assert.deepEqual(summariesOf(none), [
        { text: "No authorizations, nothing was done.", total: 0, counts: { deleted: 0 } },
      ]);
    }));

  it("goes with the error alone where that alone is sent, also of a single token", () =>
    withDelete({ ifSomeFail: "error" }, async ({ send }) => {
      for (const [payload, text] of [
        [[UNKNOWN, "0bbbbbbbbbbbbbbb"], "0 of 2 authorizations deleted, 2 failed."],
        [UNKNOWN, "0 of 1 authorization deleted, 1 failed."],
      ] as const) {
        const { caught } = await send({ payload, summary: STALE });
        assert.equal((caught?.summary as Summary).text, text);
      }
    }));

  it("of another node does not survive where nothing was done", () =>
    withDelete({ limit: "1" }, async ({ send }) => {
      const of = (payload: unknown) => ({ payload, summary: STALE, topic: "kept" });
      for (const msg of [of("no id"), of([UNKNOWN, "0bbbbbbbbbbbbbbb"]), Object.freeze(of(undefined))]) {
        const { caught } = await send(msg);
        assert.ok(caught?.topic === "kept" && !("summary" in caught));
      }
    }));

  it("is of each token where each is sent", () =>
    withDelete({ report: "each", ifSomeFail: "report" }, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      const seen = await send({ payload: [token!.id, UNKNOWN], summary: STALE });
      assert.deepEqual(
        summariesOf(seen).map((summary) => (summary as Summary).text),
        ["1 authorization deleted.", "0 of 1 authorization deleted, 1 failed."],
      );
    }));

  it("says in a dry run what would be", () =>
    withDelete({ dryRun: true }, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      const seen = await send({ payload: [token!.id, UNKNOWN, simulator.world.operator.id] });
      assert.deepEqual(summariesOf(seen), [
        {
          text: "Dry run: 1 of 3 authorizations would be deleted, 1 not found, 1 protected.",
          total: 3,
          counts: { deleted: 1, "not-found": 1, protected: 1 },
          dryRun: true,
        },
      ]);
      assert.deepEqual([seen.outputs[0][0]!.statusCode, seen.error], [200, undefined]);
    }));

  const FOUR = { text: "4 authorizations match.", total: 4 };
  for (const [result, expected] of [
    ["all", [FOUR]],
    // It reads no further than to the oldest.
    ["first", [{ text: "The oldest authorization that matches; others were not counted.", total: 1 }]],
    // How many there are is known with the last one.
    ["each", [undefined, undefined, undefined, FOUR]],
  ] as const) {
    it(`of a list tells how many match (${result})`, () =>
      withNode(
        "list-authorizations",
        { result, user: "user", userType: "msg" },
        async ({ simulator, send }) => {
          addTokens(simulator, 4);
          simulator.world.addUser("idle");
          const found = await send({ user: "user1", summary: STALE, statusCode: 418 });
          assert.deepEqual(summariesOf(found), expected);
          assert.deepEqual(new Set(found.outputs[0].map(({ statusCode }) => statusCode)), new Set([200]));
          const none = (await send({ user: "idle", summary: STALE, statusCode: 418 })).outputs[1][0];
          assert.deepEqual(
            [none?.summary, none?.statusCode],
            [{ text: "No authorizations match.", total: 0 }, 200],
          );
          const { caught } = await send({ user: "nobody", summary: STALE, statusCode: 200 });
          assert.ok(caught?.statusCode === 404 && !("summary" in caught));
        },
      ));
  }
});

describe("the status", () => {
  it("counts single messages, as a Split node sends them", () =>
    withDelete({}, async ({ simulator, runtime }) => {
      const ids = [...addTokens(simulator, 38).map(({ id }) => id), UNKNOWN, "0bbbbbbbbbbbbbbb"];
      for (const [index, payload] of ids.entries()) {
        runtime.inject({ payload, parts: { id: "p", type: "array", len: 1, index, count: 41 } });
      }
      await runtime.ended(40);
      assert.equal(runtime.statuses.at(-1), "red 38 deleted, 2 failed");
      // One that comes late belongs to them, another does not.
      const parts = { id: "p", type: "array", len: 1, index: 40, count: 41 };
      await runtime.send({ payload: UNKNOWN, parts });
      assert.equal(runtime.statuses.at(-1), "red 38 deleted, 3 failed");
      await runtime.send({ payload: UNKNOWN });
      assert.equal(runtime.statuses.at(-1), "red not found");
    }));
});

describe("a limit in a stretch of time", () => {
  const withLimit = (properties: Properties, work: (fixture: NodeFixture) => Promise<void>) =>
    withDelete({ limit: "3", limitPer: "hour", ...properties }, work);

  it("is not used up by IDs that do not exist", () =>
    withLimit({ notFound: "done" }, async ({ simulator, send }) => {
      const ids = addTokens(simulator, 3).map(({ id }) => id);
      for (let count = 0; count < 5; count++)
        assert.equal((await send({ payload: [UNKNOWN, "0bbbbbbbbbbbbbbb"] })).error, undefined);
      assert.equal((await send({ payload: ids })).error, undefined);
      assert.equal((await send({ payload: UNKNOWN })).error?.code, "limit-exceeded");
    }));

  it("is not used up by IDs that do not exist, where that is an error", () =>
    withLimit({}, async ({ simulator, send }) => {
      const ids = addTokens(simulator, 3).map(({ id }) => id);
      for (let count = 0; count < 5; count++)
        assert.equal((await send({ payload: UNKNOWN })).error?.code, "not-found");
      assert.equal((await send({ payload: ids })).error, undefined);
      assert.equal((await send({ payload: UNKNOWN })).error?.code, "limit-exceeded");
    }));

  it("is not used up by what is protected or spared", () =>
    withLimit({ inactiveFor: "1d", inactiveForType: "str" }, async ({ simulator, send }) => {
      const { operator } = simulator.world;
      const [active] = addTokens(simulator, 1);
      for (let count = 0; count < 5; count++) {
        assert.equal((await send({ payload: operator.id })).error?.code, "protected");
        assert.equal(((await send({ payload: active!.id })).payload as OutcomeRecord).outcome, "skipped");
      }
    }));

  it("is used up by what may have been done", () =>
    withLimit({}, async ({ simulator, send }) => {
      const ids = addTokens(simulator, 4).map(({ id }) => id);
      simulator.faults.push({ path: new RegExp(ids[0]!), status: 500, times: 3 });
      for (let count = 0; count < 3; count++)
        assert.equal((await send({ payload: ids[0] })).error?.code, "unavailable");
      assert.equal((await send({ payload: ids[1] })).error?.code, "limit-exceeded");
    }));
});
