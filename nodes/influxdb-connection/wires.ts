import type { NodeAPI } from "node-red";
import { createHttp, type Http, type HttpOptions } from "../../src/http/client.js";
import { START_PARALLEL } from "../../src/http/parallelism.js";
import { createInfluxctl, type Influxctl, type InfluxctlOptions } from "../../src/influxctl/influxctl.js";
import { productOf } from "../../src/products.js";
import type { TokenSource } from "../../src/token-source.js";
import type { Wires } from "../../src/tokens/resource.js";
import { auditFile, type AuditSink } from "../../src/work/audit.js";
import { invalidConnection, type Settings } from "./read-settings.js";
import { proxyOf, tlsOf } from "./tls-and-proxy.js";

/** All that a connection opens, and closes when it is closed. */
export interface OpenWires extends Wires {
  /** The connection's own. */
  readonly token: TokenSource;
  /** The file of the audit trail, unless that goes to Node-RED's log. */
  readonly auditFile: AuditSink | undefined;
  /** Ends all that is under way, and waits for what is written to the audit file. */
  close(): Promise<void>;
}

/**
 * Opens what the settings of a connection describe. Sockets and processes start with the first call.
 *
 * @param token the connection's own.
 * @param warn writes to the log.
 * @param longestList bytes that a list may have, if fewer than usual.
 * @throws {TokenError} `invalid-config` if the TLS configuration or the proxy that they name is missing or not valid.
 */
export function openWires(
  RED: NodeAPI,
  settings: Settings,
  token: TokenSource,
  warn: (text: string) => void,
  longestList?: number,
): OpenWires {
  const { url, timeout: timeoutSeconds, retries, parallel, accountId, clusterId } = settings;
  const { scheme, findsByValue = false } = productOf(settings.product);
  const tls = tlsOf(RED, settings.tls);
  const proxy = proxyOf(RED, settings);
  const opened: { close(): unknown }[] = [];
  let isClosed = false;
  const closing = (some: typeof opened) => Promise.allSettled(some.map((each) => each.close()));
  /** A message that has waited can open something after the end. */
  const keep = <T extends { close(): unknown }>(one: T): T => {
    opened.push(one);
    if (isClosed) void closing([one]);
    return one;
  };
  const open = (to: Pick<HttpOptions, "url" | "proxy">) =>
    keep(
      createHttp({
        ...{ authorization: { scheme, token }, timeoutSeconds, retries, parallel, tls, warn, longestList },
        ...to,
      }),
    );
  const http = open({ url, proxy });
  const audit = settings.auditFile === "" ? undefined : auditFile(settings.auditFile);
  // Missing if flows are not stored in files.
  const { userDir: userFolder } = RED.settings as { userDir?: string };
  let influxctl: Influxctl | undefined;
  let dataPlane: Http | undefined;
  return {
    http,
    dataPlane() {
      const { clusterUrl: typedUrl, product } = settings;
      if (typedUrl !== "") {
        const there = { url: new URL(typedUrl), typedUrl, proxy: settings.proxy };
        return (dataPlane ??= open({ url: there.url, proxy: proxyOf(RED, there) }));
      }
      if (productOf(product).hasOneAddress) return http;
      throw invalidConnection(
        'the field "clusterUrl" is empty, and database tokens are checked at the URL of the cluster',
        "no cluster URL",
      );
    },
    influxctl: () =>
      (influxctl ??= keep(createInfluxctl({ ...influxctlOptions(settings, token, tls, proxy), userFolder }))),
    token,
    own: {
      get value() {
        return token.current();
      },
      findsByValue,
    },
    cluster: accountId !== "" && clusterId !== "" ? { accountId, clusterId } : undefined,
    auditFile: audit,
    async close() {
      isClosed = true;
      await closing(opened);
      await audit?.settled();
    },
  };
}

function influxctlOptions(
  settings: Settings,
  token: TokenSource,
  tls: HttpOptions["tls"],
  proxy: HttpOptions["proxy"],
): InfluxctlOptions {
  if (tls?.pfx ?? tls?.passphrase) {
    throw invalidConnection("influxctl takes a client certificate only as PEM and without a passphrase");
  }
  const { url, accountId, clusterId, influxctl, influxctlTimeout, parallel } = settings;
  // influxctl finds Cloud Dedicated by itself, but needs the host of a self-managed cluster.
  const { name, influxctl: product } = productOf(settings.product);
  if (product === undefined) throw invalidConnection(`influxctl does not reach ${name}`);
  const isOwn = product === "clustered";
  const plainHttp = url.protocol === "http:";
  return {
    command: influxctl,
    timeoutSeconds: influxctlTimeout,
    // Each run is a process, with a start that says nothing of the server.
    parallel: parallel === "auto" ? START_PARALLEL : parallel,
    proxy,
    profile: {
      product,
      accountId: accountId || undefined,
      clusterId: clusterId || undefined,
      ...(isOwn && {
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port || (plainHttp ? "80" : "443"),
        plainHttp,
      }),
      ...(tls && { tls }),
    },
    token,
  };
}
