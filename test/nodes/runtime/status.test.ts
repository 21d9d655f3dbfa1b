import assert from "node:assert/strict";
import type { Node } from "node-red";
import { systemClock } from "../../../src/clock.js";
import { TokenError } from "../../../src/errors.js";
import { followerOf, type Ended } from "../../../nodes/runtime/status.js";

describe("the status of a node", () => {
  const { steady } = systemClock;
  let now = 0;
  let last = "";
  let origins: string[] = [];
  let follow: ReturnType<typeof followerOf>;

  const node = {
    status: ({ fill, shape, text }: Record<string, string>) => (last = `${fill} ${shape} ${text}`),
  } as unknown as Node;
  const deleted: Ended = { counts: { deleted: 1 } };
  const refused: Ended = { error: new TokenError("limit-exceeded", "no") };
  const failed: Ended = {
    counts: { failed: 1 },
    error: new TokenError("unauthorized", "no", { words: "no permission" }),
  };
  /** Messages that come one after another. */
  const told = (...each: Ended[]) => {
    for (const ended of each) {
      const { start, end } = follow(origins);
      start();
      end(ended);
    }
    return last;
  };

  beforeEach(() => {
    now = 0;
    origins = ["message 1"];
    systemClock.steady = () => now;
    follow = followerOf(node, { sums: true });
  });
  afterEach(() => {
    systemClock.steady = steady;
  });

  it("counts messages together", () => {
    assert.equal(told(...Array<Ended>(40).fill(deleted)), "green dot 40 deleted");
    assert.equal(told(failed, deleted, refused), "red ring 41 deleted, 2 failed");
    assert.equal(
      told({ counts: { deleted: 1200, "not-found": 3 } }),
      "red ring 1,241 deleted, 2 failed, 3 not found",
    );
  });

  it("says what is wrong where one message has done nothing", () => {
    assert.equal(told(failed), "red ring no permission");
    assert.equal(told(failed), "red ring 2 failed");
  });

  it("counts what was done where a part of one message has failed", () => {
    const counts = { deleted: 38, failed: 1, "not-started": 1 };
    assert.equal(told({ ...failed, counts }), "red ring 38 deleted, 1 failed, 1 not started");
    assert.equal(told({ counts: { failed: 1 } }), "red ring 38 deleted, 2 failed, 1 not started");
  });

  it("begins anew with what comes from another message, as at the next click", () => {
    told(failed, deleted);
    origins = ["message 2", "parts 2"];
    assert.equal(told(deleted), "green dot 1 deleted");
    origins = ["message 3", "parts 2"];
    assert.equal(told(deleted), "green dot 2 deleted");
    origins = [];
    assert.equal(told(deleted), "green dot 1 deleted");
    assert.equal(told(deleted), "green dot 1 deleted");
  });

  it("begins anew after a minute without work, not before", () => {
    told(deleted);
    now += 59_999;
    assert.equal(told(deleted), "green dot 2 deleted");
    now += 60_000;
    assert.equal(told(deleted), "green dot 1 deleted");
    now += 3_600_000;
    assert.equal(told(refused), "red ring limit exceeded");
  });

  it("goes on as long as a message is under way, wherever the others come from and however long that takes", () => {
    const slow = follow(origins);
    now += 600_000;
    origins = ["message 2"];
    assert.equal(told(deleted), "green dot 1 deleted");
    now += 600_000;
    slow.end(deleted);
    assert.equal(last, "green dot 2 deleted");
    now += 59_999;
    assert.equal(told(deleted), "green dot 3 deleted");
  });

  it("counts dry runs for themselves, and retries of all", () => {
    assert.equal(told({ counts: { "dry-run": 2 } }), "yellow dot 2 in dry run");
    const { onRetry, end } = follow(origins);
    onRetry();
    end({ counts: { "dry-run": 1 } });
    assert.equal(last, "yellow dot 3 in dry run, 1 retry");
    assert.equal(told(deleted), "yellow dot 3 in dry run, 1 deleted, 1 retry");
  });

  it("says that nothing was named", () => {
    assert.equal(told({ counts: {} }), "green dot 0 done");
  });

  it("tells of the last message alone where the node only looks", () => {
    follow = followerOf(node, { sums: false });
    told({ text: "12 found" });
    const { onRetry, end } = follow(origins);
    onRetry();
    end({ text: "3 found" });
    assert.equal(last, "green dot 3 found, 1 retry");
    assert.equal(told(failed), "red ring no permission");
    assert.equal(told({ text: "0 found" }), "green dot 0 found");
  });
});
