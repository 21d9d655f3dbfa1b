import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { stringify } from "smol-toml";
import { Clusters, type Cluster, type ManagementToken } from "../../simulator/clusters.js";
import { installInfluxctl, type InfluxctlBehaviour, type InfluxctlRun } from "../../simulator/influxctl.js";
import { startSimulator, type Simulator } from "../../simulator/server.js";
import { UUID } from "../helpers/ids.js";
import { tlsBefore } from "../helpers/servers.js";

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

describe("the stand-in of influxctl", () => {
  let clusters: Clusters;
  let simulator: Simulator;
  let cluster: Cluster;
  let caller: ManagementToken;
  let folder: string;
  let config: string;
  let running: ChildProcess[];

  beforeEach(async () => {
    clusters = new Clusters();
    simulator = await startSimulator({ clusters });
    cluster = clusters.addCluster({ product: "dedicated" });
    caller = clusters.addManagementToken(cluster, { description: "caller" });
    folder = await mkdtemp(join(tmpdir(), "influxctl-test-"));
    config = join(folder, "config.toml");
    running = [];
    await configure();
  });

  afterEach(async () => {
    running.forEach(endTree);
    await simulator.close();
    await rm(folder, { recursive: true });
  });

  /** Writes the profiles; the first is the caller's unless something else is said. */
  async function configure(changes: object = {}, ...others: object[]): Promise<void> {
    const profile = {
      ...{ name: "default", product: "dedicated", account_id: cluster.accountId, cluster_id: cluster.id },
      ...{ mgmt_token: caller.token },
      ...changes,
    };
    await writeFile(config, stringify({ profile: [profile, ...others] }), { mode: 0o600 });
  }

  /** Starts it in an environment that says nothing, as the leader of a group of its own. */
  async function start(args: string[], behaviour?: InfluxctlBehaviour): Promise<ChildProcess> {
    const command = await installInfluxctl(simulator, folder, behaviour);
    const child = spawn(command, ["--config", config, ...args], {
      detached: true,
      cwd: folder,
      env: { A: "1" },
    });
    running.push(child);
    return child;
  }

  function endTree({ pid }: ChildProcess): void {
    try {
      process.kill(-pid!, "SIGKILL");
    } catch {
      // It has ended.
    }
  }

  async function finished(child: ChildProcess, stdin = ""): Promise<Run> {
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]!.setEncoding("utf8").on("data", (chunk: string) => (texts[name] += chunk));
    }
    child.stdin!.on("error", () => undefined).end(stdin);
    const [code] = (await once(child, "close")) as [number | null];
    return { code, ...texts };
  }

  async function run(args: string[], behaviour?: InfluxctlBehaviour, stdin?: string): Promise<Run> {
    return finished(await start(args, behaviour), stdin);
  }

  const manage = (...args: string[]) => ["management", ...args];
  const LIST = manage("list", "--format", "json");
  const revoke = (...ids: string[]) => manage("revoke", "--force", ...ids);

  async function listed(behaviour?: InfluxctlBehaviour, ...globals: string[]): Promise<unknown[]> {
    const { code, stdout, stderr } = await run([...globals, ...LIST], behaviour);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as unknown[];
  }

  /** That it ended as expected: the code, and what one of the outputs has in it. */
  function assertRun(actual: Run, code: number, stdout: RegExp, stderr = /^$/): void {
    assert.match(actual.stdout, stdout);
    assert.match(actual.stderr, stderr);
    assert.equal(actual.code, code);
  }

  function add(wanted: Partial<ManagementToken> = {}): ManagementToken {
    return clusters.addManagementToken(cluster, { description: "a token", ...wanted });
  }

  const isRevoked = ({ id }: ManagementToken) => clusters.managementTokens.get(id)!.revokedAt !== undefined;

  describe("lists", () => {
    it("in the documented form, what was revoked too", async () => {
      const times = {
        createdAt: new Date("2024-03-12T19:58:47.622Z"),
        expiresAt: new Date("2024-06-27T12:34:56Z"),
        revokedAt: new Date("2024-03-12T20:03:29.948Z"),
      };
      const { id, token } = add(times);
      clusters.addManagementToken(clusters.addCluster({ product: "dedicated" }), { description: "other" });
      const shown = (await listed()) as { id: string }[];
      assert.deepEqual(
        shown.map((each) => each.id),
        [id, caller.id],
      );
      assert.deepEqual(shown[0], {
        id,
        account_id: cluster.accountId,
        token_prefix: token.slice(0, 14),
        expires_at: { seconds: 1719491696 },
        revoked_at: { seconds: 1710273809, nanos: 948_000_000 },
        created_at: { seconds: 1710273527, nanos: 622_000_000 },
        description: "a token",
        created_by: caller.createdBy,
      });
      assert.deepEqual(Object.keys(shown[1]!), [
        "id",
        "account_id",
        "token_prefix",
        "created_at",
        "description",
        "created_by",
      ]);
    });

    it("a table, where never is 1970", async () => {
      const { id } = add({ createdAt: new Date("2024-03-12T19:58:47.622Z") });
      const { code, stdout } = await run(manage("list"));
      assert.equal(code, 0);
      const [rule, head, , row] = stdout.split("\n");
      assert.match(rule!, /^(\+-+){6}\+$/);
      assert.match(head!, /ID .* DESCRIPTION .* PREFIX .* CREATED AT .* EXPIRES AT .* REVOKED AT/);
      const never = "1970-01-01T00:00:00Z";
      const cells = row!.split("|").map((cell) => cell.trim());
      assert.deepEqual(
        [cells[1], cells[2], ...cells.slice(4, 7)],
        [id, "a token", "2024-03-12T19:58:47Z", never, never],
      );
    });

    it("in the wanted order", async () => {
      add({ description: "aaa" });
      add({ description: "zzz" });
      const { stdout } = await run(manage("list", "-format=json", "--sort", "description"));
      const descriptions = (JSON.parse(stdout) as { description: string }[]).map((each) => each.description);
      assert.deepEqual(descriptions, ["aaa", "caller", "zzz"]);
    });
  });

  describe("revokes", () => {
    it("one token, whose value is no good then", async () => {
      const token = add();
      assertRun(await run(revoke(token.id)), 0, /revoked/);
      assert.ok(isRevoked(token));
      assert.equal(clusters.caller(token.token), undefined);
      assert.ok(clusters.caller(caller.token));
    });

    it("several, and goes on after an error", async () => {
      const [one, two] = [add(), add()];
      const result = await run(revoke(one.id, UUID, "--all", two.id));
      assertRun(result, 1, /revoked\n.*revoked/, /NotFound[^]*InvalidArgument[^]*2 of 4/);
      assert.deepEqual([one, two, caller].map(isRevoked), [true, true, false]);
    });

    it("no token of another account", async () => {
      const other = clusters.addManagementToken(clusters.addCluster({ product: "dedicated" }), {
        description: "",
      });
      assertRun(await run(revoke(other.id)), 1, /^$/, /NotFound/);
      assert.ok(!isRevoked(other));
    });

    it("a revoked token again, which changes nothing", async () => {
      const revokedAt = new Date("2024-01-01T00:00:00Z");
      const token = add({ revokedAt });
      assertRun(await run(revoke(token.id)), 0, /revoked/);
      assert.equal(token.revokedAt, revokedAt);
    });

    it("after a question only, without --force", async () => {
      const token = add();
      for (const stdin of ["", "\n", "n\n", "maybe\n"]) {
        assertRun(await run(manage("revoke", token.id), {}, stdin), 1, /\(y\/N\)/, /aborted/);
        assert.ok(!isRevoked(token));
      }
      assertRun(await run(manage("revoke", token.id), {}, "y\n"), 0, /\(y\/N\).*revoked/);
      assert.ok(isRevoked(token));
    });

    it("what comes after -- and is no flag, and takes no flag after an ID", async () => {
      const [one, two] = [add(), add()];
      assertRun(await run(manage("revoke", "--force", "--", one.id)), 0, /revoked/);
      assertRun(await run(manage("revoke", two.id, "--force")), 1, /\(y\/N\)/, /aborted/);
      assert.deepEqual([one, two].map(isRevoked), [true, false]);
      assertRun(await run(manage("revoke", "--force")), 1, /Incorrect Usage: at least one/);
    });
  });

  it("creates a token, which it shows once", async () => {
    const args = ["--description", "new", "--expires-at", "2030-01-01T00:00:00Z"];
    const { stdout } = await run(manage("create", "--format", "json", ...args));
    const { id, token } = JSON.parse(stdout) as { id: string; token: string };
    const made = clusters.managementTokens.get(id)!;
    assert.deepEqual([made.token, made.description, made.createdBy], [token, "new", caller.createdBy]);
    assert.match(token, /^M\.V1\.\w{64,}$/);
    assert.match(
      (await run(manage("create"))).stdout,
      /^\| ID +\| \S+ \|\n(\|.+\n)+(warn .+\n){2}M\.V1\.\w{64,}\n$/,
    );
    const renamed = await run(manage("create", "--format=json"), { valueKey: "secret_string" });
    assert.match((JSON.parse(renamed.stdout) as Record<string, string>).secret_string!, /^M\.V1\./);
    assert.ok(!JSON.stringify(await listed()).includes(token));
  });

  it("says its version, and what it does not know", async () => {
    await rm(config);
    assertRun(await run(["version"]), 0, /^influxctl version v2\.12\.0/);
    assertRun(await run(["--version"], { version: "v2.5.0" }), 0, /v2\.5\.0/);
    assertRun(await run(["database", "list"]), 1, /USAGE/, /has no command "database list"/);
    assertRun(
      await run(["--verbose", ...LIST]),
      1,
      /Incorrect Usage: flag provided but not defined: -verbose/,
    );
    assertRun(await run(manage("list", "--format", "yaml")), 1, /must be table or json/);
    assertRun(await run(["--timeout", "soon", ...LIST]), 1, /invalid value "soon" for flag -timeout/);
  });

  describe("reads the profile", () => {
    it("that is named", async () => {
      await configure({ name: "other" });
      assert.equal((await listed({}, "--profile", "other")).length, 1);
      assertRun(await run(LIST), 1, /^$/, /profile "default" not found/);
    });

    it("and what the command line says of account and cluster", async () => {
      await configure({ account_id: "", cluster_id: "" });
      assertRun(await run(LIST), 1, /^$/, /account_id is required/);
      const place = ["--account", cluster.accountId, "--cluster", cluster.id];
      assert.equal((await listed({}, ...place)).length, 1);
    });

    it("and refuses one that is wrong", async () => {
      const other = clusters.addCluster({ product: "dedicated" });
      const wrong: [object, RegExp][] = [
        [{ product: "serverless" }, /unknown product "serverless"/],
        [{ product: "clustered" }, /host is required/],
        [{ product: "clustered", host: "[::1]", port: "1" }, /invalid address/],
        [{ account_id: other.accountId }, /PermissionDenied/],
        [{ cluster_id: other.id }, /PermissionDenied/],
        [{ cluster_id: caller.id }, /NotFound/],
        [{ cluster_id: "mine" }, /InvalidArgument/],
      ];
      for (const [changes, expected] of wrong) {
        await configure(changes);
        assertRun(await run(LIST), 1, /^$/, expected);
      }
      await writeFile(config, "[[profile]");
      assertRun(await run(LIST), 1, /^$/, /failed to load configuration file/);
      await rm(config);
      assertRun(await run(LIST), 1, /^$/, /ENOENT/);
    });

    it("of Clustered, over TLS unless that is disabled", async () => {
      const clustered = clusters.addCluster({ product: "clustered" });
      const { token } = clusters.addManagementToken(clustered, { description: "clustered" });
      const { private: key, cert } = await generate([{ name: "commonName", value: "127.0.0.1" }], {
        extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
        // influxctl gets little of the environment, and so no shifted clock.
        notBeforeDate: new Date(0),
        notAfterDate: new Date("2100-01-01"),
      });
      const ca = join(folder, "ca.pem");
      await writeFile(ca, cert);
      const secure = await tlsBefore(simulator.port, { key, cert });
      const profile = (port: number, tls?: object) =>
        configure({ product: "clustered", host: "127.0.0.1", port: String(port), mgmt_token: token, tls });
      try {
        for (const [port, tls] of [
          [secure.port, { insecure: true }],
          [secure.port, { ca }],
          [simulator.port, { disable: true }],
        ] as const) {
          await profile(port, tls);
          assert.equal((await listed()).length, 1);
        }
        for (const [port, tls] of [
          [secure.port, {}],
          [secure.port, { ca: join(folder, "missing.pem") }],
          [simulator.port, { insecure: true }],
        ] as const) {
          await profile(port, tls);
          assertRun(
            await run(LIST),
            1,
            /^$/,
            /Unavailable.*handshake failed: tls: |failed to load TLS files/,
          );
        }
      } finally {
        await secure.close();
      }
    });
  });

  describe("without a good management token", () => {
    it("waits for a login, until its time is over", async () => {
      const past = new Date(Date.now() - 1000);
      const revoked = add({ revokedAt: past }).token;
      const expired = add({ expiresAt: past }).token;
      for (const mgmt_token of ["", "unknown", revoked, expired]) {
        await configure({ mgmt_token });
        const result = await run(["--timeout", "0m1.5s", ...LIST]);
        assertRun(result, 1, /visit https:\/\/.*WDJB-MJHT/, /deadline exceeded/);
      }
    }).timeout(30_000);

    it("waits for a minute, which nobody has to wait for", async () => {
      await configure({ mgmt_token: undefined });
      const child = await start(LIST);
      await once(child.stdout!, "data");
      assert.equal(child.exitCode, null);
      endTree(child);
      assert.deepEqual(await once(child, "close"), [null, "SIGKILL"]);
    });
  });

  describe("misbehaves as told:", () => {
    it("noise of GTK", async () => {
      const { code, stdout, stderr } = await run(LIST, { gtkNoise: true });
      assert.equal((JSON.parse(stdout) as unknown[]).length, 1);
      assert.match(stderr, /atk-bridge[^]*Gtk-WARNING/);
      assert.equal(code, 0);
    });

    it("slow", async () => {
      const begin = performance.now();
      await listed({ slow: 300 });
      assert.ok(performance.now() - begin >= 300);
    });

    it("hanging", async () => {
      const record = join(folder, "runs");
      const child = await start(["--timeout", "1ms", ...LIST], { hang: true, gtkNoise: true, record });
      // By the time of its noise, it has begun.
      await once(child.stderr!, "data");
      assert.equal(child.exitCode, null);
      endTree(child);
      assert.deepEqual(await once(child, "close"), [null, "SIGKILL"]);
      assert.equal(simulator.requests.length, 0);
    });

    it("refusing", async () => {
      assertRun(await run(LIST, { refuse: "no, thanks" }), 1, /^$/, /^Error: no, thanks\n$/);
    });

    it("without JSON", async () => {
      const result = await run(LIST, { noJson: true });
      assertRun(result, 1, /^Incorrect Usage: flag provided but not defined: -format\n[^]*USAGE/);
      assertRun(await run(manage("list"), { noJson: true }), 0, /DESCRIPTION/);
    });

    it("a table instead of JSON", async () => {
      assertRun(await run(LIST, { tableOnly: true }), 0, /^\+-[^]*DESCRIPTION/);
    });

    it("an empty list", async () => {
      assertRun(await run(LIST, { emptyList: true }), 0, /^null\n$/);
    });

    it("lying", async () => {
      const token = add();
      assertRun(await run(revoke(token.id), { lie: true }), 0, /revoked/);
      assert.ok(!isRevoked(token));
    });

    it("failing after it has revoked", async () => {
      const token = add();
      assertRun(await run(revoke(token.id), { failAfterRevoking: true }), 1, /revoked/, /Unavailable/);
      assert.ok(isRevoked(token));
    });

    it("failing after it has created", async () => {
      const before = clusters.managementTokens.size;
      assertRun(await run(manage("create"), { failAfterCreating: true }), 1, /M\.V1\./, /Unavailable/);
      assert.equal(clusters.managementTokens.size, before + 1);
    });

    it("telling the token", async () => {
      const { code, stderr } = await run(LIST, { echoToken: true });
      assert.ok(stderr.includes(caller.token));
      assert.equal(code, 1);
      for (const flag of ["--debug", "--trace"]) {
        assert.ok((await run([flag, ...LIST])).stderr.includes(caller.token));
      }
    });

    it("with a child that outlives it", async () => {
      const record = join(folder, "runs");
      const child = await start(LIST, { child: true, record });
      const closed = finished(child);
      assert.deepEqual(await once(child, "exit"), [0, null]);
      const { child: pid } = JSON.parse(await readFile(record, "utf8")) as InfluxctlRun;
      assert.doesNotThrow(() => process.kill(pid!, 0));
      let isClosed = false;
      void closed.then(() => (isClosed = true));
      // Without the child, the end of the outputs comes with the exit.
      await new Promise((done) => setImmediate(done));
      assert.ok(!isClosed);
      endTree(child);
      assert.equal((await closed).code, 0);
    });

    it("at one command only", async () => {
      const token = add();
      const behaviour: InfluxctlBehaviour = { refuse: "not that", only: "revoke" };
      assert.equal((await listed(behaviour)).length, 2);
      assertRun(await run(revoke(token.id), behaviour), 1, /^$/, /not that/);
    });
  });

  it("writes down how it was called", async () => {
    const record = join(folder, "runs");
    const own = join(folder, "own");
    await mkdir(own);
    await chmod(own, 0o700);
    const text = await readFile(config);
    config = join(own, "config.toml");
    await writeFile(config, text, { mode: 0o600 });
    await listed({ record });
    await run(["version"], { record });
    const [one, two] = (await readFile(record, "utf8")).trim().split("\n");
    const { pid, ...rest } = JSON.parse(one!) as InfluxctlRun;
    assert.equal(pid, running[0]!.pid);
    assert.deepEqual(rest, {
      argv: ["--config", config, ...LIST],
      env: { A: "1" },
      cwd: folder,
      config: {
        path: config,
        mode: "0600",
        folderMode: "0700",
        sha256: createHash("sha256").update(text).digest("hex"),
      },
    });
    assert.deepEqual((JSON.parse(two!) as InfluxctlRun).argv.at(-1), "version");
  });

  it("is an executable that starts fast", async () => {
    const command = await installInfluxctl(simulator, folder);
    assert.equal((await stat(command)).mode & 0o777, 0o755);
    const bare: number[] = [];
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const begin = performance.now();
      await once(spawn(process.execPath, ["-e", "0"]), "close");
      const between = performance.now();
      await run(["version"]);
      bare.push(between - begin);
      times.push(performance.now() - between);
    }
    // Not much more than Node.js by itself.
    assert.ok(
      Math.min(...times) < 2 * Math.min(...bare) + 100,
      `${times.join(", ")} ms; ${bare.join(", ")} ms`,
    );
  });

  it("meets the faults of the simulator", async () => {
    const token = add();
    const body = JSON.stringify({ code: 503, message: "try later" });
    simulator.faults.push({ method: "DELETE", path: /^\/simulator\//, status: 503, body });
    assertRun(await run(revoke(token.id)), 1, /^$/, /Unavailable desc = try later/);
    assert.ok(!isRevoked(token));
    simulator.faults.push({ path: /management-tokens/, delay: 60_000 });
    assertRun(await run(["--timeout=100ms", ...LIST]), 1, /^$/, /deadline exceeded/);
    simulator.faults.push({ path: /management-tokens/, drop: "before" });
    assertRun(await run(LIST), 1, /^$/, /Unavailable.*socket hang up/);
    await configure({ product: "clustered", host: "127.0.0.1", port: "1", tls: { disable: true } });
    assertRun(await run(LIST), 1, /^$/, /dial tcp 127\.0\.0\.1:1: connect: connection refused/);
  });
});
