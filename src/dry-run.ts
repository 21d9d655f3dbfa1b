import { kindOf, TokenError } from "./errors.js";

/** `dryRun` in whatever spelling: `dryrun`, `dry_run`, `dry-run`, `DRY RUN`. */
const DRY_RUN = /^dry[\W_]*(run)?$/i;

/**
 * Whether a message (or a payload) asks for a dry run: by `dryRun`, or a name that looks like it. Only what is
 * plainly no wish is none: `false`, or nothing at all.
 *
 * @throws {TokenError} `invalid-config` for what is neither: an empty text or a zero is most often a value that
 *   somebody meant to set.
 */
export function asksForDryRun(message: Readonly<Record<string, unknown>>): boolean {
  let asked = false;
  for (const name in message) {
    if (!DRY_RUN.test(name.trim())) continue;
    const value = message[name];
    if (value === undefined || value === false) continue;
    const isEmpty = typeof value === "string" && value.trim() === "";
    if (!value || isEmpty) {
      throw new TokenError(
        "invalid-config",
        `"${name}" of the message comes out as ${kindOf(value)}, expected true or false. Nothing was sent.`,
      );
    }
    asked = true;
  }
  return asked;
}
