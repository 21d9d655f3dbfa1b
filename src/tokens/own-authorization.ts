import * as z from "zod";
import { readJson } from "../http/responses.js";
import type { Authorizations } from "./authorizations.js";
import { authorizationsIn, PATH, refused, type Authorization } from "./authorizations-api.js";
import { TokenError } from "../errors.js";
import type { Watch } from "../http/call.js";
import type { Http } from "../http/client.js";
import type { Secret } from "../text/secret.js";
import { HEX_ID } from "../ids.js";
import { WHOLE_VALUE } from "./find-by-value.js";
import { isRefused, type OwnTokenSigns } from "./own-token-protection.js";
import { all, type Look, type Shown } from "./resource.js";

export interface OwnToken {
  /** The token value that the connection sends now. */
  readonly value: Secret;
  /** Whether the API finds an authorization by the value of its token, as InfluxDB Cloud does. */
  findsByValue: boolean;
}

export const User = z.looseObject({
  id: z.string().regex(HEX_ID.pattern),
  name: z.string().optional().catch(undefined),
});

export interface OwnAuthorizations {
  /** The user whose token it is, on OSS. */
  userID?: string;
  /** The name of that user, in the server's words. */
  userName?: string | undefined;
  /**
   * The authorizations that include the connection's own: on OSS those of its user that it may read, on Cloud only
   * itself. If the list is empty, the token may not read authorizations, because it would at least show itself. `token`
   * is what the server shows: the value, "" or "redacted".
   */
  rows: Authorization[];
}

/**
 * Asks the server whose token the connection has: `/api/v2/me` on OSS, the filter `token` on Cloud.
 *
 * @throws {TokenError} `unauthorized` if the token is wrong or inactive, or lacks a permission, which is named;
 *   `forbidden` if its user is inactive; and the codes of {@link Http.send}.
 */
export async function ownAuthorizations(
  http: Http,
  own: OwnToken,
  watch?: Watch,
): Promise<OwnAuthorizations> {
  const get = { task: TASK, method: "GET", repeat: "safe", watch } as const;
  const rows = (query: Record<string, string>) =>
    http.stream({ ...get, path: PATH, query, secrets: [own.value] }, (response) => {
      if (response.status !== 200) throw refused(response);
      return all(authorizationsIn(response, { includeToken: true }));
    });
  // Cloud may refuse `/me` to a token with few permissions; OSS ignores the filter and lists every token.
  if (own.findsByValue) return { rows: await rows({ token: own.value.reveal() }) };
  const me = await http.send({ ...get, path: ME });
  if (me.status !== 200) throw refused(me);
  const { id: userID, name } = readJson(me, User);
  return { userID, userName: name && me.redactor.withhold(name), rows: await rows({ userID }) };
}

/** Where the server says whose token it was sent. */
export const ME = ["api", "v2", "me"];

const TASK = "read the connection's own authorization";

/** From more targets than this, one list is read instead of looking up each. */
const MANY = 20;

/**
 * Tells a connection's own authorization from others: by its value if the server shows that, by the filter of
 * InfluxDB Cloud, and otherwise by what it cannot be. A list with only one active token of its user proves nothing: the
 * own one is hidden if its organization is gone, or if it may not read itself.
 *
 * @param open gives the authorizations; the signal ends what they send.
 */
export function ownAuthorizationSigns(
  http: Http,
  own: OwnToken,
  open: (signal: AbortSignal) => Authorizations,
): OwnTokenSigns {
  let userID: string | undefined;
  /** For the ids of each message: those that a list has shown to be somebody else's. */
  const others = new WeakMap<readonly string[], Promise<Set<string>>>();

  const isOther = (row: Shown) =>
    (userID !== undefined && row.userID !== undefined && row.userID !== userID) || !mayBeOwn(row, own);

  function othersIn(among: readonly string[], signal: AbortSignal): Promise<Set<string>> {
    const ids = others.get(among) ?? listOthers(signal);
    others.set(among, ids);
    return ids;
  }

  async function listOthers(signal: AbortSignal): Promise<Set<string>> {
    const listing = open(signal).list({}, { includeToken: true });
    const reading = listing.read(async (batches) => {
      const found = new Set<string>();
      for await (const batch of batches) {
        for (const row of batch) if (isOther(row)) found.add(HEX_ID.normalize(row.id));
      }
      return found;
    });
    return reading.catch((error: unknown) => {
      // Without a list, they are looked up one by one.
      if (!isRefused(error)) throw error;
      return new Set();
    });
  }

  return {
    async find(signal) {
      const found = await ownAuthorizations(http, own, { signal });
      userID = found.userID;
      if (own.findsByValue && found.rows.length === 0)
        throw new TokenError("forbidden", UNREADABLE, { words: "no permission", task: TASK });
      const certain = certainlyOwn(found, own);
      return certain && HEX_ID.normalize(certain.id);
    },

    async mayBe(id, { among, look }, signal) {
      if (!look && among.length > MANY && (await othersIn(among, signal)).has(id)) return undefined;
      try {
        const seen = look ?? (await open(signal).get(id, { includeToken: true }));
        const { token, hidden } = seen as Look<Authorization>;
        // A token whose user is gone does not work.
        if (token === undefined)
          return hidden === "user" ? undefined : "its organization is gone, so it is not shown";
        if (isOther(token)) return undefined;
        const what = token.status === "active" ? "an active token" : "a token of a status that is new to us,";
        return `it is ${what} of the same user, and the server hides its value`;
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        if (error.code === "not-found") return undefined;
        if (error.code === "unauthorized" && !error.fatal) return "the connection may not read it";
        throw error;
      }
    },

    canBe: (_id, token) => !isOther(token),
  };
}

/** The one that is the token's own without doubt, by its value or by the filter of InfluxDB Cloud. */
export function certainlyOwn({ rows }: OwnAuthorizations, own: OwnToken): Authorization | undefined {
  const shown = rows.find(({ token }) => token === own.value.reveal());
  if (shown || !own.findsByValue) return shown;
  const [only, ...others] = rows;
  // A server other than Cloud may ignore the filter; Cloud shows "redacted" for every value.
  return others.length === 0 && only?.token === "redacted" ? only : undefined;
}

/** Whether an authorization of the token's user can be the token's own, as far as the server shows. */
export function mayBeOwn({ status, token }: Shown, own: OwnToken): boolean {
  const isOtherValue = typeof token === "string" && WHOLE_VALUE.test(token) && token !== own.value.reveal();
  return status !== "inactive" && !isOtherValue;
}

const UNREADABLE = "its token may not read its own authorization.";
