import assert from "node:assert/strict";
import { createHttp, type Http } from "../../../src/http/client.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { openDirectory, type Directory } from "../../../src/tokens/directory.js";
import { startSimulator, type Simulator } from "../../../simulator/server.js";

describe("the directory", () => {
  let simulator: Simulator;
  let https: Http[];
  let directory: Directory;

  const open = (token = simulator.world.operator.token) => {
    const http = createHttp({
      url: new URL(simulator.url),
      authorization: { scheme: "Token", token: fixedToken(new Secret(token)) },
      ...{ timeoutSeconds: 5, retries: 0, parallel: 4 },
    });
    https.push(http);
    return openDirectory(http, {});
  };
  beforeEach(async () => {
    simulator = await startSimulator();
    https = [];
    directory = open();
  });
  afterEach(async () => {
    await Promise.all(https.map((http) => http.close()));
    await simulator.close();
  });

  it("finds an organization and a user by name", async () => {
    const { world } = simulator;
    const org = world.addOrg("a&b=c d+é");
    const user = world.addUser("a&b=c d+é");
    assert.equal(await directory.org("a&b=c d+é"), org.id);
    assert.equal(await directory.user("a&b=c d+é"), user.id);
  });

  it("takes 16 hexadecimal digits for an ID, and asks nobody", async () => {
    assert.equal(await directory.org(" 0AAAAAAAAAAAAAAA "), "0aaaaaaaaaaaaaaa");
    assert.equal(await directory.user("0bbbbbbbbbbbbbbb"), "0bbbbbbbbbbbbbbb");
    assert.equal(simulator.requests.length, 0);
  });

  it("says of which name there is none, and never sends an empty one", async () => {
    await assert.rejects(directory.org("Home"), { code: "not-found", words: "no such org" });
    await assert.rejects(directory.user("nobody"), { code: "not-found", words: "no such user" });
    const blind = open(simulator.world.addAuthorization({}).token);
    await assert.rejects(blind.org("home"), { code: "not-found", message: /may read:orgs/ });
    await assert.rejects(blind.user("admin"), { code: "not-found", message: /may read:users/ });
    const before = simulator.requests.length;
    await assert.rejects(directory.org(" "), { code: "invalid-config" });
    await assert.rejects(directory.user(""), { code: "invalid-config" });
    assert.equal(simulator.requests.length, before);
  });

  it("does not take another that the server shows for the one that is meant", async () => {
    const body = JSON.stringify({ orgs: [{ id: "0aaaaaaaaaaaaaaa", name: "other" }] });
    simulator.faults.push({ status: 200, body });
    await assert.rejects(directory.org("home"), { code: "not-found" });
    simulator.faults.push({ status: 200, body });
    await assert.rejects(directory.user("admin"), { code: "bad-response" });
  });

  it("finds the only organization, and none where there are several", async () => {
    const { world } = simulator;
    assert.equal(await directory.onlyOrg(), world.orgNamed("home").id);
    const blind = open(world.addAuthorization({}).token);
    await assert.rejects(blind.onlyOrg(), { code: "forbidden", message: /read:orgs/ });
    world.addOrg("another");
    await assert.rejects(directory.onlyOrg(), { code: "invalid-config", message: /sees 2 organizations/ });
    for (let i = 0; i < 100; i++) world.addOrg(`org ${i}`);
    await assert.rejects(directory.onlyOrg(), { code: "invalid-config", message: /at least 100/ });
  });
});
