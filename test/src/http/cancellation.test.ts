import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { createCancellation } from "../../../src/http/cancellation.js";

describe("createCancellation", () => {
  it("tells those who listen of the end of their call, or of everything", () => {
    const cancellation = createCancellation();
    const [first, second] = [new AbortController(), new AbortController()];
    const told: string[] = [];
    cancellation.listen(first.signal, () => told.push("first"));
    const unlisten = cancellation.listen(second.signal, () => told.push("second"));
    cancellation.listen(undefined, () => told.push("third"));
    first.abort();
    assert.deepEqual(told, ["first"]);
    assert.deepEqual(
      [first, second].map(({ signal }) => cancellation.isOver(signal)),
      [true, false],
    );
    unlisten();
    second.abort();
    assert.deepEqual(told, ["first"]);
    cancellation.end();
    assert.deepEqual(told, ["first", "first", "third"]);
    assert.ok(cancellation.isOver(undefined));
  });

  it("ends a pause that is, and one that comes after, and leaves nothing behind", async () => {
    const cancellation = createCancellation();
    const { signal } = new AbortController();
    await cancellation.pause(0, signal);
    const pause = cancellation.pause(1e9, signal);
    cancellation.end();
    await pause;
    await cancellation.pause(1e9, signal);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });
});
