import { InfluxError } from "./errors.js";

/**
 * Reads an ID as OSS does: 16 bytes of hex in either case, not all zeros. It comes back in lower case, as every
 * answer shows it.
 */
export function parseID(text: string): string {
  if (Buffer.byteLength(text) !== 16) throw new InfluxError("invalid", "id must have a length of 16 bytes");
  if (!/^[0-9a-f]{16}$/i.test(text) || /^0+$/.test(text)) throw new InfluxError("invalid", "invalid ID");
  return text.toLowerCase();
}

/** IDs that grow, so that the order of IDs is the order of creation. */
export function idSequence(): () => string {
  let last = 0x0e5c_d9ad_1b2f_7000n;
  return () => {
    last += 0x1000n;
    return last.toString(16).padStart(16, "0");
  };
}

/** In every token that is made here, so that a leaked one is recognized. */
export const TOKEN_MARK = "73696d756c61746564";

/** Not at the start, because people tell tokens apart by their first characters, which are no secret. */
export function withMark(token: string): string {
  return token.slice(0, 24) + TOKEN_MARK + token.slice(24 + TOKEN_MARK.length);
}
