import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { startDemo, type Demo } from "../../simulator/start-demo.js";
import { closing } from "../helpers/closing.js";
import { signed } from "../helpers/signed.js";

/** Looks again and again, until the test's time is over. */
async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}

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

    it("opens on the first example", async () => {
      const flows = (await (await fetch(new URL("flows", demo.nodeRed.url))).json()) as Record<
        string,
        unknown
      >[];
      assert.equal(flows.find(({ type }) => type === "tab")?.label, "find and delete");
    });

    it("starts over: a button of each tab puts all tokens back", async () => {
      const { world } = demo.simulator;
      const { clusters } = demo;
      const named = demo.influxdb3.world.tokens;
      const all = () =>
        structuredClone([world.authorizations, clusters.databaseTokens, clusters.managementTokens, named]);
      const click = async (id: string) =>
        assert.equal(
          (await fetch(new URL(`inject/${id}`, demo.nodeRed.url), { method: "POST" })).status,
          200,
        );
      const flows = (await (await fetch(new URL("flows", demo.nodeRed.url))).json()) as Record<
        string,
        string
      >[];
      const buttons = flows.filter(({ type, name }) => type === "inject" && name === "start over");
      assert.equal(buttons.length, flows.filter(({ type }) => type === "tab").length);
      const back = async (button: Record<string, string>) => {
        await click(button.id!);
        await waitUntil(() => world.authorizations.get(demo.someId)?.status === "active");
      };
      await back(buttons[0]!);
      const before = all();
      for (const button of buttons) {
        world.authorizations.get(demo.someId)!.status = "inactive";
        world.authorizations.delete([...world.authorizations.keys()][1]!);
        const [first] = clusters.databaseTokens.keys();
        clusters.databaseTokens.delete(first!);
        [...clusters.managementTokens.values()].at(-1)!.revokedAt = new Date();
        named.delete("grafana");
        named.get("node-red")!.value = "another";
        assert.notDeepEqual(all(), before);
        await back(button);
        assert.deepEqual(all(), before);
      }
    });

    it("revokes a management token, for real", async () => {
      const { id } = [...demo.clusters.managementTokens.values()].at(-1)!;
      assert.deepEqual(await post("revoke-management-token", id), { status: 200, id, outcome: "revoked" });
      assert.ok(demo.clusters.managementTokens.get(id)?.revokedAt);
    });
  });
