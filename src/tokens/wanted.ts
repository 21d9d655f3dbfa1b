import * as z from "zod";
import { systemClock } from "../clock.js";
import { TokenError } from "../errors.js";
import { HEX_ID, TOKEN_NAME } from "../ids.js";
import {
  ADMIN,
  OPERATOR,
  readInfluxdb3Column,
  Influxdb3Permissions,
  type Influxdb3Permission,
} from "./influxdb3-permissions.js";
import type { Shown, Wanted } from "./resource.js";

/*
 * What new tokens are to be, and the limits that the APIs set for that. They are checked before anything is sent.
 */

/** What an authorization may do: with one resource, or with all of a kind, in one organization or in all. */
export interface Permission {
  readonly action: "read" | "write";
  readonly resource: {
    /** The kind, such as `buckets`. */
    readonly type: string;
    /** Without it, all of the kind. */
    readonly id?: string | undefined;
    /** Without it, in all organizations. */
    readonly orgID?: string | undefined;
  };
}

/** What a database token may do. */
export interface DatabasePermission {
  readonly action: "read" | "write";
  /** The name of a database, or `*` for all. */
  readonly resource: string;
}

interface Described extends Wanted {
  readonly description: string;
}

export interface NewAuthorization extends Described {
  readonly orgID: string;
  /** Whose it is; without it, of the user of the connection's own token. */
  readonly userID?: string | undefined;
  /** At least one. */
  readonly permissions: readonly Permission[];
}

export interface NewManagementToken extends Described {
  /** RFC 3339, in whole seconds, in the future. Without it, it never expires. */
  readonly expiresAt?: string | undefined;
}

/** A token of InfluxDB 3, which has a name in place of a description. */
export interface NewInfluxdb3Token extends Pick<NewManagementToken, "expiresAt"> {
  readonly name: string;
  /** {@link ADMIN}, or, in Enterprise, some permissions. */
  readonly permissions: readonly Influxdb3Permission[];
}

export interface NewDatabaseToken extends NewManagementToken {
  readonly permissions: readonly DatabasePermission[];
}

const Description = z
  .string()
  .refine((text) => text.trim() !== "", "it is empty")
  // A program takes no zero byte as an argument, and half a character becomes another on the way.
  .refine((text) => !/\0|\p{Surrogate}/u.test(text), "it holds a character that cannot be sent");

const HexId = z
  .string()
  .regex(HEX_ID.pattern, `expected ${HEX_ID.expected}`)
  .transform((id) => HEX_ID.normalize(id));

const Expiry = z.iso
  .datetime({ offset: true, error: "expected a time of RFC 3339" })
  .transform((time) => Date.parse(time))
  .refine((time) => time % 1000 === 0, "expected whole seconds")
  .refine((time) => time > systemClock.now(), "it is in the past")
  .transform((time) => new Date(time).toISOString().replace(".000Z", "Z"));

const EMPTY = "there are no permissions";
const Action = z.enum(["read", "write"]);

/** The names of resource and organization are the server's addition for people; alone, they would allow more than they say. */
const Resource = z
  .strictObject({
    type: z.string().min(1),
    id: HexId.optional(),
    orgID: HexId.optional(),
    name: z.unknown().optional(),
    org: z.unknown().optional(),
  })
  .refine(({ id, name }) => id !== undefined || name === undefined, "it has a name, but no id")
  .refine(({ orgID, org }) => orgID !== undefined || org === undefined, "it has an org, but no orgID")
  .transform(({ type, id, orgID }) => ({ type, ...(id && { id }), ...(orgID && { orgID }) }));

const Permissions = z.array(z.strictObject({ action: Action, resource: Resource })).min(1, EMPTY);

const DatabasePermissions = z.array(z.strictObject({ action: Action, resource: z.string().min(1).max(64) }));

export const AUTHORIZATION: z.ZodType<NewAuthorization> = z.object({
  description: Description,
  orgID: HexId,
  userID: HexId.optional(),
  permissions: Permissions,
});
export const MANAGEMENT_TOKEN: z.ZodType<NewManagementToken> = z.object({
  description: Description,
  expiresAt: Expiry.optional(),
});
export const INFLUXDB3_TOKEN: z.ZodType<NewInfluxdb3Token> = z.object({
  name: z
    .string()
    .regex(TOKEN_NAME.pattern, `expected ${TOKEN_NAME.expected}`)
    .refine((name) => name.trim() !== "", "it is nothing but space")
    .refine((name) => name !== OPERATOR, "it is the name of the operator token"),
  permissions: z.union([
    z.custom<readonly Influxdb3Permission[]>((permissions) => permissions === ADMIN),
    Influxdb3Permissions,
  ]),
  expiresAt: Expiry.optional(),
});
export const DATABASE_TOKEN: z.ZodType<NewDatabaseToken> = z.object({
  description: Description,
  permissions: DatabasePermissions,
  expiresAt: Expiry.optional(),
});

/**
 * What is wanted, in the form in which it is sent.
 *
 * @throws {TokenError} `invalid-config` that says what is wrong.
 */
export function checked<W extends Wanted>(schema: z.ZodType<W>, wanted: W, task?: string): W {
  return read(
    schema,
    wanted,
    (fault) => new TokenError("invalid-config", `${fault}. Nothing was sent.`, { task }),
  );
}

/**
 * The permissions of an authorization as a flow or a dialog gives them: an array, or its JSON. Names that the server adds
 * for people are left out.
 *
 * @throws {TokenError} `invalid-config` that says which one is wrong, and what is wrong with it.
 */
export function readPermissions(value: unknown): readonly Permission[] {
  return readAny(Permissions, value);
}

/** The same of a database token, of which there can be none. */
export function readDatabasePermissions(value: unknown): readonly DatabasePermission[] {
  return readAny(DatabasePermissions, value);
}

/** The same of a resource token of InfluxDB 3 Enterprise: as its API takes them, or such as `db:sensors:read,write`. */
export function readInfluxdb3Permissions(value: unknown): readonly Influxdb3Permission[] {
  return readAny(Influxdb3Permissions, readInfluxdb3Column(value) ?? value);
}

/** See {@link Resource.twinOf}. */
export function twinOfInfluxdb3Token({ kind, permissions }: Shown, name: string): NewInfluxdb3Token {
  const same = kind === "resource" ? read(Influxdb3Permissions, permissions, notShown) : ADMIN;
  return checked(INFLUXDB3_TOKEN, { name, permissions: same });
}

/** See {@link Resource.twinOf}. */
export function twinOfAuthorization(
  { orgID, userID, permissions }: Shown,
  description: string,
): NewAuthorization {
  if (typeof orgID !== "string" || typeof userID !== "string") throw notShown("whose it is");
  const same = read(Permissions, permissions, notShown);
  return checked(AUTHORIZATION, { description, orgID, userID, permissions: same });
}

/** See {@link Resource.twinOf}. */
export function twinOfDatabaseToken({ permissions }: Shown, description: string): NewDatabaseToken {
  const same = read(DatabasePermissions.min(1, EMPTY), permissions, notShown);
  return checked(DATABASE_TOKEN, { description, permissions: same });
}

/** Whether two lists of permissions, of either kind of tokens, allow the same, in whatever order. */
export function isSameAccess(one: unknown, other: unknown): boolean {
  const [a, b] = [keysOf(one), keysOf(other)];
  return a.size === b.size && [...a].every((key) => b.has(key));
}

/** A list can be null where it is empty. */
function keysOf(permissions: unknown): Set<string> {
  const all: unknown[] = Array.isArray(permissions) ? permissions : [];
  return new Set(all.map(keyOf));
}

function keyOf(permission: unknown): string {
  const { action, resource } = (permission ?? {}) as { action?: unknown; resource?: unknown };
  if (typeof resource !== "object" || resource === null) return JSON.stringify([action, resource]);
  const { type, id, orgID } = resource as Record<string, unknown>;
  return JSON.stringify([action, type, id, orgID]);
}

function readAny<T>(schema: z.ZodType<T>, value: unknown): T {
  const wrong = (fault: string) => new TokenError("invalid-config", fault, { words: "wrong permissions" });
  let json = value;
  try {
    if (typeof value === "string") json = JSON.parse(value);
  } catch {
    throw wrong("they are a text that is not JSON.");
  }
  return read(schema, json, wrong);
}

function read<T>(schema: z.ZodType<T>, value: unknown, wrong: (fault: string) => TokenError): T {
  let fault: string;
  try {
    const { data, error } = schema.safeParse(value);
    if (error === undefined) return data;
    const [{ path, message } = { path: [], message: "" }] = error.issues;
    fault = `${placeOf(path)}${message.replace(/^Invalid input: /, "")}`;
  } catch {
    // A flow's own object can throw at whatever is read of it.
    fault = "it cannot be read";
  }
  throw wrong(fault);
}

/** `permission 2, resource.id: ` */
function placeOf(path: readonly PropertyKey[]): string {
  const named = path[0] === "permissions" ? path.slice(1) : path;
  const [index, ...field] = named;
  const parts = typeof index === "number" ? [`permission ${index + 1}`, field.join(".")] : [path.join(".")];
  const place = parts.filter(Boolean).join(", ");
  return place && `${place}: `;
}

function notShown(fault: string): TokenError {
  return new TokenError(
    "bad-response",
    `the server does not show all that another token like it needs (${fault}). Make the new one by hand.`,
    { words: "nothing to copy" },
  );
}
