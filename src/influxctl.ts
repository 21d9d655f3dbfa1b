import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import { stringify } from "smol-toml";
import { TokenError, type TokenErrorCode } from "./errors.js";
import type { TlsOptions } from "./http.js";

export interface InfluxctlOptions {
  /** The executable: a name on the PATH, or a path. */
  command: string;
  /** Seconds that one run may take. */
  timeout: number;
  /** How many runs may be under way at once. */
  parallel: number;
  profile: {
    product: "dedicated" | "clustered";
    accountId?: string | undefined;
    clusterId?: string | undefined;
    host?: string | undefined;
    port?: string | undefined;
    managementToken: string;
    tls?: TlsOptions | undefined;
    /** For a cluster without TLS. */
    plainHttp?: boolean;
  };
}

export interface Influxctl {
  /**
   * Runs influxctl once and gives what it wrote to its standard output.
   *
   * @param task what the run is for, to complete "Cannot …".
   * @throws {TokenError} `influxctl-missing`, `influxctl-failed`, `unauthorized`, `timeout`, `cancelled`.
   */
  run(task: string, args: readonly string[], signal?: AbortSignal): Promise<string>;
}

/** Bytes of output that are kept of one run; a list of management tokens is far shorter. */
const LONGEST_OUTPUT = 64 * 1024 * 1024;
const FOLDER = "influxdb-tokens-influxctl-";
/** Folders of this process; others with its number are of an earlier one, as in a container that starts anew. */
const inUse = new Set<string>();

/**
 * Drives influxctl (https://docs.influxdata.com/influxdb3/cloud-dedicated/reference/cli/influxctl/), the one
 * published way to management tokens. The token reaches it in a profile file that the owner alone can read, in
 * a folder of its own that is also its home (so no cached login of the user's counts), and in no other way.
 */
export function createInfluxctl(options: InfluxctlOptions): Influxctl {
  // What a killed process has left behind goes with the next start.
  const ready = removeLeftovers();
  const limit = pLimit(options.parallel);

  async function run(task: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
    await ready;
    if (signal?.aborted) throw cancelled(task, 0);
    const folder = await mkdtemp(join(tmpdir(), `${FOLDER}${process.pid}-`));
    inUse.add(folder);
    try {
      const config = await writeProfile(folder, options.profile);
      if (signal?.aborted) throw cancelled(task, 0);
      const all = ["--config", config, "--timeout", `${options.timeout}s`, ...args];
      return await execute(options, task, all, folder, signal);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      inUse.delete(folder);
    }
  }
  return { run: (task, args, signal) => limit(() => run(task, args, signal)) };
}

async function writeProfile(folder: string, profile: InfluxctlOptions["profile"]): Promise<string> {
  const { tls } = profile;
  const files: Record<string, string> = {};
  for (const name of ["ca", "cert", "key"] as const) {
    const pem = tls?.[name];
    if (pem === undefined) continue;
    files[name] = join(folder, `${name}.pem`);
    await writeFile(files[name], pem, { mode: 0o600 });
  }
  const entries = {
    name: "default",
    product: profile.product,
    account_id: profile.accountId,
    cluster_id: profile.clusterId,
    host: profile.host,
    port: profile.port,
    mgmt_token: profile.managementToken,
    tls: (tls ?? profile.plainHttp) && {
      disable: profile.plainHttp,
      insecure: tls?.rejectUnauthorized === false,
      ...files,
    },
  };
  const file = join(folder, "config.toml");
  await writeFile(file, stringify({ profile: [JSON.parse(JSON.stringify(entries))] }), { mode: 0o600 });
  return file;
}

async function execute(
  { command, timeout, profile }: InfluxctlOptions,
  task: string,
  args: string[],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const output = { stdout: "", stderr: "" };
  let stopped: TokenError | undefined;
  const redact = (text: string) => text.replaceAll(profile.managementToken, "…");
  const fail = (code: TokenErrorCode, reason: string, fatal = false) =>
    new TokenError(code, reason, { task, fatal, cause: { stderr: lastLines(redact(output.stderr)) } });

  const child = spawn(command, args, {
    cwd: folder,
    env: environment(folder, profile.managementToken),
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, so that all that it starts ends with it.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  const stop = (error: TokenError) => {
    stopped ??= error;
    killTree(child);
    // A process that left the group could hold them open.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const onAbort = () => stop(cancelled(task, 1));
  const timer = setTimeout(() => stop(fail("timeout", noAnswer(timeout))), timeout * 1000);
  signal?.addEventListener("abort", onAbort);
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      if (output[name].length < LONGEST_OUTPUT) output[name] += chunk;
      // It would wait for somebody to log in until its time is over.
      if (asksForLogin(output[name])) stop(fail("unauthorized", NOT_ACCEPTED, true));
    });
  }
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (stopped) throw stopped;
    if (exitCode === 0) return output.stdout;
  } catch (error) {
    if (error instanceof TokenError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES") throw fail("influxctl-missing", missing(command), true);
    throw fail(
      "influxctl-failed",
      `influxctl could not be started (${code ?? "unknown reason"}). Check its path.`,
      true,
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
  throw explain(output, fail, redact);
}

/** What a failed run means, by what it wrote; exit codes are not documented. */
function explain(
  { stdout, stderr }: { stdout: string; stderr: string },
  fail: (code: TokenErrorCode, reason: string, fatal?: boolean) => TokenError,
  redact: (text: string) => string,
): TokenError {
  const said = redact(`${stderr}\n${stdout}`);
  if (
    /(flag provided but not defined|unknown flag|unknown shorthand flag).*\b(format|timeout)\b/i.test(said)
  ) {
    return fail("influxctl-failed", TOO_OLD, true);
  }
  if (/unauthenticated|unauthori[sz]ed|\b401\b|invalid token|token (is|has) (expired|revoked)/i.test(said)) {
    return fail("unauthorized", NOT_ACCEPTED, true);
  }
  return fail(
    "influxctl-failed",
    `influxctl failed ("${lastLines(said)}"). Check the connection, then try again.`,
  );
}

const NOT_ACCEPTED =
  "influxctl asks for a login, so the connection's management token was not accepted: it is wrong, expired or revoked. " +
  "Set a valid management token in the connection.";
export const TOO_OLD =
  "this influxctl is too old: it cannot write JSON (--format json) or takes no --timeout. Install a newer one: https://docs.influxdata.com/influxdb3/cloud-dedicated/reference/cli/influxctl/.";

function missing(command: string): string {
  return (
    `influxctl was not found or may not be run as "${command}". Install it (https://docs.influxdata.com/influxdb3/cloud-dedicated/reference/cli/influxctl/) ` +
    "on the machine that runs Node-RED, or set its path in the connection."
  );
}

function noAnswer(timeout: number): string {
  return `influxctl did not end within ${timeout} s and was stopped. Check the network, or raise its timeout in the connection.`;
}

function cancelled(task: string, attempts: number): TokenError {
  const effect =
    attempts === 0 ? "Nothing was sent." : "influxctl was under way; list the tokens to see what it did.";
  return new TokenError("cancelled", `the flow was stopped or deployed anew. ${effect}`, { task, attempts });
}

function asksForLogin(text: string): boolean {
  // A list; its descriptions can say anything.
  if (text.trimStart().startsWith("[")) return false;
  return /(device|verification|user)[ _-]?code|to (log ?in|sign in|authenticate)|open .*https?:\/\/.*(activate|device|login)/i.test(
    text,
  );
}

/** The end of what a program wrote, without the warnings of its graphics libraries. */
function lastLines(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !/gtk|gdk|glib|dbus/i.test(line))
    .slice(-3)
    .join(" ")
    .slice(-300);
}

/**
 * What influxctl needs of the environment, and nothing else: no display to open a browser on, no variable that
 * holds the token.
 */
function environment(folder: string, secret: string): NodeJS.ProcessEnv {
  const names = ["PATH", "SystemRoot", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"];
  for (const name of ["http_proxy", "https_proxy", "no_proxy"]) names.push(name, name.toUpperCase());
  const kept = names.map((name) => [name, process.env[name]] as const);
  const entries = kept.filter(([, value]) => value !== undefined && !value.includes(secret));
  return {
    ...Object.fromEntries(entries),
    HOME: folder,
    USERPROFILE: folder,
    TMPDIR: folder,
    TEMP: folder,
    TMP: folder,
  };
}

function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    spawn("taskkill", ["/pid", String(child.pid), "/t", "/f"], { stdio: "ignore", windowsHide: true });
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}

/** The folders of processes that are no more; the number of its process is part of a folder's name. */
async function removeLeftovers(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const pid = Number(new RegExp(`^${FOLDER}(\\d+)-`).exec(name)?.[1]);
    const folder = join(tmpdir(), name);
    if (Number.isNaN(pid) || inUse.has(folder) || (pid !== process.pid && isRunning(pid))) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process runs all the same.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
