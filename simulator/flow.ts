/** A node of a flow. Its credentials are in it, as in what the editor deploys. */
export interface FlowNode {
  id: string;
  type: string;
  credentials?: Record<string, string>;
  [property: string]: unknown;
}

/** A node of the flow `tab`, wired to nothing unless it says otherwise. */
export function onTab(node: FlowNode): FlowNode {
  return { z: "tab", x: 9, y: 9, wires: [], ...node };
}

/** A flow as Node-RED saves it: the credentials apart, by the id of their node. */
export function savedFlow(nodes: readonly FlowNode[]): {
  flow: FlowNode[];
  credentials: Record<string, Record<string, string>>;
} {
  return {
    flow: nodes.map(({ credentials, ...node }) => node as FlowNode),
    credentials: Object.fromEntries(
      nodes.flatMap(({ id, credentials }) => (credentials ? [[id, credentials]] : [])),
    ),
  };
}
