import { request } from 'node:http';
import { isIPv6 } from 'node:net';
import type { TransitProbe } from '../../api/transit-centre.ts';
import { ANSWERED, type Outcome, outcomeOf, unanswered } from './outcome.ts';
import { askOnce, type Endpoint, type Limits } from './question.ts';
import { openTcp, openTls } from './tcp.ts';

const MAX_HEAD_BYTES = 8_192;
const MAX_INTERIM = 8;
const DEFAULT_PORT = { Http: 80, Https: 443 } as const;

type HttpProbe = Pick<TransitProbe, 'host' | 'serverName' | 'urlPath'> & { readonly type: 'Http' | 'Https' };

/** Asks with one GET on a connection of its own. The body is never read, and no redirection is followed. */
export function askHttp(at: Endpoint, probe: HttpProbe, limits: Limits): Promise<Outcome> {
  const { host, serverName, type, urlPath = '/' } = probe;
  const name = isIPv6(host) ? `[${host}]` : host;
  const authority = at.port === DEFAULT_PORT[type] ? name : `${name}:${at.port}`;
  return askOnce(limits, (settle) => {
    const socket = type === 'Https' ? openTls(at, { host, serverName }) : openTcp(at);
    const question = request({
      createConnection: () => socket,
      setHost: false,
      path: urlPath,
      headers: { host: authority, 'user-agent': 'switchback', accept: '*/*', connection: 'close' },
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    let interim = 0;
    question.on('information', () => {
      interim += 1;
      if (interim > MAX_INTERIM) settle(unanswered('BadAnswer'));
    });
    // A protocol that nobody asked for.
    question.on('upgrade', () => settle(unanswered('BadAnswer')));
    question.on('response', ({ statusCode = 0 }) => settle(statusCode < 400 ? ANSWERED : unanswered('BadStatus')));
    question.on('error', (error) => settle(outcomeOf(error)));
    question.end();
    return () => {
      question.destroy();
      socket.destroy();
    };
  });
}
