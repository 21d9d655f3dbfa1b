import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { NodeAPI } from "node-red";
import { startFixture, type Fixture } from "../../simulator/fixture.js";
import type { Simulator } from "../../simulator/server.js";
import { productsWith } from "../../src/products.js";
import { closing } from "../helpers/closing.js";
import { coreModules as modules, proxyNode, tlsNode } from "../helpers/core-nodes.js";
import { addTokens } from "../helpers/fixture.js";
import { startRuntime, type Properties, type Seen } from "../helpers/runtime.js";
import { startProxy } from "../helpers/servers.js";

describe("influxdb-connection", () => {
  const also = closing(afterEach);
  let fixture: Fixture;
  let simulator: Simulator;
  let token: string;

  beforeEach(async () => {
    fixture = await also(startFixture());
    ({ simulator } = fixture);
    ({ token } = simulator.world.operator);
  });
  afterEach(() => {
    for (const name of ["T_PRODUCT", "T_URL", "T_TOKEN", "T_NUMBER", "T_IDS"])
      Reflect.deleteProperty(process.env, name);
  });

  type Options = Parameters<typeof startRuntime>[3];
  const startUnclosed = (connection: Properties, options: Options, type = "list-authorizations") =>
    startRuntime(
      `influxdb-${type}`,
      { confirmed: true, limit: "" },
      fixture.connectionTo("oss", { retries: "0", ...connection }),
      { modules, ...options },
    );
  const start = (connection: Properties, options: Options = {}, type?: string) =>
    also(startUnclosed(connection, options, type));
  const withToken = (text: string): Properties => ({ credentials: { token: text } });
  const listed = async (connection: Properties, options: Options = {}): Promise<Seen> => {
    const runtime = await startUnclosed(connection, options);
    return runtime.send({}).finally(() => runtime.close());
  };
  it("sends the token in the header, and nowhere else", async () => {
    assert.equal((await listed({})).error, undefined);
    const [request] = simulator.requests;
    assert.equal(request!.headers.authorization, `Token ${token}`);
    assert.ok(!request!.path.includes(token));
  });

  for (const product of productsWith("authorizations")) {
    it(`serves the product ${product}`, async () => {
      assert.equal((await listed({ product })).error, undefined);
    });
  }

  for (const [given, path] of [
    ["", ""],
    ["/", ""],
    ["/influx", "/influx"],
    ["/influx/", "/influx"],
    ["/a%20b//", "/a%20b"],
  ] as const) {
    it(`keeps the path of a URL that ends with "${given}"`, async () => {
      await listed({ url: `${simulator.url}${given}` });
      assert.equal(simulator.requests[0]!.path, `${path}/api/v2/authorizations`);
    });
  }

  for (const url of [
    "influx.example.com",
    "ftp://influx.example.com",
    "http://",
    "http://user:pass@127.0.0.1",
    "https://u@127.0.0.1",
    "file:///etc/passwd",
    "http://127.0.0.1/?org=x",
    "http://127.0.0.1/#x",
    "http://127.0.0.1/api/v2",
    "http://127.0.0.1/orgs/0aaaaaaaaaaaaaaa",
  ]) {
    it(`refuses the URL ${url}`, async () => {
      const { error } = await listed({ url });
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, /"url"/);
      assert.ok(!error.message.includes("pass@"));
    });
  }

  it("takes the product's address where the URL is left empty", async () => {
    const { error } = await listed(
      { url: "", proxy: "proxy" },
      { nodes: [{ id: "proxy", type: "http proxy", url: "http://127.0.0.1:1" }] },
    );
    assert.equal(error?.code, "network");
  });

  const WRONG: [string, unknown][] = [
    ["product", "influx"],
    ["product", undefined],
    ["timeout", "0"],
    ["timeout", "soon"],
    ["timeout", 601],
    ["retries", "-1"],
    ["retries", 11],
    ["parallel", "0"],
    ["parallel", "1.5"],
    ["parallel", 65],
    ["parallel", "automatic"],
    ["protectedIds", "abc"],
    ["protectedIds", "0aaaaaaaaaaaaaaa x"],
    ["protectedIds", ["0aaaaaaaaaaaaaaa"]],
  ];
  for (const [name, value] of WRONG) {
    it(`refuses ${name} = ${JSON.stringify(value) ?? "undefined"}, by name, and sends nothing`, async () => {
      const { error } = await listed({ [name]: value });
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, new RegExp(`"${name}".*expected`));
      assert.equal(simulator.requests.length, 0);
    });
  }

  it("takes every property from the environment", async () => {
    Object.assign(process.env, {
      T_PRODUCT: "oss",
      T_URL: simulator.url,
      T_TOKEN: token,
      T_NUMBER: "2",
      T_IDS: "0aaaaaaaaaaaaaaa,0bbbbbbbbbbbbbbb",
    });
    const connection = {
      product: "${T_PRODUCT}",
      url: "${T_URL}",
      timeout: "${T_NUMBER}",
      retries: "${T_NUMBER}",
      parallel: "${T_NUMBER}",
      protectedIds: "${T_IDS}",
    };
    const runtime = await start({ ...connection, ...withToken("${T_TOKEN}") }, {}, "delete-authorization");
    assert.equal((await runtime.send({ payload: "0BBBBBBBBBBBBBBB" })).error?.code, "protected");
    assert.equal((await runtime.send({ payload: addTokens(simulator, 1)[0]!.id })).error, undefined);
  });

  for (const [parallel, isFound] of [
    ["4", false],
    ["auto", true],
    ["${T_NUMBER}", true],
  ] as const) {
    it(`${isFound ? "finds how many requests at once" : "keeps to the number"} with parallel = ${parallel}`, async () => {
      process.env.T_NUMBER = "auto";
      const payload = addTokens(simulator, 300).map(({ id }) => id);
      simulator.faults.push({ delay: 50, times: Infinity });
      const connection = { parallel, ownTokenId: simulator.world.operator.id };
      const runtime = await start(connection, {}, "delete-authorization");
      assert.equal((await runtime.send({ payload })).error, undefined);
      const { mostAtOnce } = simulator;
      if (isFound) assert.ok(mostAtOnce > 4 && mostAtOnce <= 64, `${mostAtOnce} at once`);
      else assert.equal(mostAtOnce, 4);
    });
  }

  for (const name of ["url", "protectedIds", "timeout"]) {
    it(`refuses a variable of the environment that is empty, in ${name}`, async () => {
      process.env.T_URL = "";
      const runtime = await start({ [name]: "${T_URL}" }, {}, "delete-authorization");
      const { error } = await runtime.send({ payload: "0aaaaaaaaaaaaaaa" });
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, new RegExp(`"${name}" names the environment variable T_URL`));
      assert.equal(simulator.requests.length, 0);
    });
  }

  it("refuses a variable of the environment that is not set, in the token", async () => {
    const { error } = await listed(withToken("${T_NO_SUCH}"));
    assert.match(error?.message ?? "", /environment variable T_NO_SUCH, which is not set/);
    assert.equal(simulator.requests.length, 0);
  });

  it("says so where there is no token, or none that can be one, and shows nothing of it", async () => {
    for (const [given, words] of [
      ["", /"token" holds an empty text, expected an API token/],
      ["two words\r\nX-Evil: 1", /"token" .* with a line break/],
      ["Token s3cret", /"token" .* starts with a word such as "Token"/],
      ['"s3cret"', /"token" .* in quotes/],
    ] as const) {
      const { error } = await listed(withToken(given));
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, words);
      assert.ok(!/two words|Evil|s3cret/.test(JSON.stringify(error)));
      assert.equal(simulator.requests.length, 0);
    }
  });

  for (const given of ["two words", "tökén 日本"]) {
    it(`sends the token ${given} as the bytes that InfluxDB compares`, async () => {
      await listed(withToken(` ${given}\n`));
      const header = simulator.requests[0]!.headers.authorization ?? "";
      assert.equal(Buffer.from(header, "latin1").toString(), `Token ${given}`);
    });
  }

  for (const [name, value] of [
    ["url", "http://${T_URL}:8086"],
    ["url", "http://{{host}}:8086"],
    ["url", " ${T_URL}"],
    ["protectedIds", "${T_IDS},0aaaaaaaaaaaaaaa"],
    ["timeout", "$(T_NUMBER)0"],
  ] as const) {
    it(`refuses ${value} in ${name}, for Node-RED leaves it as it is`, async () => {
      const { error } = await listed({ [name]: value });
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, new RegExp(`"${name}" .* only where it is the whole value`));
      assert.equal(simulator.requests.length, 0);
    });
  }

  it("names a variable of the environment that is not set, in any setting", async () => {
    for (const name of ["product", "url", "protectedIds", "timeout", "allowOwnToken"]) {
      const { error } = await listed({ [name]: "${T_NO_SUCH}" });
      assert.match(error?.message ?? "", new RegExp(`"${name}" names the environment variable T_NO_SUCH`));
    }
  });

  it("says so where a node has no connection, or something else for it", async () => {
    for (const connection of ["", "no-such-node", "out0"]) {
      const runtime = await startRuntime(
        "influxdb-list-authorizations",
        { connection },
        fixture.connectionTo("oss"),
      );
      assert.equal((await runtime.send({})).error?.code, "invalid-config");
      await runtime.close();
    }
  });

  it("bounds the requests of all its nodes together", async () => {
    const second = {
      id: "second",
      type: "influxdb-list-authorizations",
      connection: "connection",
      z: "tab",
      x: 0,
      y: 0,
      wires: [["out0"]],
    };
    const runtime = await start({ parallel: "2" }, { nodes: [second] });
    simulator.faults.push({ delay: 10, times: 10 });
    for (let index = 0; index < 5; index++) {
      runtime.inject({});
      runtime.inject({}, "second");
    }
    await simulator.arrived(10);
    await runtime.ended(5);
    assert.equal(simulator.mostAtOnce, 2);
  });

  it("counts the time of a request from its start, not while it waits for others", async () => {
    simulator.faults.push({ delay: 260, times: 5 });
    const runtime = await start({ parallel: "1", timeout: "1" });
    for (let index = 0; index < 5; index++) runtime.inject({});
    assert.equal((await runtime.ended(5)).error, undefined);
  });

  it("says so where the TLS configuration is gone or not valid", async () => {
    assert.match((await listed({ tls: "gone" })).error?.message ?? "", /TLS configuration is missing/);
    const invalid = { nodes: [tlsNode({ ca: "/no/such/file" })] };
    assert.equal((await listed({ tls: "tls" }, invalid)).error?.code, "invalid-config");
  });

  describe("proxy", () => {
    it("goes through core's http proxy, with its credentials", async () => {
      const proxy = await also(
        startProxy(({ headers }) =>
          headers["proxy-authorization"] === `Basic ${btoa("me:s3cret/@")}` ? undefined : 407,
        ),
      );
      const options = {
        nodes: [proxyNode(proxy.port, { credentials: { username: "me", password: "s3cret/@" } })],
      };
      assert.equal((await listed({ proxy: "proxy" }, options)).error, undefined);
      assert.deepEqual(proxy.seen, [`GET ${simulator.url}/api/v2/authorizations`]);
    });

    /** Lists with these variables in the environment of the process, `PROXY` in them being the proxy's port. */
    async function throughEnvironment(
      variables: Record<string, string>,
      options?: Options,
    ): Promise<{ proxied: boolean; error: Seen["error"] }> {
      const proxy = await also(startProxy());
      const withPort = Object.entries(variables).map(([name, value]) => [
        name,
        value.replace("PROXY", `127.0.0.1:${proxy.port}`),
      ]);
      Object.assign(process.env, Object.fromEntries(withPort));
      try {
        const { error } = await listed({}, options);
        return { proxied: proxy.seen.length > 0, error };
      } finally {
        for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
      }
    }

    const ENVIRONMENTS: [variables: Record<string, string>, proxied: boolean][] = [
      [{ http_proxy: "http://PROXY" }, true],
      [{ HTTP_PROXY: "http://PROXY", http_proxy: "" }, true],
      [{ http_proxy: "PROXY" }, true],
      [{ all_proxy: "http://PROXY" }, true],
      [{ npm_config_proxy: "http://PROXY" }, true],
      [{ https_proxy: "http://PROXY" }, false],
      [{ http_proxy: "http://PROXY", no_proxy: "*.0.1" }, false],
      [{ http_proxy: "http://PROXY", no_proxy: "example.com, 127.0.0.1" }, false],
    ];
    for (const [variables, proxied] of ENVIRONMENTS) {
      it(`${proxied ? "goes" : "does not go"} through one for ${JSON.stringify(variables)}`, async () => {
        assert.deepEqual(await throughEnvironment(variables), { proxied, error: undefined });
        assert.equal(simulator.requests.length, 1);
      });
    }

    it("goes by the options in the settings of Node-RED", async () => {
      let settings: object = {};
      const favourUpperCase = (RED: NodeAPI) =>
        Object.assign((settings = RED.settings), { proxyOptions: { favourUpperCase: true } });
      const variables = { http_proxy: "http://127.0.0.1:1", HTTP_PROXY: "http://PROXY" };
      try {
        const { proxied } = await throughEnvironment(variables, { modules: [...modules, favourUpperCase] });
        assert.ok(proxied);
      } finally {
        Reflect.deleteProperty(settings, "proxyOptions");
      }
    });

    for (const url of ["http://me:hunter2@127.0.0.1:99999", "socks5://me:hunter2@PROXY"]) {
      it(`refuses ${url.replace("hunter2", "…")} of the environment, without its password`, async () => {
        const { proxied, error } = await throughEnvironment({ ALL_PROXY: url });
        assert.equal(error?.code, "invalid-config");
        assert.match(
          error.message,
          /environment variable ALL_PROXY (holds no valid URL|names a SOCKS proxy)/,
        );
        assert.ok(!inspect(error, { depth: 9 }).includes("hunter2"));
        assert.deepEqual([proxied, simulator.requests], [false, []]);
      });
    }

    it("takes core's http proxy without a scheme, and a user without a password", async () => {
      const proxy = await also(
        startProxy(({ headers }) =>
          headers["proxy-authorization"] === `Basic ${btoa("me:")}` ? undefined : 407,
        ),
      );
      const options = {
        nodes: [proxyNode(proxy.port, { url: `127.0.0.1:${proxy.port}`, credentials: { username: "me" } })],
      };
      assert.equal((await listed({ proxy: "proxy" }, options)).error, undefined);
      assert.equal(proxy.seen.length, 1);
    });

    for (const [what, properties, words] of [
      ["has no URL", { url: "" }, /HTTP proxy is missing, disabled or has no URL/],
      ["is a SOCKS proxy", { url: "socks5://127.0.0.1:1" }, /HTTP proxy of the connection names a SOCKS/],
      ["holds no URL", { url: "http://:1" }, /HTTP proxy of the connection holds no valid URL/],
    ] as const) {
      it(`refuses core's http proxy that ${what}`, async () => {
        const { error } = await listed({ proxy: "proxy" }, { nodes: [proxyNode(1, properties)] });
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, words);
        assert.equal(simulator.requests.length, 0);
      });
    }

    it("leaves the proxy out for the hosts that it names", async () => {
      const proxy = await also(startProxy());
      await listed({ proxy: "proxy" }, { nodes: [proxyNode(proxy.port, { noproxy: ["127.0.0.1"] })] });
      assert.deepEqual(proxy.seen, []);
      assert.equal(simulator.requests.length, 1);
    });
  });

  describe("refusals", () => {
    const REFUSALS: [what: string, status: number, body: object, code: string, words: RegExp][] = [
      [
        "a token that is wrong",
        401,
        { code: "unauthorized", message: "unauthorized access" },
        "unauthorized",
        /wrong, deleted, or of another server\. Set a valid API token/,
      ],
      [
        "a missing permission",
        401,
        { code: "unauthorized", message: "read:users/0aaaaaaaaaaaaaaa is unauthorized" },
        "unauthorized",
        /lacks the permission read:users\/0aaaaaaaaaaaaaaa/,
      ],
      [
        "an inactive token",
        401,
        { code: "unauthorized", message: "token is inactive" },
        "unauthorized",
        /token is inactive\. Activate it/,
      ],
      [
        "an inactive owner",
        403,
        { code: "forbidden", message: "User is inactive" },
        "forbidden",
        /user who owns/,
      ],
      ["something forbidden", 403, { code: "forbidden", message: "no" }, "forbidden", /forbids/],
      [
        "a user that is not there",
        404,
        { code: "not found", message: "user not found" },
        "not-found",
        /no user has the given name/,
      ],
      [
        "an org that is not there",
        404,
        { code: "not found", message: 'organization name "x" not found' },
        "not-found",
        /no organization has the given name/,
      ],
      [
        "another path",
        404,
        { code: "not found", message: "path not found" },
        "bad-response",
        /URL leads to InfluxDB's API/,
      ],
      [
        "an invalid value",
        400,
        { code: "invalid", message: "id must have a length of 16 bytes" },
        "invalid-filter",
        /16 bytes/,
      ],
      ["a conflict", 409, { code: "conflict", message: "x" }, "conflict", /conflict/],
      ["a wrong method", 405, {}, "bad-response", /status 405/],
    ];
    for (const [what, status, body, code, words] of REFUSALS) {
      it(`says what ${what} means, with the code ${code}`, async () => {
        simulator.faults.push({ status, body: JSON.stringify(body) });
        const { error, ends } = await listed({});
        assert.equal(error?.code, code);
        assert.match(error.message, words);
        assert.match(error.message, /^[A-Z][\w' ]+, cannot list authorizations: /);
        assert.equal(ends, 1);
        if (code !== "bad-response") assert.equal((error.cause as { statusCode: number }).statusCode, status);
      });
    }
  });

  it("tries again what may pass, as often as it says, and says how often", async () => {
    const { id } = addTokens(simulator, 1)[0]!;
    simulator.faults.push(
      { status: 503 },
      { status: 429, headers: { "retry-after": "0" } },
      { drop: "before" },
    );
    const runtime = await start({ retries: "3", allowOwnToken: true }, {}, "delete-authorization");
    const seen = await runtime.send({ payload: id });
    assert.partialDeepStrictEqual(seen.payload, { id, outcome: "deleted", attempts: 4 });
    assert.equal(simulator.requests.length, 4);
  });
});
