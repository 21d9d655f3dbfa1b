/// <reference lib="dom" />
import { isProduct, productOf, PRODUCTS, productsWith, type ProductEntry } from "../../src/products.js";
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
  adminToken: "label.adminToken",
  protectedIds: "label.protectedIds",
  protectedNames: "label.protectedNames",
  ownTokenId: "label.ownTokenId",
  ownTokenName: "label.ownTokenName",
  protectedIdsHint: "hint.protectedIds",
  protectedNamesHint: "hint.protectedNames",
  ownTokenIdHint: "hint.ownTokenId",
  ownTokenNameHint: "hint.ownTokenName",
  earlyAccess: "hint.earlyAccess",
  clearText: "hint.clearText",
  region: "label.region",
  otherRegion: "option.otherRegion",
  apiTokenNeeds: "hint.apiTokenNeeds",
  managementTokenNeeds: "hint.managementTokenNeeds",
  adminTokenNeeds: "hint.adminTokenNeeds",
  tokenHelp: "hint.tokenHelp",
  tokenInFile: "hint.tokenInFile",
} as const;

const field = (name: string) => $(`#node-config-input-${name}`);

/** What stands in the dialog: a product, or a variable. */
function chosenProduct(): ProductEntry | undefined {
  const chosen = field("product").val();
  return isProduct(chosen) ? productOf(chosen) : undefined;
}

export function prepareOwn(node: EditorNode): void {
  offerProduct(node);
  tellOfEarlyAccess(node);
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

/** Gives a product its default URL if the URL is another product's, and what it calls otherwise the right name. */
function followProduct(node: EditorNode): void {
  const product = field("product");
  const url = field("url");
  const urls: unknown[] = Object.values(PRODUCTS).map((each) => each.url);
  // The editor fires "change" when it opens the dialog, too: a saved URL must survive that.
  let shown = product.val();
  // The editor translates the dialog once more when it is prepared, by the key that stands there.
  const call = (name: string, label: string, hint?: string) => {
    $(`label[for=node-config-input-${name}] span`).removeAttr("data-i18n").text(node._(label));
    if (hint !== undefined)
      field(name)
        .removeAttr("data-i18n")
        .attr({ placeholder: node._(hint) });
  };
  const show = () => {
    const chosen = chosenProduct();
    call("token", TEXTS[`${tokenOf(chosen)}Token`]);
    const word = chosen?.ids.word === "name" ? "Name" : "Id";
    call("protectedIds", TEXTS[`protected${word}s`], TEXTS[`protected${word}sHint`]);
    call("ownTokenId", TEXTS[`ownToken${word}`], TEXTS[`ownToken${word}Hint`]);
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

/** What the token of a connection is to a product. */
function tokenOf(product: ProductEntry | undefined): "api" | "management" | "admin" {
  if (product?.resources.includes("authorizations")) return "api";
  return product?.resources.includes("influxdb3-tokens") ? "admin" : "management";
}

/** Tells of a product on which nothing was tried. */
function tellOfEarlyAccess(node: EditorNode): void {
  const tip = $("<div>")
    .attr({ id: "influxdb-connection-early-access", ...TIP })
    .text(node._(TEXTS.earlyAccess));
  field("product").after(tip);
  const tell = () => {
    tip.toggle(chosenProduct()?.isEarlyAccess === true);
  };
  field("product").on("change", tell);
  tell();
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
    const regions = chosenProduct()?.regions ?? [];
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
    const product = chosenProduct();
    tip.toggle(product !== undefined);
    if (product === undefined) return;
    needs.text(node._(TEXTS[`${tokenOf(product)}TokenNeeds`]));
    link.attr({ href: product.tokenHelp });
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
