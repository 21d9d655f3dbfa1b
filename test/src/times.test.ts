import assert from "node:assert/strict";
import { readMoment } from "../../src/times.js";

const now = Date.parse("2026-06-15T12:00:00Z");

describe("readMoment", () => {
  const good: [unknown, string][] = [
    ["90d", "2026-03-17T12:00:00.000Z"],
    ["0s", "2026-06-15T12:00:00.000Z"],
    ["45 m", "2026-06-15T11:15:00.000Z"],
    [" 12h ", "2026-06-15T00:00:00.000Z"],
    ["2w", "2026-06-01T12:00:00.000Z"],
    ["1y", "2025-06-15T06:00:00.000Z"],
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
    ["2026-01-31T08:30:00Z", "2026-01-31T08:30:00.000Z"],
    ["2026-01-31T08:30:00.123456789+02:00", "2026-01-31T06:30:00.123Z"],
    [new Date("2026-01-02"), "2026-01-02T00:00:00.000Z"],
    [1_750_000_000_000, "2025-06-15T15:06:40.000Z"],
  ];
  for (const [value, expected] of good) {
    it(`reads ${JSON.stringify(value)}`, () => {
      assert.equal(new Date(readMoment(value, now) ?? NaN).toISOString(), expected);
    });
  }

  const bad = [
    "",
    "90",
    "d",
    "-5d",
    "5.5d",
    "90 days",
    "1mo",
    "5D",
    "99999999999y",
    "2026",
    "2026-1-1",
    "2026-02-30",
    "2026-01-31 08:30",
  ];
  for (const value of [
    ...bad,
    "2026-01-31T08:30:00",
    "now",
    NaN,
    Infinity,
    1e20,
    new Date(NaN),
    true,
    0,
    90,
    1_764_000_000,
    new Date(5),
    null,
    undefined,
    {},
    [],
    5n,
  ]) {
    it(`refuses ${typeof value === "bigint" ? "a bigint" : (JSON.stringify(value) ?? "undefined")}`, () => {
      assert.equal(readMoment(value, now), undefined);
    });
  }
});
