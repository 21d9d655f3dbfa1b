import { isIP } from "node:net";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { plain } from "../text/plain-text.js";

/** What a server shows of itself when a secure connection begins. */
export interface Handshake {
  /** The name of the authority that the last certificate of its chain is signed by. */
  issuer: string | undefined;
}

/** Certificates of a chain that are looked at; they hardly ever are more than four. */
const LONGEST_CHAIN = 10;
/** Characters of a name. */
const LONGEST_NAME = 100;

/**
 * Begins a secure connection, and ends it at once. It trusts any certificate, because it is to tell about one that is
 * not trusted; so it sends nothing, and shows no certificate of its own.
 *
 * @param servername the one that the TLS configuration names, if it does.
 * @returns undefined if the server does not speak TLS there, or not in time.
 */
export function handshake(
  { hostname, port }: URL,
  servername: string | undefined,
  signal: AbortSignal,
): Promise<Handshake | undefined> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const name = servername || (isIP(host) === 0 ? host : undefined);
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(port) || 443,
      rejectUnauthorized: false,
      ...(name !== undefined && { servername: name }),
    });
    const end = (seen?: Handshake) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(seen);
    };
    const onAbort = () => end();
    signal.addEventListener("abort", onAbort);
    socket.on("error", () => end());
    socket.on("close", () => end());
    socket.on("secureConnect", () => end({ issuer: issuerOf(socket.getPeerCertificate(true)) }));
    if (signal.aborted) end();
  });
}

function issuerOf(certificate: DetailedPeerCertificate): string | undefined {
  let last = certificate;
  for (let depth = 0; depth < LONGEST_CHAIN; depth++) {
    // Missing if the server does not send it, although its type does not tell; a root has signed itself.
    const next = last.issuerCertificate as DetailedPeerCertificate | undefined;
    if (next === undefined || next === last) break;
    last = next;
  }
  const { CN, O } = (last as Partial<DetailedPeerCertificate>).issuer ?? {};
  const name = [CN, O].flat().find(Boolean);
  return name === undefined ? undefined : plain(name, LONGEST_NAME);
}
