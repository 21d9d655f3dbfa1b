import { mkdtempSync, rmSync } from "node:fs";
import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemClock, type Clock } from "../clock.js";

/** Below the user folder: it is nobody else's, and holds the token anyway (encrypted, in the flow's credentials). */
const OWN = ".influxdb-tokens";
const PREFIX = "influxdb-tokens-influxctl-";
/** Milliseconds for which a folder is left to a process of which it cannot be told whether it runs. */
const SOMEBODYS = 3_600_000;

/** The folders in use by this process. */
const inUse = new Set<string>();
let watchesExit = false;

/**
 * A new folder for one run of influxctl, which its owner alone can enter: below the user folder, or in the temporary
 * folder of the machine if there is none that is fit for it.
 *
 * @param userFolder Node-RED's own.
 * @throws {Error} if it cannot be made.
 */
export async function makeFolder(userFolder: string | undefined): Promise<string> {
  const place = (await ownPlace(userFolder)) ?? tmpdir();
  // At once with its entry here, or the cleaning at the start could take it for a leftover.
  const folder = mkdtempSync(join(place, `${PREFIX}${hostname()}-${process.pid}-`));
  inUse.add(folder);
  if (!watchesExit) process.once("exit", removeNow);
  watchesExit = true;
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  inUse.delete(folder);
}

/** When the process ends, however. */
function removeNow(): void {
  for (const folder of inUse) rmSync(folder, { recursive: true, force: true });
}

/**
 * Removes what processes that were killed have left below the user folder, to be called at a start. A folder's name
 * tells host and process; those of another host, and those whose number now belongs to another process, go after an
 * hour. In the temporary folder nothing is removed: others could have put there what has such a name.
 *
 * @returns the folders that could not be removed.
 */
export async function removeLeftovers(
  userFolder: string | undefined,
  clock: Clock = systemClock,
): Promise<string[]> {
  const place = userFolder === undefined ? undefined : resolve(userFolder, OWN);
  if (place === undefined || !(await isPrivate(place))) return [];
  const left: string[] = [];
  for (const name of await readdir(place).catch(() => [])) {
    const [, host, pid] = new RegExp(`^${PREFIX}(.+)-(\\d+)-\\w+$`).exec(name) ?? [];
    const folder = join(place, name);
    if (host === undefined || inUse.has(folder) || !(await isPrivate(folder))) continue;
    const isOurs = host === hostname() && (Number(pid) === process.pid || !isRunning(Number(pid)));
    const age = await lstat(folder).then(
      ({ mtimeMs }) => clock.now() - mtimeMs,
      () => 0,
    );
    if (!isOurs && age < SOMEBODYS) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => left.push(folder));
  }
  return left;
}

/** The place for such folders below the user folder, or undefined if it is not fit for them. */
async function ownPlace(userFolder: string | undefined): Promise<string | undefined> {
  if (userFolder === undefined) return undefined;
  const place = resolve(userFolder, OWN);
  // It may be there, or not be possible.
  await mkdir(place, { mode: 0o700 }).catch(() => undefined);
  return (await isPrivate(place)) ? place : undefined;
}

/** Whether it is a folder, and no link to one, of our own user that nobody else may enter. */
async function isPrivate(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  if (!found?.isDirectory()) return false;
  // Windows has no such owner and mode; there, others are kept out by the rights of the user's profile.
  return process.geteuid === undefined || (found.uid === process.geteuid() && (found.mode & 0o077) === 0);
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
