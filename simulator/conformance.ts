/**
 * Shows how far the simulator conforms to a real server: `tsx simulator/conformance.ts [DIRECTORY]` replays every
 * recording below the directory, prints a line for each and one for each difference, and exits with 1 on any
 * difference, on a file that cannot be read, and when there is no recording at all.
 */
import { conforms, RECORDINGS } from "./recordings.js";

async function main(directory = RECORDINGS): Promise<void> {
  try {
    if (!(await conforms(directory, console.log))) process.exitCode = 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

void main(process.argv[2]);
