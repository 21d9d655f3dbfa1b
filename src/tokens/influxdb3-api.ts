import { hash as digest } from "node:crypto";
import { TokenError } from "../errors.js";
import { safeText } from "../http/api-errors.js";
import type { Answer, ApiCall, ArrivingResponse, Watch } from "../http/call.js";
import type { Http } from "../http/client.js";
import { messageOf, refusal, type Meaning } from "../http/refusals.js";
import { NOT_AUTHENTICATED } from "../http/retries.js";
import { readLongList } from "../http/long-lists.js";
import { serverTime } from "../http/server-time.js";
import type { Conceal } from "../text/redactor.js";
import type { Secret } from "../text/secret.js";
import { isAdmin, OPERATOR, readInfluxdb3Column, type Influxdb3Permission } from "./influxdb3-permissions.js";
import { all } from "./resource.js";

/*
 * How InfluxDB 3 Core and Enterprise answer about tokens: https://docs.influxdata.com/influxdb3/core/api/, and, where
 * that is silent or wrong, the server of 3.9.6.
 */

export const TOKENS = ["api", "v3", "configure", "token"] as const;

/** The task, as people name it. */
export const LIST = "list InfluxDB 3 tokens";

/** A token as its server lists it. Fields that it leaves out, because they are NULL there, are left out here. */
export interface Influxdb3Token {
  /** Its name: the server knows a token by nothing else. */
  readonly id: string;
  readonly name: string;
  /** The number that the server gave it, which is never given again. No route takes it. */
  readonly tokenId: string;
  /** The operator token, one that may do everything as well, or, in Enterprise, one with permissions of its own. */
  readonly kind: "operator" | "admin" | "resource";
  /** By the server's time. Nothing removes what has expired. */
  readonly state: "active" | "expired";
  /** RFC 3339, as all times. */
  readonly createdAt?: string;
  /** Without it, it never expires. */
  readonly expiresAt?: string;
  readonly updatedAt?: string;
  readonly description?: string;
  /** Missing if the server writes them in a form that is not known. */
  readonly permissions?: readonly Influxdb3Permission[];
  readonly [field: string]: unknown;
}

/** One of a list, with the beginning of its hash: not for a flow. */
export interface ListedToken {
  readonly token: Influxdb3Token;
  /** Undefined if the server runs without authorization. */
  readonly hash: string | undefined;
}

/** Hexadecimal digits of a hash that a list shows. */
const SHOWN_DIGITS = 9;

/** The SHA-512 of a value, in hexadecimal, as the server shows it once. */
export function hashOf(value: Secret): string {
  return digest("sha512", value.reveal(), "hex");
}

/** Those of a list that can have a value. */
export function withValue<L extends Pick<ListedToken, "hash">>(listed: readonly L[], value: Secret): L[] {
  const shown = hashOf(value).slice(0, SHOWN_DIGITS);
  return listed.filter(({ hash }) => hash === shown);
}

/**
 * Those of a list of all that can have a value.
 *
 * @throws {TokenError} `forbidden` if the server runs without authorization, so that its list does not tell.
 */
export function haveValue(listed: readonly ListedToken[], value: Secret, task: string): ListedToken[] {
  // A list has the connection's own token at least, unless nobody looks at tokens.
  const tells = listed.length > 0 && listed.every(({ hash }) => hash !== undefined);
  if (!tells) throw withoutAuthorization(task);
  return withValue(listed, value);
}

/**
 * Asks for tokens: all, or the one with a name. There is no route for it, so the table is queried, as the `influxdb3`
 * program does. All columns, because which there are depends on the release and on how the server was started.
 *
 * @param asked with another token than that of the connection, if one is given.
 */
export function query<R>(
  http: Pick<Http, "stream">,
  asked: { task: string; name?: string | undefined; token?: Secret },
  watch: Watch,
  read: (response: ArrivingResponse) => Promise<R>,
): Promise<R> {
  const { task, name, token } = asked;
  const where = name === undefined ? "" : " WHERE name = $name";
  const call: ApiCall = {
    ...{ task, method: "POST", repeat: "safe", path: ["api", "v3", "query_sql"], watch },
    body: {
      db: "_internal",
      q: `SELECT * FROM system.tokens${where} ORDER BY token_id`,
      format: "json",
      ...(name !== undefined && { params: { name } }),
    },
    ...(token && { token }),
  };
  return http.stream(call, read);
}

/** The tokens of a list, in batches. @param now the server's time, by which they have expired. */
export function listedIn(response: ArrivingResponse, now: number): AsyncGenerator<ListedToken[]> {
  if (response.status !== 200) throw refused(response);
  return readLongList(response, undefined, (row, piece) => readRow(row, now, piece.conceal));
}

/** All tokens of a list, and the server's time at which they were listed. */
export async function readAll(response: ArrivingResponse): Promise<{ listed: ListedToken[]; now: number }> {
  const now = serverTime(response);
  return { listed: await all(listedIn(response, now)), now };
}

function readRow(row: unknown, now: number, conceal: Conceal | undefined): ListedToken | undefined {
  if (typeof row !== "object" || row === null) return undefined;
  const {
    name,
    token_id: tokenId,
    hash,
    permissions,
    description,
    ...times
  } = row as Record<string, unknown>;
  if (typeof name !== "string" || !Number.isSafeInteger(tokenId)) return undefined;
  const shown = conceal?.(name) ?? name;
  const held = readInfluxdb3Column(permissions);
  const expiresAt = readTime(times.expiry);
  const createdAt = readTime(times.created_at);
  const updatedAt = readTime(times.updated_at);
  const token: Influxdb3Token = {
    id: shown,
    name: shown,
    tokenId: String(tokenId),
    kind: name === OPERATOR ? "operator" : isAdmin(permissions) ? "admin" : "resource",
    state: expiresAt !== undefined && Date.parse(expiresAt) <= now ? "expired" : "active",
    ...(typeof description === "string" && { description: conceal?.(description) ?? description }),
    ...(createdAt !== undefined && { createdAt }),
    ...(updatedAt !== undefined && { updatedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(held && { permissions: held }),
  };
  return { token, hash: typeof hash === "string" ? hash : undefined };
}

const TIME = /^([+-]?)(\d{4,6})(-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?)(Z?)$/;

/**
 * A time as InfluxDB 3 writes it, with its zone: a list leaves that out, and means UTC. Years of five digits, which
 * JavaScript does not read, are those of a token that was made to live for thousands of years.
 *
 * @returns undefined if it is none.
 */
export function readTime(text: unknown): string | undefined {
  const found = typeof text === "string" ? TIME.exec(text) : null;
  if (found === null) return undefined;
  const [, sign = "", year = "", rest = ""] = found;
  const iso = `${sign === "" ? year : `${sign}${year.padStart(6, "0")}`}${rest}Z`;
  return Number.isNaN(Date.parse(iso)) ? undefined : iso;
}

export function refused(response: Answer): TokenError {
  return refusal(response, meaningOf(response));
}

/** Whether the server says that there is no such token. Its other 404, "Not found", means that there is no such route. */
export function isUnknown({ status, text }: Answer): boolean {
  return status === 404 && text.startsWith("the requested resource was not found");
}

/** Whether all that concerns tokens is switched off, because the server runs without authorization. */
export function isDisabled({ status, text }: Answer): boolean {
  return status === 405 && text.startsWith("endpoint disabled");
}

/** Whether the answer bears the mark of the server, which it does since 3.8. */
export function bearsMark({ headers }: Pick<Answer, "headers">): boolean {
  return headers["cluster-uuid"] !== undefined;
}

export const UNKNOWN =
  "there is no InfluxDB 3 token of this name. It may have been deleted already; check the name, in which capital letters and spaces count, and the connection.";

/** Of a server that runs without authorization: it lets everybody in, whatever the token. */
const WITHOUT_AUTHORIZATION = {
  code: "forbidden",
  words: "no authorization",
  reason:
    "the server was started without authorization (--without-auth), so it does not look at tokens. Start it without that option.",
  fatal: true,
} as const satisfies Meaning;

function withoutAuthorization(task: string): TokenError {
  const { code, reason, words, fatal } = WITHOUT_AUTHORIZATION;
  return new TokenError(code, reason, { words, task, fatal });
}

function meaningOf(response: Answer): Meaning | undefined {
  const { status, headers, text } = response;
  const message = messageOf(response);
  // Up to 3.7 this has no body; a proxy names a scheme (RFC 9110, 15.5.2), which the server never does.
  const isNotAuthenticated =
    message === NOT_AUTHENTICATED || (text === "" && headers["www-authenticate"] === undefined);
  if (status === 401 && isNotAuthenticated) {
    return {
      code: "unauthorized",
      reason:
        "the server does not accept the connection's token: it is wrong, expired or deleted. Set a valid admin token in the connection.",
      fatal: true,
    };
  }
  if (status === 400 && message.startsWith("Authorization header was malformed")) {
    return {
      code: "unauthorized",
      words: "malformed token",
      reason:
        "the connection's token is none of InfluxDB 3, for it has a space in it. Copy it once more into the connection.",
      fatal: true,
    };
  }
  if (status === 403 && (message.startsWith("unauthorized to perform") || bearsMark(response))) {
    return {
      code: "forbidden",
      words: "no admin token",
      reason:
        "the connection's token may not do this, for it is not an admin token. Set an admin token in the connection.",
      fatal: true,
    };
  }
  if (isDisabled(response)) return WITHOUT_AUTHORIZATION;
  if (status === 405 && text.startsWith("cannot delete operator token"))
    return { code: "protected", words: "operator token", reason: OPERATOR_STAYS };
  if (isUnknown(response)) return { code: "not-found", reason: UNKNOWN };
  if (status === 404 && text === "Not found") {
    return {
      code: "unsupported-product",
      words: "not offered here",
      reason:
        "the server has no such route: InfluxDB 3 Core has admin tokens alone, and releases before 3.1 have no named ones. Check the product and the release.",
    };
  }
  if (status === 409 && text.startsWith("token name already exists")) return TAKEN;
  if (status === 500 && text.startsWith("missing admin token"))
    return { code: "not-found", words: "no operator token", reason: "the server has no operator token." };
  if ([400, 413, 415].includes(status) && text !== "" && bearsMark(response))
    return {
      code: "invalid-config",
      words: "request rejected",
      reason: `the server rejects the request ("${safeText(text, response.redactor).slice(0, 200)}").`,
    };
  return undefined;
}

export const TAKEN = {
  code: "conflict",
  words: "name is taken",
  reason:
    "there is a token of this name, perhaps one that has expired. Names are unique: choose another, or delete that token first.",
} as const satisfies Meaning;

export const OPERATOR_STAYS =
  "it is the operator token, which InfluxDB never deletes. To give it another value, use the node regenerate operator token.";
