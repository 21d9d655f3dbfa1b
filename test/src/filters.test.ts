import assert from "node:assert/strict";
import {
  contains,
  equals,
  isAfter,
  isBefore,
  isWithin,
  oldest,
  readFilter,
  shaped,
  text,
  word,
} from "../../src/filters.js";

describe("readFilter", () => {
  it("takes a text as it is, and the shaped ones without the space around them", () => {
    assert.equal(readFilter(text, "user", " me ", 0), " me ");
    assert.equal(readFilter(shaped(/^a+$/, "some a"), "id", " aa\n", 0), "aa");
    assert.equal(readFilter(word(["on", "off"]), "state", "off", 0), "off");
  });

  it("refuses the rest by name and kind, without the value", () => {
    for (const [value, kind] of [
      ["", "an empty text"],
      [" ", "an empty text"],
      [7, "a number"],
      [undefined, "nothing"],
      ["secret", "a text of 6 characters"],
    ] as const) {
      assert.throws(() => readFilter(shaped(/^a+$/, "some a"), "id", value, 0), {
        code: "invalid-filter",
        message: `the filter "id" comes out as ${kind}, expected some a. Nothing was sent.`,
      });
    }
  });
});

describe("what is wanted", () => {
  it("holds where nothing is wanted", () => {
    for (const holds of [equals, contains, isAfter, isBefore]) assert.ok(holds("a", undefined));
  });

  it("does not hold for what is not known", () => {
    for (const holds of [equals, contains]) assert.ok(!holds(undefined, "a"));
    for (const holds of [isAfter, isBefore]) assert.ok(!holds(undefined, 0) && !holds("soon", 9e15));
    assert.ok(!isWithin(undefined, 1000, 0));
  });

  it("is within a stretch of time from now on, and not before", () => {
    const at = "2026-01-01T00:00:00Z";
    const now = Date.parse(at);
    assert.ok(isWithin(at, 2000, now - 1000) && isWithin(at, undefined, 0));
    assert.ok(!isWithin(at, 1000, now - 1000) && !isWithin(at, 1000, now + 1));
  });

  it("excludes the moment itself", () => {
    const now = "2026-01-01T00:00:00Z";
    assert.ok(!isAfter(now, Date.parse(now)) && !isBefore(now, Date.parse(now)));
    assert.ok(isAfter(now, Date.parse(now) - 1) && isBefore(now, Date.parse(now) + 1));
  });
});

describe("oldest", () => {
  const of = (id: string, createdAt?: string) => ({ id, createdAt });

  it("is the one that was created first, and the first of the list where the dates do not tell", () => {
    assert.equal(oldest([of("b", "2026-02-02T00:00:00Z"), of("a", "2026-01-01T00:00:00Z")])?.id, "a");
    assert.equal(oldest([of("a"), of("b")])?.id, "a");
    assert.equal(oldest<{ createdAt?: string }>([]), undefined);
  });
});
