import { plain } from "../text/plain-text.js";
import type { Redactor } from "../text/redactor.js";

/** What the body of an error says, in the form that InfluxData's APIs have in common. */
export interface ApiError {
  /** A word in `/api/v2` and a number in the Management API; a proxy before them, or another server, has none or another. */
  code: unknown;
  /** Plain and not long. To be compared and never told, because a server can echo a secret. */
  message: string;
  /** The same as it may be told. A secret can have words in common with it, and all of it is withheld then. */
  told: string;
}

/** Characters of a message; those of InfluxDB that hold no names are a fifth of it. */
const LONGEST_MESSAGE = 1000;

/** @returns undefined if the body is none of InfluxData's. */
export function readApiError(body: string, redactor: Redactor): ApiError | undefined {
  try {
    const { code, message } = JSON.parse(body) as Record<string, unknown>;
    if (typeof message !== "string") return undefined;
    const short = plain(message, LONGEST_MESSAGE);
    return { code, message: short, told: plain(redactor.withhold(message.slice(0, LONGEST_MESSAGE))) };
  } catch {
    return undefined;
  }
}
