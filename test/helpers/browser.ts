import { execFile } from "node:child_process";
import { access, constants, mkdir } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { chromium as playwright, type Browser } from "playwright-core";

const INSTALLED = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const CACHE = resolve(import.meta.dirname, "../../node_modules/.cache");

/** The browser talks to nobody but the page. */
const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--no-sandbox",
];

/** An executable, with what it needs to run. */
interface Candidate {
  executablePath: string;
  args: string[];
  env: Record<string, string>;
}

/** Starts a Chromium without a window: one that is installed, or else the one of `@sparticuz/chromium`. */
export async function startBrowser(): Promise<Browser> {
  const failures: string[] = [];
  for (const find of [installed, packaged]) {
    try {
      const candidate = await find();
      if (candidate) return await playwright.launch(candidate);
      failures.push(`none of ${INSTALLED.join(", ")} is on the PATH`);
    } catch (error) {
      failures.push(String(error));
    }
  }
  throw new Error(
    `The editor tests need Chromium or Chrome, and none could be started. Install one, or remove ${CACHE} ` +
      `if unpacking was interrupted.\n- ${failures.join("\n- ")}`,
  );
}

async function installed(): Promise<Candidate | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of INSTALLED) {
      const executablePath = join(folder, name);
      if (await isExecutable(executablePath)) return { executablePath, args: QUIET, env: environment() };
    }
  }
  return undefined;
}

/**
 * Unpacks into a folder of its own below node_modules, not into the shared temporary folder. If the system lacks the
 * libraries that Chromium needs, the package must unpack its own; it does so, and sets LD_LIBRARY_PATH, only if it
 * takes this machine for an Amazon Linux. Its settings are for the browser only, so they are put back.
 */
async function unpack(): Promise<Candidate> {
  const ownLibraries = !(await hasLibraries());
  const folder = join(CACHE, ownLibraries ? "chromium-with-libraries" : "chromium");
  await mkdir(folder, { recursive: true });
  const before = { ...process.env };
  try {
    process.env.TMPDIR = folder;
    if (ownLibraries) process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x";
    const { default: chromium } = await import("@sparticuz/chromium");
    const executablePath = await chromium.executablePath();
    const { TMPDIR, AWS_EXECUTION_ENV, ...env } = environment();
    return { executablePath, args: QUIET, env };
  } finally {
    for (const name of Object.keys(process.env)) {
      if (!(name in before)) Reflect.deleteProperty(process.env, name);
    }
    Object.assign(process.env, before);
  }
}

/** Only the first import looks at the environment. */
let unpacked: Promise<Candidate> | undefined;
const packaged = () => (unpacked ??= unpack());

async function hasLibraries(): Promise<boolean> {
  try {
    // It is in a folder that is on the PATH of root alone.
    const env = { PATH: ["/usr/sbin", "/sbin", process.env.PATH].join(delimiter) };
    return (await promisify(execFile)("ldconfig", ["-p"], { env })).stdout.includes("libnss3.so");
  } catch {
    return process.platform !== "linux";
  }
}

/** Ours, without the library of `test/clocks.ts` that shifts the clock, with which Chromium crashes. */
function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== "LD_PRELOAD",
    ),
  );
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
