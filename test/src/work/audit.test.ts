import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Clock } from "../../../src/clock.js";
import { auditFile, createAudit, type AuditedWork, type AuditSink } from "../../../src/work/audit.js";
import { TokenError } from "../../../src/errors.js";
import type { OutcomeRecord } from "../../../src/work/outcomes.js";

const WORK: AuditedWork = {
  operation: "delete authorization",
  flow: "flow1",
  node: "node1",
  nodeName: "nightly",
  connection: "connection1",
  message: "message1",
};
const target = (id: string, description?: string) => ({
  id,
  known: description === undefined ? {} : { description },
  listed: {},
});
const TARGETS = Array.from({ length: 100 }, (_, index) => target(`id${index}`));
const record = (id: string, more: Partial<OutcomeRecord> = {}): OutcomeRecord => ({
  ...{ id, outcome: "deleted", at: "2026-01-01T00:00:00.000Z", token: {} },
  ...more,
});

/** A sink in memory, whose appends wait until they are let go. */
function memory(batch: number) {
  const lines: Record<string, unknown>[] = [];
  const texts: string[] = [];
  let failure: TokenError | undefined;
  const sink: AuditSink = {
    batch,
    append(_type, given) {
      if (failure) return Promise.reject(failure);
      texts.push(...given);
      lines.push(...given.map((line) => JSON.parse(line) as Record<string, unknown>));
      return Promise.resolve();
    },
  };
  return { sink, lines, texts, fail: (error: TokenError) => (failure = error) };
}

describe("createAudit", () => {
  it("writes a line before the effect and one after it", async () => {
    const { sink, lines } = memory(1);
    let now = 1_800_000_000_000;
    const clock: Clock = { ...systemClock, now: () => now };
    const audit = createAudit(sink, WORK, [target("0a", "of Bob")], clock);
    assert.equal(lines.length, 0);
    await audit.before(0);
    const { time, ...said } = lines[0] as Record<string, unknown>;
    assert.equal(time, "2027-01-15T08:00:00.000Z");
    now += 1500;
    assert.deepEqual(said, { type: "request", id: "0a", description: "of Bob", ...WORK });
    await audit.after(
      0,
      record("0a", {
        ...{ token: { description: "told" }, attempts: 2 },
        error: { code: "network", message: "m" },
      }),
    );
    const { time: later, ...response } = lines[1] as Record<string, unknown>;
    assert.equal(later, "2027-01-15T08:00:01.500Z");
    assert.deepEqual(response, {
      ...{
        type: "response",
        id: "0a",
        description: "told",
        outcome: "deleted",
        attempts: 2,
        error: "network",
      },
      ...WORK,
    });
  });

  it("says what an update sets", async () => {
    const { sink, lines } = memory(1);
    await createAudit(sink, { ...WORK, changes: { status: "inactive" } }, [target("0a")]).before(0);
    assert.deepEqual(lines[0]!.changes, { status: "inactive" });
  });

  it("says nothing of what was not begun", async () => {
    const { sink, lines } = memory(1);
    const audit = createAudit(sink, WORK, TARGETS);
    await audit.after(3, record("id3", { outcome: "not-started" }));
    assert.deepEqual(lines, []);
  });

  it("announces the next batch with the first of each, and each token once", async () => {
    const { sink, lines } = memory(32);
    const audit = createAudit(sink, WORK, TARGETS);
    await audit.before(0);
    assert.deepEqual(
      lines.map(({ id }) => id),
      TARGETS.slice(0, 64).map(({ id }) => id),
    );
    for (let index = 1; index < TARGETS.length; index++) await audit.before(index);
    assert.deepEqual(
      lines.map(({ id }) => id),
      TARGETS.map(({ id }) => id),
    );
    // What was announced and not begun is told as well.
    await audit.after(99, record("id99", { outcome: "not-started" }));
    assert.equal(lines.at(-1)!.outcome, "not-started");
  });

  it("does not announce what was over before", async () => {
    const { sink, lines } = memory(32);
    const audit = createAudit(sink, WORK, TARGETS.slice(0, 4));
    const early = audit.after(0, record("id0", { outcome: "skipped" }));
    await audit.before(2);
    await early;
    assert.deepEqual(
      lines.map(({ type, id }) => [type, id]),
      ["id1", "id2", "id3"].map((id) => ["request", id]),
    );
  });

  it("fails before the effect where the line cannot be written, and has then no response", async () => {
    const { sink, fail } = memory(32);
    const audit = createAudit(sink, WORK, TARGETS);
    fail(new TokenError("audit-failed", "full"));
    await assert.rejects(audit.before(0), { code: "audit-failed" });
    await assert.rejects(audit.before(1), { code: "audit-failed" });
    await audit.after(0, record("id0", { outcome: "failed" }));
  });

  it("tells where the effect has been and its response cannot be written", async () => {
    const { sink, fail } = memory(32);
    const audit = createAudit(sink, WORK, TARGETS);
    await audit.before(0);
    fail(new TokenError("audit-failed", "full"));
    await assert.rejects(audit.after(0, record("id0")), { code: "audit-failed" });
  });

  it("is one line of harmless characters, from which the text can be read back", async () => {
    for (const text of [
      'a"\n\r\u2028\u2029\u0085',
      "\u001b[2J\u009b",
      "\u202etxt.exe\u2066\u200b\ufeff",
      "\u0000\u007f\ue000\u{e0041}",
      "naïve 日本 👍",
    ]) {
      const { sink, lines, texts } = memory(1);
      await createAudit(sink, { ...WORK, message: text }, [target("0a", text)]).before(0);
      assert.equal(lines[0]!.description, text);
      assert.equal(lines[0]!.message, text);
      assert.doesNotMatch(texts[0]!, /[\p{C}\p{Zl}\p{Zp}]/u);
    }
    const { sink, texts } = memory(1);
    await createAudit(sink, WORK, [target("0a", "naïve 日本 👍")]).before(0);
    assert.match(texts[0]!, /naïve 日本 👍/);
  });

  it("is short, however long a text is", async () => {
    const { sink, texts } = memory(1);
    const long = "x".repeat(10_000_000);
    const audit = createAudit(sink, { ...WORK, message: long, changes: { description: long } }, [
      target("0a", long),
    ]);
    await audit.before(0);
    await audit.after(0, record("0a", { token: { description: long }, reason: long }));
    assert.ok(texts.every((line) => line.length < 2000));
  });
});

describe("auditFile", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "audit-test-"));
    path = join(folder, "audit.jsonl");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const written = () => readFile(path, "utf8");

  it("appends lines, to a file that its owner alone can read", async () => {
    const file = auditFile(path);
    await file.append("request", ["a", "b"]);
    await file.append("request", ["c"]);
    assert.equal(await written(), "a\nb\nc\n");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    await auditFile(path).append("request", ["d"]);
    assert.equal(await written(), "a\nb\nc\nd\n");
  });

  it("keeps the order of the calls, also of those that came while it wrote", async () => {
    const file = auditFile(path);
    const lines = Array.from({ length: 1000 }, (_, index) => String(index));
    await Promise.all(
      lines.map((line, index) => file.append(index % 3 === 0 ? "request" : "response", [line])),
    );
    assert.deepEqual((await written()).trim().split("\n"), lines);
    void file.append("response", ["last"]);
    await file.settled();
    assert.ok((await written()).endsWith("\nlast\n"));
  });

  it("leaves the mode of a file that is there", async () => {
    await appendFile(path, "");
    await chmod(path, 0o640);
    await auditFile(path).append("request", ["a"]);
    assert.equal((await stat(path)).mode & 0o777, 0o640);
  });

  it("begins a line of its own after one that was cut", async () => {
    await appendFile(path, '{"cut');
    const file = auditFile(path);
    await file.append("request", ["a"]);
    await file.append("request", ["b"]);
    assert.equal(await written(), '{"cut\na\nb\n');
  });

  it("begins anew where the file was moved away", async () => {
    const file = auditFile(path);
    await file.append("request", ["a"]);
    await rename(path, `${path}.1`);
    await file.append("request", ["b"]);
    assert.equal(await written(), "b\n");
    assert.equal(await readFile(`${path}.1`, "utf8"), "a\n");
  });

  it("writes each request to the file that the path leads to, in the midst of a sweep", async () => {
    const file = auditFile(path);
    const moved: string[] = [];
    const done: string[] = [];
    for (let index = 0; index < 300; index++) {
      // It is never closed for want of something to write.
      const response = file.append("response", [`response ${index}`]);
      await file.append("request", [`request ${index}`]);
      done.push(`request ${index}`);
      if (index % 100 === 50) {
        moved.push(...done.splice(0));
        await rename(path, `${path}.${index}`);
        await rm(`${path}.${index}`);
      }
      void response;
    }
    await file.settled();
    const lines = (await written()).trim().split("\n");
    assert.deepEqual(
      lines.filter((line) => line.startsWith("request")),
      done,
    );
    assert.equal(moved.length + done.length, 300);
  });

  it("keeps its lines whole beside another process", async () => {
    const line = "x".repeat(1000);
    const files = [auditFile(path), auditFile(path)];
    await Promise.all(
      files.flatMap((file, index) =>
        Array.from({ length: 2000 }, () => file.append("request", [`${index}${line}`])),
      ),
    );
    const lines = (await written()).split("\n");
    assert.equal(lines.pop(), "");
    assert.equal(lines.length, 4000);
    assert.ok(lines.every((each) => each.length === 1001));
  });

  const cannot: Record<string, () => Promise<unknown>> = {
    "is a folder": () => mkdir(path),
    "is in no folder": () => rm(folder, { recursive: true }),
    "is a link": () => symlink(join(folder, "elsewhere"), path),
    "is a pipe": () => Promise.resolve(execFileSync("mkfifo", [path])),
    "is a device": () => symlink("/dev/null", path),
  };
  for (const [what, make] of Object.entries(cannot)) {
    it(`refuses a path that ${what}, and works as soon as it can`, async () => {
      await make();
      const file = auditFile(path);
      const [a, b] = await Promise.allSettled([file.append("request", ["a"]), file.append("request", ["b"])]);
      for (const { reason } of [a, b] as PromiseRejectedResult[]) {
        assert.ok(reason instanceof TokenError);
        assert.deepEqual([reason.code, reason.fatal], ["audit-failed", true]);
        assert.ok(reason.message.includes(path));
      }
      await rm(path, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      await file.append("request", ["c"]);
      assert.equal(await written(), "c\n");
    });
  }
});
