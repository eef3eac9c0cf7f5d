import type { TransitProbe } from '../../api/transit-centre.ts';
import { elapsedAtMost } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { askHttp } from './http.ts';
import { type Lookup, ProbeNames } from './names.ts';
import { notAsked, type Outcome } from './outcome.ts';
import type { Endpoint, Limits } from './question.ts';
import { askSipTcp, askSipUdp } from './sip.ts';
import { sipIds } from './sip-message.ts';
import { askTcp, askTls } from './tcp.ts';

/** Asks a transit centre one question. Never rejects, is over within `timeoutMs`, and leaves nothing open. */
export type Ask = (probe: TransitProbe, limits: Limits) => Promise<Outcome>;

/** @param lookup finds addresses of names */
export function createAsk(random: Random, lookup: Lookup): Ask {
  const names = new ProbeNames(lookup);
  return async (probe, limits) => {
    const { clock, timeoutMs } = limits;
    const startedAt = clock.now();
    // The other half remains for the question, when no name server answers and an older address is known.
    const address = await names.addressOf(probe.host, clock, timeoutMs / 2);
    if (address === undefined) return notAsked('NameNotFound');
    const leftMs = Math.max(0, timeoutMs - elapsedAtMost(startedAt, clock.now()));
    return askAt({ address, port: probe.port }, probe, { ...limits, timeoutMs: leftMs }, random);
  };
}

function askAt(at: Endpoint, probe: TransitProbe, limits: Limits, random: Random): Promise<Outcome> {
  const { host, serverName, type } = probe;
  switch (type) {
    case 'Tcp':
      return askTcp(at, limits);
    case 'Tls':
      return askTls(at, { host, serverName }, limits);
    case 'Http':
    case 'Https':
      return askHttp(at, { ...probe, type }, limits);
    case 'SipOptions': {
      const question = { ...at, host, ids: sipIds(() => random.token()) };
      return probe.transport === 'TCP' ? askSipTcp(question, limits) : askSipUdp(question, limits);
    }
  }
}
