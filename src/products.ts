import { HEX_ID, TOKEN_NAME, UUID, type IdForm } from "./ids.js";

/*
 * All that depends on the product. The build puts this file into the browser, so it uses only what Node.js and browsers
 * have in common.
 */

/** The kinds of tokens that a server has; each is a file of `tokens/`. */
export const RESOURCE_NAMES = [
  "authorizations",
  "database-tokens",
  "management-tokens",
  "influxdb3-tokens",
] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

/** A setting of a connection that only some products have. */
export type ProductSetting = "accountId" | "clusterId" | "clusterUrl" | "influxctl" | "influxctlTimeout";

/** What influxctl calls the products that it can reach. */
export type InfluxctlProduct = "dedicated" | "clustered";

/** Where a product runs: https://docs.influxdata.com/influxdb/cloud/reference/regions/ and its like. */
interface Region {
  readonly name: string;
  readonly url: string;
}

/** What depends on a product. */
export interface ProductEntry {
  /** As InfluxData calls it. */
  readonly name: string;
  /** Its default address; empty if each server has one of its own. */
  readonly url: string;
  /** The published regions, if it runs in some. */
  readonly regions?: readonly Region[];
  /** Where InfluxData tells how to create a token for a connection. */
  readonly tokenHelp: string;
  /** The scheme of the Authorization header that its API takes. */
  readonly scheme: "Token" | "Bearer";
  readonly resources: readonly ResourceName[];
  /** How the ids of its tokens are written. */
  readonly ids: IdForm;
  readonly settings: readonly ProductSetting[];
  /** Settings that must be all set or all empty. */
  readonly allOrNone?: readonly ProductSetting[];
  /** What influxctl calls it, if influxctl reaches it. */
  readonly influxctl?: InfluxctlProduct;
  /** Whether its API and its data have one address. */
  readonly hasOneAddress?: boolean;
  /** Whether its API finds an authorization by the value of its token. */
  readonly findsByValue?: boolean;
  /** Tokens of which not all of its servers know as soon as one has made them. */
  readonly learnsLate?: ResourceName;
  /** Whether its tokens can be for some databases and endpoints alone. */
  readonly hasResourceTokens?: boolean;
  /** Whether InfluxData offers it to few as yet. */
  readonly isEarlyAccess?: boolean;
  /** What to do in place of what its tokens cannot have done to them. */
  readonly instead?: string;
}

const V2 = { scheme: "Token", resources: ["authorizations"], ids: HEX_ID, settings: [] } as const;
const CLUSTER = {
  scheme: "Bearer",
  resources: ["database-tokens", "management-tokens"],
  ids: UUID,
  // After seconds to minutes.
  learnsLate: "database-tokens",
  settings: ["accountId", "clusterId", "clusterUrl", "influxctl", "influxctlTimeout"],
} as const;

const INFLUXDB3 = {
  scheme: "Bearer",
  resources: ["influxdb3-tokens"],
  ids: TOKEN_NAME,
  settings: [],
  instead:
    "Its tokens have nodes of their own (list, create and delete InfluxDB 3 tokens). They cannot be changed or disabled: delete one, or replace it (rotate token).",
} as const;

const DOCS = "https://docs.influxdata.com";
const US_EAST = { name: "AWS US East (Virginia)", url: "https://us-east-1-1.aws.cloud2.influxdata.com" };
const FRANKFURT = { name: "AWS EU (Frankfurt)", url: "https://eu-central-1-1.aws.cloud2.influxdata.com" };

/** The products of InfluxData whose tokens this package manages, in the order of the dialog. */
export const PRODUCTS = {
  "cloud-serverless": {
    ...V2,
    name: "InfluxDB Cloud Serverless",
    url: US_EAST.url,
    regions: [US_EAST, FRANKFURT],
    tokenHelp: `${DOCS}/influxdb3/cloud-serverless/admin/tokens/create-token/`,
    findsByValue: true,
  },
  cloud: {
    ...V2,
    name: "InfluxDB Cloud (TSM)",
    url: "https://us-west-2-1.aws.cloud2.influxdata.com",
    regions: [
      { name: "AWS US West (Oregon) 1", url: "https://us-west-2-1.aws.cloud2.influxdata.com" },
      { name: "AWS US West (Oregon) 2", url: "https://us-west-2-2.aws.cloud2.influxdata.com" },
      US_EAST,
      FRANKFURT,
      { name: "Google US Central (Iowa)", url: "https://us-central1-1.gcp.cloud2.influxdata.com" },
      { name: "Azure West Europe (Amsterdam)", url: "https://westeurope-1.azure.cloud2.influxdata.com" },
      { name: "Azure East US (Virginia)", url: "https://eastus-1.azure.cloud2.influxdata.com" },
    ],
    tokenHelp: `${DOCS}/influxdb/cloud/admin/tokens/create-token/`,
    findsByValue: true,
  },
  oss: {
    ...V2,
    name: "InfluxDB OSS v2",
    url: "http://localhost:8086",
    tokenHelp: `${DOCS}/influxdb/v2/admin/tokens/create-token/`,
  },
  "cloud-dedicated": {
    ...CLUSTER,
    name: "InfluxDB Cloud Dedicated",
    influxctl: "dedicated",
    url: "https://console.influxdata.com",
    tokenHelp: `${DOCS}/influxdb3/cloud-dedicated/admin/tokens/management/`,
  },
  clustered: {
    ...CLUSTER,
    name: "InfluxDB Clustered",
    influxctl: "clustered",
    hasOneAddress: true,
    url: "",
    tokenHelp: `${DOCS}/influxdb3/clustered/admin/tokens/management/`,
    // Documented without the two in its paths; InfluxData's own tools use them there as well.
    allOrNone: ["accountId", "clusterId"],
  },
  "influxdb3-core": {
    ...INFLUXDB3,
    name: "InfluxDB 3 Core",
    url: "http://localhost:8181",
    tokenHelp: `${DOCS}/influxdb3/core/admin/tokens/admin/create/`,
  },
  "influxdb3-enterprise": {
    ...INFLUXDB3,
    name: "InfluxDB 3 Enterprise",
    url: "http://localhost:8181",
    tokenHelp: `${DOCS}/influxdb3/enterprise/admin/tokens/admin/create/`,
    hasResourceTokens: true,
    learnsLate: "influxdb3-tokens",
  },
  // Its published pages are those of Enterprise; InfluxData keeps the operator token for itself.
  "influxdb3-cloud": {
    ...INFLUXDB3,
    name: "InfluxDB 3 Cloud (early access)",
    url: "",
    tokenHelp: `${DOCS}/influxdb3/cloud/admin/tokens/`,
    hasResourceTokens: true,
    learnsLate: "influxdb3-tokens",
    isEarlyAccess: true,
  },
} as const satisfies Record<string, ProductEntry>;

export type Product = keyof typeof PRODUCTS;

/** What is known of a product. */
export function productOf(product: Product): ProductEntry {
  return PRODUCTS[product];
}

export function isProduct(value: unknown): value is Product {
  return typeof value === "string" && Object.hasOwn(PRODUCTS, value);
}

/** The products whose servers have tokens of this kind. */
export function productsWith(resource: ResourceName): Product[] {
  return products().filter((product) => productOf(product).resources.includes(resource));
}

/** Whether tokens of this kind are known by their names, which are their ids. */
export function isNamed(resource: ResourceName): boolean {
  return productsWith(resource).some((product) => productOf(product).ids.word === "name");
}

/** The products that have a setting. */
export function productsThatHave(setting: ProductSetting): Product[] {
  return products().filter((product) => productOf(product).settings.includes(setting));
}

function products(): Product[] {
  return Object.keys(PRODUCTS) as Product[];
}
