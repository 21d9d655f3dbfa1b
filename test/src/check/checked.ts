import assert from "node:assert/strict";
import { checkConnection, type Connection } from "../../../src/check/check.js";
import { Reporter, type Report } from "../../../src/check/report.js";
import { createHttp } from "../../../src/http/client.js";
import { readProxy } from "../../../src/http/proxy.js";
import { createInfluxctl } from "../../../src/influxctl/influxctl.js";
import { productOf } from "../../../src/products.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";

export interface Asked extends Partial<Omit<Connection, "url" | "wires">> {
  url: string;
  /** None is sent without it. */
  token?: string;
  proxy?: string;
  timeoutSeconds?: number;
  signal?: AbortSignal;
  cluster?: Connection["wires"]["cluster"];
  influxctl?: string;
}

/** What a check reports, which must not hold the token. */
export async function check({
  url,
  token,
  proxy,
  timeoutSeconds = 5,
  signal,
  ...asked
}: Asked): Promise<Report> {
  const product = asked.product ?? "oss";
  const secret = new Secret(token ?? "");
  const { scheme, influxctl = "dedicated" } = productOf(product);
  const http = createHttp({
    url: new URL(url),
    authorization: { scheme, token: fixedToken(secret) },
    timeoutSeconds,
    retries: 0,
    parallel: 1,
    proxy: proxy === undefined ? undefined : readProxy(proxy, "the proxy"),
    longestList: 1024 * 1024,
  });
  const reporter = new Reporter();
  const wires = {
    http,
    own: { value: secret, findsByValue: productOf(product).findsByValue ?? false },
    cluster: asked.cluster,
    dataPlane: () => http,
    influxctl: () =>
      createInfluxctl({
        command: asked.influxctl ?? "influxctl",
        timeoutSeconds,
        parallel: 1,
        profile: {
          product: influxctl,
          ...asked.cluster,
          ...(influxctl === "clustered" && { host: "127.0.0.1", port: new URL(url).port, plainHttp: true }),
        },
        token: fixedToken(secret),
      }),
  };
  const connection: Connection = {
    isProxied: proxy !== undefined,
    servername: undefined,
    influxctlRefused: undefined,
    ownTokenId: "",
    ...asked,
    url: new URL(url),
    product,
    wires,
    hasToken: token !== undefined,
  };
  await checkConnection(connection, reporter, signal ?? new AbortController().signal).finally(() =>
    http.close(),
  );
  if (token !== undefined) assert.ok(!JSON.stringify(reporter.report).includes(token), "the token is told");
  return reporter.report;
}

export const lines = ({ findings }: Report) => findings.map(({ level, text }) => `${level}: ${text}`);
export const ids = ({ offers }: Report) => offers.map(({ property, value }) => [property, value]);
