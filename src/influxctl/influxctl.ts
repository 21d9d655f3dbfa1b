import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stripVTControlCharacters as withoutColours } from "node:util";
import { stringify } from "smol-toml";
import { createLimiter } from "../work/limiter.js";
import { endsOf, runChild, type Ended } from "./child.js";
import { cancelled, TokenError } from "../errors.js";
import type { TlsOptions } from "../http/dispatcher.js";
import { explain, explainNoStart, lastLines, LONGEST_OUTPUT, type Failure } from "./failures.js";
import { makeFolder, removeFolder } from "./folders.js";
import { addressWithCredentials, secretsOf, type HttpProxy } from "../http/proxy.js";
import { startOfList } from "./printed-list.js";
import { createRedactor } from "../text/redactor.js";
import type { Secret } from "../text/secret.js";

export interface InfluxctlOptions {
  /** The executable: a name on the PATH, or a path. */
  command: string;
  /** What one run may take. */
  timeoutSeconds: number;
  /** How many runs may be under way at once. */
  parallel: number;
  profile: {
    product: "dedicated" | "clustered";
    accountId?: string | undefined;
    clusterId?: string | undefined;
    host?: string | undefined;
    port?: string | undefined;
    managementToken: Secret;
    tls?: TlsOptions | undefined;
    /** For a cluster without TLS; `disable` is in the sample configuration file of influxctl. */
    plainHttp?: boolean;
  };
  /** The HTTP proxy of the connection. The proxy variables of the environment do not count. */
  proxy?: HttpProxy | undefined;
  /** Node-RED's own, below which the profiles are; without it, they are in the machine's temporary folder. */
  userFolder?: string | undefined;
}

export interface Influxctl {
  /**
   * Runs influxctl once and gives what it wrote to its standard output. It never runs it again: what a run that failed
   * has done on the server is not told by anything but a list.
   *
   * @param task what the run is for, to complete "Cannot …".
   * @throws {TokenError} `influxctl-missing`, `cancelled`, or what {@link explain} finds.
   */
  run(task: string, args: readonly string[], signal?: AbortSignal): Promise<string>;
}

/**
 * Drives influxctl (https://docs.influxdata.com/influxdb3/cloud-dedicated/reference/cli/influxctl/), the one
 * published way to management tokens. The token reaches it in a profile file that the owner alone can read, in
 * a folder of its own that is also its home (so no cached login of the user's counts), and in no other way.
 */
export function createInfluxctl(options: InfluxctlOptions): Influxctl {
  const { profile, proxy, timeoutSeconds } = options;
  const redactor = createRedactor([profile.managementToken], secretsOf(proxy));
  const inTurn = createLimiter(options.parallel);
  // A relative path is one of Node-RED's own folder, not of the temporary one.
  const command = /[/\\]/.test(options.command) ? resolve(options.command) : options.command;

  async function run(task: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
    if (signal?.aborted) throw cancelled(task, 0, UNDER_WAY);
    const { folder, config } = await prepare(task);
    try {
      if (signal?.aborted) throw cancelled(task, 0, UNDER_WAY);
      const all = ["--config", config, "--timeout", `${timeoutSeconds}s`, ...args];
      return await execute(task, all, folder, signal);
    } finally {
      await removeFolder(folder);
    }
  }

  async function prepare(task: string): Promise<{ folder: string; config: string }> {
    let folder: string | undefined;
    try {
      folder = await makeFolder(options.userFolder);
      return { folder, config: await writeProfile(folder, profile) };
    } catch {
      if (folder !== undefined) await removeFolder(folder);
      const where = folder ?? "the temporary folder";
      const reason = `influxctl's profile could not be written to ${where}. Check the rights and the space there.`;
      throw new TokenError("influxctl-failed", reason, { task, fatal: true });
    }
  }

  async function execute(
    task: string,
    args: readonly string[],
    folder: string,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const fail = ({ code, reason, fatal = false }: Failure, stderr = "") =>
      new TokenError(code, reason, { task, fatal, cause: { stderr } });
    const quote = (words: string) => redactor.withhold(lastLines(words));
    const ended = await runChild(command, args, {
      ...{ cwd: folder, env: environment(folder, profile.managementToken, proxy), signal },
      timeoutMs: 1000 * timeoutSeconds,
      longest: LONGEST_OUTPUT * 1024 * 1024,
    }).catch((error: unknown) => {
      throw fail(explainNoStart(error, command));
    });
    if (ended.stopped === "aborted") throw cancelled(task, 1, UNDER_WAY);
    if (ended.exit === 0 && !ended.stopped) return ended.stdout;
    const words = await wordsOf(ended);
    throw fail(explain(ended, words, quote(words), timeoutSeconds), quote(withoutColours(ended.stderr)));
  }

  return { run: (task, args, signal) => inTurn(() => run(task, args, signal)) };
}

const UNDER_WAY = "influxctl was under way; list the tokens to see what it did.";

/** What it wrote beside its list, whose descriptions can say anything. */
async function wordsOf({ stdout, stderr }: Ended): Promise<string> {
  const list = await startOfList(stdout);
  const before = list < 0 ? stdout : stdout.slice(0, list);
  return withoutColours(`${endsOf(before)}\n${stderr}`);
}

async function writeProfile(folder: string, profile: InfluxctlOptions["profile"]): Promise<string> {
  const { tls } = profile;
  const files: Record<string, string> = {};
  for (const name of ["ca", "cert", "key"] as const) {
    const pem = tls?.[name];
    if (pem === undefined) continue;
    files[name] = join(folder, `${name}.pem`);
    await writeFile(files[name], pem, FOR_OWNER);
  }
  const entries = {
    name: "default",
    product: profile.product,
    account_id: profile.accountId,
    cluster_id: profile.clusterId,
    host: profile.host,
    port: profile.port,
    mgmt_token: profile.managementToken.reveal(),
    tls: profile.plainHttp
      ? { disable: true }
      : tls && { insecure: tls.rejectUnauthorized === false, ...files },
  };
  const file = join(folder, "config.toml");
  await writeFile(file, stringify({ profile: [JSON.parse(JSON.stringify(entries))] }), FOR_OWNER);
  return file;
}

/** A new file, or none: what has its name already is somebody else's. */
const FOR_OWNER = { mode: 0o600, flag: "wx" };

/**
 * What influxctl needs of the environment, and nothing else: no display to open a browser on, no variable that
 * holds the token, no folder (such as those of `XDG_CONFIG_HOME`) that could hold a login of the user's.
 */
function environment(folder: string, token: Secret, proxy: HttpProxy | undefined): NodeJS.ProcessEnv {
  const names = ["PATH", "SystemRoot", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"];
  const kept = names.map((name) => [name, process.env[name]] as const);
  const address = proxy && addressWithCredentials(proxy);
  const entries = kept.filter(([, value]) => value !== undefined && !value.includes(token.reveal()));
  return {
    ...Object.fromEntries(entries),
    ...(address !== undefined && { HTTP_PROXY: address, HTTPS_PROXY: address }),
    ...{ HOME: folder, USERPROFILE: folder, APPDATA: folder, LOCALAPPDATA: folder },
    ...{ TMPDIR: folder, TEMP: folder, TMP: folder },
  };
}
