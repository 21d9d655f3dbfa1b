import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChild, type ChildOptions } from "../../../src/influxctl/child.js";

describe("runChild", () => {
  const run = (script: string, options: Partial<ChildOptions> = {}) =>
    runChild("/bin/sh", ["-c", script], {
      ...{ cwd: tmpdir(), env: { PATH: process.env.PATH }, timeoutMs: 5000, longest: 1000 },
      ...options,
    });

  it("tells what a program wrote, and how it ended", async () => {
    assert.deepEqual(await run("echo out; echo err >&2; exit 3"), {
      ...{ exit: 3, stdout: "out\n", stderr: "err\n" },
    });
    assert.deepEqual(await run("kill -KILL $$"), { exit: "SIGKILL", stdout: "", stderr: "" });
  });

  it("keeps both ends of its warnings, in whatever portions they come", async () => {
    for (const flood of [
      "yes x | head -c 1000000",
      "for i in 1 2 3 4 5 6 7 8 9; do yes $i | head -c 2000; sleep 0; done",
    ]) {
      const { stderr } = await run(`{ echo begin; ${flood}; echo end; } >&2`);
      assert.match(stderr, /^begin\n[^]*\nend\n$/);
      assert.ok(stderr.length < 10_000, `${stderr.length} characters`);
    }
  });

  it("stops it at its time, at what is too long, and when it is told to", async () => {
    assert.equal((await run("sleep 60", { timeoutMs: 50 })).stopped, "timeout");
    assert.equal((await run("head -c 2000 /dev/zero; sleep 60")).stopped, "too-long");
    const controller = new AbortController();
    const aborted = run("sleep 60", { signal: controller.signal });
    controller.abort();
    assert.equal((await aborted).stopped, "aborted");
  });

  it("fails where the process may open no more files, and leaves nothing behind", async () => {
    // In a process of its own, which ends by itself if nothing is left.
    const module = join(import.meta.dirname, "../../../src/influxctl/child.ts");
    const script = `
      const { openSync, closeSync } = await import("node:fs");
      const { runChild } = await import(${JSON.stringify(module)});
      const run = () =>
        runChild("/bin/true", [], { cwd: "/", env: {}, timeoutMs: 60_000, longest: 1 }).then(
          () => console.log("ran"),
          (error) => console.log(error.code),
        );
      const open = [];
      for (const free of [0, 1, 3, 5]) {
        try { for (;;) open.push(openSync("/dev/null")); } catch {}
        for (const each of open.splice(0, free)) closeSync(each);
        await run();
      }
      for (const each of open) closeSync(each);
      await run();
    `;
    const command = `ulimit -n 100; exec "$0" --import tsx --input-type=module --eval "$1"`;
    const ended = await runChild("/bin/sh", ["-c", command, process.execPath, script], {
      ...{ cwd: process.cwd(), env: process.env, timeoutMs: 20_000, longest: 1000 },
    });
    assert.equal(ended.exit, 0, ended.stderr);
    assert.equal(ended.stdout, `${"EMFILE\n".repeat(4)}ran\n`);
  }).timeout(30_000);

  it("fails where there is no such program", () =>
    assert.rejects(runChild("/no/such", [], { cwd: "/", env: {}, timeoutMs: 50, longest: 1 }), {
      code: "ENOENT",
    }));
});
