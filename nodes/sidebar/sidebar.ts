import type { NodeAPI } from "node-red";
import { serveAdmin } from "../admin/admin.js";

/** The plugin of this package: a sidebar tab with an inventory of tokens, and what the editor asks the runtime for. */
export default (RED: NodeAPI): void => {
  serveAdmin(RED);
};
