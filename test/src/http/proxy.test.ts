import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import {
  addressWithCredentials,
  chooseProxy,
  proxyAuthorization,
  readProxy,
  secretsOf,
  type ProxyOptions,
} from "../../../src/http/proxy.js";
import { unicode } from "../../helpers/arbitraries.js";
import { coreProxyHelper } from "../../helpers/core-nodes.js";

const TARGETS = [
  "http://localhost:8086",
  "https://influx.example.com",
  "https://INFLUX.example.com:8086/base/",
  "http://influx.example.com",
  "https://us-east-1-1.aws.cloud2.influxdata.com",
  "http://127.0.0.1:8086",
  "http://[::1]:8086",
  "https://[2001:db8::1]",
].map((url) => new URL(url));

const ours = (target: URL, options: ProxyOptions) => chooseProxy(target, target.href, options)?.url ?? "";
const coreOf = (target: URL, options: ProxyOptions) => coreProxyHelper.getProxyForUrl(target.href, options);

describe("chooseProxy", () => {
  const P = "http://proxy:3128";
  const [LOCAL, SECURE, SECURE_8086, PLAIN] = TARGETS as [URL, URL, URL, URL];
  const CASES: [what: string, target: URL, env: NodeJS.ProcessEnv, proxy: string][] = [
    ["nothing", SECURE, {}, ""],
    ["https_proxy for https", SECURE, { https_proxy: P }, P],
    ["no http_proxy for https", SECURE, { http_proxy: P }, ""],
    ["http_proxy for http", PLAIN, { http_proxy: P }, P],
    ["all_proxy for either", SECURE, { all_proxy: P }, P],
    ["all_proxy last", PLAIN, { http_proxy: P, ALL_PROXY: "http://other:1" }, P],
    ["npm's first", SECURE, { npm_config_https_proxy: P, https_proxy: "http://other:1" }, P],
    ["npm's for all before all_proxy", SECURE, { npm_config_proxy: P, all_proxy: "http://other:1" }, P],
    ["upper case", SECURE, { HTTPS_PROXY: P }, P],
    ["lower case first", SECURE, { HTTPS_PROXY: "http://other:1", https_proxy: P }, P],
    ["upper case where the lower is empty", SECURE, { HTTPS_PROXY: P, https_proxy: "" }, P],
    ["the scheme of the target for a proxy without", PLAIN, { http_proxy: "proxy:3128" }, P],
    ["a host to spare", SECURE, { all_proxy: P, no_proxy: "influx.example.com" }, ""],
    ["a host to spare, in upper case", SECURE, { all_proxy: P, NO_PROXY: "Influx.Example.COM" }, ""],
    ["no host below one to spare", SECURE, { all_proxy: P, no_proxy: "example.com" }, P],
    ["a suffix to spare", SECURE, { all_proxy: P, no_proxy: ".example.com" }, ""],
    ["a suffix with a star to spare", SECURE, { all_proxy: P, no_proxy: "*example.com" }, ""],
    ["all to spare", SECURE, { all_proxy: P, no_proxy: "*" }, ""],
    ["a list with spaces and commas", SECURE, { all_proxy: P, no_proxy: "a, b influx.example.com,,c" }, ""],
    ["a port to spare", SECURE_8086, { all_proxy: P, no_proxy: "influx.example.com:8086" }, ""],
    ["another port", SECURE, { all_proxy: P, no_proxy: "influx.example.com:8086" }, P],
    ["the port of the scheme", SECURE, { all_proxy: P, no_proxy: "*.example.com:443" }, ""],
    ["localhost like any other", LOCAL, { all_proxy: P }, P],
    ["an address of IPv6", new URL("http://[::1]:8086"), { all_proxy: P, no_proxy: "[::1]" }, ""],
    ["an address with its port", new URL("http://[::1]:8086"), { all_proxy: P, no_proxy: "[::1]:8086" }, ""],
  ];
  for (const [what, target, env, proxy] of CASES) {
    it(`knows ${what}`, () => {
      assert.equal(ours(target, { env }), proxy);
      assert.equal(coreOf(target, { env }), proxy);
    });
  }

  it("names the variable that it goes by", () => {
    const env = { https_proxy: "", HTTPS_PROXY: P };
    assert.deepEqual(chooseProxy(SECURE, SECURE.href, { env }), { variable: "HTTPS_PROXY", url: P });
  });

  it("spares a host as it is written, in the way of Node-RED 3", () => {
    for (const [typed, spared] of [
      ["http://influx.local:80", "influx.local:80"],
      ["https://Influx.local:8086", "Influx.local"],
      ["http://127.1:8086", "127.1"],
      ["http://bücher.example", "bücher.example"],
    ] as const) {
      const options: ProxyOptions = { mode: "legacy", env: { http_proxy: P, no_proxy: spared } };
      assert.equal(coreProxyHelper.getProxyForUrl(typed, options), "");
      assert.equal(chooseProxy(new URL(typed), typed, options), undefined, typed);
    }
  });

  it("decides as core does, for any environment and settings", () => {
    const lower = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
    const npm = [
      "npm_config_http_proxy",
      "npm_config_https_proxy",
      "npm_config_proxy",
      "npm_config_no_proxy",
    ];
    const names = [...lower, ...npm].flatMap((name) => [name, name.toUpperCase()]);
    const proxies = [
      "",
      "http://a:1",
      "https://b:2",
      "c:3",
      "d",
      "http://me:pw@e:5",
      "socks5://f",
      "::",
      " ",
    ];
    const host = fc.constantFrom(
      ...TARGETS.map(({ hostname }) => hostname),
      ...["example.com", "INFLUX.EXAMPLE.COM", "com", "::1", "127.0.0.0/8", "influx.example.com.", "", "s"],
    );
    const sign = fc.constantFrom("", "", ".", "*", "*.", "**", ".*");
    const port = fc.constantFrom("", "", ":80", ":443", ":8086", ":0", ":x", ":");
    const entry = fc.tuple(sign, host, port).map((parts) => parts.join(""));
    const between = fc.constantFrom(",", " ", ", ", ",,", "\t", ";");
    const list = fc
      .array(fc.tuple(entry, between), { maxLength: 3 })
      .map((entries) => entries.flat().join(""));
    const env = fc
      .subarray(names, { maxLength: 6 })
      .chain((chosen) =>
        fc.record(
          Object.fromEntries(
            chosen.map((name) => [
              name,
              /no_proxy/i.test(name) ? fc.oneof(list, entry, fc.constant("*")) : fc.constantFrom(...proxies),
            ]),
          ),
        ),
      );
    const options = fc.record(
      {
        env,
        mode: fc.constantFrom("strict", "legacy"),
        favourUpperCase: fc.boolean(),
        lowerCaseOnly: fc.boolean(),
        excludeNpm: fc.boolean(),
      },
      { requiredKeys: ["env"] },
    );
    const seen = { proxy: 0, none: 0 };
    fc.assert(
      fc.property(fc.constantFrom(...TARGETS), options, (target, given) => {
        const proxy = ours(target, given);
        seen[proxy === "" ? "none" : "proxy"]++;
        assert.equal(proxy, coreOf(target, given));
      }),
      { numRuns: 3000 },
    );
    // Neither is the answer to everything.
    assert.ok(seen.proxy > 300 && seen.none > 300, inspect(seen));
  });

  it("goes by NR_PROXY_MODE before the settings", () => {
    const env = { http_proxy: P };
    for (const [mode, other, proxy] of [
      ["legacy", "strict", P],
      ["strict", "legacy", ""],
      ["else", "legacy", P],
    ] as const) {
      process.env.NR_PROXY_MODE = mode;
      try {
        assert.equal(ours(SECURE, { mode: other, env }), proxy);
      } finally {
        Reflect.deleteProperty(process.env, "NR_PROXY_MODE");
      }
    }
  });
});

describe("readProxy", () => {
  it("reads a proxy with its credentials", () => {
    const proxy = readProxy("http://me:s3cret%2F%40@proxy:3128", "x");
    assert.equal(proxy.url.href, "http://proxy:3128/");
    assert.equal(proxyAuthorization(proxy), `Basic ${btoa("me:s3cret/@")}`);
    assert.equal(proxyAuthorization(readProxy("https://me@proxy", "x")), `Basic ${btoa("me:")}`);
    assert.equal(proxyAuthorization(readProxy("http://proxy", "x")), undefined);
    const apart = readProxy("http://you:other@proxy", "x", { username: "me", password: "50%@home:é" });
    assert.equal(proxyAuthorization(apart), `Basic ${Buffer.from("me:50%@home:é").toString("base64")}`);
  });

  it("gives the address that other programs take, whatever the password is", () => {
    fc.assert(
      fc.property(unicode, unicode, (username, password) => {
        const address = new URL(
          addressWithCredentials(readProxy("http://proxy:3128", "x", { username, password })),
        );
        assert.deepEqual(
          [address.host, decodeURIComponent(address.username), decodeURIComponent(address.password)],
          ["proxy:3128", username, password],
        );
      }),
    );
  });

  it("shows nothing of its password, and names what nobody may be told", () => {
    const proxy = readProxy("http://me:s3cret%2F@proxy:3128", "x");
    assert.doesNotMatch(inspect(proxy, { depth: 9, showHidden: true }) + JSON.stringify(proxy), /s3cret/);
    assert.deepEqual(
      secretsOf(proxy).map((secret) => secret.reveal()),
      ["s3cret/", btoa("me:s3cret/")],
    );
    for (const without of ["http://proxy", "http://me@proxy"]) {
      assert.deepEqual(secretsOf(readProxy(without, "x")), []);
    }
    assert.deepEqual(secretsOf(undefined), []);
  });

  for (const [text, words] of [
    ["http://me:hunter2@127.0.0.1:99999", /^Wrong proxy: x holds no valid URL, expected .* such as http:/],
    ["http://me:hunter2%@127.0.0.1:1", /^Wrong proxy: x holds no valid URL/],
    ["me:hunter2@proxy:3128", /^Wrong proxy: x holds a URL that does not start with/],
    ["socks5://me:hunter2@proxy:1080", /^Wrong proxy: x names a SOCKS proxy/],
    ["socks://me:hunter2@proxy:1080", /^Wrong proxy: x names a SOCKS proxy/],
    ["ftp://me:hunter2@proxy", /^Wrong proxy: x holds a URL that does not start with/],
  ] as const) {
    it(`refuses ${text.replace("hunter2", "…")}, without its password`, () => {
      assert.throws(
        () => readProxy(text, "x"),
        (error: Error & { code?: string }) =>
          error.code === "invalid-config" &&
          words.test(error.message) &&
          !inspect(error, { depth: 9 }).includes("hunter2"),
      );
    });
  }
});
