import assert from "node:assert/strict";
import { HEX_ID } from "../../../src/ids.js";
import fc from "fast-check";
import { TokenError } from "../../../src/errors.js";
import {
  age,
  contains,
  equals,
  isAfter,
  isBefore,
  isWithin,
  moment,
  oldest,
  readFilter,
  shaped,
  text,
  word,
} from "../../../src/work/filters.js";
import { instantOf, type Moment } from "../../../src/work/times.js";
import { anything, hexId, space, unicode } from "../../helpers/arbitraries.js";

describe("readFilter", () => {
  it("takes a text as it is, and the shaped ones without the space around them", () => {
    assert.equal(readFilter(text, "user", " me ", 0), " me ");
    assert.equal(
      readFilter(shaped({ ...HEX_ID, pattern: /^a+$/, expected: "some a" }), "id", " aa\n", 0),
      "aa",
    );
    assert.equal(readFilter(word(["on", "off"]), "state", "off", 0), "off");
  });

  it("refuses the rest by name and kind, without the value", () => {
    for (const [value, kind] of [
      ["", "an empty text"],
      [" ", "an empty text"],
      [true, "a boolean"],
      [undefined, "nothing"],
      ["secret", "a text of 6 characters"],
    ] as const) {
      assert.throws(
        () => readFilter(shaped({ ...HEX_ID, pattern: /^a+$/, expected: "some a" }), "id", value, 0),
        {
          code: "invalid-filter",
          message: `Wrong filter value: the filter "id" comes out as ${kind}, expected some a. Nothing was sent.`,
        },
      );
    }
    assert.throws(() => readFilter(shaped({ ...HEX_ID, pattern: /^a+$/, expected: "some a" }), "id", 7, 0), {
      message:
        /^Wrong filter value: the filter "id" comes out as a number, expected some a\. A CSV or JSON node .* Nothing was sent\.$/,
    });
  });
});

describe("readFilter of a moment", () => {
  it("says what is likely wrong with it", () => {
    const now = Date.parse("2026-01-01");
    assert.throws(() => readFilter(moment, "since", now * 1000, now), {
      code: "invalid-filter",
      message:
        /^Wrong filter value: the filter "since" comes out as a number, expected .*\. It looks like microseconds.*\. Nothing was sent\.$/,
    });
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

describe("filters, for any value", () => {
  const WORDS = ["active", "inactive"] as const;
  const FILTERS = {
    text,
    moment,
    age,
    word: word(WORDS),
    shaped: shaped(HEX_ID),
  };
  const read = (name: keyof typeof FILTERS, value: unknown) =>
    readFilter<unknown>(FILTERS[name], name, value, Date.now());
  const isRefused = (name: keyof typeof FILTERS, value: unknown) => {
    try {
      read(name, value);
      return false;
    } catch (error) {
      assert.ok(error instanceof TokenError, String(error));
      assert.equal(error.code, "invalid-filter");
      return true;
    }
  };
  const name = fc.constantFrom(...(Object.keys(FILTERS) as (keyof typeof FILTERS)[]));

  it("refuses what is empty", () => {
    const empty = fc.oneof(space, fc.constantFrom(undefined, null, NaN, [], {}));
    fc.assert(fc.property(name, empty, (filter, value) => assert.ok(isRefused(filter, value))));
  });

  it("reads its own type, and nothing else: the rest is invalid-filter", () => {
    fc.assert(
      fc.property(name, anything, (filter, value) => {
        if (isRefused(filter, value)) return;
        const result = read(filter, value);
        if (filter === "age") assert.ok(Number.isFinite(result));
        else if (filter === "moment") assert.ok(Number.isFinite(instantOf(result as Moment, 0)));
        else assert.equal(result, filter === "shaped" ? (value as string).trim() : value);
      }),
    );
  });

  it("takes every text that is not blank as it is, and an ID without the space around it", () => {
    fc.assert(
      fc.property(unicode, hexId, space, (any, id, around) => {
        if (any.trim() !== "") assert.equal(read("text", any), any);
        assert.equal(read("shaped", around + id + around), id);
        assert.equal(isRefused("word", any), !(WORDS as readonly string[]).includes(any));
      }),
    );
  });

  it("never repeats the value in the error", () => {
    const secret = fc.string({ unit: "binary", minLength: 20 }).filter((value) => value.trim().length >= 20);
    fc.assert(
      fc.property(fc.constantFrom("moment", "age", "word", "shaped"), secret, (filter, value) => {
        assert.throws(
          () => read(filter, value),
          ({ message }: Error) => !message.includes(value.trim()),
        );
      }),
    );
  });
});

describe("what is wanted, of any token", () => {
  // Few of them, so that some are the same.
  const time = fc.nat(5).map((later) => new Date(Date.parse("2026-01-01") + later));

  it("finds a text in all that is around it, and equals only the same", () => {
    fc.assert(
      fc.property(unicode, unicode, unicode, (before, wanted, after) => {
        const found = before + wanted + after;
        assert.ok(contains(found, wanted) && equals(found, found));
        assert.equal(equals(found, wanted), found === wanted);
        assert.equal(contains(before, wanted), before.split(wanted).length > 1 || wanted === "");
      }),
    );
  });

  it("puts each moment after, before or at any other, and in one of these places only", () => {
    fc.assert(
      fc.property(time, time, (found, wanted) => {
        const places = [isAfter, isBefore].map((holds) => holds(found.toISOString(), wanted.getTime()));
        assert.deepEqual(places, [found > wanted, found < wanted]);
      }),
    );
  });

  it("is within a stretch of time if it is after its start and before its end", () => {
    fc.assert(
      fc.property(time, time, fc.nat(5), (found, now, within) => {
        const ahead = found.getTime() - now.getTime();
        assert.equal(isWithin(found.toISOString(), within, now.getTime()), ahead > 0 && ahead < within);
      }),
    );
  });

  it("holds for no token whose time is none", () => {
    fc.assert(
      fc.property(
        unicode.filter((found) => Number.isNaN(Date.parse(found))),
        time,
        (found, wanted) => {
          const at = wanted.getTime();
          assert.ok(!isAfter(found, at) && !isBefore(found, at) && !isWithin(found, at, 0));
        },
      ),
    );
  });

  it("has an oldest that none precedes, and of equals the first", () => {
    const dates = fc.array(time, { minLength: 1 });
    fc.assert(
      fc.property(dates, (all) => {
        const tokens = all.map((at, id) => ({ id, createdAt: at.toISOString() }));
        const first = Math.min(...all.map(Number));
        assert.equal(
          oldest(tokens)?.id,
          all.findIndex((at) => at.getTime() === first),
        );
      }),
    );
  });
});
