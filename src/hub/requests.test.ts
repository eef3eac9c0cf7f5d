import { beforeEach, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aGroup } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { IUGroup, IUGroupStatus } from '../api/iu-group.ts';
import { ANNOTATIONS } from '../api/labels.ts';
import { type RegionSwitch, regionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import { Store } from '../kube/cache.ts';
import type { HubContext } from './context.ts';
import { answerRequest } from './requests.ts';

const NAME = 'americas-request-n-1';
const REQUEST = { nonce: 'n-1', type: 'Evacuate', region: 'east', reason: 'power', expiresAt: '2026-01-01T00:10:00Z' };

let direct: DirectClient;
let context: HubContext;
let events: string[];
let leads: boolean;

const groupWith = (request: object, status?: Partial<IUGroupStatus>): IUGroup => ({
  ...aGroup('americas', ['east', 'west']),
  metadata: { name: 'americas', annotations: { [ANNOTATIONS.request]: JSON.stringify(request) } },
  ...(status && { status: { observedGeneration: 1, ...status } }),
});
const answer = (group: IUGroup) => answerRequest(context, group, new AbortController().signal);

beforeEach(() => {
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.regionSwitch);
  direct = connectDirectly(server);
  events = [];
  leads = true;
  const switches = new Store<RegionSwitch>();
  switches.replace([], '1');
  context = partOf<HubContext>('context', {
    clock: new ManualClock(),
    client: direct.client,
    switches: { store: switches, reflector: { synced: true } },
    leadership: { isCertain: () => leads },
    events: { record: ({ note }: { note: string }) => events.push(note) },
  });
});

it('a request makes one RegionSwitch, and is remembered', async () => {
  const { requested, requests } = await answer(groupWith(REQUEST));
  expect(requested).toMatchObject({ status: 'True', message: `request n-1 made RegionSwitch ${NAME}` });
  const made = await direct.client.read(RESOURCES.regionSwitch, { name: NAME });
  expect(regionSwitch.spec.parse(made.spec)).toEqual(made.spec);
  expect(made.spec).toMatchObject({ type: 'Evacuate', trigger: 'Manual', region: 'east', reason: 'power' });
  expect(events).toEqual([`The annotation made RegionSwitch ${NAME}`]);
  // Deleted, and looked at again.
  await direct.client.delete(RESOURCES.regionSwitch, { name: NAME });
  const writes = direct.writes().length;
  const again = await answer(groupWith(REQUEST, { requests: [...requests] }));
  expect([again.requests, again.requested, direct.writes().length]).toEqual([requests, requested, writes]);
});

it('a request may name tenants', async () => {
  await answer(groupWith({ ...REQUEST, tenants: ['acme/one', 'acme/two'] }));
  const made = await direct.client.read(RESOURCES.regionSwitch, { name: NAME });
  expect(made.spec.tenants).toEqual(['acme/one', 'acme/two']);
  const { requested } = await answer(groupWith({ ...REQUEST, nonce: 'n-2', tenants: ['one'] }));
  expect(requested).toMatchObject({ status: 'False', message: expect.stringContaining("must be 'namespace/name'") });
});

it('a request changes what an earlier one made, once, and remembers what it did', async () => {
  const freeze = { nonce: 'n-1', type: 'Freeze', switchExpiresAt: '2026-01-01T01:00:00Z' };
  const made = await answer(groupWith({ ...REQUEST, ...freeze, region: undefined }));
  const { expiresAt, reason } = REQUEST;
  const resume = { nonce: 'n-2', type: 'Resume', expiresAt, reason };
  const { requested, requests } = await answer(groupWith(resume, { requests: [...made.requests] }));
  expect(requested).toMatchObject({ status: 'True', message: `request n-2 ended RegionSwitch ${NAME}` });
  expect(requests.map(({ change, nonce }) => [nonce, change])).toEqual([
    ['n-1', undefined],
    ['n-2', 'Resume'],
  ]);
  expect((await direct.client.read(RESOURCES.regionSwitch, { name: NAME })).spec.abort).toBe(true);
  expect(events.at(-1)).toBe(`The annotation changed RegionSwitch ${NAME}: Resume`);
  const writes = direct.writes().length;
  await answer(groupWith(resume, { requests: [...requests] }));
  expect(direct.writes()).toHaveLength(writes);
  const again = await answer(groupWith({ ...resume, nonce: 'n-3' }, { requests: [...requests] }));
  expect(again.requested).toMatchObject({ status: 'False', message: 'no freeze of a request is in force' });
  // Used up: it ends no freeze that is asked for later.
  const later = await answer(
    groupWith({ ...REQUEST, ...freeze, nonce: 'n-4', region: undefined }, { requests: [...again.requests] }),
  );
  const stale = await answer(groupWith({ ...resume, nonce: 'n-3' }, { requests: [...later.requests] }));
  expect(stale.requested).toEqual(again.requested);
  const calm = await direct.client.read(RESOURCES.regionSwitch, { name: 'americas-request-n-4' });
  expect(calm.spec.abort).toBe(false);
});

it('what a leader made before it fell is taken for made', async () => {
  await answer(groupWith(REQUEST));
  const second = await answer(groupWith(REQUEST));
  expect(second.requests).toHaveLength(1);
  expect(second.requested?.status).toBe('True');
});

it('a request that is refused makes nothing, and is told once', async () => {
  const bad = groupWith({ ...REQUEST, region: 'moon' });
  const { requested } = await answer(bad);
  expect(requested).toMatchObject({ status: 'False', reason: 'RequestInvalid' });
  if (!requested) throw new Error('it is told');
  const condition = { ...requested, lastTransitionTime: '2026-01-01T00:00:00Z' };
  await answer(groupWith({ ...REQUEST, region: 'moon' }, { conditions: [condition] }));
  expect(events).toEqual(['The annotation does nothing: region moon is no infrastructure unit of IU group americas']);
  expect(direct.writes()).toEqual([]);
});

it('a request waits for a leader, and for an answer', async () => {
  leads = false;
  expect((await answer(groupWith(REQUEST))).requested).toMatchObject({ status: 'False', reason: 'Progressing' });
  leads = true;
  direct.before = () => {
    throw new Error('no answer');
  };
  const { requested, requests } = await answer(groupWith(REQUEST));
  expect([requested?.reason, requests]).toEqual(['Progressing', []]);
});
