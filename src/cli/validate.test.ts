import { beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../../test/support/cli-world.ts';
import { aGroup } from '../../test/support/objects.ts';
import { RESOURCES } from '../api/resources.ts';
import { LEASE } from '../kube/kinds.ts';
import { microTime } from '../kube/micro-time.ts';
import type { Check } from './views/validate.ts';

let world: CliWorld;

const region = (name: string, state: string, reason: string) => ({
  region: name,
  state,
  reason,
  message: 'so it is',
  activeServices: 1,
});
const stated = (type: string, status: string) => ({
  type,
  status,
  reason: 'AsDeclared',
  message: 'as it is',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const well = {
  regions: [region('us-east', 'Healthy', 'RegionHealthy'), region('us-west', 'Healthy', 'RegionHealthy')],
  conditions: [stated('CapacityReserved', 'True'), stated('SurvivesRegionLoss', 'True')],
};
/** Who leads at a site, and when that was last renewed, counted from now. */
async function led(cluster: string, name: string, agoMs: number): Promise<void> {
  const renewTime = microTime(world.clock.now().wallMs - agoMs);
  const spec = { holderIdentity: 'pod_1', leaseDurationSeconds: 3, renewTime };
  const metadata = { name, namespace: 'switchback-system' };
  await world.give(cluster, LEASE, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
}
/** What the API server says to whoever asks whether it may. */
function allow(may: (verb: string, resource: string) => boolean): void {
  const { client } = world.at('hub');
  const create = client.create.bind(client);
  Object.assign(client, {
    create: async (resource: never, object: { kind: string; spec: { resourceAttributes: Record<string, string> } }) => {
      if (object.kind !== 'SelfSubjectAccessReview') return create(resource, object as never);
      const { resource: kind = '', verb = '' } = object.spec.resourceAttributes;
      return { ...object, status: { allowed: may(verb, kind) } };
    },
  });
}

async function checks(): Promise<readonly Check[]> {
  await world.run('validate', '-o', 'json');
  return JSON.parse(world.written);
}
const resultsOf = (all: readonly Check[], subject: string) =>
  Object.fromEntries(all.filter((each) => each.subject === subject).map(({ result, what }) => [what, result]));

beforeEach(() => {
  world = new CliWorld('us-east');
  allow(() => true);
});

describe('validate', () => {
  it('finds nothing wrong where all is well, and skips what it cannot look at', async () => {
    await world.give('hub', RESOURCES.iuGroup, aGroup('americas', ['us-east', 'us-west']), well);
    await led('hub', 'switchback-hub', 500);
    await led('us-east', 'switchback-agent', 500);
    expect(await world.run('validate')).toBe(0);
    expect(resultsOf(await checks(), 'credentials')).toEqual({
      'us-east': 'Ok',
      'us-west': 'Ok',
      'context us-east': 'Ok',
      'context us-west': 'Skipped',
    });
    expect(resultsOf(await checks(), 'clocks')).toEqual({ 'clock of the hub': 'Ok', 'clock of us-east': 'Ok' });
  });

  it('fails where credentials, capacity or what every command needs are missing', async () => {
    const lacking = {
      regions: [region('us-east', 'Unknown', 'CredentialsInvalid'), region('us-west', 'Lost', 'RegionLost')],
      conditions: [stated('CapacityReserved', 'False')],
    };
    await world.give('hub', RESOURCES.iuGroup, aGroup('americas', ['us-east', 'us-west']), lacking);
    allow((verb, resource) => verb !== 'create' && resource !== 'tenants');
    expect(await world.run('validate')).toBe(3);
    const all = await checks();
    expect(resultsOf(all, 'credentials')).toMatchObject({ 'us-east': 'Failed', 'us-west': 'Warning' });
    expect(resultsOf(all, 'capacity')).toEqual({
      'CapacityReserved of americas': 'Failed',
      'SurvivesRegionLoss of americas': 'Failed',
    });
    expect(resultsOf(all, 'permissions')).toMatchObject({
      'list tenants': 'Failed',
      'create regionswitches': 'Warning',
      'list iugroups': 'Ok',
    });
    expect(resultsOf(all, 'operator')).toMatchObject({ 'leader of the hub': 'Failed' });
  });

  it.each([
    ['is well', 2500, 'Ok', 'Ok'],
    ['is ahead', -5000, 'Ok', 'Failed'],
    ['has not been renewed for long', 60_000, 'Failed', 'Skipped'],
  ])('tells a leader whose clock %s', async (_, agoMs, leader, clock) => {
    await world.give('hub', RESOURCES.iuGroup, aGroup('americas', ['us-east', 'us-west']), well);
    await led('hub', 'switchback-hub', agoMs);
    const all = await checks();
    expect(resultsOf(all, 'operator')).toMatchObject({ 'leader of the hub': leader });
    expect(resultsOf(all, 'clocks')).toMatchObject({ 'clock of the hub': clock });
  });

  it.each([
    ['Ok', 'True', 'Healthy', 'RegionHealthy'],
    ['Warning', 'False', 'Healthy', 'RegionHealthy'],
    ['Warning', 'False', 'Unknown', 'CredentialsInvalid'],
    ['Failed', undefined, 'Unknown', 'CredentialsInvalid'],
  ] as const)('says that it runs no plugin, and what the hub found: %s', async (result, status, state, reason) => {
    const clusterProfileRef = { name: 'us-east', namespace: 'fleet' };
    const group = aGroup('americas', [{ region: 'us-east', credentials: { clusterProfileRef } }]);
    const conditions = [...well.conditions, ...(status ? [stated('CredentialsRenewed', status)] : [])];
    await world.give('hub', RESOURCES.iuGroup, group, { regions: [region('us-east', state, reason)], conditions });
    const all = await checks();
    expect(resultsOf(all, 'credentials')).toMatchObject({
      'us-east': state === 'Healthy' ? 'Ok' : 'Failed',
      'plugin for us-east': 'Skipped',
      'CredentialsRenewed of americas': result,
    });
    expect(all.find(({ what }) => what === 'plugin for us-east')?.message).toContain('not run here');
  });

  it('changes nothing', async () => {
    await world.give('hub', RESOURCES.iuGroup, aGroup('americas', ['us-east']), well);
    const before = (await world.at('hub').client.list(RESOURCES.iuGroup)).items;
    await world.run('validate');
    expect((await world.at('hub').client.list(RESOURCES.iuGroup)).items).toEqual(before);
  });
});
