import type { Secret } from "./text/secret.js";

/** Where the connection's own token comes from. The same value is the same object, as long as it stays. */
export interface TokenSource {
  /** The token to send now. */
  current(): Secret;
  /** The same, looked up at this moment. */
  refresh(): Secret;
  /** The current token, and before it the last of those that it has replaced: none of them may be shown. */
  known(): readonly Secret[];
}

/** A token that stays the same. */
export function fixedToken(token: Secret): TokenSource {
  return { current: () => token, refresh: () => token, known: () => [token] };
}
