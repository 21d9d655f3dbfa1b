import assert from "node:assert/strict";
import { mock } from "node:test";
import type { Node } from "node-red";
import { systemClock } from "../../../src/clock.js";
import { TokenError } from "../../../src/errors.js";
import { followerOf, type Ended, type Follower } from "../../../nodes/runtime/status.js";

describe("the status of a node", () => {
  const { steady } = systemClock;
  let now = 0;
  let last = "";
  let shown = 0;
  let origins: string[] = [];
  let follower: Follower;

  const node = {
    status: ({ fill, shape, text }: Record<string, string>) => {
      last = `${fill} ${shape} ${text}`;
      shown++;
    },
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
      follower.arrive(origins);
      follower.end(ended, follower.begin());
    }
    return last;
  };

  beforeEach(() => {
    now = 0;
    shown = 0;
    origins = ["message 1"];
    systemClock.steady = () => now;
    follower = followerOf(node, { sums: true });
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
    follower.arrive(origins);
    const slow = follower.begin();
    now += 600_000;
    origins = ["message 2"];
    follower.arrive(origins);
    follower.end(deleted, undefined);
    assert.equal(last, "green dot 1 deleted");
    now += 600_000;
    follower.end(deleted, slow);
    assert.equal(last, "green dot 2 deleted");
    now += 59_999;
    assert.equal(told(deleted), "green dot 3 deleted");
  });

  it("shows a few of many at once, what they come to a little later, and the last at once", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      for (let count = 0; count < 1_000; count++) follower.arrive(origins);
      for (let count = 0; count < 998; count++) follower.end(deleted, follower.begin());
      assert.deepEqual([last, shown], ["blue dot …", 1]);
      mock.timers.tick(250);
      assert.deepEqual([last, shown], ["green dot 998 deleted", 2]);
      follower.end(deleted, follower.begin());
      follower.end(failed, follower.begin());
      assert.deepEqual([last, shown], ["red ring 999 deleted, 1 failed", 3]);
      mock.timers.tick(250);
      assert.equal(shown, 3);
    } finally {
      mock.timers.reset();
    }
  });

  it("counts dry runs for themselves, and retries of all", () => {
    assert.equal(told({ counts: { "dry-run": 2 } }), "yellow dot 2 in dry run");
    follower.arrive(origins);
    const steps = follower.begin();
    steps.onRetry();
    follower.end({ counts: { "dry-run": 1 } }, steps);
    assert.equal(last, "yellow dot 3 in dry run, 1 retry");
    assert.equal(told(deleted), "yellow dot 3 in dry run, 1 deleted, 1 retry");
  });

  it("says that nothing was named", () => {
    assert.equal(told({ counts: {} }), "green dot 0 done");
  });

  it("tells of the last message alone where the node only looks", () => {
    follower = followerOf(node, { sums: false });
    told({ text: "12 found" });
    follower.arrive(origins);
    const steps = follower.begin();
    steps.onRetry();
    follower.end({ text: "3 found" }, steps);
    assert.equal(last, "green dot 3 found, 1 retry");
    assert.equal(told(failed), "red ring no permission");
    assert.equal(told({ text: "0 found" }), "green dot 0 found");
  });
});
