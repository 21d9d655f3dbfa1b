import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startFixture } from "../../simulator/fixture.js";
import { onTab } from "../../simulator/flow.js";
import { startNodeRed, type NodeRed } from "../../simulator/node-red.js";
import type { SeenRequest, Simulator } from "../../simulator/server.js";
import type { Authorization } from "../../simulator/world.js";
import { markIn } from "../../src/tokens/marks.js";
import { closing } from "../helpers/closing.js";

/** Milliseconds; longer than the test. */
const FOR_EVER = 600_000;
/** More than a rotation takes. */
const MOST_REQUESTS = 18;

/** A token that is rotated, and where its rotation is when Node-RED is killed. */
interface Rotated {
  old: Authorization;
  /** The request that hangs, counted from 0; before or after the server has done what it asks for. */
  at: number;
  effect: "before" | "after";
}

/**
 * A real Node-RED is killed while each of many rotations is at another request: all that there are, each before and
 * after its effect. Then it is started again, and gets the same message.
 */
describe("a kill -9 of a rotation", function () {
  this.timeout(120_000);
  const also = closing(after);
  let simulator: Simulator;
  let nodeRed: NodeRed;
  /** What the clients of each old token have, by its ID. */
  const stored = new Map<string, string>();
  let rotated: Rotated[];
  /** As many as a rotation takes. */
  let requests: number;
  /** The tokens that worked when the process had died, of each rotation. */
  let atDeath: { id: string; description: string }[][];

  const until = async (condition: () => boolean) => {
    while (!condition()) await sleep(20);
  };
  const familyOf = ({ userID }: Authorization) =>
    [...simulator.world.authorizations.values()].filter((each) => each.userID === userID);
  const liveOf = (old: Authorization) => familyOf(old).filter(({ status }) => status === "active");
  const isOver = (old: Authorization) => {
    const [only, ...others] = liveOf(old);
    return (
      others.length === 0 &&
      only !== undefined &&
      only.id !== old.id &&
      markIn(only.description) === undefined
    );
  };

  /** The user whose token a request is about. */
  function userOf({ path, body, headers }: SeenRequest): string | undefined {
    const { authorizations } = simulator.world;
    const [, id = ""] = /\/authorizations\/([0-9a-f]{16})/.exec(path) ?? [];
    const [, named] = /userID=([0-9a-f]{16})/.exec(path) ?? /"userID":"([0-9a-f]{16})"/.exec(body) ?? [];
    const own = simulator.world.byToken((headers.authorization ?? "").replace(/^\w+ /, ""));
    return authorizations.get(id)?.userID ?? named ?? (path === "/api/v2/me" ? own?.userID : undefined);
  }

  before(async () => {
    const fixture = await also(startFixture({ tokens: "hashed" }));
    ({ simulator } = fixture);
    const { world } = simulator;
    const add = (name: string) =>
      world.addAuthorization({
        user: world.addUser(name),
        description: name,
        permissions: ["write:buckets"],
      });

    const store = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (piece: string) => (body += piece));
      request.on("end", () => {
        stored.set((request.url ?? "").slice(1), body);
        response.end("stored");
      });
    });
    await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
    after(() => store.close());
    const { port } = store.address() as AddressInfo;

    const message = (tokens: Authorization[]) => JSON.stringify(tokens.map(({ id }) => id));
    const flow = (tokens: Authorization[]) => [
      { id: "tab", type: "tab", label: "rotations" },
      fixture.connectionTo("oss", { timeout: "600", parallel: "64" }),
      onTab({
        ...{ id: "start", type: "inject", once: true, onceDelay: 0.1 },
        ...{ props: [{ p: "payload", v: message(tokens), vt: "json" }] },
        wires: [["rotate"]],
      }),
      onTab({
        ...{ id: "rotate", type: "influxdb-rotate-token", connection: "connection", limit: "" },
        wires: [["value"], []],
      }),
      onTab({
        ...{ id: "value", type: "change" },
        rules: [
          { t: "move", p: "tokenValue", pt: "msg", to: "payload", tot: "msg" },
          { t: "delete", p: "headers", pt: "msg" },
        ],
        wires: [["store"]],
      }),
      onTab({
        ...{ id: "store", type: "http request", method: "PUT", ret: "txt" },
        url: `http://127.0.0.1:${port}/{{handedOver.id}}`,
        wires: [["word"]],
      }),
      onTab({
        ...{
          id: "word",
          type: "change",
          rules: [{ t: "set", p: "step", pt: "msg", to: "stored", tot: "str" }],
        },
        wires: [["rotate"]],
      }),
    ];
    rotated = Array.from({ length: MOST_REQUESTS }, (_, at) => at).flatMap((at) =>
      (["before", "after"] as const).map((effect) => ({ old: add(`press ${at} ${effect}`), at, effect })),
    );
    const hung = new Set<Rotated>();
    for (const each of rotated) {
      let count = 0;
      simulator.faults.push({
        ...(each.effect === "before" ? { delay: FOR_EVER } : { raw: () => undefined }),
        when(request) {
          if (userOf(request) !== each.old.userID || count++ !== each.at) return false;
          hung.add(each);
          return true;
        },
      });
    }
    nodeRed = await also(startNodeRed({ nodes: flow(rotated.map(({ old }) => old)) }));
    await until(() => rotated.every((each) => hung.has(each) || isOver(each.old)));
    await nodeRed.kill();
    requests = Math.max(...[...hung].map(({ at }) => at)) + 1;
    atDeath = rotated.map(({ old }) => liveOf(old).map(({ id, description }) => ({ id, description })));
    simulator.faults.length = 0;
    await nodeRed.startAgain();
    await until(() => rotated.every(({ old }) => isOver(old)));
  });

  it("was at each request of a rotation", () => {
    assert.ok(requests >= 8 && requests < MOST_REQUESTS, String(requests));
  });

  it("leaves a token that works, and none that no description names", () => {
    for (const [index, { old, at, effect }] of rotated.entries()) {
      const live = atDeath[index] ?? [];
      const where = `${effect} request ${at}`;
      assert.ok(live.length === 1 || live.length === 2, `${live.length} live tokens ${where}`);
      for (const { id, description } of live) {
        const mark = markIn(description);
        const isNamed = mark?.kind === "successor" && mark.of === old.id;
        const replacement = markIn(simulator.world.authorizations.get(old.id)?.description);
        const isKnown =
          id === old.id || isNamed || (replacement?.kind === "replaced" && replacement.by === id);
        assert.ok(isKnown, `${description} ${where}`);
      }
    }
  });

  it("ends after the next start with one successor, which its users have", () => {
    for (const { old, at, effect } of rotated) {
      const live = liveOf(old);
      assert.deepEqual(
        live.map(({ token }) => token),
        [stored.get(old.id)],
        `${effect} request ${at}`,
      );
      for (const each of familyOf(old).filter((each) => !live.includes(each))) {
        assert.equal(
          markIn(each.description)?.kind,
          "replaced",
          `${each.description} ${effect} request ${at}`,
        );
      }
    }
  });

  it("has the value nowhere but in the store", () => {
    for (const value of stored.values()) assert.equal(nodeRed.log().includes(value), false);
  });
});
