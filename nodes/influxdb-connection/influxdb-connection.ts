import type { NodeAPI, NodeDef } from "node-red";
import { Secret } from "../../src/text/secret.js";
import { fixedToken } from "../../src/token-source.js";
import type { Properties } from "../fields/controls.js";
import { refuseEmptyVariables } from "../fields/refuse-variables.js";
import { keepInstance } from "../runtime/instances.js";
import type { NodeFile } from "../start.js";
import { createConnection, shownOf, type Connection, type ConnectionNode } from "./connection.js";
import { readSettings, readToken } from "./read-settings.js";
import { SETTINGS } from "./settings.js";
import { tokenFile } from "./token-file.js";
import { openWires, type OpenWires } from "./wires.js";

/** The constructor of the config node, which opens its pool of sockets with the first message and closes it when it is closed. */
export default (RED: NodeAPI): ReturnType<NodeFile> => {
  function InfluxDBConnection(this: ConnectionNode, properties: NodeDef & Properties): void {
    RED.nodes.createNode(this, properties);
    const warn = (text: string) => {
      this.warn(text);
    };
    let wires: OpenWires | undefined;
    let connection: Connection | undefined;

    this.deployedSettings = () => {
      refuseEmptyVariables(RED, SETTINGS, properties);
      return readSettings(properties);
    };

    this.deployedToken = () => {
      const { tokenFile: path } = this.deployedSettings();
      if (path !== "") return tokenFile(path, warn);
      // Undefined if no credential was ever set.
      const credentials = this.credentials as { token?: unknown } | undefined;
      return fixedToken(new Secret(readToken(credentials?.token)));
    };

    this.connection = () => {
      if (connection) return connection;
      const settings = this.deployedSettings();
      wires = openWires(RED, settings, this.deployedToken(), warn);
      connection = createConnection({ id: this.id, shown: shownOf(this) }, settings, wires);
      return connection;
    };

    this.on("close", (_removed: boolean, done: () => void) => {
      void Promise.resolve(wires?.close()).then(done);
    });
    keepInstance(this);
  }
  return InfluxDBConnection as never;
};
