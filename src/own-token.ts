import * as z from "zod";
import { readJson } from "./answers.js";
import { Authorization, PATH, refused } from "./authorizations.js";
import { TokenError } from "./errors.js";
import type { Answer, Http, Watch } from "./http.js";

export interface OwnToken {
  /** The token value that the connection sends. */
  value: string;
  /** InfluxDB Cloud and OSS look it up in different ways. */
  isCloud: boolean;
}

const User = z.looseObject({ id: z.string() });
const List = z.object({ authorizations: z.array(Authorization) });

/**
 * The authorizations among which that of a connection's own token is: on OSS all of its user, and on Cloud it alone.
 * An empty list says that the token may not read authorizations, for at least itself would be there. Of each, `token`
 * is what the server shows: the value, "" or "redacted".
 *
 * @throws {TokenError} what the server says of a token that is no good: `unauthorized` where it is inactive, or lacks a
 *   permission, which is named; `forbidden` where its user is inactive; and those of {@link Http.send}.
 */
export async function ownAuthorizations(http: Http, own: OwnToken, watch?: Watch): Promise<Authorization[]> {
  const get = async (path: readonly string[], query?: Record<string, string>): Promise<Answer> => {
    const answer = await http.send({ task: TASK, method: "GET", path, query, watch });
    if (answer.status !== 200) throw refused(answer);
    return answer;
  };
  // Cloud may refuse to tell a token with few permissions whose it is; OSS lists every token for any value.
  const query = own.isCloud
    ? { token: own.value }
    : { userID: readJson(await get(["api", "v2", "me"]), User).id };
  return readJson(await get(PATH, query), List).authorizations;
}

/**
 * The ids of those of {@link ownAuthorizations} of which one is the connection's own, in lower case: the one that shows
 * its value, or else all that are active and show none.
 *
 * @throws {TokenError} `forbidden` where there is none: it may not read itself.
 */
export function candidatesOf(rows: readonly Authorization[], { value }: OwnToken): string[] {
  const shown = rows.filter(({ token }) => token === value);
  const isShown = ({ token = "" }: Authorization) => token !== "" && token !== "redacted";
  const candidates =
    shown.length > 0 ? shown : rows.filter((row) => row.status === "active" && !isShown(row));
  if (candidates.length === 0) {
    throw new TokenError("forbidden", "its token may not read its own authorization.", { task: TASK });
  }
  return candidates.map(({ id }) => id.toLowerCase());
}

const TASK = "read the connection's own authorization";
