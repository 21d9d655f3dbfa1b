import assert from "node:assert/strict";
import { mock } from "node:test";
import { createWaiting } from "../../../nodes/rotate-token/waiting.js";
import type { Standing } from "../../../nodes/runtime/node.js";
import { Secret } from "../../../src/text/secret.js";

describe("createWaiting", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  const soon = () => new Promise(setImmediate);
  const OLD = { successor: "2", resource: "authorizations", seconds: 1 } as const;

  /** A node whose context store holds a rotation, and fails until it is mended, or from the moment that it breaks. */
  function start(kept: unknown, isBroken = true) {
    const stopping = new AbortController();
    const seen = { warned: [] as string[], expired: [] as string[], kept };
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
    const waiting = createWaiting(standing, "connection", (id) => {
      seen.expired.push(id);
      return Promise.resolve();
    });
    const setBroken = (is: boolean) => void (isBroken = is);
    return {
      ...{ seen, waiting },
      mend: () => setBroken(false),
      breakDown: () => setBroken(true),
      stop: () => stopping.abort(),
    };
  }

  /** Where the end of one of two waits could not be kept. */
  async function startAndEndInVain() {
    const started = start({ 1: OLD, 3: OLD }, false);
    await soon();
    started.breakDown();
    await started.waiting.end("1", "2");
    return started;
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

  it("does not take up what ended meanwhile", async () => {
    const { seen, waiting, mend, stop } = start({ 1: OLD, 3: OLD });
    await soon();
    await waiting.end("1", "2");
    mend();
    mock.timers.tick(30_000);
    await soon();
    assert.deepEqual(seen.kept, { 3: OLD });
    mock.timers.tick(1000);
    assert.deepEqual(seen.expired, ["3"]);
    stop();
  });

  it("keeps later what could not be kept, and says so once", async () => {
    const { seen, mend, stop } = await startAndEndInVain();
    mock.timers.tick(30_000);
    await soon();
    assert.match(seen.warned.join("|"), /^what waits could not be kept in [^|]*$/);
    assert.deepEqual(Object.keys(seen.kept as object), ["1", "3"]);
    mend();
    mock.timers.tick(30_000);
    await soon();
    assert.deepEqual(seen.kept, { 3: OLD });
    stop();
  });

  it("keeps later also what is new, though its message was told of an error", async () => {
    const { seen, waiting, breakDown, mend, stop } = start({}, false);
    await soon();
    breakDown();
    const handedOver = { ...OLD, seconds: 300 };
    await assert.rejects(waiting.add("1", handedOver, new Secret("a value")), /disk/);
    mend();
    mock.timers.tick(30_000);
    await soon();
    assert.deepEqual(seen.kept, { 1: handedOver });
    stop();
  });

  it("does not take back what the node before it was told is stored", async () => {
    const before = start({}, false);
    before.stop();
    const { seen, stop } = start({ 5: OLD, 6: OLD }, false);
    await soon();
    before.waiting.keepStored("5", "2");
    mock.timers.tick(1000);
    await soon();
    assert.deepEqual([seen.expired, seen.kept], [["6"], { 6: OLD }]);
    stop();
  });

  it("forgets nothing where it is stopped before it knows what waits", async () => {
    const { seen, waiting, mend, stop } = start({ 1: OLD });
    mend();
    await soon();
    const added = waiting.add("3", { ...OLD, successor: "4" }, new Secret("a value"));
    stop();
    await added;
    assert.deepEqual(seen.kept, { 1: OLD, 3: { ...OLD, successor: "4" } });
    mock.timers.tick(60_000);
    assert.deepEqual(seen.expired, []);
  });

  it("does not take up again what is stored, whose end a deploy has forgotten", async () => {
    const first = start({}, false);
    first.waiting.keepStored("7", "2");
    first.stop();
    const { seen, stop } = start({ 7: OLD, 8: OLD }, false);
    await soon();
    assert.deepEqual(seen.kept, { 8: OLD });
    stop();
  });

  it("keeps what it could not keep when it is stopped", async () => {
    const { seen, mend, stop } = await startAndEndInVain();
    mend();
    stop();
    await soon();
    assert.deepEqual(seen.kept, { 3: OLD });
  });

  it("writes nothing over once it is stopped and another reads", async () => {
    const { seen, waiting, mend, stop } = start({ 1: OLD });
    await soon();
    mend();
    const ended = waiting.end("1", "2");
    stop();
    seen.kept = { 1: OLD, 9: OLD };
    await ended;
    assert.deepEqual(seen.kept, { 1: OLD, 9: OLD });
  });

  it("goes on to wait in the node that is deployed in its place meanwhile", async () => {
    const first = start({}, false);
    await soon();
    const handedOver = { ...OLD, seconds: 300 };
    const added = first.waiting.add("9", handedOver, new Secret("a value"));
    first.stop();
    const second = start({ 9: handedOver }, false);
    await added;
    await soon();
    assert.deepEqual(second.seen.kept, { 9: handedOver });
    second.stop();
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
