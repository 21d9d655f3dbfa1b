import { TokenError } from "../../src/errors.js";
import type { Resource } from "../../src/tokens/resource.js";

/**
 * Refuses permissions to do everything unless the box for that is ticked, wherever they come from.
 *
 * @throws {TokenError} `not-confirmed`.
 */
export function refuseEverything(
  permissions: unknown,
  { access, noun }: Resource,
  isConfirmed: boolean,
): void {
  if (isConfirmed || access?.(permissions).isAll !== true) return;
  throw new TokenError(
    "not-confirmed",
    `the ${noun} would be allowed to do everything, and the box "I understand …" is not ticked. ` +
      "Open the node and tick it, choose fewer permissions, or ask for a dry run. Nothing was sent.",
  );
}
