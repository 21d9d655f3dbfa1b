/// <reference lib="dom" />
import { isProduct, productOf, PRODUCTS, productsWith } from "../../src/products.js";
import type { Editor, EditorNode, Elements } from "../editor/api.js";
import { isVariable } from "../fields/variables.js";

/*
 * What only the dialog of a connection does in the browser.
 */

declare const $: (selector: string) => Elements;
declare const RED: Editor;

/** What it says besides the texts of its fields: keys of the locale. */
export const TEXTS = {
  apiToken: "label.token",
  managementToken: "label.managementToken",
  clearText: "hint.clearText",
} as const;

const field = (name: string) => $(`#node-config-input-${name}`);

export function prepareOwn(node: EditorNode): void {
  offerProduct(node);
  followProduct(node);
  warnOfClearText(node);
}

/** Shows the product that is saved, and offers the one that was likely meant. */
function offerProduct(node: EditorNode): void {
  const { product } = node;
  // A product from the environment is kept, although the list does not offer it.
  if (isVariable(product)) {
    field("product")
      .append($("<option>").attr({ value: product }).text(product))
      .val(product);
  }
  // A new connection must be of use to the node whose dialog it is added from.
  const opener = RED.editor.getEditStack?.().at(-2);
  const resource = opener?._def.resource;
  if (RED.nodes.node(node.id) || resource === undefined) return;
  const able = productsWith(resource);
  const [first] = able;
  if (first === undefined || able.some((each) => each === field("product").val())) return;
  field("product").val(first);
  field("url").val(productOf(first).url);
}

/** Shows the settings of the chosen product, with its default URL if the URL is another product's. */
function followProduct(node: EditorNode): void {
  const product = field("product");
  const url = field("url");
  const urls: unknown[] = Object.values(PRODUCTS).map((each) => each.url);
  // The editor fires "change" when it opens the dialog, too: a saved URL must survive that.
  let shown = product.val();
  const show = () => {
    const chosen = product.val();
    for (const [name, { products }] of Object.entries(node._def.fields)) {
      if (products === undefined) continue;
      const row = field(name).closest(".form-row");
      row.toggle(!isProduct(chosen) || products.includes(chosen));
    }
    const isManagement = !isProduct(chosen) || productOf(chosen).resources.includes("management-tokens");
    $("label[for=node-config-input-token] span").text(
      node._(isManagement ? TEXTS.managementToken : TEXTS.apiToken),
    );
  };
  product.on("change", () => {
    const chosen = product.val();
    const isDefault = urls.includes(String(url.val()).trim());
    if (chosen !== shown && isDefault && isProduct(chosen)) url.val(productOf(chosen).url).trigger("change");
    shown = chosen;
    show();
  });
  show();
}

/** Warns if the token would be sent in clear text. */
function warnOfClearText(node: EditorNode): void {
  const url = field("url");
  const warning = $("<div>")
    .attr({
      id: "influxdb-connection-clear-text",
      class: "form-tips",
      style: "margin: 6px 0 0 174px; max-width: none",
    })
    .append('<i class="fa fa-warning"></i> ', $("<span>").text(node._(TEXTS.clearText)));
  url.after(warning);
  const warn = () => {
    const [, host] = /^http:\/\/(\[[^\]]*\]|[^/:?#]*)/i.exec(String(url.val()).trim()) ?? [];
    const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(host ?? "");
    warning.toggle(host !== undefined && !isLoopback);
  };
  url.on("input change", warn);
  warn();
}
