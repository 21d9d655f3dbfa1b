import { OPERATOR } from "./influxdb3/world.js";
import { startDemo } from "./start-demo.js";
import { signFunctionOf } from "./node-red.js";

/** `npm start`: everything that is needed to try the nodes, until Ctrl-C. */
async function main(): Promise<void> {
  const stopping = new Promise<void>((stop) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop());
  });
  console.log("Starting the simulators and Node-RED …");
  const demo = await startDemo({
    ports: { nodeRed: 1880, influxdb: 8086, influxdb3: 8181, mqtt: 1883, secrets: 8200 },
  });
  console.log(`
Open ${demo.nodeRed.url}

Each tab holds one example; click the square button at the left end of an inject node and look at the debug
sidebar (the bug icon). The first tab is a good start: "find", then "delete what was found", and both again.
What is deleted here is deleted at once: other than in an import, the nodes are allowed to. The button "start over"
at the end of each tab puts all tokens back.
To disable a token by HTTP, on the tab "disable on an event":

export DISABLE_TOKEN_SECRET=${demo.secret}
${await signFunctionOf("disable an authorization on an event")}
sign ${demo.someId} | curl -H 'Content-Type: application/json' -d @- ${demo.nodeRed.url}disable-token

The nodes talk to a simulated InfluxDB at ${demo.simulator.url}: nothing real can be harmed.
For a connection of your own, its API token is ${demo.simulator.world.operator.token}
A simulated InfluxDB 3 Core is at ${demo.influxdb3.url}, with an operator token:
${demo.influxdb3.world.tokens.get(OPERATOR)?.value}
Ctrl-C ends it and leaves nothing behind.`);
  await stopping;
  console.log("\nStopping …");
  await demo.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
