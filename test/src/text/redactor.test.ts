import assert from "node:assert/strict";
import fc from "fast-check";
import { createRedactor } from "../../../src/text/redactor.js";
import { Secret } from "../../../src/text/secret.js";

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
  "in hex, with 0x": all((each) => `0x${hexOf(each)}, `),
  "in octal": all((each) => `\\${each.charCodeAt(0).toString(8).padStart(3, "0")}`),
  "as bytes of Go": (text) => `[${Array.from(Buffer.from(text)).join(" ")}]`,
  "as bytes of JSON": (text) => JSON.stringify(Array.from(Buffer.from(text))),
  "in base64 of UTF-16": (text) => Buffer.from(text, "utf16le").toString("base64"),
  "in hex of UTF-16": (text) => Buffer.from(text, "utf16le").toString("hex"),
  "in hex, in upper case": (text) => Buffer.from(text).toString("hex").toUpperCase(),
};

const redactorOf = (...values: string[]) => createRedactor(values.map((value) => new Secret(value)));

describe("Redactor.withhold", () => {
  const redactor = redactorOf(SECRET);

  for (const [how, spell] of Object.entries(SPELLINGS)) {
    it(`withholds a text that holds the secret ${how}`, () => {
      const text = redactor.withhold(`invalid token "${spell(SECRET)}", try again`);
      assert.equal(text, "… (it held a secret)");
    });
  }

  it("withholds whatever holds eight letters and digits of it in a row", () => {
    const bare = SECRET.replace(/\W|_/g, "");
    const piece = fc.nat(bare.length - 8).map((at) => bare.slice(at, at + 8));
    const around = fc.string({ unit: fc.constantFrom("%", "\\u", "&#", " ", "é", "x", "\n") });
    fc.assert(
      fc.property(around, piece, around, (before, held, after) => {
        assert.ok(!redactor.withhold(before + "." + held + "." + after).includes(held));
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
      assert.equal(redactor.withhold(text), text);
    }
  });

  it("looks for a short secret, or one of few letters, as a whole", () => {
    for (const short of ["s3cret", "!-!_!-!_!-!_!-!_!"]) {
      assert.match(redactorOf(short).withhold(`no ${short} here`), /^…/);
      assert.match(redactorOf(short).withhold(`no ${all((each) => `%${hexOf(each)}`)(short)} here`), /^…/);
      assert.equal(redactorOf(short).withhold(`no ${short.slice(1)} here`), `no ${short.slice(1)} here`);
    }
    assert.equal(redactorOf("").withhold("any text"), "any text");
  });
});

describe("Redactor.concealer", () => {
  it("takes a token out of the texts of an answer that holds it, and out of no other", () => {
    const { concealer } = redactorOf("own/token==");
    assert.equal(concealer("nothing of it"), undefined);
    for (const spelling of ["own/token==", "own%2Ftoken%3D%3D"]) {
      const conceal = concealer(`{"description":"made with ${spelling}"}`);
      assert.equal(conceal?.(`made with ${spelling}, ${spelling}`), "made with …, …");
      assert.equal(conceal("made with care"), "made with care");
    }
    // It could be a part of any text.
    assert.equal(redactorOf("short").concealer("a short text"), undefined);
  });
});

describe("Redactor", () => {
  const [token, other, password] = ["the-token-0123", "the-token-0123-and-more", "influxdb"].map(
    (value) => new Secret(value),
  ) as [Secret, Secret, Secret];

  it("knows the secrets of a call beside those of the connection", () => {
    const redactor = createRedactor([token], [password]);
    const ofCall = redactor.knowing([other]);
    for (const secret of [token, other, password]) {
      assert.equal(ofCall.withhold(`no ${secret.reveal()}`), "… (it held a secret)");
    }
    const text = `${other.reveal()}, ${token.reveal()}`;
    assert.equal(ofCall.concealer(text)?.(text), "…, …");
    assert.equal(redactor.withhold("no and-more"), "no and-more");
    assert.equal(redactor.knowing([token]), redactor);
  });

  it("leaves in data what may be a word and a password", () => {
    const redactor = createRedactor([token], [password]);
    assert.equal(redactor.concealer("an influxdb of mine"), undefined);
    const text = `influxdb ${token.reveal()}`;
    assert.equal(redactor.concealer(text)?.(text), "influxdb …");
  });
});
