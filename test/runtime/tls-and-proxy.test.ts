import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { inspect } from "node:util";
import type { FlowNode } from "../../simulator/flow.js";
import { generate } from "selfsigned";
import { freePort } from "../../simulator/node-red.js";
import { type NodeFixture, withNode } from "../helpers/fixture.js";
import { coreModules as modules, proxyNode, tlsNode } from "../helpers/core-nodes.js";
import { METHODS, outcomes, withFaults, type FaultFixture, type Method } from "../helpers/faults.js";
import type { Properties } from "../helpers/runtime.js";
import { relayTo, serve, startProxy, tlsBefore, type Refusal, type Running } from "../helpers/servers.js";

interface Certificate {
  key: string;
  cert: string;
}

const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);

async function certificate(name: string, options: Parameters<typeof generate>[1] = {}): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    ...options,
  });
  return { key, cert };
}

const authority = (name: string) =>
  certificate(name, { extensions: [{ name: "basicConstraints", cA: true }] });

/** A certificate of a host, of an authority or of its own. */
const hostCertificate = (host: string, options: Parameters<typeof generate>[1] = {}) =>
  certificate(host, {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }],
    ...options,
  });

/**
 * What a flow sees of faults of TLS and of proxies; that no request, and so no token, gets through where it
 * should not; and that the next message works.
 */
describe("TLS", () => {
  let ca: Certificate;
  let good: Certificate;
  before(async () => {
    ca = await authority("own");
    good = await hostCertificate("localhost", { ca });
  });
  const trusting = ({ cert }: Certificate) => ({
    nodes: [tlsNode({ credentials: { cadata: cert } })],
  });

  /** Runs `work` with a node whose connection meets this certificate, which can be renewed. */
  async function withTls(
    presented: Certificate,
    options: { nodes?: FlowNode[] },
    work: (fixture: FaultFixture, renew: (renewed: Certificate) => Promise<void>) => Promise<unknown>,
    method: Method = "GET",
  ): Promise<void> {
    const port = await freePort();
    const tls = options.nodes && { tls: "tls" };
    await withFaults(
      method,
      { url: `https://localhost:${port}`, parallel: "1", retries: "3", ...tls },
      async (fixture) => {
        let server = await tlsBefore(fixture.simulator.port, presented, port);
        const renew = async (renewed: Certificate) => {
          await server.close();
          server = await tlsBefore(fixture.simulator.port, renewed, port);
        };
        await work(fixture, renew).finally(() => server.close());
      },
      { ...options, modules },
    );
  }

  const UNTRUSTED = /not signed by a known authority\. Give its CA/;
  const BAD: [what: string, make: () => Promise<Certificate>, words: RegExp, wordsWithoutCa: RegExp][] = [
    [
      "that has expired",
      () => hostCertificate("localhost", { ca, notBeforeDate: inDays(-2), notAfterDate: inDays(-1) }),
      /certificate has expired/,
      /certificate has expired/,
    ],
    [
      "that is not valid yet",
      () => hostCertificate("localhost", { ca, notBeforeDate: inDays(1), notAfterDate: inDays(2) }),
      /not valid yet/,
      /not valid yet/,
    ],
    ["of another host", () => hostCertificate("influx.example.com", { ca }), /for another host/, UNTRUSTED],
    [
      "of another authority",
      async () => hostCertificate("localhost", { ca: await authority("other") }),
      UNTRUSTED,
      UNTRUSTED,
    ],
    ["of its own", () => hostCertificate("localhost"), UNTRUSTED, UNTRUSTED],
  ];
  for (const [what, make, words, wordsWithoutCa] of BAD) {
    it(`refuses a certificate ${what}, with the CA in the TLS configuration, until it is renewed`, async () => {
      await withTls(await make(), trusting(ca), async ({ fails, works }, renew) => {
        await fails({}, "tls", words, 0);
        await renew(good);
        await works({});
      });
    });

    it(`refuses a certificate ${what}, without a TLS configuration`, async () => {
      await withTls(await make(), {}, ({ fails }) => fails({}, "tls", wordsWithoutCa, 0));
    });

    it(`takes a certificate ${what} where the TLS configuration says not to verify`, async () => {
      const trustingAll = { nodes: [tlsNode({ verifyservercert: false })] };
      await withTls(await make(), trustingAll, ({ works }) => works({}));
    });
  }

  it("takes a passphrase that a variable gives as a number", async () => {
    const { cert: certdata, key: keydata } = good;
    const credentials = { cadata: ca.cert, certdata, keydata, passphrase: 12_345_678 };
    await withTls(good, { nodes: [tlsNode({ credentials })] }, ({ works }) => works({}));
  });

  it("stops a sweep at once", async () => {
    await withTls(
      good,
      {},
      async ({ ids, fails }) => {
        const seen = await fails({ payload: ids(3) }, "tls", UNTRUSTED, 0);
        assert.deepEqual(outcomes(seen), ["failed", "not-started", "not-started"]);
      },
      "DELETE",
    );
  });

  it("tells a server that does not speak it", async () => {
    const port = await freePort();
    await withFaults("GET", { url: `https://127.0.0.1:${port}` }, async ({ simulator, fails }) => {
      const plain = await relayTo(simulator.port, port);
      await fails({}, "tls", /does not speak TLS.*http:\/\//, 0).finally(plain.close);
    });
  });

  it("tells a server that speaks it where the URL does not", async () => {
    const server = await tlsBefore(0, good);
    await withFaults("GET", { url: `http://127.0.0.1:${server.port}` }, async ({ fails }) => {
      await fails({}, "network", /connection was lost/, 0);
    }).finally(server.close);
  });

  // As Go's server, and with it InfluxDB, answers.
  it("tells a server that says so in plain words", async () => {
    const server = await serve((_, answer) => {
      answer.writeHead(400).end("Client sent an HTTP request to an HTTPS server.\n");
    });
    await withFaults("GET", { url: `http://127.0.0.1:${server.port}` }, async ({ fails }) => {
      await fails({}, "bad-response", /Check that the connection's URL/, 0);
    }).finally(server.close);
  });
});

describe("proxy", () => {
  let own: Certificate;
  before(async () => {
    own = await hostCertificate("localhost");
  });

  /** Runs `work` with a node behind a proxy, which refuses while it is told to. */
  async function withProxy(
    scheme: string,
    method: Method,
    work: (
      fixture: FaultFixture,
      proxy: Running & { seen: string[]; refuse: (refusal: Refusal, times?: number) => void },
    ) => Promise<void>,
    connection: Properties = {},
    credentials: object = {},
  ): Promise<void> {
    let refusal: Refusal;
    let left = Infinity;
    const proxy = await startProxy(() => (left-- > 0 ? refusal : undefined), await freePort());
    const port = await freePort();
    const options = {
      modules,
      nodes: [proxyNode(proxy.port, { credentials }), tlsNode({ credentials: { cadata: own.cert } })],
    };
    await withFaults(
      method,
      { url: `${scheme}://localhost:${port}`, proxy: "proxy", tls: "tls", ...connection },
      async (fixture) => {
        const to = fixture.simulator.port;
        const server = await (scheme === "https" ? tlsBefore(to, own, port) : relayTo(to, port));
        const refuse = (next: Refusal, times = Infinity) => {
          [refusal, left] = [next, times];
        };
        await work(fixture, { ...proxy, refuse }).finally(server.close);
      },
      options,
    ).finally(proxy.close);
  }

  const REFUSALS: [what: string, scheme: string, refusal: Refusal, code: string, words: RegExp][] = [
    ["wants other credentials", "http", 407, "network", /proxy did not pass.*credentials/],
    ["wants other credentials", "https", 407, "network", /proxy did not pass.*credentials/],
    ["forbids it", "http", 403, "forbidden", /before the server/],
    ["forbids it", "https", 403, "network", /proxy did not pass/],
    ["fails", "http", 502, "unavailable", /status 502/],
    ["fails", "https", 502, "network", /proxy did not pass/],
    ["resets the connection", "http", "reset", "network", /connection was lost/],
    ["resets the connection", "https", "reset", "network", /connection was lost/],
  ];
  for (const [what, scheme, refusal, code, words] of REFUSALS) {
    for (const method of METHODS) {
      it(`${method} ${scheme}: one that ${what} is ${code}`, () =>
        withProxy(scheme, method, async ({ simulator, ids, isDone, fails, works }, { seen, refuse }) => {
          const [id] = ids(1) as [string];
          refuse(refusal);
          const { error } = await fails({ payload: id }, code, words, 0);
          assert.ok(!inspect(error, { depth: 9 }).includes(simulator.world.operator.token));
          assert.equal(seen.length, 1);
          refuse(undefined);
          await works({ payload: id });
          assert.equal(isDone(id), method !== "GET");
          // A plain proxy for plain http, for many allow CONNECT to port 443 only.
          assert.ok(seen.every((line) => line.startsWith(scheme === "https" ? "CONNECT" : method)));
        }));
    }
  }

  it("http: one whose password a variable gives as a number is like any other", () =>
    withProxy(
      "http",
      "DELETE",
      async ({ ids, fails }, { refuse }) => {
        const [id] = ids(1);
        refuse("reset");
        await fails({ payload: id }, "network", /connection was lost/, 0);
      },
      {},
      { username: "user", password: 12_345_678 },
    ));

  for (const scheme of ["http", "https"]) {
    it(`${scheme}: one that is not there, until it is`, () =>
      withProxy(scheme, "DELETE", async ({ ids, fails, works }, { port, close }) => {
        const [id] = ids(1);
        await close();
        await fails({ payload: id }, "network", /connection was refused.*proxy/, 0);
        const proxy = await startProxy(undefined, port);
        await works({ payload: id }).finally(proxy.close);
      }));

    it(`${scheme}: what it has refused at first, and is not found then, is not found`, () =>
      withProxy(
        scheme,
        "DELETE",
        async ({ works }, { refuse }) => {
          refuse(407, 1);
          const { payload } = await works({ payload: "0aaaaaaaaaaaaaaa" }, 1);
          assert.partialDeepStrictEqual(payload, { outcome: "not-found", attempts: 2 });
        },
        { retries: "1" },
      ));

    it(`${scheme}: one that does not answer, until it does`, () =>
      withProxy(
        scheme,
        "DELETE",
        async ({ ids, fails, works }, { refuse }) => {
          const [id] = ids(1);
          refuse("hang", 1);
          await fails({ payload: id }, "timeout", /no answer within 2 s/, 0);
          await works({ payload: id });
        },
        { timeout: "2", parallel: "1" },
      ));
  }

  for (const [spared, expected] of [
    ["", ["HTTPS_PROXY", "HTTP_PROXY"]],
    ["127.0.0.*,127.0.0.1", []],
  ] as const) {
    it(`of the environment reaches influxctl as the one decision, with no_proxy "${spared}"`, async () => {
      const proxy = await startProxy();
      const folder = await mkdtemp(join(tmpdir(), "influxctl-calls-"));
      const url = `http://me:pw@127.0.0.1:${proxy.port}/`;
      Object.assign(process.env, { all_proxy: url, no_proxy: spared });
      try {
        const record = join(folder, "calls");
        const list = async ({ send }: NodeFixture) => {
          assert.equal((await send({})).error, undefined);
        };
        await withNode("list-management-tokens", {}, list, { influxctl: { record } });
        for (const line of (await readFile(record, "utf8")).trim().split("\n")) {
          const { env } = JSON.parse(line) as { env: Record<string, string> };
          const names = Object.keys(env).filter((name) => /proxy/i.test(name));
          assert.deepEqual(names.toSorted(), expected);
          for (const name of names) assert.equal(env[name], url);
        }
      } finally {
        for (const name of ["all_proxy", "no_proxy"]) Reflect.deleteProperty(process.env, name);
        await proxy.close();
        await rm(folder, { recursive: true });
      }
    });
  }

  it("https: http_proxy alone does not carry it", async () => {
    const proxy = await startProxy();
    process.env.http_proxy = `http://127.0.0.1:${proxy.port}`;
    const port = await freePort();
    const options = { modules, nodes: [tlsNode({ credentials: { cadata: own.cert } })] };
    try {
      await withFaults(
        "GET",
        { url: `https://localhost:${port}`, tls: "tls" },
        async ({ simulator, works }) => {
          const server = await tlsBefore(simulator.port, own, port);
          await works({}).finally(server.close);
          assert.deepEqual(proxy.seen, []);
        },
        options,
      );
    } finally {
      Reflect.deleteProperty(process.env, "http_proxy");
      await proxy.close();
    }
  });

  it("http: what has no end is not read to its end through it, either", () =>
    withProxy("http", "GET", async ({ simulator, fails }) => {
      const piece = Buffer.alloc(2 ** 20, " ");
      let given = 0;
      const stream = function* () {
        yield "HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n";
        for (; given < 400; given++) yield piece;
      };
      simulator.faults.push({ raw: (socket) => void pipeline(stream, socket).catch(() => undefined) });
      await fails({}, "bad-response", /another form than expected/);
      assert.ok(given < 400);
    }));
});
