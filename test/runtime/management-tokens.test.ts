import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { TokenError } from "../../src/errors.js";
import { Secret } from "../../src/text/secret.js";
import type { Influxctl } from "../../src/influxctl/influxctl.js";
import type { ManagementToken } from "../../src/tokens/management-list.js";
import { managementTokens } from "../../src/tokens/management-tokens.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import type { InfluxctlBehaviour, InfluxctlRun } from "../../simulator/influxctl.js";
import { type NodeFixture, withNode } from "../helpers/fixture.js";
import type { Message, Properties } from "../helpers/runtime.js";
import { allOf } from "../helpers/batches.js";
import { profileFolders } from "../helpers/secrets.js";

const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);
type Options = Parameters<typeof withNode>[3];

const withList = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: Options = {},
) => withNode("list-management-tokens", properties, work, options);
const withRevoke = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  options: Options = {},
) => withNode("revoke-management-token", { confirmed: true, ...properties }, work, options);

const add = ({ clusters, cluster }: NodeFixture, description = "someone", more: object = {}) =>
  clusters.addManagementToken(cluster, { description, ...more });
const runs = async (file: string): Promise<InfluxctlRun[]> =>
  (await readFile(file, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as InfluxctlRun);
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("list-management-tokens", () => {
  const fill = (fixture: NodeFixture) => {
    add(fixture, "active", { createdAt: inDays(-10), expiresAt: inDays(5) });
    add(fixture, "expired", { createdAt: inDays(-100), expiresAt: inDays(-1) });
    add(fixture, "revoked and expired", {
      createdAt: inDays(-200),
      expiresAt: inDays(-2),
      revokedAt: inDays(-3),
    });
  };
  const FILTERS: [Properties, string[]][] = [
    [{}, ["Node-RED", "active", "expired", "revoked and expired"]],
    [{ state: "active", stateType: "str" }, ["Node-RED", "active"]],
    [{ state: "expired", stateType: "str" }, ["expired"]],
    [{ state: "revoked", stateType: "str" }, ["revoked and expired"]],
    [{ description: "ex", descriptionType: "str" }, ["expired", "revoked and expired"]],
    [{ createdBefore: "50d", createdBeforeType: "str" }, ["expired", "revoked and expired"]],
    [{ expiresWithin: "7d", expiresWithinType: "str" }, ["active"]],
    [{ description: "no such", descriptionType: "str" }, []],
  ];
  for (const [properties, expected] of FILTERS) {
    it(`narrows by ${JSON.stringify(properties)}`, () =>
      withList(
        properties,
        async (fixture) => {
          fill(fixture);
          const seen = await fixture.send({ topic: "kept" });
          assert.equal(seen.error, undefined);
          const [message] = expected.length > 0 ? seen.outputs[0] : seen.outputs[1];
          assert.deepEqual(
            (message!.payload as ManagementToken[]).map(({ description }) => description).toSorted(),
            expected.toSorted(),
          );
          assert.equal(message!.topic, "kept");
        },
        { influxctl: { gtkNoise: true } },
      ));
  }

  it("finds by a value those whose first characters fit, also one that is revoked", () =>
    withList({ tokenValue: "leaked", tokenValueType: "msg" }, async (fixture) => {
      const { id, token } = add(fixture, "leaked", { revokedAt: new Date() });
      add(fixture, "other");
      const { payload } = await fixture.send({ leaked: token });
      assert.deepEqual(
        (payload as ManagementToken[]).map((found) => found.id),
        [id],
      );
      const { outputs } = await fixture.send({ leaked: "M.V1.nobody-has-it" });
      assert.deepEqual(outputs[1][0]!.payload, []);
    }));

  it("never takes a token that does not expire for one of 1970", () =>
    withList({ state: "expired", stateType: "str" }, async ({ send }) => {
      assert.equal((await send({})).outputs[1].length, 1);
    }));

  it("finds none in a list that is empty", () =>
    withList(
      {},
      async ({ send }) => {
        const { outputs, error } = await send({});
        assert.equal(error, undefined);
        assert.deepEqual(outputs[1][0]!.payload, []);
      },
      { influxctl: { emptyList: true } },
    ));

  it("works with a cluster of one's own, found at the host of the URL", () =>
    withList(
      {},
      async ({ send }) => {
        assert.equal(((await send({})).payload as unknown[]).length, 1);
      },
      { product: "clustered" },
    ));
});

describe("revoke-management-token", () => {
  it("revokes one, and says what is known of it", () =>
    withRevoke({}, async (fixture) => {
      const token = add(fixture);
      const seen = await fixture.send({ payload: ` ${token.id.toUpperCase()}`, topic: "kept" });
      const record = seen.payload as OutcomeRecord;
      assert.partialDeepStrictEqual(record, {
        ...{ id: token.id, outcome: "revoked" },
        token: { description: "someone" },
      });
      assert.ok(Date.parse(record.token.revokedAt as string) > Date.now() - 60_000);
      assert.ok(!("alreadyRevoked" in record));
      assert.ok(fixture.clusters.managementTokens.get(token.id)?.revokedAt);
      assert.equal(seen.outputs[0][0]!.topic, "kept");
      assert.equal(fixture.runtime.statuses.at(-1), "green 1 revoked");
    }));

  it("revokes many in order, one id a run, with --force and without a flag among the ids", async () => {
    await withRevoke({}, async (fixture) => {
      const [a, b] = [add(fixture), add(fixture)];
      const { payload, error } = await fixture.send({ payload: [a.id, randomUUID(), { id: b.id }, a.id] });
      assert.deepEqual(
        (payload as OutcomeRecord[]).map(({ outcome }) => outcome),
        ["revoked", "failed", "revoked"],
      );
      assert.equal(error?.code, "not-found");
    });
  });

  it("counts what had been revoked before as done, and says so", () =>
    withRevoke({}, async (fixture) => {
      const token = add(fixture, "before", { revokedAt: inDays(-2) });
      const seen = await fixture.send({ payload: [token.id] });
      assert.partialDeepStrictEqual((seen.payload as OutcomeRecord[])[0], {
        outcome: "revoked",
        alreadyRevoked: true,
      });
      assert.equal(seen.error, undefined);
    }));

  for (const [what, payload, code] of [
    ["a flag", "--force", "invalid-id"],
    ["an id with a flag before it", "-h 55555555-5555-4555-8555-555555555555", "invalid-id"],
    ["two ids in one text", `${randomUUID()} ${randomUUID()}`, "invalid-id"],
    ["an authorization's id", "0aaaaaaaaaaaaaaa", "invalid-id"],
    ["nothing", undefined, "missing-id"],
  ] as const) {
    it(`answers ${what} with ${code}, and runs nothing`, () =>
      withRevoke({}, async ({ send, simulator }) => {
        assert.equal((await send({ payload })).error?.code, code);
        assert.equal(simulator.requests.length, 0);
      }));
  }

  it("has the box, the dry run, the limit and the protected ids of every irreversible node", async () => {
    const codeOf = async (
      properties: Properties,
      msg: (id: string) => Message,
      connection: Properties = {},
    ) => {
      let code: string | undefined;
      await withRevoke(
        properties,
        async (fixture) => {
          const { id } = add(fixture);
          const { error, payload } = await fixture.send(msg(id));
          code = error?.code ?? `would: ${(payload as OutcomeRecord).would as string}`;
          assert.equal(fixture.clusters.managementTokens.get(id)?.revokedAt, undefined);
        },
        { connection },
      );
      return code;
    };
    const other = randomUUID();
    assert.equal(await codeOf({ confirmed: false }, (payload) => ({ payload })), "not-confirmed");
    assert.equal(await codeOf({}, (payload) => ({ payload, dryRun: true })), "would: revoked");
    assert.equal(await codeOf({}, () => ({ payload: other, dryRun: true })), "would: not-found");
    assert.equal(await codeOf({ limit: "1" }, (id) => ({ payload: [id, other] })), "limit-exceeded");
    assert.equal(await codeOf({}, () => ({ payload: other }), { protectedIds: other }), "protected");
    // A dry run that cannot look promises nothing.
    assert.equal(
      await codeOf({}, (payload) => ({ payload, dryRun: true }), { influxctl: "/no/influxctl" }),
      "influxctl-missing",
    );
  });

  it("counts no token as done for it is missing from a list that is empty", () =>
    withRevoke(
      { notFound: "done" },
      async (fixture) => {
        const token = add(fixture);
        for (const dryRun of [true, false]) {
          const { error, outputs } = await fixture.send({ payload: token.id, dryRun });
          assert.equal(error?.code, "forbidden");
          assert.match(error.message, /list of management tokens is empty/);
          assert.deepEqual(outputs[0], []);
        }
      },
      { influxctl: { emptyList: true } },
    ));

  it("counts an unknown id as done where the node says so", () =>
    withRevoke({ notFound: "done" }, async ({ send }) => {
      assert.equal(((await send({ payload: randomUUID() })).payload as OutcomeRecord).outcome, "not-found");
    }));
});

describe("influxctl", () => {
  const revokeWith = async (influxctl: InfluxctlBehaviour, options: Options = {}) => {
    let result:
      | { code: string | undefined; message: string; outcome: string | undefined; revoked: boolean }
      | undefined;
    await withRevoke(
      {},
      async (fixture) => {
        const token = add(fixture);
        const { error, payload } = await fixture.send({ payload: token.id });
        result = {
          code: error?.code,
          message: error?.message ?? "",
          outcome: (payload as OutcomeRecord | undefined)?.outcome,
          revoked: fixture.clusters.managementTokens.get(token.id)?.revokedAt !== undefined,
        };
        assert.ok(!inspect(error, { depth: 9 }).includes(fixture.own.token));
        assert.ok(!fixture.runtime.log().includes(fixture.own.token));
        assert.deepEqual(await profileFolders(process.pid), []);
      },
      { influxctl, ...options },
    );
    return result!;
  };

  const FAILURES: [what: string, InfluxctlBehaviour, Options, code: string, words: RegExp][] = [
    [
      "it is not installed",
      {},
      { connection: { influxctl: "/no/such/influxctl" } },
      "influxctl-missing",
      /was not found.*Install it/,
    ],
    [
      "it may not be run",
      {},
      { connection: { influxctl: "/etc/passwd" } },
      "influxctl-missing",
      /may not be run/,
    ],
    [
      "it wants a login, for the token is wrong",
      {},
      { token: "wrong-token", connection: { influxctlTimeout: "3" } },
      "unauthorized",
      /asks for a login.*wrong, expired or revoked/,
    ],
    [
      "it is too old to write JSON",
      { noJson: true },
      {},
      "influxctl-failed",
      /cannot write JSON.*Install a newer one/,
    ],
    ["it writes a table all the same", { tableOnly: true }, {}, "influxctl-failed", /cannot write JSON/],
    ["it refuses", { refuse: "the account is closed" }, {}, "influxctl-failed", /the account is closed/],
    [
      "it is slower than its time",
      { hang: true },
      { connection: { influxctlTimeout: "1" } },
      "timeout",
      /did not end within 1 s and was stopped/,
    ],
    [
      "it may not list",
      { refuse: "rpc error: code = PermissionDenied desc = no" },
      {},
      "forbidden",
      /may not do this.*\("Error: rpc error: code = PermissionDenied desc = no"\)/,
    ],
    [
      "nothing listens at its host",
      {},
      { product: "clustered", connection: { url: "http://127.0.0.1:1", allowOwnToken: true } },
      "network",
      /cannot be reached/,
    ],
    [
      "its proxy refuses",
      { refuse: "unexpected status 407: <html>Authenticate at https://proxy.example.com/login</html>" },
      {},
      "network",
      /the proxy did not let influxctl through/,
    ],
    ["it tells the token", { echoToken: true }, {}, "influxctl-failed", /…/],
  ];
  for (const [what, behaviour, options, code, words] of FAILURES) {
    it(`: where ${what}, the flow sees ${code}`, async () => {
      const { code: actual, message, revoked } = await revokeWith(behaviour, options);
      assert.equal(actual, code);
      assert.match(message, words);
      assert.match(message, /^[A-Z][\w' ]+, cannot list management tokens: /);
      assert.equal(revoked, false);
    });
  }

  it("is not believed: where it says that it has revoked, the list must show it", async () => {
    const { code, message, revoked } = await revokeWith({ lie: true });
    assert.equal(revoked, false);
    assert.equal(code, "influxctl-failed");
    assert.match(message, /its list does not show the token as revoked/);
  });

  it("is not believed either where it says that it has failed, and the list shows that it has not", async () => {
    const { outcome, revoked } = await revokeWith({ failAfterRevoking: true });
    assert.deepEqual([outcome, revoked], ["revoked", true]);
  });

  it("does not mind the noise of graphics libraries", async () => {
    assert.equal((await revokeWith({ gtkNoise: true })).outcome, "revoked");
  });

  it("ends with all that it has started, when its time is over", async () => {
    const record = join(tmpdir(), `influxctl-runs-${randomUUID()}`);
    await withRevoke(
      {},
      async (fixture) => {
        const { error } = await fixture.send({ payload: add(fixture).id });
        assert.equal(error?.code, "timeout");
        const [run] = await runs(record);
        assert.ok(run?.child !== undefined);
        while (isAlive(run.pid) || isAlive(run.child)) await new Promise(setImmediate);
        assert.deepEqual(await profileFolders(process.pid), []);
      },
      { influxctl: { child: true, hang: true, record }, connection: { influxctlTimeout: "3" } },
    ).finally(() => rm(record, { force: true }));
  });

  it("gets the token in a file for the owner alone, and in no other way", async () => {
    const record = join(tmpdir(), `influxctl-runs-${randomUUID()}`);
    const { LANG } = process.env;
    await withRevoke(
      {},
      async (fixture) => {
        // One that it is given, and one that it is not.
        Object.assign(process.env, { LANG: fixture.own.token, T_LEAK: fixture.own.token });
        await fixture.send({ payload: add(fixture).id });
        const all = await runs(record);
        assert.deepEqual(
          all.map(({ argv }) =>
            argv.filter((word) => ["list", "revoke", "--force", "json"].includes(word)).join(" "),
          ),
          // The first tells which token is the connection's own.
          ["list json", "list json", "revoke --force", "list json"],
        );
        for (const { argv, env, config, cwd } of all) {
          assert.ok(!JSON.stringify({ argv, env, cwd }).includes(fixture.own.token));
          assert.ok(!argv.some((word) => /debug|trace/.test(word)));
          assert.deepEqual([config.mode, config.folderMode], ["0600", "0700"]);
          assert.ok(!("DISPLAY" in env) && !("T_LEAK" in env));
        }
        assert.deepEqual(await profileFolders(process.pid), []);
      },
      { influxctl: { record } },
    ).finally(async () => {
      Reflect.deleteProperty(process.env, "T_LEAK");
      if (LANG === undefined) Reflect.deleteProperty(process.env, "LANG");
      else process.env.LANG = LANG;
      await rm(record, { force: true });
    });
  });

  const open = (run: Influxctl["run"]) =>
    managementTokens.open(
      { influxctl: () => ({ run }), http: { now: () => Promise.resolve(Date.now()) } },
      {},
    );
  const ownToken = (run: Influxctl["run"]) =>
    managementTokens.ownToken({
      influxctl: () => ({ run }),
      own: { value: new Secret("M.V1.own-token"), findsByValue: false },
    });
  const prints = (output: string) => () => Promise.resolve(output);
  const printing = (output: string) => open(prints(output));
  const TOLD: [what: string, output: string, expected: string[]][] = [
    ["null", "null", []],
    ["null after a warning", "WARN: x\n\uFEFFnull\n", []],
    ["nothing in it", "[]", []],
    ["nothing of expiry but an empty time", '[{"id":"a","expires_at":{}}]', ["a active"]],
    [
      "seconds and nanos as text",
      '[{"id":"a","revoked_at":{"seconds":"1700000000","nanos":"5"}}]',
      ["a revoked"],
    ],
    ["elements that are new to us", '[null,{"id":1},{"id":"a","description":{"x":1}},7]', ["a active"]],
    ["a time beyond all dates", '[{"id":"a","expires_at":{"seconds":9223372036854775807}}]', ["a active"]],
    [
      "a warning and a byte order mark before it",
      'WARN: see https://x/login\n\uFEFF[{"id":"a","description":"device code"}]',
      ["a active"],
    ],
  ];
  for (const [what, output, expected] of TOLD) {
    it(`'s list is understood with ${what}`, async () => {
      const found = await allOf(printing(output).list({}));
      assert.deepEqual(
        found.map(({ id, state }) => `${id} ${state}`),
        expected,
      );
    });
  }

  const NESTED = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
  for (const [what, output, code, words] of [
    ["null within other words", "a\nnull\nb", "influxctl-failed", /no list in JSON/],
    ["garbage", "\0\0{", "influxctl-failed", /no list in JSON/],
    ["nothing", "", "influxctl-failed", /no list in JSON/],
    ["a list that breaks off", '[{"id":"a"},{"i', "influxctl-failed", /no list in JSON/],
    ["UTF-16", Buffer.from('[{"id":"a"}]', "utf16le").toString(), "influxctl-failed", /no list in JSON/],
    ["no objects", "[1,1]", "bad-response", /at "0\.id"/],
    ["IDs that are none", '[null,{"id":1}]', "bad-response", /at "0\.id"/],
    [
      "a time that is none",
      '[{"id":"a"},{"id":"b","revoked_at":"now"}]',
      "bad-response",
      /at "1\.revoked_at"/,
    ],
    ["nested lists", `[{"id":"a","created_at":{"seconds":${NESTED}}}]`, "bad-response", /nested too deep/],
    ["10 MB of what is wrong", `[${"1,".repeat(5_000_000)}1]`, "bad-response", /at "0\.id"/],
  ] as const) {
    it(`'s list is an error with ${what}`, () =>
      assert.rejects(allOf(printing(output).list({})), { code, message: words, fatal: true }));
  }

  it("'s list of 10 MB is read while others have their turns", async () => {
    const description = '"]},{['.repeat(50);
    const list = Array.from({ length: 30_000 }, (_, index) => ({ id: String(index), description }));
    const output = JSON.stringify(list);
    assert.ok(output.length > 10_000_000);
    let turns = 0;
    const count = () => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    assert.equal((await allOf(printing(output).list({}))).length, list.length);
    clearImmediate(next);
    assert.ok(turns >= 2, `${turns} turns`);
  });

  it("'s prefixes of tokens are no work, whatever they are", async () => {
    const token = { token_prefix: `${".".repeat(60_000)}x` };
    const output = JSON.stringify(
      Array.from({ length: 20 }, (_, index) => ({ ...token, id: String(index) })),
    );
    assert.equal(await ownToken(prints(output)).find(new AbortController().signal), undefined);
  });

  it("does not tell that a token is missing by a list that is empty", async () => {
    const { signal } = new AbortController();
    const empty = { code: "forbidden", message: /list of management tokens is empty/, fatal: true };
    for (const output of ["null", "[]"]) {
      await assert.rejects(printing(output).get("a"), empty);
      await assert.rejects(printing(output).remove("a"), empty);
      await assert.rejects(ownToken(prints(output)).find(signal), empty);
      await assert.rejects(ownToken(prints(output)).mayBe("a", { among: [] }, signal), empty);
    }
  });

  it("does not tell that a token is missing by an account that is", async () => {
    const { signal } = new AbortController();
    const missing = new TokenError("not-found", "there is no such account", { fatal: true });
    const fails = () => Promise.reject(missing);
    const tokens = open(fails);
    await assert.rejects(allOf(tokens.list({})), missing);
    const other = { code: "influxctl-failed", message: /no such account/ };
    await assert.rejects(tokens.get("a"), other);
    await assert.rejects(tokens.remove("a"), other);
    await assert.rejects(ownToken(fails).find(signal), other);
  });

  it("does not tell that a token is missing by what it says while it revokes", async () => {
    const tokens = open((_task, [, command]) =>
      command === "list"
        ? Promise.resolve('[{"id":"a"}]')
        : Promise.reject(new TokenError("not-found", "no such token")),
    );
    await assert.rejects(tokens.remove("a"), { code: "influxctl-failed", message: /no such token/ });
  });

  it("is proved by its list, whatever it says or fails with while it revokes", async () => {
    for (const failure of ["token is revoked", "unauthorized", "401 ms"]) {
      let revoked = false;
      const tokens = open((_task, [, command]) => {
        if (command === "list")
          return Promise.resolve(`[{"id":"a"${revoked ? ',"revoked_at":{"seconds":5}' : ""}}]`);
        revoked = true;
        return Promise.reject(new TokenError("unauthorized", failure, { fatal: true }));
      });
      assert.equal((await tokens.remove("a")).token?.state, "revoked");
    }
  });

  it("says that nothing was revoked, when the flow stops while it still looks", async () => {
    const stopped = new TokenError("cancelled", "stopped", { attempts: 1 });
    const tokens = open(() => Promise.reject(stopped));
    await assert.rejects(tokens.remove("a"), { code: "cancelled", attempts: 0 });
  });
});
