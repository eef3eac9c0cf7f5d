import { describe, expect, it } from 'vitest';
import type { RecordSet } from '../api/traffic.ts';
import type { DNSEndpoint, DNSRecord } from './desired/traffic.ts';
import { type DNSQuestion, isAnswered, nextRecordSet, questionsOf } from './record-set.ts';

const T1 = '2026-01-01T00:00:00Z';
const T2 = '2026-01-01T00:00:09Z';
const endpoint = (generation: number, observedGeneration?: number, endpoints: DNSRecord[] = []): DNSEndpoint => ({
  apiVersion: 'externaldns.k8s.io/v1alpha1',
  kind: 'DNSEndpoint',
  metadata: { name: 'mail', generation, annotations: { 'switchback.dev/epoch': '3' } },
  spec: { endpoints },
  ...(observedGeneration !== undefined && { status: { observedGeneration } }),
});
const written: RecordSet = { name: 'mail', revision: 3, generation: 2, state: 'Written', writtenTime: T1 };
const accepted: RecordSet = { ...written, state: 'Accepted', acceptedTime: T1 };

describe('how far a record set has come', () => {
  it.each<[string, RecordSet | undefined, DNSEndpoint, boolean, RecordSet]>([
    ['is written first', undefined, endpoint(2), false, { ...written, writtenTime: T2 }],
    ['keeps its time', written, endpoint(2, 1), false, written],
    ['is accepted when that generation was read', written, endpoint(2, 2), false, { ...accepted, acceptedTime: T2 }],
    ['keeps that time too', accepted, endpoint(2, 2), false, accepted],
    ['is seen', accepted, endpoint(2, 2), true, { ...accepted, state: 'Seen', seenTime: T2 }],
    [
      'stays seen when a new leader has not asked yet',
      { ...accepted, state: 'Seen', seenTime: T1 },
      endpoint(2, 2),
      false,
      { ...accepted, state: 'Seen', seenTime: T1 },
    ],
    [
      'begins anew with each generation: what was seen says nothing of it',
      { ...accepted, state: 'Seen', seenTime: T1 },
      endpoint(3, 2),
      false,
      { ...written, generation: 3, writtenTime: T2 },
    ],
  ])('%s', (_, before, present, isSeen, expected) => {
    expect(nextRecordSet(before, present, isSeen, T2)).toEqual(expected);
  });
});

const record = (dnsName: string, target: string, more: Partial<DNSRecord> = {}): DNSRecord => ({
  dnsName,
  recordTTL: 30,
  recordType: 'CNAME',
  targets: [target],
  ...more,
});
const shared = (region: string, weight: number): DNSRecord =>
  record('mail.example', `mail.${region}.example`, {
    setIdentifier: region,
    providerSpecific: [{ name: 'aws/weight', value: `${weight}` }],
  });

describe('what a name server is asked', () => {
  it('is each alias, and may answer with what gets a share', () => {
    expect(questionsOf(endpoint(1, 1, [shared('east', 0), shared('west', 60), shared('north', 40)]))).toEqual([
      {
        name: 'mail.example',
        type: 'CNAME',
        allowed: ['mail.west.example', 'mail.north.example'],
        isShared: true,
      },
    ]);
  });

  it('is a sample of many names', () => {
    const many = Array.from({ length: 900 }, (_, i) => record(`t${i}.example`, 'mail.example'));
    expect(questionsOf(endpoint(1, 1, many)).map(({ name }) => name)).toEqual([
      't0.example',
      't450.example',
      't899.example',
    ]);
  });

  it('is every SRV record where there are some, up to a bound', () => {
    const many = Array.from({ length: 90 }, (_, i) => record(`s${i}`, '1 1 1 a.', { recordType: i % 2 ? 'SRV' : 'A' }));
    const questions = questionsOf(endpoint(1, 1, many));
    expect(questions).toHaveLength(40);
    expect(new Set(questions.map(({ type }) => type))).toEqual(new Set(['SRV']));
  });

  const one: DNSQuestion = { name: 'a', type: 'A', allowed: ['x', 'y'], isShared: false };
  it.each<[string, DNSQuestion, string[], boolean]>([
    ['all of a set', one, ['y', 'x'], true],
    ['a part of a set', one, ['x'], false],
    ['more than the set', one, ['x', 'y', 'z'], false],
    ['nothing', one, [], false],
    ['one of those that share', { ...one, isShared: true }, ['Y.'], true],
    ['one that shares no more', { ...one, isShared: true }, ['z'], false],
    ['nothing of what is shared', { ...one, isShared: true }, [], false],
  ])('is answered by %s or not', (_, question, answers, expected) => {
    expect(isAnswered(question, answers)).toBe(expected);
  });
});
