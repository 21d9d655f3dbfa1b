import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import fc from "fast-check";
import { Clusters } from "../../simulator/clusters.js";
import { installInfluxctl } from "../../simulator/influxctl.js";
import { startSimulator, type SeenRequest, type Simulator } from "../../simulator/server.js";
import { World } from "../../simulator/world.js";
import { copyable, ERROR_CODES, hostile, space } from "../helpers/arbitraries.js";
import { startRuntime, type Message, type Properties, type Runtime, type Seen } from "../helpers/runtime.js";

/** Printed with each test; `FUZZ_SEED=… mocha test/runtime/fuzz.test.ts` repeats a run. */
const SEED = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31));

const OWN_TOKEN = "own-token-0123456789abcdef";
const OTHER_TOKEN = "other-token-0123456789abcdef";
const uuidOf = (digit: string) => [8, 4, 4, 4, 12].map((length) => digit.repeat(length)).join("-");
const [ACCOUNT, CLUSTER] = [uuidOf("a"), uuidOf("c")];
/** The tokens that there are at the start of each run; the simulator numbers authorizations always alike. */
const UUIDS = ["1", "2", "3", "4", "5"].map(uuidOf);
const HEX_IDS = addAuthorizations(new World());

function addAuthorizations(world: World): string[] {
  return [1, 2, 3, 4, 5].map((n) => world.addAuthorization({ token: `${OTHER_TOKEN}-${n}` }).id);
}

// Configurations.

/** What a setting can put into the properties: what is right, with its meaning, and what is wrong. */
interface Setting {
  right: [set: Properties, means: unknown][];
  wrong: Properties[];
}
interface Config {
  set: Properties;
  isRight: boolean;
  means: Record<string, unknown>;
}
/** What a setting of a TypedInput gives for a message; undefined is wrong. */
type From = (msg: Message) => unknown;

const VARIABLES = {
  FUZZ_TWO: "2",
  FUZZ_EMPTY: "",
  FUZZ_HEX: HEX_IDS[0]!,
  FUZZ_UUID: UUIDS[0]!,
  FUZZ_TOKEN: OWN_TOKEN,
};

const setting = (right: Setting["right"], wrong: Setting["wrong"]): Setting => ({ right, wrong });

/** All settings right, or one of them wrong. */
function configOf(settings: Record<string, Setting>): fc.Arbitrary<Config> {
  const all = Object.entries(settings);
  const right = fc.tuple(
    ...all.map(([name, each]) =>
      fc.constantFrom(...each.right).map(([set, means]) => ({ name, set, means })),
    ),
  );
  const wrong = fc
    .constantFrom(...all)
    .chain(([name, each]) => fc.constantFrom(...each.wrong).map((set) => ({ name, set })));
  return fc
    .tuple(right, fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: wrong }))
    .map(([chosen, flaw]) => ({
      set: Object.assign(
        {},
        ...chosen.map(({ name, set }) => (name === flaw?.name ? flaw.set : set)),
      ) as Properties,
      isRight: flaw === undefined,
      means: Object.fromEntries(chosen.map(({ name, means }) => [name, means])),
    }));
}
const values = (name: string, all: unknown[]) => all.map((value) => ({ [name]: value }));
const flag = (name: string) =>
  setting(
    [
      [{}, false],
      [{ [name]: false }, false],
      [{ [name]: true }, true],
    ],
    values(name, ["true", 1, 0, null, {}, "${FUZZ_TWO}"]),
  );
const oneOf = (name: string, preset: string, words: string[]) =>
  setting(
    [[{}, preset], ...words.map((word): [Properties, string] => [{ [name]: word }, word])],
    values(name, ["no", 7, null, "", ["x"]]),
  );
const typed = (name: string, value: unknown, type: unknown): Properties => ({
  [name]: value,
  [`${name}Type`]: type,
});

/** A setting of a TypedInput that is a text where it is right, and counts for nothing where it is left alone. */
const optional = (name: string, none: string, ...texts: string[]) =>
  setting(
    [
      [{}, undefined],
      [typed(name, "", none), undefined],
      ...texts.map((text): [Properties, From] => [typed(name, text, "str"), () => text]),
      [typed(name, "payload", "msg"), ({ payload }: Message) => payload],
    ],
    [
      typed(name, "", "str"),
      typed(name, "${FUZZ_UNSET}", "str"),
      typed(name, "no.such.thing", "msg"),
      typed(name, "a[", "msg"),
      typed(name, "(", "jsonata"),
      typed(name, "x", "no"),
      typed(name, 7, "str"),
      { [name]: "x" },
    ],
  );

const targets = (ids: string[], variable: string) =>
  setting(
    [
      [{}, ({ payload }: Message) => payload],
      [typed("targets", "payload", "msg"), ({ payload }: Message) => payload],
      [
        typed("targets", "token.id", "msg"),
        ({ token }: Message) => (token as { id: unknown } | undefined)?.id,
      ],
      [typed("targets", "payload", "jsonata"), ({ payload }: Message) => payload],
      [typed("targets", ids[0], "str"), () => ids[0]],
      [typed("targets", variable, "env"), () => ids[0]],
      [typed("targets", "nothing", "flow"), () => undefined],
    ],
    [
      { targets: "token.id" },
      { targets: ids[0] },
      { targetsType: "no" },
      typed("targets", "payload", 5),
      typed("targets", 5, "msg"),
      typed("targets", "payload[", "msg"),
      typed("targets", "${FUZZ_UNSET}", "str"),
    ],
  );

const irreversible = (ids: string[], variable: string) => ({
  targets: targets(ids, variable),
  // Most often true, for otherwise nothing happens.
  confirmed: setting(
    [...flag("confirmed").right, ...Array<Setting["right"][0]>(6).fill([{ confirmed: true }, true])],
    flag("confirmed").wrong,
  ),
  dryRun: flag("dryRun"),
  limit: setting(
    [
      [{}, 100],
      [{ limit: "" }, Infinity],
      [{ limit: 3 }, 3],
      [{ limit: "${FUZZ_TWO}" }, 2],
    ],
    values("limit", ["many", 0, -1, "1.5", null, {}, "${FUZZ_UNSET}", "${FUZZ_EMPTY}"]),
  ),
  limitPer: oneOf("limitPer", "message", ["message", "day"]),
  notFound: oneOf("notFound", "error", ["error", "done"]),
  report: oneOf("report", "together", ["together", "each"]),
});
const moments = (...names: string[]) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      setting(
        [
          [{}, undefined],
          [typed(name, "90d", "str"), undefined],
          [typed(name, "2026-01-31", "str"), undefined],
        ],
        [typed(name, "soon", "str"), typed(name, "", "str"), typed(name, "no", "msg"), { [name]: "90d" }],
      ),
    ]),
  );
const result = oneOf("result", "all", ["all", "first", "each"]);

/** Which connection a node names. */
const reference = setting([[{}, true]], values("connection", ["no", "out0", undefined, null, 7]));

/** The settings that all connections have. */
const connection = (
  products: { right: Properties; wrong: Properties[] },
  ids: string[],
  variable: string,
) => ({
  products: setting([[products.right, true]], [...products.wrong, {}, { product: "no" }, { product: 5 }]),
  url: setting(
    [
      [{ url: "${FUZZ_URL}" }, true],
      [{ url: "${FUZZ_URL_IN_SPACE}" }, true],
    ],
    values("url", [
      "no",
      "ftp://127.0.0.1",
      "http://me:secret@127.0.0.1",
      "http://127.0.0.1/?a",
      7,
      null,
      "${FUZZ_UNSET}",
      "${FUZZ_EMPTY}",
    ]),
  ),
  numbers: setting(
    [
      [{}, true],
      [{ timeout: 5, retries: 0, parallel: 1 }, true],
      [{ timeout: "${FUZZ_TWO}", retries: "1", parallel: "64" }, true],
    ],
    [
      { timeout: 0 },
      { timeout: "x" },
      { retries: -1 },
      { retries: 1.5 },
      { parallel: 0 },
      { parallel: "65" },
      { parallel: [] },
      { timeout: "${FUZZ_EMPTY}" },
    ],
  ),
  protectedIds: setting(
    [
      [{}, []],
      [{ protectedIds: "" }, []],
      [{ protectedIds: `${ids[1]!.toUpperCase()}, ${ids[2]}\n` }, [ids[1], ids[2]]],
      [{ protectedIds: `\${${variable}}` }, [ids[0]]],
    ],
    values("protectedIds", ["no", 7, null, [], "${FUZZ_UNSET}", "${FUZZ_EMPTY}"]),
  ),
  others: setting(
    // What the product does not use is not looked at.
    products.right.product === "oss"
      ? [
          [{}, true],
          [{ influxctl: 7 }, true],
        ]
      : [[{}, true]],
    [
      ...[{ tls: "no" }, { proxy: "no" }, { tls: 5 }],
      ...(products.right.product === "oss" ? [] : [{ influxctl: 7 }]),
    ],
  ),
});
const token: fc.Arbitrary<{ token: string; means: "accepted" | "refused" | "wrong" }> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .constantFrom(OWN_TOKEN, ` ${OWN_TOKEN}\n`, "${FUZZ_TOKEN}")
      .map((text) => ({ token: text, means: "accepted" as const })),
  },
  { weight: 1, arbitrary: fc.constant({ token: "nobody's-token-0123456789", means: "refused" as const }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("", " ", "Token abc", "a\u0000b", "${FUZZ_UNSET}")
      .map((text) => ({ token: text, means: "wrong" as const })),
  },
);

// Messages.

const SHAPES: Record<string, (msg: Message) => Message> = {
  plain: (msg) => msg,
  frozen: (msg) => Object.freeze({ _msgid: "1", ...msg }),
  sealed: (msg) => Object.seal({ _msgid: "1", ...msg }),
  proxy: (msg) => new Proxy(msg, {}),
  "an instance": (msg) => Object.assign(Object.create({ inherited: true }) as Message, msg),
};

/** The parts that a message is made of anew in each run, for a node changes it. */
interface Recipe {
  shape: string;
  parts: Message;
  /** Something in it throws when it is read, so that Node-RED cannot copy it. */
  isHostile: boolean;
}

function recipes(ids: string[]): fc.Arbitrary<Recipe> {
  const id = fc
    .tuple(
      space,
      fc.constantFrom(...ids).chain((each) => fc.mixedCase(fc.constant(each))),
      space,
    )
    .map((parts) => parts.join(""));
  const one = fc.oneof(id, fc.record({ id, description: fc.string() }, { noNullPrototype: true }));
  const payload = fc.oneof(
    { weight: 3, arbitrary: one },
    { weight: 3, arbitrary: fc.array(one, { maxLength: 6 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof({ weight: 6, arbitrary: one }, copyable), { maxLength: 4 }) },
    { weight: 3, arbitrary: copyable },
  );
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
  const parts = fc.record(
    {
      payload,
      dryRun: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.boolean(), copyable),
      parts: optional(copyable),
      token: optional(fc.record({ id })),
      topic: optional(copyable),
    },
    { noNullPrototype: true },
  );
  const shape = fc.oneof(
    { weight: 5, arbitrary: fc.constant("plain") },
    fc.constantFrom(...Object.keys(SHAPES)),
  );
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({ shape, parts, isHostile: fc.constant(false) }, { noNullPrototype: true }),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(parts, fc.constantFrom("payload", "dryRun", "parts", "topic"), hostile)
        .map(([rest, name, value]) => ({
          shape: "plain",
          parts: { ...rest, [name]: value },
          isHostile: true,
        })),
    },
  );
}

// What each node may do, told again without its code.

/** The ids of a payload: all of them well formed, or none. */
function idsIn(value: unknown, pattern: RegExp): string[] {
  try {
    const items: unknown[] = Array.isArray(value) ? Array.from(value) : [value];
    const ids = items.map((item) => (typeof item === "string" ? item : (item as { id: string }).id).trim());
    return ids.every((id) => pattern.test(id)) ? [...new Set(ids.map((id) => id.toLowerCase()))] : [];
  } catch {
    return [];
  }
}

interface Spec {
  type: string;
  isCluster: boolean;
  fields: Record<string, Setting>;
  numRuns: number;
  /**
   * The requests that a message may lead to, from the configuration's meaning, in any order; of a node that changes
   * something, those that do.
   */
  expected: (means: Record<string, unknown>, msg: Message, model: Model) => string[];
}
/** What the model keeps through the messages of one node. */
interface Model {
  /** How many tokens are done, as the server has it. */
  used: () => number;
  /** The same for each message of which more come, and each token once. */
  usedBy: Map<unknown, Set<string>>;
}

/** A dry run, no dry run, or neither. */
function wishOf({ dryRun }: Message): "dry" | "real" | "unclear" {
  if (dryRun === undefined || dryRun === false) return "real";
  return !dryRun || (typeof dryRun === "string" && dryRun.trim() === "") ? "unclear" : "dry";
}

function originOf(msg: Message): unknown {
  // A message without an ID of its own gets one.
  const own = msg._msgid ?? {};
  try {
    const { id } = msg.parts as { id?: unknown };
    return typeof id === "string" ? `parts ${id}` : own;
  } catch {
    return own;
  }
}

/** Whether the limit admits them. */
function admits(means: Record<string, unknown>, msg: Message, ids: string[], model: Model): boolean {
  if (means.limitPer === "day") return model.used() + ids.length <= (means.limit as number);
  const origin = originOf(msg);
  const used = new Set([...(model.usedBy.get(origin) ?? []), ...ids]);
  if (used.size > (means.limit as number)) return false;
  model.usedBy.set(origin, used);
  return true;
}

const HEX = /^[0-9a-f]{16}$/i;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CLUSTER_PATH = `/api/v0/accounts/${ACCOUNT}/clusters/${CLUSTER}/tokens`;
/** Where the stand-in of influxctl finds its tokens. */
const INFLUXCTL_PATH = `/simulator/accounts/${ACCOUNT}/clusters/${CLUSTER}/management-tokens`;

function destroys(pattern: RegExp, path: string): Spec["expected"] {
  return (means, msg, model) => {
    const ids = idsIn((means.targets as From)(msg), pattern);
    if (means.confirmed !== true || means.dryRun === true || wishOf(msg) !== "real") return [];
    if (!admits(means, msg, ids, model)) return [];
    return ids
      .filter((id) => !(means.protectedIds as string[]).includes(id))
      .map((id) => `DELETE ${path}/${id}`);
  };
}

const SPECS: Spec[] = [
  {
    type: "delete-authorization",
    isCluster: false,
    fields: irreversible(HEX_IDS, "FUZZ_HEX"),
    numRuns: 35,
    expected: destroys(HEX, "/api/v2/authorizations"),
  },
  {
    type: "delete-database-token",
    isCluster: true,
    fields: irreversible(UUIDS, "FUZZ_UUID"),
    numRuns: 35,
    expected: destroys(UUID, CLUSTER_PATH),
  },
  {
    type: "revoke-management-token",
    isCluster: true,
    fields: irreversible(UUIDS, "FUZZ_UUID"),
    numRuns: 20,
    expected: destroys(UUID, INFLUXCTL_PATH),
  },
  {
    type: "update-authorization",
    isCluster: false,
    fields: {
      targets: targets(HEX_IDS, "FUZZ_HEX"),
      dryRun: flag("dryRun"),
      tokenStatus: optional("tokenStatus", "keep", "active", "inactive"),
      description: optional("description", "keep", "changed"),
    },
    numRuns: 35,
    expected(means, msg) {
      const ids = idsIn((means.targets as From)(msg), HEX);
      const [status, description] = [means.tokenStatus, means.description].map((from) =>
        (from as From | undefined)?.(msg),
      );
      const isText = (value: unknown) => typeof value === "string" && value.trim() !== "";
      if (means.tokenStatus && status !== "active" && status !== "inactive") return [];
      if (means.description && !isText(description)) return [];
      if (means.dryRun === true || wishOf(msg) !== "real") return [];
      if (!means.tokenStatus && !means.description) return [];
      const body = JSON.stringify({ status, description });
      return ids
        .filter((id) => !(means.protectedIds as string[]).includes(id))
        .map((id) => `PATCH /api/v2/authorizations/${id} ${body}`);
    },
  },
  {
    type: "list-authorizations",
    isCluster: false,
    fields: {
      user: optional("user", "any", "admin", "a&b=c/é"),
      org: optional("org", "any", "home"),
      userID: optional("userID", "any", ` ${HEX_IDS[0]}`),
      tokenStatus: optional("tokenStatus", "any", "active"),
      ...moments("createdAfter", "updatedAfter"),
      includeToken: flag("includeToken"),
      result,
    },
    numRuns: 35,
    expected(means, msg) {
      const query = new URLSearchParams();
      for (const name of ["user", "userID", "org"]) {
        const from = means[name] as From | undefined;
        const value = from?.(msg);
        if (from === undefined) continue;
        if (typeof value !== "string" || value.trim() === "") return [];
        if (name === "userID" && !HEX.test(value.trim())) return [];
        query.set(name, name === "userID" ? value.trim() : value);
      }
      const status = (means.tokenStatus as From | undefined)?.(msg);
      if (means.tokenStatus && status !== "active" && status !== "inactive") return [];
      return [`GET /api/v2/authorizations ${query}`];
    },
  },
  {
    type: "list-database-tokens",
    isCluster: true,
    fields: {
      description: optional("description", "any", "one"),
      database: optional("database", "any", "*"),
      ...moments("createdAfter"),
      result,
    },
    numRuns: 35,
    expected: (means, msg) =>
      areTexts(means, msg, "description", "database") ? [`GET ${CLUSTER_PATH}`] : [],
  },
  {
    type: "list-management-tokens",
    isCluster: true,
    fields: { description: optional("description", "any", "one"), ...moments("createdAfter"), result },
    numRuns: 8,
    expected: (means, msg) => (areTexts(means, msg, "description") ? [`GET ${INFLUXCTL_PATH}`] : []),
  },
];

function areTexts(means: Record<string, unknown>, msg: Message, ...names: string[]): boolean {
  return names.every((name) => {
    const value = (means[name] as From | undefined)?.(msg);
    return means[name] === undefined || (typeof value === "string" && value.trim() !== "");
  });
}

/** A request as the model tells it: what is asked for, its query in the order of the model, and its body. */
function told({ method, path, body }: SeenRequest): string {
  const [target = "", query] = path.split("?");
  const search = new URLSearchParams(query);
  const sorted = ["user", "userID", "org"].filter((name) => search.has(name));
  const ordered = new URLSearchParams(sorted.map((name) => [name, search.get(name)!]));
  assert.equal(search.size, ordered.size);
  const isList = method === "GET" && target === "/api/v2/authorizations";
  return [method, target, ...(isList ? [ordered.toString()] : []), ...(body === "" ? [] : [body])].join(" ");
}

/** Without the look at the connection's own authorizations, by which a list that is empty is proved. */
function withoutOwnLook(sent: string[], { world }: Simulator): string[] {
  const own = ["GET /api/v2/me", `GET /api/v2/authorizations userID=${world.operator.userID}`];
  return sent.includes(own[0]!) ? sent.filter((request) => !own.includes(request)) : sent;
}

/** How one message ended; undefined where it cannot be copied for a Complete node, and the log says so. */
async function endOf(runtime: Runtime, msg: Message, isHostile: boolean): Promise<Seen | undefined> {
  const lost = () => runtime.log().split("no Complete node could be told").length;
  const before = isHostile ? lost() : 0;
  let seen: Seen | undefined;
  void runtime.send(msg).then((end) => (seen = end));
  for (let waited = 0; seen === undefined; waited++) {
    if (isHostile && lost() > before) return undefined;
    assert.ok(waited < 5_000, "the message has not ended");
    await sleep(1);
  }
  return seen;
}

async function startServer(isCluster: boolean): Promise<Simulator> {
  if (!isCluster) {
    const simulator = await startSimulator({ tokens: "clear", operatorToken: OWN_TOKEN });
    assert.deepEqual(addAuthorizations(simulator.world), HEX_IDS);
    return simulator;
  }
  const clusters = new Clusters();
  const cluster = clusters.addCluster({ product: "dedicated", accountId: ACCOUNT, clusterId: CLUSTER });
  clusters.addManagementToken(cluster, { description: "own", token: OWN_TOKEN });
  for (const id of UUIDS) {
    clusters.addManagementToken(cluster, { id, description: "one", token: `${OTHER_TOKEN}-${id}` });
    const made = clusters.addDatabaseToken(cluster, { id, description: "one", permissions: [] });
    made.accessToken = `${OTHER_TOKEN}-${id}`;
  }
  return startSimulator({ clusters });
}

/** How many tokens are neither deleted nor revoked. */
function thereIn({ world, clusters }: Simulator): number {
  const managed = [...(clusters?.managementTokens.values() ?? [])];
  const usable = managed.filter(({ revokedAt }) => revokedAt === undefined).length;
  return world.authorizations.size + (clusters?.databaseTokens.size ?? 0) + usable;
}

interface Bench {
  type: string;
  isCluster: boolean;
  node: Properties;
  connection: Properties;
  token: string;
  /** Where influxctl is to be installed, for a node that needs it. */
  folder: string | undefined;
}

async function withRuntime(
  { type, isCluster, node, connection, token, folder }: Bench,
  work: (simulator: Simulator, runtime: Runtime) => Promise<void>,
): Promise<void> {
  const simulator = await startServer(isCluster);
  try {
    process.env.FUZZ_URL = simulator.url;
    process.env.FUZZ_URL_IN_SPACE = ` ${simulator.url}/ `;
    const influxctl = folder !== undefined && {
      influxctl: await installInfluxctl(simulator, folder),
      // A token that is refused waits for a login as long.
      influxctlTimeout: "1",
    };
    const runtime = await startRuntime(`influxdb-${type}`, node, { ...influxctl, ...connection }, { token });
    try {
      await work(simulator, runtime);
    } finally {
      await runtime.stop();
    }
  } finally {
    await simulator.close();
  }
}

/**
 * Every node in a real Node-RED, with any message and any configuration: the process lives, each message ends once
 * with an error of a known code or none, and nothing is sent but what configuration and message say.
 */
describe(`fuzz (FUZZ_SEED=${SEED})`, function () {
  this.timeout(30_000);
  let folder: string;
  /** Each would end Node-RED; mocha itself fails for exceptions that nobody catches. */
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  before(async () => {
    process.on("unhandledRejection", onRejection);
    Object.assign(process.env, VARIABLES);
    folder = await mkdtemp(join(tmpdir(), "influxdb-fuzz-"));
  });
  after(async () => {
    process.off("unhandledRejection", onRejection);
    for (const name of [...Object.keys(VARIABLES), "FUZZ_URL", "FUZZ_URL_IN_SPACE"])
      Reflect.deleteProperty(process.env, name);
    await rm(folder, { recursive: true });
  });

  for (const { type, isCluster, fields, numRuns, expected } of SPECS) {
    const [ids, variable] = isCluster ? [UUIDS, "FUZZ_UUID"] : [HEX_IDS, "FUZZ_HEX"];
    const cluster = { product: "cloud-dedicated", accountId: ACCOUNT, clusterId: CLUSTER };
    const oss = { product: "oss" };
    const products = isCluster
      ? {
          right: cluster,
          wrong: [oss, { ...cluster, accountId: "no" }, { ...cluster, clusterId: undefined }],
        }
      : { right: oss, wrong: [cluster] };
    const usesInfluxctl = type.includes("management");

    it(type, async () => {
      const node = configOf({ ...fields, reference });
      const messages = fc.array(recipes(ids), {
        minLength: usesInfluxctl ? 3 : 15,
        maxLength: usesInfluxctl ? 6 : 25,
      });
      const fuzz = fc.asyncProperty(
        node,
        configOf(connection(products, ids, variable)),
        token,
        messages,
        async (node, connection, { token, means: tokenIs }, all) => {
          const isRight = node.isRight && connection.isRight && tokenIs !== "wrong";
          const means = { ...node.means, ...connection.means };
          await withRuntime(
            {
              type,
              isCluster,
              node: node.set,
              connection: connection.set,
              token,
              folder: usesInfluxctl ? folder : undefined,
            },
            async (simulator, runtime) => {
              const before = thereIn(simulator);
              const model: Model = { used: () => before - thereIn(simulator), usedBy: new Map() };
              async function run(msg: Message, isHostile: boolean): Promise<void> {
                // Before the node changes the message.
                const allowed = isRight ? expected(means, msg, model) : [];
                simulator.requests.length = 0;
                const seen = await endOf(runtime, msg, isHostile);
                // A list of management tokens asks for the server's time, too.
                const isMeant = ({ method, path }: SeenRequest) =>
                  type.startsWith("list") ? path !== "/api/v0" : method !== "GET";
                const sent = withoutOwnLook(simulator.requests.filter(isMeant).map(told), simulator);
                if (usesInfluxctl) {
                  // It revokes only what it finds.
                  for (const request of sent) assert.ok(allowed.includes(request), request);
                } else if (isHostile || tokenIs === "refused") {
                  for (const request of sent) assert.ok(allowed.includes(request), request);
                } else {
                  assert.deepEqual(sent.toSorted(), allowed.toSorted());
                }
                if (!seen) return;
                assert.equal(seen.ends, 1);
                assert.equal(seen.completed, seen.error === undefined);
                if (!isRight) assert.ok(seen.error);
                if (seen.error) {
                  assert.ok(ERROR_CODES.includes(seen.error.code!), inspect(seen.error));
                  // Neither is there a defect, nor is the simulator something else than InfluxDB.
                  assert.doesNotMatch(seen.error.code!, /unexpected|bad-response/, seen.error.message);
                }
                const shown = inspect([seen.error, seen.outputs.flat().map(({ payload }) => payload)], {
                  depth: 8,
                });
                if (means.includeToken !== true)
                  assert.ok(![OWN_TOKEN, OTHER_TOKEN].some((secret) => shown.includes(secret)));
              }
              for (const { shape, parts, isHostile } of all)
                await run(SHAPES[shape]!({ ...parts }), isHostile);
              // A plain message is answered as ever, and nothing comes after it.
              await run({ payload: ids[4], token: { id: ids[4] } }, false);
              await sleep(5);
              assert.equal((await runtime.ended(0)).ends, 1);
              assert.deepEqual(rejections, []);
              assert.ok(!`${runtime.log()}${runtime.statuses.join()}`.includes(OWN_TOKEN));
            },
          );
        },
      );
      // Without shrinking, which would take minutes: the seed repeats the failure.
      await fc.assert(fuzz, { seed: SEED, numRuns, endOnFailure: true });
    });
  }
});
