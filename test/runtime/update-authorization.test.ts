import assert from "node:assert/strict";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { BAD_TARGETS } from "../helpers/bad-targets.js";
import { addTokens, type NodeFixture, withNode } from "../helpers/fixture.js";
import type { Properties } from "../helpers/runtime.js";

const withUpdate = (
  properties: Properties,
  work: (fixture: NodeFixture) => Promise<void>,
  connection: Properties = {},
) =>
  withNode("update-authorization", properties, work, {
    connection,
    // The server shows which token is the connection's own, and no look is needed for that.
    simulator: { tokens: "clear" },
  });
const INACTIVE = { tokenStatus: "inactive", tokenStatusType: "str" };

describe("update-authorization", () => {
  it("sets the status alone, and sends no other field", () =>
    withUpdate(INACTIVE, async ({ simulator, send, sent, runtime }) => {
      const [token] = addTokens(simulator, 1);
      const seen = await send({ payload: { id: token!.id }, topic: "kept" });
      assert.partialDeepStrictEqual(seen.payload, {
        id: token!.id,
        outcome: "updated",
        token: { status: "inactive", description: "token 0", user: "user1" },
      });
      assert.ok(!("token" in (seen.payload as OutcomeRecord).token));
      assert.deepEqual(sent(), [`PATCH /api/v2/authorizations/${token!.id}`]);
      assert.equal(simulator.requests.at(-1)!.body, '{"status":"inactive"}');
      assert.equal(seen.outputs[0][0]!.topic, "kept");
      assert.equal(runtime.statuses.at(-1), "green 1 updated");
    }));

  it("sets the description alone, and does not enable a disabled token by it", () =>
    withUpdate({ description: "new", descriptionType: "str" }, async ({ simulator, send }) => {
      const { id } = simulator.world.addAuthorization({ status: "inactive" });
      assert.partialDeepStrictEqual((await send({ payload: id })).payload, {
        token: { description: "new", status: "inactive" },
      });
      assert.equal(simulator.requests[0]!.body, '{"description":"new"}');
    }));

  it("clears the description where the dialog says so", () =>
    withUpdate({ descriptionType: "clear" }, async ({ simulator, send }) => {
      const [token] = addTokens(simulator, 1);
      assert.equal(((await send({ payload: token!.id })).payload as OutcomeRecord).token.description, "");
      assert.equal(simulator.requests[0]!.body, '{"description":""}');
    }));

  it("takes status and description from the message, from JSONata and from the environment", () =>
    withUpdate(
      {
        tokenStatus: "to",
        tokenStatusType: "msg",
        description: 'payload.description & " (" & to & ")"',
        descriptionType: "jsonata",
      },
      async ({ simulator, send }) => {
        const [token] = addTokens(simulator, 1);
        const seen = await send({ payload: token, to: "inactive" });
        assert.partialDeepStrictEqual(seen.payload, {
          token: { status: "inactive", description: "token 0 (inactive)" },
        });
      },
    ));

  for (const status of ["", "Inactive", "paused", 1, true, null, undefined, ["inactive"]]) {
    it(`refuses the status ${JSON.stringify(status) ?? "undefined"} and sends nothing`, () =>
      withUpdate({ tokenStatus: "status", tokenStatusType: "msg" }, async ({ send, sent }) => {
        const { error } = await send({ payload: "0aaaaaaaaaaaaaaa", status });
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, /"tokenStatus".*expected "active" or "inactive"/);
        assert.deepEqual(sent(), []);
      }));
  }

  it("refuses a description that names a variable of the environment which is not set", () =>
    withUpdate({ description: "${NO_SUCH_VARIABLE}", descriptionType: "str" }, async ({ send, sent }) => {
      assert.match(
        (await send({ payload: "0aaaaaaaaaaaaaaa" })).error?.message ?? "",
        /NO_SUCH_VARIABLE, which is not set/,
      );
      assert.deepEqual(sent(), []);
    }));

  it("takes no description that looks like a mark of this package", () =>
    withUpdate({ description: "text", descriptionType: "msg" }, async ({ send, sent }) => {
      const text = "press 1 [replaced by 0123456789abcdef at 2026-01-01T00:00:00Z]";
      const { error } = await send({ payload: "0aaaaaaaaaaaaaaa", text });
      assert.equal(error?.code, "invalid-config");
      assert.deepEqual(sent(), []);
    }));

  for (const description of ["", " \n", 7, {}, null, undefined]) {
    it(`refuses the description ${JSON.stringify(description) ?? "undefined"} of a message`, () =>
      withUpdate({ description: "text", descriptionType: "msg" }, async ({ send, sent }) => {
        const { error } = await send({ payload: "0aaaaaaaaaaaaaaa", text: description });
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, /to clear it/);
        assert.deepEqual(sent(), []);
      }));
  }

  it("refuses to update where it was saved under the former name of the status", async () => {
    for (const former of [
      { status: "inactive", statusType: "str" },
      { statusType: "keep" },
      { status: {} },
    ]) {
      await withUpdate(former, async ({ send, sent }) => {
        const { error } = await send({ payload: "0aaaaaaaaaaaaaaa" });
        assert.equal(error?.code, "invalid-config");
        assert.match(error.message, /former name "status"\. Open the node and choose it again/);
        assert.deepEqual(sent(), []);
      });
    }
  });

  it("says so where there is nothing to change", () =>
    withUpdate({}, async ({ send, sent }) => {
      const { error } = await send({ payload: "0aaaaaaaaaaaaaaa" });
      assert.equal(error?.code, "invalid-config");
      assert.match(error.message, /^Nothing to change, cannot update authorization: neither/);
      assert.deepEqual(sent(), []);
    }));

  for (const [what, payload, code] of BAD_TARGETS) {
    it(`answers ${what} with ${code}, and sends nothing`, () =>
      withUpdate(INACTIVE, async ({ send, sent }) => {
        const seen = await send({ payload });
        assert.equal(seen.error?.code, code);
        assert.equal(seen.ends, 1);
        assert.deepEqual(seen.outputs, [[], []]);
        assert.deepEqual(sent(), []);
      }));
  }

  it("updates many, in order, each with its own outcome", () =>
    withUpdate(INACTIVE, async ({ simulator, send }) => {
      const [a, b] = addTokens(simulator, 2);
      const seen = await send({ payload: [a!.id, "0aaaaaaaaaaaaaaa", { id: b!.id }, a!.id] });
      assert.deepEqual(
        (seen.payload as OutcomeRecord[]).map(({ id, outcome, token }) => [id, outcome, token.status]),
        [
          [a!.id, "updated", "inactive"],
          ["0aaaaaaaaaaaaaaa", "failed", undefined],
          [b!.id, "updated", "inactive"],
        ],
      );
      assert.equal(seen.error?.code, "not-found");
      assert.match(seen.error.message, /^Not found, cannot update 1 of 3 authorizations: the first is /);
      assert.equal(seen.ends, 1);
    }));

  it("takes the server's 'user not found' for what it means: done, but not shown", () =>
    withUpdate(INACTIVE, async ({ simulator, send }) => {
      const gone = simulator.world.addUser("gone");
      const orphan = simulator.world.addAuthorization({ user: gone });
      simulator.world.users.delete(gone.id);
      const seen = await send({ payload: orphan.id });
      assert.partialDeepStrictEqual(seen.payload, {
        ...{ id: orphan.id, outcome: "updated" },
        token: { status: "inactive" },
      });
      assert.equal(orphan.status, "inactive");
    }));

  it("changes nothing in a dry run, by its own box or by the message's wish, and tells what would change", async () => {
    for (const [properties, msg] of [
      [{ dryRun: true }, {}],
      [{}, { dryRun: true }],
    ]) {
      await withUpdate(
        { ...INACTIVE, description: "off", descriptionType: "str", ...properties },
        async ({ simulator, send, sent, runtime }) => {
          const { id } = addTokens(simulator, 1)[0]!;
          const payload = [id, "0aaaaaaaaaaaaaaa"];
          const seen = await send({ payload, ...msg });
          assert.deepEqual(
            (seen.payload as OutcomeRecord[]).map(({ outcome, would, changes }) => [outcome, would, changes]),
            [
              [
                "dry-run",
                "updated",
                {
                  status: { from: "active", to: "inactive" },
                  description: { from: "token 0", to: "off" },
                },
              ],
              ["dry-run", "not-found", undefined],
            ],
          );
          assert.deepEqual(
            sent(),
            payload.map((each) => `GET /api/v2/authorizations/${each}`),
          );
          assert.equal(runtime.statuses.at(-1), "yellow 2 in dry run: 1 not found");
        },
      );
    }
  });

  it("leaves protected tokens alone", () =>
    withUpdate(
      INACTIVE,
      async ({ send, sent }) => {
        assert.equal((await send({ payload: "0AAAAAAAAAAAAAAA" })).error?.code, "protected");
        assert.deepEqual(sent(), []);
      },
      { protectedIds: "0aaaaaaaaaaaaaaa" },
    ));
});
