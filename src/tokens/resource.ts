import type { Watch } from "../http/call.js";
import type { Http } from "../http/client.js";
import type { Influxctl } from "../influxctl/influxctl.js";
import type { Secret } from "../text/secret.js";
import type { Filter } from "../work/filters.js";
import type { TokenKind } from "../work/targets.js";
import type { Access } from "./access.js";
import type { OwnToken } from "./own-authorization.js";
import type { OwnTokenSigns } from "./own-token-protection.js";

/** A kind of tokens: what is known of it, and how its tokens are reached. */
export interface Resource extends TokenKind {
  /** How the filters of its list are read from what a flow gives. */
  readonly filters: Readonly<Record<string, Filter<unknown>>>;
  /** What a removed one is called. Missing if none can be removed. */
  readonly removed?: "deleted" | "revoked";
  /** What a token may do, by its `permissions`. Missing if the list does not say. */
  readonly access?: (permissions: unknown) => Access;
  /** How every value of the kind begins, if that tells it from others of its server. */
  readonly valuesBegin?: string;
  /** How to tell a connection's own token from the others. Missing if it cannot be one of them. */
  readonly ownToken?: (wires: Wires) => OwnTokenSigns;
  /** Whether a token can do what it was made for. Missing if that cannot be taken from it but for good. */
  readonly isOn?: (token: Shown) => boolean;
  /**
   * What a new token would be that can do what this one can.
   *
   * @param label of the new one; see {@link Label}.
   * @throws {TokenError} if the server does not show that.
   */
  readonly twinOf?: (token: Shown, label: string) => Wanted;
  /** What marks call a token, if not its ID: names can be used again. */
  readonly markOf?: (token: Shown) => string;
  /** Refuses what no server lets go: the one token that lives as long as its server. @throws {TokenError} `protected`. */
  readonly refuseEnd?: (id: string) => void;
  /** Refuses a connection with which {@link check} cannot work. @throws {TokenError} `invalid-config`. */
  readonly refuseUncheckable?: (wires: Wires) => void;
  /**
   * What the server makes of the value of a token of this kind.
   *
   * @throws {TokenError} if it cannot be told: the codes of {@link Http.send} and {@link Influxctl.run};
   *   `invalid-config` if a setting of the connection is missing for it.
   */
  readonly check: (wires: Wires, value: Secret, watch: Watch) => Promise<Liveness>;
  /**
   * Opens the tokens for one message, with a method for each thing that can be done to them.
   *
   * @param watch ends all that is sent for the message, and is told of its retries.
   * @throws {TokenError} as {@link Wires.influxctl} does.
   * @example
   * const tokens = authorizations.open(wires, { signal });
   * const count = await tokens.list({ user: "me" }).read(async (batches) => {
   *   let count = 0;
   *   for await (const batch of batches) count += batch.length;
   *   return count;
   * });
   */
  readonly open: (wires: Wires, watch: Watch) => Listable<Shown, never>;
}

/** What a connection uses to reach its tokens. */
export interface Wires {
  readonly http: Http;
  /** Where the data of the cluster is read, by its database tokens. @throws {TokenError} `invalid-config` if it is not known. */
  readonly dataPlane: () => Pick<Http, "send">;
  /** @throws {TokenError} `invalid-config` if influxctl cannot work with the settings of the connection. */
  readonly influxctl: () => Influxctl;
  readonly own: OwnToken;
  /** UUIDs of account and cluster, if the paths of the product name them. */
  readonly cluster?: { readonly accountId: string; readonly clusterId: string } | undefined;
}

/** A token as the server shows it. */
export type Shown = Readonly<Record<string, unknown>>;
/** One of a list. */
export type Listed = Shown & { readonly id: string; readonly createdAt?: string | undefined };

/**
 * Reads a list while it arrives: all that match, in the server's order, in batches. It may stop before the end.
 *
 * @param isInOrder whether it is certain that what was created first comes first.
 */
type ListReader<T, R> = (batches: AsyncIterable<T[]>, isInOrder: boolean) => Promise<R>;

/** A list that is asked for when it is read. */
export interface Listing<T> {
  /**
   * Asks for the list and has it read. If the answer is cut, it is asked for again and read anew, as often as the
   * connection allows, but not if the reader makes an error of its own of that: so does one that has handed something on.
   * The reader must send nothing through the same connection before the batches have come to their end.
   */
  read<R>(reader: ListReader<T, R>): Promise<R>;
}

export interface Listable<T, Filters> {
  list(filters: Filters): Listing<T>;
  /** @throws {TokenError} `not-found`. */
  get(id: string): Promise<Look<T>>;
}

/** A token that was looked up. */
export interface Look<T> {
  /** Undefined if it exists but cannot be shown. */
  token: T | undefined;
  /** Why it cannot be shown: this is gone. */
  hidden?: "user" | "organization";
  /** The server's time when it was looked up, in milliseconds since 1970. */
  now: number;
}

export interface Updatable<T, Changes> {
  /**
   * Sets the given fields and no other.
   *
   * @throws {TokenError} `not-found`; `not-applied` if the server reports success, but shows something else.
   */
  update(id: string, changes: Changes): Promise<Changed<T>>;
}

export interface Removable<T> {
  /**
   * Ends the token's access for good, without a look before it.
   *
   * @throws {TokenError} `not-found`; `not-applied` if the server reports success, but still has it.
   */
  remove(id: string): Promise<Changed<T>>;
}

/** The text of a token by which people tell it from others, and which can bear a mark of this package. */
export type Label = "description" | "name";

/** What every new token is to be; each kind adds to it. Its {@link Creatable.label} is never empty. */
export type Wanted = Readonly<Partial<Record<Label, string>>>;

export interface Creatable<T, W extends Wanted> {
  /**
   * Makes a token with one request, which is never repeated blindly. Where the product allows that, it is made unable to
   * do anything until it is switched on: inactive, or without permissions.
   *
   * @throws {TokenError} `unauthorized` or `forbidden` that name the permission which the connection cannot grant;
   *   `not-applied` if the server shows another token than was asked for.
   */
  make(wanted: W): Promise<Made<T>>;
  readonly label: Label;
  /** Those whose label holds a text, such as a mark. `like` has the same owner as they have, which can shorten the list. */
  holding(text: string, like?: Shown): Listing<T>;
  /** What an attempt to make a token may have left. Missing where its label tells, because that bears a mark of its own. */
  leftBy?(wanted: W): Listing<T>;
  /** Lets it do what it was made for, and sets its description. Missing where what is made works at once for good. */
  switchOn?(id: string, wanted: W): Promise<Changed<T>>;
  /** Takes that away again, so that it can be switched on once more, and sets its description. Missing as above. */
  switchOff?(id: string, description: string): Promise<Changed<T>>;
  /** The same tokens, read anew; with another watch, the end of their own does not end what is sent. */
  reopen(watch?: Watch): Pick<Creatable<T, W>, "holding" | "leftBy"> & Removable<T>;
}

/** {@link Creatable} of a product that can make a token unable to do anything for a while. */
export type Switchable<T, W extends Wanted> = Creatable<T, W> &
  Required<Pick<Creatable<T, W>, "switchOn" | "switchOff">>;

/** A new token. */
export interface Made<T> {
  token: T;
  /** The server shows it this once. */
  value: Secret;
  attempts: number;
}

/** What a server makes of the value of a token. */
export interface Liveness {
  /** Whether it lets somebody in now. */
  works: boolean;
  /** Why not, if it does not: disabled; of a disabled or deleted user; expired; or the server knows no such value. */
  state: "active" | "inactive" | "user-inactive" | "expired" | "not-accepted";
  /** The user that it acts for, where the server tells. */
  user?: { id?: string; name?: string };
  /** The token that has this value, where the server tells which; its value is left out. */
  token?: Shown;
}

/** What is known of a change that was made. */
export interface Changed<T> {
  /** How often the request was sent. */
  attempts: number;
  /** What the server then shows of the token, if it shows any of it. */
  token?: Partial<T>;
  /** True if it had been revoked before, so nothing was done now. */
  alreadyRevoked?: true;
}

/** A list with what is wanted of it alone. */
export function narrowed<T>(listing: Listing<T>, isWanted: (token: T) => boolean): Listing<T> {
  return {
    read: (reader) => listing.read((batches, isInOrder) => reader(narrow(batches), isInOrder)),
  };
  async function* narrow(batches: AsyncIterable<T[]>): AsyncGenerator<T[]> {
    for await (const batch of batches) yield batch.filter(isWanted);
  }
}

/** A list of none, which is not asked for. */
export const NONE: Listing<never> = {
  read: (reader) => reader((async function* () {})(), true),
};

/** All of a list. */
export async function all<T>(batches: AsyncIterable<T[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const batch of batches) {
    // Not push(...batch): so many arguments may not fit on the stack.
    for (const each of batch) found.push(each);
  }
  return found;
}
