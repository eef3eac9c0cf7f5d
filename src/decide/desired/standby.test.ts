import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceClass } from '../../../test/support/arbitraries.ts';
import { aBackup, aClass, aGate, aGroup, anInstance, anOrder, IMAGE } from '../../../test/support/objects.ts';
import { LABELS, STANDBY_SERVICE } from '../../api/labels.ts';
import type { ServiceClass, StandbyMode, StandbySection } from '../../api/service-class.ts';
import { placeInstance } from '../placement.ts';
import { computeChildren } from './children.ts';
import type { Order } from './object.ts';
import { computeStandby, standbyPodsOf } from './standby.ts';

const READ = { args: ['--read-only'] };
type Input = Readonly<Record<string, unknown>>;

function orderOf(wanted: ServiceClass, standby?: StandbyMode, more: Input = {}): Order {
  const plan = placeInstance(anInstance('mail', { agents: 10 }), wanted, aGroup('americas', ['us-east', 'us-west']));
  if (!plan.ok) throw new Error(plan.message);
  const components = plan.regions[0]?.components ?? [];
  return anOrder('mail', components, { role: 'Standby', ...(standby && standby !== 'Cold' && { standby }), ...more });
}

/** The order of a region that stands by, of one component. */
const order = (mode: StandbyMode, component: Input, more: Input = {}): Order => {
  const crossRegion = { mode: 'Backup', fromTier: 'CrossRegionVoice', standby: mode };
  return orderOf(aClass('voice-mail', { crossRegion, components: [component] }), mode, more);
};

const linesOf = (given: Order): string[] => {
  const { services, workloads } = computeStandby(given);
  return [
    ...workloads.map(({ kind, metadata, spec }) => `${kind} ${metadata.name} ×${spec.replicas}`),
    ...services.map(({ metadata, spec }) => `Service ${metadata.name}${spec.clusterIP ? ' headless' : ''}`),
  ];
};
const containersOf = (given: Order) => computeStandby(given).workloads[0]?.spec.template.spec.containers ?? [];

describe('what runs on standby', () => {
  it.each<[string, StandbyMode, Input, string[]]>([
    ['Warm: one instance, and nobody reaches it', 'Warm', { standby: READ }, ['Deployment mail-main-standby ×1']],
    [
      'ReadOnly: a Service of its own too',
      'ReadOnly',
      { standby: READ },
      ['Deployment mail-main-standby ×1', 'Service mail-main-ro'],
    ],
    [
      'as many as it says',
      'Warm',
      { minInstances: 4, survives: 'Instance', standby: { ...READ, instances: 3 } },
      ['Deployment mail-main-standby ×3'],
    ],
    [
      'never more than would be active',
      'Warm',
      { pattern: 'A-A', standby: { ...READ, instances: 9 } },
      ['Deployment mail-main-standby ×2'],
    ],
    ['of a pair one, not two slots', 'Warm', { pattern: 'A-B', standby: READ }, ['Deployment mail-main-standby ×1']],
    ['the template itself where nothing writes', 'Warm', { writeBearing: false }, ['Deployment mail-main-standby ×1']],
    ['nothing of a component that stays cold', 'Warm', { standby: { instances: 0 } }, []],
    ['nothing that writes and does not say how not to', 'Warm', {}, []],
    ['nor does it say so with empty words', 'Warm', { standby: { args: [], env: [], command: [] } }, []],
    ['nothing on a cold standby', 'Cold', { standby: READ }, []],
    [
      'StatefulSet: with stable names',
      'ReadOnly',
      { template: { workload: 'StatefulSet' }, standby: READ },
      ['StatefulSet mail-main-standby ×1', 'Service mail-main-ro', 'Service mail-main-standby-headless headless'],
    ],
    [
      'no Service without a port',
      'ReadOnly',
      { template: { ports: [] }, standby: READ },
      ['Deployment mail-main-standby ×1'],
    ],
  ])('%s', (_name, mode, component, expected) => {
    expect(linesOf(order(mode, component))).toEqual(expected);
  });

  it('is refused again where an order says it of a component that writes', () => {
    const given = order('Warm', { standby: READ });
    const components = given.spec.components.map((one) => ({ ...one, standby: { instances: 1 } }));
    expect(linesOf({ ...given, spec: { ...given.spec, components } })).toEqual([]);
  });

  it('has other names than a zone of that name gives', () => {
    const zones = [{ zone: 'standby', instances: 1 }];
    const given = order('Warm', { pattern: 'A-A', standby: READ });
    const components = given.spec.components.map((one) => ({ ...one, zones }));
    const clashing = { ...given, spec: { ...given.spec, components } };
    const active = computeChildren(clashing, { running: true, selected: new Map(), gate: undefined });
    expect(active.workloads.map(({ metadata }) => metadata.name)).toEqual(['mail-main-standby']);
    expect(linesOf(clashing)[0]).toMatch(/^Deployment mail-main-standby-.{11} ×1$/);
  });
});

describe('a pod on standby', () => {
  const template = {
    command: ['/bin/store'],
    args: ['--data', '/data'],
    env: [
      { name: 'MODE', value: 'write' },
      { name: 'PORT', value: '80' },
    ],
  };
  it.each<[string, Partial<StandbySection>, object]>([
    ['its arguments', READ, { command: ['/bin/store'], args: ['--read-only'] }],
    ['its command, without the arguments of the other one', { command: ['/bin/reader'] }, { command: ['/bin/reader'] }],
    [
      'its variables over those of the template',
      { env: [{ name: 'MODE', value: 'read' }] },
      {
        ...{ command: template.command, args: template.args },
        env: [
          { name: 'PORT', value: '80' },
          { name: 'MODE', value: 'read' },
        ],
      },
    ],
  ])('has %s', (_name, standby, expected) => {
    const [container] = containersOf(order('Warm', { template, standby }));
    expect(container).toMatchObject(expected);
    expect('args' in (container ?? {})).toBe('args' in expected);
  });

  it('has resources of its own where it says so', () => {
    const resources = { requests: { cpu: '50m' } };
    expect(containersOf(order('Warm', { standby: { ...READ, resources } }))[0]).toMatchObject({ resources });
  });

  it('runs without a gate, where the active one has it', () => {
    const given = order('Warm', { template, standby: READ }, { fencing: 'Gate' });
    expect(JSON.stringify(containersOf(given))).not.toContain('gate');
    const active = computeChildren(given, { running: true, selected: new Map(), gate: aGate() });
    expect(JSON.stringify(active.workloads)).toContain('"gate"');
  });

  describe('with overrides', () => {
    const overrides = {
      priorityClassName: 'voice',
      containers: [{ name: 'main', image: IMAGE, command: ['/bin/writer'], env: [{ name: 'MODE', value: 'write' }] }],
      initContainers: [{ name: 'migrate', image: IMAGE }],
    };
    const env = [{ name: 'MODE', value: 'read' }];

    it('starts nothing that the overrides of a component that writes start', () => {
      const given = order('Warm', { template: { ...template, overrides }, standby: READ });
      const { spec } = computeStandby(given).workloads[0]?.spec.template ?? { spec: { containers: [] } };
      expect(spec).toMatchObject({
        priorityClassName: 'voice',
        containers: [{ name: 'main', command: ['/bin/store'], args: ['--read-only'] }],
      });
      expect(spec).not.toHaveProperty('initContainers');
    });

    it('starts what the section itself names, with the words of the section above it', () => {
      const standby = { ...READ, command: ['/bin/reader'], env, overrides: { containers: overrides.containers } };
      expect(containersOf(order('Warm', { template, standby }))).toEqual([
        { name: 'main', image: IMAGE, command: ['/bin/reader'], args: ['--read-only'], env },
      ]);
    });

    it('lets the section take away what the operator makes', () => {
      const standby = { ...READ, overrides: { tolerations: null, securityContext: { fsGroup: 7 } } };
      const given = order('Warm', {
        template: { overrides: { securityContext: { fsGroup: 1, runAsUser: 5 } } },
        standby,
      });
      const spec = computeStandby(given).workloads[0]?.spec.template.spec;
      expect(spec).toMatchObject({ securityContext: { runAsNonRoot: true, fsGroup: 7, runAsUser: 5 } });
      expect(spec).not.toHaveProperty('tolerations');
    });

    it('has those of a component that writes nothing', () => {
      const given = order('Warm', { writeBearing: false, template: { overrides } });
      expect(computeStandby(given).workloads[0]?.spec.template.spec).toMatchObject(overrides);
    });
  });
});

describe('a pod that stands by is told from all others', () => {
  const given = order('Warm', { standby: READ });
  const named = order('Warm', { template: { workload: 'StatefulSet' }, standby: READ });
  const labels = { [LABELS.service]: STANDBY_SERVICE, [LABELS.standbyOf]: 'mail' };
  const owned = (kind: string, name: string, controller = true) => [{ kind, name, controller }];
  const ours = owned('ReplicaSet', 'mail-main-standby-5d4f');

  it.each<[string, Order, object, object[], boolean]>([
    ['of its Deployment', given, labels, ours, true],
    ['of its StatefulSet', named, labels, owned('StatefulSet', 'mail-main-standby'), true],
    ['without labels', given, {}, ours, false],
    ['without the label of the standby', given, { [LABELS.service]: STANDBY_SERVICE }, ours, false],
    ['with the label of the service', given, { ...labels, [LABELS.service]: 'mail' }, ours, false],
    ['of another service', given, { ...labels, [LABELS.standbyOf]: 'chat' }, ours, false],
    ['that nobody made', given, labels, [], false],
    [
      'that does not belong to its maker any more',
      given,
      labels,
      owned('ReplicaSet', 'mail-main-standby-5', false),
      false,
    ],
    ['of an active Deployment', given, labels, owned('ReplicaSet', 'mail-main-5d4f'), false],
    ['of a StatefulSet that should be a Deployment', given, labels, owned('StatefulSet', 'mail-main-standby'), false],
    ['of a Job', given, labels, owned('Job', 'mail-main-standby'), false],
    ['of a standby that is not ordered', order('Cold', {}), labels, ours, false],
  ])('%s', (_name, by, given_, ownerReferences, expected) => {
    const pod = { metadata: { labels: given_, ownerReferences } } as Parameters<ReturnType<typeof standbyPodsOf>>[0];
    expect(standbyPodsOf(by)(pod)).toBe(expected);
  });
});

describe('for any class that stands by', () => {
  const anyOrder = fc
    .tuple(serviceClass, fc.constantFrom('Warm', 'ReadOnly'), fc.boolean())
    .map(([wanted, standby, writeBearing]) => {
      const components = wanted.spec.components.map((one) => ({
        ...one,
        writeBearing,
        standby: { instances: 2, ...(writeBearing && READ) },
      }));
      const crossRegion = { ...wanted.spec.crossRegion, mode: 'Backup' as const, standby };
      return orderOf({ ...wanted, spec: { ...wanted.spec, crossRegion, components } }, standby);
    });
  const active = (given: Order) => computeChildren(given, { running: true, selected: new Map(), gate: undefined });
  const selects = (selector: object, labels: object): boolean =>
    Object.entries(selector).every(([key, value]) => Object.entries(labels).some(([k, v]) => k === key && v === value));

  type Made = Pick<ReturnType<typeof active>, 'workloads' | 'services'>;
  const labelsOf = ({ workloads }: Made) => workloads.map(({ spec }) => spec.template.metadata.labels);
  const selectorsOf = ({ services, workloads }: Made) => [
    ...workloads.map(({ spec }) => spec.selector.matchLabels),
    ...services.map(({ spec }) => spec.selector),
  ];
  const meet = (selectors: readonly object[], pods: readonly object[]): boolean =>
    selectors.some((selector) => pods.some((labels) => selects(selector, labels)));

  it('nothing of the active side selects a pod that stands by, nor the other way round', () => {
    fc.assert(
      fc.property(anyOrder, (given) => {
        const [serving, standing] = [active(given), computeStandby(given)];
        const budgets = serving.pdbs.map(({ spec }) => spec.selector.matchLabels);
        expect(standing.workloads.length).toBeGreaterThan(0);
        expect(meet([...selectorsOf(serving), ...budgets], labelsOf(standing))).toBe(false);
        expect(meet(selectorsOf(standing), labelsOf(serving))).toBe(false);
        expect(labelsOf(standing).map((labels) => labels[LABELS.service])).not.toContain('mail');
      }),
    );
  });

  it('no name is used twice, and each workload is known by its pods', () => {
    fc.assert(
      fc.property(anyOrder, (given) => {
        const [serving, standing] = [active(given), computeStandby(given)];
        const isOnStandby = standbyPodsOf(given);
        for (const what of ['workloads', 'services'] as const) {
          const names = [...serving[what], ...standing[what]].map(({ metadata }) => metadata.name);
          expect(new Set(names).size).toBe(names.length);
          for (const name of names) expect(name).toMatch(/^(?=.{1,63}$)[a-z]([-a-z0-9]*[a-z0-9])?$/);
        }
        const podOf = ({ kind, metadata, spec }: (typeof serving.workloads)[number]) => {
          const owner = kind === 'Deployment' ? 'ReplicaSet' : kind;
          const name = kind === 'Deployment' ? `${metadata.name}-5d4f8` : metadata.name;
          const ownerReferences = [{ kind: owner, name, controller: true }];
          return { metadata: { labels: spec.template.metadata.labels, ownerReferences } };
        };
        expect(standing.workloads.map((one) => isOnStandby(podOf(one)))).not.toContain(false);
        expect(serving.workloads.map((one) => isOnStandby(podOf(one)))).not.toContain(true);
      }),
    );
  });
});

describe('a class that stands by cold', () => {
  it('makes of its active side what it always made', () => {
    const plain = orderOf(aClass('voice-mail', aBackup()));
    const warm = orderOf(
      aClass('voice-mail', {
        crossRegion: { mode: 'Backup', fromTier: 'CrossRegionVoice', standby: 'Warm' },
        components: [{ standby: READ }],
      }),
      'Warm',
    );
    const state = { running: true, selected: new Map(), gate: undefined };
    expect(computeChildren(warm, state)).toEqual(computeChildren(plain, state));
    expect(linesOf(plain)).toEqual([]);
  });
});
