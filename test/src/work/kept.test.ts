import assert from "node:assert/strict";
import { mock } from "node:test";
import { systemClock } from "../../../src/clock.js";
import { createKept } from "../../../src/work/kept.js";

const TIMES = { good: 30_000, fresh: 2000, unused: 60_000 };

/** Something that takes until it is told to end. */
function start() {
  let now = 0;
  const readings: { signal: AbortSignal; end(result: string | Error): void }[] = [];
  const kept = createKept(
    (signal) =>
      new Promise<string>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        const end = (result: string | Error) =>
          typeof result === "string" ? resolve(result) : reject(result);
        readings.push({ signal, end });
      }),
    TIMES,
    { ...systemClock, steady: () => now },
  );
  const get = (fresh = false, signal = new AbortController().signal) => kept.get({ fresh, signal });
  return {
    ...{ kept, get, readings },
    pass: (milliseconds: number) => (now += milliseconds),
    /** Asks, and ends the reading that this begins. */
    async read(result: string, fresh = false) {
      const asked = get(fresh);
      readings.at(-1)!.end(result);
      return asked;
    },
  };
}

describe("what is kept", () => {
  it("is read once for all who ask meanwhile", async () => {
    const { get, readings } = start();
    const asked = [get(), get(true), get()];
    readings[0]!.end("one");
    assert.deepEqual(await Promise.all(asked), ["one", "one", "one"]);
    assert.equal(readings.length, 1);
  });

  it("is good for a while, from when it was read", async () => {
    const { get, read, pass, readings } = start();
    const asked = get();
    pass(50_000);
    readings[0]!.end("one");
    assert.equal(await asked, "one");
    pass(29_999);
    assert.equal(await get(), "one");
    pass(1);
    assert.equal(await read("two"), "two");
  });

  it("is read anew for who wants it fresh, but not at once again", async () => {
    const { get, read, pass } = start();
    await read("one");
    pass(1999);
    assert.equal(await get(true), "one");
    pass(1);
    assert.equal(await read("two", true), "two");
    assert.equal(await get(), "two");
  });

  it("keeps a failure for a moment alone", async () => {
    const { get, read, readings, pass } = start();
    const asked = get();
    readings[0]!.end(new Error("failed"));
    await assert.rejects(asked, /failed/);
    await assert.rejects(get(), /failed/);
    pass(2000);
    assert.equal(await read("one"), "one");
  });

  it("is read as long as somebody waits, and no longer", async () => {
    const { get, readings } = start();
    const [first, second] = [new AbortController(), new AbortController()];
    const asked = [get(false, first.signal), get(false, second.signal)];
    first.abort();
    await assert.rejects(asked[0]!, { name: "AbortError" });
    assert.ok(!readings[0]!.signal.aborted);
    second.abort();
    await assert.rejects(asked[1]!, { name: "AbortError" });
    assert.ok(readings[0]!.signal.aborted);
    const next = get();
    assert.equal(readings.length, 2);
    readings[1]!.end("next");
    assert.equal(await next, "next");
  });

  it("is not read for who has gone before", async () => {
    const { get, readings } = start();
    await assert.rejects(get(false, AbortSignal.abort()), { name: "AbortError" });
    assert.equal(readings.length, 0);
  });

  it("is forgotten if nobody asks for a while", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const { get, read, readings } = start();
      await read("one");
      mock.timers.tick(59_999);
      assert.equal(await get(), "one");
      mock.timers.tick(59_999);
      assert.equal(await get(), "one");
      mock.timers.tick(60_000);
      assert.equal(await read("two"), "two");
      assert.equal(readings.length, 2);
    } finally {
      mock.timers.reset();
    }
  });

  it("ends when it is closed", async () => {
    const { kept, get, readings } = start();
    const asked = get();
    kept.close();
    await assert.rejects(asked, /aborted/);
    assert.ok(readings[0]!.signal.aborted);
  });
});
