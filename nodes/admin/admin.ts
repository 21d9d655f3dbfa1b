import type { NodeAPI } from "node-red";
import { serve } from "./route.js";
import { testConnection } from "./test-connection.js";

/** Serves what the editor asks for: tokens, look-ups, previews, and the test of a connection. */
export function serveAdmin(RED: NodeAPI): void {
  serve(RED, [testConnection(RED)]);
}
