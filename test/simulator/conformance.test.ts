import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { conforms, readRecording, recordingFiles, RECORDINGS } from "../../simulator/recordings.js";
import { replay } from "../../simulator/replay.js";
import type { Exchange, Recording } from "../../simulator/replay.js";

const GET = join(RECORDINGS, "oss-v2-hashed", "get.json");

describe("the simulator conforms to a real server", () => {
  // Mocha wants to know its tests before it runs any, so the files are named here.
  it("has recordings to replay", async () => {
    assert.equal((await recordingFiles()).length, 20);
  });

  const ofTwo = ["create", "credentials", "delete", "get", "list", "misc", "patch", "self"];
  const recorded = {
    "oss-v2-hashed": ofTwo,
    "oss-v2-clear": ofTwo,
    "core-v3": ["disable-authz", "main", "recovery", "without-auth"],
  };
  for (const [folder, names] of Object.entries(recorded)) {
    for (const name of names) {
      const file = join(RECORDINGS, folder, `${name}.json`);
      it(relative(RECORDINGS, file), async () => {
        assert.deepEqual(await replay(await readRecording(file)), []);
      });
    }
  }
});

describe("a replay", () => {
  /** Changes the first answer of a recording, and gives back where the replay then differs. */
  async function differencesAfter(tamper: (exchange: Exchange) => void): Promise<string[]> {
    const recording = await readRecording(GET);
    tamper(recording.exchanges[0]!);
    const differences = await replay(recording);
    assert.ok(differences.every(({ exchange }) => exchange === recording.exchanges[0]!.name));
    return differences.map(({ where }) => where);
  }

  it("finds a wrong status", async () => {
    const found = await differencesAfter(({ response }) => (response.status = 201));
    assert.deepEqual(found, ["status"]);
  });

  it("finds a wrong header", async () => {
    const found = await differencesAfter(({ response }) => (response.headers!["x-influxdb-build"] = "Cloud"));
    assert.deepEqual(found, ["header x-influxdb-build"]);
  });

  it("finds a missing header", async () => {
    const found = await differencesAfter(({ response }) => (response.headers!["retry-after"] = "3"));
    assert.deepEqual(found, ["header retry-after"]);
  });

  it("finds a header too many", async () => {
    const found = await differencesAfter(({ response }) => delete response.headers!["content-type"]);
    assert.deepEqual(found, ["header content-type"]);
  });

  it("finds wrong, missing and unexpected values in JSON", async () => {
    const found = await differencesAfter(({ response }) => {
      const json = response.json as Record<string, unknown>;
      json["status"] = "inactive";
      json["colour"] = "red";
      delete json["org"];
      json["permissions"] = [];
    });
    const expected = ["json.status", "json.org", "json.permissions.length", "json.colour"];
    assert.deepEqual(found.toSorted(), expected.toSorted());
  });

  it("finds a time that is none", async () => {
    const found = await differencesAfter(({ response }) => {
      (response.json as Record<string, unknown>)["token"] = "{{time}}";
    });
    assert.deepEqual(found, ["json.token"]);
  });

  it("finds a name that stands for two values", async () => {
    const found = await differencesAfter(({ response }) => {
      (response.json as Record<string, unknown>)["userID"] = "{{user:user1}}";
    });
    assert.deepEqual(found, ["json.userID"]);
  });

  it("finds a body where none is expected", async () => {
    const found = await differencesAfter(({ response }) => delete response.json);
    assert.deepEqual(found, ["body"]);
  });

  it("finds a request that names what nothing has shown", async () => {
    const found = await differencesAfter(({ request }) => (request.path = "/api/v2/users/{{user:nobody}}"));
    assert.deepEqual(found, ["request"]);
  });

  it("refuses what it cannot set up", async () => {
    const recording: Recording = { server: {}, given: { ghosts: [] } as Recording["given"], exchanges: [] };
    await assert.rejects(replay(recording), /ghosts/);
  });

  it("learns new names from answers and uses them in later requests", async () => {
    const headers = { Authorization: "Token {{token:operator}}" };
    const links = { self: "/api/v2/users/{{user:new}}" };
    const json = { links, id: "{{user:new}}", name: "new", status: "active" };
    const path = "/api/v2/users";
    const recording: Recording = {
      server: {},
      given: {},
      exchanges: [
        {
          name: "a",
          request: { method: "POST", path, headers, body: { name: "new" } },
          response: { status: 201, json },
        },
        { name: "b", request: { method: "GET", path: links.self, headers }, response: { status: 200, json } },
      ],
    };
    const differences = await replay(recording);
    assert.deepEqual(new Set(differences.map(({ where }) => where)), new Set(["header content-type"]));
  });
});

describe("a replay of InfluxDB 3", () => {
  /** Where the replay of these exchanges differs. */
  async function differences(...exchanges: Exchange[]): Promise<string[]> {
    const server = { product: "InfluxDB 3 Core", version: "3.9.6" };
    const found = await replay({ server, given: {}, exchanges });
    return found.map(({ exchange, where }) => `${exchange}: ${where}`);
  }

  const made = { "content-type": "json", "access-control-allow-origin": "*" };
  const rows = { ...made, "content-type": "application/json" };
  const headers = { Authorization: "Bearer {{token:admin}}", "Content-Type": "application/json" };
  const token = (name: string, key: string, expiry: unknown) => ({
    ...{ id: key === "admin" ? 0 : 1, name, token: `{{token:${key}}}`, hash: `{{hash:${key}}}` },
    ...{ created_at: "{{time}}", expiry },
  });
  const operator: Exchange = {
    name: "operator",
    request: { method: "POST", path: "/api/v3/configure/token/admin" },
    response: { status: 201, headers: made, json: token("_admin", "admin", null) },
  };
  const short: Exchange = {
    name: "short",
    request: {
      ...{ method: "POST", path: "/api/v3/configure/token/named_admin", headers },
      body: { token_name: "short", expiry_secs: 2 },
    },
    response: { status: 201, headers: made, json: token("short", "short", "{{time}}") },
  };
  const expired = (json: unknown): Exchange => ({
    name: "expired",
    request: {
      ...{ method: "POST", path: "/api/v3/query_sql", headers },
      body: { db: "_internal", q: "SELECT name FROM system.tokens WHERE expiry < now()" },
    },
    response: { status: 200, headers: rows, json },
  });

  it("knows the hash of each value", async () => {
    assert.deepEqual(await differences(operator), []);
    const json = { ...token("_admin", "admin", null), hash: "{{hash9:admin}}" };
    const wrong = { ...operator, response: { ...operator.response, json } };
    assert.deepEqual(await differences(wrong), ["operator: json.hash"]);
  });

  it("lets time pass where a recording has waited, and only there", async () => {
    const found = await differences(operator, short, expired([]), expired([{ name: "short" }]));
    assert.deepEqual(found, []);
    const other = await differences(operator, short, expired([{ name: "other" }]), expired([]));
    assert.deepEqual(other, ["expired: json.length"]);
  });

  it("finds an answer where the server should have ended the connection", async () => {
    const found = await differences({ ...operator, response: { error: "RemoteDisconnected" } });
    assert.deepEqual(found, ["operator: status"]);
  });
});

describe("the conformance of a directory", () => {
  let directory: string;
  const printed: string[] = [];
  const check = () => conforms(directory, (line) => printed.push(line));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "conformance-"));
    printed.length = 0;
  });

  afterEach(() => rm(directory, { recursive: true }));

  it("fails without any recording", async () => {
    assert.equal(await check(), false);
    assert.match(printed.join("\n"), /no recording/);
  });

  it("fails with a file that is no recording", async () => {
    await writeFile(join(directory, "broken.json"), "{");
    await writeFile(join(directory, "other.json"), "{}");
    assert.equal(await check(), false);
    assert.match(printed.join("\n"), /unreadable {2}broken\.json.*\nunreadable {2}other\.json/);
  });

  it("names every difference", async () => {
    const recording = await readRecording(GET);
    recording.exchanges[0]!.response.status = 418;
    await writeFile(join(directory, "teapot.json"), JSON.stringify(recording));
    assert.equal(await check(), false);
    assert.match(
      printed.join("\n"),
      /differs {3}teapot\.json.*\n {2}teapot\.json: one: status: expected 418, got 200/,
    );
  });

  it("holds when nothing differs", async () => {
    await writeFile(join(directory, "good.json"), JSON.stringify(await readRecording(GET)));
    assert.equal(await check(), true);
  });
});
