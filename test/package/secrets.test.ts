import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { generate } from "selfsigned";
import { request } from "undici";
import { startFixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import { installInfluxctl, type InfluxctlRun } from "../../simulator/influxctl.js";
import { startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import { TOKEN_MARK } from "../../simulator/ids.js";
import type { Simulator } from "../../simulator/server.js";
import type { ResourceName } from "../../src/products.js";
import { closing } from "../helpers/closing.js";
import { proxyNode } from "../helpers/core-nodes.js";
import { isOfCluster, OPERATION_NAMES, resourceOf } from "../helpers/package.js";
import { run, serve, startProxy, tlsBefore, type Running } from "../helpers/servers.js";

/**
 * A real Node-RED does the work of every node, well and badly, with tokens and a password that are marked; then
 * all that it wrote, showed and started is searched for them.
 */
describe("token values", function () {
  this.timeout(60_000);
  const secrets = {
    operator: `operator-${randomBytes(16).toString("hex")}`,
    wrong: `wrong-${randomBytes(16).toString("hex")}`,
    password: `password-${randomBytes(16).toString("hex")}`,
    // In each that the simulator makes.
    new: TOKEN_MARK,
  };
  const seen: { where: string; text: string }[] = [];
  let simulator: Simulator;
  let nodeRed: NodeRed;
  let folder: string;
  const also = closing(after);

  const node = (id: string, type: string, more: object = {}) => onTab({ id, type, ...more });

  /** What gives a node something to do. A new value goes where no Debug node shows it. */
  function propertiesOf(type: string): object {
    if (type === "influxdb-update-authorization") return { tokenStatus: "inactive", tokenStatusType: "str" };
    if (type === "influxdb-update-database-token") return { rights: "take" };
    const place = { place: "newValue", placeType: "flow" };
    if (!type.includes("create")) return /rotate|regenerate/.test(type) ? place : {};
    if (type.includes("influxdb3"))
      return {
        ...place,
        tokenName: "made",
        tokenNameType: "str",
        permissionsFrom: "admin",
        understood: true,
      };
    const table = [{ resource: "*", read: true, write: false }];
    return { ...place, description: "made", descriptionType: "str", permissionsFrom: "table", table };
  }

  const url = (path: string) => new URL(path, nodeRed.url).href;

  before(async () => {
    const fixture = await also(
      startFixture({
        ...{ operatorToken: secrets.operator, tokens: "clear" },
        influxctl: { slow: 300, gtkNoise: true },
      }),
    );
    ({ simulator } = fixture);
    const { clusters } = fixture;
    const { cluster, own: management } = fixture.clusterOf("cloud-dedicated");
    const other = clusters.addManagementToken(cluster, { description: "other" });
    const database = clusters.addDatabaseToken(cluster, { description: "mine", permissions: [] });
    const authorization = simulator.world.addAuthorization({ description: "mine" });
    const { world: world3 } = fixture.influxdb3;
    const { value: own3 } = world3.addToken({ name: "own" });
    const { value: named } = world3.addToken({ name: "mine" });
    Object.assign(secrets, {
      management: management.token,
      authorization: authorization.token,
      database: database.accessToken,
      other: other.token,
      own3,
      named,
      operator3: world3.tokens.get("_admin")?.value,
      basic: btoa(`me:${secrets.password}`),
    });

    folder = await mkdtemp(join(tmpdir(), "secrets-test-"));
    for (const name of ["tmp", "tells", "hangs"]) await mkdir(join(folder, name));
    const record = join(folder, "runs");
    const tells = await installInfluxctl(simulator, join(folder, "tells"), { echoToken: true });
    const hangs = await installInfluxctl(simulator, join(folder, "hangs"), { hang: true, record });
    const oss = (id: string, more: object = {}) => fixture.connectionTo("oss", { id, retries: "2", ...more });
    const dedicated = (id: string, more: object = {}) =>
      fixture.connectionTo("cloud-dedicated", { id, ...more });
    const core3 = (id: string, more: object = {}) =>
      fixture.connectionTo("influxdb3-core", { id, credentials: { token: own3 }, ...more });
    const wrong = { credentials: { token: secrets.wrong } };
    const own = await generate([{ name: "commonName", value: "localhost" }]);
    const { port: secure } = await also(tlsBefore(simulator.port, { key: own.private, cert: own.cert }));
    const proxy = await also(startProxy(({ method }) => (method === "CONNECT" ? undefined : 407)));
    const echo = (status: number) =>
      also(
        serve(({ headers }, answer) => {
          const message = JSON.stringify(headers);
          answer.writeHead(status).end(status === 502 ? `<html>${message}` : JSON.stringify({ message }));
        }),
      );
    // As InfluxDB 3 rejects a request, in a text that is shown.
    const echo3 = await also(
      serve(({ headers }, answer) => {
        answer.writeHead(400, { "cluster-uuid": "1" }).end(`serde error: ${JSON.stringify(headers)}`);
      }),
    );
    const malformed = (text: string) => also(serve((_, answer) => answer.end(text)));
    /** The connections whose servers do not do what they should. */
    const faulty: Record<string, Promise<Running>> = {
      "echo-500": echo(500),
      "echo-502": echo(502),
      "echo-400": echo(400),
      "echo-200": echo(200),
      raw: also(run(createServer((socket) => socket.on("error", () => undefined).pipe(socket)))),
      lost: also(serve(({ socket }) => socket.destroy())),
      "no-json": malformed(`[${authorization.token}`),
      "another-form": malformed(
        JSON.stringify({
          authorizations: [{ id: 1, status: authorization.token, token: authorization.token }],
        }),
      ),
    };
    const late = Array.from({ length: 8 }, () => simulator.world.addAuthorization({}).id);
    const ids: Record<ResourceName, string> = {
      authorizations: authorization.id,
      "database-tokens": database.id,
      "management-tokens": other.id,
      "influxdb3-tokens": "mine",
    };
    const connectionsOf = (name: string) => {
      if (isOfCluster(name)) return ["dedicated", "bad-dedicated"];
      return resourceOf(name) === "influxdb3-tokens" ? ["to-3", "bad-3"] : ["to-oss", "bad"];
    };
    const work: [type: string, connection: string, payload: string][] = [
      // Each node well and badly, in the order of package.json: what finds and changes comes before what removes.
      ...OPERATION_NAMES.flatMap((name) =>
        connectionsOf(name).map((connection): (typeof work)[number] => [
          `influxdb-${name}`,
          connection,
          ids[resourceOf(name)],
        ]),
      ),
      // It is gone by now.
      ["influxdb-delete-authorization", "to-oss", authorization.id],
      ...["proxied", "tunnelled", "secure", ...Object.keys(faulty)].flatMap((connection): typeof work => [
        ["influxdb-list-authorizations", connection, ""],
        ["influxdb-delete-authorization", connection, authorization.id],
      ]),
      ["influxdb-list-influxdb3-tokens", "echo-3", ""],
      ["influxdb-delete-influxdb3-token", "echo-3", "mine"],
      ["influxdb-list-management-tokens", "telling", ""],
      ["influxdb-list-management-tokens", "hanging", ""],
    ];
    const all = { active: true, console: true, tosidebar: true, complete: "true", targetType: "full" };
    const ports = Object.fromEntries(
      await Promise.all(
        Object.entries(faulty).map(async ([id, server]) => [id, (await server).port] as const),
      ),
    );
    nodeRed = await also(
      startNodeRed({
        env: { TMPDIR: join(folder, "tmp") },
        settings: { logging: { console: { level: "trace", metrics: true, audit: true } } },
        nodes: [
          { id: "tab", type: "tab", label: "work" },
          oss("to-oss"),
          oss("bad", wrong),
          dedicated("dedicated"),
          // As long as it waits for a login.
          dedicated("bad-dedicated", { influxctlTimeout: "2", ...wrong }),
          proxyNode(proxy.port, { credentials: { username: "me", password: secrets.password } }),
          oss("proxied", { proxy: "proxy" }),
          oss("tunnelled", { url: `https://localhost:${secure}`, proxy: "proxy" }),
          oss("secure", { url: `https://localhost:${secure}` }),
          ...Object.entries(ports).map(([id, port]) => oss(id, { url: `http://127.0.0.1:${port}` })),
          core3("to-3"),
          core3("bad-3", wrong),
          core3("echo-3", { url: `http://127.0.0.1:${echo3.port}` }),
          dedicated("telling", { influxctl: tells }),
          dedicated("hanging", { influxctl: hangs }),
          node("start", "inject", { once: true, onceDelay: 0.1, props: [], wires: [["step0"]] }),
          // One after another, whatever becomes of each.
          ...work.flatMap(([type, connection, payload], index) => [
            node(`step${index}`, "change", {
              rules: [{ t: "set", p: "payload", pt: "msg", to: payload, tot: "str" }],
              wires: [[`work${index}`]],
            }),
            node(`work${index}`, type, {
              connection,
              confirmed: true,
              ...propertiesOf(type),
              wires: [["all", `step${index + 1}`], ["all"]],
            }),
            node(`catch${index}`, "catch", { scope: [`work${index}`], wires: [["all", `step${index + 1}`]] }),
          ]),
          node(`step${work.length}`, "debug", { ...all, name: "the end" }),
          node("all", "debug", all),
          node("start-late", "inject", {
            props: [{ p: "payload", v: JSON.stringify(late), vt: "json" }],
            wires: [["late"]],
          }),
          node("late", "influxdb-delete-authorization", {
            connection: "to-oss",
            confirmed: true,
            wires: [["all"]],
          }),
        ],
      }),
    );
    const killed = new Set<number>();
    while (!nodeRed.log().includes("[debug:the end]")) {
      await look("/proc", ["cmdline", "environ"]);
      for (const line of (await readFile(record, "utf8").catch(() => "")).split("\n").slice(0, -1)) {
        const { pid } = JSON.parse(line) as InfluxctlRun;
        if (!killed.has(pid)) process.kill(pid, "SIGKILL");
        killed.add(pid);
      }
      await sleep(20);
    }
    await redeployDuring(late);
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** The node that deletes these is deployed anew while it does. */
  async function redeployDuring(ids: string[]): Promise<void> {
    const hanging = ids.slice(1, 5);
    simulator.faults.push({ path: new RegExp(hanging.join("|")), delay: 600_000, times: hanging.length });
    const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
      const all = { "content-type": "application/json", ...headers };
      const { statusCode, body: answer } = await request(url(path), { method: "POST", headers: all, body });
      assert.ok(statusCode < 300, await answer.text());
    };
    await post("inject/start-late", "{}");
    const asked = () => simulator.requests.map(({ path }) => path);
    while (!hanging.every((id) => asked().some((path) => path.endsWith(id)))) await sleep(20);
    const { body } = await request(url("flows"), { headers: { accept: "application/json" } });
    const flows = (await body.json()) as { id: string }[];
    const changed = flows.map((each) => (each.id === "late" ? { ...each, name: "deployed anew" } : each));
    await post("flows", JSON.stringify(changed), { "node-red-deployment-type": "nodes" });
    while (!nodeRed.log().includes("Started modified nodes")) await sleep(20);
  }

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
      "1 authorization created.",
      "1 database token created.",
      "1 management token created.",
      "1 InfluxDB 3 token created.",
      "outcome: 'regenerated'",
      "the server rejects the request",
      "unauthorized",
      "not-found",
      "the proxy did not pass the request on",
      "Certificate unknown, cannot",
      "the connection was lost",
      "It was tried 3 times",
      "the answer is not JSON",
      "the answer has another form",
      "no element of the list is a token",
      "unavailable",
      "influxctl failed",
      "Stopped half way",
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

  it("are in no answer of our own endpoints, well or badly", async () => {
    const connections = [
      "to-oss",
      "bad",
      "dedicated",
      "bad-dedicated",
      "to-3",
      "bad-3",
      "tunnelled",
      "telling",
    ];
    const servers = ["echo-500", "echo-502", "echo-400", "echo-200", "no-json", "another-form"];
    const paths = [...connections, ...servers].flatMap((id) => [
      `connections/${id}/tokens?limit=200`,
      `connections/${id}/lookup?of=description`,
      `connections/${id}/tokens?resource=management-tokens`,
    ]);
    let found = 0;
    for (const path of [...paths, ...Array.from({ length: 60 }, (_, index) => `nodes/work${index}/last`)]) {
      const { statusCode, body } = await request(url(`influxdb-tokens/${path}`));
      if (statusCode === 200) found++;
      assertNone(path, await body.text());
    }
    assert.ok(found > 10);
  });

  it("are in no file but that of Node-RED's credentials, and in no temporary one", async () => {
    const files = [];
    for (const each of [nodeRed.userDir, join(folder, "tmp")])
      files.push(...(await readdir(each, { recursive: true, withFileTypes: true })));
    for (const file of files) {
      if (!file.isFile() || file.name.startsWith("flows_cred") || file.name.startsWith(".flows_cred"))
        continue;
      const text = await readFile(join(file.parentPath, file.name), "latin1");
      for (const secret of Object.values(secrets))
        assert.ok(!text.includes(secret), `a token is in ${file.name}`);
    }
  });
});
