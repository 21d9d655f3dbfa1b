import type { ResourceName } from "../../src/products.js";

/*
 * What the admin endpoints answer, for the endpoints and for what runs in the editor. Addresses are relative to the
 * editor's own; none of the answers holds a token value.
 */

/** Where the endpoints are. */
export const ADMIN_ROOT = "influxdb-tokens";

/** Permission of Node-RED's adminAuth to see tokens, of which every "read" is one. */
export const READ_PERMISSION = "influxdb-tokens.read";
/** Permission to send a typed-in token to a typed-in address. */
export const TEST_PERMISSION = "influxdb-tokens.test";

/** The most characters that can be searched for. */
export const LONGEST_SEARCH = 500;

/** What is worth a look about a token, in the order in which people want to see it. */
export const MARKS = [
  /** The connection's own token. */
  "own",
  /** It may be the connection's own token: nothing tells. */
  "maybe-own",
  /** On the connection's list of protected IDs. */
  "protected",
  /** It may do everything in its organization, account or cluster, or everywhere. */
  "all-access",
  "expired",
  "revoked",
  /** Not changed for more than a year. */
  "stale",
  /** It works for ever. */
  "no-expiry",
  /** The server names no user, or no organization, that owns it. */
  "no-owner",
] as const;
export type Mark = (typeof MARKS)[number];

/** The age without a change after which a token is "stale"; the texts of the marks name it. */
export const STALE_AFTER = "1y";

/** A token as the editor shows it. */
export interface TokenRow {
  /** What a field takes: of tokens that are known by their names the name, as it is. All other texts are plain. */
  id: string;
  /** Of those, the name to be read: in quotes, with escapes, if it holds what cannot be seen. */
  name?: string;
  /** Always there if they have no names. */
  description?: string;
  /** Of InfluxDB 3: `operator`, `admin` or `resource`. */
  kind?: string;
  /** `active` or `inactive` where the server has it. */
  status?: string;
  user?: string;
  userID?: string;
  org?: string;
  orgID?: string;
  /** RFC 3339, as the server gives them. */
  createdAt?: string;
  updatedAt?: string;
  expiresAt?: string;
  revokedAt?: string;
  /** What it may do, in a few words: `read: 2 buckets, write: 1 bucket`. */
  access?: string;
  marks: Mark[];
}

/** `GET connections/:id/tokens`: a page of a connection's tokens. */
export interface TokensAnswer {
  resource: ResourceName;
  /** When the list was read from the server, ISO 8601. */
  at: string;
  /** All tokens of the list. */
  total: number;
  /** Those that match what was asked for. */
  matching: number;
  /** How many of all have each mark and each status. */
  counts: Partial<Record<Mark | "active" | "inactive", number>>;
  /** From the offset on, at most as many as asked for. */
  tokens: TokenRow[];
}

/** What a look-up can offer: a property of tokens, or what their permissions can be about. */
export const LOOKUPS = ["id", "description", "user", "userID", "org", "orgID", "database", "bucket"] as const;
export type Lookup = (typeof LOOKUPS)[number];

/** `GET connections/:id/lookup`: what exists, for a field of a dialog. */
export interface LookupAnswer {
  at: string;
  /** All that match; `entries` are the first of them. */
  matching: number;
  entries: LookupEntry[];
}
export interface LookupEntry {
  /** What the field takes: a name or an ID. */
  value: string;
  /** What people know it by: the name of a user, the description of a token. */
  label: string;
  /** What tells it from others: `inactive, of user ann`, `3 tokens`. */
  detail: string;
}

/** `POST preview`: what a list node with these properties would find. */
export interface PreviewAnswer {
  at: string;
  total: number;
  matching: number;
  /** Fields whose value comes from the message or the like: they were left out, so fewer may match. */
  unknown: string[];
  /** The first of them. */
  tokens: TokenRow[];
  /** The one of all of them that was created first, if there is one: a node that sends "the first" sends it. */
  oldest?: TokenRow;
}

/** `GET nodes/:id/last`: what the last message of a node did; empty if there was none since its deploy. */
export interface LastAnswer {
  last?: {
    /** When it ended, ISO 8601. */
    at: string;
    /** One sentence, and counts by outcome. */
    text: string;
    counts: Record<string, number>;
    /** The first records, as the node sent them, but with short texts and without permissions. */
    records: unknown[];
    /** How many there are in all. */
    total: number;
    /** The name of the connection, if the message has named it. */
    connection?: string;
  };
}

/** Any of them, if it fails. */
export interface ErrorAnswer {
  error: {
    /** A code of the nodes, `not-deployed`, or `invalid-request`. */
    code: string;
    /** A sentence that says what is wrong and what to do. */
    message: string;
  };
}
