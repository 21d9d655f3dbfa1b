import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod";
import type { Answer } from "../../src/http.js";
import { documentsOf, readLongList } from "../../src/long-lists.js";

const Item = z.looseObject({ id: z.string() });
const answerOf = (text: string): Answer => ({
  call: { task: "list things", method: "GET", path: [] },
  status: 200,
  headers: {},
  attempts: 1,
  mayBeRepeated: false,
  text,
});

/** Documents as servers write them, and worse: with quotes, brackets and commas in texts, and lists in lists. */
const documents = fc
  .record({
    before: fc.oneof(
      fc.constantFrom<object>({}, { links: { self: "/things" }, kind: "things" }),
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
    ),
    items: fc.array(
      fc.record({
        id: fc.stringMatching(/^[\\"{}[\], a-zé😀]{0,9}$/),
        more: fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.array(fc.record({ id: fc.string() }))),
      }),
      { maxLength: 12 },
    ),
    after: fc.jsonValue({ maxDepth: 2 }),
    space: fc.constantFrom("", " ", "\t", "\r\n"),
  })
  .map(({ before, items, after, space }) => {
    const { things: _, ...rest } = before as { things?: unknown };
    return JSON.stringify({ ...rest, things: items, after }, null, space);
  });

function parsedInPieces(text: string): unknown[] {
  return [...documentsOf(answerOf(text), "things", 20)].flatMap((document) => {
    const { things } = document as { things?: unknown };
    if (!Array.isArray(things)) throw new TypeError("No list");
    return things as unknown[];
  });
}

function parsedAtOnce(text: string): unknown[] {
  const { things } = JSON.parse(text) as { things?: unknown };
  if (!Array.isArray(things)) throw new TypeError("No list");
  return things as unknown[];
}

const DAMAGE = ['"', "\\", "{", "}", "[", "]", ",", ":", " ", "0"];

describe("documentsOf", () => {
  it("gives the same list as the whole does", () => {
    fc.assert(fc.property(documents, (text) => assert.deepEqual(parsedInPieces(text), parsedAtOnce(text))));
  });

  it("goes on in pieces after a wrong guess of where an object ends", () => {
    const more = [{ id: "1" }, { id: "2" }];
    const things = Array.from({ length: 99 }, (_, index) => ({ id: '},{"id"', more: index % 2 ? more : [] }));
    assert.ok([...documentsOf(answerOf(JSON.stringify({ things })), "things", 20)].length > 60);
  });

  it("is well formed if, and only if, the whole is", () => {
    const outcome = (read: (text: string) => unknown[], text: string) => {
      try {
        return read(text);
      } catch {
        return "not well formed";
      }
    };
    const damage = fc.tuple(fc.nat(), fc.nat(1), fc.constantFrom("", ...DAMAGE));
    fc.assert(
      fc.property(documents, damage, (text, [somewhere, length, inserted]) => {
        const at = somewhere % text.length;
        const damaged = text.slice(0, at) + inserted + text.slice(at + length);
        assert.deepEqual(outcome(parsedInPieces, damaged), outcome(parsedAtOnce, damaged));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("readLongList", () => {
  const read = async (text: string) => {
    const items = [];
    for await (const batch of readLongList(answerOf(text), "things", Item)) items.push(...batch);
    return items;
  };
  const many = Array.from({ length: 20_000 }, (_, index) => ({
    id: `id ${index}`,
    note: 'some "text", } and {',
  }));

  it("gives all of a long list, in its order", async () => {
    assert.deepEqual(await read(JSON.stringify({ things: many }, null, "\t")), many);
  });

  it("lets others have their turn meanwhile", async () => {
    let turns = 0;
    let reading = true;
    const other = () => {
      turns++;
      if (reading) setImmediate(other);
    };
    setImmediate(other);
    const long = Array<typeof many>(10).fill(many).flat();
    await read(JSON.stringify({ things: long }, null, "\t"));
    reading = false;
    assert.ok(turns > 1);
  });

  it("says where the list has another form, or is no JSON", async () => {
    const wrong = many.with(15_000, { id: 7 } as never);
    await assert.rejects(read(JSON.stringify({ things: wrong })), {
      code: "bad-response",
      message: /another form than expected at things\.\d+\.id/,
    });
    await assert.rejects(read(JSON.stringify({ things: many }).slice(0, -2)), { message: /not JSON/ });
    await assert.rejects(read(JSON.stringify({ things: many }).replace("}]}", "},]}")), {
      message: /not JSON/,
    });
    await assert.rejects(read("[]"), { message: /another form than expected/ });
  });
});
