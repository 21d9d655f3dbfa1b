import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import type { Clusters, ManagementToken } from "../../simulator/clusters.js";
import { startFixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import type { InfluxctlRun } from "../../simulator/influxctl.js";
import { startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import type { Simulator } from "../../simulator/server.js";
import { closing } from "../helpers/closing.js";

/** Milliseconds; longer than the test. */
const FOR_EVER = 600_000;
const PARALLEL = 4;

/**
 * A real Node-RED is killed in the middle of three sweeps, each of which writes an audit file, and started again
 * in the same user folder with the same messages.
 */
describe("a kill -9", function () {
  this.timeout(60_000);
  const also = closing(after);
  let simulator: Simulator;
  let clusters: Clusters;
  let nodeRed: NodeRed;
  let folder: string;
  let runs: InfluxctlRun[] = [];
  /** Tokens to delete, to disable and to revoke, and those that no message names. */
  let doomed: string[];
  let disabled: string[];
  let revoked: string[];
  let others: string[];
  let ofOthers: ManagementToken[];
  /** What there was when the process had died. */
  let audited: OutcomeRecord[];
  let gone: string[];
  let profiles: string[];
  let asked: number;

  const lines = async (file: string) =>
    (await readFile(join(folder, file), "utf8").catch(() => "")).split("\n").slice(0, -1);
  const audit = async (file: string) =>
    (await lines(file)).flatMap((line) => JSON.parse(line) as OutcomeRecord | OutcomeRecord[]);
  const profilesNow = async () => {
    const place = join(nodeRed.userDir, ".influxdb-tokens");
    return (await readdir(place)).map((name) => join(place, name));
  };
  const requests = (method: string, ids: string[]) =>
    simulator.requests.filter(
      (request) => request.method === method && ids.some((id) => request.path.endsWith(`/${id}`)),
    );
  const until = async (condition: () => Promise<boolean>) => {
    while (!(await condition())) await sleep(20);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "kill-test-"));
    await mkdir(join(folder, "tmp"));
    const fixture = await also(
      startFixture({
        // It shows which token is the connection's own, and no look is needed for that.
        tokens: "clear",
        influxctl: { only: "revoke", slow: 8000, record: join(folder, "runs") },
      }),
    );
    ({ simulator, clusters } = fixture);
    const { cluster, own } = fixture.clusterOf("cloud-dedicated");
    const { world } = simulator;
    const user = world.addUser("somebody");
    const add = (count: number) => Array.from({ length: count }, () => world.addAuthorization({ user }).id);
    const toRevoke = () => clusters.addManagementToken(cluster, { description: "one" });
    doomed = add(200);
    disabled = add(60);
    others = [...add(20), world.operator.id];
    revoked = [toRevoke(), toRevoke(), toRevoke()].map(({ id }) => id);
    ofOthers = [own, toRevoke()];

    // A hundred are deleted; of the next four, two are deleted, but all are still under way.
    const lost = new RegExp(`(${doomed.slice(100, 102).join("|")})$`);
    const under = new RegExp(`(${[...doomed.slice(102, 104), ...disabled.slice(30, 34)].join("|")})$`);
    simulator.faults.push(
      { path: lost, drop: "after", times: 2 },
      { path: lost, status: 503, headers: { "retry-after": "60" }, times: 2 },
      { path: under, delay: FOR_EVER, times: 6 },
    );

    const sweep = (name: string, type: string, connection: string, ids: string[], more: object = {}) => [
      onTab({
        ...{ id: `start-${name}`, type: "inject" },
        ...{ once: true, onceDelay: 0.1, props: [{ p: "payload", v: JSON.stringify(ids), vt: "json" }] },
        wires: [[name]],
      }),
      onTab({
        ...{ id: name, type, connection, confirmed: true, limit: "", notFound: "done", report: "each" },
        ...more,
        wires: [[`audit-${name}`]],
      }),
      onTab({
        ...{ id: `audit-${name}`, type: "file" },
        ...{ filename: join(folder, name), filenameType: "str" },
        ...{ appendNewline: true, overwriteFile: "false", encoding: "none" },
      }),
    ];
    const connection = { timeout: "60", parallel: PARALLEL };
    const inactive = { tokenStatus: "inactive", tokenStatusType: "str" };
    nodeRed = await also(
      startNodeRed({
        env: { TMPDIR: join(folder, "tmp") },
        nodes: [
          { id: "tab", type: "tab", label: "sweeps" },
          fixture.connectionTo("oss", { id: "for-deletes", ...connection }),
          fixture.connectionTo("oss", { id: "for-updates", ...connection }),
          fixture.connectionTo("cloud-dedicated", { id: "dedicated", ...connection }),
          ...sweep("deleted", "influxdb-delete-authorization", "for-deletes", doomed),
          ...sweep("updated", "influxdb-update-authorization", "for-updates", disabled, inactive),
          ...sweep("revoked", "influxdb-revoke-management-token", "dedicated", revoked),
        ],
      }),
    );
    await until(async () => {
      runs = (await lines("runs")).map((line) => JSON.parse(line) as InfluxctlRun);
      return (
        (await lines("deleted")).length === 100 &&
        requests("DELETE", doomed).length === 106 &&
        requests("PATCH", disabled).length === 34 &&
        runs.filter(({ argv }) => argv.includes("revoke")).length === revoked.length
      );
    });
    await nodeRed.kill();

    audited = await audit("deleted");
    gone = doomed.filter((id) => !world.authorizations.has(id));
    profiles = await profilesNow();
    for (const profile of profiles) {
      const config = await readFile(join(profile, "config.toml"), "utf8");
      assert.ok(config.includes(own.token), "a profile without the token");
    }
    asked = simulator.requests.length;
    simulator.faults.length = 0;
    await nodeRed.startAgain();
    await until(
      async () =>
        (await audit("deleted")).length === audited.length + doomed.length &&
        (await audit("updated")).length === disabled.length &&
        (await audit("revoked")).length === revoked.length,
    );
  });
  after(async () => {
    // What outlived its Node-RED ends by itself.
    for (const { pid } of runs) await until(() => Promise.resolve(!isAlive(pid)));
    await rm(folder, { recursive: true, force: true });
  });

  it("loses of the audit file what was under way, and nothing else", () => {
    assert.deepEqual(audited.map(({ id }) => id).toSorted(), doomed.slice(0, 100).toSorted());
    assert.ok(audited.every(({ outcome }) => outcome === "deleted"));
    assert.equal(gone.length, 102);
  });

  it("hinders nothing: the same message does the rest, and each token is in the audit file", async () => {
    const { world } = simulator;
    assert.ok(doomed.every((id) => !world.authorizations.has(id)));
    const again = (await audit("deleted")).slice(audited.length);
    assert.deepEqual(again.map(({ id }) => id).toSorted(), doomed.toSorted());
    for (const { id, outcome } of again)
      assert.equal(outcome, gone.includes(id) ? "not-found" : "deleted", id);

    assert.ok(disabled.every((id) => world.authorizations.get(id)?.status === "inactive"));
    assert.ok((await audit("updated")).every(({ outcome }) => outcome === "updated"));

    assert.ok(revoked.every((id) => clusters.managementTokens.get(id)?.revokedAt !== undefined));
    assert.ok((await audit("revoked")).every(({ outcome }) => outcome === "revoked"));
  });

  it("touches nothing that no message names", () => {
    const { world } = simulator;
    assert.ok(others.every((id) => world.authorizations.get(id)?.status === "active"));
    assert.ok(ofOthers.every(({ id }) => clusters.managementTokens.get(id)?.revokedAt === undefined));
    const changes = simulator.requests.filter(({ method }) => method !== "GET").length;
    const meant = [...requests("DELETE", [...doomed, ...revoked]), ...requests("PATCH", disabled)];
    assert.equal(changes, meant.length);
  });

  it("costs each token one more request at the most", () => {
    const afterwards = simulator.requests.slice(asked).map(({ path }) => path);
    for (const id of [...doomed, ...disabled])
      assert.equal(afterwards.filter((path) => path.endsWith(`/${id}`)).length, 1, id);
  });

  it("leaves influxctl's profiles with their token, which the next start removes", async () => {
    assert.equal(profiles.length, revoked.length);
    assert.deepEqual(await profilesNow(), []);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
