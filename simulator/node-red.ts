import { execFile, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { savedFlow, type FlowNode } from "./flow.js";

/** A process that runs Node-RED. */
export interface NodeRedProcess {
  /** Address of the editor. */
  url: string;
  pid: number;
  /** What it has logged so far. */
  log(): string;
  /** Ends the process, as a crash does or as Ctrl-C does. */
  kill(signal?: "SIGKILL" | "SIGINT"): Promise<void>;
}

/** A Node-RED with a user folder of its own. */
export interface NodeRed {
  /** Address of the editor. */
  url: string;
  userDir: string;
  /** What its process has logged so far. */
  log(): string;
  /** Ends the process as a crash does; the user folder stays. */
  kill(): Promise<void>;
  /** Starts again in the same user folder, after {@link kill}. */
  startAgain(): Promise<void>;
  /** Ends the process and removes the user folder. */
  close(): Promise<void>;
}

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");

/**
 * Starts a Node-RED on 127.0.0.1 in a throw-away user folder, with this package packed and installed there as a
 * user would have it. The package must be built.
 */
export async function startNodeRed(options: {
  nodes: readonly FlowNode[];
  /** Any that is free unless given. */
  port?: number;
  env?: Record<string, string>;
  settings?: Record<string, unknown>;
  /** Which installed version of Node-RED: 5 unless given. */
  version?: "node-red" | "node-red-4";
  /** The Node.js that runs it: our own unless given. */
  executable?: string;
}): Promise<NodeRed> {
  const userDir = await mkdtemp(join(tmpdir(), "node-red-influxdb-tokens-"));
  try {
    await install(userDir, await pack(userDir));
    const { flow, credentials } = savedFlow(options.nodes);
    await writeFile(join(userDir, "flows.json"), JSON.stringify(flow));
    await writeFile(join(userDir, "flows_cred.json"), JSON.stringify(credentials));
    await writeFile(
      join(userDir, "settings.js"),
      `module.exports = ${JSON.stringify({ ...SETTINGS, ...options.settings })}`,
    );
    const port = options.port ?? (await freePort());
    const start = () => launch(userDir, { ...options, port });
    let running = await start();
    return {
      url: running.url,
      userDir,
      log: () => running.log(),
      kill: () => running.kill(),
      async startAgain() {
        running = await start();
      },
      async close() {
        await running.kill("SIGINT");
        await rm(userDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(userDir, { recursive: true, force: true });
    throw error;
  }
}

/** What Node-RED logs of its flows and its server, in English. */
const READY = ["Started flows", "Server now running"];

const SETTINGS = {
  uiHost: "127.0.0.1",
  flowFile: "flows.json",
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: { enabled: false } },
};

/** This package as it would be published: a file in the folder. It must be built. */
export async function pack(folder: string): Promise<string> {
  const packed = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
  });
  const [tarball] = JSON.parse(packed.stdout) as [{ filename: string }];
  return join(folder, tarball.filename);
}

/** Makes a folder the user folder of a Node-RED, with a package installed by npm, or with none. */
export async function install(userDir: string, packageName?: string): Promise<void> {
  await writeFile(join(userDir, "package.json"), JSON.stringify({ name: "node-red-project", private: true }));
  if (packageName === undefined) return;
  const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await run("npm", ["install", "--prefix", userDir, ...options, packageName], { cwd: userDir });
}

/** Starts a Node-RED in a user folder that is set up, and waits for its flows and its editor, in either order. */
export async function launch(
  userDir: string,
  options: { port: number; env?: Record<string, string>; version?: string; executable?: string },
): Promise<NodeRedProcess> {
  const { port, env = {}, version = "node-red", executable = process.execPath } = options;
  const child = spawn(
    executable,
    [
      join(root, "node_modules", version, "red.js"),
      ...["--userDir", userDir, "--port", String(port), "-D", "lang=en-US"],
    ],
    // Its own process group: Ctrl-C reaches us alone, and we end it in order.
    {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_PROXY: "127.0.0.1,localhost", ...env },
    },
  );
  let log = "";
  // Until all that it wrote has been read.
  const exited = new Promise<void>((done) => child.once("close", () => done()));
  const url = `http://127.0.0.1:${port}/`;
  await new Promise<void>((ready, fail) => {
    const read = (chunk: Buffer) => {
      log += chunk.toString();
      if (READY.every((words) => log.includes(words))) ready();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", fail);
    void exited.then(() => fail(new Error(`Node-RED ended before it was ready:\n${log}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    log: () => log,
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await exited;
    },
  };
}

/**
 * The wanted port if it is free on 127.0.0.1, otherwise any free one: of those that a system does not give out by itself
 * (Linux does from 32768, others from 49152), or something else could have it before it is used.
 */
export async function freePort(wanted = 0): Promise<number> {
  if (wanted !== 0 && (await isFree(wanted))) return wanted;
  for (let tries = 0; tries < 100; tries++) {
    // Browsers refuse to connect to 10080.
    const port = randomInt(10_081, 32_768);
    if (await isFree(port)) return port;
  }
  throw new Error("No free port");
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((done) => {
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}

/** The names of the examples, as the import dialog shows them. */
export async function exampleNames(): Promise<string[]> {
  return (await readdir(join(root, "examples")))
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5));
}

export async function readExample(name: string): Promise<FlowNode[]> {
  return JSON.parse(await readFile(join(root, "examples", `${name}.json`), "utf8")) as FlowNode[];
}

/** The shell function `sign` of an example, which makes of an ID the message that its flow takes. */
export async function signFunctionOf(example: string): Promise<string> {
  const tab = (await readExample(example)).find(({ type }) => type === "tab");
  const [, script] = /^```sh\n(.*?)^```$/ms.exec(String(tab?.info)) ?? [];
  if (script === undefined) throw new Error(`"${example}" does not say how to sign`);
  return script;
}
