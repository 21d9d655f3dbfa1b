/** What is known of an error code. */
interface ErrorCode {
  /** What is wrong, for a status and the beginning of a message: under 20 characters, of which the editor shows 30. */
  readonly words: string;
  /** What has happened, as a part of a sentence. */
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
  /** What an HTTP flow answers with (`msg.statusCode`). A failure between us and InfluxDB is not the caller's fault. */
  readonly httpStatus: number;
  /** Whether it ends a sweep, because each further request would meet it too. If "sometimes", the error says. */
  readonly endsSweep?: "always" | "sometimes";
  /** Whether it is a failure of a server that is out of order, or of the way to it: ten in a row end a sweep. */
  readonly isOutage?: true;
  /** Whether a call that meets it can be tried again by itself: of a server that failed, for 502, 503 and 504 alone. */
  readonly isRetried?: true;
  /** Whether it says something of the token itself, so that a dry run reports it rather than to fail. */
  readonly isOfToken?: true;
  /** Whether nothing was done to the token, so it uses up no limit. */
  readonly isUntouched?: true;
}

/**
 * All that can go wrong. A flow can switch on the code: `msg.error.code` in a Catch node. The README's table follows
 * from this one.
 */
export const ERROR_CODES = {
  "missing-id": {
    words: "no token named",
    meaning: "the message names no token",
    remedy: "send an ID, an object with an `id`, or an array of either",
    httpStatus: 400,
  },
  "invalid-id": {
    words: "not an ID",
    meaning: "what it names is not an ID",
    remedy:
      "use the `id` of the token (16 hexadecimal digits, or a UUID for Cloud Dedicated and Clustered, not its name; the name for InfluxDB 3), not its value; the error tells JSON, CSV, a Buffer or a number apart, and says what to put before the node",
    httpStatus: 400,
  },
  "invalid-filter": {
    words: "wrong filter value",
    meaning: "a filter came out empty, of a wrong type, or as a time that makes no sense",
    remedy: "look at what the flow gives; nothing was sent",
    httpStatus: 400,
  },
  "invalid-config": {
    words: "wrong setting",
    meaning:
      "a field of the node or connection is wrong, or the value it takes from elsewhere, or an environment variable is not set or empty",
    remedy: "the message names the field",
    httpStatus: 500,
    endsSweep: "always",
  },
  "wrong-connection": {
    words: "wrong connection",
    meaning:
      "the message gives no name or ID of one connection that the node allows, or tokens that were found with another connection",
    remedy: "the error says what came, and which are allowed; nothing was sent",
    httpStatus: 400,
  },
  "not-confirmed": {
    words: "not confirmed",
    meaning: 'the box "I understand …" is not ticked',
    remedy: "tick it, or ask for a dry run",
    httpStatus: 403,
  },
  "limit-exceeded": {
    words: "limit exceeded",
    meaning: "more tokens than the node's limit",
    remedy: "send fewer, or raise the limit",
    httpStatus: 429,
  },
  "not-listed": {
    words: "not from a list",
    meaning: "the node acts only upon what is still as listed, and the message does not say how it was",
    remedy: "send what a list node sends, or untick the box",
    httpStatus: 400,
  },
  protected: {
    words: "protected",
    meaning:
      "the ID is on the connection's list, or is or may be that of its own token; or it is the operator token of InfluxDB 3, which cannot be deleted",
    remedy: 'take it off the list, allow it, or enter the connection\'s "Own token ID"',
    httpStatus: 403,
    isUntouched: true,
    isOfToken: true,
  },
  "hidden-value": {
    words: "values are hidden",
    meaning:
      "the server shows no token values, so nobody can tell which token has the given one; or, of InfluxDB 3, two have hashes that begin alike",
    remedy: "check the value to see whose it is, and look among the tokens of that user",
    httpStatus: 409,
  },
  "not-verified": {
    words: "not verified",
    meaning:
      "the new value does not let anybody in, or is not known any more, so the old token was left alone",
    remedy: "the message says which; begin the rotation again",
    httpStatus: 502,
  },
  "not-waiting": {
    words: "nothing waits",
    meaning:
      "no new token waits to be told that it is stored, no replaced one can be brought back, or no permissions of a database token are kept",
    remedy: "check the ID, and what became of the rotation before",
    httpStatus: 409,
    isOfToken: true,
  },
  "not-applied": {
    words: "not applied",
    meaning: "the server reported success, and shows otherwise",
    remedy: "list the tokens to see; check what is in front of the server",
    httpStatus: 502,
    isOutage: true,
  },
  "audit-failed": {
    words: "audit not written",
    meaning: "the audit file could not be written, and nothing was done",
    remedy: "check the file and its folder, or choose another in the connection",
    httpStatus: 500,
    endsSweep: "always",
    isUntouched: true,
  },
  "not-found": {
    words: "not found",
    meaning: "no such token, user, organization or cluster",
    remedy: "check ID, name and connection; on delete and revoke it can count as done",
    httpStatus: 404,
    endsSweep: "sometimes",
    isUntouched: true,
    isOfToken: true,
  },
  unauthorized: {
    words: "token not accepted",
    meaning:
      "the connection's token is wrong, inactive, expired, revoked, or lacks a permission; or something before the server wants a login",
    remedy: "the message says which, and names the permission",
    httpStatus: 502,
    endsSweep: "sometimes",
  },
  forbidden: {
    words: "forbidden",
    meaning:
      "the owner of the connection's token is inactive; or it has no access to the account or cluster, or is no admin token of InfluxDB 3, or that runs without authorization; or a list is empty that should hold at least that token, which means a missing permission; or influxctl's list is empty, which tells nothing of the token to revoke; or something before the server forbids it",
    remedy: "the message says which",
    httpStatus: 502,
    endsSweep: "sometimes",
  },
  conflict: {
    words: "conflict",
    meaning: "the server reports a conflict, or the name of a new token is taken",
    remedy: "try again, or choose another name",
    httpStatus: 409,
    isUntouched: true,
  },
  "rate-limited": {
    words: "too many requests",
    meaning: "too many requests",
    remedy: "wait; with influxctl, lower the parallel requests, too",
    httpStatus: 503,
    isOutage: true,
    isRetried: true,
  },
  unavailable: {
    words: "server failed",
    meaning: "the server failed (500 and up)",
    remedy: "check the server, try again",
    httpStatus: 503,
    isOutage: true,
    isRetried: true,
  },
  timeout: {
    words: "no answer in time",
    meaning: "no answer in time, or influxctl did not end; a change may have been carried out all the same",
    remedy: "check the server and the network, or raise the timeout",
    httpStatus: 504,
    endsSweep: "sometimes",
    isOutage: true,
  },
  network: {
    words: "server not reached",
    meaning:
      "no connection, or it was lost (a change may have been carried out all the same), or the proxy refused",
    remedy: "check URL, network, proxy",
    httpStatus: 502,
    endsSweep: "sometimes",
    isOutage: true,
    isRetried: true,
  },
  tls: {
    words: "no TLS connection",
    meaning: "no secure connection: expired, other host, unknown CA",
    remedy: "see the message; give your CA in the TLS configuration",
    httpStatus: 502,
    endsSweep: "always",
  },
  "influxctl-missing": {
    words: "influxctl missing",
    meaning: "influxctl is not installed, or may not be run",
    remedy: "install it, or set its path in the connection",
    httpStatus: 500,
    endsSweep: "always",
  },
  "influxctl-failed": {
    words: "influxctl failed",
    meaning: "influxctl failed, is too old to write JSON, or did not revoke",
    remedy: "the message says which",
    httpStatus: 502,
    endsSweep: "sometimes",
    isOutage: true,
  },
  "bad-response": {
    words: "unexpected answer",
    meaning:
      "something else than InfluxDB's API answered, or more than it ever does, or influxctl wrote something else than its list, or more than 16 MB",
    remedy: "check the URL, with its path; the version of influxctl",
    httpStatus: 502,
    endsSweep: "sometimes",
    isOutage: true,
  },
  unexpected: {
    words: "internal error",
    meaning: "a defect of this package",
    remedy: "please report it",
    httpStatus: 500,
  },
  "unsupported-product": {
    words: "wrong product",
    meaning: "the connection's product cannot do this",
    remedy: "choose another connection",
    httpStatus: 500,
    endsSweep: "always",
  },
  cancelled: {
    words: "stopped",
    meaning: "the flow was stopped or deployed anew meanwhile",
    remedy: "send the message again",
    httpStatus: 503,
  },
} as const satisfies Record<string, ErrorCode>;

/** What went wrong, in one word. */
export type TokenErrorCode = keyof typeof ERROR_CODES;

/** What is known of a code. */
export function factsOf(code: TokenErrorCode): ErrorCode {
  return ERROR_CODES[code];
}
