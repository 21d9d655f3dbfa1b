import assert from "node:assert/strict";
import fc from "fast-check";
import type { ArrivingResponse } from "../../../src/http/call.js";
import { createRedactor } from "../../../src/text/redactor.js";
import { piecesOf, readLongList } from "../../../src/http/long-lists.js";

const answerOf = (...body: (string | Buffer)[]): ArrivingResponse => ({
  call: { task: "list things", method: "GET", repeat: "safe", path: [] },
  status: 200,
  headers: {},
  attempts: 1,
  mayBeRepeated: false,
  redactor: createRedactor([]),
  body: body.map((block) => Buffer.from(block)),
  error: undefined,
  text: "",
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

/** In blocks of so many bytes, as an answer comes. */
function blocksOf(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

async function piecesIn(text: string, key: string | undefined, block = 2 ** 20): Promise<unknown[][]> {
  const pieces: unknown[][] = [];
  for await (const { elements } of piecesOf(answerOf(...blocksOf(text, block)), key, 20))
    pieces.push(elements);
  return pieces;
}

async function parsedInPieces(text: string, key: string | undefined, block?: number): Promise<unknown[]> {
  return (await piecesIn(text, key, block)).flat();
}

function parsedAtOnce(text: string): unknown[] {
  // Without halves of characters, as it would come from a server.
  const { things } = JSON.parse(Buffer.from(text).toString()) as { things?: unknown };
  if (!Array.isArray(things)) throw new TypeError("No list");
  return things as unknown[];
}

const DAMAGE = ['"', "\\", "{", "}", "[", "]", ",", ":", " ", "0"];

const outcome = async (read: (text: string) => unknown[] | Promise<unknown[]>, text: string) => {
  try {
    return await read(text);
  } catch {
    return "not well formed";
  }
};

describe("piecesOf", () => {
  const block = fc.integer({ min: 1, max: 50 });

  it("gives the same list as the whole does, wherever its blocks end", async () => {
    await fc.assert(
      fc.asyncProperty(documents, block, async (text, size) => {
        assert.deepEqual(await parsedInPieces(text, "things", size), parsedAtOnce(text));
      }),
    );
  });

  it("gives the same of an answer that is the list itself", async () => {
    const lists = fc.tuple(fc.array(fc.jsonValue({ maxDepth: 3 })), fc.constantFrom("", " ", "\n"));
    await fc.assert(
      fc.asyncProperty(lists, block, async ([list, space], size) => {
        const text = space + JSON.stringify(list, null, space) + space;
        assert.deepEqual(await parsedInPieces(text, undefined, size), JSON.parse(text));
      }),
    );
  });

  it("gives pieces that are not long", async () => {
    const more = [{ id: "1" }, { id: "2" }];
    const things = Array.from({ length: 99 }, (_, index) => ({ id: '},{"id"', more: index % 2 ? more : [] }));
    const pieces = await piecesIn(JSON.stringify({ things }), "things");
    assert.ok(pieces.length > 30);
    assert.ok(pieces.every((piece) => piece.length < 5));
  });

  it("is well formed if, and only if, the whole is", async () => {
    const damage = fc.tuple(fc.nat(), fc.nat(1), fc.constantFrom("", ...DAMAGE));
    await fc.assert(
      fc.asyncProperty(documents, block, damage, async (text, size, [somewhere, length, inserted]) => {
        const at = somewhere % text.length;
        const damaged = text.slice(0, at) + inserted + text.slice(at + length);
        const inPieces = (whole: string) => parsedInPieces(whole, "things", size);
        assert.deepEqual(await outcome(inPieces, damaged), await outcome(parsedAtOnce, damaged));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes no list that something else would stand for", async () => {
    for (const text of [
      '{"things":[1],"things":[2]}',
      '{"things":[1],"things":[]}',
      '{"things":[1],"things":null}',
      '{"things":[1],"thin\\u0067s":[2]}',
      '{"more":{"things":[1]}}',
      '{"x\\"things":[1]}',
      '[{"things":[1]}]',
      '{"things":{"0":1}}',
      "[1]",
    ]) {
      await assert.rejects(
        parsedInPieces(text, "things"),
        { code: "bad-response", message: /another form/ },
        text,
      );
    }
    for (const text of ["[1][2]", "[1]{}", "[1]]", "{}", '"[1]"', "null", "[1}", "{1]"]) {
      await assert.rejects(parsedInPieces(text, undefined), { code: "bad-response" }, text);
    }
  });

  it("refuses a list that is nested too deep, has too long an element, or too much around it", async () => {
    const MB = 2 ** 20;
    for (const [text, words] of [
      ["[".repeat(65), /nested deeper/],
      [`[${'{"a":'.repeat(64)}`, /nested deeper/],
      [`["${"x".repeat(2 * MB)}`, /longer than 512 KB/],
      [`[${" ".repeat(2 * MB)}`, /longer than 512 KB/],
      [`${" ".repeat(70_000)}[1]`, /another form/],
      [`[1]${" ".repeat(70_000)}`, /another form/],
    ] as const) {
      await assert.rejects(parsedInPieces(text, undefined), { code: "bad-response", message: words });
    }
    for (const many of ["{},", "[],", "1,", '"a",', "{},{},[],"]) {
      const text = `[{"id":"a","p":[${many.repeat(30_000)}0]}]`;
      await assert.rejects(parsedInPieces(text, undefined), { message: /more, and shorter, values/ });
    }
    assert.equal((await parsedInPieces(`${"[".repeat(64)}${"]".repeat(64)}`, undefined)).length, 1);
  });
});

describe("readLongList", () => {
  const idOf = (element: unknown) => (element as { id?: string } | null)?.id;
  const read = async (text: string, key?: string) => {
    const items = [];
    for await (const batch of readLongList(answerOf(...blocksOf(text, 2 ** 20)), key, idOf))
      items.push(...batch);
    return items;
  };
  const many = Array.from({ length: 20_000 }, (_, index) => ({
    id: `id ${index}`,
    note: 'some "text", } and {',
  }));

  it("gives all of a long list, in its order", async () => {
    assert.deepEqual(
      await read(JSON.stringify({ things: many }, null, "\t"), "things"),
      many.map(({ id }) => id),
    );
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
    await read(JSON.stringify({ things: long }, null, "\t"), "things");
    reading = false;
    assert.ok(turns > 1);
  });

  it("leaves out what is none of the things, unless all is", async () => {
    assert.deepEqual(await read('{"things":[null,0,{"id":"a"},[],{}]}', "things"), ["a"]);
    assert.deepEqual(await read("[]"), []);
    for (const text of ["[null]", "[0,0]", "[{}]", "[[]]"]) {
      await assert.rejects(read(text), { code: "bad-response", message: /none has an ID/ });
    }
  });

  it("takes two million elements and no more", async () => {
    const listOf = (count: number) => `[{"id":"a"}${",       0".repeat(count - 1)}]`;
    assert.deepEqual(await read(listOf(2_000_000)), ["a"]);
    await assert.rejects(read(listOf(2_000_001)), { message: /more than 2,000,000 elements/ });
  });

  it("says where the answer is compressed, or no JSON", async () => {
    await assert.rejects(read(JSON.stringify({ things: many }).slice(0, -2), "things"), {
      message: /not JSON/,
    });
    await assert.rejects(read(JSON.stringify({ things: many }).replace("}]}", "},]}"), "things"), {
      message: /not JSON/,
    });
    await assert.rejects(read("\ufeff[]"), { message: /not JSON/ });
    const answer = { ...answerOf("[]"), headers: { "content-encoding": "gzip" } };
    await assert.rejects(readLongList(answer, undefined, idOf).next(), { message: /is compressed/ });
  });
});
