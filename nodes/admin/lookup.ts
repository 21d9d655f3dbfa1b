import * as z from "zod";
import { breather } from "../../src/work/breather.js";
import { counted } from "../../src/text/counts.js";
import { plain } from "../../src/text/plain-text.js";
import { isVariable } from "../fields/variables.js";
import {
  LOOKUPS,
  READ_PERMISSION,
  type Lookup,
  type LookupAnswer,
  type LookupEntry,
  type TokenRow,
} from "./answers.js";
import { deployedConnection } from "./deployed.js";
import { inventoryOf, type Inventory } from "./inventory.js";
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

/** What can be looked up: of a name, how many tokens have it; of an ID, the token. */
interface Candidate {
  value: string;
  label: string;
  tokens: number;
  /** The first of them. */
  row?: TokenRow;
}

/** What the tokens of a connection name, so that it needs no more permissions than the list. */
export const lookupRoute: Route<z.infer<typeof Input>> = {
  method: "get",
  path: "connections/:id/lookup",
  permission: READ_PERMISSION,
  input: Input,
  async answer({ id, of, resource, search = "", limit }, signal): Promise<LookupAnswer> {
    const node = deployedConnection(id);
    const inventory = await inventoryOf(node, resourceOf(node, resource), { signal });
    const name = `lookup ${of}`;
    const candidates = (inventory.made.get(name) ?? candidatesOf(inventory, of)) as Promise<Candidate[]>;
    inventory.made.set(name, candidates);
    const all = await candidates;
    const textsOf = ({ value, label, row }: Candidate) => [value, label, of === "id" ? row?.user : undefined];
    const holds = searchFor(search);
    const found = await matching(all, (each) => holds(...textsOf(each)), signal);
    // What begins so comes before what holds it elsewhere.
    const begins = searchFor(search, { atStart: true });
    const first = await matching(found, ({ value, label }) => begins(value, label), signal);
    const isFirst = new Set(first);
    const rest = first.length < limit ? found.filter((each) => !isFirst.has(each)) : [];
    return {
      at: inventory.at,
      matching: found.length,
      entries: [...first, ...rest].slice(0, limit).map((each) => entryOf(each, of)),
    };
  },
};

/**
 * Each value once, in the order of what people know it by. What a deploy would replace by a variable of the environment
 * is left out: a server could so ask for any.
 */
async function candidatesOf({ rows, databases }: Inventory, of: Lookup): Promise<Candidate[]> {
  const breathe = breather();
  const found = new Map<string, Candidate>();
  if (of === "database") {
    for (const [value, tokens] of databases) {
      if (!isVariable(value)) found.set(value, { value, label: value, tokens });
    }
  } else {
    for (const row of rows) {
      const value = row[of];
      if (value === undefined || value === "" || isVariable(value)) continue;
      const before = found.get(value);
      if (before) before.tokens++;
      else found.set(value, { value, label: labelOf(row, of) || value, tokens: 1, row });
      await breathe();
    }
  }
  return sorted([...found.values()], ({ label }) => label.toLowerCase(), false);
}

function labelOf(row: TokenRow, of: Exclude<Lookup, "database">): string | undefined {
  switch (of) {
    case "id":
      return row.description;
    case "userID":
      return row.user;
    case "orgID":
      return row.org;
    default:
      return row[of];
  }
}

function entryOf({ value, label, tokens, row }: Candidate, of: Lookup): LookupEntry {
  const detail = of === "id" && row ? stateOf(row) : counted(tokens, "token");
  return { value, label: plain(label), detail: plain(detail) };
}

function stateOf({ status, user, marks }: TokenRow): string {
  const ended = marks.filter((mark) => mark === "expired" || mark === "revoked");
  const owner = user === undefined ? undefined : `of ${user}`;
  return [status, ...ended, owner].filter((text) => text !== undefined).join(", ");
}
