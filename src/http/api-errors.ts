import { plain } from "../text/plain-text.js";
import type { Redactor } from "../text/redactor.js";

/** What the body of an error says, in the form that InfluxData's APIs have in common. */
export interface ApiError {
  /**
   * A word in `/api/v2`, a number in the Management API, perhaps none at the query endpoint of InfluxDB 1. A proxy or
   * another server has none, or another.
   */
  code: unknown;
  /** Plain and short. Only to be compared, never to be shown, because a server can echo a secret. */
  message: string;
  /** The same, safe to show: all of it is withheld if it has words in common with a secret. */
  told: string;
}

/** Characters of a message; without the names in them, InfluxDB's are a fifth of it. */
const LONGEST_MESSAGE = 1000;

/** @returns undefined if the body is not an error of InfluxData's APIs. */
export function readApiError(body: string, redactor: Redactor): ApiError | undefined {
  // As of each deletion that is done; to have the parser throw would cost more than all else.
  if (body === "") return undefined;
  try {
    // InfluxDB 1 has a text of another name.
    const { code, error, message = error } = JSON.parse(body) as Record<string, unknown>;
    if (typeof message !== "string") return undefined;
    return { code, message: shortText(message), told: safeText(message, redactor) };
  } catch {
    return undefined;
  }
}

/** A text of a server in plain words, to be compared alone. */
export function shortText(text: string): string {
  return plain(text, LONGEST_MESSAGE);
}

/** The same, safe to show: all of it is withheld if it has words in common with a secret. */
export function safeText(text: string, redactor: Redactor): string {
  return plain(redactor.withhold(text.slice(0, LONGEST_MESSAGE)));
}
