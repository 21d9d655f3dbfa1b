import type { TokenErrorCode } from "../error-codes.js";

/** What is known of an outcome. */
interface OutcomeFacts {
  /** It was not done, or nobody knows. */
  readonly isFailure?: true;
  /** Nothing was done to the token, so it uses up no limit. */
  readonly isUntouched?: true;
  /** What people read, if not its name. */
  readonly words?: string;
  /** What was done, to complete "cannot …". */
  readonly verb?: string;
}

/** What can become of one target. */
export const OUTCOMES = {
  updated: { verb: "update" },
  deleted: { verb: "delete" },
  revoked: { verb: "revoke" },
  created: { verb: "create" },
  /** It has another value, and the one before is refused. */
  regenerated: { verb: "regenerate" },
  /** A new token was stored, and works now. */
  activated: { verb: "activate" },
  /** A new token was given out, and the word is awaited that it is stored. */
  "handed-over": { verb: "rotate", words: "handed over" },
  /** Its successor works, and it does not any more. */
  replaced: { verb: "rotate" },
  /** It works again beside its successor. */
  restored: { verb: "restore" },
  /** The new token was taken back; the old one works as before. */
  withdrawn: { isUntouched: true, verb: "rotate" },
  /** It did not exist, which the node counts as done. */
  "not-found": { isUntouched: true, words: "not found" },
  /** It has changed since it was listed, and was left alone; `now` says how it is. */
  changed: { isUntouched: true, words: "changed meanwhile" },
  /** It does not meet the node's condition (see `reason`), and was left alone. */
  skipped: { isUntouched: true },
  /** Nothing was changed; `would` is what the outcome would be, or the code of the error. */
  "dry-run": { words: "in dry run" },
  /** See `error`. */
  failed: { isFailure: true },
  /** Nothing was sent, because the work was stopped before. */
  "not-started": { isFailure: true, isUntouched: true, words: "not started" },
  /** It was stopped while the request was under way. */
  unknown: { isFailure: true },
} as const satisfies Record<string, OutcomeFacts>;

export type OutcomeName = keyof typeof OUTCOMES;

/** What is known of an outcome. */
export function factsOfOutcome(outcome: OutcomeName): OutcomeFacts {
  return OUTCOMES[outcome];
}

/** The record of one target. The token's fields have a key of their own, so that they cannot overwrite ours. */
export interface OutcomeRecord extends Omit<Outcome, "token"> {
  id: string;
  /** When the outcome became known, ISO 8601 in UTC. */
  at: string;
  error?: { code: TokenErrorCode; message: string; statusCode?: number };
  /** What the message said of the token, and what the server shows of it now. Never its value. */
  token: Readonly<Record<string, unknown>>;
  /** Of a message that has named its connection: which that is. */
  connection?: { readonly id: string; readonly name: string };
}

/** What acting on one target gives, for its record. */
export interface Outcome {
  outcome: OutcomeName;
  /** How often the request was sent, if more than once. */
  attempts?: number;
  /** Why a token was skipped, or would be refused. */
  reason?: string;
  /** What has changed since it was listed: each field as it is now. */
  now?: Record<string, unknown>;
  /** What a dry run says would be the outcome. */
  would?: OutcomeName | TokenErrorCode;
  /** The fields that a dry run says would change. */
  changes?: Record<string, { from: unknown; to: unknown }>;
  /** It had been revoked before. */
  alreadyRevoked?: true;
  /** The token that replaces it, or what was made. */
  successor?: Readonly<Record<string, unknown>>;
  /** What the server shows of the token. */
  token?: Readonly<Record<string, unknown>>;
}

/** Whether it was not done, or nobody knows. */
export function isFailure({ outcome }: OutcomeRecord): boolean {
  return factsOfOutcome(outcome).isFailure === true;
}

/** For a record: how often a request was sent, if more than once. */
export function triedMoreThanOnce(attempts = 1): { attempts?: number } {
  return attempts > 1 ? { attempts } : {};
}
