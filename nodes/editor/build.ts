import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import packageJson from "../../package.json" with { type: "json" };
import { definitionIn, render } from "./render.js";
import { withSettings } from "../influxdb-connection/editor.js";
import { compileLocale, type Page, type Texts } from "./locales.js";
import { ownedNames, takenNames, VERSIONS } from "./owned-names.js";
import type { NodeModule } from "../runtime/node.js";
import { bundled } from "../../tsup.config.js";

/**
 * Writes all that the editor needs beside the built nodes: the dialogs (rendered from the fields of each
 * operation, or the node's own html where it has one), the locales and the icons.
 */
async function build(out: string): Promise<void> {
  await cp("icons", join(out, "icons"), { recursive: true });
  const owned = new Set((await Promise.all(VERSIONS.map(ownedNames))).flatMap((names) => [...names]));
  const dialogs = new Map<string, string>();
  for (const name of Object.keys(packageJson["node-red"].nodes)) {
    const html = await dialogOf(name);
    const taken = takenNames(definitionIn(html).defaults, owned);
    if (taken.length > 0) throw new Error(`${name}: the editor owns the properties ${taken.join(", ")}`);
    dialogs.set(name, html);
    await writeFile(join(out, `${name}.html`), html);
  }
  for (const file of await readdir("nodes/locales"))
    await writeLocale(file.replace(".json", ""), dialogs, out);
  for (const name of bundled) await writeLicense(name, out);
}

/** The licenses of what the built files hold ask to go with it. */
async function writeLicense(name: string, out: string): Promise<void> {
  const folder = join("node_modules", name);
  const license = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file));
  if (license === undefined) throw new Error(`${name} has no license`);
  await mkdir(join(out, "licenses"), { recursive: true });
  await cp(join(folder, license), join(out, "licenses", name));
}

async function dialogOf(name: string): Promise<string> {
  const folder = join("nodes", name);
  const own = `${name}.html`;
  const dialog = await scriptOf("nodes/editor/dialog.ts", "influxdbTokens");
  if ((await readdir(folder)).includes(own)) {
    const settings = await scriptOf(join(folder, "settings.ts"), "influxdbSettings");
    return dialog + settings + withSettings(await readFile(join(folder, own), "utf8"));
  }
  const module = (await import(`../${name}/${name}.js`)) as { default: NodeModule };
  return dialog + render(module.default.operation);
}

/** A module for the browser, as a script that puts what it exports into a global variable. */
async function scriptOf(file: string, globalName: string): Promise<string> {
  const { outputFiles } = await bundle({
    entryPoints: [file],
    globalName,
    bundle: true,
    format: "iife",
    target: "es2020",
    write: false,
  });
  return `<script type="text/javascript">\n${outputFiles[0]?.text ?? ""}</script>\n`;
}

async function writeLocale(
  language: string,
  dialogs: ReadonlyMap<string, string>,
  out: string,
): Promise<void> {
  const read = async (folder: string) =>
    JSON.parse(await readFile(join(folder, "locales", `${language}.json`), "utf8")) as Texts;
  const pages = new Map<string, Page>();
  for (const [name, html] of dialogs) pages.set(name, { html, own: await read(join("nodes", name)) });

  const folder = join(out, "locales", language);
  await mkdir(folder, { recursive: true });
  for (const [name, texts] of compileLocale(pages, await read("nodes"))) {
    await writeFile(join(folder, `${name}.json`), JSON.stringify(texts, null, 2));
    // Help stands beside the texts; the editor finds it by the name of the set.
    await cp(join("nodes", name, "locales", `${language}.html`), join(folder, `${name}.html`));
  }
}

void build("dist");
