import { isAbsolute } from "node:path";
import { kindOf, TokenError } from "../../src/errors.js";
import type { Parallel } from "../../src/http/parallelism.js";
import { productOf, type Product } from "../../src/products.js";
import type { FieldData, Flag, NumberOrAuto, Properties, WholeNumber } from "../fields/controls.js";
import { wordsFor } from "../fields/fields.js";
import { refuseVariable } from "../fields/refuse-variables.js";
import { isUsed, judgePart, partsOf } from "../fields/judge.js";
import { idsOf, textOf } from "../fields/text-rules.js";
import { isVariable } from "../fields/variables.js";
import type { Wrong } from "../fields/wrong.js";
import { SETTINGS, type SettingName } from "./settings.js";

type ValueOf<C> = C extends NumberOrAuto
  ? Parallel
  : C extends WholeNumber
    ? number
    : C extends Flag
      ? boolean
      : string;
type Values = { [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]["control"]> };

/** The settings of a connection; those that its product does not use are read as empty. */
export interface Settings extends Omit<Values, "product" | "url" | "token" | "protectedIds"> {
  product: Product;
  url: URL;
  /** As its author wrote it. */
  typedUrl: string;
  /** Normalized, as is `ownTokenId`. */
  protectedIds: string[];
}

/** @throws {TokenError} `invalid-config` that names the first setting that is wrong. */
export function readSettings(properties: Properties): Settings {
  const { token, ...settings } = SETTINGS;
  const names = Object.keys(settings) as (keyof typeof settings)[];
  for (const name of names) refuseWrong(name, properties);
  const values = Object.fromEntries(names.map((name) => [name, valueOf(name, properties)])) as Values;
  const product = values.product as Product;
  const { url, ids } = productOf(product);
  const typedUrl = textOf(properties.url) || url;
  for (const name of ["tokenFile", "auditFile"] as const) {
    // The dialog may run on another system.
    if (values[name] !== "" && !isAbsolute(values[name])) throw wrongSetting(name, properties[name], "path");
  }
  return {
    ...values,
    product,
    url: new URL(typedUrl),
    typedUrl,
    protectedIds: idsOf(values.protectedIds, product).map(ids.normalize),
    ownTokenId: ids.normalize(values.ownTokenId),
  };
}

/** The value of a setting, or its preset if it is empty or not one of the product's. */
function valueOf(name: SettingName, properties: Properties): string | number | boolean {
  const setting: FieldData = SETTINGS[name];
  const { [name]: value } = properties;
  if (setting.control.kind === "flag") return value === true;
  const isThere =
    isUsed(SETTINGS, setting, properties) && (typeof value === "string" || typeof value === "number");
  const text = isThere ? String(value) : "";
  const { kind } = setting.control;
  if (text.trim() === "") return kind === "number" ? Number(presetOf(name)) : presetOf(name);
  if (kind === "number" || (kind === "numberOrAuto" && text.trim() !== "auto")) return Number(text);
  // Space can belong to the name of a token; the form of the IDs tells.
  const isOfIds = setting.control.kind === "text" && ["id", "ids"].includes(setting.control.rule);
  return isOfIds ? text : text.trim();
}

/** @throws {TokenError} `invalid-config`. */
function refuseWrong(name: SettingName, properties: Properties): void {
  const setting: FieldData = SETTINGS[name];
  if (!isUsed(SETTINGS, setting, properties)) return;
  const wrong = judgePart(setting, partsOf(name, setting)[0], properties);
  if (wrong !== undefined) throw wrongSetting(name, properties[name], wrong);
}

/** @throws {TokenError} another error if the value is a variable that is not set. */
function wrongSetting(name: SettingName, value: unknown, wrong: Wrong): TokenError {
  if (isVariable(value)) refuseVariable(name, value);
  const words = wordsFor(wrong, partsOf(name, SETTINGS[name])[0]);
  const what = wrong === "tokenMissing" ? "no token" : undefined;
  return invalidConnection(`the field "${name}" holds ${kindOf(value)}, ${words}`, what);
}

function presetOf(name: SettingName): string {
  return String(partsOf(name, SETTINGS[name])[0].preset ?? "");
}

/** @param token not a text if a variable of the environment is not one. */
export function readToken(token: unknown): string {
  refuseWrong("token", { token });
  return String(token).trim();
}

/** @param words see {@link TokenErrorDetails}. */
export function invalidConnection(reason: string, words?: string): TokenError {
  return new TokenError(
    "invalid-config",
    `the connection cannot be used: ${reason}. Open the connection and correct it.`,
    { words },
  );
}
