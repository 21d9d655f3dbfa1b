/** What a token may do, for people to see. */
export interface Access {
  /** In a few words: `read: 2 buckets, write: 1 bucket`. */
  readonly text: string;
  /** Whether it may do everything: in an organization, everywhere, or to all databases of a cluster. */
  readonly isAll: boolean;
  /** The databases that it names, of which `*` stands for all. */
  readonly databases: readonly string[];
}

interface Permission {
  action: "read" | "write";
  resource: unknown;
}

const ACTIONS = ["read", "write"] as const;

/** More than these are counted instead of named. */
const MOST_NAMED = 3;
/** Characters of a name. */
const LONGEST_NAME = 60;

/**
 * Kinds of resources that each InfluxDB with `/api/v2` has. A token that may read and write all of each, in one
 * organization or in all, is an operator or an all-access token: there is nothing else that tells.
 */
const KINDS = [
  "authorizations",
  "buckets",
  "dashboards",
  "labels",
  "secrets",
  "tasks",
  "telegrafs",
  "variables",
];

/** @param permissions of an authorization: an action, and a resource with its kind and perhaps an ID and an `orgID`. */
export function accessOfAuthorization(permissions: unknown): Access {
  const held = permissionsIn(permissions).flatMap(({ action, resource }) => {
    const { type, id, orgID } = (resource ?? {}) as Record<string, unknown>;
    if (typeof type !== "string") return [];
    return {
      action,
      kind: nameOf(type),
      isAll: id === undefined,
      org: typeof orgID === "string" ? orgID : "",
    };
  });
  const all = held.filter(({ isAll }) => isAll).map(({ action, kind, org }) => `${org} ${action} ${kind}`);
  if (all.length >= KINDS.length * ACTIONS.length) {
    const set = new Set(all);
    const holdsAll = (org: string) =>
      KINDS.every((kind) => ACTIONS.every((action) => set.has(`${org} ${action} ${kind}`)));
    if (holdsAll("")) return { text: "everything", isAll: true, databases: [] };
    if ([...new Set(held.map(({ org }) => org))].some(holdsAll))
      return { text: "everything in an organization", isAll: true, databases: [] };
  }
  const text = textOf((action) => {
    const counts = new Map<string, number>();
    for (const each of held.filter((each) => each.action === action))
      counts.set(each.kind, (counts.get(each.kind) ?? 0) + (each.isAll ? Infinity : 1));
    if (counts.size > MOST_NAMED) return `${counts.size} kinds of resources`;
    return [...counts].map(([kind, count]) => countOf(kind, count)).join(" and ");
  });
  return { text, isAll: false, databases: [] };
}

/** @param permissions of a database token: an action, and the name of a database, or `*`. */
export function accessOfDatabaseToken(permissions: unknown): Access {
  const held = permissionsIn(permissions)
    .filter(({ resource }) => typeof resource === "string")
    .map(({ action, resource }) => ({ action, database: resource as string }));
  const toAll = (action: string) => held.some((each) => each.action === action && each.database === "*");
  const text = textOf((action) => {
    if (toAll(action)) return "all databases";
    const names = [...new Set(held.filter((each) => each.action === action).map(({ database }) => database))];
    if (names.length > MOST_NAMED) return `${names.length} databases`;
    return names.map(nameOf).join(" and ");
  });
  const databases = [...new Set(held.map(({ database }) => database))];
  return { text, isAll: ACTIONS.every(toAll), databases };
}

function permissionsIn(permissions: unknown): Permission[] {
  const all: unknown[] = Array.isArray(permissions) ? permissions : [];
  return all.filter((each): each is Permission =>
    ACTIONS.some((action) => action === (each as Permission | null)?.action),
  );
}

function textOf(of: (action: (typeof ACTIONS)[number]) => string): string {
  const [read, write] = ACTIONS.map(of);
  if (read !== "" && read === write) return `read and write: ${read}`;
  return [read && `read: ${read}`, write && `write: ${write}`].filter(Boolean).join(", ") || "nothing";
}

function countOf(kind: string, count: number): string {
  if (count === Infinity) return `all ${kind}`;
  return `${count} ${count === 1 ? kind.replace(/s$/, "") : kind}`;
}

function nameOf(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}
