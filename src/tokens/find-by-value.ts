import { TokenError } from "../errors.js";
import type { Answer } from "../http/call.js";
import { badResponse } from "../http/responses.js";
import type { Secret } from "../text/secret.js";
import type { Authorization } from "./authorizations-api.js";

/** A token value that is shown as it is, not masked. */
export const WHOLE_VALUE = /^[\w+/=-]{20,}$/;

/** Finds the authorization that has a value in the lists of a server that may show values. */
export function searchFor(value: Secret, task: string) {
  let isFound = false;
  let hidden = 0;
  return {
    /** Those of a batch that have the value. */
    within: (batch: readonly Authorization[]): Authorization[] =>
      batch.filter(({ token = "" }) => {
        const isIt = value.equals(token);
        isFound ||= isIt;
        if (!isIt && !WHOLE_VALUE.test(token)) hidden++;
        return isIt;
      }),

    /** To be called after the last batch. @throws {TokenError} `hidden-value` if it could be one that hides its value. */
    end(): void {
      if (!isFound && hidden > 0) throw new TokenError("hidden-value", HIDDEN, { task });
    },
  };
}

const HIDDEN =
  "the server does not show the values of its tokens, so it cannot be told which of them has the given one. " +
  "Check the value to see whose it is (check token), then look among the tokens of that user.";

/**
 * The authorization that InfluxDB Cloud has found by a value. Another server ignores the filter and answers all of them,
 * so there must be one at most, and it must not show another value.
 *
 * @throws {TokenError} `bad-response`.
 */
export async function* foundByServer(
  batches: AsyncIterable<Authorization[]>,
  value: Secret,
  response: Answer,
): AsyncGenerator<Authorization[]> {
  const found: Authorization[] = [];
  for await (const batch of batches) {
    found.push(...batch);
    const isIt = found.every(({ token = "" }) => token === REDACTED || value.equals(token));
    if (found.length > 1 || !isIt) {
      throw badResponse(response, "the server was asked for the token of one value, and answers with others");
    }
  }
  yield found;
}

/** What InfluxDB Cloud shows in place of every value. */
const REDACTED = "redacted";
