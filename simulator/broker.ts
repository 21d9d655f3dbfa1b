import { Aedes, type Client } from "aedes";
import { generate, parser, type Packet } from "mqtt-packet";
import { createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { listen } from "./listen.js";

export interface Broker {
  port: number;
  close(): Promise<void>;
}

/** How a shared subscription begins, before its group and its topic. */
const SHARED = /^\$share\/[^/]+\/(.+)$/;

/**
 * An MQTT broker for demos and tests: aedes, which speaks MQTT 3.1.1, behind a thin layer that adds of MQTT 5 what the
 * examples use. That is its packets, without what they have beyond 3.1.1 (properties such as an expiry are taken and
 * left out), and shared subscriptions to one topic without wildcards, whose members have their turns. What a member has not
 * confirmed when it goes is lost, and so is everything when the broker is closed: a real one loses no more.
 */
export async function startBroker(port: number): Promise<Broker> {
  const broker = await Aedes.createBroker();
  share(broker);
  const server = createServer((socket) => void broker.handle(in311(socket)));
  return {
    port: await listen(server, port),
    close: () =>
      new Promise((closed) => {
        broker.close(() => server.close(() => closed()));
      }),
  };
}

/** Gives each message to one member of each group that shares its topic. */
function share(broker: Aedes): void {
  /** By what they subscribed to; who is next comes first. */
  const groups = new Map<string, Client[]>();
  const leave = (client: Client, topic: string) => {
    const others = groups.get(topic)?.filter((member) => member !== client) ?? [];
    groups.set(topic, others);
  };
  broker.on("subscribe", (subscriptions, client) => {
    for (const { topic } of subscriptions) {
      if (!SHARED.test(topic)) continue;
      leave(client, topic);
      groups.get(topic)?.push(client);
    }
  });
  broker.on("unsubscribe", (topics, client) => {
    for (const topic of topics) leave(client, topic);
  });
  broker.on("clientDisconnect", (client) => {
    for (const topic of groups.keys()) leave(client, topic);
  });
  broker.on("publish", ({ topic, payload, qos }) => {
    for (const [shared, members] of groups) {
      const next = SHARED.exec(shared)?.[1] === topic && members.shift();
      if (!next) continue;
      members.push(next);
      // aedes needs a callback. A member that goes meanwhile has lost it.
      next.publish({ cmd: "publish", topic, payload, qos, retain: false, dup: false }, () => undefined);
    }
  });
}

/** What aedes sees of a client, in whichever version that speaks. */
function in311(socket: Socket): Duplex {
  let version = 4;
  const fromClient = parser();
  const fromBroker = parser({ protocolVersion: 4 });
  const seen = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      fromBroker.parse(chunk);
      done();
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  const hangUp = () => seen.destroy();
  fromClient.on("packet", (packet: Packet) => {
    if (packet.cmd === "connect") version = packet.protocolVersion ?? 4;
    const plain =
      packet.cmd === "connect" && version === 5 ? { ...packet, protocolVersion: 4 as const } : packet;
    seen.push(generate(plain, { protocolVersion: 4 }));
  });
  fromBroker.on("packet", (packet: Packet) => {
    if (!socket.writable) return;
    socket.write(generate(version === 5 ? in5(packet) : packet, { protocolVersion: version }));
  });
  fromClient.on("error", hangUp);
  socket.on("data", (chunk: Buffer) => fromClient.parse(chunk));
  socket.on("error", hangUp);
  socket.on("close", hangUp);
  return seen;
}

/** A packet of aedes as MQTT 5 has it: with the codes that 3.1.1 does not have or calls otherwise. */
function in5(packet: Packet): Packet {
  if (packet.cmd === "connack") {
    const reasonCode = packet.returnCode === 0 ? 0 : NOT_AUTHORIZED;
    return { ...packet, reasonCode, properties: { sharedSubscriptionAvailable: true } };
  }
  return packet.cmd === "unsuback" ? { ...packet, granted: [0] } : packet;
}

const NOT_AUTHORIZED = 135;
