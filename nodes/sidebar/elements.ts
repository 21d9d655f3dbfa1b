/// <reference lib="dom" />

/** An element with a class of this sidebar, and a text, which is never taken for html. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") made.className = `influxdb-tokens-${className}`;
  made.textContent = text;
  return made;
}

export function button(
  className: string,
  text: string,
  onclick: (event: MouseEvent) => void,
): HTMLButtonElement {
  const made = element("button", "", text);
  Object.assign(made, { type: "button", className, onclick });
  return made;
}
