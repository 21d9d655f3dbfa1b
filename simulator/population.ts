/** A believable population for demos: people, machines, and the tokens they were given over three years. */
import type { Clusters, ManagedCluster } from "./clusters.js";
import { OPERATOR, type Influxdb3World } from "./influxdb3/world.js";
import { permission } from "./permissions.js";
import type { Permission } from "./permissions.js";
import { timestamp, type Authorization, type World } from "./world.js";

interface Entry {
  user: string;
  org: string;
  description: string;
  permissions: string[];
  /** Days ago. */
  created: number;
  /** Days ago; never changed if left out. */
  updated?: number;
  status?: Authorization["status"];
}

const MINUTE = 60 * 1000;
const DAY = 24 * 60 * MINUTE;

/** Days since the server was set up: before the first of the entries. */
const SET_UP = 1100;

const WRITE = ["write:buckets"];
const READ = ["read:buckets"];
const BOTH = [...READ, ...WRITE];
const DASHBOARDS = [...READ, "read:dashboards", "read:variables"];
const TASKS = [...BOTH, "read:tasks", "write:tasks"];

const ORGS = ["factory", "energy"];
/** In each of those. */
const BUCKETS = ["machines", "history"];
const DATABASES = ["sensors", "energy", "factory", "ci"];
const USERS = ["user1", "user2", "grafana", "ci", "contractor"];

/**
 * What the examples work on, so that none uses up what another needs: user2 is who "find and delete" looks for, user1
 * who "find and disable" does. Nothing of theirs is unchanged for 90 days, for that is what housekeeping takes.
 */
const ENTRIES: Entry[] = [
  {
    user: "admin",
    org: "home",
    description: "Telegraf: gateway",
    permissions: WRITE,
    created: 1095,
    updated: 1095,
  },
  {
    user: "admin",
    org: "home",
    description: "Telegraf: greenhouse",
    permissions: WRITE,
    created: 1040,
    updated: 410,
  },
  { user: "admin", org: "home", description: "Home Assistant", permissions: BOTH, created: 900 },
  {
    user: "user1",
    org: "home",
    description: "user1's laptop",
    permissions: [...DASHBOARDS, "read:orgs"],
    created: 620,
    updated: 30,
  },
  {
    user: "user1",
    org: "home",
    description: "Node-RED: heating",
    permissions: BOTH,
    created: 300,
    updated: 12,
  },
  {
    user: "user2",
    org: "home",
    description: "user2's notebook",
    permissions: READ,
    created: 540,
    updated: 60,
  },
  { user: "user2", org: "home", description: "user2's export script", permissions: READ, created: 75 },
  { user: "grafana", org: "home", description: "Grafana (read-only)", permissions: DASHBOARDS, created: 730 },
  {
    user: "grafana",
    org: "factory",
    description: "Grafana (read-only)",
    permissions: DASHBOARDS,
    created: 700,
    updated: 33,
  },
  {
    user: "grafana",
    org: "energy",
    description: "Grafana (read-only)",
    permissions: DASHBOARDS,
    created: 365,
  },
  { user: "admin", org: "factory", description: "Telegraf: press 1", permissions: WRITE, created: 690 },
  { user: "admin", org: "factory", description: "Telegraf: press 2", permissions: WRITE, created: 690 },
  {
    user: "admin",
    org: "factory",
    description: "Telegraf: paint shop",
    permissions: WRITE,
    created: 410,
    updated: 60,
  },
  {
    user: "user1",
    org: "factory",
    description: "Downsampling task",
    permissions: TASKS,
    created: 200,
    updated: 20,
  },
  {
    user: "ci",
    org: "factory",
    description: "CI: integration tests",
    permissions: BOTH,
    created: 480,
    updated: 5,
  },
  {
    user: "ci",
    org: "factory",
    description: "CI: nightly backup",
    permissions: [...READ, "read:orgs"],
    created: 480,
  },
  { user: "ci", org: "energy", description: "CI: pull request 412", permissions: BOTH, created: 8 },
  { user: "admin", org: "energy", description: "Telegraf: inverter", permissions: WRITE, created: 360 },
  {
    user: "user1",
    org: "energy",
    description: "Spot price importer",
    permissions: WRITE,
    created: 150,
    updated: 70,
  },
  { user: "user2", org: "energy", description: "Forecast model", permissions: BOTH, created: 45 },
  {
    user: "contractor",
    org: "factory",
    description: "contractor: commissioning",
    permissions: BOTH,
    created: 240,
  },
  {
    ...{
      user: "contractor",
      org: "energy",
      description: "contractor: meter replacement",
      permissions: WRITE,
    },
    ...{ created: 210, updated: 100, status: "inactive" },
  },
];

/** Who is rotated, of which nothing is unchanged for 90 days either. */
const ROTATED_USERS = ["dashboards", "machines"];
const TO_ROTATE: Entry[] = [
  {
    user: "dashboards",
    org: "factory",
    description: "Dashboard of the hall",
    permissions: DASHBOARDS,
    created: 310,
    updated: 25,
  },
  ...Array.from({ length: 12 }, (_, index) => machine(index + 1, { created: 400 - 20 * index, updated: 15 })),
];

function machine(number: number, times: Pick<Entry, "created" | "updated">): Entry {
  return { user: "machines", org: "factory", description: `Machine ${number}`, permissions: WRITE, ...times };
}

/** A token that was rotated some days ago, and the one in its place. */
const ROTATED = { old: machine(13, { created: 120, updated: 9 }), successor: machine(13, { created: 9 }) };

/** Tokens that housekeeping has disabled and marked, by the days since then. */
const DISABLED: Entry[] = [
  { user: "ci", org: "home", description: "CI: old runner", permissions: BOTH, created: 800, updated: 40 },
  {
    user: "user1",
    org: "factory",
    description: "Telegraf: spare gateway",
    permissions: WRITE,
    created: 500,
    updated: 5,
  },
];

/** Fills a new world. The operator is as old as the server, and was changed just now, because somebody uses it. */
export function populate(world: World, now = new Date()): void {
  for (const name of ORGS) {
    const org = world.addOrg(name);
    for (const bucket of BUCKETS) world.addBucket(bucket, org);
  }
  for (const name of USERS) world.addUser(name);
  const setUp = timestamp(daysBefore(now, SET_UP));
  for (const made of [...world.orgs.values(), world.operator])
    Object.assign(made, { createdAt: setUp, updatedAt: setUp });
  const disabled = DISABLED.map((entry): Entry => {
    const date = daysBefore(now, entry.updated ?? 0)
      .toISOString()
      .slice(0, 10);
    return {
      ...entry,
      description: `${entry.description} [disabled by housekeeping ${date}]`,
      status: "inactive",
    };
  });
  world.operator.updatedAt = timestamp(now);
  for (const entry of byAge([...ENTRIES, ...disabled])) add(world, entry, now);
}

/** Adds what the examples rotate. */
export function populateToRotate(world: World, now = new Date()): void {
  for (const name of ROTATED_USERS) world.addUser(name);
  for (const entry of byAge(TO_ROTATE)) add(world, entry, now);
  const [old, { id }] = [add(world, ROTATED.old, now), add(world, ROTATED.successor, now)];
  const at = `${old.updatedAt.slice(0, 19)}Z`;
  Object.assign(old, { status: "inactive", description: `${old.description} [replaced by ${id} at ${at}]` });
}

function add(world: World, entry: Entry, now: Date): Authorization {
  const { permissions, created, updated = created, ...rest } = entry;
  return world.addAuthorization({
    ...rest,
    permissions: permissions.map((text) => inOrg(text, world.orgNamed(entry.org).id)),
    createdAt: daysBefore(now, created),
    updatedAt: daysBefore(now, updated),
  });
}

/** And a minute more, so that an age in whole days, as a filter has it, falls on none of these times while one looks. */
function daysBefore(now: Date, days: number): Date {
  return new Date(now.getTime() - days * DAY - MINUTE);
}

/** IDs grow with time, so the oldest comes first. */
function byAge<T extends { created: number }>(entries: T[]): T[] {
  return entries.toSorted((a, b) => b.created - a.created);
}

/** Such tokens are scoped to their org, as the user interface makes them. */
function inOrg(text: string, orgID: string): Permission {
  return text.endsWith(":orgs")
    ? { action: "read", resource: { type: "orgs", id: orgID } }
    : permission(text, orgID);
}

/** Days ago, or in the future if negative. */
interface Times {
  created: number;
  expires?: number;
  revoked?: number;
}

interface DatabaseTokenEntry extends Times {
  /** If an example names it. */
  id?: string;
  description: string;
  /** `read:metrics` and the like. */
  permissions: string[];
}

const DATABASE_TOKENS: DatabaseTokenEntry[] = [
  {
    id: "55555555-5555-4555-8555-555555555555",
    description: "Telegraf: gateway",
    permissions: ["write:sensors"],
    created: 720,
  },
  { description: "Telegraf: press 1", permissions: ["write:factory"], created: 690 },
  { description: "Grafana (read-only)", permissions: ["read:sensors", "read:factory"], created: 650 },
  { description: "Operations (every database)", permissions: ["read:*", "write:*"], created: 600 },
  { description: "CI: nightly backup", permissions: ["read:*"], created: 480 },
  { description: "CI: old runner", permissions: ["read:ci", "write:ci"], created: 470, expires: 105 },
  { description: "Node-RED: heating", permissions: ["read:sensors", "write:sensors"], created: 300 },
  { description: "contractor: commissioning", permissions: ["write:factory"], created: 240, expires: 150 },
  { description: "Telegraf: spare gateway", permissions: ["write:sensors"], created: 200, revoked: 30 },
  { description: "Spot price importer", permissions: ["write:energy"], created: 150, expires: -215 },
  { description: "Dashboard of the fair", permissions: ["read:energy"], created: 85, expires: -5 },
  { description: "CI: pull request 412", permissions: ["read:ci", "write:ci"], created: 8, expires: 1 },
];

interface ManagementTokenEntry extends Times {
  description: string;
}

/** What the demo's connection uses, the only one with this description. */
const OF_DEMO: ManagementTokenEntry = { description: "Node-RED: token housekeeping", created: 180 };

const MANAGEMENT_TOKENS: ManagementTokenEntry[] = [
  { description: "user1's laptop", created: 500, revoked: 90 },
  { description: "Terraform", created: 400 },
  { description: "CI: creates databases", created: 380, expires: 15 },
  { description: "user2: migration", created: 120, expires: 90, revoked: 100 },
  { description: "contractor: audit", created: 60, expires: -30 },
  { description: "Terraform (next)", created: 25, expires: -340 },
  { description: "user1's notebook", created: 3, expires: -4 },
];

/** Fills a cluster with tokens; the one that a connection already uses becomes one of them. */
export function populateCluster(
  clusters: Clusters,
  { cluster, own }: ManagedCluster,
  now = new Date(),
): void {
  for (const name of DATABASES) clusters.addDatabase(cluster, name);
  for (const { id, description, permissions, ...times } of DATABASE_TOKENS) {
    clusters.addDatabaseToken(cluster, {
      ...(id !== undefined && { id }),
      description,
      permissions: permissions.map((text) => {
        const [action = "", resource = ""] = text.split(":");
        return { action, resource };
      }),
      ...lifetime(times, now),
    });
  }
  Object.assign(own, { description: OF_DEMO.description, ...lifetime(OF_DEMO, now) });
  for (const { description, ...times } of MANAGEMENT_TOKENS)
    clusters.addManagementToken(cluster, { description, ...lifetime(times, now) });
}

function lifetime({ created, expires, revoked }: Times, now: Date) {
  return {
    createdAt: daysBefore(now, created),
    ...(expires !== undefined && { expiresAt: daysBefore(now, expires) }),
    ...(revoked !== undefined && { revokedAt: daysBefore(now, revoked) }),
  };
}

interface NamedTokenEntry extends Omit<Times, "revoked"> {
  name: string;
}

/** The name is all that tells what such a token is for. */
const NAMED_TOKENS: NamedTokenEntry[] = [
  { name: "telegraf-gateway", created: 640 },
  { name: "Telegraf-Gateway", created: 610 },
  { name: "grafana", created: 600 },
  { name: "Dashboards of the hall", created: 420 },
  { name: "node-red", created: 300 },
  { name: "terraform", created: 280 },
  { name: "ci-old-runner", created: 470, expires: 105 },
  { name: "ci-nightly-backup", created: 200, expires: -165 },
  { name: "ci-pull-request-412", created: 8, expires: 1 },
  { name: "contractor: commissioning", created: 240, expires: 150 },
  { name: "user1's laptop", created: 150, expires: 60 },
  { name: "spot-price-importer", created: 90, expires: -275 },
  { name: "dashboard-of-the-fair", created: 85, expires: -5 },
];

/** Fills the world of an InfluxDB 3, whose operator token got a new value some time ago. */
export function populateInfluxdb3(world: Influxdb3World, now = new Date()): void {
  const operator = world.tokens.get(OPERATOR) ?? world.addToken({ name: OPERATOR });
  Object.assign(operator, {
    createdAt: daysBefore(now, 650),
    updatedAt: daysBefore(now, 31),
    updatedBy: operator.id,
  });
  for (const name of DATABASES) world.addDatabase(name);
  for (const { name, created, expires } of byAge(NAMED_TOKENS)) {
    const expiry = expires === undefined ? {} : { expiry: daysBefore(now, expires) };
    world.addToken({ name, createdAt: daysBefore(now, created), ...expiry });
  }
}
