import { PRODUCTS, productsThatHave, type ProductSetting } from "../../src/products.js";
import { MOST_PARALLEL } from "../../src/http/parallelism.js";
import type { FieldData, NumberOrAuto, Text, WholeNumber } from "../fields/controls.js";

/** The settings of a connection, in the order of its dialog. */
export const SETTINGS = {
  product: { control: { kind: "product", preset: "oss" }, icon: "fa-database" },
  url: { control: text("url", { preset: PRODUCTS.oss.url }), icon: "fa-globe", protects: true },
  token: { control: text("token", { secret: true }), icon: "fa-key" },
  tokenFile: { control: text("path"), icon: "fa-file-o", hint: true },
  accountId: {
    control: text("uuid", { twin: "clusterId" }),
    icon: "fa-id-card-o",
    ...onlyForSome("accountId"),
  },
  clusterId: {
    control: text("uuid", { twin: "accountId" }),
    icon: "fa-server",
    ...onlyForSome("clusterId"),
  },
  influxctl: {
    control: text("command", { preset: "influxctl" }),
    icon: "fa-terminal",
    hint: true,
    section: "influxctl",
    ...onlyForSome("influxctl"),
  },
  influxctlTimeout: {
    control: seconds(60),
    icon: "fa-clock-o",
    section: "influxctl",
    ...onlyForSome("influxctlTimeout"),
  },
  clusterUrl: {
    control: text("otherUrl"),
    icon: "fa-cloud",
    hint: true,
    section: "influxctl",
    ...onlyForSome("clusterUrl"),
  },
  protectedIds: {
    control: text("ids", { rows: 3 }),
    icon: "fa-shield",
    hint: true,
    protects: true,
    lookup: "id",
  },
  ownTokenId: {
    control: text("id"),
    icon: "fa-id-badge",
    hint: true,
    lookup: "id",
    // A database token cannot manage any.
    lookupIn: ["authorizations", "management-tokens", "influxdb3-tokens"],
    section: "ownToken",
  },
  allowOwnToken: { control: { kind: "flag", missing: false }, section: "ownToken" },
  auditFile: {
    control: text("path"),
    icon: "fa-list-alt",
    hint: true,
    protects: true,
    section: "ownToken",
  },
  tls: { control: { kind: "config", type: "tls-config" }, icon: "fa-lock", section: "network" },
  proxy: { control: { kind: "config", type: "http proxy" }, icon: "fa-exchange", section: "network" },
  timeout: { control: seconds(30), icon: "fa-clock-o", section: "network" },
  retries: { control: wholeNumber(3, 0, 10), icon: "fa-repeat", section: "network" },
  parallel: { control: numberOrAuto(1, MOST_PARALLEL), icon: "fa-random", section: "network" },
} satisfies Record<string, FieldData>;
export type SettingName = keyof typeof SETTINGS;

function text(rule: Text["rule"], { preset = "", ...more }: Partial<Text> = {}): Text {
  return { kind: "text", preset, rule, ...more };
}

function wholeNumber(preset: number, min: number, max: number): WholeNumber {
  return { kind: "number", preset, min, max };
}

function numberOrAuto(min: number, max: number): NumberOrAuto {
  return { kind: "numberOrAuto", preset: "auto", min, max };
}

function seconds(preset: number): WholeNumber {
  return { ...wholeNumber(preset, 1, 600), seconds: true };
}

function onlyForSome(setting: ProductSetting): Pick<FieldData, "products"> {
  return { products: productsThatHave(setting) };
}
