/** Characters of a secret, in a row, that are too many to be told. */
const TELLING = 8;
/** A text that was encoded twice, or three times, is decoded as often. */
const MOST_DECODINGS = 4;

const WITHHELD = "… (it held the connection's token)";

/**
 * A text of somebody else (a server, a proxy, influxctl) as it may be told: all of it is withheld where it holds eight
 * characters of a secret in a row, in whatever spelling. That includes escapes of URLs, JSON and HTML, base64, hex,
 * numbers of bytes, upper and lower case, and anything but letters and digits in between, such as line breaks.
 *
 * @param text not long: it is read several times over.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.some((secret) => holds(text, secret)) ? WITHHELD : text;
}

/**
 * For long texts of data, in which a secret is looked for as it is and as in a URL alone.
 *
 * @returns for a text what takes the secret out of its parts, where it holds the secret.
 */
export function concealerOf(secret: string): (text: string) => ((part: string) => string) | undefined {
  const spellings = [...new Set([secret, encodeURIComponent(secret)])];
  // It could be a part of any text.
  if (secret.length < TELLING) return () => undefined;
  const conceal = (part: string) => spellings.reduce((rest, each) => rest.replaceAll(each, "…"), part);
  return (text) => (spellings.some((each) => text.includes(each)) ? conceal : undefined);
}

function holds(text: string, secret: string): boolean {
  if (secret === "") return false;
  const spellings = spellingsOf(secret);
  let seen = text;
  for (let decodings = 0; decodings <= MOST_DECODINGS; decodings++) {
    // One that is short, or has few letters and digits, could be a part of any text.
    if (seen.includes(secret)) return true;
    const bare = bareOf(seen);
    if (spellings.some((pieces) => hasAny(bare, pieces))) return true;
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

/** All pieces that are long enough, of the secret as it is, in hex, in base64 behind whatever else, and as numbers. */
function spellingsOf(secret: string): Pieces[] {
  const encodings = [Buffer.from(secret), Buffer.from(secret, "utf16le")];
  const texts = encodings.flatMap((bytes) => [bytes.toString("hex"), ...base64Of(bytes)]);
  // Two or three digits a character.
  const numbers = encodings.map((bytes) => Array.from(bytes).join(" "));
  return [piecesOf([secret, ...texts], TELLING), piecesOf(numbers, 2 * TELLING + 2)];
}

function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) =>
    // Without the characters at both ends that are not of the secret alone.
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

/** Letters and digits alone, in lower case; look-alikes of Unicode as what they look like. */
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
