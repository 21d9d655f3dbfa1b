import { defineConfig } from "tsup";
import packageJson from "./package.json" with { type: "json" };

const { nodes, plugins } = packageJson["node-red"];
const names = Object.keys({ ...nodes, ...plugins });

/** By their names in dist: what the files that Node-RED loads need at once, and what each of them loads on demand. */
export const entry: Record<string, string> = {
  start: "nodes/start.ts",
  ...Object.fromEntries(names.map((name) => [`late/${name}`, `nodes/${name}/${name}.ts`])),
};

/**
 * Packages of which the built files hold what they use: zod alone would be a hundred modules to load when
 * Node-RED starts, and yocto-queue is an ES module that CommonJS on Node 20.18 could not load.
 */
export const bundled = ["zod", "yocto-queue"];

export default defineConfig({
  entry,
  format: "cjs",
  platform: "node",
  target: "node20",
  outDir: "dist",
  clean: true,
  // What the nodes share is one chunk, loaded once.
  splitting: true,
  // Node-RED calls `module.exports` itself.
  cjsInterop: true,
  noExternal: bundled,
  esbuildOptions(options) {
    // Written out here, because what makes CommonJS of it would make a call with closures of each `?.` and `??`.
    options.supported = { "optional-chain": false, "nullish-coalescing": false };
  },
});
