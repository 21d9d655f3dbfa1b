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
  region: "label.region",
  otherRegion: "option.otherRegion",
  apiTokenNeeds: "hint.apiTokenNeeds",
  managementTokenNeeds: "hint.managementTokenNeeds",
  tokenHelp: "hint.tokenHelp",
  tokenInFile: "hint.tokenInFile",
} as const;

const field = (name: string) => $(`#node-config-input-${name}`);

export function prepareOwn(node: EditorNode): void {
  offerProduct(node);
  offerRegions(node);
  tellOfToken(node);
  tellOfTokenFile(node);
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
  // It must be of use to the node from whose dialog it is opened.
  const opener = RED.editor.getEditStack?.().at(-2);
  const resource = opener?._def.resource;
  if (resource === undefined) return;
  const able = productsWith(resource);
  const isSaved = Boolean(RED.nodes.node(node.id));
  field("product")
    .find("option")
    .filter(function (this: HTMLOptionElement) {
      return isProduct(this.value) && !able.includes(this.value) && !(isSaved && this.value === product);
    })
    .prop({ disabled: true });
  if (isSaved) return;
  const [first] = able;
  if (first === undefined || able.some((each) => each === field("product").val())) return;
  field("product").val(first);
  field("url").val(productOf(first).url);
}

/** Gives a product its default URL if the URL is another product's, and its token the right name. */
function followProduct(node: EditorNode): void {
  const product = field("product");
  const url = field("url");
  const urls: unknown[] = Object.values(PRODUCTS).map((each) => each.url);
  // The editor fires "change" when it opens the dialog, too: a saved URL must survive that.
  let shown = product.val();
  const show = () => {
    const chosen = product.val();
    const isManagement = !isProduct(chosen) || productOf(chosen).resources.includes("management-tokens");
    // The editor translates the dialog once more when it is prepared, by the key that stands there.
    $("label[for=node-config-input-token] span")
      .removeAttr("data-i18n")
      .text(node._(isManagement ? TEXTS.managementToken : TEXTS.apiToken));
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

/** Offers the addresses of the regions in which the product runs. */
function offerRegions(node: EditorNode): void {
  const url = field("url");
  const region = $("<select>").attr({
    id: "influxdb-connection-region",
    "aria-label": node._(TEXTS.region),
    style: "margin: 6px 0 0 174px; width: calc(100% - 180px)",
  });
  url.after(region);
  const offer = () => {
    const product = field("product").val();
    const regions = (isProduct(product) && productOf(product).regions) || [];
    const options = [{ name: node._(TEXTS.otherRegion), url: "" }, ...regions];
    region.find("option").remove();
    region.append(...options.map((each) => $("<option>").attr({ value: each.url }).text(each.name)));
    const given = String(url.val()).trim().replace(/\/+$/, "");
    region.val(regions.some((each) => each.url === given) ? given : "");
    region.toggle(regions.length > 0);
  };
  region.on("change", () => {
    if (region.val() !== "") url.val(String(region.val())).trigger("change");
  });
  url.on("input change", offer);
  field("product").on("change", offer);
  offer();
}

/** A text beneath a field. It breaks rather than making the dialog wider, which would not fit beside the sidebars. */
const TIP = {
  class: "form-tips",
  style: "margin: 6px 0 0 174px; max-width: none; contain: inline-size",
};

/** Tells where one gets the token, and what it must be allowed to do. */
function tellOfToken(node: EditorNode): void {
  const needs = $("<span>");
  const link = $("<a>").attr({ target: "_blank", rel: "noopener" }).text(node._(TEXTS.tokenHelp));
  const tip = $("<div>")
    .attr({ id: "influxdb-connection-token-help", ...TIP })
    .append(needs, " ", link);
  field("token").closest(".form-row").append(tip);
  const tell = () => {
    const product = field("product").val();
    tip.toggle(isProduct(product));
    if (!isProduct(product)) return;
    const { resources, tokenHelp } = productOf(product);
    const isManagement = resources.includes("management-tokens");
    needs.text(node._(isManagement ? TEXTS.managementTokenNeeds : TEXTS.apiTokenNeeds));
    link.attr({ href: tokenHelp });
  };
  field("product").on("change", tell);
  tell();
}

/** Tells which token counts. */
function tellOfTokenFile(node: EditorNode): void {
  const file = field("tokenFile");
  const tip = $("<div>")
    .attr({ id: "influxdb-connection-token-file", role: "status", ...TIP })
    .text(node._(TEXTS.tokenInFile));
  file.after(tip);
  const tell = () => {
    tip.toggle(String(file.val()).trim() !== "");
  };
  file.on("input change", tell);
  tell();
}

/** Warns if the token would be sent in clear text. */
function warnOfClearText(node: EditorNode): void {
  const url = field("url");
  const warning = $("<div>")
    .attr({ id: "influxdb-connection-clear-text", ...TIP })
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
