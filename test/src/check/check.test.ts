import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { generate } from "selfsigned";
import { startFixture, type FixtureOptions } from "../../../simulator/fixture.js";
import { freePort } from "../../../simulator/node-red.js";
import { allAccess, permission } from "../../../simulator/permissions.js";
import { startSimulator } from "../../../simulator/server.js";
import { productOf } from "../../../src/products.js";
import { closing } from "../../helpers/closing.js";
import { run, serve, startProxy, tlsBefore, type Running } from "../../helpers/servers.js";
import { createServer } from "node:net";
import { check, ids, lines, type Asked } from "./checked.js";

const TOKEN = "a-token-that-is-never-shown";

describe("checkConnection", () => {
  const also = closing(afterEach);
  const start = (options?: FixtureOptions) => also(startFixture(options));
  const answering = async (listener: RequestListener) => {
    const server = await also(serve(listener));
    return `http://127.0.0.1:${server.port}`;
  };

  const ID = "000000000000000";
  /** A server that gives these authorizations, whatever it is asked for. */
  const answeringWith = (authorizations: object[]) =>
    answering(({ headers }, response) => {
      if (headers.authorization) response.end(JSON.stringify({ authorizations }));
      else response.writeHead(401).end('{"code":"unauthorized","message":"no"}');
    });

  describe("of an API token", () => {
    it("finds server, version, user, ID and permissions where the server shows token values, by GET alone", async () => {
      const { simulator } = await start({ tokens: "clear" });
      const { operator } = simulator.world;
      const report = await check({ url: simulator.url, token: operator.token });
      assert.deepEqual(lines(report), [
        "ok: Reached: InfluxDB OSS v2 (2.9.1) answers.",
        "ok: Its clock and the one of this machine agree.",
        "ok: The token is accepted. It is of the user admin.",
        `ok: Its own ID is ${operator.id}; the connection finds that out by itself.`,
        "ok: list authorizations: allowed.",
        "ok: update authorization: allowed.",
        "ok: delete authorization: allowed.",
      ]);
      assert.deepEqual(ids(report), [["ownTokenId", operator.id]]);
      assert.deepEqual([...new Set(simulator.requests.map(({ method }) => method))], ["GET"]);
      assert.equal(simulator.requests[0]?.headers.authorization, undefined, "the first look is anonymous");
    });

    it("offers the tokens that may be it where the server hides values, and names what they differ in", async () => {
      const { simulator } = await start();
      const { world } = simulator;
      const user = world.addUser("ann");
      const permissions = ["read:authorizations", "read:users"].map((each) => permission(each));
      const reader = world.addAuthorization({ user, description: "reader", permissions });
      const all = world.addAuthorization({ user, description: "all", permissions: allAccess() });
      world.addAuthorization({ user, description: "may not have asked" });
      world.addAuthorization({ user, description: "off", status: "inactive", permissions });
      const report = await check({ url: simulator.url, token: reader.token });
      assert.deepEqual(ids(report), [
        ["ownTokenId", reader.id],
        ["ownTokenId", all.id],
      ]);
      const differ = "The tokens that may be this one differ in write:authorizations and write:users";
      assert.deepEqual(lines(report).slice(3), [
        "warning: The server hides token values, so which token is its own is not certain: it is one of 2. Enter its ID under " +
          '"Own token ID", and the nodes can act upon the others.',
        "ok: list authorizations: allowed.",
        `warning: update authorization: not known. ${differ}.`,
        `warning: delete authorization: not known. ${differ}.`,
      ]);
      const named = await check({ url: simulator.url, token: reader.token, ownTokenId: reader.id });
      assert.deepEqual(lines(named).slice(3), [
        "ok: list authorizations: allowed.",
        "warning: update authorization: not allowed. It lacks write:authorizations and write:users.",
        "warning: delete authorization: not allowed. It lacks write:authorizations and write:users.",
      ]);
      assert.deepEqual(named.offers, []);
    });

    it("says what an own token ID is if it is not its own", async () => {
      const { simulator } = await start({ tokens: "clear" });
      const { world } = simulator;
      const other = world.addAuthorization({ user: world.addUser("ann"), description: "another's" });
      const token = world.operator.token;
      const wrongId = async (ownTokenId: string) =>
        lines(await check({ url: simulator.url, token, ownTokenId }))[3];
      assert.match((await wrongId(other.id))!, /^wrong: .*it is the ID of another token\.$/);
      assert.match((await wrongId("0123456789abcdef"))!, /^wrong: .*there is no such token\.$/);
    });

    it("does not call an own token ID wrong that the server does not show, and offers no other", async () => {
      const { simulator } = await start();
      const { world } = simulator;
      const [user, org] = [world.addUser("ann"), world.addOrg("gone")];
      world.addAuthorization({ user, permissions: allAccess() });
      const { id, token } = world.addAuthorization({ user, org, permissions: allAccess() });
      const path = `/api/v2/authorizations/${id}`;
      const checked = () => check({ url: simulator.url, token, ownTokenId: id });
      const reports = [];
      world.orgs.delete(org.id);
      reports.push(await checked());
      simulator.faults.push({ path, status: 500 });
      reports.push(await checked());
      for (const report of reports) {
        assert.match(lines(report).at(-1)!, /^warning: The server does not show the token that is named/);
        assert.deepEqual(report.offers, []);
      }
      simulator.faults.push({ path, delay: 600_000 });
      const ended = AbortSignal.timeout(1000);
      const late = await check({ url: simulator.url, token, ownTokenId: id, signal: ended });
      assert.match(lines(late).at(-1)!, /^wrong: The test took longer/);
    });

    it("offers none of many", async () => {
      const { simulator } = await start();
      const { world } = simulator;
      const user = world.addUser("ann");
      const many = Array.from({ length: 6 }, () =>
        world.addAuthorization({ user, permissions: allAccess() }),
      );
      const report = await check({ url: simulator.url, token: many[5]!.token });
      assert.match(lines(report)[3]!, /it is one of 6/);
      assert.deepEqual(report.offers, []);
    });

    it("does not take an answer for the token itself where the filter by its value is ignored", async () => {
      const rows = [
        { id: `${ID}1`, user: "ann", status: "active", permissions: [] },
        { id: `${ID}2`, user: "ben", status: "active", permissions: allAccess() },
      ];
      for (const sent of [rows, rows.slice(1)]) {
        const report = await check({ url: await answeringWith(sent), product: "cloud", token: TOKEN });
        assert.match(
          lines(report).join("\n"),
          /ok: The token is accepted\.\nwarning: .*is not certain: it is most likely [0-9a-f]{16}\./,
        );
      }
    });

    it("says what a token may do only as far as all agree that it may be", async () => {
      const rows = ["home", "work"].map((org, index) => ({
        id: `${ID}${index + 1}`,
        status: "active",
        permissions: [
          { action: "read", resource: { type: "authorizations", orgID: org } },
          { action: "read", resource: { type: "users" } },
        ],
      }));
      const report = await check({ url: await answeringWith(rows), product: "cloud", token: TOKEN });
      assert.match(
        lines(report).join("\n"),
        /list authorizations: not known\. The tokens that may be this one differ in read:authorizations\./,
      );
    });

    it("tells permissions that are limited to an organization or to the own user", async () => {
      const { simulator } = await start();
      const { world } = simulator;
      const user = world.addUser("ann");
      const org = world.addOrg("home");
      const { token } = world.addAuthorization({
        user,
        permissions: [
          permission("read:authorizations", org.id),
          permission("write:authorizations", org.id),
          { action: "read", resource: { type: "users", id: user.id } },
        ],
        org,
      });
      assert.deepEqual(lines(await check({ url: simulator.url, token })).slice(-3), [
        "warning: list authorizations: allowed within limits. It has read:authorizations only within the organization home and read:users only for its own user.",
        "warning: update authorization: not allowed. It lacks write:users.",
        "warning: delete authorization: not allowed. It lacks write:users.",
      ]);
    });

    it("tells a token that is wrong, inactive, of an inactive user, or may not read itself", async () => {
      const { simulator } = await start();
      const { world } = simulator;
      const user = world.addUser("ann");
      const off = world.addAuthorization({ user, status: "inactive" });
      const writer = world.addAuthorization({
        user,
        permissions: [permission("write:authorizations"), permission("write:users")],
      });
      const blind = world.addAuthorization({ user, permissions: [permission("read:users")] });
      const ended = async (token: string) => lines(await check({ url: simulator.url, token })).slice(2);
      assert.match((await ended(TOKEN)).join("\n"), /^wrong: Token: the server does not accept/);
      assert.match((await ended(off.token)).join("\n"), /^wrong: Token: the connection's token is inactive/);
      assert.match(
        (await ended(writer.token)).join("\n"),
        /^ok: The token is accepted\.\nwarning: list and update authorization: not allowed, because .* lacks the permission read:users/,
      );
      assert.match(
        (await ended(blind.token)).join("\n"),
        /of the user ann\.\nwarning: .*It lacks read:authorizations or read:users/,
      );
      world.users.get(user.id)!.status = "inactive";
      assert.match((await ended(writer.token)).join("\n"), /^wrong: Token: the user who owns .* is inactive/);
    });

    it("asks InfluxDB Cloud by the value, and takes its one answer for certain", async () => {
      const { simulator } = await start({ tokens: "redacted" });
      const { operator } = simulator.world;
      const report = await check({ url: simulator.url, product: "cloud", token: operator.token });
      assert.deepEqual(ids(report), [["ownTokenId", operator.id]]);
      assert.match(lines(report).join("\n"), /of the user admin\.\nok: Its own ID is/);
      assert.ok(
        simulator.requests.every(({ path }) => path.startsWith("/api/v2/authorizations")),
        "no ping",
      );
    });

    it("offers the product that it finds, and goes on with that", async () => {
      const simulator = await also(startSimulator());
      for (const product of ["cloud", "clustered"] as const) {
        const report = await check({ url: simulator.url, product, token: simulator.world.operator.token });
        assert.deepEqual(ids(report)[0], ["product", "oss"]);
        assert.equal(
          lines(report)[1],
          `warning: It is not ${productOf(product).name}, which the connection names as its product.`,
        );
        assert.match(lines(report).at(-1)!, /^ok: delete authorization: allowed/);
      }
    });

    it("tells InfluxDB Cloud by its mark, and offers both of them", async () => {
      const url = await answering((_, response) =>
        response
          .writeHead(401, { "x-influxdb-build": "Cloud" })
          .end('{"code":"unauthorized","message":"no"}'),
      );
      const report = await check({ url });
      assert.equal(lines(report)[0], "ok: Reached: InfluxDB Cloud answers.");
      assert.deepEqual(ids(report), [
        ["product", "cloud-serverless"],
        ["product", "cloud"],
      ]);
    });

    it("does not read a list that is too long, and says so", async () => {
      const { simulator } = await start();
      const { world } = simulator;
      simulator.faults.push({
        path: /userID=/,
        body: JSON.stringify({ authorizations: Array(2 ** 11).fill({ id: "a", x: "x".repeat(2 ** 10) }) }),
      });
      const report = await check({ url: simulator.url, token: world.operator.token });
      assert.match(lines(report).at(-1)!, /^warning: .*too long for a test/);
    });

    it("tells clocks that differ", async () => {
      const { simulator } = await start();
      const ahead = new Date(Date.now() + 60_000).toUTCString();
      simulator.faults.push({ headers: { date: ahead } });
      assert.match(
        lines(await check({ url: simulator.url })).join("\n"),
        /warning: Its clock is (5[89]|6[01]) s ahead/,
      );
      simulator.faults.push({ headers: { date: new Date(Date.now() - 60_000).toUTCString() } });
      assert.match(
        lines(await check({ url: simulator.url })).join("\n"),
        /warning: Its clock is (5[89]|6[01]) s behind/,
      );
    });
  });

  describe("of a management token", () => {
    it("finds account, cluster, influxctl and the token's ID", async () => {
      for (const product of ["cloud-dedicated", "clustered"] as const) {
        const fixture = await start();
        const { cluster, own } = fixture.clusterOf(product);
        const report = await check({
          url: fixture.simulator.url,
          product,
          token: own.token,
          influxctl: `${fixture.folder}/influxctl`,
          ...(product === "cloud-dedicated" && {
            cluster: { accountId: cluster.accountId, clusterId: cluster.id },
          }),
        });
        const { name } = productOf(product);
        const found = product === "clustered" ? "The cluster is found" : "Account and cluster are found";
        assert.deepEqual(lines(report), [
          `ok: Reached: a Management API, as ${name} has it, answers.`,
          "ok: Its clock and the one of this machine agree.",
          `ok: The management token is accepted. ${found}; it has 0 database tokens.`,
          "ok: list database tokens, delete database token: allowed, as far as a test that only reads can tell.",
          "ok: influxctl is found: influxctl version v2.12.0 (simulated).",
          "ok: influxctl's token is accepted. It lists 1 management token.",
          "ok: list management tokens, revoke management token: allowed, as far as a test that only reads can tell.",
        ]);
        assert.deepEqual(ids(report), [["ownTokenId", own.id]]);
      }
    });

    it("tells a token that is not accepted, and an influxctl that is missing or not to be run", async () => {
      const { simulator, clusterOf, folder } = await start();
      const { cluster, own } = clusterOf("cloud-dedicated");
      const asked = {
        url: simulator.url,
        product: "cloud-dedicated" as const,
        cluster: { accountId: cluster.accountId, clusterId: cluster.id },
        influxctl: "/nowhere/influxctl",
      };
      const wrong = lines(await check({ ...asked, token: TOKEN })).join("\n");
      assert.match(wrong, /wrong: Management token: the server does not accept/);
      assert.match(wrong, /warning: The nodes for management tokens cannot be used: influxctl was not found/);
      const found = lines(await check({ ...asked, token: TOKEN, influxctl: `${folder}/influxctl` }));
      assert.match(found.at(-1)!, /^ok: influxctl is found/, "nobody waits for a login");
      const refused = { ...asked, token: own.token, influxctlRefused: "It is not run." };
      assert.equal(lines(await check(refused)).at(-1), "warning: It is not run.");
    });
  });

  describe("of an address", () => {
    /** The last line, if the token went nowhere. */
    const last = async (asked: Asked) => {
      const report = await check({ ...asked, token: TOKEN });
      return { text: lines(report).at(-1)!, offers: ids(report) };
    };
    const seen: (string | undefined)[] = [];
    beforeEach(() => (seen.length = 0));
    afterEach(() => assert.deepEqual(seen.filter(Boolean), [], "the token went to a stranger"));
    const stranger = (listener: RequestListener) =>
      answering((request, response) => {
        seen.push(request.headers.authorization);
        listener(request, response);
      });

    it("tells a web page", async () => {
      const url = await stranger((_, response) =>
        response.setHeader("content-type", "text/html").end("<html>"),
      );
      assert.match((await last({ url })).text, /^wrong: Reached, but a web page answers \(status 200\)/);
    });

    it("tells what is not InfluxDB, whatever it sends", async () => {
      for (const listener of [
        (_, response) => response.end(Buffer.alloc(2 ** 20)),
        (_, response) => response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(2 ** 24))),
        (_, response) => response.writeHead(404).end("Not found"),
        (_, response) => response.writeHead(401).end(),
        (_, response) => response.writeHead(500).end('{"code":"internal error","message":"no"}'),
        (_, response) => response.end('{"authorizations":[]}'),
      ] satisfies RequestListener[]) {
        const { text } = await last({ url: await stranger(listener) });
        assert.match(text, /^wrong: Reached, but InfluxDB's API does not answer: /);
      }
    });

    it("tells a server that does not answer", async () => {
      const url = await stranger(() => undefined);
      assert.match(
        (await last({ url, timeoutSeconds: 0.2 })).text,
        /^wrong: Not reached: no answer within 0\.2 s/,
      );
    });

    it("ends when it is told to", async () => {
      const stop = new AbortController();
      const url = await stranger(() => stop.abort());
      assert.match((await last({ url, signal: stop.signal })).text, /^wrong: The test .* was ended here/);
    });

    it("tells an InfluxDB 1", async () => {
      const one = await stranger((_, response) =>
        response.writeHead(404, { "x-influxdb-build": "OSS", "x-influxdb-version": "1.8.10" }).end("404"),
      );
      for (const product of ["oss", "influxdb3-core"] as const)
        assert.match((await last({ url: one, product })).text, /an InfluxDB 1\.8\.10 answers/);
    });

    it("does not follow where it is redirected, and offers https where that is meant", async () => {
      const away = await stranger((_, response) =>
        response.writeHead(302, { location: "http://elsewhere.example/" }).end(),
      );
      assert.match(
        (await last({ url: away })).text,
        /redirects to another address \(status 302\), which is not followed/,
      );
      const secure = await stranger((_, response) =>
        response.writeHead(308, { location: "https://127.0.0.1:8443/x" }).end(),
      );
      const { text, offers } = await last({ url: secure });
      assert.match(text, /wants https:\/\//);
      assert.deepEqual(offers, [["url", "https://127.0.0.1:8443"]]);
    });

    it("tells http from https, and the CA that is unknown", async () => {
      const { simulator } = await start();
      const ca = await generate([{ name: "commonName", value: "The CA of the house" }], {
        ...{ keyType: "ec", algorithm: "sha256" },
        extensions: [{ name: "basicConstraints", cA: true }],
      });
      const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
        ...{ keyType: "ec", algorithm: "sha256" },
        extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
        ca: { key: ca.private, cert: ca.cert },
      });
      const { port } = await also(tlsBefore(simulator.port, { key, cert }));
      assert.match(
        (await last({ url: `https://localhost:${port}` })).text,
        /^wrong: Not reached: the server.s certificate is not signed by a known authority.* calls itself "The CA of the house"\.$/,
      );
      const plain = await last({ url: `http://localhost:${port}` });
      assert.match(plain.text, /wants https:\/\/ in place of http/);
      assert.deepEqual(plain.offers, [["url", `https://localhost:${port}`]]);
      const secure = await last({ url: `https://127.0.0.1:${simulator.port}` });
      assert.match(secure.text, /does not speak TLS at this port/);
      assert.deepEqual(secure.offers, [["url", simulator.url]]);
    });

    it("tells a host that is unknown, a port that is closed and a line that is cut", async () => {
      assert.match(
        (await last({ url: "http://influxdb.invalid" })).text,
        /^wrong: Not reached: the (host is unknown|name of the host)/,
      );
      const url = `http://127.0.0.1:${await freePort()}`;
      assert.match((await last({ url })).text, /connection was refused.* is the container itself\.$/);
      const cut: Running = await also(run(createServer((socket) => socket.resetAndDestroy())));
      assert.match((await last({ url: `http://127.0.0.1:${cut.port}` })).text, /connection was lost/);
    });

    it("goes through a proxy, and tells one that refuses", async () => {
      const { simulator } = await start();
      const proxy = await also(startProxy());
      const through = await check({ url: simulator.url, proxy: `http://127.0.0.1:${proxy.port}` });
      assert.match(lines(through)[0]!, /^ok: Reached through the HTTP proxy: InfluxDB OSS/);
      const refusing = await also(startProxy(() => 407));
      const { text } = await last({ url: simulator.url, proxy: `http://127.0.0.1:${refusing.port}` });
      assert.match(text, /^wrong: Not reached through the HTTP proxy: the proxy did not pass the request on/);
      const gone = `http://127.0.0.1:${await freePort()}`;
      assert.match(
        (await last({ url: simulator.url, proxy: gone })).text,
        /^wrong: Not reached through the HTTP proxy/,
      );
    });
  });
});
