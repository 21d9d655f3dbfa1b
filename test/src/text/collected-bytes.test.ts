import assert from "node:assert/strict";
import fc from "fast-check";
import { CollectedBytes } from "../../../src/text/collected-bytes.js";

describe("CollectedBytes", () => {
  it("holds what has come, whatever the chunks", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const body = new CollectedBytes();
        for (const chunk of chunks) body.add(Buffer.from(chunk));
        assert.deepEqual(Buffer.concat(body.blocks()), Buffer.concat(chunks));
        assert.equal(body.length, Buffer.concat(chunks).length);
      }),
    );
  });

  it("has few blocks, and none is long", () => {
    const body = new CollectedBytes();
    for (let index = 0; index < 3_000_000; index++) body.add(Buffer.from([index % 251]));
    body.add(Buffer.alloc(3_000_000, 7));
    const blocks = body.blocks();
    assert.ok(blocks.length < 30);
    assert.ok(blocks.every(({ length }) => length <= 2 ** 20));
    assert.ok(Buffer.concat(blocks).every((byte, index) => byte === (index < 3_000_000 ? index % 251 : 7)));
  });
});
