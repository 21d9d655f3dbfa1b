import type { Redactor } from "../text/redactor.js";
import type { Secret } from "../text/secret.js";
import type { ApiError } from "./api-errors.js";

/** Header fields of a response, by their names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** How the work of a call is followed and ended. */
export interface Watch {
  /** Ends the call. */
  signal?: AbortSignal | undefined;
  /** Told of each further attempt. */
  onRetry?: (() => void) | undefined;
}

/** One thing that an API is asked for, whatever number of requests that takes. */
export interface ApiCall {
  /** What the call is for, to complete "Cannot …": `delete authorization 0a1b…`. */
  task: string;
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /**
   * What another attempt may follow. A `safe` call has the same effect however often it is carried out: it reads, sets
   * absolute values or deletes by ID, so it is sent again after 429, 502, 503, 504 and a lost connection. A call that
   * is `never` to be repeated is sent again only if no attempt can have been carried out: there was no connection to
   * send it through, a proxy refused it, or the server answered 429 (RFC 6585, 4), which says that it refused the
   * request because there were too many before it, without carrying it out. One that is to be repeated `if-refused` is
   * sent again after 503 as well, by which a server says that it cannot take it (RFC 9110, 15.6.4).
   */
  repeat: "safe" | "if-refused" | "never";
  /** Path segments below the base URL; each is encoded. */
  path: readonly string[];
  query?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Secrets that the call sends besides those of the connection. Its response and errors do not show them. */
  secrets?: readonly Secret[];
  /** True if a success is a list, which can be longer than a token. */
  isList?: boolean;
  /** Sends no token: the server is yet to show what it is. */
  isAnonymous?: boolean;
  /** Sent in place of the connection's token, to see what the server makes of it. */
  token?: Secret;
  watch?: Watch | undefined;
}

/** The server's answer to a call, whatever its status. */
export interface ApiResponse extends Answer {
  /** The response body, in blocks, if the status is 200 or 201; it is empty otherwise. */
  body: readonly Buffer[];
}

/** An answer whose body is read while it arrives, once. */
export interface ArrivingResponse extends Answer {
  /** If the status is 200 or 201; it is empty otherwise. Whoever reads it meets a `TokenError` if it is cut. */
  body: Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** An answer without its body. */
export interface Answer {
  call: ApiCall;
  status: number;
  headers: Headers;
  /** What any other response says, if its body is an error of InfluxData's APIs. */
  error: ApiError | undefined;
  /**
   * The same if it is a text of any other form: plain and short; empty for a success. Only to be compared, never to be
   * shown, because a server can echo a secret.
   */
  text: string;
  /** How often the request was sent. */
  attempts: number;
  /** True if an earlier attempt may have taken effect on the server although its response was lost. */
  mayBeRepeated: boolean;
  /** Knows the secrets of the connection and of the call, which the server can repeat. */
  redactor: Redactor;
}
