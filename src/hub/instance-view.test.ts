import { expect, it } from 'vitest';
import { anAssignment, anInstance } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { HubContext } from './context.ts';
import { assignedService } from './instance-view.ts';

it('a service that is to go is no failover under way', () => {
  const context = partOf<HubContext>('context', {
    assignments: { get: () => anAssignment('2 west>east') },
    links: { get: () => undefined },
  });
  const instance = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] });
  const leaving = { ...instance, metadata: { ...instance.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  expect(assignedService(context, instance)).toMatchObject({ grantedEpoch: 0 });
  expect(assignedService(context, leaving)).toBeUndefined();
});
