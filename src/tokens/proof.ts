import { asTokenError, TokenError } from "../errors.js";
import type { ApiCall, ApiResponse } from "../http/call.js";
import type { Http } from "../http/client.js";
import { badResponse } from "../http/responses.js";
import { Secret } from "../text/secret.js";

/** The error of a change that the server reports as made, but does not show. */
export function notApplied({ call, status, attempts }: ApiResponse, seen: string): TokenError {
  return new TokenError(
    "not-applied",
    `the server reported success, but ${seen}. List the tokens to see, and check what lies before the server.`,
    {
      task: call.task,
      statusCode: status,
      cause: { message: `status ${status}`, statusCode: status },
      attempts,
    },
  );
}

/** How new values are written: long, and without space. */
const NEW_VALUE = /^[\w+/=.-]{32,}$/;

/**
 * The value of a new token that an answer shows.
 *
 * @throws {TokenError} `bad-response` if it shows none, such as the "redacted" of a list.
 */
export function newValueIn(response: ApiResponse, shown: unknown): Secret {
  if (typeof shown === "string" && NEW_VALUE.test(shown)) return new Secret(shown);
  throw badResponse(response, "the answer does not show the value of the new token");
}

/** What an answer means when a token was asked for: it is gone, it is there, or the API refuses to show it. */
export type Sight = "gone" | "there" | "refused";

/** How an API answers when a token is deleted. */
interface DeletionAnswers {
  /** Whether an answer says that there is no such token. */
  readonly isUnknown: (response: ApiResponse) => boolean;
  /** An answer that is not a success, as an error. */
  readonly refused: (response: ApiResponse) => TokenError;
  /** Whether a success bears a mark of InfluxDB, which proves it. Without this, no answer does. */
  readonly bearsMark?: (response: ApiResponse) => boolean;
  /** What the answer means if the token is asked for; undefined if it is not one of the API. */
  readonly sightOf: (look: ApiResponse) => Sight | undefined;
}

/**
 * Deletes a token by its path, without a look before it. If a repeated try finds nothing, an earlier one has done the
 * work. A success that proves nothing is followed by a look.
 *
 * @throws {TokenError} what `refused` makes of the answer; `not-applied` if the token is still there, or something other
 *   than InfluxDB answers; the error of a look that fails.
 */
export async function deleteProved(
  http: Http,
  call: Pick<ApiCall, "task" | "path" | "watch">,
  { isUnknown, refused, bearsMark, sightOf }: DeletionAnswers,
): Promise<{ attempts: number }> {
  const response = await http.send({ ...call, method: "DELETE", repeat: "safe" });
  const doneBefore = response.mayBeRepeated && isUnknown(response);
  if (response.status !== 204 && !doneBefore) throw refused(response);
  if (response.status === 204 && !bearsMark?.(response)) {
    await proveGone(response, () => http.send({ ...call, method: "GET", repeat: "safe" }), sightOf);
  }
  return { attempts: response.attempts };
}

/**
 * Looks whether a token is gone, as an answer said: something other than InfluxDB, such as a login page, can say so as
 * well. If the API refuses to show the token, the answer came from the API, and is believed.
 *
 * @param look asks for the token.
 * @param read what the answer means; undefined if it is not one of the API.
 * @throws {TokenError} `not-applied` if the token is still there, or something else answers; the error of a look
 *   that fails.
 */
async function proveGone(
  response: ApiResponse,
  look: () => Promise<ApiResponse>,
  read: (look: ApiResponse) => Sight | undefined,
): Promise<void> {
  const seen = await look().catch((error: unknown) => {
    const failure = asTokenError(error);
    const unproven = `the server reported success, but the request that was to prove it failed: ${failure.reason}`;
    throw failure.retold(unproven, { attempts: response.attempts });
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
