import { TokenError } from "../errors.js";
import { Secret } from "../text/secret.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** `proxyOptions` of Node-RED's settings file: how its http request node chooses a proxy. */
export interface ProxyOptions {
  /** `legacy` is the way of Node-RED 3; `NR_PROXY_MODE` in the environment overrides it. */
  mode?: string | undefined;
  favourUpperCase?: boolean | undefined;
  lowerCaseOnly?: boolean | undefined;
  /** Leaves out `npm_config_proxy` and the like. */
  excludeNpm?: boolean | undefined;
  /** Used instead of the environment of the process. */
  env?: Environment | undefined;
}

/** What names a proxy. */
export interface ProxyChoice {
  /** The name of the variable. */
  variable: string;
  /** As it stands there, with the scheme that the variable leaves out. */
  url: string;
}

/**
 * The proxy for all requests to one origin, by the rules of Node-RED's http request node
 * (`core/network/lib/proxyHelper.js` of `@node-red/nodes`); undefined if there is none.
 *
 * @param typed the same URL as its author has written it, in which the legacy way looks for the hosts of `no_proxy`.
 */
export function chooseProxy(target: URL, typed: string, options: ProxyOptions = {}): ProxyChoice | undefined {
  const env = options.env ?? process.env;
  const mode = process.env.nr_proxy_mode || process.env.NR_PROXY_MODE;
  if ((mode === "legacy" || mode === "strict" ? mode : options.mode) === "legacy") {
    return chooseAsNodeRed3([target.href, typed], env);
  }
  const scheme = target.protocol.slice(0, -1);
  const spared = firstSet(["npm_config_no_proxy", "no_proxy"], env, options)?.value ?? "";
  if (isSpared(target, spared.toLowerCase())) return undefined;
  const names = [`npm_config_${scheme}_proxy`, `${scheme}_proxy`, "npm_config_proxy", "all_proxy"];
  const found = firstSet(names, env, options);
  if (found === undefined) return undefined;
  const { name, value } = found;
  return { variable: name, url: value.includes("://") ? value : `${scheme}://${value}` };
}

/** The first of the variables that holds something, in the spelling that counts first. */
function firstSet(
  names: readonly string[],
  env: Environment,
  { favourUpperCase, lowerCaseOnly, excludeNpm }: ProxyOptions,
): { name: string; value: string } | undefined {
  for (const name of names) {
    if (excludeNpm && name.startsWith("npm_config_")) continue;
    const upper = name.toUpperCase();
    const spellings = lowerCaseOnly ? [name] : favourUpperCase ? [upper, name] : [name, upper];
    for (const spelling of spellings) {
      const value = env[spelling];
      if (value) return { name: spelling, value };
    }
  }
  return undefined;
}

/** @param spared `no_proxy` in lower case: hosts, `.suffix` or `*suffix`, each with a port if it is for one. */
function isSpared({ protocol, hostname, port }: URL, spared: string): boolean {
  const effectivePort = Number(port) || (protocol === "https:" ? 443 : 80);
  return spared.split(/[,\s]/).some((entry) => {
    if (entry === "") return false;
    const [, host = entry, only] = /^(.+):(\d+)$/.exec(entry) ?? [];
    if (Number(only) && Number(only) !== effectivePort) return false;
    return /^[.*]/.test(host) ? hostname.endsWith(host.replace(/^\*/, "")) : hostname === host;
  });
}

function chooseAsNodeRed3(spellings: readonly string[], env: Environment): ProxyChoice | undefined {
  const variable = ["HTTP_PROXY", "http_proxy"].find((name) => env[name]);
  const spared = env.NO_PROXY || env.no_proxy;
  const isSparedHere = spared
    ? spared.split(",").some((part) => spellings.some((url) => url.includes(part.trim())))
    : false;
  if (variable === undefined || isSparedHere) return undefined;
  return { variable, url: env[variable] ?? "" };
}

/**
 * @param text the URL of a proxy, which can hold a password.
 * @param place where it stands, to begin a sentence with.
 * @param own a user and a password that are kept apart from the URL, and count before those in it.
 * @throws {TokenError} `invalid-config` if nothing can be sent through it; its message does not hold the text.
 */
export function readProxy(
  text: string,
  place: string,
  own: { username?: string; password?: string } = {},
): HttpProxy {
  const refuse = (reason: string) =>
    new TokenError(
      "invalid-config",
      `${place} ${reason}, expected the URL of an HTTP proxy such as http://proxy.example.com:3128. Correct it there.`,
      { words: "wrong proxy" },
    );
  let url: URL;
  let inUrl: typeof own;
  try {
    url = new URL(text);
    // What is not well encoded could not be sent.
    inUrl = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    throw refuse("holds no valid URL");
  }
  if (/^socks/.test(url.protocol)) throw refuse("names a SOCKS proxy, which these nodes cannot use");
  if (!/^https?:$/.test(url.protocol))
    throw refuse("holds a URL that does not start with http:// or https://");
  Object.assign(url, { username: "", password: "" });
  const { username = "", password = "" } = own.username || own.password ? own : inUrl;
  if (username === "" && password === "") return { url };
  return { url, credentials: { username, password: new Secret(password) } };
}

/** An HTTP proxy. */
export interface HttpProxy {
  /** Without credentials. */
  readonly url: URL;
  readonly credentials?: { readonly username: string; readonly password: Secret };
}

/** The secrets of a proxy: its password, as it is and as it is sent. */
export function secretsOf(proxy: HttpProxy | undefined): Secret[] {
  const password = proxy?.credentials?.password;
  if (proxy === undefined || password === undefined || password.reveal() === "") return [];
  return [password, new Secret((proxyAuthorization(proxy) ?? "").replace(/^Basic /, ""))];
}

/** The value of the Proxy-Authorization header, if the proxy has a user or a password. */
export function proxyAuthorization({ credentials }: HttpProxy): string | undefined {
  if (credentials === undefined) return undefined;
  const { username, password } = credentials;
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString("base64")}`;
}

/** The address of a proxy with its credentials in it, as the environment of another program takes it. */
export function addressWithCredentials({ url, credentials }: HttpProxy): string {
  const address = new URL(url);
  // The setters encode all but the sign of encoding itself.
  const encode = (text: string) => text.replaceAll("%", "%25");
  if (credentials) {
    address.username = encode(credentials.username);
    address.password = encode(credentials.password.reveal());
  }
  return address.href;
}
