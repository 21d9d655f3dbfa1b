import assert from "node:assert/strict";
import { Clusters } from "../../../simulator/clusters.js";
import { startSimulator, type Simulator } from "../../../simulator/server.js";
import { World } from "../../../simulator/world.js";

/*
 * The server of each run, and the tokens that it has at the start.
 */

export const OWN_TOKEN = "own-token-0123456789abcdef";
export const OTHER_TOKEN = "other-token-0123456789abcdef";
const uuidOf = (digit: string) => [8, 4, 4, 4, 12].map((length) => digit.repeat(length)).join("-");
export const ACCOUNT = uuidOf("a");
export const CLUSTER = uuidOf("c");
export const UUIDS = ["1", "2", "3", "4", "5"].map(uuidOf);
/** The simulator numbers authorizations always alike. */
export const HEX_IDS = addAuthorizations(new World());

/** Variables of the environment that configurations name, besides those of the server's address. */
export const VARIABLES = {
  FUZZ_TWO: "2",
  FUZZ_EMPTY: "",
  FUZZ_HEX: HEX_IDS[0]!,
  FUZZ_UUID: UUIDS[0]!,
  FUZZ_TOKEN: OWN_TOKEN,
};

function addAuthorizations(world: World): string[] {
  return [1, 2, 3, 4, 5].map((n) => world.addAuthorization({ token: `${OTHER_TOKEN}-${n}` }).id);
}

export async function startServer(isCluster: boolean): Promise<Simulator> {
  if (!isCluster) {
    const simulator = await startSimulator({ tokens: "clear", operatorToken: OWN_TOKEN });
    assert.deepEqual(addAuthorizations(simulator.world), HEX_IDS);
    return simulator;
  }
  const clusters = new Clusters();
  const cluster = clusters.addCluster({ product: "dedicated", accountId: ACCOUNT, clusterId: CLUSTER });
  clusters.addManagementToken(cluster, { description: "own", token: OWN_TOKEN });
  for (const id of UUIDS) {
    clusters.addManagementToken(cluster, { id, description: "one", token: `${OTHER_TOKEN}-${id}` });
    const made = clusters.addDatabaseToken(cluster, { id, description: "one", permissions: [] });
    made.accessToken = `${OTHER_TOKEN}-${id}`;
  }
  return startSimulator({ clusters });
}

/** How many tokens are neither deleted nor revoked. */
export function thereIn({ world, clusters }: Simulator): number {
  const managed = [...(clusters?.managementTokens.values() ?? [])];
  const usable = managed.filter(({ revokedAt }) => revokedAt === undefined).length;
  return world.authorizations.size + (clusters?.databaseTokens.size ?? 0) + usable;
}
