import { systemClock } from "../clock.js";
import { asTokenError, rethrowAsNotStarted, TokenError } from "../errors.js";
import {
  contains,
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
import type { Watch } from "../http/call.js";
import type { Http } from "../http/client.js";
import { MANAGEMENT_TOKEN_VALUE, type Influxctl } from "../influxctl/influxctl.js";
import { tokensIn, type ManagementToken } from "./management-list.js";
import type { OwnTokenSigns } from "./own-token-protection.js";
import type {
  Changed,
  Creatable,
  Listable,
  Listing,
  Liveness,
  Look,
  Made,
  Resource,
  Wires,
} from "./resource.js";
import { checked, MANAGEMENT_TOKEN, type NewManagementToken } from "./wanted.js";
import { instantOf, type Moment } from "../work/times.js";
import { UUID } from "../ids.js";
import { Secret } from "../text/secret.js";

/** What a list is narrowed by; all of them must match. */
export interface ManagementTokenFilters {
  state?: ManagementToken["state"] | undefined;
  /** A text that the description contains; case-sensitive. */
  description?: string | undefined;
  /** The value of the token. It is known by its first characters alone, so others can match as well. */
  tokenValue?: Secret | undefined;
  /** "After" and "before" exclude the moment itself. */
  createdBefore?: Moment | undefined;
  createdAfter?: Moment | undefined;
  /** Milliseconds from now within which the token will expire; expired ones do not match. */
  expiresWithin?: number | undefined;
}

/** {@link ManagementTokens}, and what is known of them. */
export const managementTokens = {
  noun: "management token",
  reference: UUID,
  known: ["description", "state", "accountId", "createdBy", "createdAt", "expiresAt", "revokedAt"],
  listed: ["state", "description", "expiresAt", "revokedAt"],
  filters: {
    state: word(["active", "expired", "revoked"]),
    description: text,
    tokenValue,
    createdBefore: moment,
    createdAfter: moment,
    expiresWithin: timeAhead,
  } satisfies { [K in keyof ManagementTokenFilters]-?: Filter<NonNullable<ManagementTokenFilters[K]>> },
  removed: "revoked",
  twinOf: (_, description): NewManagementToken => checked(MANAGEMENT_TOKEN, { description }),
  valuesBegin: "M.V1.",
  ownToken,
  check,
  open,
} satisfies Resource;

/**
 * The management tokens of an account, through influxctl. Its methods throw {@link TokenError}: besides the codes
 * of each, those of {@link Influxctl.run}.
 */
interface ManagementTokens
  extends Listable<ManagementToken, ManagementTokenFilters>, Creatable<ManagementToken, NewManagementToken> {
  /**
   * All that match, revoked and expired ones too, in the order of influxctl. Its list holds only tokens that were made
   * by hand, so an empty one can be right.
   *
   * @throws {TokenError} `not-found` if influxctl does not find the account.
   */
  list(filters: ManagementTokenFilters): Listing<ManagementToken>;
  /** @throws {TokenError} `not-found` if the list holds only others, `forbidden` if it is empty. */
  get(id: string): Promise<Look<ManagementToken>>;
  /**
   * Makes one that works at once. What influxctl prints of it is not documented but for the value, so all else is taken
   * from the list, where it is found by its description.
   */
  make(wanted: NewManagementToken): Promise<Made<ManagementToken>>;
  /**
   * Revokes. All tokens are listed once for the message, before the first is revoked. Neither text nor exit code of
   * influxctl is documented, so they prove nothing: a token is revoked if another list shows it so.
   *
   * @throws {TokenError} `not-found` if the list holds only others, `forbidden` if it is empty, `influxctl-failed` if
   *   the token is not shown as revoked.
   */
  remove(id: string): Promise<Changed<ManagementToken>>;
}

type ManagementWires = Pick<Wires, "influxctl"> & { http: Pick<Http, "now"> };

function open(wires: ManagementWires, watch: Watch): ManagementTokens {
  const { signal } = watch;
  const influxctl = wires.influxctl();
  // Asked of the server, because influxctl tells no time; expiry and ages count by it.
  const serverTime = () => wires.http.now(signal);
  // Whether a token has expired does not matter to those who revoke it.
  const all = () => tokensById(influxctl, LIST, systemClock.now(), signal);
  let before: ReturnType<typeof all> | undefined;
  const tokens: ManagementTokens = {
    list(filters) {
      async function* found() {
        const [output, now] = await Promise.all([printedList(influxctl, LIST, signal), serverTime()]);
        const found: ManagementToken[] = [];
        for await (const token of tokensIn(LIST, output, now))
          if (matches(token, filters, now)) found.push(token);
        yield found;
      }
      return { read: (reader) => reader(found(), false) };
    },

    async get(id) {
      const task = `look up management token ${id}`;
      const now = serverTime();
      const token = (await tokensById(influxctl, task, now, signal)).get(UUID.normalize(id));
      if (token === undefined) throw new TokenError("not-found", UNKNOWN, { task });
      return { token, now: await now };
    },

    async make(wanted) {
      const task = "create management token";
      const { description, expiresAt } = checked(MANAGEMENT_TOKEN, wanted, task);
      // Values after "=": they can begin with a dash.
      const expiry = expiresAt === undefined ? [] : [`--expires-at=${expiresAt}`];
      const args = ["management", "create", `--description=${description}`, ...expiry, "--format=json"];
      // What is made now is not among those that were listed before.
      before = undefined;
      const value = newValueIn(task, await influxctl.run(task, args, signal));
      const listed = await all().catch((error: unknown) => rethrowAsNotShown(error, task));
      const found = [...listed.values()].filter(
        // An earlier try may have left one that was revoked.
        (token) => token.description === description && token.state !== "revoked",
      );
      const [token] = found;
      const isIt =
        token?.state === "active" &&
        Date.parse(token.expiresAt ?? "0") === Date.parse(expiresAt ?? "0") &&
        value.reveal().startsWith(token.tokenPrefix ?? "");
      if (found.length === 1 && isIt) return { token, value, attempts: 1 };
      const seen = found.map(({ id }) => id).join(", ") || "none with this description";
      throw new TokenError("not-applied", `${NOT_AS_ASKED} It shows: ${seen}.`, { task });
    },

    label: "description",
    holding: (text) => tokens.list({ description: text }),
    reopen: (other = watch) => open(wires, other),

    async remove(id) {
      const task = `revoke management token ${id}`;
      const known = (await (before ??= all()).catch(rethrowAsNotStarted)).get(UUID.normalize(id));
      if (known === undefined) throw new TokenError("not-found", UNKNOWN, { task });
      if (known.state === "revoked") return { attempts: 0, alreadyRevoked: true, token: shown(known) };
      const failure = await influxctl
        .run(task, ["management", "revoke", "--force", id], signal)
        .then(() => undefined, asTokenError);
      if (failure?.code === "cancelled" || failure?.code === "influxctl-missing") throw failure;
      const after = await all().catch((error: unknown) => rethrowAsUnproven(error, task));
      const revoked = after.get(UUID.normalize(id));
      if (revoked?.state === "revoked") return { attempts: 1, token: shown(revoked) };
      // "Not found" proves nothing either, because the token was listed.
      if (failure !== undefined && failure.code !== "not-found") {
        throw failure.retold(failure.reason, { task, fatal: false });
      }
      throw new TokenError("influxctl-failed", failure?.reason ?? NOT_REVOKED, {
        words: "not revoked",
        task,
      });
    },
  };
  return tokens;
}

/**
 * The connection's own token is the one whose `token_prefix` its value begins with. If no prefix fits, it may be any
 * that is not revoked.
 */
function ownToken({ influxctl, own }: Pick<Wires, "influxctl" | "own">): OwnTokenSigns {
  // Expired ones too: the clock of this machine may be wrong, and the own token works.
  const usable = async (signal: AbortSignal) =>
    [...(await tokensById(influxctl(), LIST, systemClock.now(), signal)).values()].filter(
      ({ state }) => state !== "revoked",
    );
  /** The tokens that begin like the own one, when they were last looked at. */
  let mine: string[] = [];
  return {
    async find(signal) {
      mine = beginsLike(own.value, await usable(signal));
      return mine.length === 1 ? mine[0] : undefined;
    },
    async mayBe(id, _around, signal) {
      const tokens = await usable(signal);
      mine = beginsLike(own.value, tokens);
      const candidates = mine.length > 0 ? mine : tokens.map((token) => UUID.normalize(token.id));
      return candidates.includes(id) ? "its prefix does not tell" : undefined;
    },
    canBe: (id, { state }) => (mine.length > 0 ? mine.includes(id) : state !== "revoked"),
  };
}

/**
 * What the server makes of a management token: influxctl lists with it. Of one that works, that list has it, too; of
 * another the connection's own list may tell which it is. influxctl waits for a login if the token is not accepted, so
 * this takes the time that a run of it may take.
 */
async function check(wires: Wires, value: Secret, { signal }: Watch): Promise<Liveness> {
  const influxctl = wires.influxctl();
  const listWith = async (token?: Secret) => {
    const [output, now] = await Promise.all([
      printedList(influxctl, CHECK, signal, token),
      wires.http.now(signal),
    ]);
    const tokens: ManagementToken[] = [];
    for await (const each of tokensIn(CHECK, output, now)) tokens.push(each);
    const ids = beginsLike(value, tokens);
    const alike = tokens.filter(({ id }) => ids.includes(UUID.normalize(id)));
    return alike.length === 1 ? { token: alike[0] as ManagementToken } : {};
  };
  try {
    return { works: true, state: "active", ...(await listWith(value)) };
  } catch (error) {
    const failure = asTokenError(error);
    if (failure.code === "forbidden") throw failure.retold(UNCLEAR);
    if (failure.code !== "unauthorized") throw failure;
  }
  const told = await listWith().catch((error: unknown) => {
    if (asTokenError(error).code === "cancelled") throw error;
    return {};
  });
  return { works: false, state: "not-accepted", ...told };
}

/** Characters of a prefix that tell one token from another: all begin with `M.V1.`. */
const TELLING_PREFIX = 9;
/** Characters of a prefix that are looked at; influxctl shows fourteen. */
const LONGEST_PREFIX = 100;

/** The normalized ids of the tokens whose prefix a value begins with. */
export function beginsLike(value: Secret, tokens: readonly ManagementToken[]): string[] {
  const isLike = ({ tokenPrefix = "" }: ManagementToken) => {
    const prefix = tokenPrefix
      .slice(0, LONGEST_PREFIX)
      .trim()
      .replace(/[.…*]+$/, "");
    return prefix.length >= TELLING_PREFIX && value.reveal().startsWith(prefix);
  };
  return tokens.filter(isLike).map(({ id }) => UUID.normalize(id));
}

function printedList(
  influxctl: Influxctl,
  task: string,
  signal: AbortSignal | undefined,
  token?: Secret,
): Promise<string> {
  return influxctl.run(task, ["management", "list", "--format", "json"], signal, token);
}

/**
 * All tokens by their normalized ids, for work in which a missing token can count as done. So an account that is not
 * found is `influxctl-failed` here, and an empty list is an error.
 *
 * @param now milliseconds since 1970, by which a token has expired.
 */
async function tokensById(
  influxctl: Influxctl,
  task: string,
  now: number | Promise<number>,
  signal: AbortSignal | undefined,
): Promise<Map<string, ManagementToken>> {
  const tokens = new Map<string, ManagementToken>();
  const [output, time] = await Promise.all([
    printedList(influxctl, task, signal).catch(rethrowAsUnlisted),
    now,
  ]);
  for await (const token of tokensIn(task, output, time)) tokens.set(UUID.normalize(token.id), token);
  if (tokens.size === 0)
    throw new TokenError("forbidden", EMPTY, { words: "list is empty", task, fatal: true });
  return tokens;
}

/** What a record shows of a revoked token. */
function shown({ state, description, createdBy, revokedAt }: ManagementToken): Partial<ManagementToken> {
  return { state, description, ...(createdBy && { createdBy }), revokedAt };
}

const LIST = "list management tokens";
const CHECK = "check a management token";

function rethrowAsUnproven(error: unknown, task: string): never {
  const failure = asTokenError(error);
  const own =
    failure.code === "unauthorized" ? " If it is the connection's own token, then it is revoked now." : "";
  const unproven = `influxctl was told to revoke it, but the list that proves it failed: ${failure.reason}${own}`;
  throw failure.retold(unproven, { task });
}

function rethrowAsUnlisted(error: unknown): never {
  const { code, reason, task, fatal } = asTokenError(error);
  throw code === "not-found" ? new TokenError("influxctl-failed", reason, { task, fatal }) : error;
}

/** How the value of a management token is printed: as a JSON string, or on a line of its own. */
const PRINTED_VALUE = new RegExp(`(?<=^|")${MANAGEMENT_TOKEN_VALUE.source}(?="|\\r?$)`, "gm");

/**
 * The value of a new token in what influxctl prints, which also has the beginning of it.
 *
 * @throws {TokenError} `bad-response` if it prints none, or several.
 */
function newValueIn(task: string, output: string): Secret {
  const printed = [...new Set(output.match(PRINTED_VALUE))];
  const whole = printed.filter((one) => !printed.some((other) => other !== one && other.startsWith(one)));
  const [value, ...others] = whole.filter(({ length }) => length >= SHORTEST_VALUE);
  if (value !== undefined && others.length === 0) return new Secret(value);
  throw new TokenError("bad-response", NO_VALUE, { words: "no value printed", task, fatal: true });
}

/** Characters; a prefix has fourteen. */
const SHORTEST_VALUE = 32;

function rethrowAsNotShown(error: unknown, task: string): never {
  const failure = asTokenError(error);
  const reason = `influxctl reported no failure, but the list that shows the new token failed: ${failure.reason}`;
  // It was made, whatever keeps the list from being read.
  if (failure.code === "cancelled") throw failure.retold(reason, { task, attempts: 1 });
  throw new TokenError("influxctl-failed", reason, { words: "not shown", task });
}

const NO_VALUE =
  "influxctl reported no failure, but printed no value of a management token. Check the version of influxctl.";
const NOT_AS_ASKED =
  "influxctl reported no failure, but its list does not show one new token as it was asked for.";
const EMPTY =
  "influxctl's list of management tokens is empty, so it does not tell whether the token exists: the connection's token " +
  "may lack the permission to list, or the account ID may be wrong. Check both in the connection.";
const UNCLEAR =
  "the server does not let the token list management tokens, which does not tell whether it works. Check account ID and " +
  "cluster ID of the connection, and look the token up by its first characters: list management tokens.";
const UNKNOWN = "there is no such management token. Check the ID and the connection.";
const NOT_REVOKED =
  "influxctl reported no failure, but its list does not show the token as revoked. List the tokens to see, then try again.";

function matches(found: ManagementToken, wanted: ManagementTokenFilters, now: number): boolean {
  return (
    (wanted.state === undefined || found.state === wanted.state) &&
    contains(found.description, wanted.description) &&
    (wanted.tokenValue === undefined || beginsLike(wanted.tokenValue, [found]).length > 0) &&
    isBefore(found.createdAt, instantOf(wanted.createdBefore, now)) &&
    isAfter(found.createdAt, instantOf(wanted.createdAfter, now)) &&
    isWithin(found.expiresAt, wanted.expiresWithin, now)
  );
}
