/** The state of simulated Cloud Dedicated and Clustered clusters, and the rules by which it changes, without HTTP. */
import { randomBytes, randomUUID } from "node:crypto";
import type { InfluxctlProduct } from "../src/products.js";
import { withMark } from "./ids.js";

export interface Account {
  id: string;
  /** Who creates management tokens unless somebody else is named. */
  userId: string;
}

export interface Cluster {
  id: string;
  accountId: string;
  product: InfluxctlProduct;
}

interface DatabasePermission {
  action: string;
  /** Name of a database, or `*` for all of them. */
  resource: string;
}

/** https://docs.influxdata.com/influxdb3/cloud-dedicated/api/management/#operation/GetClusterDatabases */
export interface Database {
  accountId: string;
  clusterId: string;
  name: string;
  maxTables: number;
  maxColumnsPerTable: number;
  /** Nanoseconds; for ever if it is 0. */
  retentionPeriod: number;
}

/** The dates of a token; without one it never expires, or was not revoked. */
interface Lifetime {
  createdAt: Date;
  expiresAt?: Date;
  revokedAt?: Date;
}

export interface DatabaseToken extends Lifetime {
  id: string;
  accountId: string;
  clusterId: string;
  description: string;
  permissions: DatabasePermission[];
  /** The token itself: shown once, when it is made. */
  accessToken: string;
}

/** Belongs to an account, so that it is good for each of its clusters. */
export interface ManagementToken extends Lifetime {
  id: string;
  accountId: string;
  description: string;
  /** ID of a user. */
  createdBy: string;
  /** The token itself: shown once, when it is made. */
  token: string;
}

/** A cluster, and the management token of a connection to it. */
export interface ManagedCluster {
  cluster: Cluster;
  own: ManagementToken;
}

export interface NewCluster {
  product: InfluxctlProduct;
  /** Makes the account if there is none. */
  accountId?: string;
  clusterId?: string;
}

export type NewDatabaseToken = Pick<DatabaseToken, "description" | "permissions"> &
  Partial<Lifetime> & { id?: string };

export type NewManagementToken = Pick<ManagementToken, "description"> &
  Partial<Lifetime> & { id?: string; createdBy?: string; token?: string };

/** An error as the Management API answers it: its code is the HTTP status. */
export class ManagementError extends Error {
  override readonly name = "ManagementError";

  constructor(
    readonly code: 400 | 401 | 403 | 404 | 405,
    message: string,
  ) {
    super(message);
  }
}

export class Clusters {
  readonly accounts = new Map<string, Account>();
  readonly clusters = new Map<string, Cluster>();
  readonly databases: Database[] = [];
  /** In order of creation. Deleted ones are gone, or stay revoked. */
  readonly databaseTokens = new Map<string, DatabaseToken>();
  /** In order of creation. Revoked ones stay. */
  readonly managementTokens = new Map<string, ManagementToken>();

  /** IDs of database tokens that a client has deleted. */
  readonly deleted = new Set<string>();

  // Making things, as a test or a population does.

  addCluster({ product, accountId = randomUUID(), clusterId = randomUUID() }: NewCluster): Cluster {
    const cluster = { id: clusterId, accountId, product };
    if (!this.accounts.has(accountId)) this.accounts.set(accountId, { id: accountId, userId: randomUUID() });
    this.clusters.set(clusterId, cluster);
    return cluster;
  }

  addDatabase({ id, accountId }: Cluster, name: string): Database {
    const limits = { maxTables: 500, maxColumnsPerTable: 200, retentionPeriod: 0 };
    const database = { accountId, clusterId: id, name, ...limits };
    this.databases.push(database);
    return database;
  }

  addDatabaseToken({ id, accountId }: Cluster, wanted: NewDatabaseToken): DatabaseToken {
    const token: DatabaseToken = {
      accountId,
      clusterId: id,
      id: randomUUID(),
      createdAt: new Date(),
      accessToken: newToken("apiv1_"),
      ...wanted,
    };
    this.databaseTokens.set(token.id, token);
    return token;
  }

  addManagementToken(owner: Account | Cluster, wanted: NewManagementToken): ManagementToken {
    const accountId = "accountId" in owner ? owner.accountId : owner.id;
    const token: ManagementToken = {
      id: randomUUID(),
      accountId,
      createdBy: this.accounts.get(accountId)?.userId ?? randomUUID(),
      createdAt: new Date(),
      token: newToken("M.V1."),
      ...wanted,
    };
    this.managementTokens.set(token.id, token);
    return token;
  }

  /** Notes the tokens as they are; the function that it gives makes them so again. */
  savepoint(): () => void {
    const databaseTokens = structuredClone(this.databaseTokens);
    const managementTokens = structuredClone(this.managementTokens);
    const deleted = [...this.deleted];
    return () => {
      putBack(this.databaseTokens, databaseTokens);
      putBack(this.managementTokens, managementTokens);
      this.deleted.clear();
      for (const id of deleted) this.deleted.add(id);
    };
  }

  // Whom to trust, and with what.

  /** The management token of a client, unless it has expired or was revoked. */
  caller(token: string): ManagementToken | undefined {
    for (const each of this.managementTokens.values()) {
      if (each.token === token) return isActive(each) ? each : undefined;
    }
    return undefined;
  }

  /** The cluster that a path names. Nobody learns which accounts exist. */
  clusterOf(caller: ManagementToken, accountId: string, clusterId: string): Cluster {
    if (accountId !== caller.accountId) throw new ManagementError(403, "forbidden");
    const cluster = this.clusters.get(clusterId) ?? notFound();
    if (cluster.accountId !== accountId) throw new ManagementError(403, "forbidden");
    return cluster;
  }

  /** The cluster behind a host of its own, which no path needs to name. */
  clusteredOf(caller: ManagementToken): Cluster {
    const clustered = [...this.clusters.values()].filter(({ product }) => product === "clustered");
    if (clustered.length === 0) notFound();
    const own = clustered.find(({ accountId }) => accountId === caller.accountId);
    if (!own) throw new ManagementError(403, "forbidden");
    return own;
  }

  databasesOf(cluster: Cluster): Database[] {
    return this.databases.filter(({ clusterId }) => clusterId === cluster.id);
  }

  // Database tokens.

  databaseTokensOf(cluster: Cluster): DatabaseToken[] {
    return [...this.databaseTokens.values()].filter(({ clusterId }) => clusterId === cluster.id);
  }

  databaseToken(cluster: Cluster, id: string): DatabaseToken {
    const token = this.databaseTokens.get(id);
    return token?.clusterId === cluster.id ? token : notFound();
  }

  /** The database token of a client, unless it has expired or was deleted. */
  byAccessToken(accessToken: string): DatabaseToken | undefined {
    const found = [...this.databaseTokens.values()].find((each) => each.accessToken === accessToken);
    return found && isActive(found) ? found : undefined;
  }

  /** @param keep whether it is still shown, as a revoked one. */
  deleteDatabaseToken(cluster: Cluster, id: string, keep: boolean): void {
    if (this.deleted.has(id)) notFound();
    const token = this.databaseToken(cluster, id);
    this.deleted.add(id);
    if (keep) token.revokedAt ??= new Date();
    else this.databaseTokens.delete(id);
  }

  // Management tokens.

  managementTokensOf({ accountId }: ManagementToken): ManagementToken[] {
    return [...this.managementTokens.values()].filter((each) => each.accountId === accountId);
  }

  /** A revoked token keeps the time of its first revocation. */
  revokeManagementToken({ accountId }: ManagementToken, id: string): void {
    const token = this.managementTokens.get(id);
    if (token?.accountId !== accountId) notFound();
    else token.revokedAt ??= new Date();
  }
}

function putBack<T>(tokens: Map<string, T>, saved: ReadonlyMap<string, T>): void {
  tokens.clear();
  for (const [id, token] of saved) tokens.set(id, structuredClone(token));
}

function isActive({ expiresAt, revokedAt }: Lifetime): boolean {
  return revokedAt === undefined && (expiresAt === undefined || expiresAt.getTime() > Date.now());
}

function notFound(): never {
  throw new ManagementError(404, "not found");
}

function newToken(prefix: string): string {
  return prefix + withMark(randomBytes(48).toString("hex"));
}
