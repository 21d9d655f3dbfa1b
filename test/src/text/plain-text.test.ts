import assert from "node:assert/strict";
import fc from "fast-check";
import { plain } from "../../../src/text/plain-text.js";
import { TokenError } from "../../../src/errors.js";

describe("plain", () => {
  it("leaves a text of letters, signs and spaces as it is", () => {
    for (const text of ["", 'user "Zoë" 👍🏽 has 5 % \\n', "日本語 ‘x’ – ½ €"]) assert.equal(plain(text), text);
  });

  it("makes one line of many", () => {
    assert.equal(plain("a\nb\r\nc\rd\te\vf\fg\u0085h\u2028i\u2029j"), "a b c d e f g h i j");
  });

  it("shows what would be obeyed, or not be seen", () => {
    const odd = [
      ...[
        "\0",
        "\b",
        "\x1b",
        "\x7f",
        "\x9b",
        "\xad",
        "\u061c",
        "\u200b",
        "\u200e",
        "\u202e",
        "\u2060",
        "\u2066",
      ],
      ...[
        "\ufeff",
        "\ufff9",
        "\u3164",
        "\ue000",
        "\uffff",
        "\ud800",
        "\udc00",
        "\u{e0041}",
        "\u{f0000}",
        "\u{10ffff}",
      ],
    ];
    for (const each of odd) assert.equal(plain(`a${each}b`), "a�b", `U+${each.codePointAt(0)?.toString(16)}`);
    assert.equal(plain("\x1b[31mred\x1b[0m"), "�[31mred�[0m");
  });

  it("is not longer than it may be, and holds whole characters only", () => {
    assert.equal(plain("x".repeat(5000)).length, 2000);
    assert.equal(plain("12345", 5), "12345");
    assert.equal(plain("123456", 5), "1234…");
    assert.equal(plain("123😀56", 5), "123�…");
  });

  it("holds nothing but plain characters, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
        (text) => {
          assert.doesNotMatch(plain(text), /[\p{C}\p{Zl}\p{Zp}]/u);
        },
      ),
    );
  });
});

describe("TokenError", () => {
  const odd = "a\n2 Jan 00:00:00 - [info] all is well\x1b[2K\u202e";
  const told = "a 2 Jan 00:00:00 - [info] all is well�[2K�";

  it("tells all that it was given in plain text", () => {
    const error = new TokenError("unavailable", odd, { task: odd, cause: { message: odd, statusCode: 500 } });
    for (const each of [error, error.during("other"), new TokenError("unavailable", odd).during(odd)]) {
      assert.deepEqual(
        [each.message, each.reason, each.task],
        [`Server failed, cannot ${told}: ${told}`, told, told],
      );
    }
    assert.deepEqual({ ...(error.cause as object) }, { message: told, statusCode: 500 });
  });
});
