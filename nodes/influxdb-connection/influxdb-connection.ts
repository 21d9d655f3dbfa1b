import type { NodeAPI } from "node-red";
import { registerConnection } from "./connection.js";

export default (RED: NodeAPI): void => {
  registerConnection(RED);
};
