import { types } from "node:util";
import { factsOf, type TokenErrorCode } from "./error-codes.js";
import { plain } from "./text/plain-text.js";

export interface TokenErrorDetails {
  /** What is wrong in particular, where those of the code are not exact: under 20 characters, in lower case. */
  words?: string | undefined;
  /** What could not be done, to complete "cannot …": `delete authorization 0a1b…`. */
  task?: string | undefined;
  /** HTTP status of the server's answer, if there was one. */
  statusCode?: number | undefined;
  /** Seconds that the server asked to wait, if it did. */
  retryAfter?: number | undefined;
  /** How often the request was sent, if not once. */
  attempts?: number | undefined;
  /** What caused it. */
  cause?: CauseFields | undefined;
  /** Whether the request has certainly not reached the server. */
  notSent?: boolean;
  /** For a code that ends a sweep "sometimes": whether every further request of the connection would fail alike. */
  fatal?: boolean;
}

/** What is told of a foreign error. Not the error itself, which can hold a request, and with it secrets. */
interface CauseFields {
  /** What it says, as a sentence that is never empty. */
  message: string;
  /** Of Node.js or undici, such as `ECONNREFUSED`. */
  code?: string | undefined;
  /** HTTP status of the server's answer. */
  statusCode?: number | undefined;
  /** Seconds that the server asked to wait. */
  retryAfter?: number | undefined;
}

/** The cause as a Catch node gets it. As a text it reads as a sentence, in the copies that Node-RED makes, too. */
class Cause {
  declare readonly message: string;

  constructor(fields: CauseFields) {
    const told = Object.entries(fields).filter(([, value]) => value !== undefined);
    Object.assign(this, Object.fromEntries(told), { message: plain(fields.message) });
  }

  toString(): string {
    return this.message;
  }
}

/**
 * The one error of this package. Its message begins with what is wrong, because the editor's debug sidebar shows no
 * more than its first 30 characters; then it names the task, the reason and what to do. It never holds a token value.
 * Its texts are {@link plain}. All details are own properties, because Node-RED copies only own `code` and `cause` to a
 * Catch node.
 */
export class TokenError extends Error {
  readonly code: TokenErrorCode;
  declare readonly task?: string;
  declare readonly statusCode?: number;
  declare readonly retryAfter?: number;
  declare readonly attempts?: number;
  /** Whether it ends a sweep. */
  readonly fatal: boolean;
  readonly #reason: string;
  readonly #details: TokenErrorDetails;

  /** @param reason why, and what to do about it. */
  constructor(code: TokenErrorCode, reason: string, details: TokenErrorDetails = {}) {
    const { statusCode, retryAfter, attempts, fatal } = details;
    const task = details.task === undefined ? undefined : plain(details.task);
    const told = plain(reason);
    const { words = factsOf(code).words } = details;
    const what = words.charAt(0).toUpperCase() + words.slice(1);
    const message = task === undefined ? `${what}: ${told}` : `${what}, cannot ${task}: ${told}`;
    // A reader goes by the sentence. To note where it was made takes longer, and more memory, than all else of a message.
    const { stackTraceLimit } = Error;
    if (code !== "unexpected") Error.stackTraceLimit = 0;
    super(message, details.cause && { cause: new Cause(details.cause) });
    Error.stackTraceLimit = stackTraceLimit;
    this.#reason = told;
    this.#details = details;
    this.code = code;
    const { endsSweep } = factsOf(code);
    this.fatal = endsSweep === "always" || (endsSweep === "sometimes" && fatal === true);
    if (task !== undefined) this.task = task;
    if (statusCode !== undefined) this.statusCode = statusCode;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
    if (attempts !== undefined) this.attempts = attempts;
  }

  /** Why, and what to do about it, without the task. */
  get reason(): string {
    return this.#reason;
  }

  /** What is wrong, in a few words: for a status. */
  get words(): string {
    return this.#details.words ?? factsOf(this.code).words;
  }

  /** Whether the request has certainly not reached the server; false if that is not known. */
  get notSent(): boolean {
    return this.#details.notSent === true;
  }

  /** The same error with another reason, and with what else is known. */
  retold(reason: string, details: TokenErrorDetails = {}): TokenError {
    return new TokenError(this.code, reason, { ...this.#details, ...details });
  }

  /** The same error with the task, unless it names one already. */
  during(task: string): TokenError {
    return this.task === undefined ? this.retold(this.#reason, { task }) : this;
  }

  /** Node-RED shows an error as `String(error)`: the plain sentence, without a class name before it. */
  override toString(): string {
    return this.message;
  }
}

/** Any thrown value as a TokenError: `unexpected` if it is none, because it comes from code that should not throw. */
export function asTokenError(error: unknown): TokenError {
  if (error instanceof TokenError) return error;
  return new TokenError("unexpected", `${reasonOf(error)}. Please report it.`);
}

/**
 * What a thrown value says; one that is no error need not even be a text. Of an error of Node's own, its code alone:
 * its message can quote a value, which could be a secret.
 */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "unknown reason";
  const { code = "", message }: NodeJS.ErrnoException = thrown;
  return code.startsWith("ERR_") ? code : message;
}

/**
 * The error of work that a stop or a deploy has ended.
 *
 * @param sent how often the request was sent before.
 * @param underWay what to say if it was sent.
 */
export function cancelled(task: string, sent: number, underWay: string): TokenError {
  const effect = sent === 0 ? "Nothing was sent." : underWay;
  return new TokenError("cancelled", `the flow was stopped or deployed anew. ${effect}`, {
    task,
    attempts: sent,
  });
}

/**
 * Handles a failure of work that only looks: if it was stopped, nothing has been changed.
 *
 * @throws what it is given; `cancelled` with 0 attempts.
 */
export function rethrowAsNotStarted(error: unknown): never {
  const known = asTokenError(error);
  throw known.code === "cancelled" ? known.retold(known.reason, { attempts: 0 }) : error;
}

/** The kind of a value in words that a flow's author knows, and never the value: it could be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  // It can throw at the questions below.
  if (types.isProxy(value)) return "an object";
  if (Array.isArray(value)) return "an array";
  if (Buffer.isBuffer(value)) return "a Buffer";
  if (typeof value === "string") {
    if (value.trim() === "") return "an empty text";
    return `a text of ${value.length} character${value.length === 1 ? "" : "s"}`;
  }
  if (typeof value === "object") return "an object";
  return `a ${typeof value}`;
}
