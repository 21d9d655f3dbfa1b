import assert from "node:assert/strict";
import { readToken } from "../../../src/tokens/read-token.js";

const TEXTS = ["status", "description", "token"] as const;
const read = (text: string, options?: { includeToken: boolean }) =>
  readToken(JSON.parse(text), TEXTS, options);

describe("readToken", () => {
  it("takes what has an ID, and nothing else", () => {
    assert.deepEqual(read('{"id":"a"}'), { id: "a" });
    for (const text of [
      "null",
      "0",
      '"a"',
      "[]",
      "{}",
      '["id"]',
      '{"id":7}',
      '{"id":""}',
      '{"id":null}',
      '{"id":{}}',
    ]) {
      assert.equal(read(text), undefined, text);
    }
  });

  it("passes on what is new to us, and leaves out what is nothing, or no text where one should be", () => {
    const text =
      '{"id":"a","status":"paused","description":null,"org":null,"more":[null,{"b":{}}],"n":0,"s":""}';
    assert.deepEqual(read(text), { id: "a", status: "paused", more: [null, { b: {} }], n: 0, s: "" });
    for (const value of ["7", "true", "{}", '["inactive"]']) {
      assert.deepEqual(read(`{"id":"a","status":${value},"description":${value}}`), { id: "a" });
    }
  });

  it("leaves out what by its name is secret, wherever it stands", () => {
    const secret = [
      ...[
        "token",
        "Token",
        "tokens",
        "hashedToken",
        "token_hash",
        "tokenHash",
        "token-sha256",
        "accessToken",
        "tokenValue",
      ],
      ...[
        "password",
        "passwordHash",
        "passphrase",
        "secret",
        "client_secret",
        "credential",
        "Credentials",
        "hash",
      ],
      ...["token ", "token_string", "tokens_v2", "tokenBase64", "rawTokenValue1", "to\u212aen"],
      ...["auth", "authorization"],
      ...["hashed", "apiKey", "private_key", "value", "jwt", "bearer", "__proto__"],
    ];
    for (const name of secret) {
      const field = `${JSON.stringify(name)}:{"x":"hush"}`;
      for (const text of [
        `{"id":"a",${field}}`,
        `{"id":"a","b":[[{"c":1,${field}}]]}`,
        `{${field},"id":"a","b":{${field}}}`,
      ]) {
        assert.doesNotMatch(JSON.stringify(read(text)), /hush/, text);
      }
    }
    const plain = [
      "tokenPrefix",
      "token_prefix",
      "tokenId",
      "tokenType",
      "keys",
      "hashtag",
      "values",
      "user",
      "permissions",
    ];
    for (const name of plain) assert.deepEqual(read(`{"id":"a","${name}":"x"}`), { id: "a", [name]: "x" });
  });

  it("leaves the token's own value where that is asked for, and no other", () => {
    const text = '{"id":"a","token":"t","hashedToken":"h","more":{"token":"u"}}';
    assert.deepEqual(read(text, { includeToken: true }), { id: "a", token: "t", more: {} });
    assert.deepEqual(read('{"id":"a","token":{"x":1}}', { includeToken: true }), { id: "a" });
  });

  it("sets no prototype", () => {
    const found = read('{"id":"a","__proto__":{"status":"inactive"},"more":{"__proto__":{"b":1}}}');
    assert.deepEqual(Object.entries(found!), [
      ["id", "a"],
      ["more", {}],
    ]);
    assert.equal(Object.assign({}, found).status, undefined);
  });
});
