import * as z from "zod";
import { systemClock } from "../clock.js";
import { asTokenError, type TokenError } from "../errors.js";
import type { ApiResponse } from "../http/call.js";
import type { Http } from "../http/client.js";
import { refusal } from "../http/refusals.js";
import { readJson } from "../http/responses.js";
import { readHttpDate } from "../http/server-time.js";
import { productOf, type Product } from "../products.js";
import { plain } from "../text/plain-text.js";
import { PATH } from "../tokens/authorizations-api.js";
import { databaseTokensPath } from "../tokens/database-tokens.js";
import { bearsMark, isDisabled, TOKENS } from "../tokens/influxdb3-api.js";
import type { Wires } from "../tokens/resource.js";
import { handshake } from "./handshake.js";
import type { Reporter } from "./report.js";

/** The address of a connection, and the way to it. */
export interface Address {
  /** As it was typed in: an offer is made of it. */
  url: URL;
  product: Product;
  /** Whether a proxy is on the way: it alone reaches the server. */
  isProxied: boolean;
  /** The name that the TLS configuration expects of the server, if it names one. */
  servername: string | undefined;
  wires: Pick<Wires, "http" | "cluster">;
  /** Whether the wires have a token. Without one, only the address is checked. */
  hasToken: boolean;
}

/** Milliseconds that two clocks may differ before it is told. */
const TOLERANCE = 5000;

/**
 * Finds out what answers at the address, without the token; but an InfluxDB 3 says only with it which it is.
 *
 * @returns the product that is there; undefined if it is none whose tokens can be managed, which has been said.
 */
export async function checkAddress(
  address: Address,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<Product | undefined> {
  const { http, cluster } = address.wires;
  const isOfCluster = productOf(address.product).resources.includes("database-tokens");
  const path = isOfCluster ? databaseTokensPath(cluster) : PATH;
  const before = systemClock.now();
  const response = await look(http, path, signal).catch(asTokenError);
  const after = systemClock.now();
  if (response instanceof Error) {
    if (response.code === "cancelled") throw response;
    reporter.say("wrong", await notReached(response, address, reporter, signal));
    return undefined;
  }
  const seen =
    (isOfCluster ? clusterAt(address, response) : v2At(address, response)) ??
    (await influxdb3At(address, response, signal));
  if (seen === undefined) {
    reporter.say("wrong", await otherAnswer(response, address, reporter, signal));
    return undefined;
  }
  const way = address.isProxied ? "Reached through the HTTP proxy" : "Reached";
  reporter.say("ok", `${way}: ${seen.name} answers.`);
  const isNamed = seen.products.includes(address.product);
  if (!isNamed) {
    reporter.say(
      "warning",
      `It is not ${productOf(address.product).name}, which the connection names as its product.`,
    );
    for (const product of seen.products) offerProduct(product, reporter);
  }
  compareClocks(response, { before, after }, reporter);
  if (seen.isOpen) {
    reporter.say("wrong", OPEN);
    return undefined;
  }
  return isNamed ? address.product : seen.products[0];
}

/** Any request that reads, of which the answer shows what is there. */
function look(
  http: Http,
  path: readonly string[],
  signal: AbortSignal,
  { isAnonymous = true } = {},
): Promise<ApiResponse> {
  return http.send({
    task: "look what answers",
    method: "GET",
    repeat: "safe",
    path,
    isAnonymous,
    watch: { signal },
  });
}

/** What was seen. */
interface Seen {
  /** The products that it can be, if nothing tells them apart. */
  products: readonly [Product, ...Product[]];
  /** With its version. */
  name: string;
  /** Whether it lets everybody in. */
  isOpen?: boolean;
}

/** They have one API, and nothing that tells them apart. */
const CLOUDS = ["cloud-serverless", "cloud"] as const;

/** InfluxDB OSS puts its version on every answer. Another one of the same API is taken for what the connection names. */
function v2At({ product, url }: Pick<Address, "product" | "url">, response: ApiResponse): Seen | undefined {
  const { build, version } = markOf(response);
  if (isOss2(response)) return { products: ["oss"], name: `${productOf("oss").name} (${version})` };
  const isCloud = /cloud/i.test(build);
  const isOfApi = response.status === 401 && response.error?.code === "unauthorized";
  if (!isOfApi || (version !== "" && !isCloud)) return undefined;
  if (product !== "oss" && productOf(product).resources.includes("authorizations"))
    return { products: [product], name: `an API of InfluxDB v2, as ${productOf(product).name} has it,` };
  if (isCloud || isOfInfluxData(url)) return { products: CLOUDS, name: "InfluxDB Cloud" };
  return { products: ["oss"], name: "an API of InfluxDB v2, without its version," };
}

function isOfInfluxData({ hostname }: URL): boolean {
  return /(^|\.)influxdata\.com$/i.test(hostname);
}

/**
 * The Management API. What lies in front of it may refuse a request without a token in its own way, so any refusal is
 * taken for it; the token tells.
 */
function clusterAt({ product, url }: Address, response: ApiResponse): Seen | undefined {
  if (isOss2(response)) return v2At({ product, url }, response);
  if (isWebPage(response) || isInfluxDB3(response) || markOf(response).version !== "") return undefined;
  const { status, error } = response;
  const isOfApi = Number.isInteger(error?.code) || [401, 403].includes(status);
  return isOfApi
    ? { products: [product], name: `a Management API, as ${productOf(product).name} has it,` }
    : undefined;
}

/**
 * InfluxDB 3 says at `/ping` which it is: to everybody if it was started so, otherwise with a token. Without one, it bears
 * its mark since 3.8; one before that refuses without a word, which is believed only where the connection names it.
 */
async function influxdb3At(
  { product, url, wires: { http }, hasToken }: Address,
  response: ApiResponse,
  signal: AbortSignal,
): Promise<Seen | undefined> {
  const canBe = isOf3(product) || ([401, 404].includes(response.status) && !isOfInfluxData(url));
  if (!isInfluxDB3(response) && !canBe) return undefined;
  const ask = async (path: readonly string[], isAnonymous = true): Promise<ApiResponse | undefined> => {
    const answer = await look(http, path, signal, { isAnonymous }).catch(asTokenError);
    if (!(answer instanceof Error)) return answer;
    if (answer.code === "cancelled") throw answer;
    return undefined;
  };
  const pong = await ask(PING);
  const isOld = isOf3(product) && pong !== undefined && isWordless(response) && isWordless(pong);
  if (!isOld && ![response, pong].some((each) => each && isInfluxDB3(each))) return undefined;
  if (saysWhich(pong)) {
    const answer = await ask(TOKENS);
    return { ...influxdb3In(pong, product), isOpen: answer !== undefined && isDisabled(answer) };
  }
  const told = hasToken ? await ask(PING, false) : undefined;
  if (saysWhich(told)) return influxdb3In(told, product);
  const seen = influxdb3In(undefined, product);
  return isOld
    ? { ...seen, name: "something that refuses without a word, as an InfluxDB 3 before 3.8 does," }
    : seen;
}

const PING = ["ping"];
const Pong = z.looseObject({ product_name: z.string() });

function isOf3(product: Product): boolean {
  return productOf(product).resources.includes("influxdb3-tokens");
}

function saysWhich(pong: ApiResponse | undefined): pong is ApiResponse {
  return pong?.status === 200 && isInfluxDB3(pong);
}

/** @param pong the answer that says which it is, if there is one. @param expected as the connection names it. */
function influxdb3In(pong: ApiResponse | undefined, expected: Product): Seen {
  const { build, version } = pong ? markOf(pong) : NO_MARK;
  const which = pong ? `${build} ${productNameIn(pong)}` : "";
  const isEnterprise = /enterprise/i.test(which);
  // The pages of InfluxDB 3 Cloud are those of Enterprise.
  const isCloud = /cloud/i.test(which) || (isEnterprise && expected === "influxdb3-cloud");
  const release = version === "" ? "" : ` (${version})`;
  const seen = (product: Product): Seen => ({
    products: [product],
    name: productOf(product).name + release,
  });
  if (isCloud) return seen("influxdb3-cloud");
  if (isEnterprise) return seen("influxdb3-enterprise");
  if (/core/i.test(which)) return seen("influxdb3-core");
  return {
    products: isOf3(expected) ? [expected] : ["influxdb3-core", "influxdb3-enterprise"],
    name: `an InfluxDB 3 Core or Enterprise${release}`,
  };
}

const NO_MARK = { build: "", version: "" };

function productNameIn(pong: ApiResponse): string {
  try {
    return readJson(pong, Pong).product_name;
  } catch {
    return "";
  }
}

const OPEN =
  "It was started without authorization (--without-auth): it lets everybody in, whatever the token, and can neither create " +
  "nor delete tokens. Start it without that option. No token was sent.";

function isWordless({ status, text, error, headers }: ApiResponse): boolean {
  return status === 401 && text === "" && error === undefined && headers["www-authenticate"] === undefined;
}

function isOss2(response: ApiResponse): boolean {
  const { build, version } = markOf(response);
  return build === "OSS" && /^(v?2\.|dev)/.test(version);
}

function isInfluxDB3(response: ApiResponse): boolean {
  const { build, version } = markOf(response);
  return /^v?3\./.test(version) || /^(core|enterprise)$/i.test(build) || bearsMark(response);
}

function isWebPage({ headers }: ApiResponse): boolean {
  return /\bhtml\b/i.test(String(headers["content-type"] ?? ""));
}

/** How InfluxDB names itself on its answers; empty if it does not. */
function markOf({ headers, redactor }: ApiResponse): { build: string; version: string } {
  const of = (name: string) => redactor.withhold(plain(String(headers[name] ?? ""), LONGEST_MARK));
  return { build: of("x-influxdb-build"), version: of("x-influxdb-version") };
}

const LONGEST_MARK = 40;

/** What else answers, and what to do about it. */
async function otherAnswer(
  response: ApiResponse,
  address: Address,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<string> {
  const { status } = response;
  const { version } = markOf(response);
  if (address.url.hostname === new URL(productOf(DEDICATED).url).hostname && address.product !== DEDICATED) {
    offerProduct(DEDICATED, reporter);
    return `Reached: this is the address of ${productOf(DEDICATED).name}, which is not the product of the connection.`;
  }
  if (version.startsWith("1.")) {
    return `Reached: an InfluxDB ${version} answers. It has users and passwords, and no tokens to manage.`;
  }
  if (status >= 300 && status < 400) return redirected(response, address, reporter);
  // Servers that expect TLS say so in words of their own; the handshake is certain.
  if (status === 400 && (await speaksTls(address, reporter, signal))) return WANTS_TLS;
  if (isWebPage(response)) {
    return (
      `Reached, but a web page answers (status ${status}): this is the address of a user interface, of a login page, or of ` +
      "another service. Enter the address of InfluxDB itself."
    );
  }
  return `Reached, but InfluxDB's API does not answer: ${refusal(response).reason}`;
}

const DEDICATED = "cloud-dedicated";
const WANTS_TLS = "Reached, but the server wants https:// in place of http://.";

/** A redirection is not followed: where it leads could be anything. */
function redirected({ status, headers }: ApiResponse, { url }: Address, reporter: Reporter): string {
  const location = String(headers.location ?? "");
  const to = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
  if (to?.protocol === "https:" && url.protocol === "http:" && to.hostname === url.hostname) {
    const secure = new URL(url);
    Object.assign(secure, { protocol: "https:", port: to.port });
    offerUrl(secure, reporter);
    return WANTS_TLS;
  }
  return (
    `Reached, but the server redirects to another address (status ${status}), which is not followed. Enter the address of ` +
    "InfluxDB itself."
  );
}

/** Why there was no answer, and what to do about it. */
async function notReached(
  error: TokenError,
  address: Address,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<string> {
  const { url, isProxied, servername } = address;
  const { code = "" } = (error.cause ?? {}) as { code?: string };
  if (error.code === "bad-response") return `Reached, but InfluxDB's API does not answer: ${error.reason}`;
  if (error.code === "network" && (await speaksTls(address, reporter, signal))) return WANTS_TLS;
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") {
    const open = new URL(url);
    // The port of https is left out, and http has another.
    Object.assign(open, { protocol: "http:", port: url.port || "443" });
    offerUrl(open, reporter, ", in clear text");
    return "Reached, but the server does not speak TLS at this port: it wants http:// in place of https://.";
  }
  const isOfCa = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code);
  const seen = isOfCa && !isProxied ? await handshake(url, servername, within(signal)) : undefined;
  const issuer = seen?.issuer === undefined ? "" : ` The CA that issued it calls itself "${seen.issuer}".`;
  const isHere = code === "ECONNREFUSED" && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  const container = isHere ? " If Node-RED runs in a container, this address is the container itself." : "";
  const way = isProxied ? "Not reached through the HTTP proxy" : "Not reached";
  return `${way}: ${error.reason}${issuer}${container}`;
}

/** Whether a server that was asked by http speaks TLS at that port; if so, it offers https. */
async function speaksTls(
  { url, isProxied, servername }: Address,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<boolean> {
  if (url.protocol !== "http:" || isProxied) return false;
  const secure = new URL(url);
  Object.assign(secure, { protocol: "https:", port: url.port || "80" });
  if ((await handshake(secure, servername, within(signal))) === undefined) return false;
  offerUrl(secure, reporter);
  return true;
}

function offerProduct(product: Product, reporter: Reporter): void {
  reporter.offer("product", product, `Set the product to ${productOf(product).name}`);
}

function offerUrl(url: URL, reporter: Reporter, how = ""): void {
  const value = url.href.replace(/\/$/, "");
  reporter.offer("url", value, `Set the URL to ${value}${how}`);
}

/** Milliseconds that a handshake may take. */
const LONGEST_HANDSHAKE = 5000;

function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(LONGEST_HANDSHAKE)]);
}

/** @param asked our own time before the request and after the answer; in between the server wrote its own. */
function compareClocks(
  { headers }: ApiResponse,
  asked: { before: number; after: number },
  reporter: Reporter,
): void {
  const theirs = readHttpDate(headers.date);
  if (Number.isNaN(theirs)) return;
  const ahead = theirs > asked.after ? theirs - asked.after : Math.min(0, theirs + 1000 - asked.before);
  if (Math.abs(ahead) <= TOLERANCE) {
    reporter.say("ok", "Its clock and the one of this machine agree.");
    return;
  }
  const seconds = Math.round(Math.abs(ahead) / 1000);
  reporter.say(
    "warning",
    `Its clock is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} the one of this machine. Ages and expiry count by the ` +
      "server's.",
  );
}
