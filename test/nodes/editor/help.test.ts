import assert from "node:assert/strict";
import { compileHelp } from "../../../nodes/editor/help.js";

describe("compileHelp", () => {
  const passages = new Map([["limit", '<p>"At most"</p>\n']]);

  it("puts a passage into each help that takes it in", () => {
    const helps = new Map([
      ["a", "<h3>Details</h3>\n<!-- include limit -->\n<p>More</p>"],
      ["b", "<div><!-- include limit --></div>"],
      ["c", "<p>Other</p>"],
    ]);
    assert.deepEqual(
      [...compileHelp(helps, passages).values()],
      ['<h3>Details</h3>\n<p>"At most"</p>\n<p>More</p>', '<div><p>"At most"</p></div>', "<p>Other</p>"],
    );
  });

  it("fails on a passage that is missing, and on one that no help takes in", () => {
    const helps = new Map([["a", "<!-- include limits -->"]]);
    assert.throws(() => compileHelp(helps, passages), {
      message: 'a: the passage "limits" is missing\nthe passage "limit" is not used',
    });
  });
});
