import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createLimiter } from "../../../src/work/limiter.js";

describe("createLimiter", () => {
  it("lets so much work be under way at once, and not more", async () => {
    const inTurn = createLimiter(3);
    let now = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
    };
    await Promise.all(Array.from({ length: 20 }, () => inTurn(work)));
    assert.equal(most, 3);
  });

  it("takes work in the order in which it came, also after work that failed", async () => {
    const inTurn = createLimiter(1);
    const begun: number[] = [];
    const all = [0, 1, 2, 3].map((index) =>
      inTurn(() => {
        begun.push(index);
        return index === 1 ? Promise.reject(new Error("no")) : Promise.resolve(index);
      }).catch((error: unknown) => (error as Error).message),
    );
    assert.deepEqual(await Promise.all(all), [0, "no", 2, 3]);
    assert.deepEqual(begun, [0, 1, 2, 3]);
  });

  it("lets more or less be under way as soon as that is allowed, and nobody past those who wait", async () => {
    let most = 1;
    const inTurn = createLimiter(() => most);
    const begun: number[] = [];
    const end: (() => void)[] = [];
    const add = (index: number) =>
      inTurn(() => {
        begun.push(index);
        return new Promise<void>((done) => (end[index] = done));
      });
    const endOf = async (index: number) => {
      end[index]!();
      await new Promise(setImmediate);
    };
    const all = [0, 1, 2, 3, 4, 5].map(add);
    most = 3;
    all.push(add(6));
    assert.deepEqual(begun, [0]);
    await endOf(0);
    assert.deepEqual(begun, [0, 1, 2, 3]);
    most = 1;
    await endOf(1);
    await endOf(2);
    assert.deepEqual(begun, [0, 1, 2, 3]);
    for (const index of [3, 4, 5, 6]) await endOf(index);
    await Promise.all(all);
    assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6]);
  });

  it("lets who waits go on without a turn when it is ended, and counts only who has one", async () => {
    const inTurn = createLimiter(1);
    const begun: string[] = [];
    let end: () => void = () => undefined;
    const first = inTurn(() => new Promise<void>((done) => (end = done)));
    const ending = new EventEmitter();
    const add = (name: string) =>
      inTurn(
        () => Promise.resolve(begun.push(name)),
        (listener) => {
          ending.once(name, listener);
          return () => ending.off(name, listener);
        },
      );
    const all = [first, ...["a", "b", "c"].map(add)];
    ending.emit("b");
    await new Promise(setImmediate);
    assert.deepEqual(begun, ["b"]);
    end();
    await Promise.resolve();
    // It has its turn by now, and has not begun.
    ending.emit("a");
    await Promise.all(all);
    assert.deepEqual(begun, ["b", "a", "c"]);
    assert.deepEqual(ending.eventNames(), []);
    let atOnce = 0;
    const work = async () => {
      assert.equal(++atOnce, 1);
      await new Promise(setImmediate);
      atOnce--;
    };
    await Promise.all([1, 2, 3].map(() => inTurn(work)));
  });
});
