/** How the ids of a product are written. */
export interface IdForm {
  /** Of {@link ID_FORMS}. */
  readonly name: "hexId" | "uuid";
  readonly pattern: RegExp;
  /** In words that complete "expected …". */
  readonly expected: string;
  /** Gives the one spelling to compare and to match with the pattern. Nothing else lowers or trims ids. */
  readonly normalize: (text: string) => string;
}

/** Whether two spellings are one ID. */
export function isSameId({ normalize }: IdForm, a: string, b: string): boolean {
  return normalize(a) === normalize(b);
}

/** Servers read hexadecimal digits without regard to case. */
const inLowerCase = (text: string) => text.trim().toLowerCase();

/** Authorization, user and org ids of `/api/v2`: eight bytes in hexadecimal, which the server wants non-zero. */
export const HEX_ID: IdForm = {
  name: "hexId",
  pattern: /^(?!0{16}$)[0-9a-f]{16}$/i,
  expected: "16 hexadecimal digits",
  normalize: inLowerCase,
};

/** Ids of accounts, clusters and tokens in Cloud Dedicated and Clustered: UUIDs of any version. */
export const UUID: IdForm = {
  name: "uuid",
  pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  expected: "a UUID such as 55555555-5555-4555-8555-555555555555",
  normalize: inLowerCase,
};

export const ID_FORMS: Readonly<Record<IdForm["name"], IdForm>> = { hexId: HEX_ID, uuid: UUID };
