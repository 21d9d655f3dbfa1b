/** The simulator in a process of its own, so that what it costs is not measured with the client. See `server.ts`. */
import { request } from "undici";
import { startFixture } from "../simulator/fixture.js";
import { tooMany, type Fault } from "../simulator/frame.js";
import { descriptionOf, type Order, type StartedSimulator } from "./server.js";

/** The answer with all its authorizations so many times. */
function repeated(list: Buffer, times: number): Pick<Fault, "body" | "parts"> {
  if (times === 1) return { body: list };
  const [start, end] = [list.indexOf("[") + 1, list.lastIndexOf("]")];
  const [head, elements, tail] = [list.subarray(0, start), list.subarray(start, end), list.subarray(end)];
  const parts = Array.from({ length: times }, (_, index) =>
    index === 0 ? [elements] : [COMMA, elements],
  ).flat();
  return { parts: [head, ...parts.flatMap(blocksOf), tail] };
}

/** A writer holds up the reader until all of what it has got is written. */
function blocksOf(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / BLOCK);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * BLOCK, (index + 1) * BLOCK));
}

const COMMA = Buffer.from(",");
const BLOCK = 64 * 1024;

void startFixture().then((fixture) => {
  const { clusters } = fixture;
  const { cluster } = fixture.clusterOf("cloud-dedicated");
  const { world, url, faults, requests } = fixture.simulator;
  const reply = (message: unknown) => process.send?.(message);

  async function obey(order: Order): Promise<unknown> {
    requests.length = 0;
    if (order.do === "slow down") {
      const { milliseconds, each = 0, square = 0, perSecond, retryAfter } = order;
      const delay = (underWay: number) => milliseconds + each * underWay + square * underWay ** 2;
      faults.length = 0;
      if (perSecond !== undefined) faults.push({ ...tooMany(perSecond, retryAfter), delay });
      faults.push({ delay, times: Infinity });
    } else if (order.do === "fill") {
      const user = world.userNamed(order.user);
      return Array.from(
        { length: order.count },
        (_, index) => world.addAuthorization({ user, description: descriptionOf(index) }).id,
      );
    } else if (order.do === "fill the cluster") {
      const { count, kind } = order;
      const wanted = { description: "bench", permissions: [{ action: "read", resource: "bench" }] };
      const add = () =>
        kind === "database"
          ? clusters.addDatabaseToken(cluster, wanted)
          : clusters.addManagementToken(cluster, { description: "bench" });
      return Array.from({ length: count }, () => add().id);
    } else {
      faults.length = 0;
      // What the list costs the server is not of interest, so it is made once.
      const { body } = await request(`${url}/api/v2/authorizations`, {
        headers: { authorization: `Token ${world.operator.token}` },
      });
      const list = Buffer.from(await body.arrayBuffer());
      faults.push({ method: "GET", ...repeated(list, order.times), times: Infinity });
    }
    return undefined;
  }

  world.addUser("bench");
  process.on("message", (order: Order) => void obey(order).then((done) => reply({ done })));
  process.on("disconnect", () => void fixture.close());
  reply({
    ...{ url, token: world.operator.token },
    connectionToCluster: fixture.connectionTo("cloud-dedicated"),
  } satisfies StartedSimulator);
});
