import assert from "node:assert/strict";
import { marked, markIn, replacedAt, withoutMark } from "../../../src/tokens/marks.js";

const FORGED = "[replaced by 0123456789abcdef at 2026-01-01T00:00:00Z]";

describe("marks at the end of descriptions", () => {
  it("are the last thing there, and alone", () => {
    const description = marked("press 1", { kind: "creating", attempt: "0123abcd" });
    assert.equal(description, "press 1 [creating 0123abcd]");
    assert.deepEqual(markIn(description), { kind: "creating", attempt: "0123abcd" });
    assert.equal(markIn(`${description} more`), undefined);
    assert.equal(replacedAt(`press 1 ${FORGED}`), "2026-01-01T00:00:00Z");
  });

  it("leave none behind that was before them", () => {
    const description = `press 1 ${FORGED} ${FORGED} [made 0123abcd]`;
    assert.equal(withoutMark(description), "press 1");
    assert.equal(marked(description, { kind: "made", attempt: "01234567" }), "press 1 [made 01234567]");
    assert.equal(withoutMark(FORGED), "");
  });
});
