import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Pool } from "undici";
import type { FlowNode } from "../simulator/flow.js";

/** What the simulator's process is told. */
export type Order =
  | { do: "fill"; user: string; count: number }
  | { do: "fill the cluster"; kind: TokenKind; count: number }
  /** Each answer takes so much longer, and perhaps is a 429. */
  | ({ do: "slow down"; milliseconds: number } & Load)
  /** The list is answered from memory, as it is now, with all of it so many times. */
  | { do: "freeze the list"; times: number };

/** How a server takes to many requests. */
export interface Load {
  /** Milliseconds that each request adds to the latency of all that are under way with it. */
  each?: number;
  /** The same, but for the square of their number. */
  square?: number;
  /** How many requests it allows. */
  perSecond?: number;
  /** Seconds of the header of its 429, if that has one. */
  retryAfter?: number;
}

/** Of the tokens of a cluster. */
export type TokenKind = "database" | "management";

/** What is needed to use a server. */
export interface Access {
  url: string;
  token: string;
}

/** What the simulator's process tells of itself. */
export interface StartedSimulator extends Access {
  connectionToCluster: FlowNode;
}

/** The node of a flow that connects to an InfluxDB OSS. */
export const connectionTo = ({ url, token }: Access, properties: Partial<FlowNode> = {}): FlowNode => ({
  ...{ id: "connection", type: "influxdb-connection", product: "oss", url, credentials: { token } },
  ...properties,
});

/** The server that is measured against: the simulator, or a real one that `BENCH_URL` and `BENCH_TOKEN` name. */
export interface Server extends Access {
  /** `BENCH_PRODUCT` names it. */
  product: "oss" | "influxdb3-core";
  isReal: boolean;
  /** Makes authorizations of the user `bench` and gives their ids. One of a hundred is described as one of few. */
  fill(count: number): Promise<string[]>;
  /** Only the simulator has one. */
  cluster?: { connection: FlowNode; fill(kind: TokenKind, count: number): Promise<string[]> };
  slowDown(milliseconds: number, load?: Load): Promise<void>;
  freezeList(times?: number): Promise<void>;
  /** Removes from a real server what was made. */
  close(): Promise<void>;
}

/** Of which one of a hundred is one of few. */
export const descriptionOf = (index: number) => (index % 100 === 0 ? "one of few" : "bench");

export async function openServer(): Promise<Server> {
  const { BENCH_URL: url, BENCH_TOKEN: token, BENCH_PRODUCT: product } = process.env;
  if (url === undefined || token === undefined) return openSimulator();
  return product === "influxdb3-core" ? openInfluxDB3({ url, token }) : openInfluxDB({ url, token });
}

async function openSimulator(): Promise<Server> {
  const child = fork(join(import.meta.dirname, "simulator.ts"), { execArgv: ["--import", "tsx"] });
  const { connectionToCluster, ...access } = await nextMessage<StartedSimulator>(child);
  const tell = async (order: Order) => {
    child.send(order);
    return (await nextMessage<{ done: unknown }>(child)).done;
  };
  return {
    ...access,
    product: "oss",
    isReal: false,
    fill: (count) => tell({ do: "fill", user: "bench", count }) as Promise<string[]>,
    cluster: {
      connection: connectionToCluster,
      fill: (kind, count) => tell({ do: "fill the cluster", kind, count }) as Promise<string[]>,
    },
    slowDown: (milliseconds, load) => tell({ do: "slow down", milliseconds, ...load }) as Promise<undefined>,
    freezeList: (times = 1) => tell({ do: "freeze the list", times }) as Promise<undefined>,
    async close() {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, "message")) as [T];
  return message;
}

/** How an InfluxDB is called, and how that ends. */
function callerOf({ url, token }: Access) {
  const pool = new Pool(url, { connections: 8 });
  const call = async (method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<unknown> => {
    const answer = await pool.request({
      method,
      path,
      // InfluxDB 3 takes both schemes.
      headers: { authorization: `Token ${token}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  return { call, end: () => pool.close() };
}

/** It has no users, and makes tokens ever slower: what it has made after a minute has to do. */
function openInfluxDB3(access: Access): Server {
  const { call, end } = callerOf(access);
  const tokens = "/api/v3/configure/token";
  const made: string[] = [];
  return {
    ...access,
    product: "influxdb3-core",
    isReal: true,
    async fill(count) {
      const until = performance.now() + 60_000;
      const before = made.length;
      let next = before;
      const make = async () => {
        while (next < before + count && performance.now() < until) {
          const name = `${descriptionOf(next)} ${next++}`;
          await call("POST", `${tokens}/named_admin`, { token_name: name });
          made.push(name);
        }
      };
      await Promise.all(Array.from({ length: 8 }, make));
      return made.slice(before);
    },
    slowDown: () => Promise.resolve(),
    freezeList: () => Promise.resolve(),
    async close() {
      for (const name of made) await call("DELETE", `${tokens}?token_name=${encodeURIComponent(name)}`);
      await end();
    },
  };
}

async function openInfluxDB({ url, token }: Access): Promise<Server> {
  const { call, end } = callerOf({ url, token });
  const authorizations = "/api/v2/authorizations";
  const { orgs } = (await call("GET", "/api/v2/orgs")) as { orgs: [{ id: string }] };
  const orgID = orgs[0].id;
  const user = (await call("POST", "/api/v2/users", { name: "bench" })) as { id: string };
  const permissions = [{ action: "read", resource: { type: "buckets", orgID } }];
  return {
    ...{ url, token },
    product: "oss",
    isReal: true,
    async fill(count) {
      const make = async (_: unknown, index: number) => {
        const body = { orgID, userID: user.id, description: descriptionOf(index), permissions };
        return ((await call("POST", authorizations, body)) as { id: string }).id;
      };
      return Promise.all(Array.from({ length: count }, make));
    },
    slowDown: () => Promise.resolve(),
    freezeList: () => Promise.resolve(),
    async close() {
      const left = (await call("GET", `${authorizations}?userID=${user.id}`)) as {
        authorizations: { id: string }[];
      };
      await Promise.all(left.authorizations.map(({ id }) => call("DELETE", `${authorizations}/${id}`)));
      await call("DELETE", `/api/v2/users/${user.id}`);
      await end();
    },
  };
}
