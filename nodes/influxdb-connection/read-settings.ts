import { isAbsolute } from "node:path";
import { kindOf, TokenError } from "../../src/errors.js";
import { productOf, type Product } from "../../src/products.js";
import type { FieldData, Properties } from "../fields/controls.js";
import { refuseVariable, wordsFor } from "../fields/fields.js";
import { isUsed, judgePart, partsOf } from "../fields/judge.js";
import { idsOf } from "../fields/text-rules.js";
import { isVariable } from "../fields/variables.js";
import type { Wrong } from "../fields/wrong.js";
import { SETTINGS, type SettingName } from "./settings.js";

/** The settings of a connection; those that its product does not use are read as empty. */
export interface Settings {
  product: Product;
  url: URL;
  /** As its author wrote it. */
  typedUrl: string;
  /** Seconds. */
  timeout: number;
  retries: number;
  parallel: number;
  /** Normalized. */
  protectedIds: string[];
  /** The ID of the connection's own token, normalized, if its user has given it. */
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
  const { token, ...settings } = SETTINGS;
  for (const name of Object.keys(settings) as SettingName[]) refuseWrong(name, properties);
  const product = properties.product as Product;
  /** The value of a setting, or its preset if it is empty or not one of the product's. */
  const read = (name: SettingName, preset = presetOf(name)) => {
    const value = properties[name];
    const isThere =
      isUsed(SETTINGS[name], product) && (typeof value === "string" || typeof value === "number");
    return (isThere && String(value).trim()) || preset;
  };
  const { url, ids } = productOf(product);
  const typedUrl = read("url", url);
  const ownTokenId = read("ownTokenId");
  const auditFile = read("auditFile");
  // The dialog may run on another system.
  if (auditFile !== "" && !isAbsolute(auditFile)) {
    throw wrongSetting("auditFile", properties.auditFile, "path");
  }
  return {
    product,
    url: new URL(typedUrl),
    typedUrl,
    timeout: Number(read("timeout")),
    retries: Number(read("retries")),
    parallel: Number(read("parallel")),
    protectedIds: idsOf(read("protectedIds")).map(ids.normalize),
    ownTokenId: ownTokenId === "" ? undefined : ids.normalize(ownTokenId),
    allowOwnToken: properties.allowOwnToken === true,
    auditFile: auditFile || undefined,
    accountId: read("accountId") || undefined,
    clusterId: read("clusterId") || undefined,
    influxctl: read("influxctl"),
    influxctlTimeout: Number(read("influxctlTimeout")),
    tls: read("tls"),
    proxy: read("proxy"),
  };
}

/** @throws {TokenError} `invalid-config`. */
function refuseWrong(name: SettingName, properties: Properties): void {
  const setting: FieldData = SETTINGS[name];
  const wrong = judgePart(setting, partsOf(name, setting)[0], properties);
  if (wrong !== undefined) throw wrongSetting(name, properties[name], wrong);
}

/** @throws {TokenError} another error if the value is a variable that is not set. */
function wrongSetting(name: SettingName, value: unknown, wrong: Wrong): TokenError {
  if (isVariable(value)) refuseVariable(name, value);
  const words = wordsFor(wrong, partsOf(name, SETTINGS[name])[0]);
  return invalidConnection(`the field "${name}" holds ${kindOf(value)}, ${words}`);
}

function presetOf(name: SettingName): string {
  return String(partsOf(name, SETTINGS[name])[0].preset ?? "");
}

/** @param token not a text if a variable of the environment is not one. */
export function readToken(token: unknown): string {
  refuseWrong("token", { token });
  return String(token).trim();
}

export function invalidConnection(reason: string): TokenError {
  return new TokenError(
    "invalid-config",
    `the connection cannot be used: ${reason}. Open the connection and correct it.`,
  );
}
