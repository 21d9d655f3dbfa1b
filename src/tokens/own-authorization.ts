import * as z from "zod";
import { readJson } from "../http/responses.js";
import {
  authorizationsIn,
  PATH,
  refused,
  type Authorization,
  type Authorizations,
} from "./authorizations.js";
import { breather } from "../work/breather.js";
import { TokenError } from "../errors.js";
import type { ApiResponse, ApiCall, Http, Watch } from "../http/client.js";
import type { Secret } from "../text/secret.js";
import { HEX_ID } from "../ids.js";
import { isRefused, type OwnTokenSigns } from "./own-token-protection.js";
import type { Look } from "../work/targets.js";

export interface OwnToken {
  /** The token value that the connection sends. */
  value: Secret;
  /** InfluxDB Cloud and OSS look it up in different ways. */
  isCloud: boolean;
}

const User = z.looseObject({ id: z.string().regex(HEX_ID.pattern) });

export interface OwnAuthorizations {
  /** The user whose token it is, on OSS. */
  userID?: string;
  /**
   * The authorizations among which that of the connection's own token is: on OSS those of its user that it may read,
   * and on Cloud it alone. An empty list says that the token may not read authorizations, for at least itself would be
   * there. Of each, `token` is what the server shows: the value, "" or "redacted".
   */
  rows: Authorization[];
}

/**
 * Asks whose token the connection has.
 *
 * @throws {TokenError} what the server says of a token that is no good: `unauthorized` where it is inactive, or lacks a
 *   permission, which is named; `forbidden` where its user is inactive; and those of {@link Http.send}.
 */
export async function ownAuthorizations(
  http: Http,
  own: OwnToken,
  watch?: Watch,
): Promise<OwnAuthorizations> {
  const get = async (call: Pick<ApiCall, "path" | "query" | "secrets" | "isList">): Promise<ApiResponse> => {
    const answer = await http.send({ task: TASK, method: "GET", repeat: "safe", ...call, watch });
    if (answer.status !== 200) throw refused(answer);
    return answer;
  };
  const rows = async (query: Record<string, string>) => {
    const answer = await get({ path: PATH, query, secrets: [own.value], isList: true });
    const found: Authorization[] = [];
    for await (const authorizations of authorizationsIn(answer, { includeToken: true })) {
      found.push(...authorizations);
    }
    return found;
  };
  // Cloud may refuse to tell a token with few permissions whose it is; OSS lists every token for any value.
  if (own.isCloud) return { rows: await rows({ token: own.value.reveal() }) };
  const userID = readJson(await get({ path: ["api", "v2", "me"] }), User).id;
  return { userID, rows: await rows({ userID }) };
}

const TASK = "read the connection's own authorization";

/** Targets of which more are looked up by one list than one by one. */
const MANY = 20;

/**
 * Tells a connection's own authorization from others: by its value where the server shows that, by the filter of
 * InfluxDB Cloud, and otherwise by what it cannot be. That a list holds one active token of its user alone proves
 * nothing: the own one is hidden where its organization is gone, or where it may not read itself.
 */
export function ownAuthorizationSigns(
  http: Http,
  own: OwnToken,
  authorizations: Pick<Authorizations, "get" | "list">,
): OwnTokenSigns {
  let userID: string | undefined;
  /** Of each message: what a list has shown to be somebody else's. */
  const others = new WeakMap<readonly string[], Promise<Set<string>>>();

  const isOther = ({ userID: its, status, token = "" }: Authorization) =>
    (userID !== undefined && its !== undefined && its !== userID) ||
    status === "inactive" ||
    (WHOLE_VALUE.test(token) && token !== own.value.reveal());

  function othersIn(among: readonly string[], signal: AbortSignal): Promise<Set<string>> {
    const known = others.get(among);
    if (known) return known;
    const rows = authorizations.list({}, { signal, includeToken: true }).catch((error: unknown) => {
      // What no list shows is looked up one by one.
      if (isRefused(error)) return [];
      throw error;
    });
    const ids = rows.then(async (all) => {
      const breathe = breather();
      const found = new Set<string>();
      for (const [index, row] of all.entries()) {
        if (isOther(row)) found.add(row.id.toLowerCase());
        if (index % 1000 === 0) await breathe();
      }
      return found;
    });
    others.set(among, ids);
    return ids;
  }

  return {
    async find(signal) {
      const found = await ownAuthorizations(http, own, { signal });
      userID = found.userID;
      const shown = found.rows.find(({ token }) => token === own.value.reveal());
      if (shown) return shown.id.toLowerCase();
      const [only] = found.rows;
      if (!own.isCloud) return undefined;
      if (only === undefined) throw new TokenError("forbidden", UNREADABLE, { task: TASK });
      // Another server than Cloud takes no notice of the filter; this one says "redacted" of every value.
      return found.rows.length === 1 && only.token === "redacted" ? only.id.toLowerCase() : undefined;
    },

    async mayBe(id, { among, look }, signal) {
      if (!look && among.length > MANY && (await othersIn(among, signal)).has(id)) return undefined;
      try {
        const seen = look ?? (await authorizations.get(id, { signal }, { includeToken: true }));
        const { token, hidden } = seen as Look<Authorization>;
        // Without its user no token works.
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
  };
}

/** What is shown of a token and is no mask. */
const WHOLE_VALUE = /^[\w+/=-]{20,}$/;

const UNREADABLE = "its token may not read its own authorization.";
