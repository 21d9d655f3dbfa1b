import assert from "node:assert/strict";
import { mock } from "node:test";
import { createWaiting } from "../../../nodes/rotate-token/waiting.js";
import type { Standing } from "../../../nodes/runtime/node.js";
import { Secret } from "../../../src/text/secret.js";

describe("createWaiting", () => {
  afterEach(() => mock.timers.reset());

  const soon = () => new Promise(setImmediate);
  const OLD = { successor: "2", resource: "authorizations", seconds: 1 } as const;

  /** A node whose context store holds a rotation, and fails until it is mended. */
  function start(kept: unknown) {
    const stopping = new AbortController();
    const seen = { warned: [] as string[], expired: [] as string[], kept };
    let isBroken = true;
    const answer = <T>(value: T) => (isBroken ? Promise.reject(new Error("disk")) : Promise.resolve(value));
    const standing = {
      connections: { areNamed: false },
      signal: stopping.signal,
      store: () => ({
        load: () => answer(seen.kept),
        save: (value: unknown) => answer(undefined).then(() => void (seen.kept = value)),
      }),
      warn: (text: string) => seen.warned.push(text),
    } as unknown as Standing;
    mock.timers.enable({ apis: ["setTimeout"] });
    const waiting = createWaiting(standing, "connection", (id) => {
      seen.expired.push(id);
      return Promise.resolve();
    });
    return { seen, waiting, mend: () => void (isBroken = false), stop: () => stopping.abort() };
  }

  it("takes up what waited when the context store works again, and puts nothing in its place before", async () => {
    const { seen, waiting, mend, stop } = start({ 1: OLD });
    await soon();
    assert.equal(seen.warned.length, 1);
    const added = waiting.add("3", { ...OLD, successor: "4" }, new Secret("a value"));
    await assert.rejects(added, /disk/);
    mend();
    mock.timers.tick(30_000);
    await soon();
    assert.deepEqual(seen.kept, { 1: OLD });
    mock.timers.tick(1000);
    assert.deepEqual([seen.expired, seen.warned.length], [["1"], 1]);
    stop();
  });

  it("asks no more once it is stopped", async () => {
    const { seen, mend, stop } = start({ 1: OLD });
    await soon();
    stop();
    mend();
    mock.timers.tick(60_000);
    await soon();
    mock.timers.tick(60_000);
    assert.deepEqual(seen.expired, []);
  });

  it("begins anew where the context store holds something else", async () => {
    const { seen, waiting, mend, stop } = start("something else");
    await soon();
    mend();
    await waiting.add("3", { ...OLD, successor: "4" }, new Secret("a value"));
    assert.deepEqual(seen.kept, { 3: { ...OLD, successor: "4" } });
    stop();
  });
});
