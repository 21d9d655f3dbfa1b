import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock, type Clock } from "../../../src/clock.js";
import { createRateLimit, type CounterStore, type Window } from "../../../src/work/rate-limit.js";

const limitExceeded = { code: "limit-exceeded" };

/** Ids that no other call has given. */
let made = 0;
const ids = (count: number) => Array.from({ length: count }, () => `id${made++}`);

function memory(): CounterStore & { kept: unknown } {
  const store = {
    kept: undefined as unknown,
    load: () => Promise.resolve(store.kept),
    save: (counts: unknown) => {
      // As a store that writes a file does.
      store.kept = JSON.parse(JSON.stringify(counts));
      return Promise.resolve();
    },
  };
  return store;
}

/** Clocks that a test moves. */
function clocks() {
  const now = { wall: 1_800_000_000_000, steady: 1_000_000 };
  const clock: Clock = { ...systemClock, now: () => now.wall, steady: () => now.steady };
  const pass = (milliseconds: number) => {
    now.wall += milliseconds;
    now.steady += milliseconds;
  };
  return { now, clock, pass };
}

describe("createRateLimit", () => {
  it("admits up to the limit in each message, over and over", async () => {
    const rateLimit = createRateLimit(3, "message", memory());
    await rateLimit.take(ids(3), ["a"], true);
    await rateLimit.take(ids(3), ["b"], true);
    await assert.rejects(rateLimit.take(ids(4), ["c"], true), limitExceeded);
  });

  it("counts what comes of one message together, however many parts it is sent in", async () => {
    const rateLimit = createRateLimit(5, "message", memory());
    for (const id of ids(5)) await rateLimit.take([id], ["list"], true);
    for (const id of ids(25)) await assert.rejects(rateLimit.take([id], ["list"], true), limitExceeded);
    await rateLimit.take(ids(1), ["other"], true);
  });

  it("counts together what has either in common: the message, or the parts", async () => {
    const rateLimit = createRateLimit(2, "message", memory());
    await rateLimit.take(ids(1), ["message", "inner list 1"], true);
    await rateLimit.take(ids(1), ["message", "inner list 2"], true);
    await assert.rejects(rateLimit.take(ids(1), ["message", "inner list 3"], true), limitExceeded);
    await assert.rejects(rateLimit.take(ids(2), ["other message", "inner list 2"], true), limitExceeded);
  });

  it("counts the parts of a dry run among themselves", async () => {
    const rateLimit = createRateLimit(2, "message", memory());
    for (const spend of [false, true]) {
      for (const id of ids(2)) await rateLimit.take([id], ["list"], spend);
      await assert.rejects(rateLimit.take(ids(1), ["list"], spend), limitExceeded);
    }
  });

  it("refuses a count that is something else, and does not take it for none", async () => {
    for (const kept of ["x", {}, [{ count: "many" }], 0]) {
      const rateLimit = createRateLimit(1, "day", { ...memory(), load: () => Promise.resolve(kept) });
      await assert.rejects(rateLimit.take(ids(1), ["a"], true), { code: "invalid-config" });
    }
  });

  it("lets a message try again what it was admitted for", async () => {
    const rateLimit = createRateLimit(2, "message", memory());
    const [a, b, c] = ids(3) as [string, string, string];
    await rateLimit.take([a, b], ["list"], true);
    await rateLimit.take([b], ["list"], true);
    await assert.rejects(rateLimit.take([b, c], ["list"], true), limitExceeded);
  });

  it("remembers a list over thousands of other messages, and not all of them for ever", async () => {
    const rateLimit = createRateLimit(1, "message", memory());
    await rateLimit.take(ids(1), ["list"], true);
    for (let other = 0; other < 9_999; other++) await rateLimit.take(ids(1), [String(other)], true);
    await assert.rejects(rateLimit.take(ids(1), ["list"], true), limitExceeded);
    await rateLimit.take(ids(1), ["one more"], true);
    await rateLimit.take(ids(1), ["list"], true);
  });

  for (const [per, seconds] of [
    ["minute", 60],
    ["hour", 3_600],
    ["day", 86_400],
  ] as const) {
    it(`counts over the last ${per}, and what it refuses does not count`, async () => {
      const { clock, pass } = clocks();
      const rateLimit = createRateLimit(3, per, memory(), clock);
      await rateLimit.take(ids(2), ["a"], true);
      await assert.rejects(rateLimit.take(ids(2), ["b"], true), limitExceeded);
      await rateLimit.take(ids(1), ["c"], true);
      pass(seconds * 1000 - 1);
      await assert.rejects(rateLimit.take(ids(1), ["d"], true), limitExceeded);
      pass(1);
      await rateLimit.take(ids(3), ["e"], true);
    });

    it(`goes on counting the ${per} where another has begun to, by whatever the clocks did`, async () => {
      const { now, clock, pass } = clocks();
      const store = memory();
      const again = () => createRateLimit(3, per, store, clock);
      await again().take(ids(2), ["a"], true);
      await assert.rejects(again().take(ids(2), ["b"], true), limitExceeded);
      // Set forward by years: a day has not passed for that.
      now.wall += 400 * 86_400_000;
      await assert.rejects(again().take(ids(2), ["c"], true), limitExceeded);
      // Set back.
      now.wall -= 800 * 86_400_000;
      await assert.rejects(again().take(ids(2), ["d"], true), limitExceeded);
      now.wall += 400 * 86_400_000;
      pass(seconds * 1000);
      await again().take(ids(3), ["e"], true);
      // The machine has started anew.
      now.steady = 0;
      await assert.rejects(again().take(ids(1), ["f"], true), limitExceeded);
      now.wall += seconds * 1000;
      await again().take(ids(3), ["g"], true);
    });
  }

  it("does not run on a clock that is set while it counts", async () => {
    const { now, clock } = clocks();
    const rateLimit = createRateLimit(1, "day", memory(), clock);
    await rateLimit.take(ids(1), ["a"], true);
    now.wall += 400 * 86_400_000;
    await assert.rejects(rateLimit.take(ids(1), ["b"], true), limitExceeded);
    now.wall -= 800 * 86_400_000;
    await assert.rejects(rateLimit.take(ids(1), ["c"], true), limitExceeded);
  });

  it("keeps a short list of a long day", async () => {
    const { clock, pass } = clocks();
    const store = memory();
    const rateLimit = createRateLimit(100_000, "day", store, clock);
    for (let message = 0; message < 3_000; message++) {
      pass(60_000);
      await rateLimit.take(ids(1), ["a"], true);
    }
    assert.ok((store.kept as unknown[]).length <= 101);
  });

  it("takes back what was not touched after all, also for a rate limit that comes after", async () => {
    const store = memory();
    const { clock } = clocks();
    const rateLimit = createRateLimit(5, "day", store, clock);
    await rateLimit.take(ids(1), ["a"], true);
    const giveBack = await rateLimit.take(ids(4), ["b"], true);
    await giveBack(3);
    for (const each of [rateLimit, createRateLimit(5, "day", store, clock)]) {
      await assert.rejects(each.take(ids(4), ["c"], false), limitExceeded);
      await each.take(ids(3), ["c"], false);
    }
  });

  it("counts nothing that could not be kept, for the message ends with that", async () => {
    const store = memory();
    let isBroken = true;
    const broken = {
      ...store,
      save: (counts: unknown) => (isBroken ? Promise.reject(new Error("disk")) : store.save(counts)),
    };
    const rateLimit = createRateLimit(3, "hour", broken);
    for (let time = 0; time < 3; time++) await assert.rejects(rateLimit.take(ids(2), ["a"], true), /disk/);
    isBroken = false;
    await rateLimit.take(ids(3), ["a"], true);
    await assert.rejects(rateLimit.take(ids(1), ["a"], true), limitExceeded);
  });

  it("counts each of what has no id, per message and window, and takes back what was not made", async () => {
    for (const per of ["message", "hour"] as const) {
      const rateLimit = createRateLimit(2, per, memory());
      const origins = ["a", "parts of a"];
      await rateLimit.take(1, origins, true);
      const giveBack = await rateLimit.take(1, origins, true);
      await assert.rejects(rateLimit.take(1, origins, true), limitExceeded);
      await giveBack(1);
      await rateLimit.take(1, origins, true);
      await assert.rejects(rateLimit.take(1, origins, true), limitExceeded);
    }
    const alone = createRateLimit(1, "message", memory());
    const giveBack = await alone.take(1, ["a"], true);
    await giveBack(1);
    await alone.take(ids(1), ["a"], true);
  });

  it("admits one of two that ask at once where there is place for one", async () => {
    const rateLimit = createRateLimit(1, "hour", memory());
    const asked = await Promise.allSettled([
      rateLimit.take(ids(1), ["a"], true),
      rateLimit.take(ids(1), ["b"], true),
    ]);
    assert.deepEqual(
      asked.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
  });

  it("admits nothing while it does not know the count, and asks again", async () => {
    const store = memory();
    let isBroken = true;
    const broken = { ...store, load: () => (isBroken ? Promise.reject(new Error("disk")) : store.load()) };
    const rateLimit = createRateLimit(1, "hour", broken);
    await assert.rejects(rateLimit.take(ids(1), ["a"], true), /disk/);
    isBroken = false;
    await rateLimit.take(ids(1), ["a"], true);
  });

  it("takes back what it gave, and nothing that others have used meanwhile", async () => {
    const { clock, pass } = clocks();
    const rateLimit = createRateLimit(10, "minute", memory(), clock);
    const slow = await rateLimit.take(ids(5), ["a"], true);
    pass(55_000);
    await rateLimit.take(ids(5), ["b"], true);
    pass(2_000);
    await slow(5);
    await rateLimit.take(ids(5), ["c"], true);
    pass(4_000);
    await assert.rejects(rateLimit.take(ids(1), ["d"], true), limitExceeded);

    const slower = await createRateLimit(10, "minute", memory(), clock).take(ids(10), ["a"], true);
    pass(61_000);
    await rateLimit.take(ids(10), ["e"], true);
    await slower(10);
    await slow(5);
    await assert.rejects(rateLimit.take(ids(1), ["f"], true), limitExceeded);
  });

  it("gives a dry run the same answer, and lets it use nothing up", async () => {
    for (const per of ["message", "day"] as const) {
      const rateLimit = createRateLimit(1, per, memory());
      await rateLimit.take(ids(1), ["a"], false);
      await assert.rejects(rateLimit.take(ids(2), ["a"], false), limitExceeded);
      await rateLimit.take(ids(1), ["a"], true);
      await assert.rejects(rateLimit.take(ids(1), ["a"], false), limitExceeded);
    }
  });

  it("admits nothing to do always, and anything without a limit", async () => {
    const rateLimit = createRateLimit(1, "day", memory());
    await rateLimit.take(ids(1), ["a"], true);
    await rateLimit.take([], ["a"], true);
    await createRateLimit(Infinity, "hour", memory()).take(ids(1_000_000), ["a"], true);
  });
});

describe("createRateLimit, for any course of messages", () => {
  const SECONDS = { minute: 60, hour: 3_600, day: 86_400 };
  const per = fc.constantFrom(...(Object.keys(SECONDS) as (keyof typeof SECONDS)[]));
  /** A message: how many parts of the window it comes after the one before, what it names, and whether after a deploy. */
  const message = fc.record({
    later: fc.nat(12),
    count: fc.nat(4),
    spend: fc.boolean(),
    deployed: fc.boolean(),
  });
  const course = fc.array(message, { maxLength: 40 });
  const max = fc.integer({ min: 1, max: 6 });
  const isAdmitted = async (admitting: Promise<unknown>) => {
    try {
      await admitting;
      return true;
    } catch (error) {
      assert.equal((error as { code: string }).code, "limit-exceeded");
      return false;
    }
  };

  it("never admits more than the limit in any window, and refuses no message that stays below it", () =>
    fc.assert(
      fc.asyncProperty(per, max, course, async (window: Window & keyof typeof SECONDS, most, messages) => {
        const length = SECONDS[window] * 1000;
        const { now, clock, pass } = clocks();
        const store = memory();
        let rateLimit = createRateLimit(most, window, store, clock);
        const spent: { at: number; count: number }[] = [];
        const usedIn = (end: number) =>
          spent.filter(({ at }) => at > end - length && at <= end).reduce((sum, { count }) => sum + count, 0);
        for (const { later, count, spend, deployed } of messages) {
          pass((later * length) / 10);
          if (deployed) rateLimit = createRateLimit(most, window, store, clock);
          // The model counts only what was admitted and spent: neither dry runs nor refused messages.
          const fits = usedIn(now.steady) + count <= most;
          assert.equal(await isAdmitted(rateLimit.take(ids(count), ["a"], spend)), fits);
          if (fits && spend) spent.push({ at: now.steady, count });
        }
        for (const { at } of spent) assert.ok(usedIn(at) <= most);
      }),
    ));

  it("looks at each message alone where the limit is one of a message", () =>
    fc.assert(
      fc.asyncProperty(max, course, async (most, messages) => {
        const rateLimit = createRateLimit(most, "message", memory());
        for (const [index, { count, spend }] of messages.entries()) {
          assert.equal(await isAdmitted(rateLimit.take(ids(count), [String(index)], spend)), count <= most);
        }
      }),
    ));
});
