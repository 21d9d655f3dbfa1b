import { productOf, productsWith, isProduct } from "../../src/products.js";
import type { Typed } from "../fields/controls.js";
import { connectionIds } from "../fields/connection-ways.js";
import { isUsed, judge, judgePart, partOf, typeIn } from "../fields/judge.js";
import { isVariable } from "../fields/variables.js";
import type { Editor, EditorNode } from "./api.js";
import { lacksToken } from "./connection-tokens.js";
import { resourceOf, unableFor } from "./dialog.js";
import { isNamed } from "./named.js";

declare const RED: Editor;

/** The validator of a property. With two parameters, because only then does the editor show the text that it returns. */
export function validatorOf(property: string) {
  return function (this: EditorNode, value: unknown, options: object): true | string {
    return property === "connection"
      ? validateConnection(this, value)
      : validate(this, property, value, options);
  };
}

/**
 * Judges a property as the runtime does: by the node's properties, not by what a dialog shows.
 *
 * @returns true, or what is wrong, in the words of the locale.
 */
function validate(node: EditorNode, property: string, value: unknown, options: object): true | string {
  const { fields } = node._def;
  const judged: EditorNode = { ...node, [property]: value };
  const { field, part } = partOf(fields, property);
  if (!isUsed(fields, field, judged)) return true;
  const name = property in fields ? property : property.replace(/Type$/, "");
  const control = fields[name]?.control;
  if (control?.kind === "typed" && isVariable(judged[name])) return validateType(judged, `${name}Type`);
  // A wrong type is marked at the value.
  const isType = control?.kind === "typed" && property === `${name}Type`;
  if (isType || isVariable(value)) return true;
  const wrong = judge(fields, property, judged);
  if (wrong !== undefined) return node._(`wrong.${wrong}`, part.params);
  if (control?.kind === "connections") return validateTicked(node, connectionIds(value));
  return control?.kind === "typed" && property === name
    ? validateSource(judged, property, control, options)
    : true;
}

/** Judges the type of a value that is a variable. The editor asks of the type alone then, and passes over the value. */
function validateType(node: EditorNode, property: string): true | string {
  if (isVariable(node[property])) return true;
  const { field, part } = partOf(node._def.fields, property);
  const wrong = judgePart(field, part, node);
  return wrong === undefined || node._(`wrong.${wrong}`, part.params);
}

/** Judges the value of a TypedInput as the editor does. */
function validateSource(node: EditorNode, name: string, control: Typed, options: object): true | string {
  const { [name]: value = control.preset.value } = node;
  const type = String(typeIn(node, name, control));
  if (type === "str" || control.constants.includes(type)) return true;
  return RED.utils.validateTypedProperty(String(value), type, options);
}

/** Judges the connection that a node names, as {@link validate} does a property. */
function validateConnection(node: EditorNode, value: unknown): true | string {
  if (isVariable(value) || isVariable(node.connectionFrom) || isNamed(node)) return true;
  const connection = RED.nodes.node(value);
  if (!connection) return node._("wrong.connection");
  const wrong = wrongProduct(node, connection);
  if (wrong !== undefined) return wrong;
  if (lacksToken(connection)) return node._("wrong.connectionToken");
  return connection.valid !== false || node._("wrong.connectionSettings");
}

/** Judges the connections that a message may name: one of them must be able to do the work. */
function validateTicked(node: EditorNode, ids: readonly unknown[]): true | string {
  const found = ids.flatMap((id) => RED.nodes.node(id) ?? []);
  if (found.length === 0) return node._("wrong.noConnections");
  const wrong = found.map((each) => wrongProduct(node, each));
  return wrong.includes(undefined) || (wrong[0] as string);
}

/** Why a connection cannot do the work of a node, if its product has no such tokens. */
function wrongProduct(node: EditorNode, { product }: EditorNode): string | undefined {
  const resource = resourceOf(node);
  if (resource === undefined || !isProduct(product) || !unableFor(node).includes(product)) return undefined;
  const able = productsWith(resource).map((each) => productOf(each).name);
  return node._("wrong.product", {
    product: productOf(product).name,
    tokens: node._(`tokens.${resource}`),
    products: able.join(node._("or")),
  });
}
