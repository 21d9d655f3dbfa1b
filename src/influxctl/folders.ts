import { mkdtempSync, rmSync } from "node:fs";
import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemClock, type Clock } from "../clock.js";

/** In the user folder, which is private and holds the token anyway (encrypted, in the flow's credentials). */
const OWN = ".influxdb-tokens";
const PREFIX = "influxdb-tokens-influxctl-";
/** Milliseconds that a folder is kept if nobody can tell whether its process still runs. */
const SOMEBODYS = 3_600_000;

/** The folders in use by this process. */
const inUse = new Set<string>();
let watchesExit = false;

/**
 * A new folder for one run of influxctl, which only its owner can enter: below the user folder, or in the temporary
 * folder of the machine if no private folder can be made there.
 *
 * @param userFolder Node-RED's own.
 * @throws {Error} if it cannot be made.
 */
export async function makeFolder(userFolder: string | undefined): Promise<string> {
  const place = (await ownPlace(userFolder)) ?? tmpdir();
  // Synchronous with the entry in `inUse`, or the cleaning at the start could take it for a leftover.
  const folder = mkdtempSync(join(place, `${PREFIX}${hostname()}-${process.pid}-`));
  inUse.add(folder);
  if (!watchesExit) process.once("exit", removeNow);
  watchesExit = true;
  return folder;
}

/** Removes a folder of {@link makeFolder}. It never throws. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  inUse.delete(folder);
}

/** For the end of the process. */
function removeNow(): void {
  for (const folder of inUse) rmSync(folder, { recursive: true, force: true });
}

/**
 * Removes what killed processes have left below the user folder, to be called at a start. A folder's name tells host
 * and process; those of another host, and those whose number now belongs to another process, go after an hour. Nothing
 * is removed from the temporary folder, because a folder of such a name there could be somebody else's.
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

/** The place for such folders below the user folder, or undefined if it is not private. */
async function ownPlace(userFolder: string | undefined): Promise<string | undefined> {
  if (userFolder === undefined) return undefined;
  const place = resolve(userFolder, OWN);
  // It may exist already, or be impossible to make.
  await mkdir(place, { mode: 0o700 }).catch(() => undefined);
  return (await isPrivate(place)) ? place : undefined;
}

/** Whether it is a folder of our own user, not a link to one, that nobody else may enter. */
async function isPrivate(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  if (!found?.isDirectory()) return false;
  // Windows has no such owner and mode; the rights of the user's profile keep others out.
  return process.geteuid === undefined || (found.uid === process.geteuid() && (found.mode & 0o077) === 0);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
