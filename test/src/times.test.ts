import assert from "node:assert/strict";
import fc from "fast-check";
import { readAge, readMoment } from "../../src/times.js";
import { anything, space, unicode } from "../helpers/arbitraries.js";

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

describe("times, for any value", () => {
  const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_557_600 };
  const amount = fc.nat({ max: 100_000 });
  const unit = fc.constantFrom(...Object.entries(UNITS));
  const date = fc.date({ min: new Date("0000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });

  it("reads an age as so many of its unit, and as a moment so long before now", () => {
    fc.assert(
      fc.property(amount, unit, space, fc.boolean(), (count, [letter, seconds], around, apart) => {
        const text = `${around}${count}${apart ? " " : ""}${letter}${around}`;
        assert.equal(readAge(text), count * seconds * 1000);
        assert.equal(readMoment(text, now), now - count * seconds * 1000);
      }),
    );
  });

  it("gives back each date that was written in ISO 8601, to the millisecond and in any zone", () => {
    const offset = fc.record({ sign: fc.constantFrom(1, -1), hours: fc.nat(23), minutes: fc.nat(59) });
    fc.assert(
      fc.property(date, offset, (at, { sign, hours, minutes }) => {
        assert.equal(readMoment(at.toISOString(), now), at.getTime());
        const [day] = at.toISOString().split("T");
        assert.equal(readMoment(day, now), Date.parse(`${day}T00:00:00Z`));
        const zone = [hours, minutes].map((part) => String(part).padStart(2, "0")).join(":");
        const local = new Date(Math.floor(at.getTime() / 1000) * 1000).toISOString().slice(0, 19);
        const shift = sign * (hours * 60 + minutes) * 60_000;
        assert.equal(
          readMoment(`${local}${sign > 0 ? "+" : "-"}${zone}`, now),
          Date.parse(`${local}Z`) - shift,
        );
      }),
    );
  });

  it("takes a Date and milliseconds for the same, from 2000 on", () => {
    fc.assert(
      fc.property(fc.date(), (at) => {
        const time = at.getTime();
        const expected = time >= Date.parse("2000-01-01") ? time : undefined;
        assert.deepEqual([readMoment(at, now), readMoment(time, now)], [expected, expected]);
      }),
    );
  });

  it("gives a number that is one, or nothing", () => {
    const digits = fc.string({ unit: fc.constantFrom("0", "9"), minLength: 1, maxLength: 200, size: "max" });
    const long = fc.tuple(digits, unit).map(([count, [letter]]) => count + letter);
    fc.assert(
      fc.property(fc.oneof(anything, long, fc.double(), unicode), (value) => {
        assert.ok(readAge(value) === undefined || Number.isFinite(readAge(value)));
        const moment = readMoment(value, now);
        assert.ok(moment === undefined || !Number.isNaN(new Date(moment).getTime()));
      }),
    );
  });

  it("refuses every other text, also where Date.parse would guess", () => {
    const guessed = date.chain((at) =>
      fc.constantFrom(at.toUTCString(), at.toString(), at.toDateString(), at.toLocaleDateString("en-US")),
    );
    const nearly = fc
      .tuple(amount, fc.constantFrom("", "D", "M", "mo", "ms", "days", ".5d", "d1"))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        fc.oneof(
          guessed,
          nearly,
          unicode.filter((text) => !/\d/.test(text)),
        ),
        (text) => {
          assert.deepEqual([readAge(text), readMoment(text, now)], [undefined, undefined]);
        },
      ),
    );
  });
});
