/** Finding the first authorization of a user and deleting it, compared with core nodes and a shell script. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { inTurn, ratio, run, show, table, time } from "./measure.js";
import { startRuntime, type Runtime } from "./runtime.js";
import { connectionTo, openServer, type Access, type Server } from "./server.js";

/** How many authorizations the user has. */
const COUNT = 100;
/** How often each contender does it in a round; the mean counts. */
const TIMES = 40;
const ROUNDS = 15;

const sh = (script: string, env: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)("sh", ["-c", script], { env: { ...process.env, ...env } });

const OURS = [
  {
    id: "list",
    type: "influxdb-list-authorizations",
    connection: "connection",
    ...{ user: "bench", userType: "str", result: "first" },
    wires: [["delete"], []],
  },
  { id: "delete", type: "influxdb-delete-authorization", connection: "connection", confirmed: true },
];

/** With the sockets kept open, as our connection does, and nothing sent that is not needed. */
function coreNodes({ url, token }: Access) {
  const authorization = { keyType: "other", keyValue: "Authorization", valueType: "other" };
  const request = {
    type: "http request",
    persist: true,
    senderr: true,
    headers: [{ ...authorization, valueValue: `Token ${token}` }],
  };
  const list = `${url}/api/v2/authorizations`;
  return [
    { ...request, id: "get", method: "GET", ret: "obj", url: `${list}?user=bench`, wires: [["first"]] },
    {
      id: "first",
      type: "function",
      func: `if (msg.statusCode !== 200) throw new Error("Status " + msg.statusCode);
const [first] = msg.payload.authorizations;
return { _msgid: msg._msgid, url: ${JSON.stringify(`${list}/`)} + first.id };`,
      wires: [["remove"]],
    },
    { ...request, id: "remove", method: "DELETE", ret: "txt" },
  ];
}

const PIPELINE = `curl -sSf -H "Authorization: Token $TOKEN" "$LIST?user=bench" |
jq -er '.authorizations[0].id' |
xargs -I{} curl -sSf -X DELETE -H "Authorization: Token $TOKEN" "$LIST/{}"`;

async function compare(server: Server, runtime: Runtime): Promise<string> {
  const shell = { TOKEN: server.token, LIST: `${server.url}/api/v2/authorizations` };
  const canShell = await sh("command -v curl && command -v jq && command -v xargs").then(
    () => true,
    () => false,
  );
  await server.fill(COUNT - 1);
  const mean = (findAndDelete: () => Promise<unknown>) => async () => {
    let total = 0;
    for (let count = 0; count < TIMES; count++) {
      await server.fill(1);
      total += await time(findAndDelete);
    }
    return total / TIMES;
  };
  const { ours, core, pipeline } = await inTurn(ROUNDS, {
    ours: mean(async () => {
      const { payload } = await runtime.send("list", {});
      if ((payload as { outcome?: string }).outcome !== "deleted") throw new Error("Not deleted");
    }),
    core: mean(async () => {
      const { statusCode } = await runtime.send("get", {});
      if (statusCode !== 204) throw new Error(`Status ${String(statusCode)}`);
    }),
    pipeline: canShell ? mean(() => sh(PIPELINE, shell)) : () => Promise.resolve(NaN),
  });
  return table(
    [`the first of ${COUNT}`, "find and delete", "ratio of ours to it"],
    [
      ["list authorizations, delete authorization", show(ours, "ms"), "1"],
      ["http request, function, http request", show(core, "ms"), ratio(ours, core)],
      canShell
        ? ["curl, jq, xargs curl", show(pipeline, "ms"), ratio(ours, pipeline)]
        : ["curl, jq, xargs curl", "not all of them are installed", ""],
    ],
  );
}

run(async () => {
  const server = await openServer();
  const runtime = await startRuntime([connectionTo(server), ...OURS, ...coreNodes(server)]);
  try {
    return await compare(server, runtime);
  } finally {
    await runtime.close();
    await server.close();
  }
});
