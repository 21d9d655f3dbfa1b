import assert from "node:assert/strict";
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
