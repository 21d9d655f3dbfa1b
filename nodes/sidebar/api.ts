/// <reference lib="dom" />

/* The parts of Node-RED's editor that the sidebar uses. */

/** This plugin, as the editor knows it. */
export interface Plugin {
  /** A text of the plugin's locale. */
  _(key: string, params?: Readonly<Record<string, unknown>>): string;
}

/** A config node as the editor holds it. */
interface ConfigNode {
  id: string;
  type: string;
  product?: unknown;
}

/** A node as an export has it. */
export type NodeToImport = Readonly<Record<string, unknown>> & { readonly type: string };

interface ImportOptions {
  generateIds: boolean;
  addFlow: boolean;
  /** Leaves the nodes where they say, instead of at the mouse, with which they move. */
  touchImport: boolean;
  applyNodeDefaults: boolean;
  notify: boolean;
}

export interface Editor {
  actions: { add(name: string, action: () => void, options: { label: string }): void };
  clipboard: { copyText(text: string, target: Elements, message: string): boolean };
  events: { on(event: string, listener: (about?: { type?: string; id?: string }) => void): void };
  nodes: {
    dirty(isDirty: boolean): void;
    eachConfig(visit: (node: ConfigNode) => void): void;
    id(): string;
    node(id: string): ConfigNode | null | undefined;
  };
  notify(html: string, options: { type: "warning" | "success"; timeout: number }): void;
  sidebar: {
    addTab(tab: {
      id: string;
      label: string;
      name: string;
      iconClass: string;
      content: HTMLElement;
      enableOnEdit: boolean;
      action: string;
    }): void;
    show(id: string): void;
  };
  state: { DEFAULT: number };
  utils: { getNodeLabel(node: ConfigNode, otherwise: string): string };
  view: {
    focus(): void;
    importNodes(nodes: readonly NodeToImport[], options: ImportOptions): void;
    scale(): number;
    state(): number;
  };
  workspaces: { active(): string | 0; isLocked(): boolean };
}

/** An element as jQuery wraps it. */
interface Elements {
  readonly length: number;
}

/** The parts of jQuery that are used: its requests carry the user's session. */
export interface JQuery {
  (element: HTMLElement): Elements;
  ajax(options: { url: string; dataType: "json"; data: Readonly<Record<string, string>> }): Request;
}

interface Request extends PromiseLike<unknown> {
  abort(): void;
  getResponseHeader(name: string): string | null;
}

/** What a failed request is rejected with. */
export interface FailedRequest {
  status: number;
  responseJSON?: unknown;
}
