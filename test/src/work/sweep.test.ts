import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock } from "../../../src/clock.js";
import type { TokenErrorCode } from "../../../src/error-codes.js";
import { TokenError } from "../../../src/errors.js";
import type { Outcome, OutcomeName } from "../../../src/work/outcomes.js";
import { createLimiter } from "../../../src/work/limiter.js";
import { sweep } from "../../../src/work/sweep.js";
import type { Target } from "../../../src/work/targets.js";

const targets = (count: number): Target[] =>
  Array.from({ length: count }, (_, index) => ({ id: `id${index}`, known: {}, listed: {} }));
const task = { verb: "delete", noun: "authorization" };
const never = new AbortController().signal;
const deleted = (): Promise<Outcome> => Promise.resolve({ outcome: "deleted" });

describe("sweep", () => {
  it("keeps the order of the targets, whatever the order of the ends", async () => {
    const open: (() => void)[] = [];
    const work = sweep(
      targets(4),
      () => new Promise<Outcome>((resolve) => open.push(() => resolve({ outcome: "deleted" }))),
      { task, parallel: () => 4, signal: never },
    );
    assert.equal(open.length, 4);
    for (const end of open.toReversed()) {
      end();
      await new Promise(setImmediate);
    }
    assert.deepEqual(
      (await work).records.map(({ id }) => id),
      ["id0", "id1", "id2", "id3"],
    );
  });

  it("works on as many at once as it may, and not one more", async () => {
    let now = 0;
    let most = 0;
    await sweep(
      targets(50),
      async () => {
        most = Math.max(most, ++now);
        await new Promise(setImmediate);
        now--;
        return { outcome: "deleted" };
      },
      { task, parallel: () => 7, signal: never },
    );
    assert.equal(most, 7);
  });

  it("works on more or fewer as soon as it may, begun in their order", async () => {
    let parallel = 1;
    const begun: string[] = [];
    const open: (() => void)[] = [];
    const work = sweep(
      targets(40),
      ({ id }) => {
        begun.push(id);
        return new Promise<Outcome>((resolve) => open.push(() => resolve({ outcome: "deleted" })));
      },
      {
        task,
        parallel: () => parallel,
        signal: never,
      },
    );
    for (const now of [1, 4, 9, 3, 1, 2]) {
      parallel = now;
      // Of those under way, one after the other ends.
      for (let round = 0; round < 6; round++) {
        open.shift()?.();
        await new Promise(setImmediate);
      }
      assert.equal(open.length, now, `${now} at once`);
    }
    parallel = 5;
    while (open.length > 0) {
      open.shift()?.();
      await new Promise(setImmediate);
    }
    assert.equal((await work).records.length, 40);
    assert.deepEqual(
      begun,
      targets(40).map(({ id }) => id),
    );
  });

  it("lets work of others have its turn as soon as some of it ends, however many may be under way", async () => {
    let parallel = 4;
    const inTurn = createLimiter(() => parallel);
    let begun = 0;
    /** How many of the sweep began between the coming of another and its turn. */
    const behind: number[] = [];
    const others: Promise<unknown>[] = [];
    const act = async (): Promise<Outcome> => {
      const at = ++begun;
      await new Promise(setImmediate);
      if (at === 200) parallel = 32;
      if (at === 400) parallel = 3;
      if (at % 100 === 50) others.push(inTurn(() => Promise.resolve(behind.push(begun - at))));
      return { outcome: "deleted" };
    };
    await sweep(targets(600), () => inTurn(act), {
      task,
      parallel: () => parallel,
      signal: never,
    });
    await Promise.all(others);
    assert.equal(behind.length, 6);
    for (const [index, count] of behind.entries()) {
      const most = [4, 4, 32, 32, 3, 3][index]!;
      assert.ok(count <= 2 * most, `${count} of the sweep before, at ${most} at once`);
    }
  });

  it("keeps what is known of a token apart from what it says itself", async () => {
    const { records } = await sweep(
      [{ id: "id0", known: { at: "then", outcome: "failed", user: "known" }, listed: {} }],
      () => Promise.resolve({ outcome: "deleted", attempts: 2, token: { ...OTHERS, would: "deleted" } }),
      { task, parallel: () => 1, signal: never, clock: { ...systemClock, now: () => 1_800_000_000_000 } },
    );
    assert.deepEqual(records[0], {
      ...{ id: "id0", outcome: "deleted", at: "2027-01-15T08:00:00.000Z", attempts: 2 },
      token: { ...OTHERS, would: "deleted", user: "known" },
    });
  });

  it("gives each failure its record, and one error that counts them", async () => {
    const { records, error } = await sweep(
      targets(3),
      ({ id }) =>
        id === "id1" ? Promise.reject(new TokenError("timeout", "too slow", { attempts: 2 })) : deleted(),
      { task, parallel: () => 1, signal: never },
    );
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ["deleted", "failed", "deleted"],
    );
    assert.deepEqual(records[1]?.error, { code: "timeout", message: "No answer in time: too slow" });
    assert.equal(records[1].attempts, 2);
    assert.equal(error?.code, "timeout");
    assert.equal(
      error.message,
      "No answer in time, cannot delete 1 of 3 authorizations: the first is id1: too slow",
    );
  });

  it("takes for the first that failed the first of the report, whatever the order of the ends", async () => {
    const open: (() => void)[] = [];
    const work = sweep(
      targets(3),
      ({ id }) =>
        new Promise<Outcome>((_resolve, reject) =>
          open.push(() => reject(new TokenError(id === "id0" ? "conflict" : "timeout", id))),
        ),
      { task, parallel: () => 3, signal: never },
    );
    for (const end of open.toReversed()) {
      end();
      await new Promise(setImmediate);
    }
    const { error } = await work;
    assert.equal(error?.code, "conflict");
    assert.equal(error.message, "Conflict, cannot delete 3 of 3 authorizations: the first is id0: id0");
  });

  it("turns an unforeseen exception into a record, too", async () => {
    const { records } = await sweep(targets(1), () => Promise.reject(new RangeError("oops")), {
      task,
      parallel: () => 1,
      signal: never,
    });
    assert.equal(records[0]?.error?.code, "unexpected");
  });

  it("begins nothing more after an error that every other would meet", async () => {
    const asked: string[] = [];
    const { records } = await sweep(
      targets(4),
      ({ id }) => {
        asked.push(id);
        return Promise.reject(new TokenError("unauthorized", "no", { fatal: true }));
      },
      { task, parallel: () => 1, signal: never },
    );
    assert.deepEqual(asked, ["id0"]);
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ["failed", "not-started", "not-started", "not-started"],
    );
  });

  it("gives up after ten in a row for which the server was out of order, and says so", async () => {
    let asked = 0;
    const { records, error } = await sweep(
      targets(15),
      () => {
        asked++;
        return Promise.reject(new TokenError(asked % 2 ? "timeout" : "unavailable", "down"));
      },
      { task, parallel: () => 1, signal: never },
    );
    assert.equal(asked, 10);
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      [...Array<string>(10).fill("failed"), ...Array<string>(5).fill("not-started")],
    );
    assert.equal(
      error?.message,
      "No answer in time, cannot delete 15 of 15 authorizations: " +
        "10 in a row have failed, so the rest was left alone; the first is id0: down",
    );
  });

  it("says so also where one that was under way meanwhile succeeds", async () => {
    let succeed: (outcome: Outcome) => void = () => undefined;
    let failed = 0;
    const { error } = await sweep(
      targets(20),
      ({ id }) => {
        if (id === "id0") return new Promise((resolve) => (succeed = resolve));
        if (++failed === 10) setImmediate(() => succeed({ outcome: "deleted" }));
        return Promise.reject(new TokenError("timeout", "down"));
      },
      { task, parallel: () => 2, signal: never },
    );
    assert.match(
      error?.message ?? "",
      /^No answer in time, cannot delete 19 of 20 authorizations: 10 in a row have failed/,
    );
  });

  it("goes on where failures are of single tokens, or the server works in between", async () => {
    let asked = 0;
    const failing = (code: TokenErrorCode) => () =>
      ++asked % 10 === 0 ? deleted() : Promise.reject(new TokenError(code, "no"));
    await sweep(targets(30), failing("unavailable"), { task, parallel: () => 1, signal: never });
    assert.equal(asked, 30);
    await sweep(targets(30), () => Promise.reject(new TokenError("not-found", "no")), {
      task,
      parallel: () => 1,
      signal: never,
      onRecord: () => asked++,
    });
    assert.equal(asked, 60);
  });

  it("says what it does not know, when it is stopped", async () => {
    const control = new AbortController();
    const { records, error } = await sweep(
      targets(3),
      ({ id }) => {
        if (id === "id0") return deleted();
        control.abort();
        return Promise.reject(new TokenError("cancelled", "stopped"));
      },
      { task, parallel: () => 1, signal: control.signal },
    );
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ["deleted", "unknown", "not-started"],
    );
    assert.equal(error?.code, "cancelled");
  });

  it("tells what was never sent from what may have been done, when it is stopped", async () => {
    const { records } = await sweep(
      targets(2),
      ({ id }) => Promise.reject(new TokenError("cancelled", "stopped", { attempts: id === "id0" ? 1 : 0 })),
      { task, parallel: () => 2, signal: never },
    );
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ["unknown", "not-started"],
    );
  });

  it("begins nothing more where a record cannot be told", async () => {
    const { records, error } = await sweep(targets(3), deleted, {
      task,
      parallel: () => 1,
      signal: never,
      onRecord: () => {
        throw new Error("no way");
      },
    });
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ["deleted", "not-started", "not-started"],
    );
    assert.equal(error?.code, "unexpected");
  });

  it("tells each record as soon as it is known, with how many are", async () => {
    const told: [string, number, number][] = [];
    await sweep(targets(3), deleted, {
      task,
      parallel: () => 2,
      signal: never,
      onRecord: ({ id }, index, done) => told.push([id, index, done]),
    });
    assert.deepEqual(told.toSorted(), [
      ["id0", 0, 1],
      ["id1", 1, 2],
      ["id2", 2, 3],
    ]);
  });
});

/** What a server says of a token, in the names of the record's own fields. */
const OTHERS = { id: "OTHER", outcome: "deleted", at: "2000-01-01", attempts: 99, description: "told" };

describe("sweep, whatever becomes of each target and whichever ends first", () => {
  /** What acting on a target does, and what its record must say then. */
  const FATES: Record<string, { act: () => Outcome; outcome: OutcomeName; stops?: true }> = {
    done: { act: () => ({ outcome: "deleted" }), outcome: "deleted" },
    "done before": {
      act: () => ({ outcome: "not-found", attempts: 2, token: OTHERS }),
      outcome: "not-found",
    },
    conflict: { act: throwing(new TokenError("conflict", "no", { attempts: 3 })), outcome: "failed" },
    fatal: {
      act: throwing(new TokenError("forbidden", "no", { fatal: true })),
      outcome: "failed",
      stops: true,
    },
    "under way": { act: throwing(new TokenError("cancelled", "stop", { attempts: 1 })), outcome: "unknown" },
    "never sent": {
      act: throwing(new TokenError("cancelled", "stop", { attempts: 0 })),
      outcome: "not-started",
    },
    defect: { act: throwing(new RangeError("oops")), outcome: "failed" },
    "no error": { act: throwing(undefined), outcome: "failed" },
  };
  function throwing(thrown: unknown): () => never {
    return () => {
      throw thrown;
    };
  }
  const fates = fc.array(fc.constantFrom(...Object.keys(FATES)), { maxLength: 12 });
  const parallel = fc.integer({ min: 1, max: 5 });
  /** The act at which the flow is stopped, or the record that cannot be told; often none. */
  const moment = fc.option(fc.nat(12), { nil: -1 });
  const run = fc.record({ fates, parallel, abortAt: moment, muteAt: moment });

  /** What is seen from outside; nothing is asserted meanwhile, for a sweep makes records of exceptions. */
  async function observe(scheduler: fc.Scheduler, { fates, parallel, abortAt, muteAt }: Run) {
    const control = new AbortController();
    const seen = { begun: [] as string[], told: [] as number[], most: 0, stopped: false, late: false };
    let underWay = 0;
    const work = sweep(
      targets(fates.length),
      async ({ id }) => {
        seen.late ||= seen.stopped;
        seen.most = Math.max(seen.most, ++underWay);
        seen.begun.push(id);
        if (seen.begun.length - 1 === abortAt) {
          control.abort();
          seen.stopped = true;
        }
        await scheduler.schedule(Promise.resolve(), id);
        underWay--;
        const { act, stops } = FATES[fates[indexOf(id)]!]!;
        seen.stopped ||= stops === true;
        return act();
      },
      {
        task,
        parallel: () => parallel,
        signal: control.signal,
        onRecord(_record, index, done) {
          assert.equal(seen.told.push(index), done);
          if (done - 1 !== muteAt) return;
          seen.stopped = true;
          throw new Error("cannot be told");
        },
      },
    );
    const result = await scheduler.waitFor(work);
    return { ...seen, ...result };
  }
  const indexOf = (id: string) => Number(id.slice(2));
  type Run = typeof run extends fc.Arbitrary<infer T> ? T : never;
  const law = (check: (run: Run, seen: Awaited<ReturnType<typeof observe>>) => void) =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), run, async (scheduler, given) =>
        check(given, await observe(scheduler, given)),
      ),
      { numRuns: 500 },
    );

  it("gives each target one record, in the order of the targets, that says what became of it", () =>
    law(({ fates }, { records, begun }) => {
      const expected = targets(fates.length).map(({ id }, index) => {
        return [id, begun.includes(id) ? FATES[fates[index]!]!.outcome : "not-started"];
      });
      assert.deepEqual(
        records.map(({ id, outcome }) => [id, outcome]),
        expected,
      );
      for (const { outcome, error } of records) assert.equal(error !== undefined, outcome === "failed");
    }));

  it("never has more under way than it may, and begins none twice", () =>
    law(({ parallel }, { most, begun }) => {
      assert.ok(most <= parallel);
      assert.equal(new Set(begun).size, begun.length);
    }));

  it("begins all unless it is stopped, and none once it is", () =>
    law(({ fates }, { stopped, begun, late }) => {
      if (!stopped) assert.equal(begun.length, fates.length);
      assert.equal(late, false);
    }));

  it("tells each record once", () =>
    law(({ fates }, { told }) => {
      assert.deepEqual(
        told.toSorted((a, b) => a - b),
        [...fates.keys()],
      );
    }));

  it("has an error if, and only if, something was not done or not told", () =>
    law(({ muteAt, fates }, { records, error }) => {
      const undone = records.filter(({ outcome }) => /failed|unknown|not-started/.test(outcome));
      const isMuted = muteAt >= 0 && muteAt < fates.length;
      assert.equal(error instanceof TokenError, undone.length > 0 || isMuted);
    }));
});
