import { Resolver } from 'node:dns/promises';
import type { DNSQuestion } from '../decide/record-set.ts';

const TIMEOUT_MS = 2000;
const TRIES = 2;

/** Asks a name server, over UDP and then TCP where the answer does not fit. Empty: it has no such name, or did not answer. */
export type AskNameServer = (
  server: string,
  question: Pick<DNSQuestion, 'name' | 'type'>,
) => Promise<readonly string[]>;

/** One client for each server. An answer is given in the form in which ExternalDNS writes targets. */
export function createNameServerClient(): AskNameServer {
  const resolvers = new Map<string, Resolver>();
  return async (server, question) => {
    try {
      const resolver = resolvers.get(server) ?? connect(server);
      resolvers.set(server, resolver);
      return await ask(resolver, question);
    } catch {
      // An address that is none, no such name, no answer: all mean that it is not seen there.
      return [];
    }
  };
}

function connect(server: string): Resolver {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  resolver.setServers([server]);
  return resolver;
}

async function ask(resolver: Resolver, { name, type }: Pick<DNSQuestion, 'name' | 'type'>): Promise<string[]> {
  switch (type) {
    case 'A':
      return resolver.resolve4(name);
    case 'AAAA':
      return resolver.resolve6(name);
    case 'CNAME':
      return resolver.resolveCname(name);
    case 'SRV': {
      const answers = await resolver.resolveSrv(name);
      return answers.map((answer) => `${answer.priority} ${answer.weight} ${answer.port} ${answer.name}`);
    }
    case 'NAPTR': {
      const answers = await resolver.resolveNaptr(name);
      return answers.map(
        ({ flags, order, preference, regexp, replacement, service }) =>
          `${order} ${preference} "${flags}" "${service}" "${regexp}" ${replacement}`,
      );
    }
  }
}
