import assert from "node:assert/strict";
import { format, inspect } from "node:util";
import { Secret } from "../../../src/text/secret.js";

describe("a Secret", () => {
  const VALUE = "my-token-value==";
  const secret = new Secret(VALUE);

  it("gives its value to those who ask for it", () => {
    assert.equal(secret.reveal(), VALUE);
  });

  it("tells whether it is a text", () => {
    assert.equal(secret.equals(VALUE), true);
    for (const other of ["", VALUE.slice(1), `${VALUE} `, VALUE.toUpperCase()])
      assert.equal(secret.equals(other), false);
  });

  const WAYS: Record<string, () => unknown> = {
    "a template": () => `${String(secret)} ${secret.toString()}`,
    JSON: () => JSON.stringify({ secret, list: [secret] }),
    inspect: () => inspect({ secret, map: new Map([[secret, secret]]) }, { depth: 9, showHidden: true }),
    "inspect without custom ways": () => inspect(secret, { customInspect: false, showHidden: true }),
    format: () => format("%s %o %O %j", secret, secret, secret, secret),
    // eslint-disable-next-line @typescript-eslint/no-misused-spread -- It is what others could do.
    "a spread": () => JSON.stringify({ ...secret }),
    assign: () => JSON.stringify(Object.assign({}, secret)),
    "its keys": () => Reflect.ownKeys(secret).map(String).join(),
    "its entries": () => Object.entries(secret).flat().join(),
    structuredClone: () => inspect(structuredClone(secret), { showHidden: true }),
    "an error": () => new Error(`bad: ${String(secret)}`, { cause: secret }).stack,
  };
  for (const [way, show] of Object.entries(WAYS)) {
    it(`shows nothing of it, not even its length, in ${way}`, () => {
      const other = new Secret("x");
      const shown = String(show());
      for (let at = 0; at + 4 <= VALUE.length; at++)
        assert.ok(!shown.includes(VALUE.slice(at, at + 4)), shown);
      assert.ok(!new RegExp(`\\b${VALUE.length}\\b`).test(shown.replace(/:\d+/g, "")), shown);
      assert.deepEqual(Reflect.ownKeys(other), Reflect.ownKeys(secret));
    });
  }

  it("is no secret any more as a copy", () => {
    assert.throws(() => Secret.prototype.reveal.call(structuredClone(secret)), TypeError);
  });
});
