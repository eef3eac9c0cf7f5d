import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aClass, aGroup, anInstance, anOrder, anOrderedComponent, aSwitch } from '../../test/support/objects.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import { runCli } from './main.ts';

/** A hub with one group of two regions, and one service that is active in the first; nobody else is there. */
let clock: ManualClock;
let hub: DirectClient;
let written: string;
let complained: string;

const SELF_REVIEW: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
};

const healthy = (region: string) => ({
  region,
  state: 'Healthy',
  reason: 'RegionHealthy',
  message: '',
  activeServices: 1,
});
const survives = (status: string) => ({
  type: 'SurvivesRegionLoss',
  status,
  reason: 'AsDeclared',
  message: 'as forecast',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const ready = { ...survives('True'), type: 'Ready', message: 'all well' };

async function give<T extends KubeObject>(resource: Resource<T>, object: T, status?: unknown): Promise<void> {
  await hub.client.create(resource, object);
  const { name, namespace } = object.metadata;
  const where = namespace === undefined ? { name } : { name, namespace };
  if (status !== undefined) await hub.client.mergePatch(resource, where, { status }, { subresource: 'status' });
}

beforeEach(async () => {
  clock = new ManualClock();
  written = '';
  complained = '';
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  for (const resource of [...Object.values(RESOURCES), SELF_REVIEW]) server.serve(resource as Resource);
  hub = connectDirectly(server);
  await give(RESOURCES.iuGroup, aGroup('americas', ['us-east', 'us-west']), {
    regions: [healthy('us-east'), healthy('us-west')],
    conditions: [ready, survives('True')],
  });
  await give(
    RESOURCES.serviceClass,
    aClass('voice-mail', { crossRegion: { mode: 'Backup', fromTier: 'CrossRegionVoice' } }),
  );
  await give(RESOURCES.serviceInstance, anInstance('voice-mail-us'), {
    assignment: {
      epoch: 3,
      activeRegion: 'us-east',
      successors: ['us-west'],
      reason: 'Assigned',
      since: '2026-01-01T00:00:00Z',
    },
    placements: [
      { region: 'us-east', role: 'Active', phase: 'Active', epoch: 3, planned: 2, ready: 2 },
      { region: 'us-west', role: 'Standby', phase: 'Standby', epoch: 3, planned: 2, ready: 0 },
    ],
    conditions: [ready],
  });
});

function cli(...args: string[]): Promise<number> {
  const terminal = {
    out: (text: string) => {
      written += text;
    },
    err: (text: string) => {
      complained += text;
    },
    isTerminal: false,
    env: {},
  };
  return runCli(args, terminal, { clock, connect: async () => hub.client });
}
const switches = async (): Promise<readonly RegionSwitch[]> => (await hub.client.list(RESOURCES.regionSwitch)).items;

describe('status', () => {
  it('shows on one screen what is where, without colours in a pipe', async () => {
    expect(await cli('status')).toBe(0);
    expect(written).toMatchInlineSnapshot(`
      "IU group americas   ready
      Any one region may be lost now: yes, as forecast

      REGION    STATE     WHY             ACTIVE   MAY BE LOST NOW
      us-east   Healthy   RegionHealthy   1        unknown
      us-west   Healthy   RegionHealthy   1        unknown

      Ready, and where it belongs: 1 service (-o wide shows which)
      "
    `);
  });

  it('shows every service with -o wide, and everything as data', async () => {
    await cli('status', '-o', 'wide');
    expect(written).toContain('switchback-system/voice-mail-us   us-east   3');
    written = '';
    await cli('status', '-o', 'json');
    expect(JSON.parse(written)).toMatchObject([{ group: 'americas', ready: true, survivesRegionLoss: true }]);
    written = '';
    await cli('-o', 'yaml', 'status');
    expect(written).toMatch(/^- group: americas\n/);
  });

  it('tells a script with --check that a region may not be lost', async () => {
    expect(await cli('status', '--check')).toBe(0);
    await hub.client.mergePatch(
      RESOURCES.iuGroup,
      { name: 'americas' },
      { status: { conditions: [ready, survives('False')] } },
      { subresource: 'status' },
    );
    expect(await cli('status', '--check')).toBe(3);
    expect(await cli('status')).toBe(0);
  });
});

describe('explain', () => {
  it('says why a service is where it is, and why not elsewhere', async () => {
    expect(await cli('explain', 'voice-mail-us')).toBe(0);
    expect(written).toContain(
      'active in us-east since 2026-01-01T00:00:00Z at epoch 3: it was placed there when it was first assigned',
    );
    expect(written).toContain('us-west   Standby   may follow: Standby');
  });

  it('tells the mode in force, not the one that is wanted', async () => {
    const { assignment } = (await hub.client.list(RESOURCES.serviceInstance)).items[0]?.status ?? {};
    await hub.client.mergePatch(
      RESOURCES.serviceInstance,
      { name: 'voice-mail-us', namespace: 'switchback-system' },
      { status: { assignment: { ...assignment, mode: 'None' } } },
      { subresource: 'status' },
    );
    expect(await cli('explain', 'voice-mail-us')).toBe(0);
    expect(written).toContain('class voice-mail, mode None');
  });

  it('says what there is not', async () => {
    expect(await cli('explain', 'nothing')).toBe(1);
    expect(complained).toBe('error: there is no ServiceInstance nothing\n');
  });
});

describe('a switch', () => {
  it('is made as a person would have applied it', async () => {
    expect(
      await cli('evacuate', 'us-east', '--reason', 'maintenance', '--service', 'switchback-system/voice-mail-us'),
    ).toBe(0);
    expect((await switches()).map(({ spec }) => spec)).toEqual([
      {
        type: 'Evacuate',
        region: 'us-east',
        services: ['switchback-system/voice-mail-us'],
        reason: 'maintenance',
        iuGroupRef: { name: 'americas' },
      },
    ]);
    expect(written).toMatch(/^regionswitch.switchback.dev\/evacuate-us-east-\d{8}-\d{6} created\n$/);
  });

  it.each([
    ['a reason', ['failover', 'us-east'], 'say why with --reason'],
    ['a region of the group', ['failover', 'mars', '--reason', 'x'], 'has no region mars; it has us-east, us-west'],
    [
      'a group that there is',
      ['-g', 'asia', 'failover', 'us-east', '--reason', 'x'],
      'there is no IU group asia; there is americas',
    ],
    ['a verb that moves something', ['plan', 'freeze', 'us-east'], 'freeze cannot be planned'],
    ['a duration', ['freeze', '--for', 'long', '--reason', 'x'], 'long is no duration'],
    [
      'a service by its whole name',
      ['evacuate', 'us-east', '--reason', 'x', '--service', 'voice'],
      "must be 'namespace/name'",
    ],
  ])('needs %s', async (_, args, message) => {
    expect(await cli(...args)).not.toBe(0);
    expect(complained).toContain(message);
    expect(await switches()).toEqual([]);
  });

  it('is planned without anything being left behind', async () => {
    const plan = {
      moves: 0,
      held: 1,
      stays: 0,
      services: [
        {
          name: 'switchback-system/voice-mail-us',
          verdict: 'Held',
          from: 'us-east',
          to: 'us-west',
          reason: 'Frozen',
          message: 'until noon',
        },
      ],
    };
    hub.after = ({ method, path }) => {
      if (method !== 'POST' || !path.endsWith('regionswitches')) return;
      hub.after = () => undefined;
      void switches().then(([made]) =>
        hub.client.mergePatch(
          RESOURCES.regionSwitch,
          { name: made?.metadata.name ?? '' },
          { status: { plan } },
          { subresource: 'status' },
        ),
      );
    };
    const answer = cli('plan', 'evacuate', 'us-east');
    await clock.advance(1000);
    expect(await answer).toBe(3);
    expect(written).toContain('Plan: 0 move, 0 drain, 1 are held, 0 stay');
    expect(written).toContain('switchback-system/voice-mail-us   Held   us-east → us-west');
    expect(await switches()).toEqual([]);
  });

  it('that nobody plans ends the wait in time, and leaves nothing behind', async () => {
    const answer = cli('plan', 'evacuate', 'us-east');
    await clock.advance(60_000);
    expect(await answer).toBe(4);
    expect(complained).toContain('the plan did not come within 30 s');
    expect(await switches()).toEqual([]);
  });

  it('is approved in the name of who asks', async () => {
    await give(RESOURCES.regionSwitch, aSwitch('leave'));
    expect(await cli('approve', 'leave', '--comment', 'go', '--for', '1h')).toBe(0);
    const [one] = await switches();
    expect(one?.spec.approvals).toMatchObject([{ by: 'unknown', comment: 'go' }]);
  });

  it.each([
    [['abort', 'leave'], { abort: true }],
    [['abort', 'leave', '--undo'], { abort: true, undo: true }],
    [['pause', 'leave'], { pause: true }],
    [['resume', 'leave'], { pause: false }],
  ])('is changed by %j', async (args, expected) => {
    await give(RESOURCES.regionSwitch, aSwitch('leave', { pause: args[0] === 'resume' }));
    expect(await cli(...args)).toBe(0);
    expect((await switches())[0]?.spec).toMatchObject(expected);
  });
});

describe('the command line', () => {
  it('shows its commands, and what is wrong with them', async () => {
    expect(await cli('--help')).toBe(0);
    expect(written).toContain('what-if [region]');
    expect(await cli('frobnicate')).toBe(2);
    expect(complained).toContain("unknown command 'frobnicate'");
  });
});

describe('report', () => {
  it('leaves out what may not be read, says so, and collects the rest', async () => {
    const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
    const { serviceClass: _, ...readable } = RESOURCES;
    for (const resource of Object.values(readable)) server.serve(resource as Resource);
    hub = connectDirectly(server);
    await give(RESOURCES.iuGroup, aGroup('americas', ['us-east', 'us-west']));
    await give(RESOURCES.regionSwitch, aSwitch('moved', { region: 'us-east' }));
    const folder = await mkdtemp(join(tmpdir(), 'switchback-report-'));
    try {
      expect(await cli('report', '--dir', folder)).toBe(0);
      expect((await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort()).toEqual([
        'iugroups.yaml',
        'regionswitches.yaml',
        'serviceinstances.yaml',
        'tenants.yaml',
      ]);
      expect(await readFile(join(folder, 'status.txt'), 'utf8')).toContain('IU group americas');
      expect(await readdir(join(folder, 'receipts'))).toEqual(['moved.md']);
      const left = (await readFile(join(folder, 'left-out.txt'), 'utf8')).split('\n');
      expect(left.map((line) => line.split(':')[0])).toEqual(['serviceclasses', 'leases', 'events', '']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('may-uninstall', () => {
  const order = (role: 'Active' | 'Standby', standbyEpoch: number, more: Record<string, unknown> = {}) => ({
    ...anOrder('mail', [anOrderedComponent()], { role, epoch: 3, ...more }),
    status: { observedGeneration: 1, standbyEpoch, phase: role },
  });
  it.each([
    ['nothing is there', [], 0],
    ['a service that has confirmed that it stands by', [order('Standby', 3)], 0],
    ['one that needs no right', [order('Active', 0, { mode: 'Active' })], 0],
    ['one that is active', [order('Active', 0)], 3],
    ['one that is to stand by, and has not confirmed it', [order('Standby', 2)], 3],
  ])('with %s', async (_name, orders, code) => {
    for (const one of orders) await give(RESOURCES.regionalService, one, one.status);
    expect(await cli('may-uninstall')).toBe(code);
    expect(complained.includes('switchback-system/mail')).toBe(code === 3);
  });
});
