import * as z from "zod";
import { TOKEN_NAME } from "../../src/ids.js";
import { breather } from "../../src/work/breather.js";
import { counted } from "../../src/text/counts.js";
import type { ResourceName } from "../../src/products.js";
import { plain } from "../../src/text/plain-text.js";
import type { Grantable } from "../../src/tokens/grantable.js";
import { isVariable } from "../fields/variables.js";
import type { ConnectionNode } from "../influxdb-connection/connection.js";
import {
  LONGEST_SEARCH,
  LOOKUPS,
  READ_PERMISSION,
  type Lookup,
  type LookupAnswer,
  type LookupEntry,
  type TokenRow,
} from "./answers.js";
import { deployedConnection } from "./deployed.js";
import { grantableOf, inventoryOf, type Inventory } from "./inventory.js";
import { matching, searchFor, sorted } from "./match.js";
import type { Route } from "./route.js";
import { numberInput, resourceInput, resourceOf, textInput } from "./tokens.js";

const Input = z.object({
  id: z.string(),
  of: z.enum(LOOKUPS),
  resource: resourceInput,
  search: textInput,
  limit: numberInput(1, 200).default(50),
});

/** What can be looked up. */
interface Candidate {
  value: string;
  label: string;
  /** How many tokens name it. */
  tokens: number;
  /** The first of them. */
  row?: TokenRow;
  /** The organization that has it, if it is a bucket. */
  org?: string;
}

/** What is made of a list, and is good as long as that. */
interface Made {
  granted: readonly Grantable[];
  candidates: Promise<Candidate[]>;
}

/**
 * What the tokens of a connection name, which needs no more permissions than the list; and the buckets and databases
 * that there are.
 */
export const lookupRoute: Route<z.infer<typeof Input>> = {
  method: "get",
  path: "connections/:id/lookup",
  permission: READ_PERMISSION,
  input: Input,
  async answer({ id, of, resource, search = "", limit }, signal): Promise<LookupAnswer> {
    const node = deployedConnection(id);
    const kind = resourceOf(node, resource);
    const [inventory, granted] = await Promise.all([
      inventoryOf(node, kind, { signal }),
      grantedOf(node, kind, of, signal),
    ]);
    const name = `lookup ${of}`;
    const before = inventory.made.get(name) as Made | undefined;
    const made =
      before?.granted === granted ? before : { granted, candidates: candidatesOf(inventory, of, granted) };
    inventory.made.set(name, made);
    const all = await made.candidates;
    const textsOf = ({ value, label, row }: Candidate) => [value, label, of === "id" ? row?.user : undefined];
    const holds = searchFor(search);
    const found = await matching(all, (each) => holds(...textsOf(each)), signal);
    // What is so comes first, then what begins so, then what holds it elsewhere.
    const same = found.filter(({ value }) => value === search);
    const begins = searchFor(search, { atStart: true });
    const first = await matching(found, ({ value, label }) => begins(value, label), signal);
    const rest = first.length < limit ? found : [];
    return {
      at: inventory.at,
      matching: found.length,
      entries: [...new Set([...same, ...first, ...rest])].slice(0, limit).map((each) => entryOf(each, of)),
    };
  },
};

const NONE: readonly Grantable[] = [];

/** Whose permissions are about what is looked up. */
const GRANTED_TO: Partial<Record<Lookup, readonly ResourceName[]>> = {
  bucket: ["authorizations"],
  database: ["database-tokens", "influxdb3-tokens"],
};

async function grantedOf(
  node: ConnectionNode,
  resource: ResourceName,
  of: Lookup,
  signal: AbortSignal,
): Promise<readonly Grantable[]> {
  if (!GRANTED_TO[of]?.includes(resource)) return NONE;
  try {
    return await grantableOf(node, resource, { signal });
  } catch (error) {
    // Not every token may see which databases there are: those that permissions name are known all the same.
    if (of === "database") return NONE;
    throw error;
  }
}

/**
 * Each value once, in the order of what people know it by. What a deploy would replace by a variable of the environment
 * is left out: a server could so ask for any.
 */
async function candidatesOf(
  { rows, databases }: Inventory,
  of: Lookup,
  granted: readonly Grantable[],
): Promise<Candidate[]> {
  const breathe = breather();
  const found = new Map<string, Candidate>();
  if (of === "bucket") {
    const orgs = new Map(rows.map(({ orgID, org }) => [orgID, org]));
    for (const { id, name, orgID } of granted) {
      found.set(id, { value: id, label: name, tokens: 0, org: orgs.get(orgID) ?? orgID ?? "" });
    }
  } else if (of === "database") {
    const names = new Set([...databases.keys(), ...granted.map(({ id }) => id)]);
    for (const value of names) {
      if (!isVariable(value)) found.set(value, { value, label: value, tokens: databases.get(value) ?? 0 });
    }
  } else {
    for (const row of rows) {
      const value = row[of];
      if (value === undefined || value === "" || isVariable(value)) continue;
      if (of === "id" && row.name !== undefined && !isTypeable(value)) continue;
      const before = found.get(value);
      if (before) before.tokens++;
      else found.set(value, { value, label: labelOf(row, of) || value, tokens: 1, row });
      await breathe();
    }
  }
  return sorted([...found.values()], ({ label }) => label.toLowerCase(), false);
}

/** Whether a field takes a name: one line, of a length that a look-up can ask for. */
function isTypeable(name: string): boolean {
  const isLine = name.trim() !== "" && !/[\r\n]/.test(name);
  return isLine && name.length <= LONGEST_SEARCH && TOKEN_NAME.pattern.test(name);
}

function labelOf(row: TokenRow, of: Exclude<Lookup, "bucket" | "database">): string | undefined {
  switch (of) {
    case "id":
      return row.name ?? row.description;
    case "userID":
      return row.user;
    case "orgID":
      return row.org;
    default:
      return row[of];
  }
}

function entryOf({ value, label, tokens, row, org }: Candidate, of: Lookup): LookupEntry {
  const detail = org ?? (of === "id" && row ? stateOf(row) : counted(tokens, "token"));
  return { value, label: plain(label), detail: plain(detail) };
}

function stateOf({ kind, status, user, access, marks }: TokenRow): string {
  const ended = marks.filter((mark) => mark === "expired" || mark === "revoked");
  const owner = user === undefined ? undefined : `of ${user}`;
  // An admin token may do everything.
  const may = kind === "resource" ? access : undefined;
  return [kind, status, ...ended, owner, may].filter((text) => text !== undefined).join(", ");
}
