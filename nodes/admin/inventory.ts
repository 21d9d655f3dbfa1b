import { systemClock } from "../../src/clock.js";
import type { ResourceName } from "../../src/products.js";
import type { Grantable } from "../../src/tokens/grantable.js";
import { createKept, type Kept } from "../../src/work/kept.js";
import type { ConnectionNode } from "../influxdb-connection/connection.js";
import type { TokenRow, TokensAnswer } from "./answers.js";
import { rowReader } from "./rows.js";

/** All tokens of one kind, as they were when the list was read. */
export interface Inventory {
  /** When it was read, ISO 8601. */
  at: string;
  /** The server's time at this moment, in milliseconds since 1970. */
  now(): number;
  rows: TokenRow[];
  /** How many tokens name each database. */
  databases: ReadonlyMap<string, number>;
  counts: TokensAnswer["counts"];
  /** What was made of the rows and may be wanted again, by a name. */
  made: Map<string, unknown>;
}

/** Milliseconds. */
const TIMES = { good: 30_000, fresh: 2000, unused: 60_000 };

type Reader<T> = (
  node: ConnectionNode,
  resource: ResourceName,
  options: { fresh?: boolean; signal: AbortSignal },
) => Promise<T>;

/**
 * The tokens of a connection: what was read a short while ago, or what is read now for all who ask meanwhile.
 *
 * @throws what the list of the tokens throws.
 */
export const inventoryOf: Reader<Inventory> = keptOf(read);

/**
 * What permissions of a connection's tokens can be about, kept as the tokens are.
 *
 * @throws what the list of them throws.
 */
export const grantableOf: Reader<readonly Grantable[]> = keptOf((node, resource, signal) =>
  node.connection().grantable(resource, { signal }),
);

function keptOf<T>(
  read: (node: ConnectionNode, resource: ResourceName, signal: AbortSignal) => Promise<T>,
): Reader<T> {
  /** Of each connection while it is deployed: one that is deployed anew is another node. */
  const all = new WeakMap<ConnectionNode, Map<ResourceName, Kept<T>>>();
  return (node, resource, options) => {
    let kept = all.get(node);
    if (kept === undefined) {
      const own = new Map<ResourceName, Kept<T>>();
      all.set(node, (kept = own));
      node.on("close", () => {
        for (const each of own.values()) each.close();
      });
    }
    let one = kept.get(resource);
    if (one === undefined)
      kept.set(resource, (one = createKept((signal) => read(node, resource, signal), TIMES)));
    return one.get(options);
  };
}

async function read(node: ConnectionNode, resource: ResourceName, signal: AbortSignal): Promise<Inventory> {
  const connection = node.connection();
  // Before the list, which would hold up what the reader asks for.
  const { rowOf, now } = await rowReader(connection, resource, signal);
  const since = systemClock.steady();
  const read = await connection
    .open(resource, { signal })
    .list({})
    .read(async (batches) => {
      const rows: TokenRow[] = [];
      const databases = new Map<string, number>();
      const counts: TokensAnswer["counts"] = {};
      const count = (name: string) => {
        const key = name as keyof typeof counts;
        counts[key] = (counts[key] ?? 0) + 1;
      };
      for await (const batch of batches) {
        for (const listed of batch) {
          const { token, databases: named } = rowOf(listed);
          rows.push(token);
          for (const mark of token.marks) count(mark);
          if (token.status === "active" || token.status === "inactive") count(token.status);
          for (const name of named) databases.set(name, (databases.get(name) ?? 0) + 1);
        }
      }
      return { rows, databases, counts };
    });
  const at = new Date(systemClock.now()).toISOString();
  return {
    ...{ at, ...read, made: new Map() },
    now: () => now + systemClock.steady() - since,
  };
}
