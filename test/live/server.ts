import { randomBytes } from "node:crypto";
import { request } from "undici";
import sidebar from "../../nodes/sidebar/sidebar.js";
import type { FlowNode } from "../../simulator/flow.js";
import type { Report } from "../../src/check/report.js";
import type { Product } from "../../src/products.js";
import { post } from "../helpers/admin.js";
import { startRuntime, type Message, type Properties, type Runtime, type Seen } from "../helpers/runtime.js";

/*
 * The nodes against a real server, with tokens that the tests make themselves and remove again: those of the product that
 * is there. Not part of `npm test`: it needs a throw-away server and its operator token.
 */

export const url = (process.env.INFLUXDB_URL ?? "").replace(/\/+$/, "");
export const token = process.env.INFLUXDB_TOKEN ?? "";
if (url === "" || token === "") {
  console.error(
    "Set INFLUXDB_URL and INFLUXDB_TOKEN: the address of a throw-away InfluxDB OSS v2 or InfluxDB 3 Core and its operator token.",
  );
  process.exit(1);
}

/** Marks what a run has made. */
export const run = `node-red-live-${randomBytes(4).toString("hex")}`;

export async function isInfluxDB3(): Promise<boolean> {
  return (await request(`${url}/ping`)).headers["cluster-uuid"] !== undefined;
}

/** The nodes on a connection to the server, which is of this product. */
export function nodesOn(product: Product) {
  const connectionWith = (withToken: string, properties: Properties = {}): FlowNode => ({
    ...{ id: "connection", type: "influxdb-connection", product, url },
    credentials: { token: withToken },
    ...properties,
  });

  /** Runs some work in a Node-RED with one node of a type. */
  async function within<T>(
    type: string,
    properties: Properties,
    connection: FlowNode,
    work: (runtime: Runtime) => Promise<T>,
  ): Promise<T> {
    const runtime = await startRuntime(`influxdb-${type}`, properties, connection, { modules: [sidebar] });
    try {
      return await work(runtime);
    } finally {
      await runtime.close();
    }
  }

  return {
    connectionWith,
    within,

    /** One node of a type, given one message. */
    once: (
      type: string,
      properties: Properties,
      msg: Message,
      withToken = token,
      connection: Properties = {},
    ): Promise<Seen> =>
      within(type, properties, connectionWith(withToken, connection), (runtime) => runtime.send(msg)),

    /** What the test of a connection that is not deployed says. */
    tested: (withToken: string, properties: Properties = {}): Promise<{ text: string; report: Report }> =>
      within("check-token", {}, connectionWith(token), async () => {
        const body = { id: "new", properties: { product, url, ...properties }, token: withToken };
        const report = await post<Report>("test", body);
        return { report, text: report.findings.map(({ level, text }) => `${level}: ${text}`).join("\n") };
      }),
  };
}
