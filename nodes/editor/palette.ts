import type { Definition, Elements } from "./api.js";

declare const $: (selector: string) => Elements;

/** When the palette has the node. */
export function prepareInPalette(definition: Definition): void {
  const node = $(`.red-ui-palette-node[data-palette-type="${definition.type}"]`);
  // What its search looks through: the name alone.
  node.attr({ "data-palette-label": `${node.attr("data-palette-label") ?? ""} ${definition._("keywords")}` });
  // A word that is too wide is broken in the middle; in smaller letters it fits.
  const label = node.find(".red-ui-palette-label");
  const words = definition._("label.node").split(" ");
  const lines = label.get(0)?.innerHTML.split("<br>") ?? [];
  if (words.every((word) => lines.some((line) => line.includes(word)))) return;
  label.text(words.join("\n")).attr({
    style:
      "display: flex; align-items: center; justify-content: center; height: calc(100% - 8px); white-space: pre; font-size: 11px",
  });
}
