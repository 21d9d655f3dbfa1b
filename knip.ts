import type { KnipConfig } from "knip";
import { entry as nodes } from "./tsup.config.js";

/** What is used without an import that knip could follow. */
export default {
  entry: [
    ...Object.values(nodes),
    "test/**/*.test.ts",
    // A test forks it.
    "test/helpers/audit-log.ts",
    // bench/run.ts starts each of them by its name.
    "bench/*.ts",
    // nodes/editor/build.ts bundles them for the browser, where the html uses what they export.
    "nodes/editor/nodes.ts",
    "nodes/sidebar/script.ts",
  ],
  // Tests start Node-RED 4 by its path; the types of express come with those of Node-RED.
  ignoreDependencies: ["node-red-4", "express"],
  // Part of the system.
  ignoreBinaries: ["mkfifo"],
} satisfies KnipConfig;
