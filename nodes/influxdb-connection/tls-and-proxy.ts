import type { Node, NodeAPI } from "node-red";
import type { HttpOptions } from "../../src/http/client.js";
import type { TlsOptions } from "../../src/http/dispatcher.js";
import { chooseProxy, readProxy, type HttpProxy, type ProxyOptions } from "../../src/http/proxy.js";
import { refuseVariable } from "../fields/refuse-variables.js";
import { invalidConnection, type Settings } from "./read-settings.js";

export function tlsOf(RED: NodeAPI, id: string): HttpOptions["tls"] {
  if (id === "") return undefined;
  type Given = Omit<TlsOptions, "passphrase"> & { passphrase?: string | number };
  type TlsNode = Node & { valid?: boolean; addTLSOptions?: (options: Given) => void };
  const node = RED.nodes.getNode(id) as TlsNode | null;
  // An invalid one adds no options, so other certificates would be trusted than its author meant.
  if (node?.addTLSOptions === undefined || node.valid === false) {
    throw invalidConnection("its TLS configuration is missing, disabled or not valid");
  }
  const given: Given = {};
  node.addTLSOptions(given);
  const { passphrase, ...options } = given;
  // What a variable puts in its place can be a number, which Node would quote in an error.
  return passphrase === undefined ? options : { ...options, passphrase: String(passphrase) };
}

/** The proxy for a URL, found as core's http request node does. */
export function proxyOf(
  RED: NodeAPI,
  { url, typedUrl, proxy: id }: Pick<Settings, "url" | "typedUrl" | "proxy">,
): HttpProxy | undefined {
  const { proxyOptions } = RED.settings as { proxyOptions?: ProxyOptions };
  if (id === "") {
    const choice = chooseProxy(url, typedUrl, proxyOptions);
    return choice && readProxy(choice.url, `the environment variable ${choice.variable}`);
  }
  type ProxyNode = Omit<Node, "credentials"> & {
    url?: string;
    noproxy?: string[];
    /** Missing if neither was ever set. A variable can give a number. */
    credentials?: { username?: string | number; password?: string | number };
  };
  const node = RED.nodes.getNode(id) as ProxyNode | null;
  if (node?.type !== "http proxy" || !node.url)
    throw invalidConnection("its HTTP proxy is missing, disabled or has no URL");
  refuseVariable("HTTP proxy", node.url);
  const env = { http_proxy: node.url, https_proxy: node.url, no_proxy: (node.noproxy ?? []).join(",") };
  const choice = chooseProxy(url, typedUrl, { ...proxyOptions, env });
  if (choice === undefined) return undefined;
  // Core's dialog keeps the credentials apart from the URL.
  const { username = "", password = "" } = node.credentials ?? {};
  return readProxy(choice.url, "the HTTP proxy of the connection", {
    username: String(username),
    password: String(password),
  });
}
