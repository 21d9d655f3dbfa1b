/** Recordings on disk, and whether the simulator conforms to them. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { replay } from "./replay.js";
import type { Recording } from "./replay.js";

/** The project's own copy. */
export const RECORDINGS = join(import.meta.dirname, "recordings");

/** The recordings below a directory, in the order of their names. */
export async function recordingFiles(directory = RECORDINGS): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true });
  return entries
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(directory, name));
}

export async function readRecording(file: string): Promise<Recording> {
  const { server, given, exchanges } = JSON.parse(await readFile(file, "utf8")) as Partial<Recording>;
  if (!Array.isArray(exchanges)) throw new Error("not a recording: it has no exchanges");
  return { server: server ?? {}, given: given ?? {}, exchanges };
}

/** Replays what is below a directory, and says whether all of it conforms. */
export async function conforms(directory: string, print: (line: string) => void): Promise<boolean> {
  const files = await recordingFiles(directory);
  if (files.length === 0) print(`no recording in ${directory}`);
  let good = files.length > 0;
  for (const file of files) {
    const name = relative(directory, file);
    try {
      const recording = await readRecording(file);
      const differences = await replay(recording);
      const failed = new Set(differences.map(({ exchange }) => exchange)).size;
      const total = recording.exchanges.length;
      print(`${failed ? "differs " : "conforms"}  ${name}  ${total - failed} of ${total} exchanges`);
      for (const { exchange, where, expected, actual } of differences) {
        print(`  ${name}: ${exchange}: ${where}: expected ${expected}, got ${actual}`);
      }
      good &&= differences.length === 0;
    } catch (error) {
      print(`unreadable  ${name}  ${error instanceof Error ? error.message : String(error)}`);
      good = false;
    }
  }
  return good;
}
