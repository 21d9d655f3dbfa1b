import { asTokenError } from "../errors.js";
import type { ApiResponse, Watch } from "../http/call.js";
import type { Http } from "../http/client.js";
import { messageOf } from "../http/refusals.js";
import { badResponse, readJson } from "../http/responses.js";
import { HEX_ID } from "../ids.js";
import type { Secret } from "../text/secret.js";
import { isRefusalOfApi, refused, type Authorization } from "./authorizations-api.js";
import type { Authorizations } from "./authorizations.js";
import { ME, User } from "./own-authorization.js";
import type { Liveness } from "./resource.js";

/**
 * What the server makes of an API token, by asking with it who it is.
 *
 * @param authorizations by which the connection's own token looks which one it is.
 * @throws {TokenError} if the answer is none of those that InfluxDB gives: a proxy's, for example.
 */
export async function checkAuthorization(
  http: Http,
  authorizations: Authorizations,
  value: Secret,
  { watch, findsByValue }: { watch: Watch; findsByValue: boolean },
): Promise<Liveness> {
  const response = await http.send({
    task: "check an API token",
    method: "GET",
    repeat: "safe",
    path: ME,
    token: value,
    watch,
  });
  const told = livenessOf(response);
  // A server that shows its tokens has none of this value, but Cloud can still know one that is inactive.
  if (told.state === "not-accepted" && !findsByValue) return told;
  const found = await ofValue(authorizations, value, told.user?.id);
  if (found === undefined) return told;
  const state = told.state === "not-accepted" && found.status === "inactive" ? "inactive" : told.state;
  const { userID: id, user: name } = found;
  const user = told.user ?? (id === undefined ? undefined : { id });
  return { ...told, state, ...(user && { user: { ...(name && { name }), ...user } }), token: found };
}

/** @throws {TokenError} */
function livenessOf(response: ApiResponse): Liveness {
  if (response.status === 200) {
    const { id, name } = readJson(response, User);
    return {
      works: true,
      state: "active",
      user: { id, ...(name !== undefined && { name: response.redactor.withhold(name) }) },
    };
  }
  if (!isRefusalOfApi(response)) throw refused(response);
  const message = messageOf(response);
  const state = REFUSALS[`${response.status} ${message}`];
  if (state !== undefined) return { works: false, state };
  // It may not read its own user, but it was let in to be told so.
  const [, lacking] = /^(\S+) is unauthorized$/.exec(message) ?? [];
  if (lacking === undefined) throw badResponse(response, "it refuses the token, and why is new to us");
  const id = /^read:users\/(.*)$/.exec(lacking)?.[1];
  return { works: true, state: "active", ...(id && HEX_ID.pattern.test(id) && { user: { id } }) };
}

/** As seen on InfluxDB OSS 2.9, status and message. The user counts before the token. */
const REFUSALS: Partial<Record<string, Liveness["state"]>> = {
  "401 unauthorized access": "not-accepted",
  "401 token is inactive": "inactive",
  "403 User is inactive": "user-inactive",
};

/**
 * The token that has a value, if the connection can find it. What it works for has been answered by then, so whatever
 * keeps it from being found is no failure of the check; the end of the flow is.
 */
async function ofValue(
  authorizations: Authorizations,
  tokenValue: Secret,
  userID: string | undefined,
): Promise<Authorization | undefined> {
  try {
    return await authorizations.list({ tokenValue, userID }).read(async (batches) => {
      for await (const [found] of batches) if (found) return found;
      return undefined;
    });
  } catch (error) {
    if (asTokenError(error).code === "cancelled") throw error;
    return undefined;
  }
}
