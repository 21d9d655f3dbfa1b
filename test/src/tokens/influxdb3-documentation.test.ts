import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { PRODUCTS } from "../../../src/products.js";
import { ADMIN } from "../../../src/tokens/influxdb3-permissions.js";
import { allOf } from "../../helpers/batches.js";
import { closing } from "../../helpers/closing.js";
import { OPERATOR_VALUE, startTokens, valueOf, type Started } from "../../helpers/influxdb3.js";

const TOKENS = "/api/v3/configure/token";
const NAMED = `${TOKENS}/named_admin`;
const REGENERATE = `${TOKENS}/admin/regenerate`;
const QUERY = "/api/v3/query_sql";
const LIST = JSON.stringify({ db: "_internal", q: "SELECT * FROM system.tokens", format: "json" });
const JSON_TYPE = { "content-type": "application/json" };

interface Wrong {
  /** What the documentation, its OpenAPI or texts of others say, or leave out. */
  says: string;
  /** Shows what the server does instead, and that this package goes by that. */
  shows(
    started: Started,
    start: (options?: Parameters<typeof startTokens>[0]) => Promise<Started>,
  ): Promise<void>;
}

/** Asks as anybody can; with the operator's token unless another is given, or none. */
async function ask(
  { server }: Pick<Started, "server">,
  method: string,
  path: string,
  {
    token = OPERATOR_VALUE,
    body,
    headers = {},
  }: { token?: string | null; body?: string; headers?: object } = {},
) {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
    ...(body !== undefined && { body: Buffer.from(body) }),
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    text: await response.text(),
  };
}

const made = (name: string) => ({ body: JSON.stringify({ token_name: name }), headers: JSON_TYPE });
/** Another token that may do everything. */
function addOther({ world }: Started): string {
  return world.addToken({ name: "other", value: valueOf("other") }).value;
}

const WRONG: Wrong[] = [
  {
    says: "the OpenAPI: creating the operator token gives 401, and not 409",
    async shows(started) {
      for (const token of [null, "apiv3_nobody"]) {
        const { status, text } = await ask(started, "POST", `${TOKENS}/admin`, { token });
        assert.deepEqual([status, text], [409, "token name already exists, _admin"]);
      }
      started.world.tokens.delete("_admin");
      assert.equal((await ask(started, "POST", `${TOKENS}/admin`, { token: null })).status, 201);
    },
  },
  {
    says: "the OpenAPI: errors are JSON",
    async shows(started) {
      const wrong = [
        await ask(started, "DELETE", `${TOKENS}?token_name=nobody`),
        await ask(started, "DELETE", `${TOKENS}?token_name=_admin`),
        await ask(started, "POST", NAMED, made("_admin")),
        await ask(started, "POST", NAMED, { body: "{}" }),
        await ask(started, "POST", "/api/v3/nothing"),
      ];
      assert.deepEqual(
        wrong.map(({ status }) => status),
        [404, 405, 409, 415, 404],
      );
      for (const { type, text } of wrong) {
        assert.equal(type, null);
        assert.throws(() => JSON.parse(text) as unknown, SyntaxError);
      }
      const refused = await ask(started, "POST", QUERY, { token: "apiv3_nobody", body: LIST });
      assert.deepEqual([refused.status, refused.type], [401, null]);
      assert.deepEqual(JSON.parse(refused.text), { error: "the request was not authenticated" });
      // Each of the texts has its meaning all the same.
      await assert.rejects(started.tokens().remove("nobody"), { code: "not-found" });
    },
  },
  {
    says: "the OpenAPI: there is no 400, 405, 415 or 500",
    async shows(started) {
      const statusOf = async (...asked: [string, string, Parameters<typeof ask>[3]?]) =>
        (await ask(started, ...asked)).status;
      assert.equal(await statusOf("POST", NAMED, { body: "{}", headers: JSON_TYPE }), 400);
      assert.equal(await statusOf("DELETE", `${TOKENS}?token_name=_admin`), 405);
      assert.equal(await statusOf("POST", NAMED, { body: "{}" }), 415);
      const token = addOther(started);
      started.world.tokens.delete("_admin");
      assert.equal(await statusOf("POST", REGENERATE, { token }), 500);
    },
  },
  {
    says: "the OpenAPI: a new token comes as application/json",
    async shows(started, start) {
      assert.equal((await ask(started, "POST", NAMED, made("ci"))).type, "json");
      assert.equal((await ask(started, "POST", REGENERATE)).type, "json");
      const { tokens, world } = await start();
      const { value } = await tokens().make({ name: "ci", permissions: ADMIN });
      assert.equal(value.reveal(), world.tokens.get("ci")?.value);
    },
  },
  {
    says: "the OpenAPI: a token can stand in the query of each route",
    async shows(started, start) {
      for (const [method, path] of [
        ["POST", NAMED],
        ["POST", REGENERATE],
        ["DELETE", TOKENS],
        ["POST", QUERY],
      ] as const) {
        const query = new URLSearchParams({ u: "any", p: OPERATOR_VALUE });
        assert.equal(
          (await ask(started, method, `${path}?${query.toString()}`, { token: null })).status,
          401,
        );
      }
      const { tokens, requests } = await start();
      await tokens().make({ name: "ci", permissions: ADMIN });
      await tokens().remove("ci");
      await tokens().regenerate();
      for (const { path, headers } of requests) {
        assert.ok(!path.includes("apiv3_"));
        assert.equal(headers.authorization, `Bearer ${OPERATOR_VALUE}`);
      }
    },
  },
  {
    says: "an example of the OpenAPI: a hash is short",
    async shows(started) {
      const { text } = await ask(started, "POST", NAMED, made("ci"));
      assert.match((JSON.parse(text) as { hash: string }).hash, /^[0-9a-f]{128}$/);
    },
  },
  {
    says: "texts of others: a hash is SHA-256, of 64 digits",
    async shows(started) {
      const { text } = await ask(started, "POST", NAMED, made("ci"));
      const { hash, token } = JSON.parse(text) as { hash: string; token: string };
      assert.equal(hash, createHash("sha512").update(token).digest("hex"));
    },
  },
  {
    says: "texts of others: Core makes resource tokens",
    async shows(started) {
      for (const path of [TOKENS, "/api/v3/enterprise/configure/token"]) {
        const body = JSON.stringify({ token_name: "ci", permissions: [] });
        const { status, text } = await ask(started, "POST", path, { body, headers: JSON_TYPE });
        assert.deepEqual([status, text], [404, "Not found"]);
      }
      const permissions = [{ resource_type: "db" as const, resource_names: ["a"], actions: ["read"] }];
      await assert.rejects(started.tokens().make({ name: "ci", permissions }), {
        code: "unsupported-product",
      });
      assert.ok(!("hasResourceTokens" in PRODUCTS["influxdb3-core"]));
    },
  },
  {
    says: "the documentation: a named admin token cannot change the operator token",
    async shows(started) {
      const token = addOther(started);
      assert.equal((await ask(started, "POST", REGENERATE, { token })).status, 201);
      assert.equal(started.world.active(OPERATOR_VALUE), undefined);
    },
  },
  {
    says: "the documentation: the operator token alone can regenerate itself",
    async shows({ world }, start) {
      const started = await start({ ownValue: valueOf("other") });
      addOther(started);
      const { value } = await started.tokens().regenerate();
      assert.equal(value.reveal(), started.world.tokens.get("_admin")?.value);
      assert.ok(world.active(OPERATOR_VALUE));
    },
  },
  {
    says: "the documentation: admin tokens can be edited",
    async shows(started) {
      addOther(started);
      for (const method of ["PATCH", "PUT"]) {
        for (const path of [TOKENS, `${TOKENS}?token_name=other`, `${TOKENS}/other`]) {
          const { status, text } = await ask(started, method, path, made("new"));
          assert.deepEqual([status, text], [404, "Not found"]);
        }
      }
      const tokens: object = started.tokens();
      for (const method of ["update", "switchOn", "switchOff"]) assert.ok(!(method in tokens));
    },
  },
  {
    says: "the documentation: a list comes as Parquet for Accept: application/parquet",
    async shows(started, start) {
      const accepting = (accept: string) => ask(started, "POST", QUERY, { body: LIST, headers: { accept } });
      const { status, text } = await accepting("application/parquet");
      assert.deepEqual([status, text], [500, "invalid mime type (application/parquet)"]);
      // Nor does it take what most programs send, whatever format is asked for.
      assert.equal((await accepting("application/json, text/plain")).status, 500);
      assert.equal((await accepting("application/vnd.apache.parquet")).status, 200);
      const { tokens, requests } = await start();
      await allOf(tokens().list({}));
      assert.equal(requests[0]?.headers.accept, "application/json");
    },
  },
  {
    says: "nothing: what is NULL is left out of a list",
    async shows(started) {
      const [row] = JSON.parse((await ask(started, "POST", QUERY, { body: LIST })).text) as object[];
      assert.deepEqual(Object.keys(row!), ["token_id", "name", "hash", "created_at", "permissions"]);
      const [token] = await allOf(started.tokens().list({}));
      for (const key of ["expiresAt", "description", "updatedAt"]) assert.ok(!(key in token!));
    },
  },
  {
    says: "nothing: times of a list have no zone, those of a new token have",
    async shows(started) {
      const { text } = await ask(started, "POST", NAMED, made("ci"));
      const { created_at: created } = JSON.parse(text) as { created_at: string };
      const rows = (await ask(started, "POST", QUERY, { body: LIST })).text;
      const [, row] = JSON.parse(rows) as { created_at: string }[];
      assert.match(created, /Z$/);
      assert.match(row!.created_at, /\d$/);
      assert.equal((await started.tokens().get("ci")).token?.createdAt, created);
    },
  },
  {
    says: "nothing: a hash is cut to nine digits in a list",
    async shows(started) {
      const [row] = JSON.parse((await ask(started, "POST", QUERY, { body: LIST })).text) as {
        hash: string;
      }[];
      assert.equal(row!.hash, started.world.tokens.get("_admin")?.hash.slice(0, 9));
      assert.equal(row!.hash.length, 9);
    },
  },
];

describe("where the documentation of InfluxDB 3 is wrong, or says nothing", () => {
  const also = closing(afterEach);

  for (const { says, shows } of WRONG)
    it(says, async () => {
      await shows(await also(startTokens()), (options) => also(startTokens(options)));
    });
});
