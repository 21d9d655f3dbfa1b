import { isUtf8 } from "node:buffer";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { CollectedBytes } from "../text/collected-bytes.js";

export interface ChildOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** How long it may take. */
  timeoutMs: number;
  /** Bytes that it may write to its standard output. */
  longest: number;
  /** Ends it. */
  signal?: AbortSignal | undefined;
}

export interface Ended {
  /** Why it was stopped, if it has not ended by itself. */
  stopped?: "aborted" | "timeout" | "too-long";
  /** Its exit code, or the signal that has ended it. */
  exit: number | NodeJS.Signals | null;
  stdout: string;
  /** Its beginning and its end, if it is long. */
  stderr: string;
}

/** Characters that are kept of each end of what a program writes to standard error. */
const KEPT = 4096;
/** Milliseconds that the pipes may stay open after the end, because a process that it started can hold them. */
const LAST_OUTPUT = 200;

const running = new Set<ChildProcess>();
let watchesExit = false;

/**
 * Runs a program, without standard input, to its end. All of its process group ends with it, and with our own
 * process.
 *
 * @throws {Error} of the system if it cannot be started.
 */
export async function runChild(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs, longest, signal }: ChildOptions,
): Promise<Ended> {
  // A process group of its own, so that all that it starts ends with it.
  const detached = process.platform !== "win32";
  const child = spawn(command, args, {
    ...{ cwd, env, detached },
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
  });
  // One that could not be started can lack its pipes, and tells why at the next tick.
  if (child.pid === undefined) throw (await once(child, "error"))[0];
  running.add(child);
  if (!watchesExit) process.once("exit", killAll);
  watchesExit = true;

  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort("timeout"), timeoutMs);
  const onAbort = () => stop.abort("aborted");
  signal?.addEventListener("abort", onAbort);

  const stdout = new CollectedBytes();
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout.add(chunk);
    if (stdout.length > longest) stop.abort("too-long");
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = endsOf(stderr + chunk);
  });
  const end = () => {
    killTree(child);
    child.stdout.destroy();
    child.stderr.destroy();
  };
  try {
    const exit = await new Promise<Ended["exit"]>((resolve, reject) => {
      child.on("error", reject);
      child.once("close", (code, by) => resolve(by ?? code));
      child.once("exit", (code, by) => {
        // On a busy machine, what is still in the pipes is read after the timers.
        setTimeout(() => setImmediate(resolve, by ?? code), LAST_OUTPUT).unref();
      });
      stop.signal.addEventListener("abort", () => {
        end();
        // A process that cannot be killed is not waited for.
        setTimeout(resolve, LAST_OUTPUT, null).unref();
      });
    });
    const stopped = stop.signal.reason as Ended["stopped"];
    return { exit, stdout: textOf(Buffer.concat(stdout.blocks())), stderr, ...(stopped && { stopped }) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    end();
    running.delete(child);
  }
}

/** Bytes that are not UTF-8 are not a list either, and decoding them as UTF-8 takes three times as long. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
}

/** The beginning and the end of a text, with a line break between them. */
export function endsOf(text: string): string {
  return text.length <= 2 * KEPT ? text : `${text.slice(0, KEPT)}\n${text.slice(-KEPT)}`;
}

function killAll(): void {
  for (const child of running) killTree(child);
}

/** Kills all of its process group; a process that has started a session of its own is beyond reach. */
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
