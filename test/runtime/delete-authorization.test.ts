import assert from "node:assert/strict";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { BAD_TARGETS } from "../helpers/bad-targets.js";
import { addTokens, type NodeFixture, withNode } from "../helpers/fixture.js";
import type { Message, Properties, Runtime } from "../helpers/runtime.js";

const withDelete = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  connection: Properties = {},
) =>
  withNode("delete-authorization", { confirmed: true, ...properties }, work, {
    connection,
    // The server shows which token is the connection's own, and no look is needed for that.
    simulator: { tokens: "clear" },
  });
/** Whether or not a Complete or Catch node could be told. */
async function hasEnded(runtime: Runtime): Promise<void> {
  const isOver = async () => runtime.dones() > 0 || (await runtime.ended(0)).ends > 0;
  for (let turns = 0; !(await isOver()); turns++) {
    assert.ok(turns < 100_000, "it does not end");
    await new Promise(setImmediate);
  }
  await new Promise(setImmediate);
}
const records = (payload: unknown) => payload as OutcomeRecord[];
const outcomes = (payload: unknown) => records(payload).map(({ outcome }) => outcome);

describe("delete-authorization", () => {
  it("deletes the one that the message names by its id, and never looks before", () =>
    withDelete({}, async ({ simulator, send, sent, runtime }) => {
      const [token] = addTokens(simulator, 1);
      const seen = await send({ payload: token!.id, topic: "kept" });
      const { at, ...record } = seen.payload as OutcomeRecord;
      assert.deepEqual(record, { id: token!.id, outcome: "deleted", token: {} });
      assert.ok(Math.abs(Date.now() - Date.parse(at)) < 60_000);
      assert.equal(seen.outputs[0][0]!.topic, "kept");
      assert.deepEqual(sent(), [`DELETE /api/v2/authorizations/${token!.id}`]);
      assert.equal(simulator.world.authorizations.has(token!.id), false);
      assert.equal(seen.ends, 1);
      assert.ok(seen.completed);
      assert.equal(runtime.statuses.at(-1), "green 1 deleted");
    }));

  it("repeats in the record what the message said of the token, but never its value", () =>
    withDelete({}, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      const seen = await send({ payload: { ...token, user: "user1", links: { self: "/x" } } });
      assert.partialDeepStrictEqual(seen.payload, {
        token: { description: "token 0", user: "user1", status: "active" },
      });
      assert.ok(!JSON.stringify(seen.outputs).includes(token!.token));
      assert.ok(!("links" in (seen.payload as OutcomeRecord).token));
    }));

  it("deletes many, of mixed kinds, in order and each once", () =>
    withDelete({}, async ({ simulator, send, sent, runtime }) => {
      const [a, b, c] = addTokens(simulator, 3);
      const seen = await send({
        payload: [` ${a!.id}\n`, { id: b!.id }, a!.id.toUpperCase(), c!.id, { id: b!.id }],
      });
      assert.deepEqual(
        records(seen.payload).map(({ id, outcome }) => [id, outcome]),
        [a, b, c].map((token) => [token!.id, "deleted"]),
      );
      assert.equal(sent().length, 3);
      assert.equal(seen.outputs[0].length, 1);
      assert.equal(runtime.statuses.at(-1), "green 3 deleted");
    }));

  it("answers an empty array with an empty report, and sends nothing", () =>
    withDelete({}, async ({ send, sent }) => {
      const seen = await send({ payload: [] });
      assert.deepEqual(seen.payload, []);
      assert.ok(seen.completed);
      assert.deepEqual(sent(), []);
    }));

  it("answers an array of one with an array of one", () =>
    withDelete({}, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      assert.deepEqual(outcomes((await send({ payload: [token!.id] })).payload), ["deleted"]);
    }));

  for (const [what, payload, code] of BAD_TARGETS) {
    it(`answers ${what} with ${code}, and sends nothing`, () =>
      withDelete({}, async ({ send, sent }) => {
        const seen = await send({ payload });
        assert.equal(seen.error?.code, code);
        assert.equal(seen.ends, 1);
        assert.deepEqual(seen.outputs, [[], []]);
        assert.deepEqual(sent(), []);
      }));
  }

  it("does not repeat in an error what the message held: it may be a token", () =>
    withDelete({}, async ({ send, simulator, runtime }) => {
      const secret = simulator.world.operator.token;
      const { error } = await send({ payload: secret });
      assert.equal(error?.code, "invalid-id");
      assert.ok(!JSON.stringify(error).includes(secret));
      assert.ok(!runtime.log().includes(secret));
    }));

  it("takes 10,001 ids where the node has no limit", () => {
    const payload = Array.from({ length: 10_001 }, (_, index) => (index + 1).toString(16).padStart(16, "0"));
    return withDelete(
      { limit: "", notFound: "done" },
      async ({ send, sent }) => {
        const seen = await send({ payload });
        assert.deepEqual(
          records(seen.payload).map(({ id, outcome }) => [id, outcome]),
          payload.map((id, index) => [id, index === 0 ? "not-found" : "failed"]),
        );
        assert.equal(sent().length, 1);
      },
      // What is protected costs no request.
      { protectedIds: payload.slice(1).join(" ") },
    );
  });

  it("refuses 101 ids by default, and touches none", () =>
    withDelete({}, async ({ simulator, send, sent }) => {
      const payload = addTokens(simulator, 101).map(({ id }) => id);
      const { error, outputs } = await send({ payload });
      assert.equal(error?.code, "limit-exceeded");
      assert.match(error.message, /names 101, and the node allows 100 per message/);
      assert.deepEqual(outputs, [[], []]);
      assert.deepEqual(sent(), []);
    }));

  it("counts over messages where the limit says so, and dry runs do not use it up", () =>
    withDelete({ limit: "3", limitPer: "hour" }, async ({ simulator, send, sent }) => {
      const ids = addTokens(simulator, 4).map(({ id }) => id);
      await send({ payload: ids.slice(0, 2), dryRun: true });
      await send({ payload: ids.slice(0, 2) });
      const { error } = await send({ payload: ids.slice(2) });
      assert.equal(error?.code, "limit-exceeded");
      assert.match(error.message, /names 2 after 2 before it/);
      assert.equal((await send({ payload: ids[3] })).error, undefined);
      assert.equal(sent().filter((each) => each.startsWith("DELETE")).length, 3);
    }));

  it("refuses to work while the box is not ticked, except in a dry run", () =>
    withNode("delete-authorization", {}, async ({ simulator, send, sent }) => {
      const [token] = addTokens(simulator, 1);
      const { error } = await send({ payload: token!.id });
      assert.equal(error?.code, "not-confirmed");
      assert.deepEqual(sent(), []);
      assert.deepEqual(outcomes([(await send({ payload: token!.id, dryRun: true })).payload]), ["dry-run"]);
      assert.ok(simulator.world.authorizations.has(token!.id));
    }));

  it("only reads in a dry run, which a message can ask for but not call off, and tells what would be", () =>
    withDelete({ dryRun: true }, async ({ simulator, send, sent, runtime }) => {
      const [token] = addTokens(simulator, 1);
      const gone = simulator.world.addUser("gone");
      const orphan = simulator.world.addAuthorization({ user: gone });
      simulator.world.users.delete(gone.id);
      const payload = [token!.id, "0aaaaaaaaaaaaaaa", orphan.id];
      const seen = await send({ payload, dryRun: false });
      assert.deepEqual(
        records(seen.payload).map(({ id, outcome, would, token }) => [id, outcome, would, token.description]),
        [
          [token!.id, "dry-run", "deleted", "token 0"],
          ["0aaaaaaaaaaaaaaa", "dry-run", "not-found", undefined],
          [orphan.id, "dry-run", "deleted", undefined],
        ],
      );
      assert.ok(seen.completed);
      assert.deepEqual(
        sent(),
        payload.map((id) => `GET /api/v2/authorizations/${id}`),
      );
      assert.equal(runtime.statuses.at(-1), "yellow 3 in dry run: 1 not found");
      assert.ok(simulator.world.authorizations.has(token!.id));
    }));

  for (const wish of [
    ...[{ dryRun: true }, { dryRun: "true" }, { dryRun: 1 }, { dryRun: "false" }, { dryRun: {} }],
    ...[{ dryrun: true }, { dry_run: "yes" }, { "dry-run": true }, { DRYRUN: true }, { dry: true }],
    ...[{ dryRun: false, dry_run: true }],
  ]) {
    it(`takes ${JSON.stringify(wish)} for a dry run, in the message and in the payload`, () =>
      withDelete({}, async ({ simulator, send }) => {
        const { id } = addTokens(simulator, 1)[0]!;
        assert.deepEqual(outcomes([(await send({ payload: id, ...wish })).payload]), ["dry-run"]);
        assert.deepEqual(outcomes([(await send({ payload: { id, ...wish } })).payload]), ["dry-run"]);
        assert.deepEqual(outcomes((await send({ payload: [{ id, ...wish }] })).payload), ["dry-run"]);
        assert.ok(simulator.world.authorizations.has(id));
      }));
  }

  it("takes a wish in the payload for a dry run, also where its targets come from elsewhere", () =>
    withDelete({ targets: "payload.id", targetsType: "msg" }, async ({ simulator, send }) => {
      const { id } = addTokens(simulator, 1)[0]!;
      assert.deepEqual(outcomes([(await send({ payload: { id, dryRun: "yes" } })).payload]), ["dry-run"]);
      assert.equal((await send({ payload: { id, dryRun: 0 } })).error?.code, "invalid-config");
      assert.ok(simulator.world.authorizations.has(id));
    }));

  for (const wish of [{ dryRun: "" }, { dryRun: " " }, { dryRun: 0 }, { dryRun: null }, { dry_run: NaN }]) {
    it(`does nothing for ${JSON.stringify(wish)}, which could be meant as one`, () =>
      withDelete({}, async ({ simulator, send, sent }) => {
        const { id } = addTokens(simulator, 1)[0]!;
        for (const msg of [{ payload: id, ...wish }, { payload: { id, ...wish } }]) {
          const { error } = await send(msg);
          assert.equal(error?.code, "invalid-config");
          assert.match(error.message, /"dry_?[rR]un" of the message.*expected true or false/);
        }
        assert.deepEqual(sent(), []);
      }));
  }

  it("deletes where a message says that it is no dry run", () =>
    withDelete({}, async ({ simulator, send }) => {
      const { id } = addTokens(simulator, 1)[0]!;
      const seen = await send({ payload: { id, dryRun: false }, dryRun: false, dry_run: undefined });
      assert.deepEqual(outcomes([seen.payload]), ["deleted"]);
    }));

  it("leaves protected tokens alone, also in another spelling, and deletes the others", async () => {
    const protectedId = "0abcdef012345678";
    await withDelete(
      {},
      async ({ simulator, send, sent }) => {
        const [token] = addTokens(simulator, 1);
        const seen = await send({ payload: [protectedId.toUpperCase(), token!.id] });
        assert.deepEqual(outcomes(seen.payload), ["failed", "deleted"]);
        assert.equal(records(seen.payload)[0]!.error?.code, "protected");
        assert.equal(seen.error?.code, "protected");
        assert.equal(sent().length, 1);
        assert.equal((await send({ payload: protectedId })).error?.code, "protected");
        assert.partialDeepStrictEqual((await send({ payload: protectedId, dryRun: true })).payload, {
          outcome: "dry-run",
          would: "protected",
        });
      },
      { protectedIds: `ffffffffffffffff, ${protectedId}\n` },
    );
  });

  it("takes an unknown id for an error", () =>
    withDelete({}, async ({ send }) => {
      const { error, outputs } = await send({ payload: "0aaaaaaaaaaaaaaa" });
      assert.equal(error?.code, "not-found");
      assert.equal((error.cause as { statusCode: number }).statusCode, 404);
      assert.match(
        error.message,
        /^Not found, cannot delete authorization 0aaaaaaaaaaaaaaa: there is no such authorization/,
      );
      assert.deepEqual(outputs, [[], []]);
    }));

  it("counts an unknown id as done where the node says so", () =>
    withDelete({ notFound: "done" }, async ({ send, runtime }) => {
      const seen = await send({ payload: "0aaaaaaaaaaaaaaa" });
      assert.partialDeepStrictEqual(seen.payload, { id: "0aaaaaaaaaaaaaaa", outcome: "not-found" });
      assert.ok(seen.completed);
      assert.equal(runtime.statuses.at(-1), "green 1 not found");
    }));

  it("sends the whole report and an error that counts, where some of many fail", () =>
    withDelete({}, async ({ simulator, send }) => {
      const [a, b] = addTokens(simulator, 2);
      const seen = await send({ payload: [a!.id, "0aaaaaaaaaaaaaaa", b!.id] });
      assert.deepEqual(outcomes(seen.payload), ["deleted", "failed", "deleted"]);
      assert.match(
        seen.error?.message ?? "",
        /^Not found, cannot delete 1 of 3 authorizations: the first is 0aaaaaaaaaaaaaaa: there is no such/,
      );
      assert.equal(seen.error?.code, "not-found");
      assert.equal(seen.ends, 1);
    }));

  it("sends each record as soon as it is known, where the node says so, for a Join node to put together", () =>
    withDelete({ report: "each" }, async ({ simulator, send }) => {
      const ids = addTokens(simulator, 3).map(({ id }) => id);
      const seen = await send({ payload: ids, topic: "kept" });
      const parts = seen.outputs[0].map(({ parts, payload }) => ({
        ...(parts as { index: number; count: number; type: string }),
        record: payload as OutcomeRecord,
      }));
      assert.deepEqual(parts.map(({ index }) => index).toSorted(), [0, 1, 2]);
      for (const { index, record, count, type } of parts) {
        assert.deepEqual([record.id, record.outcome, count, type], [ids[index], "deleted", 3, "array"]);
      }
      assert.ok(seen.outputs[0].every(({ topic }) => topic === "kept"));
    }));

  it("deletes an orphan, which the server hides from lists and GETs, by its id", () =>
    withDelete({}, async ({ simulator, send }) => {
      const gone = simulator.world.addUser("gone");
      const { id } = simulator.world.addAuthorization({ user: gone });
      simulator.world.users.delete(gone.id);
      assert.partialDeepStrictEqual((await send({ payload: id })).payload, { id, outcome: "deleted" });
    }));

  it("stops at once where the connection's token is refused, and says what was not begun", () =>
    withDelete(
      {},
      async ({ simulator, send }) => {
        const ids = addTokens(simulator, 5).map(({ id }) => id);
        simulator.world.operator.status = "inactive";
        const seen = await send({ payload: ids });
        assert.deepEqual(outcomes(seen.payload), ["failed", ...Array<string>(4).fill("not-started")]);
        assert.equal(simulator.requests.length, 1);
        assert.match(
          seen.error?.message ?? "",
          /^Token inactive, cannot delete 5 of 5 authorizations: .*token is inactive/,
        );
      },
      { parallel: "1" },
    ));

  it("never has more requests under way than the connection allows", () =>
    withDelete(
      {},
      async ({ simulator, send }) => {
        simulator.faults.push({ delay: 10, times: 30 });
        const payload = addTokens(simulator, 30).map(({ id }) => id);
        assert.equal((await send({ payload })).error, undefined);
        assert.equal(simulator.mostAtOnce, 3);
      },
      { parallel: "3" },
    ));

  it("gives a message beside a sweep its turn", () =>
    withDelete(
      {},
      async ({ simulator, runtime, sent }) => {
        const [single, ...ids] = addTokens(simulator, 60).map(({ id }) => id);
        simulator.faults.push({ delay: 5, times: 60 });
        runtime.inject({ payload: ids });
        await simulator.arrived(6);
        runtime.inject({ payload: single });
        await runtime.ended(2);
        // Behind those under way and those that wait for a turn of their own, one for each under way.
        assert.ok(sent().findIndex((request) => request.endsWith(single!)) <= 6 + 2 * 3);
      },
      { parallel: "3" },
    ));

  it("shows in the status how far it is, and how often it had to try again", () =>
    withDelete(
      { limit: "" },
      async ({ simulator, send, runtime }) => {
        const payload = addTokens(simulator, 1500).map(({ id }) => id);
        simulator.faults.push({ path: `/api/v2/authorizations/${payload[1200]}`, status: 503, times: 2 });
        const { outputs } = await send({ payload });
        assert.ok(runtime.statuses.includes("blue 1,200/1,500, 1 retry"));
        assert.equal(runtime.statuses.at(-1), "green 1,500 deleted, 2 retries");
        assert.equal(records(outputs[0][0]?.payload)[1200]?.attempts, 3);
      },
      { parallel: "1" },
    ));

  it("answers an empty array with an empty report also where it reports each", () =>
    withDelete({ report: "each" }, async ({ send }) => {
      assert.deepEqual((await send({ payload: [] })).payload, []);
    }));

  it("works with a message that a function node has frozen", () =>
    withDelete({}, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      assert.partialDeepStrictEqual(
        (await send(Object.freeze({ payload: token!.id, _msgid: "1" }))).payload,
        {
          outcome: "deleted",
        },
      );
    }));

  describe("passes on what it did, whatever a flow has made of the message", () => {
    const ids = ["0aaaaaaaaaaaaaaa", "0bbbbbbbbbbbbbbb"];
    const fail = (): never => {
      throw new Error("no copy of me");
    };
    const odd: Record<string, () => Message> = {
      "a getter that throws": () =>
        Object.defineProperty({ payload: ids }, "trap", { enumerable: true, get: fail }),
      "one further in": () => ({
        payload: ids,
        deep: Object.defineProperty({}, "trap", { enumerable: true, get: fail }),
      }),
      "a read-only payload": () =>
        Object.defineProperty({ _msgid: "1" }, "payload", { enumerable: true, value: ids }),
      "a payload without a setter": () =>
        Object.defineProperty({ _msgid: "1" }, "payload", { enumerable: true, get: () => ids }),
      "a payload that keeps to itself": () =>
        Object.defineProperty({ _msgid: "1" }, "payload", {
          enumerable: true,
          get: () => ids,
          set: () => undefined,
        }),
      "a proxy": () => new Proxy({ payload: ids }, { ownKeys: fail }),
    };
    for (const [what, message] of Object.entries(odd)) {
      for (const report of ["together", "each"]) {
        for (const wires of [[["out0"]], [["out0", "out1"]]]) {
          it(`${what} (${report}, ${wires[0]!.length} wires)`, () =>
            withDelete({ report, notFound: "done", wires }, async ({ simulator, runtime, send }) => {
              runtime.inject(message());
              await hasEnded(runtime);
              const { outputs, error } = await runtime.ended(0);
              assert.equal(error, undefined);
              for (const output of outputs.slice(0, wires[0]!.length)) {
                const records = output.flatMap(({ payload }) => payload as OutcomeRecord[]);
                assert.deepEqual(records.map(({ id }) => id).toSorted(), ids);
              }
              const [token] = addTokens(simulator, 1);
              assert.equal((await send({ payload: token!.id })).error, undefined);
            }));
        }
      }
      it(`${what} (an error)`, () =>
        withDelete({}, async ({ runtime }) => {
          runtime.inject(message());
          await hasEnded(runtime);
          assert.equal((await runtime.ended(0)).error?.code, "not-found");
        }));
    }
  });

  for (const [name, value] of [
    ["targets", "token"],
    ["targets", "0aaaaaaaaaaaaaaa"],
  ] as const) {
    it(`refuses ${name} = ${value} without a type rather than to take msg.payload`, () =>
      withDelete({ [name]: value }, async ({ send, sent }) => {
        assert.equal((await send({ payload: "0aaaaaaaaaaaaaaa" })).error?.code, "invalid-config");
        assert.deepEqual(sent(), []);
      }));
  }

  it("refuses a limit from the environment that is empty", async () => {
    process.env.T_LIMIT = "";
    await withDelete({ limit: "${T_LIMIT}" }, async ({ send, sent }) => {
      const { error } = await send({ payload: "0aaaaaaaaaaaaaaa" });
      assert.match(error?.message ?? "", /"limit" names the environment variable T_LIMIT/);
      assert.deepEqual(sent(), []);
    }).finally(() => Reflect.deleteProperty(process.env, "T_LIMIT"));
  });

  it("takes the targets from where the dialog says, and from nowhere else", () =>
    withDelete({ targets: "token.id", targetsType: "msg" }, async ({ simulator, send }) => {
      const [a, b] = addTokens(simulator, 2);
      await send({ payload: a!.id, token: { id: b!.id } });
      assert.deepEqual(
        [a, b].map((token) => simulator.world.authorizations.has(token!.id)),
        [true, false],
      );
    }));

  it("says which field of the node is wrong", () =>
    withDelete({ limit: "many" }, async ({ send, runtime }) => {
      const { error } = await send({ payload: "0aaaaaaaaaaaaaaa" });
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, /"limit".*whole number/);
      assert.equal(runtime.statuses.at(-1), "red wrong setting");
    }));
});
