import assert from "node:assert/strict";
import fc from "fast-check";
import {
  instantOf,
  readAge,
  readExpiry,
  readMoment,
  whyNoMoment,
  wrongTime,
} from "../../../src/work/times.js";
import { anything, space, unicode } from "../../helpers/arbitraries.js";

const now = Date.parse("2026-06-15T12:00:00Z");
const read = (value: unknown) => instantOf(readMoment(value, now), now);

describe("readMoment", () => {
  const good: [unknown, string][] = [
    ["90d", "2026-03-17T12:00:00.000Z"],
    ["0s", "2026-06-15T12:00:00.000Z"],
    ["45 min", "2026-06-15T11:15:00.000Z"],
    [" 12h ", "2026-06-15T00:00:00.000Z"],
    ["2w", "2026-06-01T12:00:00.000Z"],
    ["1y", "2025-06-15T06:00:00.000Z"],
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
    ["2026-01-31T08:30:00Z", "2026-01-31T08:30:00.000Z"],
    ["2026-01-31T08:30:00.123456789+02:00", "2026-01-31T06:30:00.123Z"],
    [new Date("2026-01-02"), "2026-01-02T00:00:00.000Z"],
    [1_750_000_000_000, "2025-06-15T15:06:40.000Z"],
    [" 1767225600000\n", "2026-01-01T00:00:00.000Z"],
    ["2000-01-01", "2000-01-01T00:00:00.000Z"],
    ["2027-06-15", "2027-06-15T00:00:00.000Z"],
  ];
  for (const [value, expected] of good) {
    it(`reads ${JSON.stringify(value)}`, () => {
      assert.equal(new Date(read(value) ?? NaN).toISOString(), expected);
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
    "3m",
    "3 months",
    "31.08.2026",
    "2026-00-10",
    "2026-01-00",
    "2026-04-31",
    "2026-01-31T24:00:00Z",
    "99999999999y",
    "2026",
    "2026-1-1",
    "2026-02-30",
    "2026-01-31 08:30",
    "1e12",
    "0x19b76daf800",
    "1767225600000.5",
    "+1767225600000",
    "-1767225600000",
    "1767225600000 ms",
    "1767225600",
    "1767225600000000",
    "1999-12-31",
    "2027-06-16",
    "9999-12-31T00:00:00Z",
    "27y",
    "9999y",
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
    1_764_000_000_000_000,
    new Date(5),
    new Date(1_764_000_000_000_000),
    now + 366 * 86_400_000,
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

describe("whyNoMoment", () => {
  const WHY: [unknown, RegExp | undefined][] = [
    [1_764_000_000, /seconds: multiply it by 1,000/],
    ["1764000000", /seconds: multiply it by 1,000/],
    [new Date(1_764_000_000), /seconds: multiply it by 1,000/],
    [1_764_000_000_000_000, /microseconds: divide it by 1,000/],
    ["1764000000000000000", /nanoseconds: divide it by 1,000,000/],
    ["60y", /before 2000-01-01/],
    [90, /before 2000-01-01/],
    ["1969-07-20", /before 2000-01-01/],
    ["2062-01-31", /more than a year ahead/],
    [Infinity, /more than a year ahead/],
    ["3m", /Write 3min for minutes, and count months in days/],
    [" 12 m", /Write 3min/],
    ["3 months", undefined],
    ["soon", undefined],
    [NaN, undefined],
    [null, undefined],
  ];
  for (const [value, expected] of WHY) {
    it(`says ${expected?.source ?? "nothing"} of ${String(value)}`, () => {
      const why = whyNoMoment(value, now);
      if (expected) assert.match(why ?? "", expected);
      else assert.equal(why, undefined);
    });
  }

  it("has nothing against an age that the clock of the server makes another moment", () => {
    assert.deepEqual(readMoment("90d", now), { ago: 90 * 86_400_000 });
    assert.equal(instantOf({ ago: 1000 }, 5000), 4000);
  });
});

describe("times, for any value", () => {
  const UNITS = { s: 1, min: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_557_600 };
  const amount = fc.nat({ max: 100_000 });
  const FIRST = Date.parse("2000-01-01");
  const LAST = now + UNITS.y * 1000;
  const ifPossible = (at: number) => (at >= FIRST && at <= LAST ? at : undefined);
  const unit = fc.constantFrom(...Object.entries(UNITS));
  const possible = fc.date({ min: new Date(FIRST), max: new Date(LAST), noInvalidDate: true });
  const anyDate = fc.date({ min: new Date("0000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
  const date = fc.oneof(possible, anyDate);

  it("reads an age as so many of its unit, and as a moment so long before now", () => {
    fc.assert(
      fc.property(amount, unit, space, fc.boolean(), (count, [letter, seconds], around, apart) => {
        const text = `${around}${count}${apart ? " " : ""}${letter}${around}`;
        assert.equal(readAge(text), count * seconds * 1000);
        assert.equal(read(text), ifPossible(now - count * seconds * 1000));
      }),
    );
  });

  it("gives back each date that was written in ISO 8601, to the millisecond and in any zone", () => {
    const offset = fc.record({ sign: fc.constantFrom(1, -1), hours: fc.nat(23), minutes: fc.nat(59) });
    fc.assert(
      fc.property(date, offset, (at, { sign, hours, minutes }) => {
        assert.equal(read(at.toISOString()), ifPossible(at.getTime()));
        const [day] = at.toISOString().split("T");
        assert.equal(read(day), ifPossible(Date.parse(`${day}T00:00:00Z`)));
        const zone = [hours, minutes].map((part) => String(part).padStart(2, "0")).join(":");
        const local = new Date(Math.floor(at.getTime() / 1000) * 1000).toISOString().slice(0, 19);
        const shift = sign * (hours * 60 + minutes) * 60_000;
        assert.equal(
          read(`${local}${sign > 0 ? "+" : "-"}${zone}`),
          ifPossible(Date.parse(`${local}Z`) - shift),
        );
      }),
    );
  });

  it("takes a Date and milliseconds for the same, also as text, from 2000 to a year ahead", () => {
    fc.assert(
      fc.property(fc.oneof(possible, fc.date()), (at) => {
        const time = at.getTime();
        const expected = ifPossible(time);
        assert.deepEqual([at, time, String(time)].map(read), [expected, expected, expected]);
      }),
    );
  });

  it("gives a number that is one, or nothing", () => {
    const digits = fc.string({ unit: fc.constantFrom("0", "9"), minLength: 1, maxLength: 200, size: "max" });
    const long = fc.tuple(digits, unit).map(([count, [letter]]) => count + letter);
    fc.assert(
      fc.property(fc.oneof(anything, long, fc.double(), unicode), (value) => {
        assert.ok(readAge(value) === undefined || Number.isFinite(readAge(value)));
        const moment = read(value);
        assert.ok(moment === undefined || !Number.isNaN(new Date(moment).getTime()));
      }),
    );
  });

  it("refuses every other text, also where Date.parse would guess", () => {
    const guessed = date.chain((at) =>
      fc.constantFrom(at.toUTCString(), at.toString(), at.toDateString(), at.toLocaleDateString("en-US")),
    );
    const nearly = fc
      .tuple(amount, fc.constantFrom("", "D", "M", "m", "mo", "ms", "days", ".5d", "d1"))
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

describe("readExpiry", () => {
  it("reads a time ahead: an age counts from now on", () => {
    for (const [value, expected] of [
      ["90d", "2026-09-13T12:00:00.000Z"],
      [" 1 h ", "2026-06-15T13:00:00.000Z"],
      ["2026-06-16", "2026-06-16T00:00:00.000Z"],
      ["2030-01-31T08:00:00+02:00", "2030-01-31T06:00:00.000Z"],
      [Date.parse("2030-01-31"), "2030-01-31T00:00:00.000Z"],
    ] as const) {
      assert.equal(new Date(readExpiry(value, now) ?? NaN).toISOString(), expected);
      assert.equal(wrongTime(String(value), "expiry", now), undefined);
    }
  });

  it("refuses what is past, now, or so far ahead that its unit is wrong", () => {
    const micros = 1000 * Date.parse("2030-01-31");
    for (const value of ["0d", "2026-06-15", "2020-01-01", "", "soon", "31.12.2030", null, {}, now, micros])
      assert.equal(readExpiry(value, now), undefined, JSON.stringify(value));
    assert.equal(wrongTime("0d", "expiry", now), "expiry");
    assert.equal(wrongTime("3m", "expiry", now), "minutesOrMonths");
  });
});
