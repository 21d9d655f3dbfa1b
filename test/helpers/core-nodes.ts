import { createRequire } from "node:module";
import type { NodeAPI } from "node-red";
import type { FlowNode } from "../../simulator/flow.js";
import type { ProxyOptions } from "../../src/http/proxy.js";
import type { Properties } from "./runtime.js";

const core = createRequire(require.resolve(process.env.NODE_RED ?? "node-red"));
const coreFile = (file: string): unknown => core(`@node-red/nodes/core/${file}`);
const coreNode = (file: string) => coreFile(file) as (RED: NodeAPI) => void;

/** Node-RED's own configuration nodes that a connection can name, as modules of the runtime. */
export const coreModules = [coreNode("network/05-tls.js"), coreNode("network/06-httpproxy.js")];

/** The split and the join node. */
export const joinModule = coreNode("sequence/17-split.js");

/** How core's own http request node chooses a proxy. */
export const coreProxyHelper = coreFile("network/lib/proxyHelper.js") as {
  getProxyForUrl(url: string, options: ProxyOptions): string;
};

export const tlsNode = (properties: Properties = {}): FlowNode => ({
  id: "tls",
  type: "tls-config",
  cert: "",
  key: "",
  ca: "",
  servername: "",
  verifyservercert: true,
  ...properties,
});

export const proxyNode = (port: number, properties: Properties = {}): FlowNode => ({
  id: "proxy",
  type: "http proxy",
  url: `http://127.0.0.1:${port}`,
  noproxy: [],
  ...properties,
});
