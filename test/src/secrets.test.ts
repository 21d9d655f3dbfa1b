import assert from "node:assert/strict";
import fc from "fast-check";
import { withoutSecret } from "../../src/secrets.js";

const SECRET = "kP3_xV9-aZ/qL+7mR2tY8wB5nC1dF4gH6jK0sE==";

const hexOf = (each: string) => each.charCodeAt(0).toString(16).padStart(2, "0");
const all = (spell: (each: string) => string) => (text: string) => Array.from(text, spell).join("");
const some = (spell: (each: string) => string) => (text: string) =>
  Array.from(text, (each, index) => (index % 3 === 0 ? spell(each) : each)).join("");

/** How a server can say a text again. */
const SPELLINGS: Record<string, (text: string) => string> = {
  "as it is": (text) => text,
  "cut to the first 20 characters": (text) => text.slice(0, 20),
  "without its beginning": (text) => text.slice(10),
  "in upper case": (text) => text.toUpperCase(),
  "over two lines": (text) => `${text.slice(0, 19)}\r\n  ${text.slice(19)}`,
  "over two lines of JSON": (text) => `${text.slice(0, 19)}\\n${text.slice(19)}`,
  "with spaces": all((each) => `${each} `),
  "with invisible characters": all((each) => `${each}\u200b`),
  "in full width": all((each) =>
    /[!-~]/.test(each) ? String.fromCharCode(each.charCodeAt(0) + 0xfee0) : each,
  ),
  "encoded for a URL": encodeURIComponent,
  "encoded for a URL, in lower case": (text) =>
    encodeURIComponent(text).replace(/%../g, (hex) => hex.toLowerCase()),
  "encoded for a URL in part": some((each) => `%${hexOf(each)}`),
  "encoded for a URL throughout": all((each) => `%${hexOf(each).toUpperCase()}`),
  "encoded for a URL twice": (text) => encodeURIComponent(all((each) => `%${hexOf(each)}`)(text)),
  "escaped for JSON": all((each) => `\\u00${hexOf(each)}`),
  "escaped for JSON twice": all((each) => `\\\\u00${hexOf(each)}`),
  "escaped for JavaScript": some((each) => `\\x${hexOf(each)}`),
  "escaped for HTML": (text) => text.replace(/[=/+]/g, (each) => `&#x${hexOf(each).toUpperCase()};`),
  "escaped for HTML, in decimals": all((each) => `&#${each.charCodeAt(0)};`),
  "escaped for HTML, twice": all((each) => `&amp;#x${hexOf(each)};`),
  "escaped for HTML, by names": (text) => text.replaceAll("=", "&equals;").replaceAll("/", "&sol;"),
  "in base64": (text) => Buffer.from(text).toString("base64"),
  "in base64, with Token": (text) => Buffer.from(`Token ${text}`).toString("base64"),
  "in base64, with Bearer": (text) => Buffer.from(`Bearer ${text}`).toString("base64"),
  "in base64 of URLs": (text) => Buffer.from(`xx${text}`).toString("base64url"),
  "in hex": (text) => Buffer.from(text).toString("hex"),
  "in hex, in upper case": (text) => Buffer.from(text).toString("hex").toUpperCase(),
};

describe("withoutSecret", () => {
  for (const [how, spell] of Object.entries(SPELLINGS)) {
    it(`withholds a text that holds the secret ${how}`, () => {
      const text = withoutSecret(`invalid token "${spell(SECRET)}", try again`, SECRET);
      assert.equal(text, "… (it held the connection's token)");
    });
  }

  it("withholds whatever holds eight letters and digits of it in a row", () => {
    const bare = SECRET.replace(/\W|_/g, "");
    const piece = fc.nat(bare.length - 8).map((at) => bare.slice(at, at + 8));
    const around = fc.string({ unit: fc.constantFrom("%", "\\u", "&#", " ", "é", "x", "\n") });
    fc.assert(
      fc.property(around, piece, around, (before, held, after) => {
        assert.ok(!withoutSecret(before + "." + held + "." + after, SECRET).includes(held));
      }),
    );
  });

  it("leaves all other texts as they are", () => {
    for (const text of [
      "",
      "unauthorized access",
      "%",
      "\\u",
      "&#x110000;",
      "100 %zz",
      "a\u0000b",
      SECRET.slice(0, 7),
    ]) {
      assert.equal(withoutSecret(text, SECRET), text);
    }
  });

  it("looks for a short secret, or one of few letters, as a whole", () => {
    for (const short of ["s3cret", "!-!_!-!_!-!_!-!_!"]) {
      assert.match(withoutSecret(`no ${short} here`, short), /^…/);
      assert.match(withoutSecret(`no ${all((each) => `%${hexOf(each)}`)(short)} here`, short), /^…/);
      assert.equal(withoutSecret(`no ${short.slice(1)} here`, short), `no ${short.slice(1)} here`);
    }
    assert.equal(withoutSecret("any text", ""), "any text");
  });
});
