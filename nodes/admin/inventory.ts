import { systemClock } from "../../src/clock.js";
import type { ResourceName } from "../../src/products.js";
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

/** Of each connection while it is deployed: one that is deployed anew is another node. */
const inventories = new WeakMap<ConnectionNode, Map<ResourceName, Kept<Inventory>>>();

/**
 * The tokens of a connection: what was read a short while ago, or what is read now for all who ask meanwhile.
 *
 * @throws what the list of the tokens throws.
 */
export function inventoryOf(
  node: ConnectionNode,
  resource: ResourceName,
  options: { fresh?: boolean; signal: AbortSignal },
): Promise<Inventory> {
  let kept = inventories.get(node);
  if (kept === undefined) {
    const all = new Map<ResourceName, Kept<Inventory>>();
    inventories.set(node, (kept = all));
    node.on("close", () => {
      for (const each of all.values()) each.close();
    });
  }
  let one = kept.get(resource);
  if (one === undefined)
    kept.set(resource, (one = createKept((signal) => read(node, resource, signal), TIMES)));
  return one.get(options);
}

async function read(node: ConnectionNode, resource: ResourceName, signal: AbortSignal): Promise<Inventory> {
  const connection = node.connection();
  // At the same time as the list.
  const reader = rowReader(connection, resource, signal);
  const rows: TokenRow[] = [];
  const databases = new Map<string, number>();
  const counts: TokensAnswer["counts"] = {};
  const count = (name: string) => {
    const key = name as keyof typeof counts;
    counts[key] = (counts[key] ?? 0) + 1;
  };
  for await (const batch of connection.open(resource, { signal }).list({})) {
    const { rowOf } = await reader;
    for (const listed of batch) {
      const { token, databases: named } = rowOf(listed);
      rows.push(token);
      for (const mark of token.marks) count(mark);
      if (token.status === "active" || token.status === "inactive") count(token.status);
      for (const name of named) databases.set(name, (databases.get(name) ?? 0) + 1);
    }
  }
  const { now } = await reader;
  const since = systemClock.steady();
  const at = new Date(systemClock.now()).toISOString();
  return {
    ...{ at, rows, databases, counts, made: new Map() },
    now: () => now + systemClock.steady() - since,
  };
}
