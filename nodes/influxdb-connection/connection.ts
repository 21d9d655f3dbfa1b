import type { Node, NodeAPI, NodeDef } from "node-red";
import * as z from "zod";
import { authorizationsOf, authorizationId, type Authorizations } from "../../src/authorizations.js";
import { databaseTokenId, databaseTokensOf, type DatabaseTokens } from "../../src/database-tokens.js";
import { kindOf, TokenError } from "../../src/errors.js";
import { createHttp, type Http, type HttpOptions } from "../../src/http.js";
import { createInfluxctl, removeLeftovers, type InfluxctlOptions } from "../../src/influxctl.js";
import { managementTokensOf, type ManagementTokens } from "../../src/management-tokens.js";
import { createOrder, type Order } from "../../src/order.js";
import { createOwnTokenGuard, type OwnTokenGuard } from "../../src/own-token-guard.js";
import { candidatesOf, ownAuthorizations } from "../../src/own-token.js";
import { UUID, UUID_EXPECTED } from "../../src/uuids.js";
import { leaveOutIfExcluded, warnOfIdleExcludes } from "../excludes.js";
import { refuseEmptyVariables, refuseUnsetVariable, wholeNumber } from "../fields.js";

/** The products of InfluxData whose tokens this package manages, and the address that each has by default. */
const PRODUCTS = {
  "cloud-serverless": "https://us-east-1-1.aws.cloud2.influxdata.com",
  cloud: "https://us-west-2-1.aws.cloud2.influxdata.com",
  oss: "http://localhost:8086",
  "cloud-dedicated": "https://console.influxdata.com",
  /** A cluster of one's own has an address of its own. */
  clustered: "",
} as const;
export type Product = keyof typeof PRODUCTS;
/** Products with `/api/v2/authorizations`. */
export const V2_PRODUCTS = ["cloud-serverless", "cloud", "oss"] as const satisfies readonly Product[];
/** Products with the Management API and influxctl. */
export const CLUSTER_PRODUCTS = ["cloud-dedicated", "clustered"] as const satisfies readonly Product[];

const PRODUCT_NAMES: Record<Product, string> = {
  "cloud-serverless": "InfluxDB Cloud Serverless",
  cloud: "InfluxDB Cloud (TSM)",
  oss: "InfluxDB OSS v2",
  "cloud-dedicated": "InfluxDB Cloud Dedicated",
  clustered: "InfluxDB Clustered",
};

/** What the nodes of a flow see of a connection. */
export interface Connection {
  product: Product;
  authorizations: Authorizations;
  databaseTokens: DatabaseTokens;
  managementTokens: ManagementTokens;
  /** How many requests the connection allows at once. */
  parallel: number;
  /** The order of what concerns each token, over all nodes of the connection. */
  order: Order;
  /** @throws {TokenError} `protected` where the id is on the connection's list. */
  refuseProtected(id: string): void;
  /** Keeps the connection's own token from losing its rights, where that is a token of this kind. */
  ownToken(kind: OwnToken): OwnTokenGuard;
}

/** The kinds of token that a connection's own can be of. */
export type OwnToken = "authorization" | "management token";

interface Properties extends NodeDef {
  [name: string]: unknown;
}
interface ConnectionNode extends Node {
  connection(): Connection;
}

const CONNECTION_TYPE = "influxdb-connection";

/** Registers the config node. It opens its pool of sockets with the first message and closes it with itself. */
export function registerConnection(RED: NodeAPI): void {
  warnOfIdleExcludes(RED);
  leaveOutIfExcluded(RED, CONNECTION_TYPE);
  void removeLeftovers();

  function InfluxDBConnection(this: ConnectionNode, properties: Properties): void {
    RED.nodes.createNode(this, properties);
    let http: Http | undefined;
    let connection: Connection | undefined;
    let managementTokens: ManagementTokens | undefined;

    this.connection = () => {
      if (connection) return connection;
      refuseEmptyVariables(RED, properties);
      const settings = readSettings(properties);
      // Undefined where no credential was ever set.
      const credentials = this.credentials as { token?: unknown } | undefined;
      const token = readToken(credentials?.token);
      const tls = tlsOf(RED, settings.tls);
      const proxy = proxyOf(RED, settings.proxy);
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
      const own = { value: token, isCloud: settings.product !== "oss" };
      const protectedIds = new Set(settings.protectedIds);
      const spared = { allowed: settings.allowOwnToken, id: settings.ownTokenId };
      const ownTokens: Record<OwnToken, OwnTokenGuard> = {
        authorization: createOwnTokenGuard({
          ...spared,
          candidates: async (signal) => candidatesOf(await ownAuthorizations(client, own, { signal }), own),
        }),
        "management token": createOwnTokenGuard({
          ...spared,
          candidates: (signal) => created.managementTokens.own(signal),
        }),
      };
      const created: Connection = {
        product: settings.product,
        parallel: settings.parallel,
        authorizations: authorizationsOf(client, (watch) => ownAuthorizations(client, own, watch)),
        databaseTokens: databaseTokensOf(http, clusterOf(settings)),
        get managementTokens() {
          return (managementTokens ??= managementTokensOf(
            createInfluxctl(influxctlOptions(settings, token, tls, proxy)),
            token,
            (signal) => client.now(signal),
          ));
        },
        order: createOrder(),
        ownToken: (kind) => ownTokens[kind],
        refuseProtected(id) {
          if (!protectedIds.has(id)) return;
          throw new TokenError(
            "protected",
            `${id} is protected. Take it from the protected IDs of the connection, if you mean it.`,
          );
        },
      };
      connection = created;
      return connection;
    };

    this.on("close", (_removed: boolean, done: () => void) => {
      void (http?.close() ?? Promise.resolve()).catch(() => undefined).then(done);
    });
  }
  RED.nodes.registerType(CONNECTION_TYPE, InfluxDBConnection as never, {
    credentials: { token: { type: "password" } },
  });
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

/** The most requests at once that a connection can allow. */
export const MOST_PARALLEL = 64;

const Settings = z.object({
  product: z.enum(Object.keys(PRODUCTS) as [Product, ...Product[]]),
  url: z.string().trim().default(""),
  timeout: wholeNumber(1, 600, 30),
  retries: wholeNumber(0, 10, 3),
  parallel: wholeNumber(1, MOST_PARALLEL, 4),
  protectedIds: z
    .string()
    .default("")
    .transform((text) =>
      text
        .toLowerCase()
        .split(/[\s,;]+/)
        .filter((id) => id !== ""),
    ),
  ownTokenId: z.string().trim().toLowerCase().optional(),
  allowOwnToken: z.boolean().default(false),
  accountId: z.string().trim().optional(),
  clusterId: z.string().trim().optional(),
  influxctl: z.string().trim().default("influxctl"),
  influxctlTimeout: wholeNumber(1, 600, 60),
  tls: z.string().default(""),
  proxy: z.string().default(""),
});

const EXPECTED: Record<keyof typeof Settings.shape, string> = {
  product: `one of ${Object.keys(PRODUCTS).join(", ")}`,
  url: "an http(s) URL",
  timeout: "seconds from 1 to 600",
  retries: "a whole number from 0 to 10",
  parallel: `a whole number from 1 to ${MOST_PARALLEL}`,
  protectedIds: "a text",
  ownTokenId: "an ID",
  allowOwnToken: "true or false",
  accountId: UUID_EXPECTED,
  clusterId: UUID_EXPECTED,
  influxctl: "the path of influxctl",
  influxctlTimeout: "seconds from 1 to 600",
  tls: "a TLS configuration",
  proxy: "an HTTP proxy configuration",
};

type Settings = Omit<z.infer<typeof Settings>, "url"> & { url: URL };

function readSettings(properties: Properties): Settings {
  const given = Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, value === "" ? undefined : value]),
  );
  const parsed = Settings.safeParse(given);
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0]) as keyof typeof EXPECTED;
    throw wrong(name, properties[name], EXPECTED[name]);
  }
  const { url, product, protectedIds, accountId, clusterId } = parsed.data;
  const id = isCluster(product) ? databaseTokenId : authorizationId;
  if (!protectedIds.every((each) => id.pattern.test(each))) {
    const expected = `IDs (each ${id.expected}), separated by spaces, commas or new lines`;
    throw wrong("protectedIds", properties.protectedIds, expected);
  }
  const needsIds =
    product === "cloud-dedicated" || (product === "clustered" && (accountId ?? clusterId) !== undefined);
  for (const name of ["accountId", "clusterId"] as const) {
    if (needsIds && !UUID.test(parsed.data[name] ?? "")) throw wrong(name, properties[name], EXPECTED[name]);
  }
  return { ...parsed.data, url: readUrl(url === "" ? PRODUCTS[product] : url) };
}

function wrong(name: string, value: unknown, expected: string): TokenError {
  return invalidConnection(`the field "${name}" holds ${kindOf(value)}, expected ${expected}`);
}

function isCluster(product: Product): boolean {
  return (CLUSTER_PRODUCTS as readonly Product[]).includes(product);
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
    throw invalidConnection("influxctl takes a client certificate as PEM without a passphrase only");
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

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalidConnection('the field "url" is no URL that starts with http:// or https://');
  }
  if (url.username !== "" || url.password !== "") {
    throw invalidConnection(
      'the field "url" carries a user name or password; the token has a field of its own',
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw invalidConnection(
      'the field "url" carries a query or fragment; give the address of the server only',
    );
  }
  return url;
}

/** @param token no text where a variable of the environment is none. */
function readToken(token: unknown): string {
  const value = typeof token === "string" ? token.trim() : "";
  refuseUnsetVariable("token", value);
  if (value === "") throw invalidConnection("it has no token (tokens are not part of an exported flow)");
  if (!/^[\x21-\x7e]+$/.test(value))
    throw invalidConnection("its token holds characters that no API token has");
  return value;
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

function proxyOf(RED: NodeAPI, id: string): HttpOptions["proxy"] {
  if (id === "") return undefined;
  type ProxyNode = Omit<Node, "credentials"> & {
    url?: string;
    noproxy?: string[];
    /** Missing where neither was ever set. */
    credentials?: { username?: string; password?: string };
  };
  const node = RED.nodes.getNode(id) as ProxyNode | null;
  if (node?.url === undefined || !URL.canParse(node.url)) {
    throw invalidConnection("its proxy is missing, disabled or has no valid URL");
  }
  const url = new URL(node.url);
  // Core's dialog keeps the credentials apart from the URL. The setters of URL encode them.
  if (node.credentials?.username) url.username = node.credentials.username;
  if (node.credentials?.password) url.password = node.credentials.password;
  return { url: url.href, noProxy: (node.noproxy ?? []).join(",") };
}

function invalidConnection(reason: string): TokenError {
  return new TokenError(
    "invalid-config",
    `the connection cannot be used: ${reason}. Open the connection and correct it.`,
  );
}
