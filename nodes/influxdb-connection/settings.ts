import { HEX_ID, UUID } from "../../src/ids.js";
import { isProduct, productOf, PRODUCTS, type Product, type ProductSetting } from "../../src/products.js";
import { holdsVariable, PART_OF_TEXT } from "../fields/variables.js";
import { wholeNumberOf } from "../fields/whole-numbers.js";

export { isProduct, PRODUCTS };

/*
 * The settings of a connection: what makes one wrong is declared here once, for the dialog and for the runtime.
 * The build puts this file into the browser, so it uses what both have.
 */

/** The most requests at once that a connection can allow. */
export const MOST_PARALLEL = 64;

/** Ways for a setting to be wrong: keys of what the dialog says, and the end of what the runtime says. */
export const WRONG = {
  variable: `${PART_OF_TEXT}. Put the whole value into one variable`,
  product: `expected one of ${Object.keys(PRODUCTS).join(", ")}`,
  url: "expected a URL that starts with http:// or https://",
  urlMissing: "expected the address of the cluster",
  urlCredentials: "which contains a user name or password; the token has its own field",
  urlPath:
    "which leads into InfluxDB's API or its pages; give the address of the server only, without /api/v2, /signin, /orgs/… and the like",
  urlQuery: "which contains a query or fragment; give the address of the server only",
  timeout: "expected seconds from 1 to 600",
  retries: "expected a whole number from 0 to 10",
  parallel: `expected a whole number from 1 to ${MOST_PARALLEL}`,
  uuid: `expected ${UUID.expected}`,
  hexId: `expected ${HEX_ID.expected}`,
  protectedIds: `expected IDs (each ${HEX_ID.expected}, or ${UUID.expected} for Cloud Dedicated and Clustered), separated by spaces, commas or new lines`,
  influxctl: "expected the path of influxctl",
  allowOwnToken: "expected true or false",
  auditFile: "expected an absolute path, such as /var/log/influxdb-tokens.jsonl",
  tokenMissing: "expected an API token or a management token (tokens are not part of an exported flow)",
  tokenName: 'which starts with a word such as "Token" or "Bearer" or a name; give the token alone',
  tokenQuotes: "which stands in quotes; give the token alone",
  tokenCharacters: "with a line break or an invisible character in it; copy the token once more",
} as const;
export type Wrong = keyof typeof WRONG;

/** What the properties of a node hold, whoever has written them. */
export type Properties = Readonly<Record<string, unknown>>;

export interface Setting {
  /** What a new connection starts with. */
  preset: string | boolean;
  wrong(value: unknown, properties: Properties): Wrong | undefined;
}

export const SETTINGS = {
  product: {
    preset: "oss",
    wrong: (value) => (isProduct(value) ? undefined : "product"),
  },
  url: { preset: PRODUCTS.oss.url, wrong: wrongUrl },
  timeout: wholeNumber(30, 1, 600, "timeout"),
  retries: wholeNumber(3, 0, 10, "retries"),
  parallel: wholeNumber(4, 1, MOST_PARALLEL, "parallel"),
  accountId: clusterPart("clusterId"),
  clusterId: clusterPart("accountId"),
  influxctl: {
    preset: "influxctl",
    wrong: (value) => (textOf(value) === undefined ? "influxctl" : undefined),
  },
  influxctlTimeout: wholeNumber(60, 1, 600, "timeout"),
  protectedIds: {
    preset: "",
    wrong(value, { product }) {
      const text = textOf(value);
      return text !== undefined && idsOf(text).every((id) => isIdOf(product, id))
        ? undefined
        : "protectedIds";
    },
  },
  ownTokenId: {
    preset: "",
    wrong(value, { product }) {
      const text = textOf(value);
      if (text === "") return undefined;
      if (text !== undefined && isIdOf(product, text)) return undefined;
      return isProduct(product) && productOf(product).ids === UUID ? "uuid" : "hexId";
    },
  },
  allowOwnToken: {
    preset: false,
    wrong: (value) => (value === undefined || typeof value === "boolean" ? undefined : "allowOwnToken"),
  },
  /** Empty is Node-RED's log. */
  auditFile: {
    preset: "",
    wrong(value) {
      const text = textOf(value);
      return text !== undefined && /^(|\/.*|\\\\.*|[A-Za-z]:[\\/].*)$/.test(text) ? undefined : "auditFile";
    },
  },
} satisfies Record<string, Setting>;
export type SettingName = keyof typeof SETTINGS;

/** What is wrong about one of the settings among the others, or undefined where it is right. */
export function wrongSetting(name: SettingName, properties: Properties): Wrong | undefined {
  const setting: Setting = SETTINGS[name];
  const { product } = properties;
  // While the product itself is not known, nothing can be said of what depends on it.
  if (!isUsedBy(product, name)) return undefined;
  const wrong = setting.wrong(properties[name], properties);
  const text = textOf(properties[name]);
  return text !== undefined && holdsVariable(text) ? "variable" : wrong;
}

/** Names that are copied together with a token: of the header, its scheme, a variable, an option, a key in JSON. */
const NAME_OF_TOKEN = /^\W*(authorization|bearer|(export\s+)?influx\w*_token|token)[\s:="]/i;

/**
 * What is wrong about a token, or undefined where it is right. InfluxDB OSS has tokens of any text that its user has
 * set, with spaces and beyond ASCII.
 */
export function wrongToken(value: unknown): Wrong | undefined {
  const text = textOf(value);
  if (text === undefined || text === "") return "tokenMissing";
  if (holdsVariable(text)) return "variable";
  if (NAME_OF_TOKEN.test(text)) return "tokenName";
  if (/^["'`]|["'`]$/.test(text)) return "tokenQuotes";
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) ? "tokenCharacters" : undefined;
}

/** A text without the space around it, empty where there is none; undefined where the value is something else. */
export function textOf(value: unknown): string | undefined {
  if (value === undefined) return "";
  return typeof value === "string" ? value.trim() : undefined;
}

/** The single IDs of a text: in lower case, for servers read them without regard to case. */
export function idsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter((id) => id !== "");
}

/** Whether it is a token's ID. Of a product that is not known yet any form will do. */
function isIdOf(product: unknown, text: string): boolean {
  const forms = isProduct(product) ? [productOf(product).ids] : [HEX_ID, UUID];
  return forms.some(({ pattern }) => pattern.test(text));
}

/** Whether a product has the setting. For one that has not, it is hidden, and neither judged nor read. */
export function isUsedBy(product: unknown, name: string): boolean {
  const has = (each: Product) => productOf(each).settings.some((setting) => setting === name);
  const isForSome = (Object.keys(PRODUCTS) as Product[]).some(has);
  return !isForSome || (isProduct(product) && has(product));
}

/** A whole number; empty is the preset. */
function wholeNumber(preset: number, min: number, max: number, wrong: Wrong) {
  return {
    preset: String(preset),
    wrong(value: unknown): Wrong | undefined {
      const isRight = textOf(value) === "" || wholeNumberOf(value, min, max) !== undefined;
      return isRight ? undefined : wrong;
    },
  };
}

/** One of the two IDs in the paths of a cluster's API. */
function clusterPart(other: ProductSetting): Setting {
  return {
    preset: "",
    wrong(value, properties) {
      const text = textOf(value);
      const { product } = properties;
      const allOrNone = isProduct(product) && productOf(product).allOrNone?.includes(other);
      const isOptional = allOrNone && textOf(properties[other]) === "";
      if (text === "" && isOptional) return undefined;
      return text !== undefined && UUID.pattern.test(text) ? undefined : "uuid";
    },
  };
}

/**
 * Paths that are copied with the address and are no prefix of a reverse proxy, which can be all else: those of the
 * APIs, whole or cut off behind their version, and those of the user interface.
 */
const PATH_WITHIN = new RegExp(
  "/(" +
    [
      "api/v[023]",
      "api/v0/accounts/.*",
      "api/v2/(authorizations|buckets|delete|me|orgs|query|setup|signin|signout|users|write)(/.*)?",
      "api/v3/(configure/.*|query_.*|write_lp)",
      "health|login|logout|onboarding(/.*)?|ping|query|ready|signin|signout|write",
      "orgs/[0-9a-f]{16}(/.*)?",
    ].join("|") +
    ")/*$",
  "i",
);

function wrongUrl(value: unknown, { product }: Properties): Wrong | undefined {
  const text = textOf(value);
  if (text === undefined) return "url";
  if (text === "") return isProduct(product) && productOf(product).url === "" ? "urlMissing" : undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return "url";
  }
  if (!/^https?:$/.test(url.protocol)) return "url";
  // A host can have none of these signs, and every kind of placeholder has one.
  if (/[${}]/.test(url.hostname)) return "variable";
  if (url.username !== "" || url.password !== "") return "urlCredentials";
  if (PATH_WITHIN.test(url.pathname)) return "urlPath";
  if (url.search !== "" || url.hash !== "") return "urlQuery";
  return undefined;
}
