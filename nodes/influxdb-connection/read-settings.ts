import { isAbsolute } from "node:path";
import { kindOf, TokenError } from "../../src/errors.js";
import { productOf, type Product } from "../../src/products.js";
import { refuseVariable } from "../fields/fields.js";
import { isVariable } from "../fields/variables.js";
import {
  idsOf,
  isUsedBy,
  SETTINGS,
  textOf,
  WRONG,
  wrongSetting,
  wrongToken,
  type Properties,
  type SettingName,
} from "./settings.js";

/** The settings that a connection works with; those that its product does not use are as if they were empty. */
export interface Settings {
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
    const isUsed = isUsedBy(product, name);
    const value = properties[name];
    const isThere = isUsed && (typeof value === "string" || typeof value === "number");
    return (isThere && String(value).trim()) || preset;
  };
  const optional = (name: SettingName) => read(name, "").toLowerCase() || undefined;
  const typedUrl = read("url", productOf(product).url);
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

/** @param token no text where a variable of the environment is none. */
export function readToken(token: unknown): string {
  const wrong = wrongToken(token);
  if (wrong !== undefined) throw wrongProperty("token", token, WRONG[wrong]);
  return String(token).trim();
}

export function invalidConnection(reason: string): TokenError {
  return new TokenError(
    "invalid-config",
    `the connection cannot be used: ${reason}. Open the connection and correct it.`,
  );
}
