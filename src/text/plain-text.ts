/** Characters of one text; our own longest sentences are a third of it. */
const LONGEST = 2000;

/** What ends a line, or moves on in it. */
const BREAKS = /\r\n|[\t\n\v\f\r\u0085\u2028\u2029]/g;

/** What a terminal or a log could obey, or show as nothing: controls, marks of direction, halves of characters. */
const NOT_PLAIN = /[\p{C}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Somebody else's text as one line that shows all that it holds, for an error, a log or a status: a name can hold a
 * line break, and with it a forged line of the log.
 *
 * @param longest in characters; what is longer is cut.
 */
export function plain(text: string, longest = LONGEST): string {
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  return short.replace(BREAKS, " ").replace(NOT_PLAIN, "�");
}
