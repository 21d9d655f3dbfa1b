import * as z from "zod";
import { systemClock } from "../clock.js";
import { asTokenError, cancelled, TokenError } from "../errors.js";
import type { ApiCall, ApiResponse, ArrivingResponse, Watch } from "../http/call.js";
import { plainBody, readJson } from "../http/responses.js";
import { mayHaveTakenEffect } from "../http/retries.js";
import { serverTime } from "../http/server-time.js";
import { TOKEN_NAME } from "../ids.js";
import { plain } from "../text/plain-text.js";
import type { Secret } from "../text/secret.js";
import {
  contains,
  equals,
  isAfter,
  isBefore,
  isWithin,
  moment,
  text,
  timeAhead,
  tokenValue,
  word,
  type Filter,
} from "../work/filters.js";
import { instantOf, type Moment } from "../work/times.js";
import {
  bearsMark,
  haveValue,
  hashOf,
  isUnknown,
  LIST,
  listedIn,
  OPERATOR_STAYS,
  query,
  readAll,
  readTime,
  refused,
  TAKEN,
  TOKENS,
  UNKNOWN,
  withValue,
  type Influxdb3Token,
  type ListedToken,
} from "./influxdb3-api.js";
import { mayHaveMade } from "./creation.js";
import { accessOfInfluxdb3Token, ADMIN, OPERATOR } from "./influxdb3-permissions.js";
import type { OwnTokenSigns } from "./own-token-protection.js";
import { newValueIn, notApplied } from "./proof.js";
import {
  all,
  narrowed,
  NONE,
  type Changed,
  type Creatable,
  type Listable,
  type Liveness,
  type Made,
  type Removable,
  type Resource,
  type Shown,
  type Wires,
} from "./resource.js";
import { checked, INFLUXDB3_TOKEN, twinOfInfluxdb3Token, type NewInfluxdb3Token } from "./wanted.js";

/** What a list is narrowed by; all of them must match. */
export interface Influxdb3TokenFilters {
  /** The name; case-sensitive, and with the space around it. */
  tokenName?: string | undefined;
  /** A text that the name contains; case-sensitive. */
  nameContains?: string | undefined;
  /** A text that the description contains; case-sensitive. */
  description?: string | undefined;
  kind?: Influxdb3Token["kind"] | undefined;
  state?: Influxdb3Token["state"] | undefined;
  /** The value of the token. It is known by the beginning of its hash. */
  tokenValue?: Secret | undefined;
  /** "After" and "before" exclude the moment itself. */
  createdBefore?: Moment | undefined;
  createdAfter?: Moment | undefined;
  expiresBefore?: Moment | undefined;
  /** Milliseconds from now within which the token will expire; expired ones do not match. */
  expiresWithin?: number | undefined;
}

/** {@link Influxdb3Tokens}, and what is known of them. */
export const influxdb3Tokens = {
  noun: "InfluxDB 3 token",
  reference: TOKEN_NAME,
  known: ["name", "tokenId", "kind", "description", "createdAt", "expiresAt"],
  // The number tells one from another that was made with its name since.
  listed: ["createdAt", "tokenId", "updatedAt", "expiresAt", "permissions"],
  filters: {
    tokenName: text,
    nameContains: text,
    description: text,
    kind: word(["operator", "admin", "resource"]),
    state: word(["active", "expired"]),
    tokenValue,
    createdBefore: moment,
    createdAfter: moment,
    expiresBefore: moment,
    expiresWithin: timeAhead,
  } satisfies { [K in keyof Influxdb3TokenFilters]-?: Filter<NonNullable<Influxdb3TokenFilters[K]>> },
  removed: "deleted",
  access: accessOfInfluxdb3Token,
  twinOf: twinOfInfluxdb3Token,
  markOf: ({ tokenId }: Shown) => String(tokenId),
  refuseEnd: refuseOperator,
  ownToken,
  check,
  open,
} satisfies Resource;

/**
 * The tokens of InfluxDB 3 Core and Enterprise. Its methods throw {@link TokenError}: besides the codes of each, those of
 * {@link Http.send}, and `unauthorized`, `forbidden`, `rate-limited`, `unavailable` and `bad-response`.
 */
interface Influxdb3Tokens
  extends
    Listable<Influxdb3Token, Influxdb3TokenFilters>,
    Creatable<Influxdb3Token, NewInfluxdb3Token>,
    Removable<Influxdb3Token> {
  /**
   * @throws {TokenError} `conflict` if there is a token of this name, an expired one, too; `unsupported-product` if the
   *   server makes no tokens of this kind.
   */
  make(wanted: NewInfluxdb3Token): Promise<Made<Influxdb3Token>>;
  /**
   * Deletes by name. As names can be used again, the request is not repeated blindly: after a lost answer, the token is
   * looked for.
   *
   * @throws {TokenError} `not-found`; `protected` for the operator token; `not-applied` if the server reports success, but
   *   still has it.
   */
  remove(name: string): Promise<Changed<Influxdb3Token>>;
  /**
   * Gives the operator token a new value. The old one is refused at once, so nobody who uses it is let in any more.
   *
   * @throws {TokenError} `not-found` if there is none; if the answer is lost, the error says what that means.
   */
  regenerate(): Promise<Made<Influxdb3Token>>;
}

/** The answer to a create, with the whole hash. */
const Created = z.looseObject({
  id: z.number().int(),
  name: z.string(),
  token: z.unknown(),
  hash: z.string(),
  created_at: z.string(),
  expiry: z.string().nullish(),
});

/** Milliseconds by which an expiry can differ from the one that was asked for: the server takes whole seconds from its now. */
const TOLERANCE = 60_000;
/** How often a request is sent whose answer was lost. */
const MOST_TRIES = 3;

/** What was there, and wanted, before an attempt to make a token. */
type Before = Map<string, { last: number; expiresAt: string | undefined }>;

function open({ http }: Pick<Wires, "http">, watch: Watch, before: Before = new Map()): Influxdb3Tokens {
  /** The token of a name, or undefined if there is none. */
  async function look(task: string, name: string) {
    const { listed, now } = await query(http, { task, name }, watch, readAll);
    return { token: listed.find(({ token }) => token.name === name)?.token, now };
  }

  function newTokenIn(response: ApiResponse, name: string): Made<Influxdb3Token> {
    if (response.status !== 201) throw refused(response);
    const shown = readJson(response, Created);
    const value = newValueIn(response, shown.token);
    if (shown.name !== name) throw notApplied(response, "it shows a token of another name");
    if (shown.hash !== hashOf(value))
      throw notApplied(
        response,
        `the hash of the new InfluxDB 3 token ${quoted(name)} is not that of its value`,
      );
    const expiry = readTime(shown.expiry);
    const createdAt = readTime(shown.created_at);
    const token: Influxdb3Token = {
      id: name,
      name,
      tokenId: String(shown.id),
      kind: name === OPERATOR ? "operator" : "admin",
      state: "active",
      ...(createdAt !== undefined && { createdAt }),
      ...(expiry !== undefined && { expiresAt: expiry }),
    };
    return { token, value, attempts: response.attempts };
  }

  const tokens: Influxdb3Tokens = {
    list(filters) {
      const task = LIST;
      const { tokenName, tokenValue: value } = filters;
      async function* found(response: ArrivingResponse): AsyncGenerator<Influxdb3Token[]> {
        const now = serverTime(response);
        const matching = (some: readonly ListedToken[]) =>
          some.map(({ token }) => token).filter((token) => matches(token, filters, now));
        if (value === undefined) {
          for await (const batch of listedIn(response, now)) yield matching(batch);
          return;
        }
        const alike = haveValue(await all(listedIn(response, now)), value, task);
        if (alike.length > 1) throw new TokenError("hidden-value", ALIKE, { task });
        yield matching(alike);
      }
      // A value must be that of one token among all.
      const asked = { task, name: value ? undefined : tokenName };
      return { read: (reader) => query(http, asked, watch, (response) => reader(found(response), false)) };
    },

    async get(name) {
      const task = `look up InfluxDB 3 token ${quoted(name)}`;
      const { token, now } = await look(task, name);
      if (token === undefined) throw new TokenError("not-found", UNKNOWN, { task });
      return { token, now };
    },

    async make(wanted) {
      // Before the name is told: it could be a value.
      const { name, permissions, expiresAt } = checked(INFLUXDB3_TOKEN, wanted, "create InfluxDB 3 token");
      const task = `create InfluxDB 3 token ${quoted(name)}`;
      // What is there before tells what an attempt has left; and expiry counts by the server's time.
      const { listed, now } = await query(http, { task }, watch, readAll);
      if (listed.some(({ token }) => token.name === name)) {
        const whose = before.has(name) ? MADE_LATE : "Nothing was made.";
        throw new TokenError(TAKEN.code, `${TAKEN.reason} ${whose}`, { words: TAKEN.words, task });
      }
      const last = listed.reduce((most, { token }) => Math.max(most, Number(token.tokenId)), -1);
      before.set(name, { last, expiresAt });
      // Never 0, with which the token would be expired at once.
      const seconds = expiresAt && Math.max(1, Math.round((Date.parse(expiresAt) - now) / 1000));
      const isAdmin = permissions === ADMIN;
      const response = await http.send({
        ...{ task, method: "POST", repeat: "never", watch },
        path: isAdmin ? [...TOKENS, "named_admin"] : ["api", "v3", "enterprise", "configure", "token"],
        body: {
          token_name: name,
          ...(!isAdmin && { permissions }),
          ...(seconds && { expiry_secs: seconds }),
        },
      } satisfies ApiCall);
      const made = newTokenIn(response, name);
      const end = made.token.expiresAt;
      // A server that overflows makes one that never expires; it is left by this attempt as any other.
      if (!expiresAlike(end, expiresAt)) {
        before.set(name, { last, expiresAt: end });
        throw notApplied(
          response,
          `it shows another time of expiry of the new InfluxDB 3 token ${quoted(name)}`,
        );
      }
      before.delete(name);
      return isAdmin ? made : { ...made, token: { ...made.token, kind: "resource", permissions } };
    },

    label: "name",
    holding: (part) => tokens.list({ nameContains: part }),

    leftBy({ name }) {
      const then = before.get(name);
      // Without a list before it, nothing was sent.
      if (then === undefined) return NONE;
      return narrowed(
        tokens.list({ tokenName: name }),
        (token) => Number(token.tokenId) > then.last && expiresAlike(token.expiresAt, then.expiresAt),
      );
    },

    reopen: (other = watch) => open({ http }, other, before),

    async remove(name) {
      refuseOperator(name);
      const task = `delete InfluxDB 3 token ${quoted(name)}`;
      const began = systemClock.steady();
      let known: string | undefined;
      for (let attempts = 1; ; attempts++) {
        if (attempts > 1) watch.onRetry?.();
        const response = await http
          .send({
            ...{ task, method: "DELETE", repeat: "if-refused", path: TOKENS, watch },
            query: { token_name: name },
          })
          .catch(asTokenError);
        const isLost =
          response instanceof TokenError
            ? ["network", "timeout"].includes(response.code) && !response.notSent
            : mayHaveTakenEffect(response);
        if (!isLost) {
          if (response instanceof TokenError) throw sentBefore(response, task, attempts - 1);
          if (isUnknown(response) && attempts > 1) return { attempts };
          if (response.status !== 200) throw refused(response);
          if (!isProved(response)) await proveGone(response, name);
          return { attempts: attempts + response.attempts - 1 };
        }
        const failure = response instanceof TokenError ? response : refused(response);
        const { token, now } = await look(task, name).catch((error: unknown) => {
          throw asTokenError(error).code === "cancelled" ? sentBefore(error, task, attempts) : failure;
        });
        if (token === undefined) return { attempts };
        // One that was made meanwhile is another, which has the name now.
        const age = now - Date.parse(token.createdAt ?? "");
        const wasThere =
          known === undefined ? age > systemClock.steady() - began + CLOCK_STEP : known === token.tokenId;
        if (!wasThere || attempts === MOST_TRIES) throw failure;
        known = token.tokenId;
      }
    },

    async regenerate() {
      const task = "regenerate operator token";
      const path = [...TOKENS, "admin", "regenerate"];
      try {
        const response = await http.send({ task, method: "POST", repeat: "never", path, watch });
        return newTokenIn(response, OPERATOR);
      } catch (error) {
        const failure = asTokenError(error);
        throw mayHaveMade(failure) ? failure.retold(`${failure.reason} ${VALUE_LOST}`) : failure;
      }
    },
  };

  async function proveGone(response: ApiResponse, name: string): Promise<void> {
    const { task } = response.call;
    const { token } = await look(task, name).catch((error: unknown) => {
      const failure = asTokenError(error);
      const unproven = `the server reported success, but the request that was to prove it failed: ${failure.reason}`;
      throw failure.retold(unproven, { attempts: response.attempts });
    });
    if (token !== undefined) throw notApplied(response, "it still shows the token");
  }

  return tokens;
}

function expiresAlike(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return Math.abs(Date.parse(one) - Date.parse(other)) <= TOLERANCE;
}

/** The server's time is told to the second, so a token can seem that much older. */
const CLOCK_STEP = 1000;
/** Characters of a name in an error. */
const LONGEST_SHOWN = 60;

function quoted(name: string): string {
  return `"${plain(name, LONGEST_SHOWN)}"`;
}

/** The error of a stop after requests were sent, which itself tells of the last alone. */
function sentBefore(error: unknown, task: string, sent: number): TokenError {
  const failure = asTokenError(error);
  if (failure.code !== "cancelled" || sent === 0) return failure;
  return cancelled(task, sent, "A request was sent and may have taken effect; list the tokens to see.");
}

/** A deletion is answered without a body, and since 3.8 with a mark; any web page has the same status. */
function isProved(response: ApiResponse): boolean {
  return bearsMark(response) && plainBody(response).every(({ length }) => length === 0);
}

/** @throws {TokenError} `protected`. */
function refuseOperator(name: string): void {
  if (name === OPERATOR) throw new TokenError("protected", OPERATOR_STAYS, { words: "operator token" });
}

/** The connection's own token is the one whose hash begins like that of its value. */
function ownToken({ http, own }: Pick<Wires, "http" | "own">): OwnTokenSigns {
  /** The names of those that can be it, when they were last looked at. */
  let mine: string[] = [];
  /** @returns those whose hash fits. */
  async function look(signal: AbortSignal): Promise<ListedToken[]> {
    const { listed } = await query(http, { task: LIST }, { signal }, readAll);
    const alike = withValue(listed, own.value);
    mine = (alike.length > 0 ? alike : listed).map(({ token }) => token.name);
    return alike;
  }
  return {
    async find(signal) {
      const [one, ...others] = await look(signal);
      return others.length === 0 ? one?.token.name : undefined;
    },
    async mayBe(id, _around, signal) {
      await look(signal);
      return mine.includes(id) ? "its hash does not tell" : undefined;
    },
    canBe: (id) => mine.includes(id),
  };
}

/**
 * What the server makes of a value: whether it lets somebody in who asks for the list of tokens. Which token it is, that
 * list tells by the hash, or else the connection's own.
 */
async function check(wires: Pick<Wires, "http">, value: Secret, watch: Watch): Promise<Liveness> {
  const task = "check an InfluxDB 3 token";
  const seen = await query(wires.http, { task, token: value }, watch, async (response) => {
    if (response.status === 200) return { works: true, all: await readAll(response) };
    const failure = refused(response);
    // It is let in, too, if it has no right to list.
    const isLetIn = response.status === 403;
    const isOfValue = failure.code === "unauthorized" || isLetIn;
    // Something before the server can refuse it as well.
    if (!isOfValue || failure.words === "refused on the way") throw failure;
    return { works: isLetIn, all: undefined };
  });
  const { works } = seen;
  const { listed, now } = seen.all ?? (await query(wires.http, { task }, watch, readAll));
  const found = haveValue(listed, value, task);
  const token = found.length === 1 ? found[0]?.token : undefined;
  const shown = token && { token };
  if (works) return { works, state: "active", ...shown };
  // A list tells its time to the second, by which one that has just expired is active still.
  const isExpired = token?.expiresAt !== undefined && isBefore(token.expiresAt, now + CLOCK_STEP);
  return { works, state: isExpired ? "expired" : "not-accepted", ...shown };
}

const VALUE_LOST =
  "If the operator token was given a new value, nobody knows it: send the message again for another one. If it is the " +
  "connection's own, set its value anew by the server's recovery port.";
/** A server can carry out what was looked for in vain just before. */
const MADE_LATE =
  "An earlier try may have made it, and nobody knows its value then: look when it was created.";
const ALIKE =
  "several tokens have a hash that begins like that of the value, and the server shows no more of it. Nobody can tell which of them it is.";

function matches(found: Influxdb3Token, wanted: Influxdb3TokenFilters, now: number): boolean {
  return (
    equals(found.name, wanted.tokenName) &&
    contains(found.name, wanted.nameContains) &&
    contains(found.description, wanted.description) &&
    equals(found.kind, wanted.kind) &&
    equals(found.state, wanted.state) &&
    isBefore(found.createdAt, instantOf(wanted.createdBefore, now)) &&
    isAfter(found.createdAt, instantOf(wanted.createdAfter, now)) &&
    isBefore(found.expiresAt, instantOf(wanted.expiresBefore, now)) &&
    isWithin(found.expiresAt, wanted.expiresWithin, now)
  );
}
