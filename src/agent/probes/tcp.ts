import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { ANSWERED, type Outcome, outcomeOf } from './outcome.ts';
import { askOnce, type Endpoint, type Limits } from './question.ts';

/** Asks for a connection. It is closed as soon as it stands. */
export function askTcp(at: Endpoint, limits: Limits): Promise<Outcome> {
  return askOnce(limits, (settle) => {
    const socket = openTcp(at);
    socket.on('connect', () => settle(ANSWERED));
    socket.on('error', (error) => settle(outcomeOf(error)));
    return () => socket.destroy();
  });
}

/** Asks for a TLS handshake. */
export function askTls(at: Endpoint, names: TlsNames, limits: Limits): Promise<Outcome> {
  return askOnce(limits, (settle) => {
    const socket = openTls(at, names);
    socket.on('secureConnect', () => settle(ANSWERED));
    socket.on('error', (error) => settle(outcomeOf(error)));
    return () => socket.destroy();
  });
}

export const openTcp = ({ address, port }: Endpoint): Socket => connect({ host: address, port });

export interface TlsNames {
  /** Who is asked, as the probe names it. */
  readonly host: string;
  /** What the certificate must say; undefined: it is not looked at. */
  readonly serverName: string | undefined;
}

/**
 * With a server name the certificate is held against it and against the CAs of Node (`NODE_EXTRA_CA_CERTS`). Without one
 * it is not looked at: the question is then whether somebody answers, not who. Nothing is ever sent that is secret.
 */
export function openTls({ address, port }: Endpoint, { host, serverName }: TlsNames): TLSSocket {
  const name = serverName ?? host;
  return connectTls({
    host: address,
    port,
    // Only names stand in the hello of a client, not addresses.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    rejectUnauthorized: serverName !== undefined,
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  });
}
