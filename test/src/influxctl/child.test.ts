import assert from "node:assert/strict";
import { tmpdir } from "node:os";
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

  it("fails where there is no such program", () =>
    assert.rejects(runChild("/no/such", [], { cwd: "/", env: {}, timeoutMs: 50, longest: 1 }), {
      code: "ENOENT",
    }));
});
