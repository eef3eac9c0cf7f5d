import { expect, it } from 'vitest';
import { describeEvidence } from './evidence.ts';

const EVIDENCE = { sinceContactMs: 6100, sinceHeartbeatMs: undefined, sinceLookMs: 1, everSeen: true } as const;

it('tells who saw what, the hub first', () => {
  const reports = [
    { from: 'west', state: 'NoHeartbeat', withoutRight: undefined, ageMs: 500 },
    { from: 'north', state: 'Reachable', withoutRight: true, ageMs: 1500 },
  ] as const;
  const more = { writesFailForMs: 7000, services: { active: 3, notReady: 2 }, lostZones: ['east-a'] };
  expect(describeEvidence({ ...EVIDENCE, credentials: 'Ok', reports, ...more })).toEqual([
    {
      source: 'hub',
      saw: 'last answer 6.1 s ago, last heartbeat never; no write answered for 7.0 s; 2 of 3 active/backup services not ready; zones without a ready node: east-a',
    },
    { source: 'west', saw: 'NoHeartbeat (told 0.5 s ago)' },
    { source: 'north', saw: 'Reachable, which says that it is without a right (told 1.5 s ago)' },
  ]);
});
