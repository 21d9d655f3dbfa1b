import assert from "node:assert/strict";
import fc from "fast-check";
import { createGuard } from "../../src/guard.js";

const tooMany = { code: "too-many" };

describe("createGuard", () => {
  it("admits up to the limit in each message, over and over", () => {
    const guard = createGuard(3, "message");
    guard.admit(3, true);
    guard.admit(3, true);
    assert.throws(() => guard.admit(4, true), tooMany);
  });

  for (const [per, seconds] of [
    ["minute", 60],
    ["hour", 3_600],
    ["day", 86_400],
  ] as const) {
    it(`counts over the last ${per}, and what it refuses does not count`, () => {
      let now = 1_000_000;
      const guard = createGuard(3, per, () => now);
      guard.admit(2, true);
      assert.throws(() => guard.admit(2, true), tooMany);
      guard.admit(1, true);
      now += seconds * 1000 - 1;
      assert.throws(() => guard.admit(1, true), tooMany);
      now += 1;
      guard.admit(3, true);
    });
  }

  it("gives a dry run the same answer, and lets it use nothing up", () => {
    const guard = createGuard(1, "day");
    guard.admit(1, false);
    assert.throws(() => guard.admit(2, false), tooMany);
    guard.admit(1, true);
    assert.throws(() => guard.admit(1, false), tooMany);
  });

  it("admits nothing to do always, and anything without a limit", () => {
    const guard = createGuard(1, "day");
    guard.admit(1, true);
    guard.admit(0, true);
    createGuard(Infinity, "hour").admit(1_000_000, true);
  });
});

describe("createGuard, for any course of messages", () => {
  const SECONDS = { minute: 60, hour: 3_600, day: 86_400 };
  const per = fc.constantFrom(...(Object.keys(SECONDS) as (keyof typeof SECONDS)[]));
  /** A message: how many parts of the window it comes after the one before, and what it names. */
  const message = fc.record({ later: fc.nat(12), count: fc.nat(4), spend: fc.boolean() });
  const course = fc.array(message, { maxLength: 40 });
  const max = fc.integer({ min: 1, max: 6 });
  const isAdmitted = (admit: () => void) => {
    try {
      admit();
      return true;
    } catch (error) {
      assert.equal((error as { code: string }).code, "too-many");
      return false;
    }
  };

  it("never admits more than the limit in any window, and refuses no message that stays below it", () => {
    fc.assert(
      fc.property(per, max, course, (window, most, messages) => {
        const length = SECONDS[window] * 1000;
        let now = 1_000_000;
        const guard = createGuard(most, window, () => now);
        const spent: { at: number; count: number }[] = [];
        const usedIn = (end: number) =>
          spent.filter(({ at }) => at > end - length && at <= end).reduce((sum, { count }) => sum + count, 0);
        for (const { later, count, spend } of messages) {
          now += (later * length) / 10;
          // The model counts only what was admitted and spent: neither dry runs nor refused messages.
          const fits = usedIn(now) + count <= most;
          assert.equal(
            isAdmitted(() => guard.admit(count, spend)),
            fits,
          );
          if (fits && spend) spent.push({ at: now, count });
        }
        for (const { at } of spent) assert.ok(usedIn(at) <= most);
      }),
    );
  });

  it("looks at each message alone where the limit is one of a message", () => {
    fc.assert(
      fc.property(max, course, (most, messages) => {
        const guard = createGuard(most, "message");
        for (const { count, spend } of messages) {
          assert.equal(
            isAdmitted(() => guard.admit(count, spend)),
            count <= most,
          );
        }
      }),
    );
  });
});
