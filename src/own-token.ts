import * as z from "zod";
import { readJson } from "./answers.js";
import { Authorization, PATH, refused } from "./authorizations.js";
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

const TASK = "read the connection's own authorization";
