import ms from "ms";
import type { ResourceName } from "../../src/products.js";
import type { Access } from "../../src/tokens/access.js";
import type { Listed, Resource } from "../../src/tokens/resource.js";
import { RESOURCES } from "../../src/tokens/resources.js";
import { isBefore } from "../../src/work/filters.js";
import { plain } from "../../src/text/plain-text.js";
import type { Connection } from "../influxdb-connection/connection.js";
import { STALE_AFTER, type Mark, type TokenRow } from "./answers.js";

/** Characters of a text that are shown; InfluxDB's own names are far shorter. */
const LONGEST_TEXT = 500;

/** A token of a list as the editor shows it, and what is not shown of it. */
export interface Row {
  token: TokenRow;
  databases: readonly string[];
}

/**
 * Asks for what the rows of a list need besides the list; it never fails.
 *
 * @returns what makes rows of tokens. It keeps each text but once: a hundred thousand tokens have few owners.
 */
export async function rowReader(
  connection: Connection,
  resource: ResourceName,
  signal: AbortSignal,
): Promise<{
  /** The server's time, in milliseconds since 1970. */
  now: number;
  rowOf: (token: Listed) => Row;
}> {
  const { reference, access }: Resource = RESOURCES[resource];
  const isNamed = reference.word === "name";
  const [now, own] = await Promise.all([
    connection.now(signal),
    connection.ownToken(resource)?.recognize(signal),
  ]);
  const texts = new Map<string, string>();
  const marksOf = new Map<string, Mark[]>();

  const once = (text: string | undefined) => {
    if (text === undefined) return undefined;
    const before = texts.get(text);
    if (before === undefined) texts.set(text, text);
    return before ?? text;
  };

  function marked(row: Omit<TokenRow, "marks">, token: Listed, may: Access | undefined): Mark[] {
    const id = reference.normalize(row.id);
    const isOld = isBefore(row.updatedAt ?? row.createdAt, now - ms(STALE_AFTER));
    const found: (Mark | false | undefined)[] = [
      own?.(id, token),
      connection.isProtected(id) && "protected",
      may?.isAll && "all-access",
      isBefore(row.expiresAt, now + 1) && "expired",
      row.revokedAt !== undefined && "revoked",
      isOld && "stale",
      resource !== "authorizations" && row.expiresAt === undefined && "no-expiry",
      resource === "authorizations" && !(row.user && row.org) && "no-owner",
    ];
    const marks = found.filter((mark) => mark !== false && mark !== undefined);
    const key = marks.join(" ");
    const before = marksOf.get(key) ?? marks;
    marksOf.set(key, before);
    return before;
  }

  function rowOf(token: Listed): Row {
    // What is not shown is not known.
    const may = token.permissions === undefined ? undefined : access?.(token.permissions);
    const text = (name: string) => {
      const value = token[name];
      return typeof value === "string" && value !== "" ? value.slice(0, LONGEST_TEXT) : undefined;
    };
    const row = {
      // The beginning of a name can be another's.
      id: isNamed ? token.id : token.id.slice(0, LONGEST_TEXT),
      ...(isNamed && { name: shownName(token.id), kind: once(text("kind")) }),
      description: text("description") ?? (isNamed ? undefined : ""),
      status: once(text("status")),
      user: once(text("user")),
      userID: once(text("userID") ?? text("createdBy")),
      org: once(text("org")),
      orgID: once(text("orgID")),
      createdAt: text("createdAt"),
      updatedAt: text("updatedAt"),
      expiresAt: text("expiresAt"),
      revokedAt: text("revokedAt"),
      access: once(may?.text),
    };
    const known = Object.fromEntries(
      Object.entries(row).filter(([, value]) => value !== undefined),
    ) as unknown as Omit<TokenRow, "marks">;
    // No field takes the beginning of a name.
    const databases = (may?.databases ?? []).filter(({ length }) => length <= LONGEST_TEXT);
    return { token: { ...known, marks: marked(known, token, may) }, databases };
  }
  return { now, rowOf };
}

/** A name to be read. What cannot be seen in it counts all the same: that stands in quotes, and with escapes. */
function shownName(name: string): string {
  const isSeen = name !== "" && name === name.trim() && name === plain(name);
  return (isSeen ? name : JSON.stringify(name)).slice(0, LONGEST_TEXT);
}

/** A row as it is answered: texts of strangers are one line of plain text, but for a name that is to be given back. */
export function shownRow({ marks, ...texts }: TokenRow): TokenRow {
  const shown = Object.entries(texts as Record<string, string>).map(([name, text]) => [name, plain(text)]);
  const row = { ...(Object.fromEntries(shown) as unknown as TokenRow), marks };
  return texts.name === undefined ? row : { ...row, id: texts.id };
}
