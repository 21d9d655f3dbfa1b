import type { Node, NodeAPI, NodeDef } from "node-red";
import { auditFile, type AuditSink } from "../../src/work/audit.js";
import { authorizationsOf, type Authorizations } from "../../src/tokens/authorizations.js";
import { databaseTokensOf, type DatabaseTokens } from "../../src/tokens/database-tokens.js";
import { TokenError } from "../../src/errors.js";
import { createHttp, type Http, type HttpOptions } from "../../src/http/client.js";
import { createInfluxctl, type InfluxctlOptions } from "../../src/influxctl/influxctl.js";
import { removeLeftovers } from "../../src/influxctl/folders.js";
import { managementTokensOf, type ManagementTokens } from "../../src/tokens/management-tokens.js";
import { productOf, productsWith, type Product, type ResourceName } from "../../src/products.js";
import { createOrder, type Order } from "../../src/work/order.js";
import { createOwnTokenProtection, type OwnTokenProtection } from "../../src/tokens/own-token-protection.js";
import { ownAuthorizations, ownAuthorizationSigns } from "../../src/tokens/own-authorization.js";
import { leaveOutIfExcluded, warnOfIdleExcludes } from "../runtime/excludes.js";
import type { Properties } from "../fields/controls.js";
import { refuseEmptyVariables } from "../fields/fields.js";
import { invalidConnection, readSettings, readToken, type Settings } from "./read-settings.js";

import { SETTINGS } from "./settings.js";
import { proxyOf, tlsOf } from "./tls-and-proxy.js";

/** What the nodes of a flow see of a connection. */
export interface Connection {
  /** Of the node. */
  id: string;
  product: Product;
  authorizations: Authorizations;
  databaseTokens: DatabaseTokens;
  managementTokens: ManagementTokens;
  /** How many requests the connection allows at once. */
  parallel: number;
  /** The order of what concerns each token, over all nodes of the connection. */
  order: Order;
  /** Takes the audit trail, where that does not go to Node-RED's log. */
  auditFile: AuditSink | undefined;
  /** @throws {TokenError} `protected` where the id is on the connection's list. */
  refuseProtected(id: string): void;
  /** Keeps the connection's own token from losing its rights, where that is a token of this kind. */
  ownToken(kind: OwnToken): OwnTokenProtection;
}

/** The kinds of token that a connection's own can be of. */
export type OwnToken = "authorization" | "management token";

interface ConnectionNode extends Node {
  connection(): Connection;
}

const CONNECTION_TYPE = "influxdb-connection";

/** Registers the config node. It opens its pool of sockets with the first message and closes it with itself. */
export function registerConnection(RED: NodeAPI): void {
  warnOfIdleExcludes(RED);
  leaveOutIfExcluded(RED, CONNECTION_TYPE);
  // Missing where flows are stored elsewhere than in files.
  const { userDir } = RED.settings as { userDir?: string };
  void removeLeftovers(userDir).then((left) => {
    for (const folder of left) RED.log.warn(cannotRemove(folder));
  });

  function InfluxDBConnection(this: ConnectionNode, properties: NodeDef & Properties): void {
    RED.nodes.createNode(this, properties);
    let http: Http | undefined;
    let connection: Connection | undefined;
    let managementTokens: ManagementTokens | undefined;
    let audit: ReturnType<typeof auditFile> | undefined;

    this.connection = () => {
      if (connection) return connection;
      refuseEmptyVariables(RED, SETTINGS, properties);
      const settings = readSettings(properties);
      // Undefined where no credential was ever set.
      const credentials = this.credentials as { token?: unknown } | undefined;
      const token = readToken(credentials?.token);
      const { scheme, findsByValue = false } = productOf(settings.product);
      const tls = tlsOf(RED, settings.tls);
      const proxy = proxyOf(RED, settings);
      http = createHttp({
        url: settings.url,
        authorization: `${scheme} ${token}`,
        timeout: settings.timeout,
        retries: settings.retries,
        parallel: settings.parallel,
        tls,
        proxy,
        warn: (text) => {
          this.warn(text);
        },
      });
      const client = http;
      audit = settings.auditFile === undefined ? undefined : auditFile(settings.auditFile);
      const own = { value: token, isCloud: findsByValue };
      const protectedIds = new Set(settings.protectedIds);
      const authorizations = authorizationsOf(client, (watch) => ownAuthorizations(client, own, watch));
      const spared = { allowed: settings.allowOwnToken, named: settings.ownTokenId };
      const ownTokens: Record<OwnToken, OwnTokenProtection> = {
        authorization: createOwnTokenProtection(spared, ownAuthorizationSigns(client, own, authorizations)),
        "management token": createOwnTokenProtection(spared, {
          find: (signal) => created.managementTokens.own.find(signal),
          mayBe: (...asked) => created.managementTokens.own.mayBe(...asked),
        }),
      };
      const created: Connection = {
        id: this.id,
        product: settings.product,
        parallel: settings.parallel,
        authorizations,
        databaseTokens: databaseTokensOf(http, clusterOf(settings)),
        get managementTokens() {
          return (managementTokens ??= managementTokensOf(
            createInfluxctl({ ...influxctlOptions(settings, token, tls, proxy), userFolder: userDir }),
            token,
            (signal) => client.now(signal),
          ));
        },
        order: createOrder(),
        auditFile: audit,
        ownToken: (kind) => ownTokens[kind],
        refuseProtected(id) {
          if (!protectedIds.has(id)) return;
          throw new TokenError(
            "protected",
            `${id} is protected. If you do mean it, remove it from the protected IDs of the connection.`,
          );
        },
      };
      connection = created;
      return connection;
    };

    this.on("close", (_removed: boolean, done: () => void) => {
      const closing = http?.close() ?? Promise.resolve();
      void closing
        .catch(() => undefined)
        .then(() => audit?.settled())
        .then(done);
    });
  }
  RED.nodes.registerType(CONNECTION_TYPE, InfluxDBConnection as never, {
    credentials: { token: { type: "password" } },
  });
}

function cannotRemove(folder: string): string {
  return `influxdb-connection: ${folder} could not be removed. It is left of a killed run of influxctl, and can hold its token: remove it.`;
}

/**
 * The connection that a node names.
 *
 * @throws {TokenError} `invalid-config` where there is none or its settings are wrong, `unsupported-product`
 *   where its product cannot do the job.
 */
export function connectionOf(RED: NodeAPI, id: string | undefined, resource: ResourceName): Connection {
  const node = RED.nodes.getNode(id ?? "") as ConnectionNode | null;
  if (node?.type !== CONNECTION_TYPE) {
    throw new TokenError(
      "invalid-config",
      "no connection is chosen, or it is disabled. Open the node and choose a connection.",
    );
  }
  const connection = node.connection();
  const { name, resources } = productOf(connection.product);
  if (!resources.includes(resource)) {
    const able = productsWith(resource).map((product) => productOf(product).name);
    throw new TokenError(
      "unsupported-product",
      `${name} cannot do this. Choose a connection to one of: ${able.join(", ")}.`,
    );
  }
  return connection;
}

/** Clustered is documented without the two ids in its paths; InfluxData's own tools use them there as well. */
function clusterOf({ accountId, clusterId }: Settings): { accountId: string; clusterId: string } | undefined {
  return accountId !== undefined && clusterId !== undefined ? { accountId, clusterId } : undefined;
}

function influxctlOptions(
  settings: Settings,
  managementToken: string,
  tls: HttpOptions["tls"],
  proxy: HttpOptions["proxy"],
): InfluxctlOptions {
  if (tls?.pfx ?? tls?.passphrase) {
    throw invalidConnection("influxctl takes a client certificate only as PEM and without a passphrase");
  }
  const { url, accountId, clusterId, influxctl, influxctlTimeout, parallel } = settings;
  // It finds Cloud Dedicated by itself, and a cluster of one's own at its host.
  const isOwn = settings.product === "clustered";
  const plainHttp = url.protocol === "http:";
  return {
    command: influxctl,
    timeout: influxctlTimeout,
    parallel,
    proxy,
    profile: {
      product: isOwn ? "clustered" : "dedicated",
      accountId,
      clusterId,
      ...(isOwn && {
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port || (plainHttp ? "80" : "443"),
        plainHttp,
      }),
      managementToken,
      ...(tls && { tls }),
    },
  };
}
