import { plain } from "../text/plain-text.js";
import { withoutSecrets } from "../text/secrets.js";

/** What the body of an error says, in the form that InfluxData's APIs have in common. */
export interface ApiError {
  /** A word in `/api/v2` and a number in the Management API; a proxy before them, or another server, has none or another. */
  code: unknown;
  /** Plain and not long. To be compared and never told, for a server can echo the connection's token. */
  message: string;
  /** The same as it may be told. A token can have words in common with it, and all of it is withheld then. */
  told: string;
}

/** Characters of a message; those of InfluxDB that hold no names are a fifth of it. */
const LONGEST_MESSAGE = 1000;

/** @returns undefined where the body is none of InfluxData's. */
export function readApiError(body: string, secrets: readonly string[]): ApiError | undefined {
  try {
    const { code, message } = JSON.parse(body) as Record<string, unknown>;
    if (typeof message !== "string") return undefined;
    const short = plain(message, LONGEST_MESSAGE);
    return { code, message: short, told: plain(withoutSecrets(message.slice(0, LONGEST_MESSAGE), secrets)) };
  } catch {
    return undefined;
  }
}
