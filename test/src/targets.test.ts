import assert from "node:assert/strict";
import { authorizationId } from "../../src/authorizations.js";
import { readTargets } from "../../src/targets.js";
import { BAD_TARGETS } from "../helpers/bad-targets.js";

const read = (value: unknown) => readTargets(value, authorizationId);
const A = "0aaaaaaaaaaaaaaa";
const B = "0bbbbbbbbbbbbbbb";

describe("readTargets", () => {
  it("reads one id, trimmed and in lower case", () => {
    assert.deepEqual(read(` ${A.toUpperCase()}\n`), { many: false, list: [{ id: A, known: {} }] });
  });

  it("reads an object with an id, and keeps what is worth a record, but no token", () => {
    const { list } = read({
      id: A,
      user: "me",
      token: "secret",
      permissions: [],
      status: 1,
      outcome: "updated",
    });
    assert.deepEqual(list, [{ id: A, known: { user: "me" } }]);
  });

  it("reads a circular object by its id", () => {
    const object: Record<string, unknown> = { id: A };
    object.self = object;
    assert.deepEqual(read(object).list, [{ id: A, known: {} }]);
  });

  it("reads an array of either, and keeps the first of each id", () => {
    const { many, list } = read([B, { id: A, user: "first" }, { id: A.toUpperCase(), user: "second" }, B]);
    assert.equal(many, true);
    assert.deepEqual(list, [
      { id: B, known: {} },
      { id: A, known: { user: "first" } },
    ]);
  });

  it("does not take an array of holes for an empty one", () => {
    assert.throws(() => read(new Array(3)), { code: "missing-id" });
  });

  it("reads an empty array as nothing to do", () => {
    assert.deepEqual(read([]), { many: true, list: [] });
  });

  for (const [what, value, code] of BAD_TARGETS) {
    it(`answers ${what} with ${code}`, () => {
      assert.throws(() => read(value), { code });
    });
  }

  it("says which element of an array is wrong, of what kind it is, and what was expected, but not the value", () => {
    assert.throws(() => read([A, "my-secret-token"]), {
      message:
        "no valid authorization ID in element 1 of the array: found a text of 15 characters, expected 16 hexadecimal digits. " +
        'Use the "id" of the authorization, not its token or its name.',
    });
  });
});
