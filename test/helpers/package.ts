import type { NodeAPI } from "node-red";
import type { NodeModule, Operation } from "../../nodes/runtime/node.js";
import { registerNode, type NodeFile } from "../../nodes/start.js";
import packageJson from "../../package.json" with { type: "json" };
import { PRODUCTS, productsWith, type Product, type ResourceName } from "../../src/products.js";

/** The nodes of the package by the names of their files, such as `list-authorizations`. */
export const NODE_NAMES = Object.keys(packageJson["node-red"].nodes);

/** Those that do something: all but the connection. */
export const OPERATION_NAMES = NODE_NAMES.filter((name) => name !== "influxdb-connection");

function fileOf(name: string): NodeFile {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- before the tests are declared
  return (require(`../../nodes/${name}/${name}.ts`) as { default: NodeFile }).default;
}

/** The function that Node-RED calls for a node. */
export function moduleOf(name: string): (RED: NodeAPI) => void {
  const file = fileOf(name);
  return (RED) => {
    registerNode(RED, name, () => file);
  };
}

/** What a node does, as its own file says. */
export function operationOf(name: string): Operation {
  return (fileOf(name) as NodeModule).operation;
}

/** The tokens that a node works on; of one for all kinds, the authorizations. */
export function resourceOf(name: string): ResourceName {
  return operationOf(name).resource ?? "authorizations";
}

/** The products whose connections a node takes. */
export function productsOf(name: string): Product[] {
  const { resource } = operationOf(name);
  return resource === undefined ? (Object.keys(PRODUCTS) as Product[]) : productsWith(resource);
}

/** Whether a node works on the tokens of clusters alone. */
export function isOfCluster(name: string): boolean {
  return ["database-tokens", "management-tokens"].includes(resourceOf(name));
}
