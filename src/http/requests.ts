import { kindOf, TokenError } from "../errors.js";
import type { Secret } from "../text/secret.js";
import type { TokenSource } from "../token-source.js";
import type { AttemptRequest } from "./attempt.js";
import type { ApiCall } from "./call.js";

/** The Authorization header. */
export interface Authorization {
  scheme: "Token" | "Bearer";
  token: TokenSource;
}

/**
 * Makes the requests of calls to one server.
 *
 * @param url the base URL of the server; a path prefix is kept.
 * @returns what makes the request of a call with the connection's own token. It throws {@link TokenError} `invalid-id`
 *   if the path holds a segment that cannot be sent.
 */
export function requestsTo(
  { origin, pathname }: URL,
  scheme: Authorization["scheme"],
): (call: ApiCall, own: Secret) => AttemptRequest {
  const prefix = pathname.replace(/\/+$/, "");
  const headersWith = (each: Secret) => {
    // undici writes each character of a header as one byte, and servers compare the bytes of a token in UTF-8.
    const authorization = Buffer.from(`${scheme} ${each.reveal()}`).toString("latin1");
    const plain = { authorization, ...ANONYMOUS };
    return { plain, json: { ...plain, "content-type": "application/json" } };
  };
  return ({ method, path, query, body, isAnonymous = false, token }, own) => {
    const { plain, json } = headersWith(token ?? own);
    return {
      origin,
      path: targetOf(prefix, path, query),
      method,
      headers: isAnonymous ? ANONYMOUS : body === undefined ? plain : json,
      body: body === undefined ? null : JSON.stringify(body),
    };
  };
}

const ANONYMOUS = { accept: "application/json" };

/** Path and query. */
function targetOf(prefix: string, path: readonly string[], query: ApiCall["query"]): string {
  const search = new URLSearchParams(query).toString();
  return [prefix, ...path.map(segmentOf)].join("/") + (search === "" ? "" : `?${search}`);
}

/**
 * @throws {TokenError} `invalid-id` if no encoding makes it a segment: an empty text, half of a character, or one or
 *   two dots, which name the folder itself or the one above, even as `%2e`.
 */
function segmentOf(text: string): string {
  if (/^\.{0,2}$|\p{Surrogate}/u.test(text)) {
    throw new TokenError("invalid-id", `${kindOf(text)} cannot be part of a URL's path. Nothing was sent.`);
  }
  return encodeURIComponent(text);
}
