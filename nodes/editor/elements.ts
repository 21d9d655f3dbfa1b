/// <reference lib="dom" />

/** An element with texts and elements in it. A text is never read as html: strangers write descriptions. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

/** A count as its reader writes it: `1,234`. */
export function grouped(count: number): string {
  return count.toLocaleString();
}
