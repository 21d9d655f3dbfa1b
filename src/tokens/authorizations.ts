import { badResponse } from "../http/responses.js";
import { serverTime } from "../http/server-time.js";
import { systemClock } from "../clock.js";
import { TokenError } from "../errors.js";
import {
  contains,
  equals,
  isAfter,
  isBefore,
  moment,
  shaped,
  text,
  tokenValue,
  word,
  type Filter,
} from "../work/filters.js";
import { replacedAt } from "./marks.js";
import { accessOfAuthorization } from "./access.js";
import { allAccess } from "./all-access.js";
import { HEX_ID, isSameId } from "../ids.js";
import type { Secret } from "../text/secret.js";
import { checkAuthorization } from "./check-authorization.js";
import { foundByServer, searchFor } from "./find-by-value.js";
import type { Answer, ApiResponse, ArrivingResponse, Watch } from "../http/call.js";
import {
  authorizationIn,
  authorizationsIn,
  hiddenBy,
  isRefusalOfApi,
  isUnknownAuthorization,
  PATH,
  refused,
  type Authorization,
} from "./authorizations-api.js";
import { openDirectory, type Directory } from "./directory.js";
import { ownAuthorizations, ownAuthorizationSigns } from "./own-authorization.js";
import { newValueIn, notApplied, deleteProved, type Sight } from "./proof.js";
import type {
  Listable,
  Listing,
  Look,
  Removable,
  Resource,
  Shown,
  Switchable,
  Updatable,
  Wires,
} from "./resource.js";
import {
  AUTHORIZATION,
  checked,
  isSameAccess,
  twinOfAuthorization,
  type NewAuthorization,
  type Permission,
} from "./wanted.js";
import { instantOf, readTimestamp, type Moment } from "../work/times.js";

/** What a list is narrowed by; all of them must match. Names are case-sensitive, as on the server. */
export interface AuthorizationFilters {
  user?: string | undefined;
  userID?: string | undefined;
  org?: string | undefined;
  orgID?: string | undefined;
  status?: "active" | "inactive" | undefined;
  /** A text that the description contains; case-sensitive. */
  description?: string | undefined;
  /** The value of the token. */
  tokenValue?: Secret | undefined;
  /** "After" and "before" exclude the moment itself. */
  createdAfter?: Moment | undefined;
  createdBefore?: Moment | undefined;
  updatedAfter?: Moment | undefined;
  updatedBefore?: Moment | undefined;
  /**
   * When a rotation replaced it, as its description says. One that works was not replaced, or is back: it does not match.
   */
  replacedBefore?: Moment | undefined;
}

interface AuthorizationChanges {
  /** An empty description clears it. */
  description?: string;
  status?: "active" | "inactive";
}

/** {@link Authorizations}, and what is known of them. */
export const authorizations = {
  noun: "authorization",
  reference: HEX_ID,
  known: ["description", "status", "user", "userID", "org", "orgID", "createdAt", "updatedAt"],
  listed: ["updatedAt", "status"],
  filters: {
    user: text,
    userID: shaped(HEX_ID),
    org: text,
    orgID: shaped(HEX_ID),
    status: word(["active", "inactive"]),
    description: text,
    tokenValue,
    createdBefore: moment,
    createdAfter: moment,
    updatedBefore: moment,
    updatedAfter: moment,
    replacedBefore: moment,
  } satisfies { [K in keyof AuthorizationFilters]-?: Filter<NonNullable<AuthorizationFilters[K]>> },
  removed: "deleted",
  access: accessOfAuthorization,
  isOn: ({ status }: Shown) => status !== "inactive",
  twinOf: twinOfAuthorization,
  check: ({ http, own }, value, watch) =>
    checkAuthorization(http, open({ http, own }, watch), value, { watch, findsByValue: own.findsByValue }),
  ownToken: ({ http, own }) => ownAuthorizationSigns(http, own, (signal) => open({ http, own }, { signal })),
  open,
} satisfies Resource;

/**
 * The authorizations of one connection: `/api/v2/authorizations` of InfluxDB OSS v2, Cloud (TSM) and Cloud
 * Serverless. Its methods throw {@link TokenError}: besides the codes below, those of `Http.send`, and
 * `unauthorized`, `forbidden`, `rate-limited`, `unavailable` and `bad-response`.
 */
export interface Authorizations
  extends
    Listable<Authorization, AuthorizationFilters>,
    Updatable<Authorization, AuthorizationChanges>,
    Switchable<Authorization, NewAuthorization>,
    Removable<Authorization> {
  /**
   * All that match, without their token values unless they are asked for. User and org filters are sent and checked
   * again on what comes back, because a server may ignore them. The value of a token is sent to InfluxDB Cloud alone,
   * which finds by it; of other servers it is compared with what they show.
   *
   * @throws {TokenError} `not-found` if no user or org has the given name; `forbidden`, or what the server says
   *   of its token, if the list comes back empty because the connection's own token may not read it; `hidden-value`
   *   after all that match if none has the value, and the server hides the value of any.
   */
  list(filters: AuthorizationFilters, options?: { includeToken?: boolean }): Listing<Authorization>;
  /**
   * Looks one up. It exists but is not shown if its user or organization is gone.
   *
   * @throws {TokenError} `not-found`.
   */
  get(id: string, options?: { includeToken?: boolean }): Promise<Look<Authorization>>;
  /** All that an authorization can be allowed; see {@link allAccess}. */
  everything(orgID?: string): Promise<Permission[]>;
  /** The organizations and users that they belong to. */
  readonly directory: Directory;
}

function open({ http, own }: Pick<Wires, "http" | "own">, watch: Watch): Authorizations {
  /** The values of those that were made here, by their IDs: no later answer may show them. */
  const values = new Map<string, Secret[]>();
  const tokens: Authorizations = {
    list(filters, { includeToken = false } = {}) {
      const { tokenValue } = filters;
      const byServer = own.findsByValue ? tokenValue : undefined;
      const query = { ...serverFilters(filters), ...(byServer && { token: byServer.reveal() }) };
      const task = "list authorizations";

      async function* found(response: ArrivingResponse): AsyncGenerator<Authorization[]> {
        if (response.status !== 200) throw refused(response);
        const now = serverTime(response);
        let count = 0;
        const isWanted = (authorization: Authorization) => {
          count++;
          return byServer !== undefined || matches(authorization, filters, now);
        };
        const options = { includeToken: includeToken || tokenValue !== undefined, isWanted };
        const batches = authorizationsIn(response, options);
        const search = tokenValue && !byServer ? searchFor(tokenValue, task) : undefined;
        for await (const batch of byServer ? foundByServer(batches, byServer, response) : batches) {
          const matching = byServer ? batch.filter((each) => matches(each, filters, now)) : batch;
          const sought = search ? search.within(matching) : matching;
          yield tokenValue && !includeToken ? sought.map(withoutValue) : sought;
        }
        search?.end();
        if (count > 0) return;
        // If the token may not read, the server answers with an empty list and no error.
        const isNarrowed = Object.keys(query).length > 0;
        if (!isNarrowed || (await ownAuthorizations(http, own, watch)).rows.length === 0) {
          throw new TokenError(
            "forbidden",
            "the list is empty, and the server does not even show the connection's own token. " +
              "That token lacks the permissions read:authorizations and read:users, or it is inactive. " +
              "Give it both permissions or set another token in the connection.",
            { words: "no permission", task, statusCode: response.status },
          );
        }
      }

      return {
        read: (reader) =>
          http.stream(
            {
              ...{ task, method: "GET", repeat: "safe", path: PATH, query },
              ...(tokenValue && { secrets: [tokenValue] }),
              watch,
            },
            (response) => reader(found(response), isInOrder(response)),
          ),
      };
    },

    async get(id, { includeToken = false } = {}) {
      const task = `look up authorization ${id}`;
      const response = await http.send({ task, method: "GET", repeat: "safe", path: [...PATH, id], watch });
      const now = serverTime(response);
      const hidden = hiddenBy(response);
      if (hidden) return { token: undefined, hidden, now };
      if (response.status !== 200) throw refused(response);
      const token = authorizationIn(response, { includeToken });
      if (!isSameId(HEX_ID, token.id, id))
        throw badResponse(response, "the answer shows another authorization");
      return { token, now };
    },

    everything: (orgID) => allAccess(http, orgID, watch),

    async update(id, { status, description }) {
      const task = `update authorization ${id}`;
      const changes: AuthorizationChanges = {
        ...(status !== undefined && { status }),
        // Half a character cannot be sent: the server would store another in its place.
        ...(description !== undefined && { description: Buffer.from(description).toString() }),
      };
      const response = await http.send({
        task,
        method: "PATCH",
        repeat: "safe",
        path: [...PATH, id],
        body: changes,
        secrets: values.get(id) ?? [],
        watch,
      });
      const { attempts } = response;
      // The server applies the change before it looks up the owner's names for its answer.
      if (hiddenBy(response)) return { token: { ...changes }, attempts };
      if (response.status !== 200) throw refused(response);
      const token = authorizationIn(response);
      if (!isSameId(HEX_ID, token.id, id)) {
        throw notApplied(response, "it shows another authorization");
      }
      if (changes.status !== undefined && token.status !== changes.status) {
        throw notApplied(response, "it shows another status");
      }
      if (changes.description !== undefined && (token.description ?? "") !== changes.description) {
        throw notApplied(response, "it shows another description");
      }
      return { token: shown(token), attempts };
    },

    async make(wanted) {
      const task = "create authorization";
      const asked = { ...checked(AUTHORIZATION, wanted, task), status: "inactive" };
      const response = await http.send({
        task,
        method: "POST",
        repeat: "never",
        path: PATH,
        body: asked,
        watch,
      });
      if (response.status !== 201) throw refused(response);
      const value = newValueIn(response, authorizationIn(response, { includeToken: true }).token);
      // Wherever else the answer has the value, it is left out.
      const redactor = response.redactor.knowing([value]);
      const made = authorizationIn({ ...response, redactor });
      if (!HEX_ID.pattern.test(made.id))
        throw badResponse(response, "the answer shows no ID of an authorization");
      values.set(made.id, [value]);
      for (const name of ["description", "orgID", "userID", "status"] as const) {
        if (asked[name] !== undefined && made[name] !== asked[name])
          throw notApplied(response, `it shows another ${name} of the new authorization ${made.id}`);
      }
      if (!isSameAccess(made.permissions, asked.permissions))
        throw notApplied(response, `it shows other permissions of the new authorization ${made.id}`);
      return { token: { id: made.id, ...shown(made) }, value, attempts: response.attempts };
    },

    switchOn: (id, { description }) => tokens.update(id, { status: "active", description }),
    switchOff: (id, description) => tokens.update(id, { status: "inactive", description }),
    directory: openDirectory(http, watch),
    label: "description",
    holding: (text, { userID } = {}) =>
      tokens.list({ description: text, ...(typeof userID === "string" && { userID }) }),
    reopen: (other = watch) => open({ http, own }, other),

    // What belongs to a deleted user or organization is hidden from GET, but can be deleted.
    remove: (id) =>
      deleteProved(
        http,
        { task: `delete authorization ${id}`, path: [...PATH, id], watch },
        { isUnknown: isUnknownAuthorization, refused, bearsMark, sightOf },
      ),
  };
  return tokens;
}

function withoutValue({ token, ...shown }: Authorization): Authorization {
  return shown;
}

function serverFilters({ user, userID, org, orgID }: AuthorizationFilters): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ user, userID, org, orgID }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}

/** @param found with fields of any type. */
function matches(found: Authorization, wanted: AuthorizationFilters, now: number): boolean {
  return (
    equals(found.user, wanted.user) &&
    equals(found.userID, normalized(wanted.userID)) &&
    // The server trims the name of an organization that it looks up.
    equals(trimmed(found.org), trimmed(wanted.org)) &&
    equals(found.orgID, normalized(wanted.orgID)) &&
    equals(found.status, wanted.status) &&
    contains(found.description, wanted.description) &&
    isAfter(found.createdAt, instantOf(wanted.createdAfter, now)) &&
    isBefore(found.createdAt, instantOf(wanted.createdBefore, now)) &&
    isAfter(found.updatedAt, instantOf(wanted.updatedAfter, now)) &&
    isBefore(found.updatedAt, instantOf(wanted.updatedBefore, now)) &&
    (wanted.replacedBefore === undefined ||
      (!authorizations.isOn(found) &&
        isBefore(replacedAt(found.description), instantOf(wanted.replacedBefore, now))))
  );
}

function trimmed(text: unknown): string | undefined {
  return typeof text === "string" ? text.trim() : undefined;
}

function normalized(id: string | undefined): string | undefined {
  return id === undefined ? undefined : HEX_ID.normalize(id);
}

/** InfluxDB OSS puts its version on every answer; another server may say 204 to anything. */
function bearsMark({ headers }: Answer): boolean {
  return headers["x-influxdb-version"] !== undefined;
}

/**
 * InfluxDB OSS lists by ID, and an ID begins with the time at which it was given: docs/decisions/0016-lists-stream.md. Of
 * InfluxDB Cloud, nothing is known.
 */
function isInOrder({ headers }: Answer): boolean {
  return headers["x-influxdb-build"] === "OSS";
}

function sightOf(look: ApiResponse): Sight | undefined {
  if (isUnknownAuthorization(look)) return "gone";
  if (look.status === 200 || hiddenBy(look)) return "there";
  return isRefusalOfApi(look) ? "refused" : undefined;
}

/** Why an authorization has not been inactive, and unchanged, for so many milliseconds; undefined if it has. */
export function unlessInactiveFor({ token, now }: Look<Shown>, milliseconds: number): string | undefined {
  if (token === undefined) return "it cannot be shown, so whether it is inactive is not known";
  if (token.status === "active") return "it is active";
  if (token.status !== "inactive") return "its status is neither active nor inactive";
  const since = String(token.updatedAt);
  const changed = readTimestamp(since);
  if (changed === undefined) return "it is inactive, but when it was changed is not known";
  // If the clocks differ, a proxy may have written the date of the answer.
  const isLongAgo = changed < Math.min(now, systemClock.now()) - milliseconds;
  return isLongAgo ? undefined : `it is inactive, but was changed at ${since}`;
}

/** What a record shows of an authorization: no field that a server could pass off as ours. */
function shown(authorization: Authorization): Partial<Authorization> {
  const { permissions } = authorization;
  const known = authorizations.known.map((name) => [name, authorization[name]] as const);
  return {
    ...Object.fromEntries(known.filter(([, value]) => value !== undefined)),
    ...(permissions !== undefined && { permissions }),
  };
}
