import * as z from "zod";
import { systemClock } from "../../src/clock.js";
import type { Listed, Listing } from "../../src/tokens/resource.js";
import { oldest } from "../../src/work/filters.js";
import { createLimiter } from "../../src/work/limiter.js";
import type { CounterStore } from "../../src/work/rate-limit.js";
import type { Properties } from "../fields/controls.js";
import type { Fields } from "../fields/fields.js";
import { isUsed, partsOf } from "../fields/judge.js";
import { isVariable } from "../fields/variables.js";
import { refuseUnable, type ConnectionNode } from "../influxdb-connection/connection.js";
import listAuthorizations from "../list-authorizations/list-authorizations.js";
import listInfluxdb3Tokens from "../list-influxdb3-tokens/list-influxdb3-tokens.js";
import listDatabaseTokens from "../list-database-tokens/list-database-tokens.js";
import listManagementTokens from "../list-management-tokens/list-management-tokens.js";
import { READ_PERMISSION, type PreviewAnswer, type TokenRow } from "./answers.js";
import { deployedConnection } from "./deployed.js";
import { inventoryOf } from "./inventory.js";
import { RouteError, type Route } from "./route.js";
import { rowReader, shownRow } from "./rows.js";

/** The nodes that list. */
const LISTS = new Map(
  [listAuthorizations, listDatabaseTokens, listManagementTokens, listInfluxdb3Tokens].map(({ operation }) => [
    operation.type,
    operation,
  ]),
);

/** Rows of an answer. */
const MOST_ROWS = 100;

const Input = z.object({
  type: z.string(),
  /** The ID of a deployed connection. */
  connection: z.string(),
  /** As the dialog has them. */
  properties: z.record(z.string(), z.unknown()),
});

/** What a list node would find, by the same fields and the same filters as when it runs. */
export const previewRoute: Route<z.infer<typeof Input>> = {
  method: "post",
  path: "preview",
  permission: READ_PERMISSION,
  input: Input,
  async answer({ type, connection: id, properties }, signal): Promise<PreviewAnswer> {
    const operation = LISTS.get(type);
    const { resource } = operation ?? {};
    if (operation?.find === undefined || resource === undefined)
      throw new RouteError(400, "invalid-request", `"type" is not valid`);
    const node = deployedConnection(id);
    const connection = node.connection();
    refuseUnable(connection, resource);
    const { values, unknown } = await valuesOf(operation.fields, properties);
    const tokens = connection.open(resource, { signal });
    // A filter that is not known is one all the same.
    const filters = { ...values, includeToken: false, ...(unknown.length > 0 && { everyToken: true }) };
    // It throws what it refuses, so it comes before anything is under way.
    const listing = operation.find(filters, tokens);
    const [{ rows: all }, found] = await Promise.all([
      inventoryOf(node, resource, { signal }),
      turnsOf(node)(async () => {
        signal.throwIfAborted();
        return rowsIn(listing, await rowReader(connection, resource, signal));
      }),
    ]);
    const { matching, rows, first } = found;
    return {
      at: new Date(systemClock.now()).toISOString(),
      total: all.length,
      matching,
      unknown,
      tokens: rows.map(shownRow),
      ...(first && { oldest: shownRow(first) }),
    };
  },
};

/** Lists of previews that are read from one connection at once: each can fill much memory. */
const LISTS_AT_ONCE = 1;

const turns = new WeakMap<ConnectionNode, ReturnType<typeof createLimiter>>();

function turnsOf(node: ConnectionNode): ReturnType<typeof createLimiter> {
  const inTurn = turns.get(node) ?? createLimiter(LISTS_AT_ONCE);
  turns.set(node, inTurn);
  return inTurn;
}

/** A value that only a message, an expression or the environment would give: a reader's request must not ask for it. */
class NotTyped extends Error {}

/**
 * The values that are typed into a dialog, and the names of the fields whose values are not.
 *
 * @throws {TokenError} as the node does.
 */
async function valuesOf(
  fields: Fields,
  properties: Properties,
): Promise<{ values: Record<string, unknown>; unknown: string[] }> {
  const values: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (!isUsed(fields, field, properties)) continue;
    try {
      if (partsOf(name, field).some(({ property }) => isVariable(properties[property]))) throw new NotTyped();
      values[name] = await field.parse(
        name,
        properties,
        NO_COUNTS,
      )((value, source) => {
        if (source !== "str") throw new NotTyped();
        return Promise.resolve({ value });
      });
    } catch (error) {
      if (!(error instanceof NotTyped)) throw error;
      unknown.push(name);
    }
  }
  return { values, unknown };
}

/** Lists count nothing. */
const NO_COUNTS: CounterStore = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };

/** What is told of a list: how many there are, the first of them, and the one that was created first. */
interface Found {
  matching: number;
  rows: TokenRow[];
  first: TokenRow | undefined;
}

function rowsIn(listing: Listing<Listed>, { rowOf }: Awaited<ReturnType<typeof rowReader>>): Promise<Found> {
  return listing.read(async (batches) => {
    const found: Found = { matching: 0, rows: [], first: undefined };
    for await (const batch of batches) {
      const rows = batch.map((token) => rowOf(token).token);
      found.matching += rows.length;
      found.rows.push(...rows.slice(0, MOST_ROWS - found.rows.length));
      found.first = oldest(found.first ? [found.first, ...rows] : rows);
    }
    return found;
  });
}
