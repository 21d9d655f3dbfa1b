import assert from "node:assert/strict";
import { request } from "undici";
import { startFixture } from "../../simulator/fixture.js";
import { startNodeRed } from "../../simulator/node-red.js";
import { closing } from "../helpers/closing.js";

const PASSWORD = "a password";
/** Its bcrypt hash, as Node-RED's settings have it. */
const HASH = "$2b$04$8X6AerCvKkynbAe0GDTvke84UkxuinVvPyp9wMjXd/ksuG48/I8Ty";
/** Users by their names, with what they may do. */
const USERS: Record<string, string | string[]> = {
  nothing: [],
  other: ["context.read", "flows.read", "influxdb-tokens"],
  writer: "write",
  reader: "read",
  ours: ["influxdb-tokens.read"],
  everything: "*",
};

/** Whom a real Node-RED lets ask the admin endpoints. */
describe("the admin endpoints", function () {
  this.timeout(60_000);
  const also = closing(afterEach);
  const GETS = ["connections/connection/tokens", "connections/connection/lookup?of=user", "nodes/none/last"];

  async function start(settings: Record<string, unknown>, version: "node-red" | "node-red-4" = "node-red") {
    const fixture = await also(startFixture());
    const { url } = await also(startNodeRed({ settings, version, nodes: [fixture.connectionTo("oss")] }));
    const ask = async (
      path: string,
      { token, ...more }: { token?: string; body?: string; type?: string } = {},
    ) => {
      const { statusCode, body } = await request(new URL(`influxdb-tokens/${path}`, url), {
        method: more.body === undefined ? "GET" : "POST",
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(more.body !== undefined && { "content-type": more.type ?? "application/json" }),
        },
        ...(more.body !== undefined && { body: more.body }),
      });
      const text = await body.text();
      assert.ok(!text.includes(fixture.simulator.world.operator.token));
      return { statusCode, text };
    };
    const preview = (token?: string, type?: string) =>
      ask("preview", {
        ...(token !== undefined && { token }),
        ...(type !== undefined && { type }),
        body: JSON.stringify({
          ...{ type: "influxdb-list-authorizations", connection: "connection", properties: {} },
        }),
      });
    async function login(username: string): Promise<string> {
      const { body } = await request(new URL("auth/token", url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          ...{
            client_id: "node-red-admin",
            grant_type: "password",
            scope: "",
            username,
            password: PASSWORD,
          },
        }),
      });
      const { access_token: token } = (await body.json()) as { access_token?: string };
      assert.ok(token, `${username} cannot log in`);
      return token;
    }
    return { ask, preview, login };
  }

  for (const version of ["node-red", "node-red-4"] as const) {
    it(`answer who may read, and nobody else, on ${version}`, async () => {
      const users = Object.entries(USERS).map(([username, permissions]) => ({
        username,
        password: HASH,
        permissions,
      }));
      const { ask, preview, login } = await start({ adminAuth: { type: "credentials", users } }, version);
      const statuses = async (token?: string) =>
        [
          ...(await Promise.all(GETS.map((path) => ask(path, token === undefined ? {} : { token })))),
          await preview(token),
        ].map(({ statusCode }) => statusCode);
      const refused = [401, 401, 401, 401];
      assert.deepEqual(await statuses(), refused, "nobody");
      assert.deepEqual(await statuses("forged"), refused, "a forged token");
      for (const name of Object.keys(USERS)) {
        const may = ["reader", "ours", "everything"].includes(name);
        assert.deepEqual(await statuses(await login(name)), may ? [200, 200, 404, 200] : refused, name);
      }
    });
  }

  it("refuse what a page of another site can send", async () => {
    const { preview } = await start({});
    assert.equal((await preview()).statusCode, 200);
    for (const type of ["text/plain", "application/x-www-form-urlencoded"])
      assert.equal((await preview(undefined, type)).statusCode, 415, type);
  });

  it("are there without the editor", async () => {
    const { ask } = await start({ disableEditor: true });
    assert.equal((await ask(GETS[0]!)).statusCode, 200);
  });

  it("are not there without the admin API, where the flows run all the same", async () => {
    const { ask } = await start({ httpAdminRoot: false });
    for (const path of GETS) assert.equal((await ask(path)).statusCode, 404);
  });
});
