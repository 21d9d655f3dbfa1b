/**
 * What went wrong, in one word. A flow can switch on it: `msg.error.code` in a Catch node.
 */
export type TokenErrorCode =
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "invalid-id"
  | "missing-id"
  | "invalid-filter"
  | "invalid-config"
  | "conflict"
  | "rate-limited"
  | "unavailable"
  | "timeout"
  | "network"
  | "tls"
  | "protected"
  | "too-many"
  | "not-confirmed"
  | "cancelled"
  | "unsupported-product"
  | "bad-response";

export interface TokenErrorDetails {
  /** HTTP status of the server's answer, where there was one. */
  statusCode?: number | undefined;
  /** Seconds that the server asked to wait, where it did. */
  retryAfter?: number | undefined;
  /** How often the request was tried, where it was tried more than once. */
  attempts?: number | undefined;
  /** What lies beneath: the server's answer in short, or the error of a lower layer. */
  cause?: unknown;
  /** True where every further request of the connection would fail alike, so that a sweep must stop. */
  fatal?: boolean;
}

/**
 * The one error of this package. Its message names the task, the reason and what to do, and never holds a
 * token value. All details are own properties: Node-RED copies only own `code` and `cause` to a Catch node.
 */
export class TokenError extends Error {
  readonly code: TokenErrorCode;
  declare readonly statusCode?: number;
  declare readonly retryAfter?: number;
  declare readonly attempts?: number;
  readonly fatal: boolean;

  constructor(code: TokenErrorCode, message: string, details: TokenErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.fatal = details.fatal ?? false;
    if (details.statusCode !== undefined) this.statusCode = details.statusCode;
    if (details.retryAfter !== undefined) this.retryAfter = details.retryAfter;
    if (details.attempts !== undefined) this.attempts = details.attempts;
  }

  /** Node-RED shows an error as `String(error)`: the plain sentence, without a class name before it. */
  override toString(): string {
    return this.message;
  }
}

/** Any thrown value as a TokenError; what is none already came from code that should not throw. */
export function asTokenError(error: unknown): TokenError {
  if (error instanceof TokenError) return error;
  const reason = error instanceof Error ? error.message : "unknown reason";
  return new TokenError("bad-response", `Unexpected failure: ${reason}. Please report it.`, { cause: error });
}

/** The kind of a value in words that a flow's author knows, and never the value: it could be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (Buffer.isBuffer(value)) return "a Buffer";
  if (typeof value === "string")
    return value.trim() === "" ? "an empty text" : `a text of ${value.length} characters`;
  if (typeof value === "object") return "an object";
  return `a ${typeof value}`;
}
