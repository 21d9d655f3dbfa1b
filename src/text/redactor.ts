import type { Secret } from "./secret.js";

/** So many characters of a secret in a row must not be shown. */
const TELLING = 8;
/** How often a text is decoded, because it may have been encoded more than once. */
const MOST_DECODINGS = 4;

const WITHHELD = "… (it held a secret)";

/** Replaces each secret by "…", as it is and as in a URL. */
export type Conceal = (text: string) => string;

/**
 * Keeps secrets out of the texts of a server, a proxy or influxctl.
 *
 * @example
 * const redactor = createRedactor([token], [proxyPassword]);
 * redactor.withhold(`invalid token ${token.reveal()}`); // "… (it held a secret)"
 * const conceal = redactor.concealer(json); // undefined: it holds none
 */
export interface Redactor {
  /**
   * A message that is safe to show: all of it is withheld if it holds eight characters of a secret in a row, in any
   * spelling. That includes escapes of URLs, JSON and HTML, base64, hex, numbers of bytes, upper and lower case, and
   * anything but letters and digits in between, such as line breaks.
   *
   * @param text short, because it is read several times.
   */
  withhold(text: string): string;
  /**
   * For long texts of data, in which a secret is only looked for as it is and as in a URL.
   *
   * @returns what takes the secrets out of the parts of the text, or undefined if it holds none.
   */
  concealer(text: string): Conceal | undefined;
  /** One that knows these secrets as well. */
  knowing(more: readonly Secret[]): Redactor;
}

/**
 * @param secrets tokens, which are kept out of messages and of data.
 * @param passwords kept out of messages only: people choose them, so one can be a word of any description, and data
 *   without it would be wrong.
 */
export function createRedactor(secrets: readonly Secret[], passwords: readonly Secret[] = []): Redactor {
  const all = [...secrets, ...passwords].filter((secret) => secret.reveal() !== "");
  const inData = secrets.map((secret) => secret.reveal()).filter(isTelling);
  // The longest first: a secret can begin with another.
  const spellings = [...new Set(inData.flatMap((value) => [value, encodeURIComponent(value)]))].sort(
    (a, b) => b.length - a.length,
  );
  const conceal = (part: string) => spellings.reduce((rest, each) => rest.replaceAll(each, "…"), part);
  const redactor: Redactor = {
    withhold: (text) => (holdsAny(text, all) ? WITHHELD : text),
    concealer: (text) => (spellings.some((each) => text.includes(each)) ? conceal : undefined),
    knowing(more) {
      const unknown = more.filter((secret) => !secrets.includes(secret));
      return unknown.length === 0 ? redactor : createRedactor([...secrets, ...unknown], passwords);
    },
  };
  return redactor;
}

/** A shorter value could be a part of any text. */
function isTelling(value: string): boolean {
  return value.length >= TELLING;
}

function holdsAny(text: string, secrets: readonly Secret[]): boolean {
  let seen = text;
  for (let decodings = 0; decodings <= MOST_DECODINGS; decodings++) {
    const bare = bareOf(seen);
    for (const secret of secrets) {
      // One that is short, or has few letters and digits, could be a part of any text.
      if (seen.includes(secret.reveal())) return true;
      if (spellingsOf(secret).some((pieces) => hasAny(bare, pieces))) return true;
    }
    const decoded = decode(seen);
    if (decoded === seen) return false;
    seen = decoded;
  }
  return false;
}

/** Pieces of one length. */
interface Pieces {
  length: number;
  texts: ReadonlySet<string>;
}

function hasAny(bare: string, { length, texts }: Pieces): boolean {
  for (let at = 0; at + length <= bare.length; at++) if (texts.has(bare.slice(at, at + length))) return true;
  return false;
}

/** The pieces of each secret, computed once. */
const known = new WeakMap<Secret, readonly Pieces[]>();

/** All pieces that are long enough: of the secret as it is, in hex, in base64 after any other text, and as numbers. */
function spellingsOf(secret: Secret): readonly Pieces[] {
  const before = known.get(secret);
  if (before) return before;
  const value = secret.reveal();
  const encodings = [Buffer.from(value), Buffer.from(value, "utf16le")];
  const texts = encodings.flatMap((bytes) => [bytes.toString("hex"), ...base64Of(bytes)]);
  // Two or three digits a character.
  const numbers = encodings.map((bytes) => Array.from(bytes).join(" "));
  const spellings = [piecesOf([value, ...texts], TELLING), piecesOf(numbers, 2 * TELLING + 2)];
  known.set(secret, spellings);
  return spellings;
}

function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) =>
    // Without the characters at both ends that depend on what is around the secret.
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "")
      .slice(before && before + 1, -1),
  );
}

function piecesOf(spellings: readonly string[], length: number): Pieces {
  const texts = new Set<string>();
  for (const spelling of spellings) {
    const bare = bareOf(spelling);
    for (let at = 0; at + length <= bare.length; at++) texts.add(bare.slice(at, at + length));
  }
  return { length, texts };
}

/** Only letters and digits, in lower case; look-alikes of Unicode as what they look like. */
function bareOf(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "")
    .toLowerCase();
}

/** Escapes of URLs, JSON, JavaScript, C and HTML. Those that have names, and `\n`, stand for no letter or digit. */
const ESCAPE =
  /%u([0-9a-f]{4})|%([0-9a-f]{2})|\\u\{?([0-9a-f]{1,6})\}?|(?:\\|0)x([0-9a-f]{2})|&#x([0-9a-f]{1,6});?|&#([0-9]{1,7});?|\\([0-3][0-7]{2})|&[a-z]{2,31};|\\[a-z]/gi;

function decode(text: string): string {
  return text.replace(ESCAPE, (escape: string, ...groups: (string | undefined)[]) => {
    if (/^&amp;$/i.test(escape)) return "&";
    const [url16, url, json, script, html, decimal, octal] = groups;
    const hex = url16 ?? url ?? json ?? script ?? html;
    const number = octal === undefined ? Number(decimal ?? NaN) : Number.parseInt(octal, 8);
    const code = hex === undefined ? number : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "";
  });
}
