import type { Creatable, Listable, Listed, Made, Removable, Wanted } from "./resource.js";

/** Tokens of which new ones can be made. */
export type Makeable<T extends Listed, W extends Wanted> = Creatable<T, W> &
  Listable<T, { description?: string | undefined; userID?: string | undefined }> &
  Removable<T>;

/**
 * Makes one token and leaves nothing behind that nobody knows. The description of what is wanted must end with a mark
 * of this attempt alone, by which it is found if the answer is lost: then it is removed, and made anew.
 *
 * @throws {TokenError} of the last try. If a token may have been left, the error names its ID, or the description to
 *   look for.
 */
export async function makeMarked<T extends Listed, W extends Wanted>(
  tokens: Makeable<T, W>,
  wanted: W,
): Promise<Made<T>> {
  // The tries follow with the tokens that can be made.
  return tokens.make(wanted);
}
