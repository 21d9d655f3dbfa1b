import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeAPI } from "node-red";
import { auditLog } from "../../nodes/runtime/audit-log.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { addTokens, withNode } from "../helpers/fixture.js";
import { trailIn, type AuditLine, type Properties } from "../helpers/runtime.js";

const told = (lines: AuditLine[]) => lines.map(({ type, id, outcome }) => [type, id, outcome]);
const inactive = { tokenStatus: "inactive", tokenStatusType: "str" };
const CLEAR = { tokens: "clear" } as const;

describe("the audit trail", () => {
  let folder: string;
  let auditFile: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "audit-test-"));
    auditFile = join(folder, "audit.jsonl");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const inFile = async () =>
    (await readFile(auditFile, "utf8"))
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as AuditLine);

  it("goes to Node-RED's log: who does what to which token, and what became of it", () =>
    withNode(
      "delete-authorization",
      { confirmed: true, name: "nightly" },
      async ({ simulator, runtime, send }) => {
        const [token] = addTokens(simulator, 1);
        await send({ _msgid: "message1", payload: { id: token!.id, description: "of Bob" } });
        const [request, response, ...more] = trailIn(runtime.log());
        const { time, ...rest } = request!;
        assert.ok(Math.abs(Date.now() - Date.parse(String(time))) < 60_000);
        const same = {
          ...{ operation: "delete authorization", id: token!.id, description: "of Bob", message: "message1" },
          ...{ flow: "tab", node: "node", nodeName: "nightly", connection: "connection" },
        };
        assert.deepEqual(rest, { type: "request", ...same });
        assert.partialDeepStrictEqual(response, { type: "response", outcome: "deleted", ...same });
        assert.deepEqual(more, []);
      },
      { simulator: CLEAR },
    ));

  it("is there before the request goes out", () =>
    withNode(
      "delete-authorization",
      { confirmed: true },
      async ({ simulator, runtime, send }) => {
        const [token] = addTokens(simulator, 1);
        let before: AuditLine[] | undefined;
        simulator.faults.push({
          path: new RegExp(token!.id),
          raw: (socket, answer) => {
            before = trailIn(runtime.log());
            socket.write(answer);
          },
        });
        await send({ payload: token!.id });
        assert.deepEqual(told(before!), [["request", token!.id, undefined]]);
      },
      { simulator: CLEAR },
    ));

  for (const [what, connection] of [
    ["log", () => ({})],
    ["file", () => ({ auditFile })],
  ] as const) {
    const trail = async (log: string) => (what === "log" ? trailIn(log) : inFile());

    it(`names each token of an array, whatever becomes of it (${what})`, () =>
      withNode(
        "delete-authorization",
        { confirmed: true },
        async ({ simulator, runtime, send }) => {
          const ids = addTokens(simulator, 3).map(({ id }) => id);
          simulator.faults.push({ path: new RegExp(ids[1]!), status: 500 });
          const { payload } = await send({ payload: [...ids, "0aaaaaaaaaaaaaaa"] });
          const lines = await trail(runtime.log());
          const requests = lines.filter(({ type }) => type === "request").map(({ id }) => id);
          assert.deepEqual(requests, [...ids, "0aaaaaaaaaaaaaaa"]);
          for (const { id, outcome, error } of payload as OutcomeRecord[]) {
            const response = lines.find((line) => line.type === "response" && line.id === id);
            assert.deepEqual([response?.outcome, response?.error], [outcome, error?.code], id);
          }
        },
        { connection: connection(), simulator: CLEAR },
      ));

    it(`says nothing of a dry run and of a list (${what})`, async () => {
      const options = { connection: connection(), simulator: CLEAR };
      const check = async (log: string) => {
        assert.deepEqual(trailIn(log), []);
        await assert.rejects(inFile(), { code: "ENOENT" });
      };
      await withNode(
        "delete-authorization",
        { dryRun: true },
        async ({ simulator, runtime, send }) => {
          await send({ payload: addTokens(simulator, 2).map(({ id }) => id) });
          await check(runtime.log());
        },
        options,
      );
      await withNode(
        "list-authorizations",
        {},
        async ({ runtime, send }) => {
          await send({});
          await check(runtime.log());
        },
        options,
      );
    });
  }

  it("says what an update sets", () =>
    withNode(
      "update-authorization",
      { ...inactive, description: "gone", descriptionType: "str" },
      async ({ simulator, send }) => {
        const [token] = addTokens(simulator, 1);
        await send({ payload: token!.id });
        const [request, response] = await inFile();
        assert.partialDeepStrictEqual(request, {
          operation: "update authorization",
          changes: { status: "inactive", description: "gone" },
        });
        assert.equal(response!.outcome, "updated");
      },
      { connection: { auditFile }, simulator: CLEAR },
    ));

  it("holds no token value that a message brings", () =>
    withNode(
      "delete-authorization",
      { confirmed: true },
      async ({ simulator, send }) => {
        const [token] = addTokens(simulator, 1);
        await send({ payload: token });
        assert.ok(!(await readFile(auditFile, "utf8")).includes(token!.token));
      },
      { connection: { auditFile }, simulator: CLEAR },
    ));

  describe("that cannot be written", () => {
    const cannot = () => ({ auditFile: join(folder, "missing", "audit.jsonl") });

    for (const [type, properties] of [
      ["delete-authorization", { confirmed: true }],
      ["delete-authorization", { confirmed: true, report: "each" }],
      ["update-authorization", inactive],
    ] as [string, Properties][]) {
      it(`lets ${type} do nothing, and the error says why (${JSON.stringify(properties)})`, () =>
        withNode(
          type,
          properties,
          async ({ simulator, sent, send }) => {
            const ids = addTokens(simulator, 100).map(({ id }) => id);
            const { error } = await send({ payload: ids });
            assert.equal(error?.code, "audit-failed");
            assert.match(error.message, /audit file .*missing.*ENOENT/);
            assert.deepEqual(sent(), []);
            assert.equal((await send({ payload: ids[0] })).error?.code, "audit-failed");
            assert.deepEqual(sent(), []);
            // It works as soon as it can.
            await mkdir(join(folder, "missing"));
            assert.equal((await send({ payload: ids })).error, undefined);
          },
          { connection: cannot(), simulator: CLEAR },
        ));
    }

    it("lets delete-database-token do nothing", () =>
      withNode(
        "delete-database-token",
        { confirmed: true },
        async ({ simulator, clusters, cluster, send }) => {
          const { id } = clusters.addDatabaseToken(cluster, { description: "one", permissions: [] });
          assert.equal((await send({ payload: id })).error?.code, "audit-failed");
          assert.deepEqual(simulator.requests, []);
        },
        { connection: cannot() },
      ));

    it("lets revoke-management-token do nothing", () =>
      withNode(
        "revoke-management-token",
        { confirmed: true },
        async ({ clusters, cluster, send }) => {
          const { id } = clusters.addManagementToken(cluster, { description: "one" });
          assert.equal((await send({ payload: id })).error?.code, "audit-failed");
          assert.equal(clusters.managementTokens.get(id)?.revokedAt, undefined);
        },
        { connection: cannot() },
      ));

    it("after the effect leaves the outcome in Node-RED's log", () =>
      withNode(
        "delete-authorization",
        { confirmed: true },
        async ({ simulator, runtime, send }) => {
          const [token, other] = addTokens(simulator, 2);
          simulator.faults.push({
            path: new RegExp(token!.id),
            raw: (socket, answer) => {
              void rm(folder, { recursive: true }).then(() => socket.write(answer));
            },
          });
          const { payload, error } = await send({ payload: token!.id });
          assert.equal(error, undefined);
          assert.equal((payload as OutcomeRecord).outcome, "deleted");
          await runtime.logged(new RegExp(`${token!.id}: deleted\\. Audit not written: the audit file`));
          assert.equal((await send({ payload: other!.id })).error?.code, "audit-failed");
          assert.ok(simulator.world.authorizations.has(other!.id));
        },
        { connection: { auditFile }, simulator: CLEAR },
      ));
  });

  describe("in Node-RED's log", () => {
    const LEVELS = { FATAL: 10, ERROR: 20, WARN: 30, INFO: 40 };
    const own = { handler: () => undefined };
    it("lets nothing be done where a log fails", async () => {
      const fail = () => {
        throw new Error("full");
      };
      const RED = { log: { ...LEVELS, log: fail }, settings: {} } as unknown as NodeAPI;
      const log = auditLog(RED, { id: "node1" } as never);
      await assert.rejects(log.append("request", ["{}"]), { code: "audit-failed", fatal: true });
    });

    it("is out of the process before the request, also where nobody reads", async () => {
      const child = fork(resolve(import.meta.dirname, "../helpers/audit-log.ts"), {
        execArgv: ["--import", "tsx"],
        stdio: ["ignore", "pipe", "inherit", "ipc"],
      });
      const ended = once(child, "exit");
      let out = 0;
      child.on("message", (count: number) => {
        out = count;
      });
      // Until what lies between the processes is full.
      for (let before = -1; out === 0 || out > before;) {
        before = out;
        await sleep(200);
      }
      child.kill("SIGKILL");
      const [read] = await Promise.all([text(child.stdout!), ended]);
      assert.ok(out > 10);
      for (let index = 1; index <= out; index++)
        assert.ok(read.includes(`"line":${index},`), `line ${index}`);
    });

    for (const [expected, logging] of [
      ["INFO", undefined],
      ["INFO", {}],
      ["INFO", { console: { level: "info" } }],
      ["INFO", { console: { level: "trace" } }],
      ["INFO", { console: {} }],
      ["WARN", { console: { level: "warn" } }],
      ["ERROR", { console: { level: "error" } }],
      ["FATAL", { console: { level: "fatal" } }],
      ["INFO", { console: { level: "fatal" }, file: { level: "debug", ...own } }],
      ["WARN", { console: { level: "error" }, file: { level: "warn", ...own } }],
      ["WARN", { console: { level: "warn" }, nothing: { level: "info" } }],
    ] as const) {
      it(`has the level ${expected} where that is set to ${JSON.stringify(logging)}`, async () => {
        const entries: object[] = [];
        const RED = {
          log: { ...LEVELS, log: (entry: object) => entries.push(entry) },
          settings: { logging },
        } as unknown as NodeAPI;
        const node = { id: "node1", type: "influxdb-delete-authorization", z: "flow1", name: "nightly" };
        await auditLog(RED, node as never).append("request", ["{}"]);
        assert.deepEqual(entries, [{ level: LEVELS[expected], msg: "{}", ...node }]);
      });
    }
  });
});
