import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { tooMany } from "../../simulator/frame.js";
import { startSimulator } from "../../simulator/server.js";
import type { Simulator, SimulatorOptions } from "../../simulator/server.js";
import { populate } from "../../simulator/population.js";
import { World } from "../../simulator/world.js";
import type { Authorization, Bucket } from "../../simulator/world.js";

const AUTHORIZATIONS = "/api/v2/authorizations";

let simulator: Simulator;

async function start(options: SimulatorOptions = {}): Promise<void> {
  simulator = await startSimulator(options);
}

describe("the simulator", () => {
  afterEach(() => simulator.close());

  interface Called {
    status: number;
    headers: Headers;
    text: string;
    json: () => Record<string, unknown>;
  }

  async function call(
    method: string,
    path: string,
    body?: unknown,
    token = simulator.world.operator.token,
  ): Promise<Called> {
    const response = await fetch(simulator.url + path, {
      method,
      headers: { Authorization: `Token ${token}` },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = () => JSON.parse(text) as Record<string, unknown>;
    return { status: response.status, headers: response.headers, text, json };
  }

  async function listed(query = "", token?: string): Promise<Authorization[]> {
    const { json } = await call("GET", AUTHORIZATIONS + query, undefined, token);
    return json()["authorizations"] as Authorization[];
  }

  async function message(method: string, path: string, body?: unknown, token?: string): Promise<string> {
    const { status, json } = await call(method, path, body, token);
    return `${status} ${String(json()["message"])}`;
  }

  it("tells the types of resources to whoever has a token", async () => {
    await start();
    const { token } = simulator.world.addAuthorization({ permissions: [] });
    for (const [method, path] of [
      ["GET", "/api/v2/resources"],
      ["POST", "/api/v2/resources/x"],
    ] as const) {
      const { status, text } = await call(method, path, undefined, token);
      assert.deepEqual([status, text.length], [200, 271]);
    }
    assert.equal((await call("GET", "/api/v2/resources", undefined, "wrong")).status, 401);
  });

  describe("tokens in answers", () => {
    async function shown() {
      const made = simulator.world.addAuthorization({ token: "secret" });
      const [, inList] = await listed();
      const single = (await call("GET", `${AUTHORIZATIONS}/${made.id}`)).json();
      const body = { orgID: made.orgID, permissions: made.permissions };
      const created = (await call("POST", AUTHORIZATIONS, body)).json();
      const known = simulator.world.authorizations.get(String(created["id"]))?.token;
      return [inList?.token, single["token"], created["token"] === known];
    }

    it("are empty when hashed, but for the answer that creates one", async () => {
      await start();
      assert.deepEqual(await shown(), ["", "", true]);
    });

    it("are there when clear", async () => {
      await start({ tokens: "clear" });
      assert.deepEqual(await shown(), ["secret", "secret", true]);
    });

    it("are redacted as in InfluxDB Cloud", async () => {
      await start({ tokens: "redacted" });
      assert.deepEqual(await shown(), ["redacted", "redacted", true]);
    });
  });

  describe("InfluxDB Cloud", () => {
    beforeEach(() => start({ tokens: "redacted" }));

    it("filters by token, where OSS does not", async () => {
      const { id } = simulator.world.addAuthorization({ token: "secret" });
      assert.deepEqual(
        (await listed("?token=secret")).map((each) => each.id),
        [id],
      );
      assert.deepEqual(await listed("?token=unknown"), []);
    });

    it("says nothing of its build and has no probes", async () => {
      const { headers } = await call("GET", AUTHORIZATIONS);
      assert.equal(headers.get("x-influxdb-version"), null);
      for (const path of ["/ping", "/health", "/ready"]) assert.equal((await call("GET", path)).status, 404);
    });
  });

  describe("orphans", () => {
    beforeEach(() => start());

    it("of a deleted user are hidden, cannot be shown, but updated and deleted", async () => {
      const { id: userID } = simulator.world.addUser("gone");
      const { id, token } = simulator.world.addAuthorization({ user: "gone" });
      assert.equal((await call("DELETE", `/api/v2/users/${userID}`)).status, 204);
      assert.equal((await listed()).length, 1);
      assert.equal((await listed(`?userID=${userID}`)).length, 0);
      assert.equal((await listed(`?id=${id}`)).length, 0);
      assert.equal(await message("GET", `${AUTHORIZATIONS}/${id}`), "404 user not found");
      assert.equal(
        await message("PATCH", `${AUTHORIZATIONS}/${id}`, { description: "x" }),
        "404 user not found",
      );
      assert.equal(simulator.world.authorizations.get(id)?.description, "x");
      assert.equal(await message("GET", "/api/v2/me", undefined, token), "403 User is inactive");
      assert.equal((await call("DELETE", `${AUTHORIZATIONS}/${id}`)).status, 204);
      assert.equal(await message("DELETE", `${AUTHORIZATIONS}/${id}`), "404 authorization not found");
    });

    it("of a deleted org are hidden but still work as tokens", async () => {
      const org = simulator.world.addOrg("gone");
      const { id, token } = simulator.world.addAuthorization({ org, permissions: ["read:users"] });
      assert.equal((await call("DELETE", `/api/v2/orgs/${org.id}`)).status, 204);
      assert.equal((await listed()).length, 1);
      assert.equal(await message("GET", `${AUTHORIZATIONS}/${id}`), "404 organization not found");
      assert.equal((await call("GET", "/api/v2/me", undefined, token)).status, 200);
    });
  });

  describe("rules that no recording shows", () => {
    beforeEach(() => start());

    it("names what permissions name, as far as it is there", async () => {
      const { id: orgID } = simulator.world.orgNamed("home");
      const { id: userID } = simulator.world.addUser("user1");
      const resources = [
        { type: "users", id: userID, orgID },
        { type: "orgs", id: "0aaaaaaaaaaaaaaa", orgID },
        { type: "dashboards", id: "0aaaaaaaaaaaaaaa", orgID },
      ];
      const body = { orgID, permissions: resources.map((resource) => ({ action: "read", resource })) };
      assert.deepEqual((await call("POST", AUTHORIZATIONS, body)).json()["permissions"], [
        { action: "read", resource: { ...resources[0], name: "user1", org: "home" } },
        { action: "read", resource: resources[1] },
        { action: "read", resource: { ...resources[2], org: "home" } },
      ]);
    });

    it("hands out no permission that the caller lacks", async () => {
      const orgID = simulator.world.orgNamed("home").id;
      const permissions = ["write:authorizations", "write:users"];
      const { token } = simulator.world.addAuthorization({ permissions });
      const body = { orgID, permissions: [{ action: "read", resource: { type: "buckets", orgID } }] };
      const text = `read:orgs/${orgID}/buckets`;
      const refusal = `403 permission ${text} is not allowed: ${text} is unauthorized`;
      assert.equal(await message("POST", AUTHORIZATIONS, body, token), refusal);
    });

    describe("of buckets:", () => {
      const BUCKETS = "/api/v2/buckets";
      async function bucketsOf(query = "", token?: string) {
        const { buckets, links } = (await call("GET", BUCKETS + query, undefined, token)).json();
        const names = (buckets as Bucket[]).map(({ name }) => name);
        return { names, links: links as Record<string, string>, buckets: buckets as Bucket[] };
      }

      it("lists those of all orgs by ID, and those of one by name, in pages of 20 and of 100 at most", async () => {
        const { world } = simulator;
        const other = world.addOrg("other");
        for (let number = 30; number > 0; number--) world.addBucket(`x${number}`, other);
        const all = await bucketsOf();
        assert.deepEqual(all.names.slice(0, 6), [
          "_monitoring",
          "_tasks",
          "data",
          "_monitoring",
          "_tasks",
          "x30",
        ]);
        assert.equal(all.names.length, 20);
        assert.deepEqual(all.links, {
          self: `${BUCKETS}?descending=false&limit=20&offset=0`,
          next: `${BUCKETS}?descending=false&limit=20&offset=20`,
        });
        const ofOrg = await bucketsOf(`?orgID=${other.id}&limit=10&offset=30`);
        assert.deepEqual(ofOrg.names, ["x8", "x9"]);
        assert.deepEqual(ofOrg.links, {
          prev: `${BUCKETS}?descending=false&limit=10&offset=20&orgID=${other.id}`,
          self: `${BUCKETS}?descending=false&limit=10&offset=30&orgID=${other.id}`,
        });
        assert.deepEqual((await bucketsOf("?org=other&limit=2&descending=true")).names, ["x9", "x8"]);
        for (const limit of [0, -1, 101])
          assert.equal(
            await message("GET", `${BUCKETS}?limit=${limit}`),
            "400 limit must be between 1 and 100",
          );
        assert.equal(await message("GET", `${BUCKETS}?limit=x`), "400 limit is invalid");
      });

      it("finds by name and ID, and says what is not there only within an org", async () => {
        const { world } = simulator;
        const { id: orgID } = world.orgNamed("home");
        const { names, links, buckets } = await bucketsOf("?name=data");
        assert.deepEqual(
          [names, links.self],
          [["data"], `${BUCKETS}?bucket=data&descending=false&limit=20&offset=0`],
        );
        assert.deepEqual((await bucketsOf("?name=nothing")).names, []);
        assert.equal(
          await message("GET", `${BUCKETS}?name=nothing&orgID=${orgID}`),
          `404 bucket "nothing" not found`,
        );
        assert.equal(
          await message("GET", `${BUCKETS}?org=nobody`),
          `404 organization name "nobody" not found`,
        );
        assert.deepEqual((await bucketsOf("?orgID=0aaaaaaaaaaaaaaa")).names, []);
        const { id } = buckets[0]!;
        assert.deepEqual((await bucketsOf(`?id=${id}`)).names, ["data"]);
        assert.equal(await message("GET", `${BUCKETS}?id=0aaaaaaaaaaaaaaa`), "404 bucket not found");
        assert.deepEqual((await call("GET", `${BUCKETS}/${id}`)).json(), buckets[0]);
        assert.equal(await message("GET", `${BUCKETS}/0aaaaaaaaaaaaaaa`), "404 bucket not found");
      });

      it("shows those that the caller may read, without those of a deleted org", async () => {
        const { world } = simulator;
        const { id } = world.addBucket("mine");
        const permission = { action: "read" as const, resource: { type: "buckets", id } };
        const { token, permissions } = world.addAuthorization({ permissions: [permission] });
        assert.deepEqual((await bucketsOf("", token)).names, ["mine"]);
        assert.deepEqual((await bucketsOf("", world.addAuthorization({ permissions: [] }).token)).names, []);
        const ofKind = (kind: string) =>
          bucketsOf("", world.addAuthorization({ permissions: [`read:${kind}`] }).token);
        assert.deepEqual((await ofKind("buckets")).names, ["data", "mine"]);
        assert.deepEqual((await ofKind("orgs")).names, ["_monitoring", "_tasks"]);
        const body = { orgID: world.orgNamed("home").id, permissions };
        const made = (await call("POST", AUTHORIZATIONS, body)).json() as unknown as Authorization;
        assert.deepEqual(made.permissions[0]!.resource, { type: "buckets", id, name: "mine" });
        const { id: orgID } = world.addOrg("gone");
        world.deleteOrg(world.operator, orgID);
        assert.deepEqual((await bucketsOf()).names, ["_monitoring", "_tasks", "data", "mine"]);
      });
    });

    it("takes IDs of either case", async () => {
      const { id } = simulator.world.operator;
      assert.equal((await call("GET", `${AUTHORIZATIONS}/${id.toUpperCase()}`)).json()["id"], id);
      assert.deepEqual(
        (await listed(`?id=${id.toUpperCase()}`)).map((each) => each.id),
        [id],
      );
    });

    it("asks for permissions before it looks for a user or org, unlike for an authorization", async () => {
      const { token } = simulator.world.addAuthorization({});
      const id = "0aaaaaaaaaaaaaaa";
      for (const kind of ["users", "orgs"]) {
        const refusal = `401 read:${kind}/${id} is unauthorized`;
        assert.equal(await message("GET", `/api/v2/${kind}/${id}`, undefined, token), refusal);
      }
      const unknown = await message("GET", `${AUTHORIZATIONS}/${id}`, undefined, token);
      assert.equal(unknown, "404 authorization not found");
    });

    it("answers unknown paths below a resource in text, others in JSON, other methods with nothing", async () => {
      assert.equal((await call("GET", "/api/v2/me/x")).text, "404 page not found\n");
      assert.equal(await message("GET", "/api/v2/x"), "404 path not found");
      const { status, text } = await call("OPTIONS", AUTHORIZATIONS);
      assert.deepEqual([status, text], [405, ""]);
      assert.deepEqual((await call("GET", "/api/v2/setup", undefined, "nope")).json(), { allowed: false });
    });

    const MALFORMED: [string, string][] = [
      [" ", "EOF"],
      ['"a', "unexpected EOF"],
      ["-", "unexpected EOF"],
      ["{a:1}", "invalid character 'a' looking for beginning of object key string"],
      ['{"a" 1}', "invalid character '1' after object key"],
      ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
      ["[1 2]", "invalid character '2' after array element"],
      ['{"a":01}', "invalid character '1' after object key:value pair"],
      ['{"a":1.}', "invalid character '}' after decimal point in numeric literal"],
      ['{"a":1e}', "invalid character '}' in exponent of numeric literal"],
      ["-x", "invalid character 'x' in numeric literal"],
      ["nux", "invalid character 'x' in literal null (expecting 'l')"],
      ['{"a":"\n"}', "invalid character '\\n' in string literal"],
      ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
      ['{"a":"\\u12g"}', "invalid character 'g' in \\u hexadecimal character escape"],
      ["é", "invalid character 'Ã' looking for beginning of value"],
      ['"x"', "json: cannot unmarshal string into Go value of type influxdb.AuthorizationUpdate"],
      [
        '{"status":{}}',
        "json: cannot unmarshal object into Go struct field AuthorizationUpdate.status of type influxdb.Status",
      ],
    ];
    for (const [body, expected] of MALFORMED) {
      it(`tells what is wrong with the update ${JSON.stringify(body)}`, async () => {
        const { id } = simulator.world.operator;
        assert.equal(await message("PATCH", `${AUTHORIZATIONS}/${id}`, body), `500 ${expected}`);
      });
    }

    it("reads updates as Go does: any case, the last of two, null as absent, nothing after the value", async () => {
      const { id } = simulator.world.addAuthorization({ description: "before" });
      const body = '{"description":null,"status":"paused","STATUS":"inactive"} trailing';
      assert.equal((await call("PATCH", `${AUTHORIZATIONS}/${id}`, body)).status, 200);
      const { status, description } = simulator.world.authorizations.get(id)!;
      assert.deepEqual([status, description], ["inactive", "before"]);
    });

    it("reads new authorizations likewise", async () => {
      const prefix = "400 invalid json structure:";
      const number = `${prefix} json: cannot unmarshal number into Go struct field`;
      const cases: [string, string][] = [
        ['{"orgID":5}', `${number} postAuthorizationRequest.orgID of type platform.ID`],
        ['{"userID":5}', `${number} postAuthorizationRequest.userID of type *platform.ID`],
        ['{"permissions":[{"action":5}]}', `${number} Permission.permissions.action of type influxdb.Action`],
        ['{"status":1,"orgID":"x"}', `${prefix} id must have a length of 16 bytes`],
        ["null", "400 authorization must include permissions"],
      ];
      for (const [body, expected] of cases)
        assert.equal(await message("POST", AUTHORIZATIONS, body), expected);
    });

    it("dates what it makes and changes", async () => {
      const { id, createdAt } = simulator.world.addAuthorization({});
      await call("PATCH", `${AUTHORIZATIONS}/${id}`, {});
      const after = simulator.world.authorizations.get(id)!;
      assert.equal(after.createdAt, createdAt);
      assert.ok(Date.parse(after.updatedAt) >= Date.parse(createdAt));
      assert.notEqual(after.updatedAt, createdAt);
    });
  });

  describe("faults", () => {
    beforeEach(() => start());

    it("take the place of an answer, as often as they say", async () => {
      simulator.faults.push({ status: 429, headers: { "Retry-After": "1" }, body: "slow down", times: 2 });
      for (let i = 0; i < 2; i++) {
        const { status, headers, text } = await call("GET", "/api/v2/me");
        assert.deepEqual([status, headers.get("retry-after"), text], [429, "1", "slow down"]);
      }
      assert.equal((await call("GET", "/api/v2/me")).status, 200);
      assert.deepEqual(simulator.faults, []);
    });

    it("wait for the request that they are meant for", async () => {
      simulator.faults.push(
        { method: "DELETE", status: 500 },
        { path: /authorizations\?user=/, status: 501 },
      );
      simulator.faults.push({ path: "/api/v2/me", status: 502 });
      assert.equal((await call("GET", AUTHORIZATIONS)).status, 200);
      assert.equal((await call("GET", `${AUTHORIZATIONS}?user=admin`)).status, 501);
      assert.equal((await call("GET", "/api/v2/me?x=1")).status, 502);
      assert.equal((await call("DELETE", `${AUTHORIZATIONS}/${simulator.world.operator.id}`)).status, 500);
      assert.equal(simulator.world.authorizations.size, 1);
    });

    it("cut the connection before or after the request took effect", async () => {
      const path = `${AUTHORIZATIONS}/${simulator.world.addAuthorization({}).id}`;
      simulator.faults.push({ drop: "before" });
      await assert.rejects(call("DELETE", path));
      assert.equal(simulator.world.authorizations.size, 2);
      simulator.faults.push({ drop: "after" });
      await assert.rejects(call("DELETE", path));
      assert.equal(simulator.world.authorizations.size, 1);
    });

    it("delay an answer, also by how many requests are under way", async () => {
      simulator.faults.push({ delay: 1 });
      assert.equal((await call("GET", "/api/v2/me")).status, 200);
      const seen: number[] = [];
      simulator.faults.push({ delay: (underWay) => seen.push(underWay), times: 3 });
      await Promise.all(Array.from({ length: 3 }, () => call("GET", "/api/v2/me")));
      assert.deepEqual(seen.slice(0, 1), [1]);
      assert.ok(seen.every((underWay) => underWay >= 1 && underWay <= 3));
    });

    it("allow so many requests a second, and refuse the rest", async () => {
      let now = 0;
      simulator.faults.push(tooMany(2, 7, () => now));
      const statuses = async (count: number) => {
        const all = [];
        for (let index = 0; index < count; index++) all.push((await call("GET", "/api/v2/me")).status);
        return all;
      };
      assert.deepEqual(await statuses(4), [200, 200, 429, 429]);
      assert.equal((await call("GET", "/api/v2/me")).headers.get("retry-after"), "7");
      now += 500;
      assert.deepEqual(await statuses(2), [200, 429]);
      now += 60_000;
      assert.deepEqual(await statuses(3), [200, 200, 429]);
    });
  });

  describe("a simulator", () => {
    it("keeps what it was asked", async () => {
      await start({ operatorToken: "given" });
      const path = `${AUTHORIZATIONS}/x?y=%20z`;
      await call("PATCH", path, { a: 1 });
      const [{ headers, ...seen }] = simulator.requests as [Simulator["requests"][0]];
      assert.deepEqual(seen, { method: "PATCH", path, body: '{"a":1}' });
      assert.equal(headers.authorization, "Token given");
    });

    it("takes any content type, and none", async () => {
      await start();
      const { port, world } = simulator;
      for (const type of ["text/plain", "application/json; charset=x", ";;;"]) {
        const socket = connect(port, "127.0.0.1");
        const body = '{"description":"d"}';
        socket.write(
          `PATCH ${AUTHORIZATIONS}/${world.operator.id} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n` +
            `Authorization: Token ${world.operator.token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        const [data] = (await once(socket, "data")) as [Buffer];
        socket.destroy();
        assert.match(data.toString(), /^HTTP\/1\.1 200 /, type);
        assert.equal(simulator.requests.at(-1)?.headers["content-type"], type);
      }
    });

    it("closes at once, with idle connections, half a request and a delayed answer open", async () => {
      await start();
      simulator.faults.push({ delay: 3_600_000, path: "/api/v2/me" });
      await call("GET", AUTHORIZATIONS);
      const half = connect(simulator.port, "127.0.0.1");
      half.on("error", () => undefined);
      await once(half, "connect");
      half.write("GET / HTTP/1.1\r\n");
      const closed = once(half, "close");
      const delayed = assert.rejects(call("GET", "/api/v2/me"));
      while (simulator.requests.length < 2) await new Promise(setImmediate);
      await simulator.close();
      await Promise.all([closed, delayed]);
    });

    it("lists 100,000 authorizations in order of creation, and finds one by its ID and token", async () => {
      await start();
      const { world } = simulator;
      const ids = Array.from({ length: 100_000 }, (_, i) => world.addAuthorization({ token: `t${i}` }).id);
      assert.deepEqual([...world.authorizations.keys()], [world.operator.id, ...ids]);
      assert.deepEqual(ids, ids.toSorted());
      assert.equal(world.byToken("t99999")?.id, ids.at(-1));
      assert.equal((await call("GET", `${AUTHORIZATIONS}/${ids.at(-1)!}`)).status, 200);
    });
  });

  describe("the population", () => {
    beforeEach(() => start());

    it("is what a demo needs", () => {
      const world = new World();
      const now = new Date("2026-11-23T12:00:00Z");
      populate(world, now);
      const all = [...world.authorizations.values()];
      assert.deepEqual([world.orgs.size, world.users.size, all.length], [3, 6, 25]);
      const ofUser2 = all.filter(({ userID }) => userID === world.userNamed("user2").id);
      assert.equal(ofUser2.filter(({ orgID }) => orgID === world.orgNamed("home").id).length, 2);
      const marked = all.filter(({ description }) => description.endsWith("]"));
      assert.deepEqual(
        marked.map(({ description, status, updatedAt }) => [description.slice(-37), status, updatedAt]),
        [
          [" [disabled by housekeeping 2026-10-14]", "inactive", "2026-10-14T11:59:00Z"],
          [" [disabled by housekeeping 2026-11-18]", "inactive", "2026-11-18T11:59:00Z"],
        ].map(([text = "", ...rest]) => [text.slice(-37), ...rest]),
      );
      assert.equal(world.operator.updatedAt, "2026-11-23T12:00:00Z");
      assert.deepEqual(all[0], world.operator);
      assert.ok(all.every(({ createdAt }, i) => i === 0 || createdAt >= all[i - 1]!.createdAt));
      const { createdAt: setUp } = world.operator;
      assert.ok([...world.orgs.values()].every((org) => org.createdAt === setUp && org.updatedAt === setUp));
      const age = ({ updatedAt }: Authorization) => (now.getTime() - Date.parse(updatedAt)) / 86_400_000;
      const old = all.filter((each) => age(each) > 90);
      assert.ok(old.length >= 8);
      // Housekeeping takes the old ones, and must leave what other examples look for.
      for (const user of ["user1", "user2"]) {
        assert.ok(all.filter(({ userID }) => userID === world.userNamed(user).id).length >= 3);
        assert.ok(old.every(({ userID }) => userID !== world.userNamed(user).id));
      }
      assert.ok(all.every((each) => age(each) >= 0 && each.createdAt <= each.updatedAt));
    });
  });
});
