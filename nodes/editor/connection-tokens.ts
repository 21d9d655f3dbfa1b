import { textOf } from "../fields/text-rules.js";
import type { Editor, EditorNode } from "./api.js";

/*
 * Whether a connection has a token. The editor does not hear of the credentials that are deployed until a dialog needs
 * them, so the server is asked, whose answer tells whether there is one and not which.
 */

declare const RED: Editor;
declare const $: { getJSON(url: string, listener: (answer: Credentials) => void): void };

/** As the editor has the credentials of a node whose dialog it has saved, or that came with an import. */
interface Credentials {
  token?: string;
  has_token?: boolean;
}

/** False as long as it is not known. */
export function lacksToken({ credentials, lacksDeployedToken, tokenFile }: EditorNode): boolean {
  if (textOf(tokenFile) !== "") return false;
  return credentials === undefined ? lacksDeployedToken === true : !hasToken(credentials as Credentials);
}

function hasToken({ token, has_token: isThere }: Credentials): boolean {
  return Boolean(token) || Boolean(isThere);
}

/** Marks the nodes whose connection has no token, from now on. The editor itself does so when a dialog is saved. */
export function watchTokens(): void {
  // When flows are loaded or imported, too.
  RED.events.on("nodes:add", ask);
  // The editor then forgets what was entered.
  RED.events.on("deploy", () => {
    RED.nodes.eachConfig(ask);
  });
}

function ask(connection: EditorNode): void {
  const { type, id, credentials } = connection;
  if (type !== "influxdb-connection" || credentials !== undefined) return;
  $.getJSON(`credentials/${type}/${id}`, (answer) => {
    connection.lacksDeployedToken = !hasToken(answer);
    for (const user of connection.users as EditorNode[]) RED.editor.validateNode(user);
    RED.view.redraw();
  });
}
