import { beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../../test/support/cli-world.ts';
import {
  aBackup,
  aClass,
  aGroup,
  anInstance,
  anOrder,
  anOrderedComponent,
  aSwitch,
} from '../../test/support/objects.ts';
import { API_VERSION } from '../api/common.ts';
import { LABELS } from '../api/labels.ts';
import type { HubMark } from '../api/region-lease.ts';
import { RESOURCES } from '../api/resources.ts';
import { digestOf } from '../decide/missing.ts';
import { LEASE } from '../kube/kinds.ts';

/** A hub that was made anew: it has one of two services that the regions hold, and none of the tenants. */
let world: CliWorld;
const OLD: HubMark = { nonce: 'n1', term: 7, by: 'old_1', record: 'old/90', grants: {} };
const MISSING = { services: ['switchback-system/record'], tenants: ['customers/acme'] };

const orderOf = (name: string, epoch: number, activeRegion: string) => {
  const order = anOrder(name, [anOrderedComponent()], { epoch, activeRegion });
  return { ...order, metadata: { ...order.metadata, labels: { [LABELS.iuGroup]: 'americas' } } };
};
const leaseOf = (region: string, hub: HubMark) => ({
  apiVersion: API_VERSION,
  kind: 'RegionLease',
  metadata: { name: region },
  spec: { agent: { nonce: 'n2' }, hub },
});
const condition = (status: 'True' | 'False', reason: string) => ({
  conditions: [
    { type: 'Inherited', status, reason, message: `it is ${reason}`, lastTransitionTime: '2026-01-01T00:00:00Z' },
  ],
});
const annotations = async () =>
  (await world.at('hub').client.read(RESOURCES.iuGroup, { name: 'americas' })).metadata.annotations;

beforeEach(async () => {
  world = new CliWorld('us-east', 'us-west');
  await world.give(
    'hub',
    RESOURCES.iuGroup,
    aGroup('americas', ['us-east', 'us-west']),
    condition('False', 'PredecessorUnproved'),
  );
  await world.give('hub', RESOURCES.serviceClass, aClass('voice-mail', aBackup()));
  await world.give('hub', RESOURCES.serviceInstance, anInstance('mail'));
  await world.give('us-east', RESOURCES.regionLease, leaseOf('us-east', OLD));
  await world.give('us-west', RESOURCES.regionLease, leaseOf('us-west', { ...OLD, term: 6, record: 'old/80' }));
  await world.give('us-east', RESOURCES.regionalService, orderOf('mail', 3, 'us-east'));
  await world.give('us-west', RESOURCES.regionalService, orderOf('mail', 4, 'us-west'));
  await world.give('us-west', RESOURCES.regionalService, orderOf('record', 2, 'us-west'));
  const tenant = { name: 'customers/acme', plan: 'p' } as never;
  await world.give('us-west', RESOURCES.tenantDirectory, {
    apiVersion: API_VERSION,
    kind: 'TenantDirectory',
    metadata: { name: 'americas' },
    spec: { iuGroup: 'americas', shard: '', plans: [], tenants: [tenant] },
  });
});

describe('restore-hub', () => {
  it('shows what the regions say, what would be taken over and what is missing, and changes nothing', async () => {
    await world.give('hub', RESOURCES.regionSwitch, aSwitch('old-request'));
    expect(await world.run('restore-hub')).toBe(3);
    expect(world.written).toMatchInlineSnapshot(`
      "IU group americas   PredecessorUnproved
      it is PredecessorUnproved

      REGION    LAST ANSWERED BY          TERM   RECORD
      us-east   another process (old_1)   7      old/90
      us-west   another process (old_1)   6      old/80

      SERVICE                    ACTIVE IN   EPOCH   KNOWN IN   RECORDED HERE
      switchback-system/mail     us-west     4       us-west    to be taken over
      switchback-system/record   us-west     2       us-west    to be taken over

      Without a manifest on this hub (digest 0d2l34m862m):
        service switchback-system/record
        tenant customers/acme

      Requests that this hub would carry out: abort what is old
        old-request

      Other hubs that regions remember: old/90
      "
    `);
    expect(await annotations()).toBeUndefined();
  });

  it('says of a region that it cannot be read, and goes by the others', async () => {
    world = Object.assign(new CliWorld('us-east'), {});
    await world.give('hub', RESOURCES.iuGroup, aGroup('americas', ['us-east', 'us-west']));
    expect(await world.run('restore-hub', '-o', 'json')).toBe(3);
    expect(JSON.parse(world.written)).toMatchObject({
      regions: [{ region: 'us-east' }, { region: 'us-west', error: 'there is no context us-west' }],
    });
  });

  it('has nothing to do where the hub has all, and the regions know no other', async () => {
    world = new CliWorld('us-east');
    await world.give('hub', RESOURCES.iuGroup, aGroup('americas', ['us-east']), condition('True', 'HubInherited'));
    await world.give('hub', RESOURCES.serviceInstance, anInstance('mail'), { assignment: { epoch: 4 } });
    const spec = { holderIdentity: 'new_1' };
    const metadata = { name: 'switchback-hub', namespace: 'switchback-system' };
    await world.give('hub', LEASE, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
    await world.give('us-east', RESOURCES.regionLease, leaseOf('us-east', { ...OLD, by: 'new_1', record: 'new/4' }));
    await world.give('us-east', RESOURCES.regionalService, orderOf('mail', 4, 'us-east'));
    expect(await world.run('restore-hub', '-o', 'json')).toBe(0);
    expect(JSON.parse(world.written)).toMatchObject({ isDone: true, otherHubs: [], services: [{ recorded: 4 }] });
    expect(await world.run('restore-hub', '--confirm-stopped')).toBe(0);
    expect(world.written).toContain('nothing is to be confirmed');
  });

  it('confirms that the hubs are stopped that regions remember, by what they were last seen to be', async () => {
    const answer = world.run('restore-hub', '--confirm-stopped', '--watch', '10s');
    await world.clock.advance(10_000);
    expect(await answer).toBe(0);
    expect(await annotations()).toEqual({ 'switchback.dev/hub-stopped': 'old/90' });
  });

  it('does not confirm it of a hub that answers', async () => {
    const answer = world.run('restore-hub', '--confirm-stopped');
    await world.clock.advance(5000);
    const hub = { nonce: 'n2' };
    await world.at('us-west').client.mergePatch(RESOURCES.regionLease, { name: 'us-west' }, { spec: { hub } });
    await world.clock.advance(15_000);
    expect(await answer).toBe(3);
    expect(world.complained).toContain('a hub has answered us-west just now');
    expect(await annotations()).toBeUndefined();
  });

  it('accepts what is missing by the digest that was shown, and no other', async () => {
    expect(await world.run('restore-hub', '--accept-missing', 'another')).toBe(3);
    expect(await annotations()).toBeUndefined();
    expect(await world.run('restore-hub', '--accept-missing', digestOf(MISSING))).toBe(0);
    expect(await annotations()).toEqual({ 'switchback.dev/missing-accepted': digestOf(MISSING) });
  });
});
