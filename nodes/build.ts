import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { render } from "./editor.js";
import type { NodeModule } from "./runtime.js";

/**
 * Writes all that the editor needs beside the built nodes: the dialogs (rendered from the fields of each
 * operation, or the node's own html where it has one), the locales and the icons. It fails where a text is
 * missing in a locale, or a locale has one that nothing uses.
 */
async function build(out: string): Promise<void> {
  await cp("icons", join(out, "icons"), { recursive: true });
  const html = new Map<string, string>();
  for (const name of Object.keys(packageJson["node-red"].nodes)) html.set(name, await htmlOf(name));
  for (const [name, page] of html) await writeFile(join(out, `${name}.html`), page);
  for (const file of await readdir("nodes/locales")) await writeLocale(file.replace(".json", ""), html, out);
}

async function htmlOf(name: string): Promise<string> {
  const folder = join("nodes", name);
  const own = join(folder, `${name}.html`);
  if ((await readdir(folder)).includes(`${name}.html`)) return readFile(own, "utf8");
  const module = (await import(`./${name}/${name}.js`)) as { default: NodeModule };
  return render(module.default.operation, name);
}

/** A text of the locale: `data-i18n="key"`, `data-i18n="[attribute]key"` or `_("key")`. */
const TEXT_KEY = /data-i18n="(?:\[\w+\])?([\w.-]+)"|\b_\("([\w.-]+)"\)/g;

async function writeLocale(language: string, html: Map<string, string>, out: string): Promise<void> {
  const folder = join(out, "locales", language);
  await mkdir(folder, { recursive: true });
  const shared = flatten(await readJson(join("nodes/locales", `${language}.json`)));
  const unused = new Set(Object.keys(shared));
  const problems: string[] = [];
  for (const [name, page] of html) {
    const own = flatten(await readJson(join("nodes", name, "locales", `${language}.json`)));
    const used = new Set([...page.matchAll(TEXT_KEY)].map(([, a, b]) => a ?? b ?? ""));
    for (const key of Object.keys(own)) if (!used.has(key)) problems.push(`${name}: "${key}" is not used`);
    const texts: Record<string, string> = {};
    for (const key of used) {
      const text = own[key] ?? shared[key];
      if (text === undefined) problems.push(`${name}: "${key}" is missing`);
      else texts[key] = text;
      unused.delete(key);
    }
    await writeFile(join(folder, `${name}.json`), JSON.stringify(unflatten(texts), null, 2));
    const help = await readFile(join("nodes", name, "locales", `${language}.html`), "utf8");
    const type = name.startsWith("influxdb-") ? name : `influxdb-${name}`;
    await writeFile(
      join(folder, `${name}.html`),
      `<script type="text/html" data-help-name="${type}">\n${help}</script>\n`,
    );
  }
  for (const key of unused) problems.push(`shared: "${key}" is not used`);
  if (problems.length > 0) throw new Error(`Locale ${language}:\n  ${problems.join("\n  ")}`);
}

type Texts = { [key: string]: string | Texts };

async function readJson(file: string): Promise<Texts> {
  return JSON.parse(await readFile(file, "utf8")) as Texts;
}

function flatten(texts: Texts, prefix = ""): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(texts).map(([key, value]) =>
      typeof value === "string" ? { [prefix + key]: value } : flatten(value, `${prefix}${key}.`),
    ),
  ) as Record<string, string>;
}

function unflatten(texts: Record<string, string>): Texts {
  const root: Texts = {};
  for (const [path, text] of Object.entries(texts)) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    const parent = keys.reduce((at, key) => (at[key] ??= {}) as Texts, root);
    parent[last] = text;
  }
  return root;
}

void build("dist");
