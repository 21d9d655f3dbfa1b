import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { ERROR_CODES, factsOf, type TokenErrorCode } from "../../src/error-codes.js";
import { TokenError } from "../../src/errors.js";
import { OUTCOMES } from "../../src/work/outcomes.js";

const CODES = Object.keys(ERROR_CODES) as TokenErrorCode[];

describe("ERROR_CODES", () => {
  it("is the table of the README, in its order", () => {
    const [, table = ""] = /\n## Errors\n([^]*?)\n### /.exec(readFileSync("README.md", "utf8")) ?? [];
    const rows = table.split("\n").filter((line) => line.startsWith("| `"));
    assert.deepEqual(
      rows,
      CODES.map((code) => {
        const { words, meaning, remedy, httpStatus } = factsOf(code);
        return `| \`${code}\` | ${words} | ${meaning} | ${remedy} | ${httpStatus} |`;
      }),
    );
  });

  it("has every code that a help text names", () => {
    const known = new Set<string>([...CODES, ...Object.keys(OUTCOMES)]);
    const files = globSync(["nodes/*/locales/*.html", "nodes/locales/*/*.html"]);
    assert.ok(files.some((file) => file.startsWith("nodes/locales/")));
    for (const file of files) {
      for (const [, word = ""] of readFileSync(file, "utf8").matchAll(
        /<code>([a-z]+(?:-[a-z]+)+)<\/code>/g,
      )) {
        assert.ok(known.has(word), `${file}: ${word}`);
      }
    }
  });

  it("and all that is more exact says in a few plain words what is wrong", () => {
    const files = globSync(["src/**/*.ts", "nodes/**/*.ts"]).map((file) => readFileSync(file, "utf8"));
    const told = files.flatMap((text) =>
      [...text.matchAll(/\bwords: (?:.*\? "([^"]+)" : )?"([^"]+)"/g)].flatMap(([, a, b = ""]) =>
        a ? [a, b] : [b],
      ),
    );
    assert.ok(told.includes("no permission") && told.includes("no such user"));
    // The editor looks a status up as a key of the locale: there is none such, and no sign that makes one a path.
    const keys = globSync(["nodes/locales/*.json", "nodes/*/locales/*.json"]);
    const taken = new Set(
      keys.flatMap((file) => Object.keys(JSON.parse(readFileSync(file, "utf8")) as object)),
    );
    for (const words of [...told, ...CODES.map((code) => factsOf(code).words)]) {
      assert.match(words, /^[a-zA-Z][a-zA-Z' ]{2,18}$/, words);
      assert.ok(!taken.has(words), words);
    }
  });

  it("has HTTP statuses of errors", () => {
    for (const code of CODES) assert.match(String(factsOf(code).httpStatus), /^[45]\d\d$/);
  });

  it("decides which errors end a sweep, and which can say so themselves", () => {
    const ends = (code: TokenErrorCode, fatal: boolean) => new TokenError(code, "no", { fatal }).fatal;
    for (const code of CODES) {
      const { endsSweep = "never" } = factsOf(code);
      assert.deepEqual(
        [ends(code, true), ends(code, false)],
        { always: [true, true], sometimes: [true, false], never: [false, false] }[endsSweep],
        code,
      );
    }
  });
});
