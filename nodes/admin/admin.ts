import type { NodeAPI } from "node-red";
import { lastRoute } from "./last.js";
import { lookupRoute } from "./lookup.js";
import { previewRoute } from "./preview.js";
import { serve } from "./route.js";
import { testConnection } from "./test-connection.js";
import { tokensRoute } from "./tokens.js";

/** Serves what the editor asks for: tokens, look-ups, previews, and the test of a connection. */
export function serveAdmin(RED: NodeAPI): void {
  serve(RED, [tokensRoute, lookupRoute, previewRoute, lastRoute, testConnection(RED)]);
}
