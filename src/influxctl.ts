import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { stringify } from "smol-toml";
import { bound } from "./bound.js";
import { cancelled, TokenError, type TokenErrorCode } from "./errors.js";
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
    /** For a cluster without TLS; `disable` is in the sample configuration file of influxctl. */
    plainHttp?: boolean;
  };
  /** The HTTP proxy of the connection, with its credentials. The proxy variables of the environment do not count. */
  proxy?: URL | undefined;
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

/** Characters that one run may write; a list of management tokens is far shorter. */
const LONGEST_OUTPUT = 64 * 1024 * 1024;
/** Milliseconds that the pipes may stay open after the end: something that influxctl started can hold them. */
const LAST_OUTPUT = 200;
const FOLDER = "influxdb-tokens-influxctl-";

/** The folders in use by this process, and what runs in them. */
const inUse = new Map<string, ChildProcess | undefined>();
let watchesExit = false;

/**
 * Drives influxctl (https://docs.influxdata.com/influxdb3/cloud-dedicated/reference/cli/influxctl/), the one
 * published way to management tokens. The token reaches it in a profile file that the owner alone can read, in
 * a folder of its own that is also its home (so no cached login of the user's counts), and in no other way.
 */
export function createInfluxctl(options: InfluxctlOptions): Influxctl {
  const inTurn = bound(options.parallel);
  // A relative path is one of Node-RED's own folder, not of the temporary one.
  const command = /[/\\]/.test(options.command) ? resolve(options.command) : options.command;
  if (!watchesExit) process.once("exit", clearAway);
  watchesExit = true;

  async function run(task: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
    if (signal?.aborted) throw cancelled(task, 0, UNDER_WAY);
    let folder: string | undefined;
    try {
      folder = await mkdtemp(join(tmpdir(), `${FOLDER}${hostname()}-${process.pid}-`));
      inUse.set(folder, undefined);
      const config = await writeProfile(folder, options.profile);
      if (signal?.aborted) throw cancelled(task, 0, UNDER_WAY);
      const all = ["--config", config, "--timeout", `${options.timeout}s`, ...args];
      return await execute({ ...options, command }, task, all, folder, signal);
    } catch (error) {
      if (error instanceof TokenError) throw error;
      throw new TokenError(
        "influxctl-failed",
        `${tmpdir()} could not be written. Check the temporary folder.`,
        {
          task,
          fatal: true,
        },
      );
    } finally {
      if (folder !== undefined) {
        await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
        inUse.delete(folder);
      }
    }
  }
  return { run: (task, args, signal) => inTurn(() => run(task, args, signal)) };
}

/** When the process ends, however: no influxctl runs on, and no file stays. */
function clearAway(): void {
  for (const [folder, child] of inUse) {
    if (child) killTree(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Removes what processes that were killed have left, to be called at a start. A folder's name tells host and
 * process; those of another host, and those whose number now belongs to another process, go after an hour.
 */
export async function removeLeftovers(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const [, host, pid] = new RegExp(`^${FOLDER}(.+)-(\\d+)-\\w+$`).exec(name) ?? [];
    const folder = join(tmpdir(), name);
    if (host === undefined || inUse.has(folder)) continue;
    const isOurs = host === hostname() && (Number(pid) === process.pid || !isRunning(Number(pid)));
    const made = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    if (!isOurs && Date.now() - made < 3_600_000) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
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
    tls: profile.plainHttp
      ? { disable: true }
      : tls && { insecure: tls.rejectUnauthorized === false, ...files },
  };
  const file = join(folder, "config.toml");
  await writeFile(file, stringify({ profile: [JSON.parse(JSON.stringify(entries))] }), { mode: 0o600 });
  return file;
}

async function execute(
  { command, timeout, profile, proxy }: InfluxctlOptions,
  task: string,
  args: string[],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const output = { stdout: "", stderr: "" };
  let stopped: TokenError | undefined;
  const redact = (text: string) => text.replaceAll(profile.managementToken, "…");
  const fail: Fail = (code, reason, fatal = false) =>
    new TokenError(code, reason, { task, fatal, cause: { stderr: lastLines(redact(output.stderr)) } });

  let child: ChildProcessByStdio<null, Readable, Readable>;
  try {
    child = spawn(command, args, {
      cwd: folder,
      env: environment(folder, profile.managementToken, proxy),
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, so that all that it starts ends with it.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
  } catch (error) {
    throw notStarted(error, command, fail);
  }
  inUse.set(folder, child);
  const stop = (error: TokenError) => {
    stopped ??= error;
    killTree(child);
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const onAbort = () => stop(cancelled(task, 1, UNDER_WAY));
  const timer = setTimeout(() => stop(fail("timeout", noAnswer(timeout))), timeout * 1000);
  signal?.addEventListener("abort", onAbort);
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      output[name] += chunk;
      if (output[name].length > LONGEST_OUTPUT)
        stop(fail("bad-response", "influxctl wrote more than 64 MB."));
      // It would wait for somebody to log in until its time is over.
      if (asksForLogin(output[name].slice(0, 4096))) stop(fail("unauthorized", LOGIN, true));
    });
  }
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
      child.once("exit", (code) => setTimeout(resolve, LAST_OUTPUT, code).unref());
    });
    if (stopped) throw stopped;
    if (exitCode === 0) return output.stdout;
  } catch (error) {
    throw error instanceof TokenError ? error : notStarted(error, command, fail);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    killTree(child);
    child.stdout.destroy();
    child.stderr.destroy();
  }
  throw explain(redact(`${output.stderr}\n${output.stdout}`), fail);
}

type Fail = (code: TokenErrorCode, reason: string, fatal?: boolean) => TokenError;

function notStarted(error: unknown, command: string, fail: Fail): TokenError {
  const { code = "unknown reason" } = error as NodeJS.ErrnoException;
  if (["ENOENT", "EACCES", "ENOTDIR"].includes(code))
    return fail("influxctl-missing", missing(command), true);
  return fail("influxctl-failed", `influxctl could not be started (${code}). Check its path.`, true);
}

/** What a failed run means, by what it wrote; exit codes are not documented. */
function explain(said: string, fail: Fail): TokenError {
  if (
    /(flag provided but not defined|unknown flag|unknown shorthand flag).*\b(format|timeout)\b/i.test(said)
  ) {
    return fail("influxctl-failed", TOO_OLD, true);
  }
  if (/unauthenticated|unauthori[sz]ed|invalid (management )?token/i.test(said)) {
    return fail("unauthorized", NOT_ACCEPTED, true);
  }
  return fail(
    "influxctl-failed",
    `influxctl failed ("${lastLines(said)}"). Check the connection, then try again.`,
  );
}

const NOT_ACCEPTED =
  "the connection's management token was not accepted: it is wrong, expired or revoked. Set a valid management token in the connection.";
const LOGIN = `influxctl asks for a login in a browser, so ${NOT_ACCEPTED}`;
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

const UNDER_WAY = "influxctl was under way; list the tokens to see what it did.";

/** The words are not documented; an address and a word for logging in are in those of every device login. */
function asksForLogin(text: string): boolean {
  // What comes before a list; the descriptions in it can say anything.
  const [before = ""] = text.split(/^\[/m);
  return (
    /https?:\/\//.test(before) &&
    /(device|user|verification)[ _-]?code|log ?in|sign ?in|authenticat|activat/i.test(before)
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
function environment(folder: string, secret: string, proxy: InfluxctlOptions["proxy"]): NodeJS.ProcessEnv {
  const names = ["PATH", "SystemRoot", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"];
  const kept = names.map((name) => [name, process.env[name]] as const);
  const entries = kept.filter(([, value]) => value !== undefined && !value.includes(secret));
  return {
    ...Object.fromEntries(entries),
    ...(proxy && { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href }),
    ...{ HOME: folder, USERPROFILE: folder, TMPDIR: folder, TEMP: folder, TMP: folder },
  };
}

/** All of its process group; a process that has made a session of its own is beyond reach. */
function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    const kill = spawn("taskkill", ["/pid", String(child.pid), "/t", "/f"], {
      stdio: "ignore",
      windowsHide: true,
    });
    kill.on("error", () => child.kill());
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended, and all of its group with it.
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
