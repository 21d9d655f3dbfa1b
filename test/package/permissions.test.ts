import assert from "node:assert/strict";
import { startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import { closing } from "../helpers/closing.js";

/** bcrypt of `password`. */
const PASSWORD = "$2b$04$xO6OkhNEVaW27b/JJ3A5n.OOGt10pjwTC9mvw2y7SAzFGH3n/TAZi";

describe("the test of a connection, where Node-RED has users", function () {
  this.timeout(60_000);
  const also = closing(after);
  let nodeRed: NodeRed;

  before(async () => {
    const users = Object.entries({
      reader: ["read"],
      tester: ["influxdb-tokens.test"],
      other: ["influxdb-tokens.read", "flows.write"],
    }).map(([username, permissions]) => ({ username, password: PASSWORD, permissions }));
    nodeRed = await also(
      startNodeRed({ nodes: [], settings: { adminAuth: { type: "credentials", users } } }),
    );
  });

  async function post(path: string, body: object, token?: string): Promise<Response> {
    const headers = {
      "content-type": "application/json",
      ...(token && { authorization: `Bearer ${token}` }),
    };
    return fetch(new URL(path, nodeRed.url), { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** The status of a test by a user, or by nobody. */
  async function testBy(username?: string): Promise<number> {
    const login = {
      client_id: "node-red-admin",
      grant_type: "password",
      scope: "",
      username,
      password: "password",
    };
    const { access_token: token } = username
      ? ((await (await post("auth/token", login)).json()) as { access_token: string })
      : { access_token: undefined };
    assert.equal(token === undefined, username === undefined);
    return (await post("influxdb-tokens/test", { id: "new", properties: { product: "oss" } }, token)).status;
  }

  it("is for those who have its permission, and for no one else", async () => {
    assert.equal(await testBy("tester"), 200);
    for (const user of ["reader", "other", undefined]) assert.equal(await testBy(user), 401);
  });
});
