import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Timer } from '../../runtime/clock.ts';
import { ANSWERED, type Outcome, outcomeOf, unanswered } from './outcome.ts';
import { askOnce, type Endpoint, type Limits } from './question.ts';
import { isAnswerTo, optionsRequest, parseDatagram, type SipHead, type SipIds } from './sip-message.ts';
import { createSipReader } from './sip-stream.ts';
import { openTcp } from './tcp.ts';

/** Of RFC 3261, section 17.1.2: first and longest time between two sendings of a request that is not INVITE. */
const T1_MS = 500;
const T2_MS = 4_000;
/** More than that is sent by nobody who answers a question. */
const MOST_MESSAGES = 32;
/**
 * Any final answer shows that a SIP service has read the question and that both ways are open, a refusal too. Except:
 * 503 says that it takes no calls now (RFC 3263, 4.3: try the next one; it is what session border controllers answer that
 * are being emptied); 408 and 504 come from somebody in between who had no answer himself.
 */
const NOT_SERVING: ReadonlySet<number> = new Set([408, 503, 504]);

interface SipQuestion extends Endpoint {
  /** As the probe names it. */
  readonly host: string;
  readonly ids: SipIds;
}

/** What a message means for the question; undefined: nothing final, or nothing about it. */
function judge(ids: SipIds, head: SipHead | undefined): Outcome | 'Provisional' | undefined {
  if (head?.start.kind !== 'Response' || !isAnswerTo(ids, head)) return undefined;
  const { status } = head.start;
  if (status < 200) return 'Provisional';
  return NOT_SERVING.has(status) ? unanswered('BadStatus') : ANSWERED;
}

/**
 * Over UDP, from a socket that takes datagrams only from the one that is asked. Sent again by timer E: after 500 ms, then
 * after twice as long each time up to 4 s, and each 4 s after a provisional answer.
 */
export function askSipUdp({ address, host, ids, port }: SipQuestion, limits: Limits): Promise<Outcome> {
  return askOnce(limits, (settle) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    let resend: Timer | undefined;
    let waitMs = T1_MS;
    let messages = 0;
    let isClosed = false;
    const send = (request: string): void => {
      if (isClosed) return;
      socket.send(request, (error) => error && settle(outcomeOf(error)));
      resend = limits.clock.setTimer(waitMs, () => send(request));
      waitMs = Math.min(2 * waitMs, T2_MS);
    };
    socket.on('error', (error) => settle(outcomeOf(error)));
    socket.on('message', (bytes) => {
      messages += 1;
      const outcome = judge(ids, parseDatagram(bytes));
      if (outcome === 'Provisional') waitMs = T2_MS;
      else if (outcome) settle(outcome);
      else if (messages > MOST_MESSAGES) settle(unanswered('BadAnswer'));
    });
    socket.connect(port, address, (error?: Error) => {
      if (error) return settle(outcomeOf(error));
      if (isClosed) return;
      const local = socket.address();
      send(optionsRequest(ids, 'UDP', { host: local.address, port: local.port }, { host, port }));
    });
    return () => {
      isClosed = true;
      resend?.cancel();
      socket.close();
    };
  });
}

/** Over TCP, on a connection of its own. It is sent once: TCP itself sends again what is lost. */
export function askSipTcp({ address, host, ids, port }: SipQuestion, limits: Limits): Promise<Outcome> {
  return askOnce(limits, (settle) => {
    const socket = openTcp({ address, port });
    const read = createSipReader();
    let messages = 0;
    socket.on('connect', () => {
      const { localAddress = '', localPort = 0 } = socket;
      socket.write(optionsRequest(ids, 'TCP', { host: localAddress, port: localPort }, { host, port }));
    });
    socket.on('data', (chunk) => {
      const heads = read(chunk);
      messages += heads?.length ?? 0;
      for (const head of heads ?? []) {
        const outcome = judge(ids, head);
        if (outcome && outcome !== 'Provisional') settle(outcome);
      }
      if (!heads || messages > MOST_MESSAGES) settle(unanswered('BadAnswer'));
    });
    socket.on('close', () => settle(unanswered('Closed')));
    socket.on('error', (error) => settle(outcomeOf(error)));
    return () => socket.destroy();
  });
}
