/** How the ids of a product are written. */
export interface IdForm {
  /** Of {@link ID_FORMS}. */
  readonly name: "hexId" | "uuid" | "nameOfToken";
  /** What people call one. */
  readonly word: "ID" | "name";
  readonly pattern: RegExp;
  /** In words that complete "expected …". */
  readonly expected: string;
  /** Gives the one spelling to compare and to match with the pattern. Nothing else lowers or trims ids. */
  readonly normalize: (text: string) => string;
  /** The single ids of a text that lists several, as they are written there. */
  readonly split: (text: string) => string[];
}

/** Whether two spellings are one ID. */
export function isSameId({ normalize }: IdForm, a: string, b: string): boolean {
  return normalize(a) === normalize(b);
}

/** Servers read hexadecimal digits without regard to case. */
const inLowerCase = (text: string) => text.trim().toLowerCase();
const words = (text: string) => text.split(/[\s,;]+/).filter((id) => id !== "");

/** Authorization, user and org ids of `/api/v2`: eight bytes in hexadecimal, which the server wants non-zero. */
export const HEX_ID: IdForm = {
  name: "hexId",
  word: "ID",
  pattern: /^(?!0{16}$)[0-9a-f]{16}$/i,
  expected: "16 hexadecimal digits",
  normalize: inLowerCase,
  split: words,
};

/** Ids of accounts, clusters and tokens in Cloud Dedicated and Clustered: UUIDs of any version. */
export const UUID: IdForm = {
  name: "uuid",
  word: "ID",
  pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  expected: "a UUID such as 55555555-5555-4555-8555-555555555555",
  normalize: inLowerCase,
  split: words,
};

/**
 * Names of tokens in InfluxDB 3, which stand for IDs there: the server takes any text, and compares it as it is. An empty
 * one would stand for the token without a name, and half a character would become another on the way. The value of a
 * token is told from a name by its beginning, after space, too, and in the middle of a text by its length.
 */
export const TOKEN_NAME: IdForm = {
  name: "nameOfToken",
  word: "name",
  pattern: /^(?!\s*apiv3_|[^]*apiv3_[\w-]{86})[^\p{Surrogate}]{1,5000}$/u,
  expected: 'the name of a token, as it is written and not its value ("apiv3_…")',
  normalize: (text) => text,
  // Space at the end of a line is hardly ever meant, and cannot be seen: the name is taken with it, and without.
  split: (text) =>
    text
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "")
      .flatMap((line) => [...new Set([line, line.trim()])]),
};

/** Whether a text is an object or a list that somebody made into a text, and hardly the name of a token by itself. */
export function isObjectText(text: string): boolean {
  if (text.startsWith("[object ")) return true;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

export const ID_FORMS: Readonly<Record<IdForm["name"], IdForm>> = {
  hexId: HEX_ID,
  uuid: UUID,
  nameOfToken: TOKEN_NAME,
};
