import { ANNOTATIONS } from '../api/labels.ts';
import type { RecordSet } from '../api/traffic.ts';
import type { DNSEndpoint, DNSRecord } from './desired/traffic.ts';

const revisionOf = ({ metadata: { annotations } }: DNSEndpoint): number =>
  Number(annotations?.[ANNOTATIONS.epoch] ?? annotations?.[ANNOTATIONS.revision] ?? 0);

/** Whether ExternalDNS has read it as it is. */
export const isAccepted = ({ metadata, status }: DNSEndpoint): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1);

/**
 * How far a record set has come. The times are those at which it was first found so; they stay while its generation does.
 *
 * @param isSeen whether the name server of the group shows this generation
 */
export function nextRecordSet(
  before: RecordSet | undefined,
  endpoint: DNSEndpoint,
  isSeen: boolean,
  now: string,
): RecordSet {
  const { generation = 0, name } = endpoint.metadata;
  const same = before?.name === name && before.generation === generation ? before : undefined;
  const acceptedTime = same?.acceptedTime ?? (isAccepted(endpoint) ? now : undefined);
  const seenTime = same?.seenTime ?? (isSeen ? now : undefined);
  return {
    name,
    revision: revisionOf(endpoint),
    generation,
    state: seenTime !== undefined ? 'Seen' : acceptedTime !== undefined ? 'Accepted' : 'Written',
    writtenTime: same?.writtenTime ?? now,
    ...(acceptedTime !== undefined && { acceptedTime }),
    ...(seenTime !== undefined && { seenTime }),
  };
}

/** What a name server is asked, and what it may say. */
export interface DNSQuestion {
  readonly name: string;
  readonly type: DNSRecord['recordType'];
  /** As `normalAnswer` writes them. Of shares, those that get something. */
  readonly allowed: readonly string[];
  /** Of a set that is shared by weight any one will do; of every other one all must be there. */
  readonly isShared: boolean;
}

export const normalAnswer = (text: string): string => text.toLowerCase().replace(/\.$/, '');

const weightOf = ({ providerSpecific }: DNSRecord): number => Number(providerSpecific?.[0]?.value ?? 1);
/** A set that is whole is not asked for in full: so many names of it. */
const MOST_QUESTIONS = 40;
const SAMPLES = 3;

/** The questions by which it is found out whether a record set is shown: all aliases, and a sample of names of tenants. */
export function questionsOf({ spec: { endpoints } }: DNSEndpoint): DNSQuestion[] {
  const sets = new Map<string, DNSRecord[]>();
  for (const record of endpoints) {
    const key = `${record.recordType} ${record.dnsName}`;
    sets.set(key, [...(sets.get(key) ?? []), record]);
  }
  const all = [...sets.values()].flatMap((records): DNSQuestion[] => {
    const [first] = records;
    if (!first) return [];
    const used = records.length > 1 ? records.filter((record) => weightOf(record) > 0) : records;
    const allowed = used.flatMap(({ targets }) => targets.map(normalAnswer));
    return [{ name: first.dnsName, type: first.recordType, allowed, isShared: first.setIdentifier !== undefined }];
  });
  if (all.length <= SAMPLES) return all;
  const services = all.filter(({ type }) => type === 'SRV');
  if (services.length > 0) return services.slice(0, MOST_QUESTIONS);
  return [...new Set([0, all.length >> 1, all.length - 1])].flatMap((index) => all[index] ?? []);
}

/** Whether an answer is what was written. No answer is none. */
export function isAnswered({ allowed, isShared }: DNSQuestion, answers: readonly string[]): boolean {
  const said = new Set(answers.map(normalAnswer));
  if (said.size === 0 || ![...said].every((answer) => allowed.includes(answer))) return false;
  return isShared || allowed.every((target) => said.has(target));
}
