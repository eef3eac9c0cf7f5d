import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { DNSEndpoint } from '../decide/desired/traffic.ts';
import { type DNSQuestion, isAnswered, questionsOf } from '../decide/record-set.ts';
import { keyOf } from '../kube/object.ts';
import type { AskNameServer } from '../observe/name-server.ts';
import { forEachConcurrently } from '../runtime/concurrency.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';

const EVERY_MS = 5000;
/** Questions for each look: what is left has its turn at the next one. */
const MOST_QUESTIONS = 60;
const CONCURRENCY = 8;

interface Unseen {
  readonly endpoint: DNSEndpoint;
  readonly key: string;
  readonly server: string;
}

/**
 * Asks the name servers of the groups whether they show what was written, until they do. Nothing waits for it: it is
 * only told. A record set is asked for again when it has changed.
 */
export function createRecordWatch(context: HubContext, ask: AskNameServer): Ticker {
  /** Where the next look begins, so that one that is never seen keeps no other one from its turn. */
  let turn = 0;
  return new Ticker({
    clock: context.clock,
    everyMs: EVERY_MS,
    onError: (error) => context.log('debug', 'Records not looked up', { error: String(error) }),
    async run() {
      if (!context.leadership.isCertain()) return context.leadership.whenUncertain();
      const unseen = findUnseen(context);
      const asked = inTurn(unseen, turn);
      turn = unseen.length > 0 ? (turn + asked.length) % unseen.length : 0;
      await forEachConcurrently(asked, CONCURRENCY, async (one) => {
        if (await isShown(ask, one)) noteSeen(context, one);
      });
      return undefined;
    },
  });
}

function inTurn(unseen: readonly Unseen[], from: number): readonly Unseen[] {
  const ordered = [...unseen.slice(from), ...unseen.slice(0, from)];
  let questions = 0;
  return ordered.filter(({ endpoint }) => {
    questions += questionsOf(endpoint).length;
    return questions <= MOST_QUESTIONS;
  });
}

/** Ours, of groups with a name server, that were not seen as they are now. */
function findUnseen(context: HubContext): Unseen[] {
  const servers = new Map(
    context.groups.store.list().map(({ metadata, spec }) => [metadata.name, spec.traffic?.resolver]),
  );
  if ([...servers.values()].every((server) => server === undefined)) return [];
  return context.endpoints.store.list().flatMap((endpoint) => {
    const { labels } = endpoint.metadata;
    const key = keyOf(endpoint);
    const instance = context.instances.store.get(key);
    const group = instance?.spec.iuGroupRef.name ?? labels?.[LABELS.iuGroup] ?? '';
    const server = servers.get(group);
    if (server === undefined || labels?.[LABELS.managedBy] !== MANAGED_BY) return [];
    const told = instance?.status?.traffic ?? context.groups.store.get(group)?.status?.traffic?.ingress;
    const isTold =
      told?.name === endpoint.metadata.name && told.generation === endpoint.metadata.generation && told.seenTime;
    const isKnown = context.seen.get(key) === endpoint.metadata.generation;
    return isTold || isKnown ? [] : [{ endpoint, key, server }];
  });
}

async function isShown(ask: AskNameServer, { endpoint, server }: Unseen): Promise<boolean> {
  for (const question of questionsOf(endpoint)) {
    if (!(await isRight(ask, server, question))) return false;
  }
  return true;
}

const isRight = async (ask: AskNameServer, server: string, question: DNSQuestion): Promise<boolean> =>
  isAnswered(question, await ask(server, question));

function noteSeen(context: HubContext, { endpoint, key }: Unseen): void {
  const { generation, labels } = endpoint.metadata;
  if (generation === undefined) return;
  context.seen.set(key, generation);
  const group = labels?.[LABELS.records] && labels[LABELS.iuGroup];
  if (group) context.lookAgain.group(group);
  else context.lookAgain.instance(key);
}
