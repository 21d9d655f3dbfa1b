import type { Node, NodeAPI } from "node-red";
import { TokenError } from "../../src/errors.js";
import type { Watch } from "../../src/http/call.js";
import { productOf, productsWith, type Product, type ResourceName } from "../../src/products.js";
import { listGrantable, type Grantable } from "../../src/tokens/grantable.js";
import {
  createOwnTokenProtection,
  followToken,
  type OwnTokenProtection,
} from "../../src/tokens/own-token-protection.js";
import { plain } from "../../src/text/plain-text.js";
import type { Secret } from "../../src/text/secret.js";
import type { TokenSource } from "../../src/token-source.js";
import type { Liveness, Resource } from "../../src/tokens/resource.js";
import { openTokens, RESOURCES, type Tokens } from "../../src/tokens/resources.js";
import type { AuditSink } from "../../src/work/audit.js";
import { createOrder, type Order } from "../../src/work/order.js";
import type { Settings } from "./read-settings.js";
import type { OpenWires } from "./wires.js";

/** What the nodes of a flow see of a connection. */
export interface Connection {
  /** The ID of the node. */
  id: string;
  /** What people know it by. */
  shown: ShownConnection;
  product: Product;
  /** How many requests the connection allows at once, now. */
  readonly parallel: number;
  /** The order of work on each token, over all nodes of the connection. */
  order: Order;
  /** The file of the audit trail, unless that goes to Node-RED's log. */
  auditFile: AuditSink | undefined;
  /**
   * The tokens of one kind, for one message.
   *
   * @throws {TokenError} `invalid-config` if the settings are not enough for them.
   */
  open<R extends ResourceName>(resource: R, watch: Watch): Tokens<R>;
  /** @throws {TokenError} `invalid-config` if a setting is missing without which {@link check} cannot work. */
  refuseUncheckable(resource: ResourceName): void;
  /** What the server makes of the value of a token of this kind; see {@link Resource.check}. */
  check(resource: ResourceName, value: Secret, watch: Watch): Promise<Liveness>;
  /** What permissions of tokens of this kind can be about; see {@link listGrantable}. */
  grantable(resource: ResourceName, watch: Watch): Promise<readonly Grantable[]>;
  /** Whether its own token is in a file, and so can be replaced while it runs. */
  readsTokenFile: boolean;
  /** Reads the connection's own token now, if it is in a file. */
  refreshToken(): void;
  /** Whether the connection sends this value now. */
  isOwnValue(value: Secret): boolean;
  /** The server's time; see {@link Wires.http}. */
  now(signal: AbortSignal): Promise<number>;
  /** Whether the id, normalized, is on the connection's list. */
  isProtected(id: string): boolean;
  /** What to say if it is; undefined if it is not. */
  whyProtected(id: string): string | undefined;
  /** Keeps the connection's own token from losing its rights; undefined if it cannot be one of this kind. */
  ownToken(resource: ResourceName): OwnTokenProtection | undefined;
}

/** A connection in what a flow gets. */
export interface ShownConnection {
  /** Of the node: in a subflow, that of its own instance, because each can lead to another server. */
  readonly id: string;
  readonly name: string;
}

/** The config node. */
export interface ConnectionNode extends Node {
  /** Within a subflow, the ID that it has in the subflow's template. */
  _alias?: string;
  /** @throws {TokenError} `invalid-config` that names the first setting that is wrong. */
  connection(): Connection;
  /** What it was deployed with, its variables replaced. @throws as {@link ConnectionNode.connection} does. */
  deployedSettings(): Settings;
  /** @throws as {@link ConnectionNode.connection} does. */
  deployedToken(): TokenSource;
}

export const CONNECTION_TYPE = "influxdb-connection";

export function createConnection(
  { id, shown }: Pick<Connection, "id" | "shown">,
  settings: Settings,
  wires: OpenWires,
): Connection {
  const { product, allowOwnToken, ownTokenId } = settings;
  const { token } = wires;
  const { word, split } = productOf(product).ids;
  const protectedIds = new Set(settings.protectedIds);
  // A name can have several lines, which the list takes for as many names.
  const isProtected = (id: string) => {
    const lines = split(id);
    return protectedIds.has(id) || (lines.length > 1 && lines.every((line) => protectedIds.has(line)));
  };
  const first = token.current();
  const ownTokens = new Map<ResourceName, OwnTokenProtection>();
  for (const [name, { ownToken }] of Object.entries(RESOURCES) as [ResourceName, Resource][]) {
    if (ownToken === undefined) continue;
    const protectionOf = (own: Secret) => {
      // The ID that the user names is that of the token of which the connection was made.
      const named = own === first ? ownTokenId || undefined : undefined;
      const signs = ownToken({ ...wires, own: { ...wires.own, value: own } });
      return createOwnTokenProtection({ allowed: allowOwnToken, named, word }, signs);
    };
    ownTokens.set(name, followToken(token, protectionOf));
  }
  return {
    ...{ id, shown },
    product,
    get parallel() {
      return wires.http.parallel;
    },
    order: createOrder(),
    auditFile: wires.auditFile,
    open(resource, watch) {
      // For each message.
      token.refresh();
      return openTokens(resource, wires, watch);
    },
    refuseUncheckable(resource) {
      const { refuseUncheckable }: Resource = RESOURCES[resource];
      refuseUncheckable?.(wires);
    },
    check: (resource, value, watch) => RESOURCES[resource].check(wires, value, watch),
    grantable: (resource, watch) => listGrantable(resource, wires, watch),
    readsTokenFile: settings.tokenFile !== "",
    refreshToken: () => void token.refresh(),
    isOwnValue: (value) => token.current().equals(value.reveal()),
    now: (signal) => wires.http.now(signal),
    ownToken: (resource) => ownTokens.get(resource),
    isProtected,
    whyProtected: (id) =>
      isProtected(id)
        ? plain(
            `${id} is among the protected ${word}s of the connection. If you do mean it, remove it there.`,
          )
        : undefined,
  };
}

/**
 * The connection that a node names.
 *
 * @throws {TokenError} `invalid-config` if there is none or its settings are wrong, `unsupported-product`
 *   if its product cannot do the job.
 */
export function connectionOf(
  RED: NodeAPI,
  id: string | undefined,
  resource: ResourceName | undefined,
): Connection {
  const node = RED.nodes.getNode(id ?? "") as ConnectionNode | null;
  if (node?.type !== CONNECTION_TYPE) {
    throw new TokenError(
      "invalid-config",
      "none is chosen, or it is disabled. Open the node and choose a connection.",
      { words: "no connection" },
    );
  }
  return openedFor(node, resource);
}

/** @throws {TokenError} as {@link connectionOf} does. */
export function openedFor(node: ConnectionNode, resource: ResourceName | undefined): Connection {
  const connection = node.connection();
  if (resource !== undefined) refuseUnable(connection, resource);
  return connection;
}

export function shownOf({ id, _alias = id, name }: ConnectionNode): ShownConnection {
  return { id, name: name?.trim() || _alias };
}

/** @throws {TokenError} `unsupported-product` if the connection's product has no such tokens. */
export function refuseUnable({ product }: Pick<Connection, "product">, resource: ResourceName): void {
  const { name, resources, instead } = productOf(product);
  if (resources.includes(resource)) return;
  const able = productsWith(resource).map((each) => productOf(each).name);
  throw new TokenError(
    "unsupported-product",
    `${name} cannot do this. ${instead ? `${instead} Or choose` : "Choose"} a connection to one of: ${able.join(", ")}.`,
  );
}
