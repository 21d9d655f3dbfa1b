import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { startInfluxdb3, type Influxdb3Options, type Influxdb3Simulator } from "../../simulator/influxdb3.js";
import { populateInfluxdb3 } from "../../simulator/population.js";
import { Answers } from "../helpers/contracts.js";

const TOKENS = "/api/v3/configure/token";
const RESOURCE_TOKENS = "/api/v3/enterprise/configure/token";
const OPERATOR = "apiv3_operator";
const U64_MAX = '{"token_name":"x","expiry_secs":18446744073709551615}';

let simulator: Influxdb3Simulator;

async function start(options: Influxdb3Options = {}): Promise<void> {
  simulator = await startInfluxdb3({ operatorToken: OPERATOR, ...options });
}

interface Called {
  status: number;
  headers: Headers;
  text: string;
}

interface CallOptions {
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

async function call(method: string, path: string, options: CallOptions = {}): Promise<Called> {
  const { body, token = OPERATOR, headers } = options;
  const response = await fetch(simulator.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const create = (body: unknown, token?: string) =>
  call("POST", `${TOKENS}/named_admin`, { body, ...(token !== undefined && { token }) });
const query = (q: string, options: CallOptions & { db?: string } = {}) =>
  call("POST", "/api/v3/query_sql", { ...options, body: { db: options.db ?? "_internal", q } });

async function rows(q: string): Promise<Record<string, unknown>[]> {
  return JSON.parse((await query(q)).text) as Record<string, unknown>[];
}

async function said(answer: Promise<Called>): Promise<string> {
  const { status, text } = await answer;
  return `${status} ${text}`;
}

describe("the simulated InfluxDB 3", () => {
  afterEach(() => simulator.close());

  it("deletes by a name of any length", async () => {
    await start();
    const name = "😀".repeat(5000);
    assert.equal((await create({ token_name: name })).status, 201);
    const path = `${TOKENS}?${new URLSearchParams({ token_name: name })}`;
    assert.equal(await said(call("DELETE", path)), "200 ");
    assert.equal((await call("DELETE", path)).status, 404);
  });

  it("names its catalog on every answer of the main port", async () => {
    await start();
    const answers = [
      await call("GET", "/ping"),
      await call("GET", "/x"),
      await call("GET", "/", { token: "x" }),
    ];
    const [first, ...others] = answers.map(({ headers }) => headers.get("cluster-uuid"));
    assert.match(first ?? "", /^[0-9a-f-]{36}$/);
    assert.deepEqual(others, [first, first]);
  });

  it("sends rows in chunks, and what is short with its length", async () => {
    await start();
    const { headers } = await query("SELECT name FROM system.tokens");
    assert.deepEqual([headers.get("transfer-encoding"), headers.get("content-length")], ["chunked", null]);
    assert.equal((await create({ token_name: "x" })).headers.get("transfer-encoding"), null);
  });

  it("knows the operator token that it was given, and hashes it", async () => {
    await start();
    const hash = createHash("sha512").update(OPERATOR).digest("hex").slice(0, 9);
    assert.deepEqual(await rows("SELECT token_id, name, hash FROM system.tokens"), [
      { token_id: 0, name: "_admin", hash },
    ]);
  });

  it("makes values that are as long as real ones, and known as its own", async () => {
    await start();
    assert.match(simulator.world.addToken({ name: "x" }).value, /^apiv3_[\w-]{86}$/);
  });

  it("lets one of many requests have a name, or delete it", async () => {
    await start();
    const statuses = async (one: () => Promise<Called>) =>
      (await Promise.all(Array.from({ length: 8 }, one))).map(({ status }) => status).sort();
    const of = (first: number, other: number) => [first, ...Array.from({ length: 7 }, () => other)];
    assert.deepEqual(await statuses(() => create({ token_name: "x" })), of(201, 409));
    assert.deepEqual(await statuses(() => call("DELETE", `${TOKENS}?token_name=x`)), of(200, 404));
  });

  it("lists expired tokens, and takes none of them", async () => {
    await start();
    const { value } = simulator.world.addToken({ name: "old", expiry: new Date(Date.now() - 1) });
    assert.equal((await call("GET", "/ping", { token: value })).status, 401);
    const later = simulator.world.addToken({ name: "new", expiry: new Date(Date.now() + 60_000) });
    assert.equal((await call("GET", "/ping", { token: later.value })).status, 200);
    const expired = await rows("SELECT name FROM system.tokens WHERE expiry < now()");
    assert.deepEqual(expired, [{ name: "old" }]);
  });

  it("writes times in UTC without a zone, beyond the year 9999, and without a fraction on a whole second", async () => {
    await start();
    const times = ["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.000Z", "+011533-07-10T23:16:11.600Z"];
    for (const [index, time] of times.entries())
      simulator.world.addToken({ name: `${index}`, expiry: new Date(time) });
    const written = await rows("SELECT expiry FROM system.tokens WHERE expiry IS NOT NULL ORDER BY name");
    assert.deepEqual(
      written.map(({ expiry }) => expiry),
      ["2026-01-02T03:04:05.678", "2026-01-02T03:04:05", "+11533-07-10T23:16:11.600"],
    );
  });

  describe("reads JSON as the real one does", () => {
    for (const [body, message] of [
      ["{", "EOF while parsing an object at line 1 column 1"],
      ['{"token_name"', "EOF while parsing an object at line 1 column 13"],
      ['{"token_name":"x",}', "trailing comma at line 1 column 19"],
      ['{"token_name":"x" "y"}', "expected `,` or `}` at line 1 column 19"],
      ['{"token_name":"\\ud800\\u0041"}', "lone leading surrogate in hex escape at line 1 column 27"],
      [
        '{"token_name":"a\nb"}',
        "control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0",
      ],
      ['\n\n{"token_name":5}', "invalid type: integer `5`, expected a string at line 3 column 15"],
      [
        '["a"]',
        "invalid length 1, expected struct CreateNamedAdminTokenRequest with 2 elements at line 1 column 5",
      ],
      ['["a",null,1]', "trailing characters at line 1 column 11"],
      ['["a" 5]', "expected `,` or `]` at line 1 column 6"],
      ['{"token_name":"q","expiry_secs":01}', "invalid number at line 1 column 34"],
      ['{"token_name":"q","expiry_secs":1e400}', "number out of range at line 1 column 37"],
      [
        '{"token_name":"q","expiry_secs":1e3}',
        "invalid type: floating point `1000.0`, expected u64 at line 1 column 35",
      ],
      [
        '{"token_name":"q","expiry_secs":1e16}',
        "invalid type: floating point `1e+16`, expected u64 at line 1 column 36",
      ],
      ['{"token_name":"q","expiry_secs":nulx}', "expected ident at line 1 column 36"],
      ['{"token_name":"q","expiry_secs":{}}', "invalid type: map, expected u64 at line 1 column 32"],
      [
        '{"token_name":"q","expiry_secs":"\\u0001\'"}',
        'invalid type: string "\\u{1}\'", expected u64 at line 1 column 41',
      ],
      ['{"x":[1,2,],"token_name":"q"}', "expected value at line 1 column 11"],
      ['{"x":{"a":1,},"token_name":"q"}', "key must be a string at line 1 column 13"],
      ['{"x":1 ]}', "expected `,` or `}` at line 1 column 8"],
      ['{"token_name":"q"}}', "trailing characters at line 1 column 19"],
      ['\ufeff{"token_name":"q"}', "expected value at line 1 column 1"],
    ] as const) {
      it(body, async () => {
        await start();
        assert.equal(await said(create(body)), `400 serde json error: ${message}`);
      });
    }

    it("and what nobody reads less strictly", async () => {
      await start();
      assert.equal((await create('{"x":[1e999,"\\ud800"],"tok\\u0065n_name":"q"}')).status, 201);
      assert.ok(simulator.world.tokens.has("q"));
    });
  });

  describe("answers in SQL as the real one does", () => {
    const missing = (name: string, ...first: string[]) => {
      const names =
        "token_id name hash created_at description created_by_token_id updated_at updated_by_token_id expiry permissions";
      const fields = [...first, ...names.split(" ")].map((each) => `system.tokens.${each}`);
      return `500 Schema error: No field named ${name}. Valid fields are ${fields.join(", ")}.`;
    };
    const planning = (message: string) => `400 Error during planning: ${message}`;
    const parsing = (message: string) => `400 SQL error: ParserError("${message}")`;

    for (const [q, answer] of [
      ["SELECT 1, 'x' b, 1.5, -1", '200 [{"Int64(1)":1,"b":"x","Float64(1.5)":1.5,"Int64(-1)":-1}]'],
      ["SELECT true AND NULL a, false AND NULL b, true OR NULL c, NOT NULL d", '200 [{"b":false,"c":true}]'],
      ["SELECT t.name AS \"N\" FROM system.tokens t WHERE t.name = 'a_b'", '200 [{"N":"a_b"}]'],
      ["SELECT name FROM system.tokens WHERE name LIKE 'a\\_b'", '200 [{"name":"a_b"}]'],
      [
        "SELECT name FROM system.tokens WHERE name ILIKE 'PLAI_' ORDER BY name",
        '200 [{"name":"PLAIN"},{"name":"plain"}]',
      ],
      [
        "SELECT name FROM system.tokens WHERE NOT (token_id > 0) OR name='plain' AND token_id<>9 ORDER BY 1 DESC",
        '200 [{"name":"plain"},{"name":"_admin"}]',
      ],
      [
        "SELECT name FROM system.tokens WHERE token_id NOT IN (1, 2, 3) ORDER BY name",
        '200 [{"name":"_admin"}]',
      ],
      ["SELECT name FROM system.tokens WHERE token_id BETWEEN 1 AND '1'", '200 [{"name":"plain"}]'],
      ["SELECT *, name AS n FROM system.tokens WHERE name = 'no' ORDER BY n", "200 []"],
      ["SELECT name FROM system.tokens ORDER BY token_id LIMIT 1 OFFSET 2", '200 [{"name":"PLAIN"}]'],
      ["SELECT name FROM system.tokens ORDER BY expiry, token_id LIMIT 1", '200 [{"name":"a_b"}]'],
      ["SELECT name FROM system.tokens ORDER BY expiry DESC, token_id LIMIT 1", '200 [{"name":"_admin"}]'],
      ["SELECT count(*), count(expiry) e FROM system.tokens", '200 [{"count(*)":4,"e":1}]'],
      ["SELECT count(DISTINCT permissions) AS n FROM system.tokens", '200 [{"n":1}]'],
      ["SELECT DISTINCT permissions FROM system.tokens", '200 [{"permissions":"*:*:*"}]'],
      ["SELECT max(token_id) FROM system.tokens", '200 [{"max(system.tokens.token_id)":3}]'],
      ["SELECT name FROM system.tokens WHERE expiry < now() + INTERVAL '2 hours'", '200 [{"name":"a_b"}]'],
      ["SELECT name FROM system.tokens WHERE expiry > '2100-01-01'", "200 []"],
      [
        "SELECT CASE WHEN expiry IS NULL THEN 'for ever' ELSE 'not' END AS c FROM system.tokens WHERE token_id = 1",
        '200 [{"c":"for ever"}]',
      ],
      [
        "SELECT token_id::text AS t, cast(token_id AS text) u FROM system.tokens LIMIT 1",
        '200 [{"t":"0","u":"0"}]',
      ],
      ["SELECT id FROM system.tokens", missing("id")],
      ['SELECT "Name" FROM system.tokens', missing('"Name"')],
      ["SELECT name FROM system.tokens ORDER BY nope", missing("nope", "name")],
      [
        "SELECT x.name FROM system.tokens t",
        "500 Schema error: No field named x.name. Did you mean 't.name'?.",
      ],
      [
        "SELECT name FROM system.tokens WHERE name",
        planning("Cannot create filter with non-boolean predicate 'system.tokens.name' returning Utf8View"),
      ],
      [
        "SELECT name FROM system.tokens WHERE name = true",
        "400 type_coercion\ncaused by\nError during planning: Cannot infer common argument type for comparison operation Utf8View = Boolean",
      ],
      ["SELECT * FROM nope", planning("table 'public.iox.nope' not found")],
      ["", planning("No SQL statements were provided in the query string")],
      ["SELECT *", planning("SELECT * with no tables specified is not valid")],
      [
        "SELECT * FROM system.tokens ORDER",
        parsing("Expected: end of statement, found: ORDER at Line: 1, Column: 29"),
      ],
      [
        "SELECT * FROM\n system.tokens foo bar",
        parsing("Expected: end of statement, found: bar at Line: 2, Column: 20"),
      ],
      ["SELECT name FROM system.tokens WHERE name IN", parsing("Expected: (, found: EOF")],
      ["SELECT 'x", '400 SQL error: TokenizerError("Unterminated string literal at Line: 1, Column: 8")'],
      ["SELECT $a", planning("No value found for placeholder with name $a")],
    ] as const) {
      it(q, async () => {
        await start();
        for (const name of ["plain", "PLAIN"]) simulator.world.addToken({ name });
        simulator.world.addToken({ name: "a_b", expiry: new Date(Date.now() + 60 * 60 * 1000) });
        assert.equal(await said(query(q)), answer);
      });
    }

    it("in each format", async () => {
      await start();
      const all = [];
      for (const format of ["csv", "pretty", "jsonl"]) {
        const body = { db: "_internal", q: "SELECT 1.0 AS f, NULL AS n, 'a\"b' AS q", format };
        all.push((await call("POST", "/api/v3/query_sql", { body })).text);
      }
      assert.deepEqual(all, [
        'f,n,q\n1.0,,"a""b"\n',
        '+-----+---+-----+\n| f   | n | q   |\n+-----+---+-----+\n| 1.0 |   | a"b |\n+-----+---+-----+',
        '{"f":1.0,"q":"a\\"b"}\n',
      ]);
    });
  });

  it("takes a token from the query string only as InfluxDB 1 does", async () => {
    await start();
    const ask = (path: string) => call("GET", `${path}&p=${OPERATOR}`, { token: "x" });
    assert.equal(
      await said(ask("/query?q=SHOW+DATABASES")),
      '200 {"results":[{"statement_id":0,"series":[{"name":"databases","columns":["name"],"values":[["_internal"]]}]}]}',
    );
    assert.equal((await ask("/api/v3/query_sql?db=_internal&q=SELECT+1")).status, 401);
    assert.equal(
      (await call("POST", `/write?db=new&p=${OPERATOR}`, { token: "x", body: "m v=1" })).status,
      204,
    );
    assert.ok(simulator.world.databases.has("new"));
  });

  it("goes back to a savepoint, without giving an ID twice", async () => {
    await start();
    const { world } = simulator;
    world.addToken({ name: "kept" });
    world.addDatabase("home");
    const restore = world.savepoint();
    world.delete("kept");
    world.addToken({ name: "new" });
    world.regenerate();
    world.deleteDatabase("home");
    restore();
    assert.equal((await call("GET", "/ping")).status, 200);
    assert.deepEqual(await rows("SELECT token_id, name FROM system.tokens ORDER BY 1"), [
      { token_id: 0, name: "_admin" },
      { token_id: 1, name: "kept" },
    ]);
    assert.ok(world.databases.has("home"));
    assert.equal(world.addToken({ name: "next" }).id, 3);
  });

  describe("by its version", () => {
    it("crashes on an expiry beyond all dates before 3.10, and loses an ID", async () => {
      await start();
      await assert.rejects(create(U64_MAX), TypeError);
      assert.match((await create({ token_name: "y" })).text, /^\{"id":2,/);
    });

    it("makes a token for ever of it since", async () => {
      await start({ version: "3.10.1" });
      assert.match((await create(U64_MAX)).text, /^\{"id":1,.*"expiry":null\}$/);
    });

    for (const [version, accept, large, statements] of [
      ["3.9.6", 500, 500, 400],
      ["3.10.1", 400, 413, 405],
    ] as const) {
      it(`${version} has other statuses for what it does not take`, async () => {
        await start({ version });
        const select = "SELECT name FROM system.tokens";
        const { status, text } = await query(select, { headers: { Accept: "application/jsonl" } });
        assert.deepEqual([status, text], [accept, "invalid mime type (application/jsonl)"]);
        assert.equal((await create("x".repeat(10 * 1024 * 1024 + 1))).status, large);
        assert.equal((await query("SELECT 1; SELECT 2")).status, statements);
        assert.equal((await query("SELECT nothing FROM system.tokens")).status, 500);
      });
    }

    it("says nothing to whom it does not know, nor what it is called, before 3.8", async () => {
      await start({ version: "3.7.0" });
      const { status, text, headers } = await call("GET", "/ping", { token: "x" });
      assert.deepEqual([status, text, headers.get("cluster-uuid")], [401, "", null]);
    });

    it("takes the blame for bad SQL before 3.9.3", async () => {
      await start({ version: "3.9.2" });
      assert.equal((await query("SELEC")).status, 500);
    });
  });

  describe("Enterprise", () => {
    const permission = { resource_type: "db", resource_names: ["home", "work"], actions: ["write", "read"] };

    async function reader(): Promise<string> {
      const only = { resource_type: "db", resource_names: ["home"], actions: ["read"] };
      const made = await call("POST", RESOURCE_TOKENS, {
        body: { token_name: "reader", permissions: [only] },
      });
      assert.equal(made.status, 201, made.text);
      return (JSON.parse(made.text) as { token: string }).token;
    }

    async function startEnterprise(options: Influxdb3Options = {}): Promise<void> {
      await start({ edition: "Enterprise", ...options });
      for (const name of ["home", "work"]) simulator.world.addDatabase(name);
    }

    it("says so", async () => {
      await startEnterprise();
      const { text, headers } = await call("GET", "/ping");
      assert.match(text, /^\{"product_name":"InfluxDB 3 Enterprise",/);
      assert.equal(headers.get("x-influxdb-build"), "Enterprise");
    });

    it("makes resource tokens, and shows their permissions in either form", async () => {
      for (const [permissionsColumn, shown] of [
        ["text", "db:home,work:read,write"],
        ["json", '["db:home:read","db:home:write","db:work:read","db:work:write"]'],
      ] as const) {
        await startEnterprise({ permissionsColumn });
        const body = { token_name: "r", permissions: [permission], expiry_secs: 60 };
        const { status, text } = await call("POST", RESOURCE_TOKENS, { body });
        assert.equal(status, 201);
        assert.match(text, /^\{"id":1,"name":"r","token":"apiv3_.{86}","hash":"\w{128}","created_at":.*\}$/);
        const [row] = await rows("SELECT permissions FROM system.tokens WHERE name = 'r'");
        assert.deepEqual(row, { permissions: shown });
        if (permissionsColumn === "text") await simulator.close();
      }
    });

    for (const [wrong, why] of [
      [{ resource_type: "*" }, "* resource type can only be set for admin token"],
      [{ resource_names: ["home", "nowhere"] }, "invalid resource name nowhere"],
      [{ resource_names: ["*", "home"] }, "mixed wildcard (*) and resource name"],
      [{ actions: ["drop"] }, "action not supported, database action drop"],
      [
        { resource_type: "system", resource_names: ["PING"], actions: ["write"] },
        "action not supported, system action write",
      ],
    ] as const) {
      it(`refuses a permission: ${why}`, async () => {
        await startEnterprise();
        const body = { token_name: "r", permissions: [{ ...permission, ...wrong }] };
        const answer = await said(call("POST", RESOURCE_TOKENS, { body }));
        assert.equal(answer, `500 cannot parse token permission, ${why}`);
        assert.equal(simulator.world.tokens.size, 1);
      });
    }

    for (const [forbidden, body] of [
      ["json", '{"error": "unauthorized to perform requested action with the token"}'],
      ["empty", ""],
    ] as const) {
      it(`forbids a resource token what only an admin may, with a body that is ${forbidden}`, async () => {
        await startEnterprise({ forbidden });
        const token = await reader();
        for (const answer of [
          create({ token_name: "x" }, token),
          call("DELETE", `${TOKENS}?token_name=reader`, { token }),
          call("POST", `${TOKENS}/admin/regenerate`, { token }),
          call("GET", "/ping", { token }),
          query("SELECT name FROM system.tokens", { token }),
        ])
          assert.equal(await said(answer), `403 ${body}`);
        assert.equal((await query("SELECT 1", { token, db: "home" })).status, 200);
      });
    }

    it("opens an endpoint to whoever may read it", async () => {
      await startEnterprise();
      const permissions = [{ resource_type: "system", resource_names: ["ping"], actions: ["read"] }];
      const made = await call("POST", RESOURCE_TOKENS, { body: { token_name: "probe", permissions } });
      const { token } = JSON.parse(made.text) as { token: string };
      assert.equal((await call("GET", "/ping", { token })).status, 200);
      assert.equal((await call("GET", "/health", { token })).status, 403);
    });

    it("has what Core does not", async () => {
      await start();
      assert.equal(await said(call("POST", RESOURCE_TOKENS, { body: {} })), "404 Not found");
    });

    it("lists databases, as Core does", async () => {
      await startEnterprise();
      const { text } = await call("GET", "/api/v3/configure/database?format=json");
      assert.equal(text, '[{"iox::database":"_internal"},{"iox::database":"home"},{"iox::database":"work"}]');
    });
  });

  describe("by its contract", () => {
    // The type of what is made is no type at all, and is the only thing about it that is not in the contract.
    async function faults(
      edition: "core" | "enterprise",
      method: string,
      path: string,
      options: CallOptions,
    ) {
      const answers = await Answers.of(`${edition}-v3`);
      const { status, text } = await call(method, path, options);
      return answers.faults(method, path.split("?")[0] ?? "", { status, text, type: "application/json" });
    }

    for (const edition of ["core", "enterprise"] as const) {
      it(`answers as that of ${edition} says`, async () => {
        await start({ edition: edition === "core" ? "Core" : "Enterprise" });
        const named: CallOptions = { body: { token_name: "x", expiry_secs: 60 } };
        assert.deepEqual(await faults(edition, "POST", `${TOKENS}/named_admin`, named), []);
        assert.deepEqual(await faults(edition, "DELETE", `${TOKENS}?token_name=x`, {}), []);
        assert.deepEqual(await faults(edition, "DELETE", `${TOKENS}?token_name=x`, { token: "x" }), []);
        assert.equal((await create({ token_name: "y" })).headers.get("content-type"), "json");
        simulator.world.tokens.clear();
        assert.deepEqual(await faults(edition, "POST", `${TOKENS}/admin`, {}), []);
        const [operator] = simulator.world.tokens.values();
        const token = operator?.value ?? "";
        assert.deepEqual(await faults(edition, "POST", `${TOKENS}/admin/regenerate`, { token }), []);
      });
    }

    it("differs where the contract is wrong: in a second operator, and in what comes of a resource token", async () => {
      await start({ edition: "Enterprise" });
      assert.deepEqual(await faults("enterprise", "POST", `${TOKENS}/admin`, {}), [
        `POST ${TOKENS}/admin must not be answered with 409`,
      ]);
      const body = { token_name: "r", permissions: [] };
      const unlisted = await faults("enterprise", "POST", RESOURCE_TOKENS, { body });
      assert.equal(unlisted.length, 6);
    });
  });

  describe("faults", () => {
    const select = "SELECT name FROM system.tokens";

    it("take the place of an answer", async () => {
      await start();
      simulator.faults.push({ path: TOKENS, status: 503, body: "later" });
      assert.equal(await said(call("DELETE", `${TOKENS}?token_name=x`)), "503 later");
      assert.equal((await call("DELETE", `${TOKENS}?token_name=x`)).status, 404);
    });

    it("cut the connection after the request took effect", async () => {
      await start();
      simulator.faults.push({ drop: "after" });
      await assert.rejects(create({ token_name: "x" }), TypeError);
      assert.ok(simulator.world.tokens.has("x"));
    });

    it("have the bytes of an answer, in chunks where it is", async () => {
      await start();
      simulator.faults.push({ raw: (socket, answer) => socket.end(answer) });
      assert.equal((await query(select)).text, '[{"name":"_admin"}]');
      simulator.faults.push({ raw: (socket, answer) => socket.end(answer.subarray(0, -5)) });
      await assert.rejects(query(select), TypeError);
    });
  });

  it("has what a demo needs", async () => {
    await start();
    const now = new Date("2026-11-26T12:00:00Z");
    populateInfluxdb3(simulator.world, now);
    const { tokens } = simulator.world;
    assert.equal(tokens.size, 14);
    const all = [...tokens.values()];
    assert.deepEqual(
      all.map(({ createdAt }) => createdAt),
      all.map(({ createdAt }) => createdAt).toSorted((a, b) => a.getTime() - b.getTime()),
    );
    assert.equal(all.filter(({ expiry }) => expiry && expiry < now).length, 4);
    const lower = new Set([...tokens.keys()].map((name) => name.toLowerCase()));
    assert.equal(lower.size, 13, "two differ in nothing but case");
  });
});
