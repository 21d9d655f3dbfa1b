import { kindOf, TokenError } from "../errors.js";

/** `dryRun` in any spelling (`dry_run`, `DRY RUN`, `isDryRun`, `dryRuns`), and other words for it. */
const DRY_RUN = /^[\W_]*((is)?[\W_]*dry[\W_]*(runs?)?([\W_]*only)?|simulate|what[\W_]*if)[\W_\d]*$/i;

const LONGEST_NAME = 40;

/**
 * Whether a message, or an object in it, asks for a dry run: by `dryRun`, or a name that looks like it. Only `false`
 * or undefined means no. Anything but an object does not ask.
 *
 * @throws {TokenError} `invalid-config` if it is neither a yes nor `false`: an empty text or a zero is most often a
 *   value that somebody meant to set.
 */
export function asksForDryRun(message: unknown): boolean {
  if (typeof message !== "object" || message === null) return false;
  return wishesOf(message).some(([name, value]) => {
    const isEmpty = typeof value === "string" && value.trim() === "";
    if (value && !isEmpty) return true;
    throw new TokenError(
      "invalid-config",
      `"${name}" of the message comes out as ${kindOf(value)}, expected true or false. Nothing was sent.`,
      { words: "wrong value" },
    );
  });
}

/** Properties that ask for one by name, inherited ones too. */
function wishesOf(message: object): [name: string, value: unknown][] {
  const wishes: [string, unknown][] = [];
  try {
    if (Array.isArray(message) || ArrayBuffer.isView(message)) return [];
    for (const name in message) {
      // On a long name, the pattern could take very long.
      if (name.length > LONGEST_NAME || !DRY_RUN.test(name)) continue;
      const value = valueOf(message, name);
      if (value !== undefined && value !== false) wishes.push([name, value]);
    }
  } catch {
    // A getter or proxy of the flow has thrown. What cannot be read is refused where it is needed.
  }
  return wishes;
}

/** A property that throws is neither true nor false. */
function valueOf(message: object, name: string): unknown {
  try {
    return (message as Record<string, unknown>)[name];
  } catch {
    return null;
  }
}
