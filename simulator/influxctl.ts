/** Makes the stand-in of `influxctl` known to a program under test: an executable that talks to one simulator. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Simulator } from "./server.js";

/** How the stand-in misbehaves. */
export interface InfluxctlBehaviour {
  /** The one command that misbehaves; all of them unless given. */
  only?: "list" | "revoke" | "create";
  /** The version that it reports; default `v2.12.0`. */
  version?: string;
  /** Warnings of GTK on stderr, as the documentation describes. */
  gtkNoise?: boolean;
  /** Milliseconds before it does anything. */
  slow?: number;
  /** It never does anything, whatever its `--timeout` (but ends after ten minutes). */
  hang?: boolean;
  /** It writes this on stderr and exits with 1. */
  refuse?: string;
  /** A version that lacks `--format`. */
  noJson?: boolean;
  /** It takes `--format json`, and writes a table. */
  tableOnly?: boolean;
  /** The list is `null`, as for an account whose tokens are all an identity provider's. */
  emptyList?: boolean;
  /** Revoking reports success, but changes nothing. */
  lie?: boolean;
  /** Revoking works, but exits with 1. */
  failAfterRevoking?: boolean;
  /** The name that a new token's value has in JSON, which is not published; default `token`. */
  valueKey?: string;
  /** Creating works, but exits with 1. */
  failAfterCreating?: boolean;
  /** It starts a process that holds stdout and stderr open, and outlives it (for ten minutes). */
  child?: boolean;
  /** It writes the management token on stderr, and exits with 1. */
  echoToken?: boolean;
  /** A file to which each run appends an {@link InfluxctlRun}, as a line of JSON. */
  record?: string;
}

/** How the stand-in was called. */
export interface InfluxctlRun {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  pid: number;
  /** The process that it started, with `child`. */
  child?: number;
  /** If there is such a file: its permissions and those of its folder in octal, and the hash of its content. */
  config: { path: string; mode?: string; folderMode?: string; sha256?: string };
}

const STAND_IN = join(import.meta.dirname, "influxctl");

/**
 * Writes an executable `influxctl` into a folder, and returns its path. What it needs to know is in the file itself,
 * because callers pass no environment on.
 */
export async function installInfluxctl(
  simulator: Pick<Simulator, "url">,
  folder: string,
  behaviour: InfluxctlBehaviour = {},
): Promise<string> {
  const file = join(folder, "influxctl");
  const settings = JSON.stringify({ simulator: simulator.url, behaviour });
  const script = [
    `#!${process.execPath}`,
    `"use strict";`,
    `void require(${JSON.stringify(STAND_IN)}).run(${settings});`,
  ];
  await writeFile(file, `${script.join("\n")}\n`);
  await chmod(file, 0o755);
  return file;
}
