import assert from "node:assert/strict";
import { settled, then } from "../../src/promise-or-value.js";

const fail = () => {
  throw new Error("no");
};

describe("a promise or value", () => {
  it("goes on at once with what is there, and later with what comes later", async () => {
    assert.equal(
      then(1, (value) => value + 1),
      2,
    );
    assert.equal(await then(Promise.resolve(1), (value) => value + 1), 2);
    assert.throws(() => then(1, fail), /no/);
    await assert.rejects(async () => then(Promise.resolve(1), fail), /no/);
    await assert.rejects(async () => then(Promise.reject(new Error("not there")), fail), /not there/);
  });

  it("is settled without an error, which is told to who asks for the result", async () => {
    const results = [settled(() => 1), await settled(() => Promise.resolve(1))] as (() => number)[];
    assert.deepEqual(
      results.map((result) => result()),
      [1, 1],
    );
    assert.throws(settled(fail) as () => never, /no/);
    assert.throws(await settled(() => Promise.resolve().then(fail)), /no/);
  });
});
