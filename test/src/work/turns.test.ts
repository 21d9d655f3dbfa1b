import assert from "node:assert/strict";
import { createTurns } from "../../../src/work/turns.js";

const turn = () => new Promise<void>(setImmediate);

describe("createTurns", () => {
  it("works on no more than so many at once, in the order in which they came", async () => {
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const takeIn = createTurns(2, ({ index }: { index: number }) => {
      begun.push(index);
      return new Promise<void>((end) => ends.push(end));
    });
    for (let index = 0; index < 5; index++) takeIn({ index });
    assert.deepEqual(begun, [0, 1]);
    ends[1]?.();
    await turn();
    assert.deepEqual(begun, [0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await turn();
    assert.deepEqual(begun, [0, 1, 2, 3, 4]);
    takeIn({ index: 5 });
    ends[3]?.();
    ends[4]?.();
    await turn();
    takeIn({ index: 6 });
    assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6]);
    takeIn({ index: 7 });
    await turn();
    assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6]);
  });
});
