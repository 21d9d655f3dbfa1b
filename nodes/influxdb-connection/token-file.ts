import { readFileSync, statSync } from "node:fs";
import { systemClock, type Clock } from "../../src/clock.js";
import { kindOf } from "../../src/errors.js";
import { Secret } from "../../src/text/secret.js";
import type { TokenSource } from "../../src/token-source.js";
import { textOf, TEXT_RULES } from "../fields/text-rules.js";
import { WRONG } from "../fields/wrong.js";
import { invalidConnection } from "./read-settings.js";

/** Bytes of the file. */
const LONGEST = 64 * 1024;
/** Milliseconds after which the file is read again. */
const FRESH = 1000;
/** Former tokens that are remembered, so that they are not shown. */
const MOST_FORMER = 8;

/**
 * The token in a file, such as a mounted secret. The file is read anew after a second, and whenever it is asked for;
 * why so, and not watched: docs/decisions/0013-token-file-is-read-again.md. While it cannot be used, which is so in the
 * midst of a swap, the token that is known goes on.
 *
 * @param warn writes to the log: once, until the file can be used again.
 * @throws {TokenError} `invalid-config` that names field and path if the file cannot be used from the start.
 */
export function tokenFile(
  path: string,
  warn: (text: string) => void,
  clock: Clock = systemClock,
): TokenSource {
  const { value: first, why: whyNot } = readTokenFile(path);
  if (first === undefined) throw invalidConnection(`the ${saying(path, whyNot)}`, "no token");
  let known: [Secret, ...Secret[]] = [new Secret(first)];
  let readAt = clock.steady();
  let isUsable = true;

  function refresh(): Secret {
    readAt = clock.steady();
    const { value, why } = readTokenFile(path);
    if (value === undefined) {
      if (isUsable) warn(`The ${saying(path, why)}. The connection goes on with the token that it knows.`);
    } else if (!known[0].equals(value)) {
      known = [new Secret(value), ...known.slice(0, MOST_FORMER)];
    }
    isUsable = value !== undefined;
    return known[0];
  }

  return {
    refresh,
    current: () => (clock.steady() - readAt < FRESH ? known[0] : refresh()),
    known: () => known,
  };
}

function saying(path: string, why: string): string {
  return `field "tokenFile" names ${path}, ${why}`;
}

/** What is in the file, or why it cannot be used; never both. */
function readTokenFile(path: string): { value: string; why?: never } | { value?: never; why: string } {
  let text: string | undefined;
  try {
    const stats = statSync(path);
    // To read a pipe or a device could take for ever.
    if (!stats.isFile()) return { why: "which is not a file" };
    if (stats.size > LONGEST) return { why: `which is longer than ${LONGEST / 1024} KB, as no token is` };
    text = textOf(readFileSync(path, "utf8"));
  } catch (error) {
    const { code = "unknown reason" } = error as NodeJS.ErrnoException;
    return { why: UNREADABLE[code] ?? `which cannot be read (${code})` };
  }
  if (text === undefined || text === "") return { why: "which is empty" };
  const wrong = TEXT_RULES.token.wrong(text, {});
  return wrong === undefined ? { value: text } : { why: `which holds ${kindOf(text)}, ${WRONG[wrong]}` };
}

const UNREADABLE: Partial<Record<string, string>> = {
  ENOENT: "which does not exist",
  ENOTDIR: "which does not exist",
  EACCES: "which Node-RED may not read",
};
