import ms from "ms";
import * as z from "zod";
import { productOf, type ResourceName } from "../../src/products.js";
import { RESOURCES } from "../../src/tokens/resources.js";
import { isBefore } from "../../src/work/filters.js";
import { refuseUnable, type ConnectionNode } from "../influxdb-connection/connection.js";
import { LONGEST_SEARCH, MARKS, READ_PERMISSION, type TokenRow, type TokensAnswer } from "./answers.js";
import { deployedConnection } from "./deployed.js";
import { inventoryOf, type Inventory } from "./inventory.js";
import { matching, searchFor, sorted } from "./match.js";
import type { Route } from "./route.js";
import { shownRow } from "./rows.js";

/** Of a query, in which all are texts. */
export const resourceInput = z.enum(Object.keys(RESOURCES) as ResourceName[]).optional();
const flagInput = z.literal("1").optional();
export const textInput = z.string().max(LONGEST_SEARCH).optional();
export const numberInput = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const SORTS = [
  "name",
  "description",
  "kind",
  "user",
  "status",
  "createdAt",
  "updatedAt",
  "expiresAt",
  "id",
] as const;
type Sort = (typeof SORTS)[number];

const Input = z.object({
  id: z.string(),
  resource: resourceInput,
  search: textInput,
  status: textInput,
  mark: z.enum(MARKS).optional(),
  owner: textInput,
  olderThanDays: numberInput(0, 36_500).optional(),
  sort: z.enum(SORTS).optional(),
  descending: flagInput,
  offset: numberInput(0, 10_000_000).default(0),
  limit: numberInput(1, 200).default(50),
  fresh: flagInput,
});

/** A page of a connection's tokens, narrowed and in order. */
export const tokensRoute: Route<z.infer<typeof Input>> = {
  method: "get",
  path: "connections/:id/tokens",
  permission: READ_PERMISSION,
  input: Input,
  async answer(input, signal): Promise<TokensAnswer> {
    const { offset, limit, sort, fresh, descending } = input;
    const node = deployedConnection(input.id);
    const resource = resourceOf(node, input.resource);
    const inventory = await inventoryOf(node, resource, { fresh: fresh !== undefined, signal });
    const rows = await inOrder(inventory, sort, descending !== undefined);
    const found = await matching(rows, matcher(input, inventory.now()), signal);
    const { at, counts } = inventory;
    const tokens = found.slice(offset, offset + limit).map(shownRow);
    return { resource, at, total: rows.length, matching: found.length, counts, tokens };
  },
};

/**
 * The kind of tokens that is meant: the first of the product's unless it is said.
 *
 * @throws {TokenError} `unsupported-product`, and what {@link ConnectionNode.connection} throws.
 */
export function resourceOf(node: ConnectionNode, named: ResourceName | undefined): ResourceName {
  const connection = node.connection();
  const resource = named ?? productOf(connection.product).resources[0];
  if (resource === undefined) throw new Error("a product without tokens");
  refuseUnable(connection, resource);
  return resource;
}

function matcher(
  { search = "", status, mark, owner, olderThanDays }: z.infer<typeof Input>,
  now: number,
): (row: TokenRow) => boolean {
  const holds = searchFor(search);
  const before = olderThanDays === undefined ? undefined : now - olderThanDays * ms("1d");
  return (row) =>
    (status === undefined || row.status === status) &&
    (mark === undefined || row.marks.includes(mark)) &&
    (owner === undefined || row.user === owner || row.userID === owner) &&
    isBefore(row.updatedAt ?? row.createdAt, before) &&
    holds(row.description, row.user, row.org, row.id, row.kind, row.access);
}

/** All rows in an order, which is kept for the next page. */
async function inOrder(
  { rows, made }: Inventory,
  sort: Sort | undefined,
  descending: boolean,
): Promise<TokenRow[]> {
  if (sort === undefined) return descending ? rows.toReversed() : rows;
  const name = `${sort} ${descending}`;
  const before = made.get(name) as Promise<TokenRow[]> | undefined;
  const order = before ?? sorted(rows, (row) => keyOf(row[sort], sort), descending);
  made.set(name, order);
  return order;
}

/** Times are compared as such, and texts as people do, whatever their case. */
function keyOf(text: string | undefined, sort: Sort): string | number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!sort.endsWith("At")) return text.toLowerCase();
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
