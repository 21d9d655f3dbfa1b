import assert from "node:assert/strict";
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
});
