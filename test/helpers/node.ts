import { startSimulator, type Simulator, type SimulatorOptions } from "../../simulator/server.js";
import { startRuntime, type Message, type Properties, type Runtime, type Seen } from "./runtime.js";

export interface Bench {
  simulator: Simulator;
  runtime: Runtime;
  send(msg: Message): Promise<Seen>;
  /**
   * Requests that reached the simulator since the start, as `METHOD path`; without those by which a connection
   * learns which token is its own, before the first change.
   */
  sent(): string[];
}

/** What else is on the flow, beside the node and its connection. */
export type MoreNodes = Pick<
  NonNullable<Parameters<typeof startRuntime>[3]>,
  "nodes" | "modules" | "credentials"
>;

/** Runs `work` with one node on a connection to a fresh simulator, and ends both whatever happens. */
export async function withNode(
  type: string,
  properties: Properties,
  work: (bench: Bench) => Promise<void>,
  options: {
    connection?: Properties;
    token?: string;
    simulator?: SimulatorOptions;
    /** Fills the simulator before the node starts; what it gives is merged into the node's properties. */
    prepare?: (simulator: Simulator) => Properties | undefined;
  } & MoreNodes = {},
): Promise<void> {
  const simulator = await startSimulator(options.simulator);
  try {
    const more = options.prepare?.(simulator) ?? {};
    const runtime = await startRuntime(
      `influxdb-${type}`,
      { ...properties, ...more },
      { product: "oss", url: simulator.url, ...options.connection },
      { ...options, token: options.token ?? simulator.world.operator.token },
    );
    try {
      const { userID } = simulator.world.operator;
      const forOwn = ["GET /api/v2/me", `GET /api/v2/authorizations?userID=${userID}`];
      const all = () => simulator.requests.map(({ method, path }) => `${method} ${path}`);
      const sent = () => (type.startsWith("list") ? all() : all().filter((each) => !forOwn.includes(each)));
      await work({ simulator, runtime, send: (msg) => runtime.send(msg), sent });
    } finally {
      await runtime.stop();
    }
  } finally {
    await simulator.close();
  }
}

/** Adds `count` authorizations of a user `user1`, described `token 0` and so on. */
export function addTokens(
  { world }: Simulator,
  count: number,
): { id: string; token: string; description: string }[] {
  const user = world.addUser("user1");
  return Array.from({ length: count }, (_, index) =>
    world.addAuthorization({ user, description: `token ${index}` }),
  );
}
