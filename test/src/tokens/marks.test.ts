import assert from "node:assert/strict";
import { marked, markIn, newAttempt, withoutMark, type Mark } from "../../../src/tokens/marks.js";

describe("marks in descriptions", () => {
  const attempt = newAttempt();
  const of = "0123456789abcdef";
  const at = "2026-11-26T08:00:00Z";
  const marks: Mark[] = [
    { kind: "creating", attempt },
    { kind: "made", attempt },
    { kind: "successor", of, since: at, attempt },
    { kind: "replaced", by: "55555555-5555-4555-8555-555555555555", at },
  ];

  it("are read as they were written, in place of any before", () => {
    for (const mark of marks) {
      for (const text of ["press 1", "a [creating x] b", ""]) {
        const description = marked(marked(text, marks[0]!), mark);
        assert.deepEqual(markIn(description), mark);
        assert.equal(withoutMark(description), text);
      }
    }
  });

  it("are nothing that people write, and stand at the end alone", () => {
    for (const text of [
      "press 1",
      "[creating it]",
      "x [made 0123456789]",
      `x [creating ${attempt}] y`,
      undefined,
      7,
    ])
      assert.equal(markIn(text), undefined);
  });
});
