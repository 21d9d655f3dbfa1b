/** A simulated InfluxDB v2 server for tests and demos: in memory, on 127.0.0.1, and able to misbehave on request. */
import { answer } from "./api.js";
import type { TokenMode } from "./api.js";
import type { Clusters } from "./clusters.js";
import { answerOfDataPlane, type DataPlaneOptions } from "./data-plane.js";
import { startFrame, type Frame } from "./frame.js";
import { answerOfClusters } from "./management-api.js";
import type { ManagementOptions } from "./management-api.js";
import { World } from "./world.js";

export type { Fault, SeenRequest } from "./frame.js";

export interface SimulatorOptions extends ManagementOptions, DataPlaneOptions {
  /** What answers show of tokens; `redacted` behaves as InfluxDB Cloud. Default `hashed`. */
  tokens?: TokenMode;
  /** Default `2.9.1`. */
  version?: string;
  /** Default 0: any free port. */
  port?: number;
  operatorToken?: string;
  /** If given, the server also has the Management API of Cloud Dedicated and Clustered, and where they read data. */
  clusters?: Clusters;
}

export interface Simulator extends Frame {
  readonly world: World;
  /** As given. */
  readonly clusters: Clusters | undefined;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { tokens = "hashed", version = "2.9.1", port, operatorToken, clusters } = options;
  const world = new World(operatorToken);
  const server = { world, tokens, version, started: new Date() };
  const frame = await startFrame((request) => {
    const asked = { ...request, url: request.path };
    const ofClusters =
      clusters && (answerOfClusters(clusters, options, asked) ?? answerOfDataPlane(clusters, options, asked));
    return ofClusters ?? answer(server, asked);
  }, port);
  return Object.assign(frame, { world, clusters });
}
