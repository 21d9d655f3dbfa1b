import assert from "node:assert/strict";
import { compileLocale } from "../../../nodes/editor/locales.js";

const html = `<label data-i18n="label.name"></label><input data-i18n="[placeholder]label.hint"> this._("wrong")`;

describe("compileLocale", () => {
  it("gives a node the texts that its html asks for, its own before the shared ones", () => {
    const own = { label: { name: "Mine" }, wrong: "No" };
    const pages = new Map([
      ["a", { html, own }],
      ["b", { html: 'data-i18n="label.name"', own: {} }],
    ]);
    const compiled = compileLocale(pages, { label: { name: "Name", hint: "Hint" } });
    assert.deepEqual(compiled.get("a"), { label: { name: "Mine", hint: "Hint" }, wrong: "No" });
    assert.deepEqual(compiled.get("b"), { label: { name: "Name" } });
  });

  it("fails on a text that is missing", () => {
    const pages = new Map([["a", { html, own: { label: { name: "x" }, wrong: "y" } }]]);
    assert.throws(() => compileLocale(pages, {}), { message: 'a: "label.hint" is missing' });
  });

  it("fails on a text that nothing asks for, a node's own or a shared one", () => {
    const pages = new Map([["a", { html: "", own: { old: "x" } }]]);
    assert.throws(() => compileLocale(pages, { older: "y" }), {
      message: 'a: "old" is not used\nshared: "older" is not used',
    });
  });
});
