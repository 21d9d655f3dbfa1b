import { defineConfig } from "tsup";
import packageJson from "./package.json" with { type: "json" };

const names = Object.keys(packageJson["node-red"].nodes);

export default defineConfig({
  entry: Object.fromEntries(names.map((name) => [name, `nodes/${name}/${name}.ts`])),
  format: "cjs",
  platform: "node",
  target: "node20",
  outDir: "dist",
  clean: true,
  // What the nodes share is one chunk, loaded once.
  splitting: true,
  // Node-RED calls `module.exports` itself.
  cjsInterop: true,
});
