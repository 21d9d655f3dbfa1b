import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { request } from "undici";
import { startFixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import { startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import type { Simulator } from "../../simulator/server.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { closing } from "../helpers/closing.js";

const root = resolve(import.meta.dirname, "../..");
const oldest = resolve(root, "node_modules/node-20/bin/node");

/** The package as users get it, in a Node-RED 4.1 on the oldest Node.js that `engines` names. */
describe("the oldest Node.js", function () {
  this.timeout(60_000);
  const also = closing(after);
  let simulator: Simulator;
  let nodeRed: NodeRed;

  before(async () => {
    const fixture = await also(startFixture());
    ({ simulator } = fixture);
    const { world } = simulator;
    world.addUser("user1");
    for (const days of [1, 3, 2]) {
      world.addAuthorization({ user: "user1", createdAt: new Date(Date.now() - days * 86_400_000) });
    }
    const node = (id: string, type: string, next: string | undefined, more: object = {}) =>
      onTab({ id, type, wires: next === undefined ? [] : [[next]], ...more });
    nodeRed = await also(
      startNodeRed({
        version: "node-red-4",
        executable: oldest,
        nodes: [
          { id: "tab", type: "tab" },
          fixture.connectionTo("oss"),
          node("in", "http in", "list", { method: "post", url: "/first-of-user1" }),
          node("list", "influxdb-list-authorizations", "delete", {
            ...{ connection: "connection", result: "first", user: "user1", userType: "str" },
          }),
          node("delete", "influxdb-delete-authorization", "out", {
            connection: "connection",
            confirmed: true,
          }),
          node("out", "http response", undefined),
          node("catch", "catch", "out", { scope: ["list", "delete"] }),
        ],
      }),
    );
  });

  it("is the one that the tests run", () => {
    const { engines } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
      engines: { node: string };
    };
    const version = execFileSync(oldest, ["--version"], { encoding: "utf8" }).trim();
    assert.equal(engines.node, version.replace("v", ">="));
    assert.ok(nodeRed.log().includes(version), nodeRed.log());
    assert.notEqual(process.version, version, "the other tests run on it, too");
  });

  it("finds an authorization, and deletes it", async () => {
    const { authorizations } = simulator.world;
    const before = [...authorizations.values()];
    const { statusCode, body } = await request(`${nodeRed.url}first-of-user1`, { method: "POST" });
    const { id, outcome } = (await body.json()) as OutcomeRecord;
    assert.deepEqual([statusCode, outcome, id], [200, "deleted", before[2]!.id]);
    assert.deepEqual(
      [...authorizations.values()],
      before.filter((each) => each.id !== id),
    );
  });

  it("answers with the status of an error, through a Catch node alone", async () => {
    const { operator } = simulator.world;
    operator.status = "inactive";
    const { statusCode } = await request(`${nodeRed.url}first-of-user1`, { method: "POST" });
    operator.status = "active";
    assert.equal(statusCode, 502);
  });
});
