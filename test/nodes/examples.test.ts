import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { factsOf } from "../../src/error-codes.js";
import { compileFunction } from "node:vm";
import { definitionIn } from "../../nodes/editor/definition.js";
import packageJson from "../../package.json" with { type: "json" };
import { exampleNames, readExample, signFunctionOf } from "../../simulator/node-red.js";
import { signed } from "../helpers/signed.js";

/** Of Node-RED, for the Change nodes. */
const { util } = createRequire(require.resolve("node-red"))("@node-red/util") as {
  util: {
    prepareJSONataExpression(expression: string, node: object): object;
    evaluateJSONataExpression(
      prepared: object,
      msg: object,
      done: (error: Error, value: unknown) => void,
    ): void;
  };
};

/** The value of a JSONata expression as a Change node gets it. */
function evaluate(expression: string, msg: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const prepared = util.prepareJSONataExpression(expression, {});
    util.evaluateJSONataExpression(prepared, msg, (error, value) => {
      if (error as Error | null) reject(error);
      else resolve(value);
    });
  });
}

/** What the editor keeps of a node beside its own properties. */
const PLACED = ["id", "type", "z", "g", "x", "y", "wires"];

describe("the examples", () => {
  it("hold every property of each node, as Done would leave it", async () => {
    const definitions = new Map(
      Object.keys(packageJson["node-red"].nodes).map((name) => {
        const { type, defaults } = definitionIn(readFileSync(`dist/${name}.html`, "utf8"));
        // One without a value is there for what older versions have saved.
        return [type, Object.keys(defaults).filter((key) => defaults[key]?.value !== undefined)];
      }),
    );
    for (const example of await exampleNames()) {
      for (const node of await readExample(example)) {
        const properties = definitions.get(node.type);
        if (properties === undefined) continue;
        const held = Object.keys(node).filter((name) => !PLACED.includes(name));
        assert.deepEqual(held.toSorted(), properties.toSorted(), `${example}: ${node.id}`);
      }
    }
  });

  it("can at most do a dry run of what cannot be undone, until a user allows more", async () => {
    const nodes = (await Promise.all((await exampleNames()).map(readExample))).flat();
    const irreversible = nodes.filter((node) => "confirmed" in node);
    assert.ok(irreversible.length >= 5);
    for (const { name, confirmed, dryRun } of irreversible) {
      assert.deepEqual({ name, confirmed, dryRun }, { name, confirmed: false, dryRun: true });
    }
    const deletesOld = nodes.filter(({ revokeOld }) => revokeOld === true);
    assert.ok(deletesOld.length >= 1);
    for (const { name, dryRun } of deletesOld) assert.ok(dryRun, String(name));
  });

  it("explain themselves on the canvas and in the flow's description, in groups that say what they do", async () => {
    for (const example of await exampleNames()) {
      const nodes = await readExample(example);
      const [tab, ...others] = nodes.filter(({ type }) => type === "tab");
      assert.deepEqual(others, []);
      assert.match(String(tab?.info), /\*\*Fill in\*\*/, example);
      const groups = nodes.filter(({ type }) => type === "group");
      assert.equal(groups[0]?.name, "Read this first");
      for (const { name, style } of groups) {
        assert.ok(name);
        // Colours are the theme's.
        assert.deepEqual(style, { label: true });
      }
      const members = groups.flatMap((group) => (group.nodes as string[]).map((id) => ({ id, g: group.id })));
      const unplaced = ["group", "influxdb-connection"];
      const placed = nodes.filter(({ z, type }) => z !== undefined && !unplaced.includes(type));
      const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
      assert.deepEqual(
        members.toSorted(byId),
        placed.map(({ id, g }) => ({ id, g })).toSorted(byId),
        example,
      );
      const comments = placed.filter(({ type }) => type === "comment");
      assert.equal(comments.length, 1);
      for (const { name, info } of comments) {
        assert.match(String(name), /Fill in: /);
        // Node-RED 5 shows nobody a comment's text.
        assert.equal(info, "");
        for (const line of String(name).split("\\n ")) assert.ok(line.length <= 130, line);
      }
    }
  });

  it("show the whole sentence of an error", async () => {
    const nodes = (await Promise.all((await exampleNames()).map(readExample))).flat();
    const errors = nodes.filter(({ type, name }) => type === "debug" && name === "error");
    assert.ok(errors.length >= 6);
    for (const { complete, targetType } of errors) {
      assert.deepEqual([complete, targetType], ["error.message", "msg"]);
    }
  });

  it("rotate a named token: the secret has the name of the token without the ending of a rotation", async () => {
    const node = (await readExample("rotate a named token of InfluxDB 3")).find(
      ({ name }) => name === "into the request",
    )!;
    const [{ to }] = node.rules as [{ to: string }];
    const ending = "[successor of 7 since 2026-01-02T03:04:05Z 0a1b2c3d]";
    for (const [name, secretName] of [
      ["grafana", "grafana"],
      [`grafana ${ending}`, "grafana"],
      ...[`grafana ${ending} 2`, "grafana [successor of mine]"].map((name) => [
        name,
        encodeURIComponent(name),
      ]),
      ["Halle 3/Tür [old]", "Halle%203%2FT%C3%BCr%20%5Bold%5D"],
    ] as [string, string][]) {
      assert.equal(await evaluate(to, { payload: { token: { name } } }), secretName);
    }
  });

  it("nightly housekeeping: counts what was done, would be done, and failed", async () => {
    const node = (await readExample("nightly housekeeping")).find(
      ({ type, name }) => type === "function" && name === "report",
    )!;
    const run = compileFunction(node.func as string, ["msg"]) as (msg: object) => {
      payload: Record<string, unknown>;
    };
    const failed = { outcome: "failed", error: { code: "protected", message: "…" } };
    const would = (outcome: string) => ({ outcome: "dry-run", would: outcome });
    const all = [{ outcome: "updated" }, { outcome: "changed" }, failed, failed];
    for (const [msg, summary] of [
      [{ disabled: [], payload: [] }, "disabled 0 of 0, deleted 0 of 0"],
      [
        { disabled: all, payload: [failed, { outcome: "deleted" }] },
        "disabled 1 of 4 (2 failed), deleted 1 of 2 (1 failed)",
      ],
      [
        { dryRun: true, disabled: [would("updated"), would("protected"), failed], payload: [] },
        "would disable 1 of 3 (1 failed), would delete 0 of 0",
      ],
      [{ disabled: all, payload: [would("deleted")] }, "disabled 1 of 4 (2 failed), would delete 1 of 1"],
    ] as const) {
      const { payload } = run({ ...msg });
      assert.deepEqual(payload, {
        summary: `Housekeeping ${summary}`,
        disabled: msg.disabled,
        deleted: msg.payload,
      });
    }
  });

  for (const [example, variable, id] of [
    ["disable an authorization on an event", "DISABLE_TOKEN_SECRET", "0123456789abcdef"],
    ["revoke a management token on an event", "REVOKE_TOKEN_SECRET", "55555555-5555-4555-8555-555555555555"],
  ] as const)
    describe(`the functions of "${example}"`, () => {
      const secret = "of at least thirty-two characters";
      const now = 1_800_000_000;
      let check: (msg: object, at?: number) => string;
      let memory: Map<string, unknown>;
      let warnings: string[];
      let environment: Record<string, unknown>;

      beforeEach(async () => {
        const node = (await readExample(example)).find(({ name }) => name === "check the signature")!;
        const run = compileFunction(node.func as string, [
          "msg",
          "env",
          "flow",
          "node",
          "crypto",
          "Date",
        ]) as (
          ...scope: unknown[]
        ) => [object | null, { error: { code: string }; statusCode: number } | null] | undefined;
        memory = new Map();
        warnings = [];
        environment = { [variable]: secret };
        check = (msg, at = now) => {
          const env = { get: (name: string) => environment[name] };
          const flow = {
            get: (key: string) => memory.get(key),
            set: (key: string, value: unknown) => memory.set(key, structuredClone(value)),
          };
          const warn = (text: string) => warnings.push(text);
          const clock = { now: () => at * 1000 + 999 };
          const outputs = run({ ...msg }, env, flow, { warn }, crypto, clock);
          if (outputs === undefined) return "nothing";
          const [accepted, refused] = outputs;
          assert.ok((accepted === null) !== (refused === null));
          if (accepted) return "accepted";
          const { error, statusCode } = refused!;
          assert.equal(statusCode, error.code === "limit-exceeded" ? 429 : 401);
          return error.code;
        };
      });

      const message = (timestamp: unknown = now) => signed(id, secret, timestamp);
      const accumulated = () => Object.keys(memory.get("accepted") as object).length;

      it("accepts what is signed, within five minutes before and after, and once", () => {
        for (const timestamp of [now - 300, now, now + 300]) {
          const payload = message(timestamp);
          assert.equal(check({ payload }), "accepted");
          assert.equal(check({ payload }), "unauthorized-request");
          assert.equal(check({ payload: structuredClone(payload) }, now + 1), "unauthorized-request");
        }
        for (const timestamp of [now - 301, now + 301, 0, -now]) {
          assert.equal(check({ payload: message(timestamp) }), "unauthorized-request");
        }
        assert.deepEqual(warnings, []);
      });

      it("does not accept it again as long as it is not too old, nor in another spelling", () => {
        const early = message(now + 300);
        assert.equal(check({ payload: early }), "accepted");
        assert.equal(check({ payload: early }, now + 600), "unauthorized-request");
        const { signature } = early;
        for (const spelled of [
          signature.toUpperCase(),
          `${signature}00`,
          `${signature} `,
          `0x${signature}`,
        ]) {
          assert.equal(check({ payload: { ...early, signature: spelled } }), "unauthorized-request");
        }
        assert.equal(check({ payload: { ...early, timestamp: String(now + 300) } }), "unauthorized-request");
      });

      it("refuses what is not signed so, in the same words", () => {
        const good = message();
        for (const payload of [
          ...[undefined, null, "", "text", 16, true, [], {}, Buffer.from("{}"), JSON.stringify(good)],
          ...[{ id }, { ...good, signature: undefined }, { ...good, timestamp: undefined }],
          ...[[good], { ...good, id: undefined }, { ...good, id: "0aaaaaaaaaaaaaaa" }, { ...good, id: [id] }],
          ...[
            { ...good, id: { toString: 1 } },
            { ...good, timestamp: now - 1 },
            { ...good, timestamp: null },
          ],
          ...["", "0", "é".repeat(64), "0".repeat(64), "0".repeat(32), [good.signature], 1, {}].map(
            (signature) => ({ ...good, signature }),
          ),
          ...[signed(id, `${secret}!`), signed(id, ""), signed("", secret, ""), signed([id], secret)],
          ...[NaN, "now", true, now + 0.5, [now]].map((timestamp) => message(timestamp)),
        ]) {
          assert.equal(check({ payload }), "unauthorized-request", JSON.stringify(payload));
        }
        assert.equal(memory.size, 0);
        assert.equal(check({ payload: good }), "accepted");
      });

      it("refuses everything, and warns, without a secret that cannot be guessed", () => {
        for (const weak of [undefined, "", "short", "x".repeat(31), 0, false, null]) {
          environment = { [variable]: weak };
          warnings = [];
          for (const payload of [message(), signed(id, String(weak || ""), now), { id }]) {
            assert.equal(check({ payload }), "unauthorized-request");
          }
          assert.deepEqual(new Set(warnings).size, 1);
          assert.match(warnings[0]!, new RegExp(`^${variable} is not set`));
        }
      });

      it("remembers no more than it must", () => {
        for (let count = 0; count < 100; count++) {
          assert.equal(check({ payload: message(now - count) }), "accepted");
        }
        assert.equal(accumulated(), 100);
        assert.equal(check({ payload: message(now + 250) }, now + 250), "accepted");
        assert.equal(accumulated(), 52);
        const full = Array.from({ length: 10_000 }, (_, index) => [`${index}`, now]);
        memory.set("accepted", Object.fromEntries(full));
        assert.equal(check({ payload: message() }), "limit-exceeded");
        assert.equal(check({ payload: message(now + 301) }, now + 301), "accepted");
        assert.equal(accumulated(), 1);
      });

      if (example.startsWith("disable"))
        it("ignores a retained message", () => {
          assert.equal(check({ payload: message(), retain: true }), "nothing");
          assert.match(warnings.join(), /^A retained message is ignored/);
          assert.equal(check({ payload: message(), retain: false }), "accepted");
        });

      it("answers what became of it, and never that it is done where something failed", async () => {
        const node = (await readExample(example)).find(({ name }) => name === "answer")!;
        const answer = async (msg: object) => {
          const answered: Record<string, unknown> = { ...msg };
          for (const { p, to } of node.rules as { p: string; to: string }[])
            answered[p] = await evaluate(to, answered);
          return JSON.parse(JSON.stringify(answered.payload)) as unknown;
        };
        const outcome = example.startsWith("disable") ? "updated" : "revoked";
        for (const res of [undefined, {}]) {
          const payload = { id, outcome };
          assert.deepEqual(await answer({ id, payload, res, statusCode: 200 }), { status: 200, id, outcome });
          const rehearsed = { id, outcome: "dry-run", would: outcome };
          assert.deepEqual(await answer({ id, payload: rehearsed, res, statusCode: 200 }), {
            ...{ status: 200, ...rehearsed },
          });
          for (const [error, status, code] of [
            [{ code: "protected", message: "…" }, 403, "protected"],
            [{ code: "limit-exceeded", message: "…" }, 429, "limit-exceeded"],
            [{ code: "network", message: "…" }, 502, "network"],
          ] as const) {
            const statusCode = factsOf(error.code).httpStatus;
            assert.deepEqual(await answer({ id, payload, res, error, statusCode }), {
              status,
              id,
              error: code,
            });
          }
          for (const error of [{ message: "a function node has thrown" }, { code: "network" }]) {
            for (const statusCode of [undefined, 200]) {
              assert.deepEqual(await answer({ id, payload, res, error, statusCode }), {
                ...{ status: 500, id, error: "code" in error ? error.code : "failed" },
              });
            }
          }
          for (const odd of ["<b>", `${id}0`, [id], { toString: () => id }, 16, null, undefined]) {
            const error = { code: "invalid-id" };
            assert.deepEqual(await answer({ id: odd, payload: odd, res, error, statusCode: 400 }), {
              status: 400,
              error: "invalid-id",
            });
          }
        }
      });

      it("accepts what the description of the flow says how to sign", async () => {
        const sign = await signFunctionOf(example);
        const readme = readFileSync("README.md", "utf8");
        assert.ok(readme.includes(sign.replace(variable, "DISABLE_TOKEN_SECRET")));
        const printed = execFileSync("sh", ["-c", `${sign}\nsign ${id}`], {
          env: { PATH: process.env.PATH, [variable]: secret },
          encoding: "utf8",
        });
        const payload = JSON.parse(printed) as ReturnType<typeof signed>;
        assert.equal(check({ payload }, payload.timestamp as number), "accepted");
      });
    });
});
