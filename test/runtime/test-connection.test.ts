import assert from "node:assert/strict";
import { access, chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeAPI } from "node-red";
import helper from "node-red-node-test-helper";
import { serveAdmin } from "../../nodes/admin/admin.js";
import { startInfluxdb3 } from "../../simulator/influxdb3.js";
import type { FlowNode } from "../../simulator/flow.js";
import type { Report } from "../../src/check/report.js";
import type { Product } from "../../src/products.js";
import { closing } from "../helpers/closing.js";
import { coreModules, proxyNode, tlsNode } from "../helpers/core-nodes.js";
import { withNode, type NodeFixture } from "../helpers/fixture.js";
import type { Properties } from "../helpers/runtime.js";
import { serve, startProxy } from "../helpers/servers.js";

const modules = [...coreModules, (RED: NodeAPI) => serveAdmin(RED)];
const TYPED = "a-token-that-was-typed";

interface Answer {
  status: number;
  body: Report & { error?: { code: string; message: string } };
}

async function post(body: object): Promise<Answer> {
  return await helper.request().post("/influxdb-tokens/test").send(body);
}

/** What the dialog of a connection sends. */
function dialogOf({ id, type, name, credentials, ...properties }: FlowNode, changes: Properties = {}) {
  return { id, properties: { tls: "", proxy: "", ...properties, ...changes } };
}

const linesOf = ({ body }: Answer) =>
  (body.findings ?? []).map(({ level, text }) => `${level}: ${text}`).join("\n");

describe("the admin endpoint that tests a connection", () => {
  const also = closing(afterEach);

  /** Runs `work` with a connection that is deployed. */
  async function withConnection(
    product: Product,
    work: (
      fixture: NodeFixture & { connection: FlowNode; token: string; used: () => string[] },
    ) => Promise<void>,
    options: { nodes?: FlowNode[]; connection?: Properties } = {},
  ): Promise<void> {
    const name = product === "oss" ? "list-authorizations" : "list-database-tokens";
    await withNode(
      name,
      {},
      async (fixture) => {
        const connection = fixture.connectionTo(product, options.connection);
        /** The authorizations that the server was sent. */
        const used = () =>
          fixture.simulator.requests.flatMap(({ headers }) => headers.authorization?.split(" ")[1] ?? []);
        await work({ ...fixture, connection, token: connection.credentials!.token!, used });
      },
      { product, modules, ...options },
    );
  }

  it("tests what is deployed with the stored token, and shows no token", async () => {
    await withConnection("oss", async ({ connection, token, used }) => {
      const answer = await post(dialogOf(connection));
      assert.equal(answer.status, 200);
      assert.match(
        linesOf(answer),
        /ok: The token is accepted\. It is of the user admin\..*delete authorization: allowed/s,
      );
      assert.deepEqual([...new Set(used())], [token]);
      assert.ok(!JSON.stringify(answer.body).includes(token));
    });
  });

  it("reads a token file that is deployed, for what it is deployed for, and no other", async () => {
    const folder = await mkdtemp(join(tmpdir(), "token-file-"));
    try {
      const deployed = join(folder, "deployed");
      const other = join(folder, "other");
      await writeFile(other, "hunter2");
      const settings = { tokenFile: deployed, credentials: { token: "not-used" } };
      await withConnection(
        "oss",
        async ({ connection, simulator, used }) => {
          assert.match(
            linesOf(await post(dialogOf(connection))),
            /warning: .*names \S+deployed, which does not exist.* Only the address is tested\./,
          );
          const { token } = simulator.world.operator;
          await writeFile(deployed, `${token}\n`);
          const elsewhere = simulator.url.replace("127.0.0.1", "localhost");
          for (const [id, changes] of [
            [connection.id, { tokenFile: other }],
            [connection.id, { tokenFile: "" }],
            [connection.id, { url: elsewhere }],
            ["new", {}],
          ] as const) {
            const answer = await post(dialogOf({ ...connection, id }, changes));
            assert.match(linesOf(answer), /warning: .*deploy first\. Only the address is tested/);
          }
          const typed = await post({ ...dialogOf(connection, { tokenFile: other }), token: "typed" });
          assert.match(linesOf(typed), /warning: The token file is read only as it is deployed/);
          assert.deepEqual(used(), []);
          const relative = await post(dialogOf(connection, { tokenFile: "token" }));
          assert.match(linesOf(relative), /wrong: .*field "tokenFile" holds .* expected an absolute path/);
          const accepted = await post(dialogOf(connection));
          assert.match(linesOf(accepted), /ok: The token is accepted/);
          assert.ok(!JSON.stringify(accepted.body).includes(token));
          assert.deepEqual([...new Set(used())], [token]);
        },
        { connection: settings },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("tests what is not deployed with the token that was typed", async () => {
    await withConnection("oss", async ({ connection, token, used, simulator }) => {
      const other = simulator.world.addAuthorization({ user: simulator.world.addUser("ann"), token: TYPED });
      for (const id of ["new", connection.id]) {
        const answer = await post({ ...dialogOf({ ...connection, id }), token: ` ${other.token} ` });
        assert.match(linesOf(answer), /ok: The token is accepted/);
      }
      assert.ok(!used().includes(token), "the stored token was sent for the typed one");
      const without = await post(dialogOf({ ...connection, id: "new" }));
      assert.match(
        linesOf(without),
        /warning: There is no token: type it\. Only the address is tested\.\nok: Reached/,
      );
    });
  });

  describe("never sends the stored token", () => {
    /** Tests the deployed connection with these changes in its dialog, and gives what that says. */
    async function testChanged(
      product: Product,
      changesOf: (fixture: NodeFixture) => Promise<Properties>,
      nodes?: FlowNode[],
    ) {
      let said = "";
      await withConnection(
        product,
        async (fixture) => {
          const before = fixture.used().length;
          const answer = await post(dialogOf(fixture.connection, await changesOf(fixture)));
          assert.equal(answer.status, 200);
          said = linesOf(answer);
          assert.deepEqual(fixture.used().slice(before), []);
          assert.ok(!said.includes(fixture.token));
        },
        nodes && { nodes },
      );
      assert.match(
        said,
        /^warning: The stored token is sent only to what it was deployed for, .*type the token again, or deploy first/,
      );
      return said;
    }

    it("to another address", async () => {
      const seen: unknown[] = [];
      const thief = await also(
        serve(({ headers }, response) => {
          seen.push(headers.authorization);
          response.writeHead(401).end('{"code":"unauthorized","message":"unauthorized access"}');
        }),
      );
      await testChanged("oss", () => Promise.resolve({ url: `http://127.0.0.1:${thief.port}` }));
      assert.deepEqual([...new Set(seen)], [undefined]);
    });

    it("as that of another product", async () => {
      await testChanged("oss", () => Promise.resolve({ product: "cloud" }));
    });

    it("through another proxy", async () => {
      const proxy = await also(startProxy());
      const said = await testChanged("oss", () => Promise.resolve({ proxy: "proxy" }), [
        proxyNode(proxy.port),
      ]);
      assert.match(said, /ok: Reached through the HTTP proxy/);
    });

    it("with another TLS configuration", async () => {
      await testChanged("oss", () => Promise.resolve({ tls: "tls" }), [tlsNode({ verifyservercert: false })]);
    });

    it("to another account or cluster", async () => {
      const other = "11111111-1111-4111-8111-111111111111";
      await testChanged("cloud-dedicated", () => Promise.resolve({ accountId: other }));
      await testChanged("cloud-dedicated", () => Promise.resolve({ clusterId: other }));
    });

    it("to another program, which is not run either, even with a token that was typed", async () => {
      const marked = async (folder: string) => {
        const program = join(folder, "program");
        await writeFile(program, `#!/bin/sh\ntouch ${join(folder, "was-run")}\n`);
        await chmod(program, 0o755);
        return program;
      };
      let folder = "";
      await testChanged("cloud-dedicated", async (fixture) => ({
        influxctl: await marked((folder = fixture.folder)),
      }));
      await assert.rejects(access(join(folder, "was-run")));
      await withConnection("cloud-dedicated", async ({ connection, token, folder }) => {
        const answer = await post({ ...dialogOf(connection, { influxctl: await marked(folder) }), token });
        assert.match(
          linesOf(answer),
          /ok: The management token is accepted.*influxctl was not tested, because a path that is not deployed is not run/s,
        );
        await assert.rejects(access(join(folder, "was-run")));
      });
    });
  });

  it("runs the influxctl that is deployed, also with a token that was typed", async () => {
    await withConnection("cloud-dedicated", async ({ connection, token }) => {
      for (const typed of [{}, { token }]) {
        const answer = await post({ ...dialogOf(connection), ...typed });
        assert.match(
          linesOf(answer),
          /ok: influxctl is found: influxctl version .*ok: influxctl's token is accepted/s,
        );
      }
    });
  });

  it("takes variables from what is deployed alone, and does not tell what they stand for", async () => {
    const { URL_OF_TEST: before } = process.env;
    try {
      await withConnection(
        "oss",
        async ({ simulator, connection, used, token }) => {
          process.env.URL_OF_TEST = simulator.url;
          const dialog = dialogOf({ ...connection, url: "${URL_OF_TEST}" });
          const fresh = await post({ ...dialog, id: "new", token });
          assert.match(linesOf(fresh), /^warning: The field "url" holds an environment variable/);
          assert.deepEqual(used(), []);
          assert.equal(simulator.requests.length, 0);
          const typed = await post({ ...dialogOf(connection), token: "${SECRET}" });
          assert.match(linesOf(typed), /^warning: The token is an environment variable/);
        },
        {},
      );
      await withVariable(async ({ dialog, url, token }) => {
        const answer = await post(dialog);
        assert.match(linesOf(answer), /delete authorization: allowed/);
        assert.ok(!JSON.stringify(answer.body).includes(new URL(url).port));
        const changed = await post({ ...dialog, properties: { ...dialog.properties, product: "cloud" } });
        assert.match(linesOf(changed), /^warning: The field "url" holds an environment variable/);
        assert.ok(!JSON.stringify(changed.body).includes(token));
      });
    } finally {
      if (before === undefined) delete process.env.URL_OF_TEST;
      else process.env.URL_OF_TEST = before;
    }

    /** With a connection whose URL is a variable. */
    async function withVariable(
      work: (given: { dialog: ReturnType<typeof dialogOf>; url: string; token: string }) => Promise<void>,
    ): Promise<void> {
      const connection = { url: "${URL_OF_TEST}" };
      await withNode(
        "list-authorizations",
        {},
        async (fixture) => {
          const deployed = fixture.connectionTo("oss", connection);
          const { url } = fixture.simulator;
          await work({ dialog: dialogOf(deployed), url, token: deployed.credentials!.token! });
        },
        {
          modules,
          connection,
          prepare: ({ url }) => {
            process.env.URL_OF_TEST = url;
            return undefined;
          },
        },
      );
    }
  });

  it("finds a connection inside of a subflow by the ID that the editor knows", async () => {
    const ofSubflow = (url: string, token: string): FlowNode[] => [
      { id: "sf", type: "subflow", name: "sf", in: [], out: [] },
      { id: "inner", type: "influxdb-connection", z: "sf", product: "oss", url, credentials: { token } },
      { id: "instance", type: "subflow:sf", z: "tab", x: 1, y: 1, wires: [] },
    ];
    await withConnection("oss", async ({ runtime, simulator, token }) => {
      const answer = () => post(dialogOf({ id: "inner", type: "", product: "oss", url: simulator.url }));
      assert.match(linesOf(await answer()), /There is no token/);
      await runtime.deploy((nodes) => [...nodes, ...ofSubflow(simulator.url, token)], "full");
      assert.match(linesOf(await answer()), /ok: The token is accepted/);
    });
  });

  it("tests an address without what was copied with it, and offers that", async () => {
    await withConnection("oss", async ({ connection, simulator, token }) => {
      for (const path of ["/api/v2", "/orgs/0123456789abcdef/load-data?x=1"]) {
        const answer = await post({ ...dialogOf(connection, { url: simulator.url + path }), token });
        assert.match(
          linesOf(answer),
          /^wrong: The URL has a path that does not belong.*delete authorization: allowed/s,
        );
        assert.deepEqual(answer.body.offers[0], {
          property: "url",
          value: simulator.url,
          text: `Set the URL to ${simulator.url}`,
        });
      }
    });
  });

  it("tests the address of a deployed connection without its path, and sends the stored token nowhere", async () => {
    const connection = { url: "http://127.0.0.1:1/api/v2" };
    await withConnection(
      "oss",
      async (fixture) => {
        const answer = await post(dialogOf(fixture.connection));
        assert.match(
          linesOf(answer),
          /^wrong: The URL has a path.*warning: The stored token is sent only.*Not reached/s,
        );
        assert.deepEqual(fixture.used(), []);
      },
      { connection },
    );
  });

  it("tests an InfluxDB 3, and takes the name of its own token as it is written", async () => {
    await withConnection("oss", async () => {
      const { url, world } = await also(startInfluxdb3());
      const { value: token } = world.addToken({ name: " node-red " });
      const asked = async (ownTokenId: string) => {
        const answer = await post({
          ...{ id: "new", properties: { product: "influxdb3-core", url, ownTokenId }, token },
        });
        assert.ok(!JSON.stringify(answer.body).includes(token));
        return linesOf(answer);
      };
      for (const own of ["", "  ", " node-red "])
        assert.match(await asked(own), /It is the admin token " node-red "\.\nok: It does not expire/);
      assert.match(await asked("node-red"), /wrong: The "Own token name" .*there is no such token/);
    });
  });

  it("says which setting is wrong, and refuses a request that is no dialog's", async () => {
    await withConnection("oss", async ({ connection }) => {
      assert.match(
        linesOf(await post(dialogOf(connection, { url: "nowhere" }))),
        /wrong: .*the field "url" holds/,
      );
      assert.match(
        linesOf(await post(dialogOf(connection, { proxy: "connection" }))),
        /wrong: .*HTTP proxy is missing/,
      );
      for (const name of ["tls", "proxy"])
        assert.match(linesOf(await post(dialogOf(connection, { [name]: "new" }))), /^wrong: .*not deployed/);
      assert.match(
        linesOf(await post({ ...dialogOf(connection), token: "" })),
        /^warning: There is no token/,
      );
      const form = (await helper
        .request()
        .post("/influxdb-tokens/test")
        .type("form")
        .send(dialogOf(connection))) as unknown as Answer;
      assert.equal(form.status, 415, "another site can send a form");
      const refused = await post({ id: 1 });
      assert.equal(refused.status, 400);
      assert.equal(refused.body.error?.code, "invalid-request");
    });
  });
});
