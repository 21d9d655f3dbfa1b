import assert from "node:assert/strict";
import { startSimulator } from "../../../simulator/server.js";
import { createHttp } from "../../../src/http/client.js";
import { createRotation } from "../../../src/rotation/rotation.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { authorizations } from "../../../src/tokens/authorizations.js";

const ROTATIONS = 1000;

describe("a client through a thousand rotations", () => {
  it("is never refused with the value that it was given last", async () => {
    const simulator = await startSimulator({ tokens: "hashed" });
    const { world } = simulator;
    const httpOf = (token: string) =>
      createHttp({
        url: new URL(simulator.url),
        authorization: { scheme: "Token", token: fixedToken(new Secret(token)) },
        ...{ timeoutSeconds: 30, retries: 0, parallel: 4 },
      });
    const [http, client] = [httpOf(world.operator.token), httpOf("unused")];
    try {
      const user = world.addUser("press");
      let { id, token: value } = world.addAuthorization({
        user,
        description: "press",
        permissions: ["read:users"],
      });
      const own = { value: new Secret(world.operator.token), findsByValue: false };
      const wires = {
        http,
        own,
        influxctl: () => assert.fail("no influxctl"),
        dataPlane: () => assert.fail("no data plane"),
      };
      const tokens = authorizations.open(wires, {});
      const rotation = createRotation({
        kind: authorizations,
        tokens: tokens,
        check: (secret) => authorizations.check(wires, secret, {}),
        worksWithin: 0,
      });

      let isOver = false;
      let calls = 0;
      const working = (async () => {
        for (; !isOver; calls++) {
          const token = new Secret(value);
          const task = "work";
          const { status } = await client.send({
            task,
            method: "GET",
            repeat: "never",
            path: ["api", "v2", "me"],
            token,
          });
          // One that was sent before the client was given the next may come too late for the old one.
          assert.ok(status === 200 || !token.equals(value), `status ${status} in call ${calls}`);
        }
      })();
      for (let count = 0; count < ROTATIONS; count++) {
        const begun = await rotation.begin(id);
        assert.ok("value" in begun);
        value = begun.value.reveal();
        await rotation.finish(id, { value: begun.value, successor: begun.successor.id }, END);
        await tokens.remove(id);
        id = begun.successor.id;
      }
      isOver = true;
      await working;
      assert.ok(calls > ROTATIONS, `only ${calls} calls`);
      const left = [...world.authorizations.values()].filter(({ userID }) => userID === user.id);
      assert.deepEqual(
        left.map(({ token, description, status }) => [token, description, status]),
        [[value, "press", "active"]],
      );
    } finally {
      await Promise.all([http.close(), client.close()]);
      await simulator.close();
    }
  }).timeout(120_000);
});

const END = { mayEnd: () => Promise.resolve(), revokes: false };
