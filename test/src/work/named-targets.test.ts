import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { TokenError } from "../../../src/errors.js";
import { TOKEN_NAME } from "../../../src/ids.js";
import { influxdb3Tokens } from "../../../src/tokens/influxdb3-tokens.js";
import { readTargets, type Targets } from "../../../src/work/targets.js";
import { anything, unicode } from "../../helpers/arbitraries.js";

const VALUE = `apiv3_${"Ab3-_".repeat(18).slice(0, 86)}`;
const read = (value: unknown): Targets => readTargets(value, influxdb3Tokens);
const names = (value: unknown) => read(value).list.map(({ id }) => id);

describe("readTargets, of tokens that are known by their names", () => {
  // Each is another token to the server.
  const NAMES = [
    "CI",
    "ci",
    " ci",
    "ci ",
    "ci\n",
    " ",
    "a/b?c=d&e#f",
    "+",
    "%2B",
    "ü 😀",
    "0",
    "null",
    "_Admin",
  ];

  it("takes each name as it is, as a text and in an object, and none for another", () => {
    assert.deepEqual(names(NAMES), NAMES);
    assert.deepEqual(names(NAMES.map((name) => ({ name }))), NAMES);
    assert.deepEqual(names(NAMES.map((id) => ({ id }))), NAMES);
    for (const name of NAMES) assert.deepEqual([read(name).many, names(name)], [false, [name]]);
  });

  it("keeps the first of each name, and how it was listed", () => {
    const listed = { name: "ci", tokenId: "7", createdAt: "2026-01-31T08:00:00Z", permissions: [] };
    const [first, ...others] = read([listed, "ci", { ...listed, tokenId: "8" }, { id: "ci" }]).list;
    assert.deepEqual(others, []);
    assert.deepEqual(first, {
      id: "ci",
      known: { name: "ci", tokenId: "7", createdAt: "2026-01-31T08:00:00Z" },
      listed: { tokenId: "7", createdAt: "2026-01-31T08:00:00Z", permissions: "[[]]" },
    });
  });

  it("takes what list nodes send, records, and rows as the server has them", () => {
    for (const given of [
      { id: "ci", name: "ci", tokenId: "7" },
      { id: "ci", outcome: "deleted", token: { name: "ci", tokenId: "7" } },
      { token_id: 7, name: "ci", permissions: "*:*:*" },
      { id: 7, name: "ci", hash: "0123abcde" },
    ])
      assert.deepEqual(names(given), ["ci"]);
  });

  it("takes a name that looks like a mistake in an object alone", () => {
    for (const name of ["[object Object]", '["a","b"]', '{"name":"a"}']) {
      assert.throws(() => read(name), { code: "invalid-id" });
      assert.throws(() => read([name]), { code: "invalid-id" });
      assert.deepEqual(names({ name }), [name]);
    }
    assert.throws(() => read("[object Object]"), { message: /send the object itself/ });
    assert.throws(() => read('["a"]'), { message: /put a JSON node before this one/ });
  });

  const REFUSED: [what: string, value: unknown, code: string, words?: RegExp][] = [
    ["nothing", undefined, "missing-id"],
    ["null", null, "missing-id"],
    // The server would delete the token without a name.
    ["an empty text", "", "missing-id", /Send the name/],
    ["an empty name", { name: "" }, "missing-id"],
    ["an object without a name", { tokenId: "7" }, "missing-id", /an object without a name/],
    ["an empty text among names", ["a", ""], "missing-id", /in element 1 of the array/],
    ["an array of holes", new Array(2), "missing-id"],
    ["a promise", Promise.resolve("a"), "missing-id", /lacks an await/],
    ["a number", 7, "invalid-id"],
    ["the number of a token", { id: 7 }, "invalid-id"],
    ["a name that is no text", { name: 7 }, "invalid-id"],
    ["an array in an array", [["a"]], "invalid-id", /without further arrays/],
    ["a Buffer", Buffer.from("a"), "invalid-id", /to a text/],
    ["a Buffer of JSON", { type: "Buffer", data: [97] }, "invalid-id"],
    ["two names", { id: "a", name: "b" }, "invalid-id", /two names/],
    ["two spellings of a name", { id: "A", name: "a" }, "invalid-id", /two names/],
    ["half a character", "a\ud83d", "invalid-id"],
    ["a name longer than any", "x".repeat(5001), "invalid-id"],
    ["a value", VALUE, "invalid-id", /and not its value/],
    ["a short value", "apiv3_short", "invalid-id"],
    ["a value in an object", { name: VALUE }, "invalid-id"],
    ["a value after space", ` \n${VALUE}`, "invalid-id"],
    ["a value after its scheme", `Bearer ${VALUE}`, "invalid-id"],
    ["a value in quotes", `"${VALUE}"`, "invalid-id"],
  ];
  for (const [what, value, code, words = /./] of REFUSED)
    it(`refuses ${what}, and does not repeat it`, () => {
      assert.throws(
        () => read(value),
        (error) => {
          assert.ok(error instanceof TokenError);
          assert.equal(error.code, code);
          assert.match(error.message, words);
          assert.ok(!inspect(error, { depth: 9 }).includes(VALUE));
          return true;
        },
      );
    });

  it("names it as people do", () => {
    assert.throws(() => read(7), {
      message: /instead of the name of an InfluxDB 3 token, expected the name of a token/,
    });
  });

  it("takes any text that can be a name as it is", () => {
    fc.assert(
      fc.property(unicode, (name) => {
        if (TOKEN_NAME.pattern.test(name)) assert.deepEqual(names({ name }), [name]);
        else assert.throws(() => read({ name }), { code: name === "" ? "missing-id" : "invalid-id" });
      }),
    );
  });

  it("never gives anything but names for any value, and throws nothing but errors of its own", () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.array(anything), fc.record({ name: anything })), (value) => {
        try {
          for (const { id } of read(value).list) assert.match(id, TOKEN_NAME.pattern);
        } catch (error) {
          assert.ok(error instanceof TokenError, String(error));
          assert.match(error.code, /^(missing|invalid)-id$/);
        }
      }),
    );
  });
});

describe("the names of tokens in a text of several", () => {
  it("are one a line, with and without the space that cannot be seen", () => {
    assert.deepEqual(TOKEN_NAME.split("a, b\r\n\n  \nc \n d"), ["a, b", "c ", "c", " d", "d"]);
    assert.deepEqual(TOKEN_NAME.split(""), []);
  });
});
