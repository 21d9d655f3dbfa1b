import type { OutcomeRecord } from "../../src/work/outcomes.js";
import assert from "node:assert/strict";
import { request } from "undici";
import type { Liveness } from "../../src/tokens/resource.js";
import type { LookupAnswer, PreviewAnswer, TokensAnswer } from "../../nodes/admin/answers.js";
import { createHttp, type Http } from "../../src/http/client.js";
import { Secret } from "../../src/text/secret.js";
import { fixedToken } from "../../src/token-source.js";
import { authorizations } from "../../src/tokens/authorizations.js";
import { makeMarked } from "../../src/tokens/creation.js";
import { marked } from "../../src/tokens/marks.js";
import { ask, post } from "../helpers/admin.js";
import type { Message, Properties } from "../helpers/runtime.js";
import { isInfluxDB3, nodesOn, run, token, url } from "./server.js";

const made: { kind: string; id: string }[] = [];

async function api<T = { id: string; token: string; name: string }>(
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await request(`${url}/api/v2/${path}`, {
    method: method as "GET",
    headers: { authorization: `Token ${token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.body.text();
  if (response.statusCode >= 400) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

async function make(kind: "users" | "orgs" | "authorizations", body: Record<string, unknown>) {
  const thing = await api("POST", kind, body);
  made.unshift({ kind, id: thing.id });
  console.log(`    made ${kind.slice(0, -1)} ${thing.id}`);
  return thing;
}

const READ_WRITE = ["authorizations", "users"].flatMap((type) =>
  ["read", "write"].map((action) => ({ action, resource: { type } })),
);

const { connectionWith, once, tested, within } = nodesOn("oss");
const list = (properties: Properties, msg: Message = {}, withToken?: string) =>
  once("list-authorizations", properties, msg, withToken);
const update = (properties: Properties, payload: unknown, withToken?: string) =>
  once("update-authorization", properties, { payload }, withToken);
const remove = (payload: unknown, properties: Properties = {}, withToken?: string, connection?: Properties) =>
  once("delete-authorization", { confirmed: true, ...properties }, { payload }, withToken, connection);
const byUser = (name: string) => ({ user: name, userType: "str" });

describe(`the nodes on an InfluxDB OSS v2 at ${url}`, function () {
  this.timeout(60_000);
  let org: { id: string };
  let user: { id: string };
  let first: { id: string; token: string };
  let second: { id: string; token: string };
  let third: { id: string; token: string };
  const userName = `${run}-user`;

  before(async function () {
    if (await isInfluxDB3()) this.skip();
    org = await make("orgs", { name: `${run}-org` });
    user = await make("users", { name: userName });
    const one = (description: string) =>
      make("authorizations", {
        orgID: org.id,
        userID: user.id,
        description,
        permissions: [{ action: "read", resource: { type: "buckets", orgID: org.id } }],
      });
    first = await one("first");
    second = await one("second");
    third = await one("third");
  });

  after(async () => {
    for (const { kind, id } of made) {
      const gone = await api("DELETE", `${kind}/${id}`).then(
        () => "removed",
        (error: unknown) => (/: 404 /.test(String(error)) ? "already gone" : String(error)),
      );
      console.log(`    ${gone}: ${kind.slice(0, -1)} ${id}`);
    }
  });

  it("tests a connection: the token's user, its ID and what it may do", async () => {
    const { id: orgID } = await make("orgs", { name: `${run}-tester-org` });
    const tester = await make("users", { name: `${run}-tester` });
    const permissions = READ_WRITE.slice(0, -1);
    const own = await make("authorizations", { orgID, userID: tester.id, permissions });
    const { text, report } = await tested(own.token);
    assert.match(text, /^ok: Reached: InfluxDB OSS v2 \(.+\) answers\.\nok: Its clock/);
    assert.match(text, new RegExp(`ok: The token is accepted\\. It is of the user ${run}-tester\\.`));
    assert.match(
      text,
      /ok: list authorizations: allowed\.\nwarning: update authorization: not allowed\. It lacks write:users/,
    );
    assert.deepEqual(
      report.offers.map(({ property, value }) => [property, value]),
      [["ownTokenId", own.id]],
    );
    assert.match((await tested(token)).text, /ok: delete authorization: allowed\./);
    assert.match((await tested("not-a-token")).text, /wrong: Token: the server does not accept/);
    await api("PATCH", `authorizations/${own.id}`, { status: "inactive" });
    assert.match((await tested(own.token)).text, /wrong: Token: the connection's token is inactive/);
  });

  it("lists the authorizations of a user, oldest first, without token values", async () => {
    const { payload } = await list(byUser(userName));
    assert.deepEqual(
      (payload as { id: string }[]).map(({ id }) => id),
      [first.id, second.id, third.id],
    );
    assert.ok(!JSON.stringify(payload).includes(first.token));
    assert.ok((payload as object[]).every((found) => !("token" in found)));
  });

  it("lists by each of the filters", async () => {
    const ids = async (properties: Properties) =>
      ((await list(properties)).payload as { id: string }[]).map(({ id }) => id);
    const all = [first.id, second.id, third.id];
    assert.deepEqual(await ids({ userID: user.id, userIDType: "str" }), all);
    assert.deepEqual(await ids({ org: `${run}-org`, orgType: "str" }), all);
    assert.deepEqual(await ids({ orgID: org.id, orgIDType: "str" }), all);
    assert.deepEqual(await ids({ ...byUser(userName), description: "seco", descriptionType: "str" }), [
      second.id,
    ]);
    assert.deepEqual(await ids({ ...byUser(userName), createdAfter: "1h", createdAfterType: "str" }), all);
    assert.equal(
      (await list({ ...byUser(userName), createdBefore: "1h", createdBeforeType: "str" })).outputs[1].length,
      1,
    );
    assert.equal(
      (await list({ ...byUser(userName), tokenStatus: "inactive", tokenStatusType: "str" })).outputs[1]
        .length,
      1,
    );
  });

  it("finds the first authorization of a user", async () => {
    const { payload } = await list({ ...byUser(userName), result: "first" });
    assert.equal((payload as { id: string }).id, first.id);
  });

  it("says that there is no such user, and that an empty filter is not sent", async () => {
    assert.equal((await list(byUser(`${run}-nobody`))).error?.code, "not-found");
    assert.equal((await list({ user: "user", userType: "msg" }, { user: "" })).error?.code, "invalid-filter");
  });

  it("changes the description alone, and keeps the status", async () => {
    const disabled = await update({ tokenStatusType: "str", tokenStatus: "inactive" }, first.id);
    assert.equal((disabled.payload as OutcomeRecord).token.status, "inactive");
    const { payload } = await update({ description: "renamed", descriptionType: "str" }, first.id);
    assert.partialDeepStrictEqual(payload, {
      ...{ id: first.id, outcome: "updated" },
      token: { description: "renamed", status: "inactive" },
    });
  });

  it("clears a description on purpose", async () => {
    const { payload } = await update({ descriptionType: "clear" }, { id: first.id });
    assert.equal((payload as OutcomeRecord).token.description, "");
  });

  it("does nothing in a dry run", async () => {
    const { payload } = await remove([first.id, second.id], { dryRun: true });
    assert.deepEqual(
      (payload as { outcome: string }[]).map(({ outcome }) => outcome),
      ["dry-run", "dry-run"],
    );
    assert.equal(((await list(byUser(userName))).payload as unknown[]).length, 3);
  });

  it("deletes one, says so when it is gone, and takes its spelling in upper case for the same", async () => {
    assert.partialDeepStrictEqual((await remove(first.id.toUpperCase())).payload, {
      id: first.id,
      outcome: "deleted",
    });
    assert.equal((await remove(first.id)).error?.code, "not-found");
    assert.equal(
      ((await remove(first.id, { notFound: "done" })).payload as { outcome: string }).outcome,
      "not-found",
    );
  });

  it("deletes many, in order, with a record each", async () => {
    const { payload, error } = await remove([second.id, "0aaaaaaaaaaaaaaa", { id: third.id }]);
    assert.deepEqual(
      (payload as { id: string; outcome: string }[]).map(({ id, outcome }) => `${id} ${outcome}`),
      [`${second.id} deleted`, "0aaaaaaaaaaaaaaa failed", `${third.id} deleted`],
    );
    assert.equal(error?.code, "not-found");
    assert.equal((await list(byUser(userName))).outputs[1].length, 1);
  });

  it("names the permission that the connection's token lacks", async () => {
    const victim = await make("authorizations", {
      orgID: org.id,
      userID: user.id,
      permissions: READ_WRITE.slice(0, 1),
    });
    const { error } = await remove(victim.id, {}, victim.token, { allowOwnToken: true });
    assert.equal(error?.code, "unauthorized");
    assert.match(error.message, new RegExp(`write:orgs/${org.id}/authorizations/${victim.id}`));
    // It may not even tell which token it is itself.
    const blind = (await remove(victim.id, {}, victim.token)).error;
    assert.equal(blind?.code, "unauthorized");
    assert.match(blind.message, new RegExp(`read:users/${user.id}.*"Own token ID"`));
    assert.equal((await list({}, {}, victim.token)).error?.code, "forbidden");
    assert.equal((await remove(victim.id, {}, "no-such-token")).error?.code, "unauthorized");
  });

  it("tells an inactive token from a wrong one", async () => {
    const sleeper = await make("authorizations", {
      orgID: org.id,
      status: "inactive",
      permissions: READ_WRITE,
    });
    assert.match((await remove(sleeper.id, {}, sleeper.token)).error?.message ?? "", /is inactive/);
  });

  it("does what concerns one token in the order of the messages", async () => {
    const target = await make("authorizations", { orgID: org.id, userID: user.id, permissions: READ_WRITE });
    const properties = { tokenStatus: "to", tokenStatusType: "msg" };
    await within("update-authorization", properties, connectionWith(token), async (runtime) => {
      for (let round = 1; round <= 100; round++) {
        runtime.inject({ payload: target.id, to: "active" });
        runtime.inject({ payload: target.id.toUpperCase(), to: "inactive" });
        await runtime.ended(2 * round);
        assert.equal(
          (await api<{ status: string }>("GET", `authorizations/${target.id}`)).status,
          "inactive",
        );
      }
    });
  });

  it("spares the connection's own token, and none but that where the server tells which it is", async () => {
    const manager = await make("users", { name: `${run}-manager` });
    const body = { orgID: org.id, userID: manager.id, permissions: READ_WRITE };
    const own = await make("authorizations", body);
    const connected = (payload: unknown, connection?: Properties) =>
      remove(payload, {}, own.token, connection);
    assert.match((await connected(own.id)).error?.message ?? "", /the connection's own token/);
    const sibling = await make("authorizations", body);
    const { error } = await connected(sibling.id);
    const isHashed = (await api<{ token: string }>("GET", `authorizations/${own.id}`)).token === "";
    assert.equal(error?.code, isHashed ? "protected" : undefined);
    if (isHashed) assert.equal((await connected(sibling.id, { ownTokenId: own.id })).error, undefined);
    assert.equal((await connected(own.id, { ownTokenId: own.id })).error?.code, "protected");
    assert.equal((await connected(own.id, { allowOwnToken: true })).error, undefined);
  });

  it("leaves alone what was changed since it was listed", async () => {
    const target = await make("authorizations", { orgID: org.id, userID: user.id, permissions: READ_WRITE });
    const listed = async () =>
      ((await list(byUser(userName))).payload as { id: string }[]).find(({ id }) => id === target.id)!;
    const before = await listed();
    await api("PATCH", `authorizations/${target.id}`, { description: "changed meanwhile" });
    const asListed = { onlyIfAsListed: true };
    assert.partialDeepStrictEqual((await remove(before, asListed)).payload, { outcome: "changed" });
    assert.partialDeepStrictEqual((await remove(await listed(), asListed)).payload, { outcome: "deleted" });
  });

  it("tells an empty list for want of a permission from one that is empty", async () => {
    const blind = await make("authorizations", {
      orgID: org.id,
      userID: user.id,
      permissions: [{ action: "read", resource: { type: "users" } }],
    });
    const nobody = { userID: "00000000000000ff", userIDType: "str" };
    assert.equal((await list(nobody, {}, blind.token)).error?.code, "forbidden");
    assert.equal((await list(nobody)).error, undefined);
  });

  it("updates and deletes an orphan, whose user is gone, by its ID", async () => {
    const gone = await make("users", { name: `${run}-gone` });
    const orphan = await make("authorizations", { orgID: org.id, userID: gone.id, permissions: READ_WRITE });
    await api("DELETE", `users/${gone.id}`);
    assert.partialDeepStrictEqual(
      (await update({ tokenStatus: "inactive", tokenStatusType: "str" }, orphan.id)).payload,
      { id: orphan.id, outcome: "updated", token: { status: "inactive" } },
    );
    assert.partialDeepStrictEqual((await remove(orphan.id)).payload, { id: orphan.id, outcome: "deleted" });
  });

  it("checks a token by its value, through its life", async () => {
    const owner = await make("users", { name: `${run}-leaker` });
    const body = (permissions: object[]) => ({ orgID: org.id, userID: owner.id, permissions });
    const leaked = await make("authorizations", body([{ action: "read", resource: { type: "users" } }]));
    const unable = await make("authorizations", body([{ action: "read", resource: { type: "buckets" } }]));
    const isHashed = (await api<{ token: string }>("GET", `authorizations/${leaked.id}`)).token === "";
    const check = async (tokenValue: string, withToken = token) => {
      const { outputs } = await once("check-token", {}, { tokenValue }, withToken);
      const [{ payload } = { payload: undefined }] = [...outputs[0], ...outputs[1]];
      const { works, state, ...told } = payload as Liveness;
      assert.equal(works, outputs[0].length === 1);
      return { state, user: told.user?.id, token: told.token?.id };
    };
    const known = { user: owner.id, token: isHashed ? undefined : leaked.id };
    assert.deepEqual(await check(leaked.token), { state: "active", ...known });
    assert.deepEqual(await check(unable.token), {
      ...{ state: "active", user: owner.id, token: isHashed ? undefined : unable.id },
    });
    assert.deepEqual(await check(leaked.token, unable.token), {
      ...{ state: "active", user: owner.id, token: undefined },
    });
    await api("PATCH", `authorizations/${leaked.id}`, { status: "inactive" });
    assert.deepEqual(await check(leaked.token), {
      ...{ state: "inactive", user: isHashed ? undefined : owner.id, token: known.token },
    });
    await api("PATCH", `users/${owner.id}`, { status: "inactive" });
    assert.equal((await check(unable.token)).state, "user-inactive");
    await api("DELETE", `users/${owner.id}`);
    assert.equal((await check(unable.token)).state, "user-inactive");
    await api("DELETE", `authorizations/${leaked.id}`);
    for (const value of [leaked.token, "never-a-token"])
      assert.deepEqual(await check(value), { state: "not-accepted", user: undefined, token: undefined });
  });

  it("rotates a token without an outage, brings the old one back, and rotates it again", async () => {
    const owner = await make("users", { name: `${run}-rotated` });
    const permissions = [{ action: "read", resource: { type: "users" } }];
    const old = await make("authorizations", {
      ...{ orgID: org.id, userID: owner.id, permissions, description: `${run} press` },
    });
    const works = async (value: string) => {
      const headers = { authorization: `Token ${value}` };
      return (await fetch(new URL("/api/v2/me", url), { headers })).status === 200;
    };
    const rotate = async (msg: Message) => {
      const { error, outputs } = await once("rotate-token", {}, msg);
      assert.equal(error, undefined, error?.message);
      return outputs;
    };
    const begin = async () => {
      const [[sent]] = await rotate({ payload: old.id });
      assert.ok(sent);
      made.unshift({ kind: "authorizations", id: (sent.handedOver as { successor: string }).successor });
      return sent;
    };
    const outcome = async (msg: Message) => ((await rotate(msg))[1][0]?.payload as OutcomeRecord).outcome;

    const sent = await begin();
    const { handedOver, tokenValue } = sent;
    assert.ok((await works(old.token)) && (await works(String(tokenValue))), "both work");
    assert.equal(await outcome({ handedOver, tokenValue, step: "stored" }), "replaced");
    assert.deepEqual([await works(old.token), await works(String(tokenValue))], [false, true]);
    assert.equal(await outcome({ payload: old.id, step: "back" }), "restored");
    assert.ok((await works(old.token)) && (await works(String(tokenValue))), "both work again");

    const next = await begin();
    assert.equal(await outcome({ ...next, step: "stored" }), "replaced");
    const all = [old.token, String(tokenValue), String(next.tokenValue)];
    assert.deepEqual(await Promise.all(all.map(works)), [false, false, true]);
    const replaced = {
      replacedBefore: new Date(Date.now() + 60_000).toISOString(),
      replacedBeforeType: "str",
    };
    const { payload } = await list({ ...replaced, ...byUser(`${run}-rotated`) });
    assert.equal((payload as unknown[]).length, 2);
  });

  it("finds a token by its value, or says that values are hidden", async () => {
    const leaked = await make("authorizations", { orgID: org.id, userID: user.id, permissions: READ_WRITE });
    const isHashed = (await api<{ token: string }>("GET", `authorizations/${leaked.id}`)).token === "";
    const byValue = { tokenValue: "leaked", tokenValueType: "msg" };
    const { payload, error } = await list(byValue, { leaked: leaked.token });
    if (isHashed) {
      assert.equal(error?.code, "hidden-value");
      return;
    }
    assert.deepEqual(
      (payload as { id: string; token?: string }[]).map(({ id, token }) => [id, token]),
      [[leaked.id, undefined]],
    );
    assert.equal((await list({ ...byValue, ...byUser(userName) }, { leaked: token })).outputs[1].length, 1);
  });

  describe("without the nodes", () => {
    let http: Http;
    const open = (value: string) => {
      http = createHttp({
        url: new URL(url),
        authorization: { scheme: "Token", token: fixedToken(new Secret(value)) },
        ...{ timeoutSeconds: 10, retries: 0, parallel: 1 },
      });
      return authorizations.open({ http, own: { value: new Secret(value), findsByValue: false } }, {});
    };
    /** Whether it lets somebody read buckets; without that right, a list is empty, and no error. */
    const works = async (value: Secret) => {
      const path = ["api", "v2", "buckets"];
      const { body } = await http.send({ task: "look", method: "GET", repeat: "safe", path, token: value });
      return (JSON.parse(Buffer.concat(body).toString()) as { buckets: unknown[] }).buckets.length > 0;
    };
    const read = (type: string) => ({ action: "read" as const, resource: { type, orgID: org.id } });
    afterEach(() => http.close());

    it("makes a token that works once it is switched on, of another user", async () => {
      const tokens = open(token);
      const { directory } = tokens;
      assert.equal(await directory.org(`${run}-org`), org.id);
      assert.equal(await directory.user(userName), user.id);
      await assert.rejects(directory.user(`${run}-nobody`), { code: "not-found", words: "no such user" });
      await api("POST", "buckets", { orgID: org.id, name: `${run}-readable` });
      const description = marked(`${run} new`, { kind: "creating", attempt: "1a2b3c4d" });
      const wanted = { description, orgID: org.id, userID: user.id, permissions: [read("buckets")] };
      const { token: made_, value } = await makeMarked(tokens, wanted);
      made.unshift({ kind: "authorizations", id: made_.id });
      assert.deepEqual([made_.user, made_.status], [userName, "inactive"]);
      assert.equal(await works(value), false);
      await tokens.switchOn(made_.id, { ...wanted, description: `${run} new` });
      assert.equal(await works(value), true);
      const twin = authorizations.twinOf((await tokens.get(made_.id)).token!, description);
      assert.deepEqual(twin, wanted);
      await tokens.switchOff(made_.id, `${run} off`);
      assert.equal(await works(value), false);
      assert.equal((await tokens.get(made_.id)).token?.description, `${run} off`);
    });

    it("names the bucket of a permission only for people", async () => {
      const bucket = await api<{ id: string }>("POST", "buckets", { orgID: org.id, name: `${run}-bucket` });
      const permission = {
        action: "write" as const,
        resource: { type: "buckets", id: bucket.id, orgID: org.id },
      };
      const { id } = await make("authorizations", { orgID: org.id, permissions: [permission] });
      const shown = (await open(token).get(id)).token!;
      assert.match(JSON.stringify(shown.permissions), new RegExp(`${run}-bucket`));
      assert.deepEqual(authorizations.twinOf(shown, "twin").permissions, [permission]);
    });

    it("says what it cannot grant, and whose a token cannot be", async () => {
      const permissions = READ_WRITE;
      const manager = await make("authorizations", { orgID: org.id, permissions });
      const wanted = { description: `${run} refused`, orgID: org.id, permissions: [read("buckets")] };
      await assert.rejects(open(manager.token).make(wanted), {
        code: "forbidden",
        words: "cannot grant",
        message: new RegExp(`cannot grant read:orgs/${org.id}/buckets,`),
      });
      await http.close();
      await assert.rejects(open(token).make({ ...wanted, userID: "0aaaaaaaaaaaaaaa" }), {
        code: "not-found",
        words: "no such org or user",
      });
    });
  });

  it("shows its tokens to the editor, what may be the own one, and what a list would find", async () => {
    await within("list-authorizations", {}, connectionWith(token), async () => {
      const of = (what: string) => `connections/connection/${what}`;
      const target = await make("authorizations", {
        orgID: org.id,
        userID: user.id,
        permissions: READ_WRITE,
      });
      const all = await ask<TokensAnswer>(of("tokens?mark=all-access"));
      assert.equal(all.error, undefined);
      assert.ok(all.tokens.some(({ marks }) => marks.includes("own") || marks.includes("maybe-own")));
      const users = await ask<LookupAnswer>(of(`lookup?of=user&search=${userName}`));
      assert.equal(users.entries[0]?.value, userName);
      const { tokens, matching } = await post<PreviewAnswer>("preview", {
        ...{ type: "influxdb-list-authorizations", connection: "connection" },
        properties: byUser(userName),
      });
      assert.equal(tokens.length, matching);
      const row = tokens.find(({ id }) => id === target.id);
      assert.equal(row?.access, "read and write: all authorizations and all users");
      assert.deepEqual(row.marks, []);
    });
  });
});
