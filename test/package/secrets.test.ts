import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { Clusters } from "../../simulator/clusters.js";
import { installInfluxctl } from "../../simulator/influxctl.js";
import { freePort, startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import { startSimulator, type Simulator } from "../../simulator/server.js";

/**
 * A real Node-RED does the work of every node, well and badly, with tokens that are marked; then all that it
 * wrote, showed and started is searched for them.
 */
describe("token values", function () {
  this.timeout(60_000);
  const secrets = {
    operator: `operator-${randomBytes(16).toString("hex")}`,
    wrong: `wrong-${randomBytes(16).toString("hex")}`,
    management: `management-${randomBytes(16).toString("hex")}`,
  };
  const seen: { where: string; text: string }[] = [];
  let simulator: Simulator;
  let nodeRed: NodeRed;
  let folder: string;

  const node = (id: string, type: string, more: object = {}) => ({
    id,
    type,
    z: "tab",
    x: 9,
    y: 9,
    wires: [],
    ...more,
  });
  const url = (path: string) => new URL(path, nodeRed.url).href;

  before(async () => {
    const clusters = new Clusters();
    const cluster = clusters.addCluster({ product: "dedicated" });
    clusters.addManagementToken(cluster, { description: "own", token: secrets.management });
    const other = clusters.addManagementToken(cluster, { description: "other" });
    const database = clusters.addDatabaseToken(cluster, { description: "mine", permissions: [] });
    simulator = await startSimulator({ clusters, operatorToken: secrets.operator, tokens: "clear" });
    const authorization = simulator.world.addAuthorization({ description: "mine" });
    Object.assign(secrets, {
      authorization: authorization.token,
      database: database.accessToken,
      other: other.token,
    });

    folder = await mkdtemp(join(tmpdir(), "secrets-test-"));
    const influxctl = await installInfluxctl(simulator, folder, { slow: 300, gtkNoise: true });
    const ids = { accountId: cluster.accountId, clusterId: cluster.id };
    const dedicated = {
      type: "influxdb-connection",
      product: "cloud-dedicated",
      url: simulator.url,
      ...ids,
      influxctl,
    };
    const oss = { type: "influxdb-connection", product: "oss", url: simulator.url };
    const work: [type: string, connection: string, payload: unknown, more?: object][] = [
      ["influxdb-list-authorizations", "to-oss", ""],
      ["influxdb-list-authorizations", "bad", ""],
      [
        "influxdb-update-authorization",
        "to-oss",
        authorization.id,
        { status: "inactive", statusType: "str" },
      ],
      ["influxdb-delete-authorization", "to-oss", authorization.id],
      ["influxdb-delete-authorization", "to-oss", authorization.id],
      ["influxdb-list-database-tokens", "dedicated", ""],
      ["influxdb-list-database-tokens", "bad-dedicated", ""],
      ["influxdb-delete-database-token", "dedicated", database.id],
      ["influxdb-list-management-tokens", "dedicated", ""],
      ["influxdb-list-management-tokens", "bad-dedicated", ""],
      ["influxdb-revoke-management-token", "dedicated", other.id],
      ["influxdb-revoke-management-token", "bad-dedicated", other.id],
    ];
    const all = { active: true, console: true, tosidebar: true, complete: "true", targetType: "full" };
    nodeRed = await startNodeRed({
      port: await freePort(),
      settings: { logging: { console: { level: "trace", metrics: true, audit: true } } },
      flows: {
        nodes: [
          { id: "tab", type: "tab", label: "work" },
          { id: "to-oss", ...oss },
          { id: "bad", ...oss },
          { id: "dedicated", ...dedicated },
          { id: "bad-dedicated", ...dedicated },
          node("start", "inject", { once: true, onceDelay: 0.1, props: [], wires: [["step0"]] }),
          // One after another, whatever becomes of each.
          ...work.flatMap(([type, connection, payload, more], index) => [
            node(`step${index}`, "change", {
              rules: [{ t: "set", p: "payload", pt: "msg", to: payload, tot: "str" }],
              wires: [[`work${index}`]],
            }),
            node(`work${index}`, type, {
              connection,
              confirmed: true,
              ...more,
              wires: [["all", `step${index + 1}`], ["all"]],
            }),
            node(`catch${index}`, "catch", { scope: [`work${index}`], wires: [["all", `step${index + 1}`]] }),
          ]),
          node(`step${work.length}`, "debug", { ...all, name: "the end" }),
          node("all", "debug", all),
        ],
        credentials: {
          "to-oss": { token: secrets.operator },
          bad: { token: secrets.wrong },
          dedicated: { token: secrets.management },
          "bad-dedicated": { token: secrets.wrong },
        },
      },
    });
    while (!nodeRed.log().includes("[debug:the end]")) {
      await look("/proc", ["cmdline", "environ"]);
      await sleep(20);
    }
  });
  after(async () => {
    await nodeRed.stop();
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Reads what is to be seen of all other processes at this moment. */
  async function look(proc: string, files: string[]): Promise<void> {
    for (const pid of await readdir(proc).catch(() => [])) {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
      for (const file of files) {
        const text = await readFile(join(proc, pid, file), "latin1").catch(() => "");
        if (text.includes("influxctl") || text.includes("node-red"))
          seen.push({ where: `${file} of a process`, text });
      }
    }
  }

  const assertNone = (where: string, text: string) => {
    assert.ok(text.length > 0, `${where} is empty`);
    for (const [name, secret] of Object.entries(secrets))
      assert.ok(!text.includes(secret), `the ${name} token is in ${where}`);
  };

  it("are on no command line and in no environment", () => {
    assert.ok(seen.some(({ text }) => text.includes("management") && text.includes("--config")));
    for (const { where, text } of seen) assertNone(where, text);
  });

  it("are in no log, message, status or error, at any level", () => {
    const log = nodeRed.log();
    for (const word of [
      "outcome: 'deleted'",
      "outcome: 'revoked'",
      "outcome: 'updated'",
      "unauthorized",
      "not-found",
    ]) {
      assert.ok(log.includes(word), `the work had no ${word}`);
    }
    assertNone("the log", log);
  });

  it("are in no answer of the admin API, and so in no export", async () => {
    for (const path of [
      "flows",
      "nodes",
      "settings",
      "credentials/influxdb-connection/to-oss",
      "credentials/influxdb-connection/dedicated",
    ]) {
      const { body } = await request(url(path), { headers: { accept: "application/json" } });
      assertNone(path, await body.text());
    }
  });

  it("are in no file but that of Node-RED's credentials, and in no temporary one", async () => {
    const files = await readdir(nodeRed.userDir, { recursive: true, withFileTypes: true });
    for (const file of files) {
      if (!file.isFile() || file.name.startsWith("flows_cred") || file.name.startsWith(".flows_cred"))
        continue;
      const text = await readFile(join(file.parentPath, file.name), "latin1");
      for (const secret of Object.values(secrets))
        assert.ok(!text.includes(secret), `a token is in ${file.name}`);
    }
    assert.deepEqual(
      (await readdir(tmpdir())).filter((name) => name.startsWith("influxdb-tokens-influxctl-")),
      [],
    );
  });
});
