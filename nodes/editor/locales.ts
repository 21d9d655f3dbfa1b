import type { Page } from "./render.js";

/** Texts of a locale, nested as in its file. */
export type Texts = { [key: string]: string | Texts };

/** Where html asks for a text: `data-i18n="key"`, `data-i18n="[attribute]key"`, `_("key")` or `_("key", …)`. */
const TEXT_KEY = /data-i18n="(?:\[[\w-]+\])?([\w.-]+)"|\b_\("([\w.-]+)"[),]/g;

/**
 * Gives each node the texts that its page asks for, its own before the shared ones.
 *
 * @throws {Error} that names every missing text, and every one that nothing asks for.
 */
export function compileLocale(
  pages: ReadonlyMap<string, Page>,
  ownTexts: ReadonlyMap<string, Texts>,
  shared: Texts,
): Map<string, Texts> {
  const sharedTexts = flatten(shared);
  const unused = new Set(Object.keys(sharedTexts));
  const problems: string[] = [];
  const compiled = new Map<string, Texts>();
  for (const [name, page] of pages) {
    const own = flatten(ownTexts.get(name) ?? {});
    const inHtml = [...page.html.matchAll(TEXT_KEY)].map(([, attribute, call]) => attribute ?? call ?? "");
    const used = new Set([...inHtml, ...page.texts]);
    for (const key of Object.keys(own)) if (!used.has(key)) problems.push(`${name}: "${key}" is not used`);
    const texts: [string, string][] = [];
    for (const key of used) {
      const text = own[key] ?? sharedTexts[key];
      if (text === undefined) problems.push(`${name}: "${key}" is missing`);
      else texts.push([key, text]);
      if (!(key in own)) unused.delete(key);
    }
    compiled.set(name, unflatten(texts));
  }
  for (const key of unused) problems.push(`shared: "${key}" is not used`);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return compiled;
}

function flatten(texts: Texts, prefix = ""): Record<string, string> {
  const entries = Object.entries(texts).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value]] : Object.entries(flatten(value, `${prefix}${key}.`)),
  );
  return Object.fromEntries(entries) as Record<string, string>;
}

function unflatten(texts: [string, string][]): Texts {
  const root: Texts = {};
  for (const [path, text] of texts) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    const parent = keys.reduce((at, key) => (at[key] ??= {}) as Texts, root);
    parent[last] = text;
  }
  return root;
}
