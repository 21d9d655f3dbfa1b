import { startInfluxdb3, type Influxdb3Options, type Influxdb3Simulator } from "../../simulator/influxdb3.js";
import type { Fault } from "../../simulator/server.js";
import type { Watch } from "../../src/http/call.js";
import { createHttp, type Http } from "../../src/http/client.js";
import { Secret } from "../../src/text/secret.js";
import { fixedToken } from "../../src/token-source.js";
import { influxdb3Tokens } from "../../src/tokens/influxdb3-tokens.js";

/** The value of the operator token, which is the connection's own unless another is given. */
export const OPERATOR_VALUE = `apiv3_${"operator-".repeat(9)}12345`;

/** The value of a token as the server makes them. */
export const valueOf = (mark: string) => `apiv3_${mark.padEnd(86, "-")}`;

/** A server, and a connection to it that tries once unless it is told otherwise. */
export async function startTokens(
  options: Influxdb3Options & { ownValue?: string; retries?: number; timeoutSeconds?: number } = {},
) {
  const { ownValue = OPERATOR_VALUE, retries = 0, timeoutSeconds = 5, ...ofServer } = options;
  const server: Influxdb3Simulator = await startInfluxdb3({ operatorToken: OPERATOR_VALUE, ...ofServer });
  const own = { value: new Secret(ownValue), findsByValue: false };
  const http: Http = createHttp({
    url: new URL(server.url),
    authorization: { scheme: "Bearer", token: fixedToken(own.value) },
    ...{ timeoutSeconds, retries, parallel: 4 },
  });
  const { world, requests, faults } = server;
  return {
    ...{ server, world, requests, faults, http, own },
    tokens: (watch: Watch = {}) => influxdb3Tokens.open({ http }, watch),
    /** Names of all tokens, in the order in which they were made. */
    names: () => [...world.tokens.keys()],
    /** Requests that change something, in short. */
    changes: () =>
      requests
        .filter(({ path }) => !path.includes("query_sql"))
        .map(({ method, path }) => `${method} ${path}`),
    async close() {
      await http.close();
      await server.close();
    },
  };
}
export type Started = Awaited<ReturnType<typeof startTokens>>;

/** Which requests a fault is for. */
export const LIST = { method: "POST", path: /^\/api\/v3\/query_sql/ } as const satisfies Fault;
export const MAKE = {
  method: "POST",
  path: /^\/api\/v3\/(enterprise\/)?configure\/token(\/named_admin)?$/,
} as const;
export const REMOVE = { method: "DELETE", path: /^\/api\/v3\/configure\/token\?/ } as const satisfies Fault;
export const REGENERATE = { method: "POST", path: /\/admin\/regenerate$/ } as const satisfies Fault;

/** An answer of the server itself, which bears its mark. */
export const answer = (status: number, text: string, more: Fault = {}): Fault => ({
  ...more,
  status,
  body: text,
  headers: { "cluster-uuid": "11111111-2222-4333-8444-555555555555", ...more.headers },
});

/** Lets something happen on the server just before it answers a request, which it does as ever. */
export const before = (what: Fault, happens: () => void): Fault => ({
  ...what,
  when() {
    happens();
    return true;
  },
  // Such as a server adds it anyway.
  headers: { "x-happened": "before" },
});
