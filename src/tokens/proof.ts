import { asTokenError, TokenError } from "../errors.js";
import type { ApiResponse } from "../http/client.js";

/** The error of a change that the server says it has made, and that cannot be seen. */
export function notApplied({ call, status, attempts }: ApiResponse, seen: string): TokenError {
  return new TokenError(
    "not-applied",
    `the server reported success, but ${seen}. List the tokens to see, and check what lies before the server.`,
    { task: call.task, statusCode: status, cause: { statusCode: status }, attempts },
  );
}

/** What an answer to the question for a token means: it is gone, it is there, or the API refuses to show it. */
export type Sight = "gone" | "there" | "refused";

/**
 * Looks whether a token is gone that was answered to be: something else than InfluxDB can say so just as well, a
 * login page or a wrong address. An API that refuses to show it is the API at least, and taken at its word.
 *
 * @param look asks for the token.
 * @param read what the answer means; undefined if it is none of the API's.
 * @throws {TokenError} `not-applied` if the token is still there, or something else answers; the error of a look
 *   that fails.
 */
export async function proveGone(
  answer: ApiResponse,
  look: () => Promise<ApiResponse>,
  read: (look: ApiResponse) => Sight | undefined,
): Promise<void> {
  const seen = await look().catch((error: unknown) => {
    const { code, reason, task, statusCode, retryAfter, fatal } = asTokenError(error);
    const unproven = `the server reported success, but the request that was to prove it failed: ${reason}`;
    throw new TokenError(code, unproven, { task, statusCode, retryAfter, fatal, attempts: answer.attempts });
  });
  const sight = read(seen);
  if (sight === "there") throw notApplied(answer, "it still shows the token");
  if (sight === undefined) {
    throw notApplied(
      answer,
      `something other than InfluxDB answered when asked for the token (status ${seen.status})`,
    );
  }
}
