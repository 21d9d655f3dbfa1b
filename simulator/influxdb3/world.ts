/** What a simulated InfluxDB 3 knows: its tokens, by their names, and the names of its databases. */
import { createHash, randomBytes } from "node:crypto";
import { withMark } from "../ids.js";

export interface NamedToken {
  id: number;
  readonly name: string;
  value: string;
  /** SHA-512 of the value, in hexadecimal. */
  hash: string;
  createdAt: Date;
  expiry: Date | undefined;
  /** Each as `influxdb3 create token` takes it, such as `db:a,b:read,write`; an admin token has `*:*:*`. */
  permissions: string[];
  description: string | undefined;
  updatedAt: Date | undefined;
  /** The ID of a token. */
  updatedBy: number | undefined;
}

/** What may be left out: the value is random, the time of creation now, the token never expires and may do all. */
export type WantedToken = Pick<NamedToken, "name"> &
  Partial<Pick<NamedToken, "value" | "createdAt" | "expiry" | "permissions" | "description">>;

/** What the server refuses, with the status and text of its answer. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What the server does not survive: it ends the connection without an answer. */
export class Panic extends Error {
  override readonly name = "Panic";
}

/** The name of the operator token. */
export const OPERATOR = "_admin";

/** The database of the system tables. */
export const INTERNAL = "_internal";

export const EVERYTHING = "*:*:*";

/** The latest time that the server can write, in milliseconds since 1970: the end of the year 262142. */
const LATEST = 8_210_266_876_799_999n;

export class Influxdb3World {
  readonly tokens = new Map<string, NamedToken>();
  readonly databases = new Set([INTERNAL]);
  private nextId = 0;

  /** @param operatorToken the value of an operator token that exists from the start. */
  constructor(operatorToken?: string) {
    if (operatorToken !== undefined) this.addToken({ name: OPERATOR, value: operatorToken });
  }

  /** @throws Refusal if the name is in use. */
  addToken({ name, value = newValue(), ...wanted }: WantedToken): NamedToken {
    if (this.tokens.has(name)) throw new Refusal(409, `token name already exists, ${name}`);
    const token: NamedToken = {
      id: this.nextId++,
      name,
      value,
      hash: hashOf(value),
      createdAt: wanted.createdAt ?? new Date(),
      expiry: wanted.expiry,
      permissions: wanted.permissions ?? [EVERYTHING],
      description: wanted.description,
      updatedAt: undefined,
      updatedBy: undefined,
    };
    this.tokens.set(name, token);
    return token;
  }

  /**
   * As the server makes a token by its API.
   * @param onOverflow what becomes of an expiry beyond all dates: a crash that costs an ID, or none at all.
   */
  create(
    name: string,
    lifetime: bigint | undefined,
    permissions: string[],
    onOverflow: "panic" | "never",
  ): NamedToken {
    const createdAt = new Date();
    if (lifetime === undefined) return this.addToken({ name, permissions, createdAt });
    const expiry = BigInt(createdAt.getTime()) + lifetime * 1000n;
    if (expiry <= LATEST)
      return this.addToken({ name, permissions, createdAt, expiry: new Date(Number(expiry)) });
    if (onOverflow === "never" || this.tokens.has(name))
      return this.addToken({ name, permissions, createdAt });
    this.nextId++;
    throw new Panic("the expiry overflows");
  }

  /** Gives the operator token a new value. Whoever asks for it, the token itself is named as the one who did it. */
  regenerate(): NamedToken {
    const token = this.tokens.get(OPERATOR);
    if (!token) throw new Refusal(500, "missing admin token, cannot update");
    const value = newValue();
    return Object.assign(token, {
      value,
      hash: hashOf(value),
      updatedAt: new Date(),
      updatedBy: token.id,
    });
  }

  delete(name: string): void {
    if (name === OPERATOR) throw new Refusal(405, "cannot delete operator token");
    if (!this.tokens.delete(name)) throw notFound(name);
  }

  /** The token with a value, unless it has expired. */
  active(value: string): NamedToken | undefined {
    const hash = hashOf(value);
    const found = [...this.tokens.values()].find((token) => token.hash === hash);
    return found && (found.expiry === undefined || found.expiry.getTime() > Date.now()) ? found : undefined;
  }

  addDatabase(name: string): void {
    if (this.databases.has(name))
      throw new Refusal(409, "attempted to create a resource that already exists");
    this.databases.add(name);
  }

  deleteDatabase(name: string): void {
    if (name === INTERNAL) throw new Refusal(500, "cannot delete internal db");
    if (!this.databases.delete(name)) throw notFound(name);
  }

  /** @returns what brings all tokens and databases back as they are now. IDs are not given twice. */
  savepoint(): () => void {
    const tokens = [...this.tokens.values()].map((each) => [each, structuredClone(each)] as const);
    const databases = [...this.databases];
    return () => {
      this.tokens.clear();
      for (const [each, then] of tokens) this.tokens.set(then.name, Object.assign(each, then));
      this.databases.clear();
      for (const name of databases) this.databases.add(name);
    };
  }
}

function notFound(name: string): Refusal {
  return new Refusal(404, `the requested resource was not found: ${name}`);
}

function newValue(): string {
  return `apiv3_${withMark(randomBytes(64).toString("base64url"))}`;
}

function hashOf(value: string): string {
  return createHash("sha512").update(value).digest("hex");
}

/** A time as the server writes it: in UTC, with milliseconds if there are any. `Z` is not added. */
export function timeOf(date: Date): string {
  const [, sign = "", year = "", rest = ""] = /^([+-]?)0*(\d{4,})(.*)Z$/.exec(date.toISOString()) ?? [];
  return `${sign}${year}${rest.replace(".000", "")}`;
}

/** The same with its zone, as the answer to a new token has it. */
export const zonedTimeOf = (date: Date): string => `${timeOf(date)}Z`;
