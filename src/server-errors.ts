import { plain } from "./plain-text.js";
import { withoutSecret } from "./secrets.js";

/** What the body of an error says, in the form that InfluxData's APIs have in common. */
export interface ServerError {
  /** A word in `/api/v2` and a number in the Management API; a proxy before them, or another server, has none or another. */
  code: unknown;
  /** Plain, not long, and without the connection's token, which a server can echo. */
  message: string;
}

/** Characters of a message; those of InfluxDB that hold no names are a fifth of it. */
const LONGEST_MESSAGE = 1000;

/** @returns undefined where the body is none of InfluxData's. */
export function readServerError(body: string, secret: string): ServerError | undefined {
  try {
    const { code, message } = JSON.parse(body) as Record<string, unknown>;
    if (typeof message !== "string") return undefined;
    return { code, message: plain(withoutSecret(message.slice(0, LONGEST_MESSAGE), secret)) };
  } catch {
    return undefined;
  }
}
