import { describe, expect, it } from 'vitest';
import { aComponent, anAssignment, anOrder } from '../../test/support/objects.ts';
import type { RegionalService, RegionalServiceStatus } from '../api/regional-service.ts';
import { layoutComponent } from './layout.ts';
import { answerForZone, type ZoneQuestion } from './zone-drill-guards.ts';

type Input = Parameters<typeof aComponent>[0];
function orderOf(input: Input = { pattern: 'A-A' }, more: Parameters<typeof anOrder>[2] = {}): RegionalService {
  const layout = layoutComponent(aComponent(input), { agents: 1000, zones: ['a', 'b'] });
  if (!layout.ok) throw new Error(layout.message);
  const order = anOrder('mail', [layout.order], { activeRegion: 'east', successors: ['west'], ...more });
  return { ...order, metadata: { ...order.metadata, generation: 3 }, status: statusOf(layout.order.instances) };
}
const statusOf = (ready: number, status: 'True' | 'False' = 'True', generation = 3): RegionalServiceStatus => ({
  observedGeneration: generation,
  phase: 'Active',
  components: [{ name: 'main', planned: 2, ready, zones: [] }],
  conditions: [
    {
      type: 'RedundancyMet',
      status,
      reason: status === 'True' ? 'AsDeclared' : 'SpreadViolated',
      message: 'as the region says',
      observedGeneration: generation,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
});
const question = (more: Partial<ZoneQuestion> = {}): ZoneQuestion => ({
  name: 'ns/mail',
  region: 'east',
  zone: 'a',
  scope: { services: undefined },
  assignment: anAssignment('1 east>west'),
  order: orderOf(),
  mostSeconds: 60,
  obstacle: undefined,
  ...more,
});
const tenants = { whole: new Set(['ns/other']), shared: new Map([['ns/mail', 2]]), missing: new Map() };

describe('a service and a drill of a zone', () => {
  it.each<[string, Partial<ZoneQuestion>, string]>([
    ['leaves the zone when all is well', {}, 'Empties'],
    ['is not concerned without an order', { order: undefined }, 'not concerned'],
    [
      'is not concerned where it stands by',
      { order: orderOf({ pattern: 'A-A' }, { role: 'Standby' }) },
      'not concerned',
    ],
    [
      'is not concerned where it is about to stand by',
      { assignment: anAssignment('1 east>west', '2 west>east') },
      'not concerned',
    ],
    ['is not concerned in another zone', { zone: 'z' }, 'not concerned'],
    ['is not concerned when it is not named', { scope: { services: new Set(['ns/other']) } }, 'not concerned'],
    [
      'leaves it where it serves in several regions',
      { assignment: anAssignment('1 west>'), order: orderOf({ pattern: 'A-A' }, { mode: 'Active', successors: [] }) },
      'Empties',
    ],
    [
      'stays with a single instance',
      { order: orderOf({ pattern: 'A' }) },
      'Stays NotWithoutZone main: a single instance',
    ],
    [
      'stays when a slot may take longer to stop than it may serve nobody',
      { order: orderOf({ pattern: 'A-B', template: { terminationGracePeriodSeconds: 61 } }) },
      'Stays NotWithoutZone main: a slot may take 61 s to stop',
    ],
    [
      'stays for tenants that are not named',
      { scope: { services: undefined, tenants } },
      'Stays SharedWithOthers it also serves 2 tenants',
    ],
    [
      'is held by what the drill must not overlap with',
      { obstacle: { reason: 'SwitchInProgress', message: 'a switch' } },
      'Held SwitchInProgress a switch',
    ],
    [
      'is held until its region has spoken',
      { order: { ...orderOf(), status: { observedGeneration: -1 } } },
      'Held AwaitingReadiness',
    ],
    [
      'is held while what was said is of an older order',
      { order: { ...orderOf(), status: statusOf(2, 'True', 2) } },
      'Held NotObserved',
    ],
    [
      'is held while its redundancy is not met',
      { order: { ...orderOf(), status: statusOf(2, 'False') } },
      'Held SpreadViolated as the region says',
    ],
    [
      'is held while the other slot of a pair is not ready',
      { order: { ...orderOf({ pattern: 'A-B' }), status: statusOf(1) } },
      'Held InstancesMissing main: not all of 2 are ready',
    ],
  ])('%s', (_, more, told) => {
    const answer = answerForZone(question(more));
    const text = answer ? [answer.verdict, answer.reason, answer.message].filter(Boolean).join(' ') : 'not concerned';
    expect(text.startsWith(told) ? told : text).toBe(told);
  });

  it('is not concerned once its order is being deleted', () => {
    const { metadata, ...order } = orderOf();
    const deleted = { ...order, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(answerForZone(question({ order: deleted }))).toBeUndefined();
  });
});
