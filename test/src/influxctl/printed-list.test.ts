import assert from "node:assert/strict";
import fc from "fast-check";
import { elementsOf, startOfList } from "../../../src/influxctl/printed-list.js";

const read = async (text: string) => {
  const elements: unknown[] = [];
  for await (const element of elementsOf(text, await startOfList(text))) elements.push(element);
  return elements;
};

describe("a printed list", () => {
  it("is what JSON.parse makes of it, of whatever objects and length", () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()));
    return fc.assert(
      fc.asyncProperty(objects, fc.constantFrom(0, 2), fc.nat(3), async (list, space, doublings) => {
        // Long enough to be cut somewhere.
        const filler = { text: '"]},{[\\'.repeat(3000) };
        const long = Array.from({ length: 2 ** doublings }, () => [...list, filler]).flat();
        for (const each of [list, long]) {
          const text = JSON.stringify(each, null, space);
          assert.deepEqual(await read(text), JSON.parse(text));
        }
      }),
      { numRuns: 50 },
    );
  });

  for (const [what, before] of [
    ["nothing", ""],
    ["warnings", "WARN: [1] is deprecated\n[WARN] so is this\n"],
    ["a byte order mark", "\uFEFF"],
    ["a warning and a byte order mark", "see [here]\n\uFEFF"],
    ["3 MB of warnings", "[2026-01-01] [WARN] x\n".repeat(150_000)],
  ] as const) {
    it(`is found after ${what}`, async () => {
      const text = `${before}[\n  {"id": "a"}\n]\n`;
      assert.equal(await startOfList(text), before.length);
      assert.deepEqual(await read(text), [{ id: "a" }]);
    });
  }

  it("is not found where there is none", async () => {
    for (const text of ["", "null", "[", "[ ", "{}", "a []", "[WARN]"])
      assert.equal(await startOfList(text), -1, text);
  });

  it("is found where it holds no objects, too, so that it can be said what it holds", async () => {
    assert.deepEqual(await read('warning\n[1, "a"]'), [1, "a"]);
  });

  const LONG = JSON.stringify({ text: "x".repeat(65_000) });
  for (const [what, text] of [
    ["missing", "nothing"],
    ["one without an end", '[{"id":"a"}'],
    ["one with something after it", '[{"id":"a"}] and more'],
    ["one with another after it", '[{"id":"a"}]\n[{"id":"b"}]'],
    ["one with brackets that do not match", '[{"id":"a"]}'],
    ["one with a comma too many", `[${LONG},${LONG},]`],
    ["one with a gap", `[${LONG},${LONG},,${LONG}]`],
    ["one with a string without an end", '[{"id":"a}]'],
    ["one with an element that is too long", JSON.stringify([{ text: "x".repeat(200_000) }])],
  ] as const) {
    it(`that is ${what} is none`, () => assert.rejects(read(text), SyntaxError));
  }

  it("leaves others their turns, however long it is", async () => {
    const million = Array.from({ length: 100_000 }, (_, id) => ({ id, text: "x".repeat(80) }));
    for (const text of [JSON.stringify(million), "\n[".repeat(1_000_000)]) {
      let turns = 0;
      const count = () => {
        turns++;
        next = setImmediate(count);
      };
      let next = setImmediate(count);
      await read(text).catch(() => undefined);
      clearImmediate(next);
      assert.ok(turns >= 2, `${turns} turns`);
    }
  });
});
