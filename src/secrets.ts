/** Characters of a secret, in a row, that are too many to be told. */
const TELLING = 8;
/** A text that was encoded twice, or three times, is decoded as often. */
const MOST_DECODINGS = 4;

const WITHHELD = "… (it held the connection's token)";

/**
 * A text of somebody else (a server, a proxy, influxctl) as it may be told: all of it is withheld where it holds eight
 * characters of the secret in a row, in whatever spelling. That includes escapes of URLs, JSON and HTML, base64, hex,
 * upper and lower case, and anything but letters and digits in between, such as line breaks.
 *
 * @param text not long: it is read several times over.
 */
export function withoutSecret(text: string, secret: string): string {
  return holds(text, secret) ? WITHHELD : text;
}

function holds(text: string, secret: string): boolean {
  if (secret === "") return false;
  const spellings = spellingsOf(secret);
  let seen = text;
  for (let decodings = 0; decodings <= MOST_DECODINGS; decodings++) {
    // One that is short, or has few letters and digits, could be a part of any text.
    if (seen.includes(secret)) return true;
    const bare = bareOf(seen);
    for (let at = 0; at + TELLING <= bare.length; at++) {
      if (spellings.has(bare.slice(at, at + TELLING))) return true;
    }
    const decoded = decode(seen);
    if (decoded === seen) return false;
    seen = decoded;
  }
  return false;
}

/** All pieces that are long enough, of the secret as it is, in hex, and in base64 behind whatever else. */
function spellingsOf(secret: string): Set<string> {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((before) =>
    // Without the characters at both ends that are not of the secret alone.
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "")
      .slice(before && before + 1, -1),
  );
  const pieces = new Set<string>();
  for (const spelling of [secret, bytes.toString("hex"), ...base64]) {
    const bare = bareOf(spelling);
    for (let at = 0; at + TELLING <= bare.length; at++) pieces.add(bare.slice(at, at + TELLING));
  }
  return pieces;
}

/** Letters and digits alone, in lower case; look-alikes of Unicode as what they look like. */
function bareOf(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "")
    .toLowerCase();
}

/** Escapes of URLs, JSON, JavaScript and HTML. Those that have names, and `\n`, stand for no letter or digit. */
const ESCAPE =
  /%u([0-9a-f]{4})|%([0-9a-f]{2})|\\u\{?([0-9a-f]{1,6})\}?|\\x([0-9a-f]{2})|&#x([0-9a-f]{1,6});?|&#([0-9]{1,7});?|&[a-z]{2,31};|\\[a-z]/gi;

function decode(text: string): string {
  return text.replace(ESCAPE, (escape: string, ...groups: (string | undefined)[]) => {
    if (/^&amp;$/i.test(escape)) return "&";
    const [url16, url, json, script, html, decimal] = groups;
    const hex = url16 ?? url ?? json ?? script ?? html;
    const code = hex === undefined ? Number(decimal ?? NaN) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "";
  });
}
