import assert from "node:assert/strict";
import { createHttp } from "../../../src/http/client.js";
import type { ResourceName } from "../../../src/products.js";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { listGrantable } from "../../../src/tokens/grantable.js";
import { closing } from "../../helpers/closing.js";
import { serve } from "../../helpers/servers.js";

const ORG = "7688ed1e1c06cade";
const bucket = (number: number) => ({
  id: (number + 1).toString(16).padStart(16, "0"),
  name: `bucket ${number}`,
  orgID: ORG,
  type: "user",
});

describe("listGrantable", () => {
  const also = closing(afterEach);

  /** What is listed where the server answers so, and what it was asked. */
  async function listFrom(answer: (url: URL) => unknown, resource: ResourceName = "authorizations") {
    const asked: string[] = [];
    const { port } = await also(
      serve(({ url = "" }, response) => {
        asked.push(url);
        const body = answer(new URL(url, "http://server"));
        if (typeof body === "number")
          response.writeHead(body).end(JSON.stringify({ code: body, message: "no" }));
        else response.setHeader("content-type", "application/json").end(JSON.stringify(body));
      }),
    );
    const token = new Secret("a-secret-of-the-connection");
    const http = await also(
      Promise.resolve(
        createHttp({
          ...{ url: new URL(`http://127.0.0.1:${port}`), timeoutSeconds: 5, retries: 0, parallel: 1 },
          authorization: { scheme: "Token", token: fixedToken(token) },
        }),
      ),
    );
    const cluster = { accountId: "a", clusterId: "c" };
    const list = () => listGrantable(resource, { http, cluster } as never, {});
    return { asked, list };
  }

  it("reads buckets page by page, whatever is left out of a page, and at most a thousand", async () => {
    const all = Array.from({ length: 2000 }, (_, number) => bucket(number));
    const page = ({ searchParams }: URL) => {
      const offset = Number(searchParams.get("offset"));
      const shown = all.slice(offset, offset + Number(searchParams.get("limit")));
      return { buckets: shown.filter(({ name }) => !hidden.includes(name)) };
    };
    const hidden: string[] = [];
    const { list, asked } = await listFrom(page);
    assert.equal((await list()).length, 1000);
    assert.equal(asked.length, 10);
    all.splice(250);
    // OSS takes what a token may not see out of the page that it has read.
    hidden.push("bucket 10", "bucket 110");
    const found = await list();
    assert.equal(found.length, 248);
    assert.deepEqual(found[0], { id: "0000000000000001", name: "bucket 0", orgID: ORG });
  });

  it("ends with a server that gives the same page for ever", async () => {
    const { list, asked } = await listFrom(() => ({ buckets: [bucket(1)] }));
    assert.equal((await list()).length, 1);
    assert.equal(asked.length, 10);
  });

  it("says what a token lacks that sees none", async () => {
    const { list } = await listFrom(() => ({ buckets: [] }));
    await assert.rejects(list(), { code: "forbidden", message: /lacks the permission read:buckets/ });
  });

  it("takes no other answer for a list, and no name that nobody can use", async () => {
    for (const answer of [{}, [], { buckets: [{ id: "x", name: "b" }] }, { buckets: [null] }]) {
      const { list } = await listFrom(() => answer);
      await assert.rejects(list(), { code: "bad-response" }, JSON.stringify(answer));
    }
    const odd = [
      { ...bucket(1), name: "" },
      { ...bucket(2), name: "x".repeat(501) },
      { ...bucket(3), orgID: 7 },
    ];
    const { list } = await listFrom(() => ({ buckets: odd }));
    assert.deepEqual(await list(), [{ id: bucket(3).id, name: "bucket 3", orgID: undefined }]);
  });

  it("shows no token of the connection that a name holds", async () => {
    const { list } = await listFrom(() => ({
      buckets: [{ ...bucket(1), name: "of a-secret-of-the-connection" }],
    }));
    assert.equal((await list())[0]?.name, "of …");
  });

  it("reads the databases of a cluster, and says why not", async () => {
    const { list, asked } = await listFrom(() => [{ name: "iot", maxTables: 500 }], "database-tokens");
    assert.deepEqual(await list(), [{ id: "iot", name: "iot" }]);
    assert.deepEqual(asked, ["/api/v0/accounts/a/clusters/c/databases"]);
    const refused = await listFrom(() => 403, "database-tokens");
    await assert.rejects(refused.list(), { code: "forbidden" });
    assert.deepEqual(await (await listFrom(() => [], "management-tokens")).list(), []);
  });
});
