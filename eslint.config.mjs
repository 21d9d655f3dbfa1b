import tseslint from "typescript-eslint";

/** The folders of src/: each may import those before it, so that none can come to need each other. */
const LAYERS = ["text", "work", "http", "influxctl", "tokens", "check", "rotation"];
/** What knows of requests takes no more of the work than these two. */
const OF_WORK = ["**/work/*", "!**/work/limiter.js", "!**/work/breather.js"];

const NODE_RED = {
  group: ["**/nodes/**", "node-red", "node-red/**", "@node-red/**"],
  message: "src/ is of use without Node-RED.",
};
const AROUND = { group: ["simulator", "test", "bench"].map((folder) => `**/${folder}/**`) };
/** What lies in src/ itself takes no more of its folders than the first. */
const OF_FOLDERS = { group: LAYERS.slice(1).map((folder) => `**/${folder}/**`) };
const clockOf = (method) => ({ message: `Take ${method} of src/clock.ts, which a test can give.` });

export default tseslint.config(
  { ignores: ["coverage/", "dist/", "node_modules/", "resources/"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: [NODE_RED, AROUND] }] },
  },
  {
    files: ["src/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: [NODE_RED, AROUND, OF_FOLDERS] }] },
  },
  ...LAYERS.map((folder, index) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            NODE_RED,
            AROUND,
            ...LAYERS.slice(index + 1).map((later) => ({
              group: [`**/${later}/**`],
              message: `src/${folder} comes before src/${later}.`,
            })),
            ...(["http", "influxctl"].includes(folder) ? [{ group: OF_WORK }] : []),
          ],
        },
      ],
    },
  })),
  {
    files: ["src/**/*.ts", "nodes/**/*.ts"],
    ignores: ["src/clock.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", ...clockOf("now()") },
        { object: "performance", property: "now", ...clockOf("steady()") },
        { object: "process", property: "hrtime", ...clockOf("steady()") },
        { object: "Math", property: "random", ...clockOf("random()") },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", ...clockOf("now()") },
      ],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
);
