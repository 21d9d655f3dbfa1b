import { asTokenError, TokenError } from "../errors.js";
import type { ApiResponse } from "../http/client.js";

/** The error of a change that the server reports as made, but does not show. */
export function notApplied({ call, status, attempts }: ApiResponse, seen: string): TokenError {
  return new TokenError(
    "not-applied",
    `the server reported success, but ${seen}. List the tokens to see, and check what lies before the server.`,
    { task: call.task, statusCode: status, cause: { statusCode: status }, attempts },
  );
}

/** What an answer means when a token was asked for: it is gone, it is there, or the API refuses to show it. */
export type Sight = "gone" | "there" | "refused";

/**
 * Looks whether a token is gone, as an answer said: something other than InfluxDB, such as a login page, can say so as
 * well. If the API refuses to show the token, the answer came from the API, and is believed.
 *
 * @param look asks for the token.
 * @param read what the answer means; undefined if it is not one of the API.
 * @throws {TokenError} `not-applied` if the token is still there, or something else answers; the error of a look
 *   that fails.
 */
export async function proveGone(
  response: ApiResponse,
  look: () => Promise<ApiResponse>,
  read: (look: ApiResponse) => Sight | undefined,
): Promise<void> {
  const seen = await look().catch((error: unknown) => {
    const { code, reason, task, statusCode, retryAfter, fatal } = asTokenError(error);
    const unproven = `the server reported success, but the request that was to prove it failed: ${reason}`;
    throw new TokenError(code, unproven, {
      task,
      statusCode,
      retryAfter,
      fatal,
      attempts: response.attempts,
    });
  });
  const sight = read(seen);
  if (sight === "there") throw notApplied(response, "it still shows the token");
  if (sight === undefined) {
    throw notApplied(
      response,
      `something other than InfluxDB answered when asked for the token (status ${seen.status})`,
    );
  }
}
