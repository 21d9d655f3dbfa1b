import assert from "node:assert/strict";
import { compileLocale } from "../../../nodes/editor/locales.js";

const html = `<label data-i18n="label.name"></label><input data-i18n="[aria-label]label.hint"> this._("wrong")`;

describe("compileLocale", () => {
  it("gives a node the texts that its page asks for, its own before the shared ones", () => {
    const own = new Map([["a", { label: { name: "Mine" }, wrong: "No" }]]);
    const pages = new Map([
      ["a", { html, texts: ["option.all"] }],
      ["b", { html: 'data-i18n="label.name"', texts: [] }],
    ]);
    const shared = { label: { name: "Name", hint: "Hint" }, option: { all: "All" } };
    const compiled = compileLocale(pages, own, shared);
    assert.deepEqual(compiled.get("a"), {
      label: { name: "Mine", hint: "Hint" },
      wrong: "No",
      option: { all: "All" },
    });
    assert.deepEqual(compiled.get("b"), { label: { name: "Name" } });
  });

  it("fails on a text that is missing", () => {
    const pages = new Map([["a", { html, texts: ["option.all"] }]]);
    const own = new Map([["a", { label: { name: "x" }, wrong: "y" }]]);
    assert.throws(() => compileLocale(pages, own, {}), {
      message: 'a: "label.hint" is missing\na: "option.all" is missing',
    });
  });

  it("fails on a text that nothing asks for, a node's own or a shared one", () => {
    const pages = new Map([["a", { html: "", texts: [] }]]);
    assert.throws(() => compileLocale(pages, new Map([["a", { old: "x" }]]), { older: "y" }), {
      message: 'a: "old" is not used\nshared: "older" is not used',
    });
  });
});
