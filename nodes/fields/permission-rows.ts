import { HEX_ID } from "../../src/ids.js";
import { holdsVariable, isVariable } from "./variables.js";
import type { Wrong } from "./wrong.js";

/*
 * The rows of a table of permissions, and what makes them wrong. The build puts this file into the browser, so it uses
 * only what Node.js and browsers have in common.
 */

/** What the rows of a table are about. */
export type Grantable = "buckets" | "databases";

/** In place of a bucket or database: all of them. */
export const ALL = "*";

/** What a token may do with one bucket or database, as a flow has it. */
export interface PermissionRow {
  /** The ID of a bucket, the name of a database, or {@link ALL}. Node-RED replaces a variable in it. */
  readonly resource: string;
  /** What a bucket was called when it was chosen, for people to read. */
  readonly name?: string;
  readonly read: boolean;
  readonly write: boolean;
}

/** Characters that the name of a database can have in a permission. */
const LONGEST_DATABASE = 64;

const WRONG_RESOURCE = { buckets: "rowBucket", databases: "rowDatabase" } as const;

/** All that can be wrong with a table. */
export function wrongTables(of: Grantable): readonly Wrong[] {
  return ["rows", "noRows", "rowAccess", "variable", WRONG_RESOURCE[of]];
}

/** @param value of the property: rows, unless a flow was written by hand. */
export function wrongTable(of: Grantable, value: unknown): Wrong | undefined {
  if (!Array.isArray(value) || !value.every(isRow)) return "rows";
  if (value.length === 0) return "noRows";
  return value.map((row) => wrongResource(of, row) ?? wrongAccess(row)).find((wrong) => wrong !== undefined);
}

export function wrongResource(of: Grantable, { resource }: PermissionRow): Wrong | undefined {
  const text = resource.trim();
  if (text === ALL) return undefined;
  if (holdsVariable(text)) return isVariable(text) ? undefined : "variable";
  const isRight =
    of === "buckets" ? HEX_ID.pattern.test(text) : text !== "" && text.length <= LONGEST_DATABASE;
  return isRight ? undefined : WRONG_RESOURCE[of];
}

export function wrongAccess({ read, write }: PermissionRow): Wrong | undefined {
  return read || write ? undefined : "rowAccess";
}

function isRow(value: unknown): value is PermissionRow {
  if (typeof value !== "object" || value === null) return false;
  const { resource, name, read, write } = value as Record<string, unknown>;
  const isNamed = name === undefined || typeof name === "string";
  return typeof resource === "string" && isNamed && typeof read === "boolean" && typeof write === "boolean";
}
