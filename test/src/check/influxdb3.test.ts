import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { startInfluxdb3, type Influxdb3Options } from "../../../simulator/influxdb3.js";
import { startSimulator } from "../../../simulator/server.js";
import { OPERATOR } from "../../../src/tokens/influxdb3-permissions.js";
import { productOf, type Product } from "../../../src/products.js";
import { closing } from "../../helpers/closing.js";
import { serve } from "../../helpers/servers.js";
import { check, ids, lines } from "./checked.js";

const TOKEN = "apiv3_a-token-that-is-never-shown";
const DAY = 86_400_000;
const CHANGES = "create InfluxDB 3 token, delete InfluxDB 3 token, rotate token";
const ALLOWED = `ok: list InfluxDB 3 tokens, ${CHANGES}, regenerate operator token: allowed.`;

describe("checkConnection of an InfluxDB 3", () => {
  const also = closing(afterEach);
  const start = (options: Influxdb3Options = {}) =>
    also(startInfluxdb3({ operatorToken: TOKEN, ...options }));
  const named = (product: Product) =>
    `warning: It is not ${productOf(product).name}, which the connection names as its product.`;

  describe("which it is", () => {
    it("learns with the token, and then no more is sent than needed", async () => {
      const { url, world, requests } = await start();
      const { value } = world.addToken({ name: "node-red" });
      const report = await check({ url, product: "influxdb3-core", token: value });
      assert.deepEqual(lines(report), [
        "ok: Reached: InfluxDB 3 Core (3.9.6) answers.",
        "ok: Its clock and the one of this machine agree.",
        'ok: The token is accepted. It is the admin token "node-red".',
        "ok: It does not expire.",
        ALLOWED,
      ]);
      assert.deepEqual(report.offers, []);
      const sent = requests.map(({ method, path, headers }) => [
        method,
        path.split("?")[0],
        headers.authorization !== undefined,
      ]);
      assert.deepEqual(sent, [
        ["GET", "/api/v2/authorizations", false],
        ["GET", "/ping", false],
        ["GET", "/ping", true],
        ["POST", "/api/v3/query_sql", true],
      ]);
    });

    it("is offered to a connection of whatever other product", async () => {
      for (const [edition, found] of [
        ["Core", "influxdb3-core"],
        ["Enterprise", "influxdb3-enterprise"],
      ] as const) {
        const { url, world } = await start({ edition });
        const { value: token } = world.addToken({ name: "node-red" });
        const others: Product[] = ["oss", "cloud", "cloud-dedicated", "clustered"];
        const other = edition === "Core" ? "influxdb3-enterprise" : "influxdb3-core";
        for (const product of [...others, other] as const) {
          const report = await check({ url, product, token });
          assert.deepEqual(lines(report)[1], named(product));
          assert.deepEqual(ids(report), [["product", found]]);
          assert.equal(lines(report).at(-1), ALLOWED);
        }
      }
    });

    it("is not known without a token, or with a wrong one", async () => {
      const { url } = await start();
      const both = [
        ["product", "influxdb3-core"],
        ["product", "influxdb3-enterprise"],
      ];
      for (const token of [undefined, "apiv3_wrong"]) {
        const report = await check({ url, product: "oss", ...(token && { token }) });
        assert.match(lines(report)[0]!, /^ok: Reached: an InfluxDB 3 Core or Enterprise answers\.$/);
        assert.deepEqual(ids(report), both);
        const asNamed = await check({ url, product: "influxdb3-enterprise", ...(token && { token }) });
        assert.deepEqual(asNamed.offers, []);
        assert.ok(!lines(asNamed).some((line) => line.includes("It is not")));
      }
    });

    it("is told by the name of the product alone, if there is no other sign", async () => {
      const { url, faults } = await start();
      const told = async (body: string) => {
        faults.push({ path: "/ping", body, headers: { "x-influxdb-version": "3.11.0" } });
        const report = await check({ url, product: "oss" });
        return [lines(report)[0], ...ids(report).map(([, value]) => value)];
      };
      assert.deepEqual(await told('{"product_name":"InfluxDB 3 Enterprise"}'), [
        "ok: Reached: InfluxDB 3 Enterprise (3.11.0) answers.",
        "influxdb3-enterprise",
      ]);
      assert.deepEqual(await told("{}"), [
        "ok: Reached: an InfluxDB 3 Core or Enterprise (3.11.0) answers.",
        "influxdb3-core",
        "influxdb3-enterprise",
      ]);
    });

    it("is told behind a gateway that lets only its own paths pass", async () => {
      const { url, faults } = await start();
      faults.push({
        path: /^\/api\/v2/,
        status: 403,
        body: "<html>",
        headers: { "content-type": "text/html" },
      });
      const report = await check({ url, product: "influxdb3-core", token: TOKEN });
      assert.equal(lines(report)[0], "ok: Reached: InfluxDB 3 Core (3.9.6) answers.");
      assert.equal(lines(report).at(-1), ALLOWED);
    });

    it("is told to everybody where that is allowed", async () => {
      const { url } = await start({ flags: ["--disable-authz", "ping"], version: "3.10.1" });
      const report = await check({ url, product: "oss" });
      assert.equal(lines(report)[0], "ok: Reached: InfluxDB 3 Core (3.10.1) answers.");
      assert.deepEqual(ids(report), [["product", "influxdb3-core"]]);
      const named = await check({ url, product: "influxdb3-core", token: TOKEN });
      assert.equal(lines(named).at(-1), ALLOWED);
    });

    it("can be an early-access Cloud, which answers as Enterprise", async () => {
      const { url, world } = await start({ edition: "Enterprise" });
      const { value: token } = world.addToken({ name: "node-red" });
      const report = await check({ url, product: "influxdb3-cloud", token });
      assert.match(
        lines(report)[0]!,
        /^ok: Reached: InfluxDB 3 Cloud \(early access\) \(3\.9\.6\) answers\.$/,
      );
      assert.equal(lines(report).at(-1), `ok: list InfluxDB 3 tokens, ${CHANGES}: allowed.`);
      assert.deepEqual(report.offers, []);
    });

    it("is found before 3.8, which refuses without a word, only where the connection names it", async () => {
      const { url, requests } = await start({ version: "3.7.0" });
      const report = await check({ url, product: "influxdb3-core", token: TOKEN });
      assert.equal(lines(report)[0], "ok: Reached: InfluxDB 3 Core (3.7.0) answers.");
      assert.equal(lines(report).at(-1), ALLOWED);
      const wrong = await check({ url, product: "influxdb3-core", token: "apiv3_wrong" });
      assert.match(
        lines(wrong)[0]!,
        /something that refuses without a word, as an InfluxDB 3 before 3\.8 does/,
      );
      assert.match(lines(wrong).at(-1)!, /^wrong: Token: the server does not accept/);
      requests.length = 0;
      const other = await check({ url, product: "oss", token: TOKEN });
      assert.match(lines(other).join("\n"), /^wrong: Reached, but InfluxDB's API does not answer/);
      assert.ok(requests.every(({ headers }) => headers.authorization === undefined));
    });
  });

  it("sends no token to one without authorization, and says what that means", async () => {
    for (const version of ["3.9.6", "3.7.0"])
      for (const product of ["influxdb3-core", "oss"] as const) {
        const { url, requests } = await start({ flags: ["--without-auth"], version });
        const report = await check({ url, product, token: TOKEN });
        assert.equal(lines(report)[0], `ok: Reached: InfluxDB 3 Core (${version}) answers.`);
        assert.match(
          lines(report).at(-1)!,
          /^wrong: It was started without authorization \(--without-auth\)/,
        );
        assert.deepEqual(ids(report), product === "oss" ? [["product", "influxdb3-core"]] : []);
        assert.ok(requests.every(({ headers }) => headers.authorization === undefined));
      }
  });

  it("is none, and what it is is offered", async () => {
    const simulator = await also(startSimulator());
    const { token } = simulator.world.operator;
    const report = await check({ url: simulator.url, product: "influxdb3-core", token });
    assert.deepEqual(ids(report)[0], ["product", "oss"]);
    assert.match(lines(report).at(-1)!, /^ok: delete authorization: allowed/);
    const { port } = await also(
      serve((_, response) =>
        response
          .writeHead(401, { "x-influxdb-build": "Cloud" })
          .end('{"code":"unauthorized","message":"no"}'),
      ),
    );
    assert.deepEqual(ids(await check({ url: `http://127.0.0.1:${port}`, product: "influxdb3-core" })), [
      ["product", "cloud-serverless"],
      ["product", "cloud"],
    ]);
  });

  for (const [name, listener] of [
    ["a web page", (_, response) => response.setHeader("content-type", "text/html").end("<html>")],
    ["a login", (_, response) => response.writeHead(401, { "www-authenticate": "Basic" }).end()],
    ["a proxy", (_, response) => response.writeHead(401).end("Please log in")],
    [
      "what answers everything alike",
      (_, response) => response.end('{"product_name":"InfluxDB 3 Core","version":"3.9.6"}'),
    ],
  ] satisfies [string, RequestListener][])
    it(`sends no token to ${name}`, async () => {
      const sent: unknown[] = [];
      const { port } = await also(
        serve((request, response) => {
          sent.push(request.headers.authorization);
          listener(request, response);
        }),
      );
      const report = await check({
        url: `http://127.0.0.1:${port}`,
        product: "influxdb3-core",
        token: TOKEN,
      });
      assert.match(
        lines(report).join("\n"),
        /^wrong: Reached, but (a web page|InfluxDB's API does not) answer/,
      );
      assert.deepEqual(report.offers, []);
      assert.deepEqual([...new Set(sent)], [undefined]);
    });

  describe("its token", () => {
    const told = async (
      options: Influxdb3Options,
      wanted: { name: string; expiry?: Date; permissions?: string[] },
    ) => {
      const { url, world } = await start(options);
      const { value: token } = world.addToken(wanted);
      const product = options.edition === "Enterprise" ? "influxdb3-enterprise" : "influxdb3-core";
      return lines(await check({ url, product, token })).slice(2);
    };

    it("is better not the operator's", async () => {
      const { url } = await start();
      const report = lines(await check({ url, product: "influxdb3-core", token: TOKEN }));
      assert.equal(report[2], `ok: The token is accepted. It is the operator token "${OPERATOR}".`);
      assert.match(
        report[4]!,
        /^warning: It is the operator token, which works; but a named admin token is better/,
      );
      assert.equal(report[5], ALLOWED);
    });

    it("expires soon, or later", async () => {
      // To the second, as the server's time is.
      const now = Math.floor(Date.now() / 1000) * 1000;
      const [soon, later] = [13, 15].map((days) => new Date(now + days * DAY + 60_000));
      const [, warned] = await told({}, { name: "soon", expiry: soon! });
      const at = soon!.toISOString().replace(".000Z", "Z");
      assert.equal(
        warned,
        `warning: It expires at ${at}, in 13 days: replace it before that, or this connection stops working.`,
      );
      const [, fine] = await told({}, { name: "later", expiry: later! });
      assert.match(fine!, /^ok: It expires at .*, in 15 days\.$/);
      const [, far] = await told({}, { name: "far", expiry: new Date(Date.UTC(11_533, 6, 10)) });
      assert.match(far!, /^ok: It expires at \+011533-07-10T00:00:00Z, in /);
    });

    it("is not accepted once it has expired, and is none at all", async () => {
      const [gone] = await told({}, { name: "gone", expiry: new Date(Date.now() - 1) });
      assert.match(gone!, /^wrong: Token: the server does not accept .*expired or deleted/);
      const { url } = await start();
      const spaced = await check({ url, product: "influxdb3-core", token: "two words" });
      assert.match(lines(spaced).at(-1)!, /^wrong: Token: .* has a space in it/);
    });

    it("may be one of Enterprise that is for databases alone, or reads the list as well", async () => {
      const enterprise = { edition: "Enterprise" } as const;
      const blind = await told(enterprise, { name: "writer", permissions: ["db:*:write"] });
      assert.deepEqual(blind, [
        "ok: The token is accepted.",
        `warning: list InfluxDB 3 tokens, ${CHANGES}: not allowed, because it is not an admin token.`,
      ]);
      const reader = await told(enterprise, { name: "reader", permissions: ["db:_internal:read"] });
      assert.deepEqual(reader.slice(2), [
        "ok: list InfluxDB 3 tokens: allowed.",
        `warning: ${CHANGES}, regenerate operator token: not allowed, because it is not an admin token.`,
      ]);
    });

    it("is not that which the connection names as its own", async () => {
      const { url, world } = await start();
      const { value: token } = world.addToken({ name: " odd name " });
      world.addToken({ name: "other" });
      const said = async (ownTokenId: string) =>
        lines(await check({ url, product: "influxdb3-core", token, ownTokenId }))[3];
      assert.match(
        (await said("other"))!,
        /^wrong: The "Own token name" .*it is the name of another token\.$/,
      );
      assert.match((await said("odd name"))!, /^wrong: .*there is no such token\.$/);
      assert.equal(await said(" odd name "), "ok: It does not expire.");
    });

    it("is not known where the list does not tell, or is too long", async () => {
      const { url, faults } = await start();
      const row = { token_id: 1, name: "x", created_at: "2026-01-31T00:00:00", permissions: "*:*:*" };
      const answer = async (body: string) => {
        faults.push({
          path: /query_sql/,
          status: 200,
          headers: { "content-type": "application/json" },
          body,
        });
        return lines(await check({ url, product: "influxdb3-core", token: TOKEN })).slice(2);
      };
      const accepted = "ok: The token is accepted.";
      assert.deepEqual(await answer(JSON.stringify([row])), [
        accepted,
        "warning: Which it is, when it expires and what it may do is not known: the list has none with its hash.",
      ]);
      assert.match(
        (await answer(JSON.stringify(Array(2 ** 11).fill({ ...row, x: "x".repeat(2 ** 10) }))))[1]!,
        /too long for a test/,
      );
      assert.match((await answer("<html>"))[0]!, /^wrong: Token: /);
    });
  });
});
