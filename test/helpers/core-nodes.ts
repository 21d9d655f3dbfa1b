import { createRequire } from "node:module";
import type { NodeAPI } from "node-red";
import type { Properties } from "./runtime.js";

const core = createRequire(require.resolve(process.env.NODE_RED ?? "node-red"));
const coreNode = (file: string) => core(`@node-red/nodes/core/network/${file}`) as (RED: NodeAPI) => void;

/** Node-RED's own configuration nodes that a connection can name, as modules of the runtime. */
export const coreModules = [coreNode("05-tls.js"), coreNode("06-httpproxy.js")];

export const tlsNode = (properties: Properties = {}): Properties => ({
  id: "tls",
  type: "tls-config",
  cert: "",
  key: "",
  ca: "",
  servername: "",
  verifyservercert: true,
  ...properties,
});

export const proxyNode = (port: number, properties: Properties = {}): Properties => ({
  id: "proxy",
  type: "http proxy",
  url: `http://127.0.0.1:${port}`,
  noproxy: [],
  ...properties,
});
