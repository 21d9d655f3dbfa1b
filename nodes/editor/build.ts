import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, parse } from "node:path";
import { build as bundle, type BuildOptions } from "esbuild";
import packageJson from "../../package.json" with { type: "json" };
import { definitionIn } from "./definition.js";
import { compileHelp } from "./help.js";
import { compileLocale, type Texts } from "./locales.js";
import { ownedNames, takenNames, VERSIONS } from "./owned-names.js";
import { connectionPage, nodePage, SCRIPT, type Page } from "./render.js";
import type { NodeModule } from "../runtime/node.js";
import { TEXTS as SIDEBAR_TEXTS } from "../sidebar/texts.js";
import { bundled } from "../../tsup.config.js";

/** The script that the html of the sidebar loads, as {@link SCRIPT} is that of the nodes. */
const SIDEBAR_SCRIPT = { file: "sidebar.js", globalName: "influxdbTokensSidebar" };

/**
 * Writes the files that Node-RED loads as it starts, and all that the editor needs: next to them, the dialogs (rendered from the fields of each node), the
 * sidebar, the locales and the icons; in `resources`, which Node-RED serves to the editor, their scripts: those that
 * it runs as it opens, and those that they load on demand.
 */
async function build(out: string): Promise<void> {
  await cp("icons", join(out, "icons"), { recursive: true });
  await rm("resources", { recursive: true, force: true });
  const dialogs = await writeOnDemand("nodes/editor/dialogs.ts");
  await writeScript("nodes/editor/nodes.ts", SCRIPT, { DIALOGS: dialogs });
  const inventory = await writeOnDemand("nodes/sidebar/inventory.ts");
  await writeScript("nodes/sidebar/script.ts", SIDEBAR_SCRIPT, { INVENTORY: inventory });
  const owned = new Set((await Promise.all(VERSIONS.map(ownedNames))).flatMap((names) => [...names]));
  const pages = new Map<string, Page>();
  for (const name of Object.keys(packageJson["node-red"].nodes)) {
    const page = await pageOf(name);
    const taken = takenNames(definitionIn(page.html).defaults, owned);
    if (taken.length > 0) throw new Error(`${name}: the editor owns the properties ${taken.join(", ")}`);
    pages.set(name, page);
    await writeFile(join(out, `${name}.html`), page.html);
  }
  const sidebar = await readFile("nodes/sidebar/sidebar.html", "utf8");
  await writeFile(join(out, "sidebar.html"), sidebar);
  // The scripts ask for texts as pages do.
  const scripts = await Promise.all(
    [SIDEBAR_SCRIPT.file, inventory].map((file) => readFile(join("resources", file), "utf8")),
  );
  pages.set("sidebar", { html: [sidebar, ...scripts].join("\n"), texts: SIDEBAR_TEXTS });
  for (const file of await readdir("nodes/locales")) {
    const [, language] = /^(.+)\.json$/.exec(file) ?? [];
    if (language !== undefined) await writeLocale(language, pages, out);
  }
  for (const name of bundled) await writeLicense(name, out);
  for (const name of Object.keys(packageJson["node-red"].nodes))
    await writeStart(name, `registerNode(RED, ${JSON.stringify(name)}, LOAD)`, out);
  await writeStart("sidebar", "registerSidebar(RED, LOAD)", out);
}

/** The file that Node-RED loads as it starts. */
async function writeStart(name: string, call: string, out: string): Promise<void> {
  const load = `() => require("./late/${name}.js")`;
  const code = `"use strict";\nmodule.exports = (RED) => require("./start.js").${call.replace("LOAD", load)};\n`;
  await writeFile(join(out, `${name}.js`), code);
}

/** The licenses of bundled packages, which must go with them. */
async function writeLicense(name: string, out: string): Promise<void> {
  const folder = join("node_modules", name);
  const license = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file));
  if (license === undefined) throw new Error(`${name} has no license`);
  await mkdir(join(out, "licenses"), { recursive: true });
  await cp(join(folder, license), join(out, "licenses", name));
}

async function pageOf(name: string): Promise<Page> {
  if (name === "influxdb-connection") return connectionPage();
  const module = (await import(`../${name}/${name}.js`)) as { default: NodeModule };
  return nodePage(module.default.operation);
}

const FOR_BROWSERS = {
  bundle: true,
  target: "es2020",
  outdir: "resources",
  loader: { ".html": "text" },
  // Not of the syntax, which would hide from the build which texts a script asks for.
  minifyWhitespace: true,
  minifyIdentifiers: true,
} satisfies BuildOptions;

/**
 * A script that the html loads, and that makes its exports a global variable.
 *
 * @param files names of files that it knows by these names.
 */
async function writeScript(
  entry: string,
  { file, globalName }: typeof SCRIPT,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await bundle({
    ...FOR_BROWSERS,
    entryPoints: { [parse(file).name]: entry },
    format: "iife",
    globalName,
    // A variable of a module is not global by itself.
    footer: { js: `globalThis.${globalName} = ${globalName};` },
    define: Object.fromEntries(Object.entries(files).map(([name, each]) => [name, JSON.stringify(each)])),
  });
}

/** A script that another loads, and its name, which tells what is in it. */
async function writeOnDemand(entry: string): Promise<string> {
  const { metafile } = await bundle({
    ...FOR_BROWSERS,
    entryPoints: [entry],
    entryNames: "[name]-[hash]",
    format: "esm",
    metafile: true,
  });
  const [written = ""] = Object.keys(metafile.outputs);
  return basename(written);
}

async function writeLocale(language: string, pages: ReadonlyMap<string, Page>, out: string): Promise<void> {
  const read = async (folder: string) =>
    JSON.parse(await readFile(join(folder, "locales", `${language}.json`), "utf8")) as Texts;
  const texts = new Map<string, Texts>();
  const helps = new Map<string, string>();
  for (const name of pages.keys()) {
    const own = join("nodes", name);
    texts.set(name, await read(own));
    if (name in packageJson["node-red"].nodes)
      helps.set(name, await readFile(join(own, "locales", `${language}.html`), "utf8"));
  }
  const passages = await filesIn(join("nodes", "locales", language));

  const folder = join(out, "locales", language);
  await mkdir(folder, { recursive: true });
  for (const [name, compiled] of compileLocale(pages, texts, await read("nodes"))) {
    await writeFile(join(folder, `${name}.json`), JSON.stringify(compiled, null, 2));
  }
  // Help is next to the texts; the editor finds it by the name of the set.
  for (const [name, help] of compileHelp(helps, passages)) {
    await writeFile(join(folder, `${name}.html`), help);
  }
}

/** The contents of the html files of a folder, by their names. */
async function filesIn(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const file of await readdir(folder)) {
    files.set(file.replace(".html", ""), await readFile(join(folder, file), "utf8"));
  }
  return files;
}

void build("dist");
