import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker } from "../../simulator/broker.js";
import { freePort } from "../../simulator/node-red.js";
import { testSharedSweeps } from "../helpers/shared-sweep-tests.js";
import { waitUntil } from "../helpers/shared-sweep.js";

/*
 * The sweep by several Node-REDs on a real MQTT 5 broker. Not part of `npm test`: it needs mosquitto (in Debian the package
 * of that name), on the path or where MOSQUITTO says.
 */

const executable = process.env.MOSQUITTO ?? "mosquitto";
if (spawnSync(executable, ["-h"]).error) {
  console.error(`There is no ${executable}: install mosquitto, or say in MOSQUITTO where it is.`);
  process.exit(1);
}

/** It keeps nothing, and is killed. */
async function startMosquitto(wanted: number): Promise<Broker> {
  const port = wanted === 0 ? await freePort() : wanted;
  const folder = await mkdtemp(join(tmpdir(), "mosquitto-"));
  const config = join(folder, "mosquitto.conf");
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const child = spawn(executable, ["-c", config], { stdio: "ignore" });
  const ended = once(child, "exit");
  await waitUntil("mosquitto answers", () => answers(port));
  return {
    port,
    async close() {
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => done(socket.destroy() !== undefined));
    socket.once("error", () => done(false));
  });
}

describe("a sweep by several Node-REDs on mosquitto", () => testSharedSweeps(startMosquitto));
