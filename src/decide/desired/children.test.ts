import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceClass } from '../../../test/support/arbitraries.ts';
import { aComponent, anOrder } from '../../../test/support/objects.ts';
import type { ComponentOrder } from '../../api/regional-service.ts';
import type { Component } from '../../api/service-class.ts';
import { layoutComponent } from '../layout.ts';
import { type Children, computeChildren } from './children.ts';

const ZONES = ['us-east-a', 'us-east-b'];

function layouts(components: readonly Component[], zones = ZONES): ComponentOrder[] {
  return components.flatMap((component) => {
    const layout = layoutComponent(component, { agents: 1000, zones });
    return layout.ok ? [layout.order] : [];
  });
}

type Input = Parameters<typeof aComponent>[0];
const orderOf = (...components: Input[]) => anOrder('voice-mail-us-east', layouts(components.map(aComponent)));
const childrenOf = (input: Input, running = true, selected: ('a' | 'b')[] = ['a']): Children =>
  computeChildren(orderOf(input), { running, selected: new Map([['main', selected]]), gate: undefined });

const namesOf = ({ workloads, services, pdbs }: Children) => ({
  workloads: workloads.map(({ kind, metadata, spec }) => `${kind} ${metadata.name} ×${spec.replicas}`),
  services: services.map(({ metadata }) => metadata.name),
  pdbs: pdbs.map(({ metadata, spec }) => `${metadata.name} ≥${spec.minAvailable}`),
});

describe('computeChildren', () => {
  it.each([
    [
      'PerZone: a workload for each zone',
      { pattern: 'A-A' },
      {
        workloads: [
          'Deployment voice-mail-us-east-main-us-east-a ×1',
          'Deployment voice-mail-us-east-main-us-east-b ×1',
        ],
        services: ['voice-mail-us-east-main'],
        pdbs: ['voice-mail-us-east-main ≥1'],
      },
    ],
    [
      'Spread: one workload, and no budget for a single instance',
      { pattern: 'A' },
      { workloads: ['Deployment voice-mail-us-east-main ×1'], services: ['voice-mail-us-east-main'], pdbs: [] },
    ],
    [
      'Spread with a spare',
      { minInstances: 3, survives: 'Instance' },
      {
        workloads: ['Deployment voice-mail-us-east-main ×4'],
        services: ['voice-mail-us-east-main'],
        pdbs: ['voice-mail-us-east-main ≥3'],
      },
    ],
    [
      'Pairs: a workload for each slot, a Service and a budget for each pair',
      { pattern: 'A-B' },
      {
        workloads: ['Deployment voice-mail-us-east-main-0-a ×1', 'Deployment voice-mail-us-east-main-0-b ×1'],
        services: ['voice-mail-us-east-main-0'],
        pdbs: ['voice-mail-us-east-main-0 ≥1'],
      },
    ],
    [
      'StatefulSet: a headless Service too',
      { pattern: 'A', template: { workload: 'StatefulSet' } },
      {
        workloads: ['StatefulSet voice-mail-us-east-main ×1'],
        services: ['voice-mail-us-east-main', 'voice-mail-us-east-main-headless'],
        pdbs: [],
      },
    ],
  ])('%s', (_name, input, expected) => {
    expect(namesOf(childrenOf(input))).toEqual(expected);
  });

  it('keeps everything at 0 while it does not run, and the selectors of workloads as they are', () => {
    const running = childrenOf({ pattern: 'A-B' });
    const stopped = childrenOf({ pattern: 'A-B' }, false);
    expect(stopped.workloads.map(({ spec }) => spec.replicas)).toEqual([0, 0]);
    expect(stopped.workloads.map(({ spec }) => spec.selector)).toEqual(
      running.workloads.map(({ spec }) => spec.selector),
    );
  });

  it('belongs to its order, so that nothing outlives it', () => {
    const owner = {
      apiVersion: 'switchback.dev/v1alpha1',
      kind: 'RegionalService',
      name: 'voice-mail-us-east',
      uid: '7d3e',
      controller: true,
      blockOwnerDeletion: true,
    };
    const { workloads, services, pdbs } = childrenOf({ pattern: 'A-B' });
    for (const { metadata } of [...workloads, ...services, ...pdbs]) expect(metadata.ownerReferences).toEqual([owner]);
  });
});

describe('computeChildren: a zone that is kept empty', () => {
  const sizes = (input: Input, emptyZone: string) => {
    const children = computeChildren(orderOf(input), {
      running: true,
      selected: new Map(),
      gate: undefined,
      emptyZone,
    });
    return children.workloads.map(({ spec }) => {
      const terms = JSON.stringify(spec.template.spec['affinity']).match(/"values":(\[[^\]]*\])/)?.[1];
      return `${spec.replicas} in ${terms}`;
    });
  };
  it.each<[string, Input, string, string[]]>([
    ['PerZone: its workload is at 0', { pattern: 'A-A' }, 'us-east-a', ['0 in ["us-east-a"]', '1 in ["us-east-b"]']],
    ['Pairs: its slot is at 0', { pattern: 'A-B' }, 'us-east-b', ['1 in ["us-east-a"]', '0 in ["us-east-b"]']],
    ['Spread: it may stand in the others', { survives: 'Instance' }, 'us-east-a', ['2 in ["us-east-b"]']],
    ['another zone changes nothing', { pattern: 'A-B' }, 'us-east-z', ['1 in ["us-east-a"]', '1 in ["us-east-b"]']],
  ])('%s', (_, input, zone, expected) => {
    const slots = sizes(input, zone);
    expect(slots.toSorted(byZone)).toEqual(expected);
  });

  it('keeps every object, so that nothing is removed and made anew', () => {
    const order = orderOf({ pattern: 'A-B' });
    const how = { running: true, selected: new Map([['main', ['a' as const]]]), gate: undefined };
    const { pdbs, services, workloads } = computeChildren(order, { ...how, emptyZone: 'us-east-a' });
    const whole = computeChildren(order, how);
    expect([pdbs, services]).toEqual([whole.pdbs, whole.services]);
    expect(workloads.map(({ metadata }) => metadata)).toEqual(whole.workloads.map(({ metadata }) => metadata));
  });
});

const byZone = (x: string, y: string): number => (x.slice(2) < y.slice(2) ? -1 : 1);

describe('computeChildren: what Services select', () => {
  const selectors = (children: Children) =>
    children.services.map(({ spec }) => spec.selector['switchback.dev/slot'] ?? '-');
  it.each([
    ['all of a pool', {}, true, [], ['-']],
    ['nothing while it does not run', {}, false, [], ['fenced']],
    ['the selected slot of a pair', { pattern: 'A-B' }, true, ['b'], ['b']],
    ['nothing of a pair before a slot is chosen', { pattern: 'A-B' }, true, [], ['fenced']],
    ['nothing of a pair that does not run', { pattern: 'A-B' }, false, ['a'], ['fenced']],
    ['a slot of each pair', { of: 'A-B' }, true, ['a', 'b'], ['a', 'b']],
    [
      'nothing by its headless Service either',
      { template: { workload: 'StatefulSet' } },
      false,
      [],
      ['fenced', 'fenced'],
    ],
  ] as const)('%s', (_name, input, running, selected, expected) => {
    expect(selectors(childrenOf(input, running, [...selected]))).toEqual(expected);
  });

  it('is a headless Service where a component has no port', () => {
    const [service] = childrenOf({ template: { ports: [] } }).services;
    expect(service?.spec).toMatchObject({ clusterIP: 'None' });
    expect(service?.spec).not.toHaveProperty('ports');
  });
});

describe('computeChildren: pods', () => {
  const podOf = (input: Input) => childrenOf(input).workloads[0]?.spec.template;
  const zoneTerm = (...zones: string[]) => ({ key: 'topology.kubernetes.io/zone', operator: 'In', values: zones });
  const termsOf = (input: Input) => {
    const affinity = podOf(input)?.spec['affinity'];
    expect(affinity).toHaveProperty('nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms');
    return JSON.parse(JSON.stringify(affinity)).nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
      .nodeSelectorTerms;
  };

  it('are bound to the zone of their workload, or to all zones of a spread one', () => {
    expect(termsOf({ pattern: 'A-A' })).toEqual([{ matchExpressions: [zoneTerm('us-east-a')] }]);
    expect(termsOf({ pattern: 'A' })).toEqual([{ matchExpressions: [zoneTerm(...ZONES)] }]);
  });

  it('carry a fixed list of labels', () => {
    expect(podOf({ pattern: 'A-A' })?.metadata).toEqual({
      labels: {
        'switchback.dev/service': 'voice-mail-us-east',
        'switchback.dev/component': 'main',
        'switchback.dev/zone': 'us-east-a',
        'switchback.dev/service-class': 'voice-mail',
        'app.kubernetes.io/managed-by': 'switchback',
        'app.kubernetes.io/part-of': 'switchback',
        'app.kubernetes.io/name': 'voice-mail',
        'app.kubernetes.io/component': 'main',
      },
    });
  });

  it('are told what their region shows, whatever the overrides say', () => {
    const containers = [{ name: 'main', env: [{ name: 'A', value: '1' }] }, { name: 'side' }];
    const envsOf = (template: object, view?: string) => {
      const order = anOrder('pulse', layouts([aComponent({ template: { ...template } })]), { mode: 'Active', view });
      const { workloads } = computeChildren(order, { running: true, selected: new Map(), gate: undefined });
      return workloads[0]?.spec.template.spec.containers.map(({ env }) => env);
    };
    const told = { name: 'SWITCHBACK_VIEW', value: 'Limited' };
    expect(envsOf({ env: [{ name: 'SWITCHBACK_VIEW', value: 'x' }] }, 'Limited')).toEqual([[told]]);
    expect(envsOf({ overrides: { containers } }, 'Limited')).toEqual([[{ name: 'A', value: '1' }, told], undefined]);
    expect(envsOf({})).toEqual([undefined]);
  });

  it('run under the restricted profile, without a token', () => {
    expect(podOf({})?.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        { name: 'main', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
      ],
    });
  });

  it('spread evenly over zones where the workload may choose, and over nodes always', () => {
    const keys = (input: Input) =>
      JSON.parse(JSON.stringify(podOf(input)?.spec['topologySpreadConstraints'])).map(
        ({ topologyKey, maxSkew, whenUnsatisfiable }: Record<string, unknown>) => [
          topologyKey,
          maxSkew,
          whenUnsatisfiable,
        ],
      );
    const [zone, host] = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'];
    expect(keys({ pattern: 'A' })).toEqual([
      [zone, 1, 'ScheduleAnyway'],
      [host, 1, 'ScheduleAnyway'],
    ]);
    expect(keys({ pattern: 'A-A' })).toEqual([[host, 1, 'ScheduleAnyway']]);
  });

  it('give quantities and empty values as the API server stores them', () => {
    const template = {
      command: [],
      env: [{ name: 'EMPTY', value: '' }],
      resources: { requests: { cpu: '1000m', memory: '1024Mi' }, limits: {} },
    };
    const [container] = podOf({ template })?.spec.containers ?? [];
    expect(container).toMatchObject({ env: [{ name: 'EMPTY' }], resources: { requests: { cpu: '1', memory: '1Gi' } } });
    expect(container).not.toHaveProperty('command');
    expect(container).not.toHaveProperty('resources.limits');
  });

  describe('with overrides', () => {
    const overridden = (overrides: Record<string, unknown>) => ({ pattern: 'A-A', template: { overrides } });

    it('merge them', () => {
      const spec = podOf(overridden({ priorityClassName: 'voice', securityContext: { fsGroup: 7 } }))?.spec;
      expect(spec).toMatchObject({ priorityClassName: 'voice', securityContext: { runAsNonRoot: true, fsGroup: 7 } });
    });

    it('keep their zone in each alternative of another node affinity', () => {
      const gpu = { key: 'gpu', operator: 'Exists' };
      const terms = [{ matchExpressions: [gpu] }, { matchFields: [] }];
      const affinity = {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
      };
      expect(termsOf(overridden({ affinity }))).toEqual([
        { matchExpressions: [zoneTerm('us-east-a'), gpu] },
        { matchFields: [], matchExpressions: [zoneTerm('us-east-a')] },
      ]);
    });

    it.each([
      ['the grace period', { terminationGracePeriodSeconds: 600 }],
      ['the affinity as a whole', { affinity: null }],
      ['the spread', { topologySpreadConstraints: null }],
      [
        'the spread, with another one in its place',
        { topologySpreadConstraints: [{ topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' }] },
      ],
      ['the containers, with something that is none', { containers: [7] }],
      ['the node', { nodeName: 'node-7' }],
      [
        'labels and selectors, which are no part of the pod spec',
        { metadata: { labels: { 'switchback.dev/slot': 'b' } } },
      ],
    ])('cannot change %s', (_name, overrides) => {
      const { metadata: _ignored, ...spec } = podOf(overridden(overrides))?.spec ?? { containers: [] };
      expect(spec).toEqual(podOf({ pattern: 'A-A' })?.spec);
      expect(podOf(overridden(overrides))?.metadata).toEqual(podOf({ pattern: 'A-A' })?.metadata);
    });
  });
});

describe('computeChildren: upgrades', () => {
  const strategyOf = (input: Input) => {
    const [workload] = childrenOf(input).workloads;
    return workload?.kind === 'Deployment' ? workload.spec.strategy.type : undefined;
  };
  it.each([
    ['a slot', { pattern: 'A-B' }, 'Recreate'],
    ['a single instance that writes', { pattern: 'A' }, 'Recreate'],
    ['a single instance that only reads', { pattern: 'A', writeBearing: false }, 'RollingUpdate'],
    ['a pool', {}, 'RollingUpdate'],
  ])('%s: %s', (_name, input, expected) => {
    expect(strategyOf(input)).toBe(expected);
  });
});

describe('computeChildren, for any class', () => {
  const name = fc.stringMatching(/^[a-z][-a-z0-9]{0,60}[a-z0-9]$/);
  const zones = fc.uniqueArray(fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/), { minLength: 1, maxLength: 3 });
  const anyOrder = fc
    .tuple(name, serviceClass, zones)
    .map(([name, { spec }, zones]) => ({ name, components: layouts(spec.components, zones) }))
    .filter(({ components }) => components.length > 0)
    .map(({ name, components }) => anOrder(name, components));
  const state = { running: true, selected: new Map(), gate: undefined };

  it('gives unique valid names', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const { workloads, services, pdbs } = computeChildren(order, state);
        for (const objects of [workloads, services, pdbs]) {
          const names = objects.map(({ metadata }) => metadata.name);
          expect(new Set(names).size).toBe(names.length);
          for (const n of names) expect(n).toMatch(/^(?=.{1,63}$)[a-z]([-a-z0-9]*[a-z0-9])?$/);
        }
        for (const { kind, metadata } of workloads) {
          if (kind === 'StatefulSet') expect(metadata.name.length).toBeLessThanOrEqual(52);
        }
      }),
    );
  });

  it('gives workloads of which no two select the same pods, and whose pods carry what is selected', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const { workloads } = computeChildren(order, state);
        const selectors = workloads.map(({ spec }) => JSON.stringify(spec.selector.matchLabels));
        expect(new Set(selectors).size).toBe(selectors.length);
        for (const { spec } of workloads)
          expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
      }),
    );
  });

  it('runs as many instances as are ordered, and does not depend on the order of the components', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const children = computeChildren(order, state);
        const replicas = children.workloads.reduce((sum, { spec }) => sum + spec.replicas, 0);
        expect(replicas).toBe(order.spec.components.reduce((sum, { instances }) => sum + instances, 0));
        const reversed = { ...order, spec: { ...order.spec, components: order.spec.components.toReversed() } };
        expect(computeChildren(reversed, state)).toEqual(children);
      }),
    );
  });
});
