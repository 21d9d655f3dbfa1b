import assert from "node:assert/strict";
import crypto from "node:crypto";
import os from "node:os";
import { compileFunction } from "node:vm";
import { readExample } from "../../simulator/node-red.js";

const HOUR = 60 * 60 * 1000;
const RESULT = "influxdb/sweep/result";

interface Work {
  payload: { body: string; signature: string };
  messageExpiryInterval: number;
}

interface Report {
  payload: { text: string; counts?: Record<string, number>; records?: { id: string; outcome: string }[] };
}

/** The functions of the example, by a clock that the test sets. */
describe('the functions of "one sweep, several Node-REDs"', () => {
  let environment: Record<string, unknown>;
  let context: Map<string, unknown>;
  let now: number;
  let warnings: string[];
  /** What a function node sends for a message. */
  let send: (name: string, msg: object) => Promise<unknown>;

  beforeEach(() => {
    environment = {
      ...{ SWEEP_LIMIT: 20, SWEEP_AT_ONCE: 3, SWEEP_SECONDS: 60, SWEEP_TIMES: 2 },
      SWEEP_SECRET: "of at least thirty-two characters",
    };
    context = new Map();
    now = 1_800_000_000_000;
    warnings = [];
    send = async (name, msg) => {
      const example = await readExample("one sweep, several Node-REDs");
      const node = example.find((each) => each.type === "function" && each.name === name)!;
      const scope = {
        msg: structuredClone(msg),
        env: { get: (key: string) => environment[key] },
        node: { status: () => undefined, warn: (text: string) => warnings.push(text) },
        Date: { now: () => now },
        ...{ crypto, os },
      };
      const store = {
        get: (key: string) => context.get(key),
        // As a store on disk has it.
        set: (key: string, value: unknown) =>
          context.set(key, value === undefined ? undefined : JSON.parse(JSON.stringify(value))),
      };
      const all = { ...scope, flow: store, context: store };
      return (compileFunction(node.func as string, Object.keys(all)) as (...args: unknown[]) => unknown)(
        ...Object.values(all),
      );
    };
  });

  const handOut = async (msg: object) => {
    const [report, work] = ((await send("hand out", msg)) ?? []) as [Report?, Work[]?];
    return { work: work ?? [], ids: (work ?? []).map(idOf), report: report?.payload };
  };
  const tokens = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => ({
      ...{ id: (from + index).toString(16).padStart(16, "0"), description: `token ${from + index}` },
      ...{ updatedAt: "2020-01-01T00:00:00Z", status: "inactive", user: "somebody" },
    }));
  const bodyOf = ({ payload }: Work) =>
    JSON.parse(payload.body) as { sweep: string; until: number; token: { id: string } };
  const idOf = (work: Work) => bodyOf(work).token.id;
  const result = (work: Work, told: object = { outcome: "deleted" }) =>
    handOut({ topic: RESULT, payload: { sweep: bodyOf(work).sweep, id: idOf(work), ...told } });
  const tick = () => handOut({ topic: "tick" });

  it("hand out a few at a time, each with no more than it takes, and report when all are done", async () => {
    const list = tokens(4);
    let { work, report } = await handOut({ payload: list });
    assert.deepEqual(
      work.map(idOf),
      list.slice(0, 3).map(({ id }) => id),
    );
    assert.deepEqual(JSON.parse(work[0]!.payload.body), {
      sweep: bodyOf(work[0]!).sweep,
      ...{ until: now + 60_000, dryRun: false },
      token: { id: list[0]!.id, updatedAt: list[0]!.updatedAt, status: "inactive" },
    });
    const waiting = [...work];
    for (let count = 0; count < 4; count++) {
      assert.equal(report, undefined);
      ({ work, report } = await result(waiting[count]!));
      waiting.push(...work);
    }
    assert.equal(waiting.length, 4);
    assert.equal(report?.text, "4 of 4 deleted");
  });

  it("hand out again what a Node-RED left because it was deployed anew", async () => {
    environment.SWEEP_AT_ONCE = 12;
    const { work, ids } = await handOut({ payload: tokens(12) });
    for (const each of work) {
      const stopped = { outcome: "failed", error: "cancelled: Stopped, cannot delete …", status: 503 };
      assert.equal((await result(each, stopped)).report, undefined);
    }
    now += 60_000;
    assert.deepEqual((await tick()).ids, ids);
  });

  it("hand out again what has no result in time, but only so often, and say that it is unknown", async () => {
    const { ids } = await handOut({ payload: tokens(3) });
    now += 59_999;
    assert.deepEqual((await tick()).work, []);
    now += 1;
    const again = await tick();
    assert.deepEqual(again.ids, ids);
    assert.equal(bodyOf(again.work[0]!).until, now + 60_000);
    assert.equal((await result(again.work[0]!)).report, undefined);
    assert.deepEqual((await result(again.work[0]!)).work, []);
    now += 60_000;
    assert.equal((await tick()).report?.text, "1 of 3 deleted, 2 unknown");
  });

  it("refuse a list beyond the limit as a whole, and count each token once within a day", async () => {
    const { report, work } = await handOut({ payload: tokens(21) });
    assert.match(report?.text ?? "", /^Limit exceeded: 21 more after 0 /);
    assert.deepEqual(work, []);

    environment.SWEEP_AT_ONCE = 100;
    // A dry run uses up nothing.
    for (const [dryRun, from] of [
      [true, 100],
      [false, 0],
      [false, 0],
    ] as const) {
      const { work } = await handOut({ payload: tokens(20, from), dryRun });
      assert.equal(work.length, 20);
      now += 60_000;
      assert.equal((await tick()).work.length, 20);
      for (const each of work) await result(each);
    }
    assert.match(
      (await handOut({ payload: tokens(1, 20) })).report?.text ?? "",
      /1 more after 20 within a day/,
    );
    now += 24 * HOUR;
    assert.equal((await handOut({ payload: tokens(1, 20) })).work.length, 1);
  });

  it("stop after ten in a row that an outage has failed, but not after refusals of single tokens", async () => {
    for (const [status, handedOut] of [
      [503, 12],
      [429, 12],
      [403, 20],
      [undefined, 20],
    ] as const) {
      context.clear();
      const out = (await handOut({ payload: tokens(20) })).work;
      let report: Awaited<ReturnType<typeof handOut>>["report"];
      for (let count = 0; count < out.length; count++) {
        const more = await result(out[count]!, { outcome: "failed", error: "…", status });
        out.push(...more.work);
        report = more.report;
      }
      assert.equal(out.length, handedOut, String(status));
      assert.equal(report?.counts?.failed, handedOut);
      assert.equal(report.counts["not-started"], handedOut === 20 ? undefined : 8);
    }
  });

  it("begin one sweep at a time, and end what is older than a day", async () => {
    const first = await handOut({ payload: tokens(5) });
    const second = await handOut({ payload: tokens(5) });
    assert.match(second.report?.text ?? "", /under way/);
    assert.deepEqual(second.work, []);
    now += 24 * HOUR;
    const { report, work } = await tick();
    assert.deepEqual(work, []);
    assert.deepEqual(report?.counts, { unknown: 3, "not-started": 2 });
    assert.deepEqual((await result(first.work[0]!)).work, []);
  });

  it("believe a result only of what is out, and only texts of it", async () => {
    const { work } = await handOut({ payload: tokens(1) });
    const { sweep, token } = bodyOf(work[0]!);
    for (const payload of [
      ...[undefined, null, "text", [], {}, { sweep }, { id: token.id }],
      ...["__proto__", "constructor", "", {}, ["0"]].map((id) => ({ sweep, id, outcome: "deleted" })),
      { sweep: "another", id: token.id, outcome: "deleted" },
    ]) {
      assert.deepEqual(await handOut({ topic: RESULT, payload }), { work: [], ids: [], report: undefined });
    }
    const payload = { sweep, id: token.id, outcome: "deleted" };
    assert.equal((await handOut({ topic: RESULT, retain: true, payload })).report, undefined);
    const { report } = await result(work[0]!, {
      outcome: {},
      by: ["x"],
      reason: "x".repeat(9999),
      token: "value",
    });
    const { reason, ...told } = report?.records?.[0] as { id: string; outcome: string; reason: string };
    assert.deepEqual(told, { id: token.id, description: "token 0", outcome: "unknown" });
    assert.equal(reason.length, 500);
  });

  it("hand out nothing without settings that make sense, or a secret that cannot be guessed", async () => {
    for (const name of ["SWEEP_LIMIT", "SWEEP_AT_ONCE", "SWEEP_SECONDS", "SWEEP_TIMES"]) {
      for (const value of [undefined, "", "many", 0, -1, NaN]) {
        const before = environment[name];
        environment[name] = value;
        await assert.rejects(handOut({ payload: tokens(1) }), new RegExp(name));
        environment[name] = before;
      }
    }
    for (const secret of [undefined, "", "x".repeat(31)]) {
      environment.SWEEP_SECRET = secret;
      const { work, report } = await handOut({ payload: tokens(1) });
      assert.deepEqual(work, []);
      assert.match(report?.text ?? "", /^SWEEP_SECRET is not set/);
    }
  });

  it("take work that is signed and in time, as it was handed out, under a name that stays", async () => {
    const { work } = await handOut({ payload: tokens(2), dryRun: true });
    const [one, two] = (await Promise.all(work.map((each) => send("check the work", each)))) as [
      Record<string, unknown>,
      Record<string, unknown>,
    ];
    const { sweep, token } = bodyOf(work[0]!);
    assert.deepEqual(one, { payload: token, dryRun: true, sweep, by: two.by });
    assert.deepEqual(warnings, []);
  });

  it("take none that is retained, changed, signed by others or too late, and none without a secret", async () => {
    const { work } = await handOut({ payload: tokens(1) });
    const { payload } = work[0]!;
    const { body, signature } = payload;
    const wrong = [
      { payload, retain: true },
      ...[undefined, null, "text", [], { body }, { body, signature: signature.toUpperCase() }].map(
        (payload) => ({ payload }),
      ),
      ...[
        { body: body.replace("false", "true"), signature },
        { body: JSON.parse(body) as unknown, signature },
      ].map((payload) => ({ payload })),
    ];
    for (const msg of wrong) assert.equal(await send("check the work", msg), undefined);
    assert.equal(warnings.length, wrong.length);
    const secret = environment.SWEEP_SECRET;
    for (const other of ["another secret of many characters", "", undefined]) {
      environment.SWEEP_SECRET = other;
      assert.equal(await send("check the work", { payload }), undefined);
    }
    environment.SWEEP_SECRET = secret;
    assert.ok(await send("check the work", { payload }));
    now += 60_000;
    assert.equal(await send("check the work", { payload }), undefined);
  });
});
