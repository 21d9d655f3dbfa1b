import { isAbsolute } from "node:path";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { auditFile, type AuditSink } from "../../src/work/audit.js";
import { authorizationsOf, type Authorizations } from "../../src/tokens/authorizations.js";
import { databaseTokensOf, type DatabaseTokens } from "../../src/tokens/database-tokens.js";
import { kindOf, TokenError } from "../../src/errors.js";
import { createHttp, type Http, type HttpOptions } from "../../src/http/client.js";
import { createInfluxctl, type InfluxctlOptions } from "../../src/influxctl/influxctl.js";
import { removeLeftovers } from "../../src/influxctl/folders.js";
import { managementTokensOf, type ManagementTokens } from "../../src/tokens/management-tokens.js";
import { createOrder, type Order } from "../../src/work/order.js";
import { createOwnTokenProtection, type OwnTokenProtection } from "../../src/tokens/own-token-protection.js";
import { ownAuthorizations, ownAuthorizationSigns } from "../../src/tokens/own-authorization.js";
import { chooseProxy, readProxy, type ProxyOptions } from "../../src/http/proxy.js";
import { leaveOutIfExcluded, warnOfIdleExcludes } from "../runtime/excludes.js";
import { refuseEmptyVariables, refuseVariable } from "../fields/fields.js";
import { isVariable } from "../fields/variables.js";
import {
  idsOf,
  isCluster,
  PRODUCTS,
  SETTINGS,
  textOf,
  WRONG,
  wrongSetting,
  wrongToken,
  type Product,
  type Properties,
  type Setting,
  type SettingName,
} from "./settings.js";

const PRODUCT_NAMES: Record<Product, string> = {
  "cloud-serverless": "InfluxDB Cloud Serverless",
  cloud: "InfluxDB Cloud (TSM)",
  oss: "InfluxDB OSS v2",
  "cloud-dedicated": "InfluxDB Cloud Dedicated",
  clustered: "InfluxDB Clustered",
};

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
      refuseEmptyVariables(RED, properties);
      const settings = readSettings(properties);
      // Undefined where no credential was ever set.
      const credentials = this.credentials as { token?: unknown } | undefined;
      const token = readToken(credentials?.token);
      const tls = tlsOf(RED, settings.tls);
      const proxy = proxyOf(RED, settings);
      http = createHttp({
        url: settings.url,
        authorization: `${isCluster(settings.product) ? "Bearer" : "Token"} ${token}`,
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
      const own = { value: token, isCloud: settings.product !== "oss" };
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
export function connectionOf(RED: NodeAPI, id: string | undefined, products: readonly Product[]): Connection {
  const node = RED.nodes.getNode(id ?? "") as ConnectionNode | null;
  if (node?.type !== CONNECTION_TYPE) {
    throw new TokenError(
      "invalid-config",
      "no connection is chosen, or it is disabled. Open the node and choose a connection.",
    );
  }
  const connection = node.connection();
  if (!products.includes(connection.product)) {
    const able = products.map((product) => PRODUCT_NAMES[product]).join(", ");
    throw new TokenError(
      "unsupported-product",
      `${PRODUCT_NAMES[connection.product]} cannot do this. Choose a connection to one of: ${able}.`,
    );
  }
  return connection;
}

/** The settings that a connection works with; those that its product does not use are as if they were empty. */
interface Settings {
  product: Product;
  url: URL;
  /** As its author has written it. */
  typedUrl: string;
  /** Seconds. */
  timeout: number;
  retries: number;
  parallel: number;
  protectedIds: string[];
  /** The ID of the connection's own token, in lower case, where its user has given it. */
  ownTokenId: string | undefined;
  allowOwnToken: boolean;
  auditFile: string | undefined;
  accountId: string | undefined;
  clusterId: string | undefined;
  influxctl: string;
  /** Seconds. */
  influxctlTimeout: number;
  tls: string;
  proxy: string;
}

/** @throws {TokenError} `invalid-config` that names the first setting that is wrong. */
export function readSettings(properties: Properties): Settings {
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const wrong = wrongSetting(name, properties);
    if (wrong !== undefined) throw wrongProperty(name, properties[name], WRONG[wrong]);
  }
  for (const name of ["tls", "proxy"]) {
    if (textOf(properties[name]) === undefined) {
      throw wrongProperty(name, properties[name], "expected the ID of a configuration node");
    }
  }
  const product = properties.product as Product;
  /** What it holds, or its preset where that is nothing or nothing for the product. */
  const read = (name: SettingName, preset = String(SETTINGS[name].preset)) => {
    const setting: Setting = SETTINGS[name];
    const isUsed = setting.products?.includes(product) ?? true;
    const value = properties[name];
    const isThere = isUsed && (typeof value === "string" || typeof value === "number");
    return (isThere && String(value).trim()) || preset;
  };
  const optional = (name: SettingName) => read(name, "").toLowerCase() || undefined;
  const typedUrl = read("url", PRODUCTS[product]);
  const auditFile = read("auditFile");
  // The dialog may run on another system.
  if (auditFile !== "" && !isAbsolute(auditFile)) {
    throw wrongProperty("auditFile", properties.auditFile, WRONG.auditFile);
  }
  return {
    product,
    url: new URL(typedUrl),
    typedUrl,
    timeout: Number(read("timeout")),
    retries: Number(read("retries")),
    parallel: Number(read("parallel")),
    protectedIds: idsOf(read("protectedIds")),
    ownTokenId: optional("ownTokenId"),
    allowOwnToken: properties.allowOwnToken === true,
    auditFile: auditFile || undefined,
    accountId: read("accountId") || undefined,
    clusterId: read("clusterId") || undefined,
    influxctl: read("influxctl"),
    influxctlTimeout: Number(read("influxctlTimeout")),
    tls: textOf(properties.tls) ?? "",
    proxy: textOf(properties.proxy) ?? "",
  };
}

/** @throws {TokenError} another one where the value is a variable that is not set. */
function wrongProperty(name: string, value: unknown, expected: string): TokenError {
  if (isVariable(value)) refuseVariable(name, value);
  return invalidConnection(`the field "${name}" holds ${kindOf(value)}, ${expected}`);
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

/** @param token no text where a variable of the environment is none. */
function readToken(token: unknown): string {
  const wrong = wrongToken(token);
  if (wrong !== undefined) throw wrongProperty("token", token, WRONG[wrong]);
  return String(token).trim();
}

function tlsOf(RED: NodeAPI, id: string): HttpOptions["tls"] {
  if (id === "") return undefined;
  type TlsNode = Node & { valid?: boolean; addTLSOptions?: (options: object) => void };
  const node = RED.nodes.getNode(id) as TlsNode | null;
  // One that is not valid adds no options, and other certificates would be trusted than its author meant.
  if (node?.addTLSOptions === undefined || node.valid === false) {
    throw invalidConnection("its TLS configuration is missing, disabled or not valid");
  }
  const options = {};
  node.addTLSOptions(options);
  return options;
}

/** As core's http request node finds the proxy for the connection's URL. */
function proxyOf(RED: NodeAPI, { url, typedUrl, proxy: id }: Settings): URL | undefined {
  const { proxyOptions } = RED.settings as { proxyOptions?: ProxyOptions };
  if (id === "") {
    const choice = chooseProxy(url, typedUrl, proxyOptions);
    return choice && readProxy(choice.url, `the environment variable ${choice.variable}`);
  }
  type ProxyNode = Omit<Node, "credentials"> & {
    url?: string;
    noproxy?: string[];
    /** Missing where neither was ever set. */
    credentials?: { username?: string; password?: string };
  };
  const node = RED.nodes.getNode(id) as ProxyNode | null;
  if (!node?.url) throw invalidConnection("its HTTP proxy is missing, disabled or has no URL");
  refuseVariable("HTTP proxy", node.url);
  const env = { http_proxy: node.url, https_proxy: node.url, no_proxy: (node.noproxy ?? []).join(",") };
  const choice = chooseProxy(url, typedUrl, { ...proxyOptions, env });
  if (choice === undefined) return undefined;
  const proxy = readProxy(choice.url, "the HTTP proxy of the connection");
  // Core's dialog keeps the credentials apart from the URL. The setters of URL encode them.
  const { username = "", password = "" } = node.credentials ?? {};
  if (username || password) Object.assign(proxy, { username, password });
  return proxy;
}

function invalidConnection(reason: string): TokenError {
  return new TokenError(
    "invalid-config",
    `the connection cannot be used: ${reason}. Open the connection and correct it.`,
  );
}
