import assert from "node:assert/strict";
import { startDemo, type Demo } from "../../simulator/start-demo.js";
import { closing } from "../helpers/closing.js";
import { signed } from "../helpers/signed.js";

for (const version of ["node-red", "node-red-4"] as const)
  describe(`the demo in ${version}`, function () {
    this.timeout(60_000);
    const also = closing(after);
    let demo: Demo;
    before(async () => {
      demo = await also(startDemo({ version }));
    });

    const post = async (path: string, id: string) => {
      const response = await fetch(new URL(path, demo.nodeRed.url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(signed(id, demo.secret)),
      });
      return (await response.json()) as unknown;
    };

    it("starts all examples without a warning, an error or an installation", () => {
      const problems = demo.nodeRed
        .log()
        .split("\n")
        .filter((line) => / \[(warn|error)\] \[/.test(line));
      assert.deepEqual(problems, []);
      assert.doesNotMatch(demo.nodeRed.log(), /Installing/);
    });

    it("disables an authorization", async () => {
      const { world } = demo.simulator;
      assert.deepEqual(await post("disable-token", demo.someId), {
        status: 200,
        id: demo.someId,
        outcome: "updated",
      });
      assert.equal(world.authorizations.get(demo.someId)?.status, "inactive");
    });

    it("revokes a management token, for real", async () => {
      const { id } = [...demo.clusters.managementTokens.values()].at(-1)!;
      assert.deepEqual(await post("revoke-management-token", id), { status: 200, id, outcome: "revoked" });
      assert.ok(demo.clusters.managementTokens.get(id)?.revokedAt);
    });
  });
