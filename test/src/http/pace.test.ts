import assert from "node:assert/strict";
import { createPace } from "../../../src/http/pace.js";

describe("createPace", () => {
  function byHand() {
    let now = 10_000;
    const pace = createPace({ now: () => now, steady: () => now, random: () => 0 });
    return { pace, pass: (ms: number) => (now += ms), now: () => now };
  }
  type Given = ReturnType<typeof byHand>;

  /** Every hundredth of a second a request is accepted, for so long. */
  function accept({ pace, pass }: Given, ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      pace.take();
      pace.accepted();
      pass(10);
    }
  }
  /** A server that has accepted 100 a second between two refusals. */
  function refusedTwice(): Given {
    const given = byHand();
    given.pace.refused(0);
    accept(given, 2000);
    given.pace.refused(0);
    return given;
  }
  /** Milliseconds from one request to the next, for so many that come at once. */
  const spaces = ({ pace }: Given, count: number) => {
    const starts = Array.from({ length: count }, () => pace.take());
    return starts.slice(1).map((start, index) => start - starts[index]!);
  };

  it("holds back none at first, nor after one refusal but for its pause", () => {
    const given = byHand();
    assert.deepEqual(new Set(spaces(given, 100)), new Set([0]));
    given.pace.refused(250);
    assert.equal(given.pace.openFrom, given.now() + 250);
    assert.equal(given.pace.take(), given.now() + 250);
    assert.deepEqual(new Set(spaces(given, 100)), new Set([0]));
  });

  it("keeps a pause that is longer than that of another refusal", () => {
    const { pace, now } = byHand();
    pace.refused(1000);
    pace.refused(250);
    assert.equal(pace.openFrom, now() + 1000);
  });

  it("spaces requests a little wider than the server allows, from the second refusal on", () => {
    for (const space of spaces(refusedTwice(), 20)) assert.ok(space >= 10 && space < 10.6, String(space));
  });

  it("finds out whether the server allows more", () => {
    const given = refusedTwice();
    accept(given, 10_000);
    assert.ok(spaces(given, 2)[0]! < 5);
  });

  it("learns nothing of a time in which nobody asked", () => {
    const given = refusedTwice();
    given.pass(30_000);
    given.pace.take();
    given.pace.accepted();
    given.pace.refused(0);
    for (const space of spaces(given, 20)) assert.ok(space <= 11, String(space));
  });

  it("does not take the refusals of one moment for so many", () => {
    const given = refusedTwice();
    for (let time = 0; time < 64; time++) given.pace.refused(0);
    for (const space of spaces(given, 20)) assert.ok(space >= 10 && space < 10.6, String(space));
  });

  it("is forgotten after a minute without a request", () => {
    const given = refusedTwice();
    given.pass(61_000);
    assert.deepEqual(new Set(spaces(given, 100)), new Set([0]));
  });

  it("has the places again that are given back", () => {
    const [used, given] = [refusedTwice(), refusedTwice()];
    for (let place = 0; place < 500; place++) given.pace.take();
    for (let place = 0; place < 500; place++) given.pace.giveBack();
    assert.ok(Math.abs(given.pace.take() - used.pace.take()) < 10);
  });
});
