/*
 * How the value of a token is written. The build puts this file into the browser, so it uses only what Node.js and
 * browsers have in common.
 */

/** What can be wrong with a text that is to be the value of a token, as what is said after "a text …". */
export const WRONG_TOKEN_VALUES = {
  tokenName: 'which starts with a word such as "Token" or "Bearer" or a name; give the token alone',
  tokenQuotes: "which stands in quotes; give the token alone",
  tokenCharacters: "with a line break or an invisible character in it; copy the token once more",
} as const;

/** Names that are copied together with a token: of the header, its scheme, a variable, an option, a key in JSON. */
const NAME_OF_TOKEN = /^\W*(authorization|bearer|(export\s+)?influx\w*_token|token)[\s:="]/i;

/**
 * What is wrong with a text, trimmed and not empty, as the value of a token. In InfluxDB OSS a user can set any text as
 * a token, even with spaces and beyond ASCII.
 */
export function wrongTokenValue(text: string): keyof typeof WRONG_TOKEN_VALUES | undefined {
  if (NAME_OF_TOKEN.test(text)) return "tokenName";
  if (/^["'`]|["'`]$/.test(text)) return "tokenQuotes";
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) ? "tokenCharacters" : undefined;
}
