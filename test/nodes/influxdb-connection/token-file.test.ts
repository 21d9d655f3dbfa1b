import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { tokenFile } from "../../../nodes/influxdb-connection/token-file.js";
import { systemClock } from "../../../src/clock.js";

describe("the token file", () => {
  let folder: string;
  let path: string;
  let time: number;
  let warnings: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "token-file-"));
    path = join(folder, "token");
    time = 0;
    warnings = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const write = (text: string | Buffer) => {
    writeFileSync(path, text);
  };
  const open = () => tokenFile(path, (text) => warnings.push(text), { ...systemClock, steady: () => time });

  for (const [what, content] of [
    ["as it is", "tökén two"],
    ["with a line break at its end", "tökén two\n"],
    ["with white space around it", " \ttökén two \r\n\r\n"],
    ["with a mark of its encoding", "\ufefftökén two\r\n"],
  ]) {
    it(`gives the token ${what}`, () => {
      write(content!);
      assert.equal(open().current().reveal(), "tökén two");
    });
  }

  it("gives the same object until the content is another, which is seen after a second, or at once if one asks", () => {
    write("first");
    const source = open();
    const first = source.current();
    write("other");
    time = 999;
    assert.equal(source.current(), first);
    time = 1000;
    assert.equal(source.current().reveal(), "other");
    write("third");
    assert.equal(source.refresh().reveal(), "third");
    assert.equal(source.refresh(), source.current());
    assert.deepEqual(
      source.known().map((each) => each.reveal()),
      ["third", "other", "first"],
    );
    assert.deepEqual(warnings, []);
  });

  it("remembers no more than eight former tokens", () => {
    write("value 0");
    const source = open();
    for (let count = 1; count <= 20; count++) {
      write(`value ${count}`);
      source.refresh();
    }
    assert.equal(source.known().length, 9);
    assert.equal(source.known().at(-1)!.reveal(), "value 12");
  });

  it("follows a link that is swapped, as Kubernetes does", () => {
    for (const name of ["1", "2"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "token"), `value ${name}`);
    }
    symlinkSync("1", join(folder, "..data"));
    symlinkSync("..data/token", path);
    const source = open();
    assert.equal(source.current().reveal(), "value 1");
    symlinkSync("2", join(folder, "..tmp"));
    renameSync(join(folder, "..tmp"), join(folder, "..data"));
    assert.equal(source.refresh().reveal(), "value 2");
  });

  /** What makes a file one that cannot be used, and what is said of it. */
  const UNUSABLE: [what: string, make: () => void, words: RegExp][] = [
    ["is missing", () => undefined, /does not exist/],
    ["is empty", () => write(""), /is empty/],
    ["is blank", () => write(" \n"), /is empty/],
    ["is a folder", () => mkdirSync(path), /is not a file/],
    ["is a pipe, which nobody writes to", () => execFileSync("mkfifo", [path]), /is not a file/],
    ["is a link to itself", () => symlinkSync(path, path), /cannot be read \(ELOOP\)/],
    ["is too long", () => write("x".repeat(64 * 1024 + 1)), /longer than 64 KB/],
    ["holds two lines", () => write("hunter2\nhunter3"), /a text of 15 characters, with a line break/],
    ["holds a header", () => write("Authorization: Token hunter2"), /starts with a word/],
    ["holds quotes", () => write('"hunter2"'), /in quotes/],
    ["holds UTF-16", () => write(Buffer.from("\ufeffhunter2", "utf16le")), /invisible character/],
  ];
  for (const [what, make, words] of UNUSABLE) {
    it(`is an error at the start, that names field and path, if it ${what}`, () => {
      make();
      assert.throws(open, (error: Error & { code?: string }) => {
        assert.equal(error.code, "invalid-config");
        assert.match(error.message, words);
        assert.ok(error.message.includes(`the field "tokenFile" names ${path}, which `), error.message);
        assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes("hunter"));
        return true;
      });
    });

    it(`leaves the token that is known, with one warning, if it ${what} later`, () => {
      write("known");
      const source = open();
      const known = source.current();
      rmSync(path);
      make();
      assert.equal(source.refresh(), known);
      assert.equal(source.refresh(), known);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, words);
      assert.match(warnings[0]!, /^The field "tokenFile" names .* goes on with the token that it knows\.$/);
      assert.ok(!warnings[0]!.includes("hunter"));
      rmSync(path, { recursive: true, force: true });
      write("known");
      assert.equal(source.refresh(), known);
      rmSync(path);
      assert.equal(source.refresh(), known);
      assert.equal(warnings.length, 2);
    });
  }

  it("is an error at the start if it is below a file", () => {
    write("known");
    path = join(path, "token");
    assert.throws(open, /does not exist/);
  });

  it("is an error at the start if it may not be read", function () {
    // Root may read everything.
    if (process.geteuid?.() === 0) this.skip();
    write("hunter2");
    chmodSync(path, 0);
    assert.throws(open, /which Node-RED may not read/);
  });
});
