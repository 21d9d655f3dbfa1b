import assert from "node:assert/strict";
import fc from "fast-check";
import { matching, searchFor, sorted } from "../../../nodes/admin/match.js";

const { signal } = new AbortController();

describe("a search", () => {
  const CASES: [typed: string, text: string, holds: boolean][] = [
    ["", "anything", true],
    ["  ", "anything", true],
    [" TeleGraf ", "old telegraf", true],
    ["a.c", "abc", false],
    ["(+*?[\\/^$|{})", "x(+*?[\\/^$|{})", true],
    ["ÄRGER", "ärger", true],
    ["x", "", false],
  ];
  for (const [typed, text, holds] of CASES) {
    it(`for ${JSON.stringify(typed)} ${holds ? "finds" : "does not find"} ${JSON.stringify(text)}`, () => {
      assert.equal(searchFor(typed)(undefined, text), holds);
    });
  }

  it("finds itself in whatever text, whatever it is", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => searchFor(text)(`<${text}>`)));
  });

  it("finds a start at the start alone", () => {
    const begins = searchFor("CI", { atStart: true });
    assert.ok(begins("x", "ci: old runner"));
    assert.ok(!begins("nice"));
  });

  it("gives all that match, in their order", async () => {
    const all = Array.from({ length: 5000 }, (_, index) => index);
    const isEven = (each: number) => each % 2 === 0;
    assert.deepEqual(await matching(all, isEven, signal), all.filter(isEven));
  });

  it("ends when nobody waits for it", async () => {
    await assert.rejects(
      matching([1], () => true, AbortSignal.abort()),
      { name: "AbortError" },
    );
  });
});

describe("an order", () => {
  for (const count of [0, 1, 2, 1000, 1001, 5000]) {
    it(`is right, and keeps equal ones as they were, for ${count}`, async () => {
      const all = Array.from({ length: count }, (_, index) => ({ key: (index * 7919) % 101, index }));
      assert.deepEqual(
        await sorted(all, ({ key }) => key, false),
        all.toSorted((a, b) => a.key - b.key),
      );
      assert.deepEqual(
        await sorted(all, ({ key }) => key, true),
        all.toSorted((a, b) => b.key - a.key),
      );
    });
  }

  it("has what has no key at its end, either way", async () => {
    const all = [undefined, "b", undefined, "a"];
    const keyOf = (each: string | undefined) => each;
    assert.deepEqual(await sorted(all, keyOf, false), ["a", "b", undefined, undefined]);
    assert.deepEqual(await sorted(all, keyOf, true), ["b", "a", undefined, undefined]);
  });
});
