/** The state of the simulated server and the rules by which it changes, without HTTP. */
import { randomBytes } from "node:crypto";
import { InfluxError } from "./errors.js";
import { idSequence, withMark } from "./ids.js";
import {
  allAccess,
  covers,
  permission,
  permissionText,
  roleInOrg,
  validatePermission,
} from "./permissions.js";
import type { Action, Permission, Resource } from "./permissions.js";

export type { Permission, Resource } from "./permissions.js";

export type Role = "owner" | "member";

export interface Organization {
  id: string;
  name: string;
  description: string;
  createdAt: string;
  updatedAt: string;
}

export interface User {
  id: string;
  name: string;
  oauthID?: string;
  /** OSS checks it only on updates: a user can be created with any. All but `inactive` may act. */
  status: string;
}

export interface Bucket {
  id: string;
  orgID: string;
  type: "system" | "user";
  description?: string;
  name: string;
  /** For ever if it is 0. */
  everySeconds: number;
  createdAt: string;
  updatedAt: string;
}

export interface Authorization {
  id: string;
  token: string;
  status: "active" | "inactive";
  description: string;
  orgID: string;
  userID: string;
  permissions: Permission[];
  createdAt: string;
  updatedAt: string;
}

interface Membership {
  orgID: string;
  userID: string;
  role: Role;
}

export interface NewAuthorization {
  /** Whom it belongs to; `admin` if left out. */
  user?: User | string;
  /** `home` if left out. */
  org?: Organization | string;
  description?: string;
  status?: Authorization["status"];
  /** `read:buckets` and the like are taken, too. */
  permissions?: (Permission | string)[];
  createdAt?: Date;
  updatedAt?: Date;
  token?: string;
}

export interface AuthorizationFilter {
  id?: string | undefined;
  userID?: string | undefined;
  orgID?: string | undefined;
  /** Only InfluxDB Cloud filters by the token. */
  token?: string | undefined;
}

export interface BucketFilter {
  id?: string | undefined;
  orgID?: string | undefined;
  name?: string | undefined;
}

export interface AuthorizationRequest {
  status?: string;
  orgID?: string;
  userID?: string;
  description?: string;
  permissions?: { action?: string; resource?: Partial<Resource> }[];
}

export interface Page {
  limit: number;
  offset: number;
  after?: string | undefined;
  descending: boolean;
}

const UNABLE_TO_CREATE_TOKEN = "unable to create token";

export class World {
  readonly orgs = new Map<string, Organization>();
  readonly users = new Map<string, User>();
  readonly buckets = new Map<string, Bucket>();
  /** In order of creation, which is the order of IDs. */
  readonly authorizations = new Map<string, Authorization>();
  /** What the setup makes besides a bucket: the all-access authorization of `admin` in `home`. */
  readonly operator: Authorization;

  private readonly tokens = new Map<string, Authorization>();
  private readonly orgNames = new Map<string, string>();
  private readonly userNames = new Map<string, string>();
  private memberships: Membership[] = [];
  private readonly nextID = idSequence();

  constructor(operatorToken = newToken()) {
    const admin = this.addUser("admin");
    const home = this.addOrg("home", admin);
    this.addBucket("data", home);
    this.operator = this.addAuthorization({
      user: admin,
      org: home,
      description: "admin's Token",
      permissions: allAccess(),
      token: operatorToken,
    });
  }

  // Making things, as a test or a population does.

  addOrg(name: string, owner = this.userNamed("admin"), description = ""): Organization {
    const now = timestamp();
    const org = { id: this.nextID(), name, description, createdAt: now, updatedAt: now };
    this.orgs.set(org.id, org);
    this.orgNames.set(name.trim(), org.id);
    this.memberships.push({ orgID: org.id, userID: owner.id, role: "owner" });
    for (const system of SYSTEM_BUCKETS) this.addBucket(system.name, org, { type: "system", ...system });
    return org;
  }

  addBucket(
    name: string,
    org: Organization | string = "home",
    more: Partial<Pick<Bucket, "type" | "description" | "everySeconds">> = {},
  ): Bucket {
    const { id: orgID } = typeof org === "string" ? this.orgNamed(org) : org;
    const now = timestamp();
    const times = { createdAt: now, updatedAt: now };
    const bucket: Bucket = {
      id: this.nextID(),
      orgID,
      type: "user",
      name,
      everySeconds: 0,
      ...times,
      ...more,
    };
    this.buckets.set(bucket.id, bucket);
    return bucket;
  }

  addUser(
    name: string,
    { id = this.nextID(), status = "active", oauthID }: Partial<Omit<User, "name">> = {},
  ): User {
    const user = { id, name, ...(oauthID && { oauthID }), status };
    this.users.set(id, user);
    this.userNames.set(name, id);
    return user;
  }

  addAuthorization(wanted: NewAuthorization): Authorization {
    const { user = "admin", org = "home", permissions = ["read:buckets"] } = wanted;
    const createdAt = timestamp(wanted.createdAt);
    const authorization: Authorization = {
      id: this.nextID(),
      token: wanted.token ?? newToken(),
      status: wanted.status ?? "active",
      description: wanted.description ?? "",
      orgID: (typeof org === "string" ? this.orgNamed(org) : org).id,
      userID: (typeof user === "string" ? this.userNamed(user) : user).id,
      permissions: permissions.map((each) => (typeof each === "string" ? permission(each) : each)),
      createdAt,
      updatedAt: wanted.updatedAt ? timestamp(wanted.updatedAt) : createdAt,
    };
    this.authorizations.set(authorization.id, authorization);
    this.tokens.set(authorization.token, authorization);
    return authorization;
  }

  /** Notes the authorizations as they are; the function that it gives makes them so again. */
  savepoint(): () => void {
    const saved = [...this.authorizations.values()].map((each) => [each, structuredClone(each)] as const);
    return () => {
      this.authorizations.clear();
      this.tokens.clear();
      for (const [each, then] of saved) {
        Object.assign(each, then);
        this.authorizations.set(each.id, each);
        this.tokens.set(each.token, each);
      }
    };
  }

  // Looking things up, without asking who wants to know.

  byToken(token: string): Authorization | undefined {
    return this.tokens.get(token);
  }

  userNamed(name: string): User {
    return this.user(this.userNames.get(name) ?? "");
  }

  user(id: string): User {
    return this.users.get(id) ?? raise("not found", "user not found");
  }

  orgNamed(name: string): Organization {
    const id = this.orgNames.get(name.trim());
    return id === undefined ? raise("not found", `organization name "${name}" not found`) : this.org(id);
  }

  org(id: string): Organization {
    return this.orgs.get(id) ?? raise("not found", "organization not found");
  }

  /** The name of a resource that a permission names; only these types have one. */
  resourceName(type: string, id: string): string | undefined {
    if (type === "orgs") return this.orgs.get(id)?.name;
    if (type === "buckets") return this.buckets.get(id)?.name;
    return type === "users" ? this.users.get(id)?.name : undefined;
  }

  /** Whether a permission names something that is gone. OSS then does not show the name of its org either. */
  resourceIsGone(type: string, id: string): boolean {
    return ["orgs", "users", "buckets"].includes(type) && this.resourceName(type, id) === undefined;
  }

  // Permissions.

  /** Refuses a caller who is inactive or lacks a permission; the message names the permission. */
  require(caller: Authorization, action: Action, resource: Resource): void {
    if (caller.status !== "active") throw new InfluxError("unauthorized", "token is inactive");
    const wanted = { action, resource };
    if (!caller.permissions.some((held) => covers(held, wanted))) {
      throw new InfluxError("unauthorized", `${permissionText(wanted)} is unauthorized`);
    }
  }

  private allows(caller: Authorization, action: Action, ...resources: Resource[]): boolean {
    try {
      for (const resource of resources) this.require(caller, action, resource);
      return true;
    } catch {
      return false;
    }
  }

  private requireAuthorization(
    caller: Authorization,
    action: Action,
    { id, orgID, userID }: Authorization,
  ): void {
    this.require(caller, action, { type: "authorizations", id, orgID });
    this.require(caller, action, { type: "users", id: userID });
  }

  // Authorizations. OSS looks for one before it checks permissions, so even a token without any gets a 404.

  findAuthorization(caller: Authorization, id: string): Authorization {
    const found = this.authorization(id);
    this.requireAuthorization(caller, "read", found);
    return found;
  }

  /** An ID overrides all other filters. What the caller may not read is left out silently, which may leave nothing. */
  findAuthorizations(
    caller: Authorization,
    { id, userID, orgID, token }: AuthorizationFilter,
  ): Authorization[] {
    const candidates = id === undefined ? this.authorizations.values() : [this.authorization(id)];
    return [...candidates].filter(
      (each) =>
        (id !== undefined ||
          ((userID === undefined || each.userID === userID) &&
            (orgID === undefined || each.orgID === orgID) &&
            (token === undefined || each.token === token))) &&
        this.allows(caller, "read", { type: "authorizations", id: each.id, orgID: each.orgID }, userOf(each)),
    );
  }

  createAuthorization(caller: Authorization, request: AuthorizationRequest): Authorization {
    const permissions = validPermissions(request);
    const { orgID, status = "active" } = request;
    if (orgID === undefined) throw new InfluxError("invalid", "org id required: invalid ID");
    requireStatus(status || "active");
    const userID = request.userID ?? caller.userID;
    this.require(caller, "write", { type: "authorizations", orgID });
    this.require(caller, "write", { type: "users", id: userID });
    this.requireHeld(caller, permissions);
    for (const each of permissions) {
      if (each.resource.orgID !== undefined && each.resource.orgID !== orgID) {
        throw new InfluxError("invalid", `permission ${permissionText(each)} is not for org id ${orgID}`);
      }
    }
    const user = this.users.get(userID) ?? raise("invalid", UNABLE_TO_CREATE_TOKEN);
    const org = this.orgs.get(orgID) ?? raise("invalid", UNABLE_TO_CREATE_TOKEN);
    return this.addAuthorization({
      user,
      org,
      permissions,
      description: request.description ?? "",
      status: status === "inactive" ? "inactive" : "active",
    });
  }

  /** Nobody can grant what they do not hold. */
  private requireHeld(caller: Authorization, permissions: Permission[]): void {
    for (const each of permissions) {
      if (this.allows(caller, each.action, each.resource)) continue;
      const text = permissionText(each);
      throw new InfluxError("forbidden", `permission ${text} is not allowed: ${text} is unauthorized`);
    }
  }

  /** Needs reading as well as writing. An empty status becomes active; even an update without changes is dated. */
  updateAuthorization(
    caller: Authorization,
    id: string,
    { status, description }: { status?: string; description?: string },
  ): Authorization {
    const found = this.findAuthorization(caller, id);
    this.requireAuthorization(caller, "write", found);
    const next = status === undefined ? found.status : status || "active";
    if (next !== "active" && next !== "inactive") {
      throw new InfluxError("invalid", "encodeAuthorization: unknown authorization status");
    }
    return Object.assign(found, {
      status: next,
      description: description ?? found.description,
      updatedAt: timestamp(),
    });
  }

  deleteAuthorization(caller: Authorization, id: string): void {
    const found = this.authorization(id);
    this.requireAuthorization(caller, "write", found);
    this.authorizations.delete(id);
    this.tokens.delete(found.token);
  }

  private authorization(id: string): Authorization {
    return this.authorizations.get(id) ?? raise("not found", "authorization not found");
  }

  // Users. Here OSS asks for permissions first when the request names an ID.

  findUser(caller: Authorization, id: string): User {
    this.require(caller, "read", { type: "users", id });
    return this.user(id);
  }

  findUsers(
    caller: Authorization,
    filter: { id?: string | undefined; name?: string | undefined },
    page: Page,
  ): User[] {
    const users =
      filter.id !== undefined
        ? [this.user(filter.id)]
        : filter.name !== undefined
          ? [this.userNamed(filter.name)]
          : paged(byID(this.users.values()), page);
    return users.filter(({ id }) => this.allows(caller, "read", { type: "users", id }));
  }

  createUser(caller: Authorization, { id, name = "", status, oauthID }: Partial<User>): User {
    this.require(caller, "write", { type: "users" });
    this.requireFreeUserName(name);
    if (id !== undefined && this.users.has(id)) {
      throw new InfluxError("conflict", `user with ID ${id} already exists`);
    }
    requireKey(name);
    return this.addUser(name, {
      ...(id && { id }),
      status: status ? status : "active",
      ...(oauthID && { oauthID }),
    });
  }

  updateUser(caller: Authorization, id: string, { name, status }: { name?: string; status?: string }): User {
    if (status !== undefined) requireStatus(status);
    this.require(caller, "write", { type: "users", id });
    const user = this.user(id);
    if (name !== undefined && name !== user.name) {
      this.requireFreeUserName(name);
      requireKey(name);
      this.userNames.delete(user.name);
      this.userNames.set(name, id);
    }
    return Object.assign(user, { name: name ?? user.name, status: status ?? user.status });
  }

  /** The user's authorizations stay, as orphans. */
  deleteUser(caller: Authorization, id: string): void {
    this.require(caller, "write", { type: "users", id });
    this.userNames.delete(this.user(id).name);
    this.users.delete(id);
    this.memberships = this.memberships.filter(({ userID }) => userID !== id);
  }

  /** OSS looks at the password before it looks for the user. */
  setPassword(caller: Authorization, id: string, password: string): void {
    this.require(caller, "write", { type: "users", id });
    const { byteLength } = Buffer.from(password);
    if (byteLength < 8 || byteLength > 72) {
      throw new InfluxError("invalid", "passwords must be between 8 and 72 characters long");
    }
    if (!this.users.has(id)) throw new InfluxError("forbidden", "your userID is incorrect");
  }

  /** What a user may do by its roles, and with itself. */
  userPermissions(caller: Authorization, id: string): Permission[] {
    this.require(caller, "read", { type: "users", id });
    const instance = ["read:instance", "write:instance"].map((each) => permission(each));
    const ofSetup = id === this.operator.userID ? instance : [];
    const ofRoles = this.membershipsOf(id).flatMap(({ role, orgID }) => roleInOrg(role, orgID));
    const self = (["read", "write"] as const).map((action) => ({ action, resource: { type: "users", id } }));
    return [...ofSetup, ...ofRoles, ...self];
  }

  private requireFreeUserName(name: string): void {
    if (this.userNames.has(name)) throw new InfluxError("conflict", `user with name ${name} already exists`);
  }

  // Organizations.

  findOrg(caller: Authorization, id: string): Organization {
    this.require(caller, "read", { type: "orgs", id });
    return this.org(id);
  }

  /** A caller who may not read every org is shown those that they belong to and may read. */
  findOrgs(
    caller: Authorization,
    filter: { id?: string | undefined; name?: string | undefined; userID?: string | undefined },
    page: Page,
  ): Organization[] {
    const ofUser =
      filter.userID ?? (this.allows(caller, "read", { type: "orgs" }) ? undefined : caller.userID);
    let orgs: Organization[];
    if (filter.id !== undefined) orgs = [this.org(filter.id)];
    else if (filter.name !== undefined) orgs = [this.orgNamed(filter.name)];
    else if (ofUser !== undefined) orgs = paged(this.orgsOf(ofUser), { ...page, descending: false });
    else orgs = paged(byID(this.orgs.values()), { ...page, after: undefined, descending: false });
    return orgs.filter(({ id }) => this.allows(caller, "read", { type: "orgs", id }));
  }

  createOrg(caller: Authorization, { name = "", description = "" }: Partial<Organization>): Organization {
    this.require(caller, "write", { type: "orgs" });
    this.requireFreeOrgName(name);
    return this.addOrg(name, this.user(caller.userID), description);
  }

  updateOrg(caller: Authorization, id: string, { name, description }: Partial<Organization>): Organization {
    this.require(caller, "write", { type: "orgs", id });
    const org = this.org(id);
    if (name !== undefined && name !== org.name) {
      this.requireFreeOrgName(name);
      this.orgNames.delete(org.name.trim());
      this.orgNames.set(name.trim(), id);
    }
    return Object.assign(org, {
      name: name ?? org.name,
      description: description ?? org.description,
      updatedAt: timestamp(),
    });
  }

  /** The org's authorizations stay, as orphans; its buckets do not. */
  deleteOrg(caller: Authorization, id: string): void {
    this.require(caller, "write", { type: "orgs", id });
    const org =
      this.orgs.get(id) ??
      raise("not found", `error deleting organization id: ${id}: organization not found`);
    // OSS keeps names trimmed but deletes them as written, so a name with blanks around it stays taken forever.
    this.orgNames.delete(org.name);
    this.orgs.delete(id);
    for (const bucket of this.buckets.values()) if (bucket.orgID === id) this.buckets.delete(bucket.id);
    this.memberships = this.memberships.filter(({ orgID }) => orgID !== id);
  }

  // Buckets. The simulator only shows them, for permissions to name.

  findBucket(caller: Authorization, id: string): Bucket {
    const bucket = this.buckets.get(id) ?? raise("not found", "bucket not found");
    this.require(caller, "read", readBy(bucket));
    return bucket;
  }

  /** In the order of names within an org, and of IDs otherwise. A name within an org is one bucket, whatever the page. */
  findBuckets(caller: Authorization, { id, orgID, name }: BucketFilter, page: Page): Bucket[] {
    const all = byID(this.buckets.values()).filter(
      (each) => (orgID === undefined || each.orgID === orgID) && (name === undefined || each.name === name),
    );
    let found: Bucket[];
    if (id !== undefined) found = [this.buckets.get(id) ?? raise("not found", "bucket not found")];
    else if (orgID === undefined) found = paged(all, page);
    else if (name === undefined)
      found = paged(
        all.sort((a, b) => (a.name < b.name ? -1 : 1)),
        { ...page, after: undefined },
      );
    else found = all.length > 0 ? all : raise("not found", `bucket "${name}" not found`);
    return found.filter((each) => this.allows(caller, "read", readBy(each)));
  }

  members(caller: Authorization, orgID: string, role: Role): User[] {
    this.requireOrg(caller, orgID);
    const ofOrg = this.memberships.filter((each) => each.orgID === orgID && each.role === role);
    return byID(ofOrg.map(({ userID }) => this.user(userID)));
  }

  addMember(caller: Authorization, orgID: string, role: Role, userID: string): User {
    const user = this.user(userID);
    this.require(caller, "write", { type: "orgs", id: orgID, orgID });
    if (this.memberships.some((each) => each.orgID === orgID && each.userID === userID)) {
      const text = `Unexpected error when assigning user to a resource: mapping for user ${userID} already exists`;
      throw new InfluxError("internal error", text);
    }
    this.memberships.push({ orgID, userID, role });
    return user;
  }

  /** Removing somebody who is not a member is no error, and the role is not looked at. */
  removeMember(caller: Authorization, orgID: string, userID: string): void {
    const others = this.memberships.filter((each) => each.orgID !== orgID || each.userID !== userID);
    if (others.length < this.memberships.length)
      this.require(caller, "write", { type: "orgs", id: orgID, orgID });
    this.memberships = others;
  }

  /** For what is below an org, OSS gives the same answer if the org is gone and if it may not be read. */
  requireOrg(caller: Authorization, id: string): Organization {
    if (!this.allows(caller, "read", { type: "orgs", id }))
      throw new InfluxError("not found", "404 page not found");
    return this.orgs.get(id) ?? raise("not found", "404 page not found");
  }

  private requireFreeOrgName(name: string): void {
    if (name.trim() === "") throw new InfluxError("invalid", "org name is empty");
    if (this.orgNames.has(name.trim())) {
      throw new InfluxError("conflict", `organization with name ${name} already exists`);
    }
  }

  private orgsOf(userID: string): Organization[] {
    return byID(this.membershipsOf(userID).map(({ orgID }) => this.org(orgID)));
  }

  private membershipsOf(userID: string): Membership[] {
    return this.memberships.filter((each) => each.userID === userID);
  }
}

/** A bucket of the system's can be read by who may read the org, and by nobody else. */
function readBy({ type, id, orgID }: Bucket): Resource {
  return type === "system" ? { type: "orgs", id: orgID } : { type: "buckets", id, orgID };
}

/** What each org has from the start. */
const SYSTEM_BUCKETS = [
  { name: "_monitoring", description: "System bucket for monitoring logs", everySeconds: 604_800 },
  { name: "_tasks", description: "System bucket for task logs", everySeconds: 259_200 },
];

function validPermissions({ permissions = [] }: AuthorizationRequest): Permission[] {
  if (permissions.length === 0) throw new InfluxError("invalid", "authorization must include permissions");
  return permissions.map(({ action = "", resource: { type = "", ...scope } = {} }) => {
    const wanted = { action: action as Action, resource: { type, ...scope } };
    validatePermission(wanted);
    return wanted;
  });
}

function requireStatus(status: string): void {
  if (status !== "active" && status !== "inactive") {
    throw new InfluxError("invalid", "invalid status: must be active or inactive");
  }
}

/** The store behind OSS refuses empty keys. */
function requireKey(key: string): void {
  if (key === "") throw new InfluxError("empty value", "key required");
}

function userOf({ userID }: Authorization): Resource {
  return { type: "users", id: userID };
}

function byID<T extends { id: string }>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Even in descending order, OSS looks for what comes after `after`, and starts there. */
function paged<T extends { id: string }>(items: T[], { limit, offset, after, descending }: Page): T[] {
  const start = after === undefined ? 0 : items.findIndex(({ id }) => id > after);
  const forward = start < 0 ? [] : items.slice(start);
  const backward = after === undefined ? items.toReversed() : items.slice(0, start + 1).toReversed();
  return (descending ? backward : forward).slice(Math.max(offset, 0)).slice(0, limit);
}

function raise(code: InfluxError["code"], message: string): never {
  throw new InfluxError(code, message);
}

function newToken(): string {
  return withMark(randomBytes(64).toString("base64").replaceAll("+", "-").replaceAll("/", "_"));
}

const STARTED = { wall: BigInt(Date.now()) * 1_000_000n, clock: process.hrtime.bigint() };

/** A time as Go writes it: up to nine digits of a second, without the zeros at its end. */
export function timestamp(date?: Date): string {
  const nanoseconds = date
    ? BigInt(date.getTime()) * 1_000_000n
    : STARTED.wall + process.hrtime.bigint() - STARTED.clock;
  const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${seconds}${fraction && "."}${fraction}Z`;
}
