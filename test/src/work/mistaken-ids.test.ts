import assert from "node:assert/strict";
import { HEX_ID, TOKEN_NAME, UUID } from "../../../src/ids.js";
import { whyNoId } from "../../../src/work/mistaken-ids.js";

const A = "0aaaaaaaaaaaaaaa";
const B = "0bbbbbbbbbbbbbbb";
const U = "55555555-5555-4555-8555-555555555555";

describe("whyNoId", () => {
  const JSON_NODE = /looks like JSON: put a JSON node/;
  const LIST = /several IDs.*put a Split node.*between the IDs; or.*CSV node/;
  const OBJECT = /An object was made into a text: send the object itself/;
  const NUMBER = /made a number of the ID.*"parse numerical values"/;
  const BYTES = /output of the node before .* to a text/;
  const CASES: [what: string, value: unknown, words: RegExp][] = [
    ["an array in JSON", JSON.stringify([A, B]), JSON_NODE],
    ["objects in JSON", JSON.stringify([{ id: A }], null, 2), JSON_NODE],
    ["an object in JSON", ` {\n "id": "${A}"}`, JSON_NODE],
    ["a text in JSON", JSON.stringify(A), JSON_NODE],
    ["IDs with commas", `${A},${B}`, LIST],
    ["IDs with semicolons", `${A}; ${B}`, LIST],
    ["IDs in lines", `${A}\r\n${B}\r\n`, LIST],
    ["IDs in quotes", `"${A}","${B}"`, LIST],
    ["a CSV with a header", `id,user\n${A},me\n`, LIST],
    ["a long CSV", `id\n${`${A}\n`.repeat(100_000)}`, LIST],
    ["an object as a text", "[object Object]", OBJECT],
    ["objects as a text", "[object Object],[object Object]", OBJECT],
    ["a Buffer", Buffer.from(A), BYTES],
    ["bytes", new TextEncoder().encode(A), BYTES],
    ["an ArrayBuffer", new ArrayBuffer(16), BYTES],
    ["a Buffer that was JSON", JSON.parse(JSON.stringify(Buffer.from(A))), BYTES],
    ["a number", 1234567890123456, NUMBER],
    ["a bigint", 1234567890123456n, NUMBER],
    ["an array", [A], /as one array, without further arrays/],
    ["a promise", Promise.resolve(A), /lacks an await/],
    ["an ID of another product", U, /another InfluxDB product/],
  ];
  for (const [what, value, words] of CASES) {
    it(`knows ${what}`, () => assert.match(whyNoId(value, HEX_ID) ?? "", words));
  }

  it("knows an ID of another product, the other way round, and lists of either", () => {
    assert.match(whyNoId(A, UUID) ?? "", /another InfluxDB product/);
    assert.match(whyNoId(`${U}\n${U}`, UUID) ?? "", LIST);
  });

  it("takes for a name what is no whole JSON", () => {
    for (const name of ["[old] Telegraf", "{x}", '{"x', `${A},${B}`, A, '"x"'])
      assert.equal(whyNoId(name, TOKEN_NAME), undefined, name);
    assert.match(whyNoId(JSON.stringify(["x".repeat(2000)]), TOKEN_NAME) ?? "", JSON_NODE);
    assert.match(whyNoId(' {"name": "x"}\n', TOKEN_NAME) ?? "", JSON_NODE);
    assert.match(whyNoId("[object Object]", TOKEN_NAME) ?? "", OBJECT);
  });

  it("does not guess", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const others = ["", "abc", "a-token==", "two words", "{x}", "a,b", true, undefined, null, {}, new Date()];
    for (const value of [...others, () => A, Symbol("x"), proxy]) {
      assert.equal(whyNoId(value, HEX_ID), undefined);
    }
  });
});
