import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { connectionOf } from "../../nodes/influxdb-connection/connection.js";
import { startFixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import type { Simulator } from "../../simulator/server.js";
import { Secret } from "../../src/text/secret.js";
import { closing } from "../helpers/closing.js";
import { outcomes } from "../helpers/faults.js";
import { addTokens, withNode, type NodeFixture } from "../helpers/fixture.js";
import { startRuntime, subflowOf, type Properties } from "../helpers/runtime.js";

describe("a connection whose token is in a file", () => {
  const also = closing(afterEach);
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "token-file-"));
    file = join(folder, "token");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    Reflect.deleteProperty(process.env, "T_FILE");
  });

  const write = (text: string, to = file) => {
    writeFileSync(to, `${text}\n`);
  };
  /** Another token that may do everything. */
  const addOperator = ({ world }: Simulator) =>
    world.addAuthorization({ user: "admin", permissions: world.operator.permissions });
  /** The tokens that the server was sent, one after another. */
  const used = ({ requests }: Simulator) =>
    requests
      .map(({ headers }) => headers.authorization?.split(" ")[1])
      .filter((each, index, all) => each !== all[index - 1]);

  interface FileFixture extends NodeFixture {
    first: { id: string; token: string };
    second: { id: string; token: string };
  }
  /** Runs `work` with a connection to OSS whose file holds the first of two tokens; the second can do the same. */
  const withFile = (
    name: string,
    work: (fixture: FileFixture) => Promise<void>,
    options: Parameters<typeof withNode>[3] & { node?: Properties } = {},
  ): Promise<void> => {
    let second: FileFixture["second"];
    return withNode(
      name,
      { confirmed: true, tokenStatus: "inactive", tokenStatusType: "str", ...options.node },
      async (fixture) => {
        const { world } = fixture.simulator;
        await work({ ...fixture, first: world.operator, second });
        // Nothing of it is in what Node-RED was told.
        for (const { token } of [world.operator, second]) assert.ok(!fixture.runtime.log().includes(token));
      },
      {
        ...options,
        connection: { tokenFile: file, credentials: {}, retries: "0", parallel: "1", ...options.connection },
        prepare(simulator) {
          second = addOperator(simulator);
          write(simulator.world.operator.token);
          return undefined;
        },
      },
    );
  };

  it("takes the token that is there when a message comes, without a credential", () =>
    withFile("list-authorizations", async ({ send, simulator, first, second }) => {
      assert.equal((await send({})).error, undefined);
      write(second.token);
      assert.equal((await send({})).error, undefined);
      assert.deepEqual(used(simulator), [first.token, second.token]);
    }));

  it("does not use the credential", () =>
    withFile(
      "list-authorizations",
      async ({ send, simulator, first }) => {
        assert.equal((await send({})).error, undefined);
        assert.deepEqual(used(simulator), [first.token]);
      },
      { connection: { credentials: { token: "Token not-used" } } },
    ));

  it("takes its path from the environment", () => {
    process.env.T_FILE = file;
    return withFile(
      "list-authorizations",
      async ({ send }) => assert.equal((await send({})).error, undefined),
      { connection: { tokenFile: "${T_FILE}" } },
    );
  });

  for (const [tokenFile, words] of [
    ["token", /field "tokenFile" holds a text of 5 characters, expected an absolute path/],
    ["C:\\token", /field "tokenFile" holds a text of 8 characters, expected an absolute path/],
    ["${T_FILE}", /field "tokenFile" names the environment variable T_FILE, which is not set/],
  ] as const) {
    it(`refuses the path ${tokenFile}`, () =>
      withFile(
        "list-authorizations",
        async ({ send, simulator }) => {
          const { error } = await send({});
          assert.equal(error?.code, "invalid-config");
          assert.match(error.message, words);
          assert.equal(simulator.requests.length, 0);
        },
        { connection: { tokenFile } },
      ));
  }

  it("goes on in mid-sweep with the new token when the old one is disabled", () =>
    withFile("delete-authorization", async ({ runtime, simulator, first, second }) => {
      const ids = addTokens(simulator, 40).map(({ id }) => id);
      runtime.inject({ payload: ids });
      await simulator.arrived(20);
      write(second.token);
      simulator.world.operator.status = "inactive";
      const seen = await runtime.ended(1);
      assert.equal(seen.error, undefined);
      assert.deepEqual(new Set(outcomes(seen)), new Set(["deleted"]));
      assert.deepEqual(used(simulator), [first.token, second.token]);
    }));

  it("reports a refused token once if the file holds no other", () =>
    withFile("list-authorizations", async ({ send, simulator }) => {
      write("not-one-of-this-server");
      const seen = await send({});
      assert.equal(seen.error?.code, "unauthorized");
      assert.equal(seen.ends, 1);
      assert.equal(simulator.requests.length, 1);
    }));

  it("goes on with the token that it knows while there is none in the file, and warns once", () =>
    withFile("list-authorizations", async ({ send, runtime, simulator, first, second }) => {
      assert.equal((await send({})).error, undefined);
      rmSync(file);
      assert.equal((await send({})).error, undefined);
      write("");
      assert.equal((await send({})).error, undefined);
      const warnings = runtime.log().match(/goes on with the token that it knows/g);
      assert.equal(warnings?.length, 1);
      assert.ok(runtime.log().includes(file));
      write(second.token);
      assert.equal((await send({})).error, undefined);
      assert.deepEqual(used(simulator), [first.token, second.token]);
    }));

  it("says so if there is none from the start, and works as soon as there is", () =>
    withFile("list-authorizations", async ({ send, simulator, first }) => {
      rmSync(file);
      const { error } = await send({});
      assert.equal(error?.code, "invalid-config");
      assert.ok(error.message.includes(`the field "tokenFile" names ${file}, which does not exist`));
      write("hunter2 \n hunter3");
      const wrong = await send({});
      assert.equal(wrong.error?.code, "invalid-config");
      assert.ok(!inspect(wrong, { depth: 9 }).includes("hunter"));
      assert.equal(simulator.requests.length, 0);
      write(first.token);
      assert.equal((await send({})).error, undefined);
    }));

  it("reads another file after a deploy", () =>
    withFile("list-authorizations", async ({ send, runtime, simulator, first, second }) => {
      await send({});
      const other = join(folder, "other");
      write(second.token, other);
      await runtime.deploy(
        (nodes) => nodes.map((node) => (node.id === "connection" ? { ...node, tokenFile: other } : node)),
        "nodes",
      );
      assert.equal((await send({})).error, undefined);
      assert.deepEqual(used(simulator), [first.token, second.token]);
    }));

  for (const tokens of ["clear", "redacted"] as const) {
    it(`protects the new token, and no longer the old one, where tokens are ${tokens}`, () =>
      withFile(
        "delete-authorization",
        async ({ send, simulator, first, second }) => {
          assert.equal((await send({ payload: first.id })).error?.code, "protected");
          write(second.token);
          assert.equal((await send({ payload: second.id })).error?.code, "protected");
          assert.equal((await send({ payload: first.id })).error, undefined);
          assert.ok(!simulator.world.authorizations.has(first.id));
          assert.equal((await send({ payload: second.id })).error?.code, "protected");
        },
        {
          simulator: { tokens },
          ...(tokens === "redacted" && { product: "cloud", connection: { product: "cloud" } }),
        },
      ));
  }

  it("does not believe the own token ID of a token that came later", () =>
    withFile("delete-authorization", async ({ send, runtime, simulator, first, second }) => {
      await runtime.deploy(
        (nodes) => nodes.map((node) => (node.id === "connection" ? { ...node, ownTokenId: first.id } : node)),
        "nodes",
      );
      const { id } = simulator.world.addAuthorization({ user: "admin" });
      assert.equal((await send({ payload: id })).error, undefined);
      write(second.token);
      // The server hides the values of tokens, so each active one of the user may be it.
      assert.match((await send({ payload: second.id })).error?.message ?? "", /may be the connection's own/);
      assert.ok(simulator.world.authorizations.has(second.id));
    }));

  it("gives influxctl the token that is there when it runs", () =>
    withNode(
      "list-management-tokens",
      { state: "", stateType: "any", allTokens: true },
      async ({ send, clusters, cluster, own }) => {
        write(own.token);
        assert.equal((await send({})).error, undefined);
        const next = clusters.addManagementToken(cluster, { description: "next" });
        own.revokedAt = new Date();
        write(next.token);
        assert.equal((await send({})).error, undefined);
      },
      { connection: { tokenFile: file, credentials: {} } },
    ));

  it("tells the rotation which value it sends", () =>
    withFile("list-authorizations", async ({ send, runtime, first, second }) => {
      await send({});
      const RED = { nodes: { getNode: (id: string) => runtime.node(id) } } as never;
      const connection = connectionOf(RED, "connection", "authorizations");
      const isOwn = () => [first, second].map(({ token }) => connection.isOwnValue(new Secret(token)));
      assert.deepEqual(isOwn(), [true, false]);
      write(second.token);
      connection.refreshToken();
      assert.deepEqual(isOwn(), [false, true]);
    }));

  it("can share the file with another connection, and is one of each instance of a subflow", async () => {
    const { simulator, ...fixture } = await also(startFixture());
    const first = simulator.world.operator;
    const second = addOperator(simulator);
    const settings = { tokenFile: file, credentials: {}, retries: "0" };
    const list = { type: "influxdb-list-authorizations", user: "admin", userType: "str" };
    write(first.token);
    const runtime = await also(
      startRuntime("subflow:sf", {}, fixture.connectionTo("oss", settings), {
        nodes: [
          ...subflowOf({ id: "list", ...list, connection: "inner" }),
          fixture.connectionTo("oss", { ...settings, id: "inner", z: "sf" }),
          onTab({ id: "instance", type: "subflow:sf", wires: [["out0"]] }),
          onTab({ id: "outer", ...list, connection: "connection", wires: [["out0"], []] }),
        ],
      }),
    );
    for (const { token } of [first, second]) {
      write(token);
      const before = simulator.requests.length;
      for (const id of ["node", "instance", "outer"]) {
        const listed = runtime.next("out0");
        runtime.inject({}, id);
        await listed;
      }
      const sent = simulator.requests.slice(before).map(({ headers }) => headers.authorization);
      assert.deepEqual(sent, new Array(3).fill(`Token ${token}`));
    }
  });
});
