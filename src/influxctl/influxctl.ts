import { resolve } from "node:path";
import { stripVTControlCharacters as withoutColours } from "node:util";
import { createLimiter } from "../work/limiter.js";
import { endsOf, runChild, type Ended } from "./child.js";
import { cancelled, TokenError } from "../errors.js";
import { createCancellation } from "../http/cancellation.js";
import { explain, explainNoStart, lastLines, LONGEST_OUTPUT, type Failure } from "./failures.js";
import { makeFolder, removeFolder } from "./folders.js";
import { secretsOf, type HttpProxy } from "../http/proxy.js";
import { environment, writeProfile, type Profile } from "./profile.js";
import { startOfList } from "./printed-list.js";
import { createRedactor } from "../text/redactor.js";
import type { Secret } from "../text/secret.js";
import type { TokenSource } from "../token-source.js";

export interface InfluxctlOptions {
  /** The executable: a name on the PATH, or a path. */
  command: string;
  /** How long one run may take. */
  timeoutSeconds: number;
  /** How many runs may be under way at once. */
  parallel: number;
  profile: Omit<Profile, "managementToken">;
  /** The management token of the profile. */
  token: TokenSource;
  /** The HTTP proxy of the connection. The proxy variables of the environment are not looked at. */
  proxy?: HttpProxy | undefined;
  /** Node-RED's own, below which the profiles are written; without it, into the machine's temporary folder. */
  userFolder?: string | undefined;
}

export interface Influxctl {
  /**
   * Runs influxctl once and gives what it wrote to its standard output, without the token. It never runs it
   * again, because only a list tells what a failed run has done on the server.
   *
   * @param task what the run is for, to complete "Cannot …".
   * @param token of the profile in place of the connection's own, to see what the server makes of it.
   * @throws {TokenError} `influxctl-missing`, `cancelled`, or what {@link explain} finds.
   */
  run(task: string, args: readonly string[], signal?: AbortSignal, token?: Secret): Promise<string>;
}

/**
 * Drives influxctl (https://docs.influxdata.com/influxdb3/cloud-dedicated/reference/cli/influxctl/), the one
 * published way to management tokens. The token reaches it only in a profile file that the owner alone can read, in a
 * folder of its own that is also its home (so that no cached login of the user counts).
 *
 * @returns with `close`, which ends the runs that are under way, and begins no more: those calls meet `cancelled`.
 */
export function createInfluxctl(options: InfluxctlOptions): Influxctl & { close(): void } {
  const { profile, proxy, timeoutSeconds } = options;
  const ofProxy = createRedactor([], secretsOf(proxy));
  const inTurn = createLimiter(options.parallel);
  const cancellation = createCancellation();
  // A relative path starts at Node-RED's working folder, not at the temporary one.
  const command = /[/\\]/.test(options.command) ? resolve(options.command) : options.command;

  async function run(
    task: string,
    args: readonly string[],
    signal: AbortSignal,
    // A run costs much more than that look, and is not repeated.
    token = options.token.refresh(),
  ): Promise<string> {
    const { folder, config } = await prepare(task, token);
    try {
      if (signal.aborted) throw cancelled(task, 0, UNDER_WAY);
      const all = ["--config", config, "--timeout", `${timeoutSeconds}s`, ...args];
      return await execute(task, all, folder, signal, token);
    } finally {
      await removeFolder(folder);
    }
  }

  async function prepare(task: string, token: Secret): Promise<{ folder: string; config: string }> {
    let folder: string | undefined;
    try {
      folder = await makeFolder(options.userFolder);
      return { folder, config: await writeProfile(folder, { ...profile, managementToken: token }) };
    } catch {
      if (folder !== undefined) await removeFolder(folder);
      const where = folder ?? "the temporary folder";
      const reason = `influxctl's profile could not be written to ${where}. Check the rights and the space there.`;
      throw new TokenError("influxctl-failed", reason, { task, fatal: true, notSent: true });
    }
  }

  async function execute(
    task: string,
    args: readonly string[],
    folder: string,
    signal: AbortSignal,
    token: Secret,
  ): Promise<string> {
    const redactor = ofProxy.knowing([...options.token.known(), token]);
    const fail = ({ code, words, reason, fatal = false }: Failure, stderr = "") =>
      new TokenError(code, reason, {
        ...{ words, task, fatal, cause: stderr ? { message: stderr } : undefined },
        // What every run would meet keeps each from the server, but for what is wrong with its output.
        notSent: fatal && code !== "bad-response",
      });
    const quote = (words: string) => redactor.withhold(lastLines(words));
    // A description can hold the token.
    const conceal = (output: string) => redactor.concealer(output)?.(output) ?? output;
    const ended = await runChild(command, args, {
      ...{ cwd: folder, env: environment(folder, token, proxy), signal },
      timeoutMs: 1000 * timeoutSeconds,
      longest: LONGEST_OUTPUT * 1024 * 1024,
    }).catch((error: unknown) => {
      throw fail(explainNoStart(error, command));
    });
    if (ended.stopped === "aborted") throw cancelled(task, 1, UNDER_WAY);
    if (ended.exit === 0 && !ended.stopped) return conceal(ended.stdout);
    const words = await wordsOf(ended);
    throw fail(explain(ended, words, quote(words), timeoutSeconds), quote(withoutValues(ended.stderr)));
  }

  /** With a signal that the end of the connection aborts, too. */
  async function runUntilClosed(...[task, args, signal, token]: Parameters<Influxctl["run"]>) {
    if (cancellation.isOver(signal)) throw cancelled(task, 0, UNDER_WAY);
    const stop = new AbortController();
    const unlisten = cancellation.listen(signal, () => {
      stop.abort();
    });
    try {
      return await run(task, args, stop.signal, token);
    } finally {
      unlisten();
    }
  }

  return {
    run: (...args) => inTurn(() => runUntilClosed(...args), cancellation.ends(args[2])),
    close: () => {
      cancellation.end();
    },
  };
}

/** The value of a management token, or the beginning of one; `create` prints a new one. */
export const MANAGEMENT_TOKEN_VALUE = /M\.V1\.[\w.~+/=-]+/;
const EACH_VALUE = new RegExp(MANAGEMENT_TOKEN_VALUE, "g");

const UNDER_WAY = "influxctl was under way; list the tokens to see what it did.";

/** What it wrote besides its list, whose descriptions can say anything. */
async function wordsOf({ stdout, stderr }: Ended): Promise<string> {
  const list = await startOfList(stdout);
  const before = list < 0 ? stdout : stdout.slice(0, list);
  return withoutValues(`${endsOf(withoutValues(before))}\n${stderr}`);
}

/** What influxctl wrote, without colours, and without values of tokens: it can fail after it has printed a new one. */
function withoutValues(text: string): string {
  return withoutColours(text).replace(EACH_VALUE, "…");
}
