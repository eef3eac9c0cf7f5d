import { describe, expect, it } from 'vitest';
import { aComponent, aGate, anOrder, IMAGE } from '../../../test/support/objects.ts';
import { readGateOptions } from '../../gate/options.ts';
import { layoutComponent } from '../layout.ts';
import { computeChildren } from './children.ts';
import { type GateSettings, lacksGate } from './gate.ts';
import type { DesiredContainer, DesiredPodSpec } from './pod.ts';

type Input = NonNullable<Parameters<typeof aComponent>[0]>;

const SERVE = { command: ['/bin/store'], args: ['--data', '/data'], terminationGracePeriodSeconds: 1 };

/** An order that asks for gates; by default of one instance that writes. */
function orderOf(...inputs: readonly Input[]) {
  const components = inputs.flatMap(({ template, ...more }) => {
    const component = aComponent({ pattern: 'A', ...more, template: { ...SERVE, ...template } });
    const layout = layoutComponent(component, { agents: 100, zones: ['a', 'b'] });
    return layout.ok ? [layout.order] : [];
  });
  return anOrder('mail', components, { fencing: 'Gate' });
}

function podOf(input: Input, gate: GateSettings | undefined = aGate(), fencing: 'Agent' | 'Gate' = 'Gate') {
  const order = orderOf(input);
  const asked = { ...order, spec: { ...order.spec, fencing } };
  const { workloads } = computeChildren(asked, { running: true, selected: new Map(), gate });
  const spec = workloads[0]?.spec.template.spec;
  if (!spec) throw new Error('there is a workload');
  return spec;
}

const withOverrides = (overrides: Readonly<Record<string, unknown>>): DesiredPodSpec =>
  podOf({ template: { overrides } });

const containerOf = ({ containers }: DesiredPodSpec, name = 'main'): DesiredContainer => {
  const container = containers.find((one) => one.name === name);
  if (!container) throw new Error(`there is no container ${name}`);
  return container;
};

/** The options of the gate in the container, as the gate itself reads them. */
function optionsOf(container: DesiredContainer) {
  const { command } = container;
  const words = Array.isArray(command) ? command.map(String) : [];
  const start = words.indexOf('gate');
  expect(words.slice(0, start + 1)).toEqual([
    '/switchback/image/switchback-gate/node',
    '/switchback/image/switchback-gate/src/main.ts',
    'gate',
  ]);
  expect(container).not.toHaveProperty('args');
  return readGateOptions(words.slice(start + 1));
}

describe('the gate of a component that writes', () => {
  it('starts its command, for the right of its service, within its grace period', () => {
    const gate = aGate({ agents: ['https://agents.test:8443', 'https://[fd00::1]:8443'], askEveryMs: 500 });
    expect(optionsOf(containerOf(podOf({}, gate)))).toEqual({
      service: 'switchback-system/mail',
      agents: [new URL('https://agents.test:8443'), new URL('https://[fd00::1]:8443')],
      tls: { ca: '/switchback/tls/ca.crt', cert: '/switchback/tls/tls.crt', key: '/switchback/tls/tls.key' },
      timing: { graceMs: 1000, askEveryMs: 500 },
      command: ['/bin/store', '--data', '/data'],
    });
  });

  it('knows the name that the certificates of agents carry', () => {
    const gate = aGate({ serverName: 'agents.internal' });
    expect(optionsOf(containerOf(podOf({}, gate)))).toMatchObject({ serverName: 'agents.internal' });
  });

  it('stands in a container that is otherwise as it was', () => {
    const { args: _args, command: _command, ...plain } = containerOf(podOf({}, undefined, 'Agent'));
    expect(containerOf(podOf({}))).toMatchObject(plain);
  });

  it('comes out of an image that is mounted', () => {
    const spec = podOf({}, aGate({ delivery: 'ImageVolume' }));
    expect(spec['volumes']).toEqual([
      { name: 'switchback-gate-files', image: { reference: IMAGE } },
      { name: 'switchback-gate-tls', secret: { secretName: 'switchback-gate' } },
    ]);
    expect(spec).not.toHaveProperty('initContainers');
    expect(containerOf(spec)['volumeMounts']).toEqual([
      { name: 'switchback-gate-files', mountPath: '/switchback/image', readOnly: true },
      { name: 'switchback-gate-tls', mountPath: '/switchback/tls', readOnly: true },
    ]);
  });

  it('or is copied by a container of the image, to the same place', () => {
    const spec = podOf({}, aGate({ delivery: 'InitContainer' }));
    expect(spec['volumes']).toMatchObject([{ name: 'switchback-gate-files', emptyDir: {} }, { secret: {} }]);
    expect(spec['initContainers']).toMatchObject([
      {
        name: 'switchback-gate',
        image: IMAGE,
        command: ['/switchback-gate/node', '-e', expect.stringContaining("'/switchback/image/switchback-gate'")],
        securityContext: { allowPrivilegeEscalation: false },
        volumeMounts: [{ name: 'switchback-gate-files', mountPath: '/switchback/image' }],
      },
    ]);
  });

  it('is not ready while it waits: by the first port that can be tried', () => {
    const ports = [
      { name: 'sip', port: 5060, protocol: 'UDP' },
      { name: 'http', port: 8080 },
    ];
    expect(containerOf(podOf({ template: { ports } }))['readinessProbe']).toEqual({
      tcpSocket: { port: 8080 },
      periodSeconds: 1,
    });
    expect(containerOf(podOf({ template: { ports: ports.slice(0, 1) } }))).not.toHaveProperty('readinessProbe');
  });
});

describe('no gate stands', () => {
  it.each<[string, Input, 'Agent' | 'Gate']>([
    ['in front of what does not write', { writeBearing: false }, 'Gate'],
    ['where the class is fenced by agents', {}, 'Agent'],
  ])('%s', (_, input, fencing) => {
    const spec = podOf(input, aGate(), fencing);
    expect(spec).toEqual(podOf(input, undefined, 'Agent'));
    expect(containerOf(spec)).toMatchObject({ command: SERVE.command, args: SERVE.args });
  });
});

describe('overrides cannot take the gate away:', () => {
  const command = ['/bin/other'];
  it.each<[string, Readonly<Record<string, unknown>>, readonly string[]]>([
    ['a container without a command of its own starts that of the template', {}, ['/bin/store', '--data', '/data']],
    ['one with arguments gives them to the command of the template', { args: ['-v'] }, ['/bin/store', '-v']],
    ['one with a command starts that, without the arguments of another', { command }, ['/bin/other']],
    ['one with both starts both', { command, args: ['-v'] }, ['/bin/other', '-v']],
  ])('%s', (_, container, expected) => {
    const spec = withOverrides({ containers: [{ name: 'main', image: 'theirs', ...container }] });
    expect(containerOf(spec)['image']).toBe('theirs');
    expect(optionsOf(containerOf(spec)).command).toEqual(expected);
  });

  it('other containers are their affair, before and after it', () => {
    const [before, after] = [
      { name: 'proxy', command: ['envoy'] },
      { name: 'log', args: ['-f'] },
    ];
    const spec = withOverrides({
      containers: [before, { name: 'main' }, after],
      initContainers: [{ name: 'migrate' }],
    });
    expect(spec.containers).toMatchObject([before, { name: 'main' }, after]);
    expect(containerOf(spec, 'proxy')).toEqual(before);
    expect(spec['initContainers']).toMatchObject([{ name: 'switchback-gate' }, { name: 'migrate' }]);
  });

  it('a list without the container of the component gets it back', () => {
    const spec = withOverrides({ containers: [{ name: 'proxy' }] });
    expect(spec.containers.map(({ name }) => name)).toEqual(['main', 'proxy']);
    expect(optionsOf(containerOf(spec)).command).toEqual(['/bin/store', '--data', '/data']);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['no containers at all', { containers: null }],
    ['a list of containers that holds none', { containers: [7] }],
    ['a process namespace that is shared in the pod', { shareProcessNamespace: true }],
    ['the process namespace of the node', { hostPID: true }],
    ['no volumes', { volumes: null }],
    ['volumes that are none', { volumes: 'none' }],
    ['a volume in the place of its files', { volumes: [{ name: 'switchback-gate-files', emptyDir: {} }] }],
    ['a volume in the place of its certificate', { volumes: [{ name: 'switchback-gate-tls', emptyDir: {} }] }],
    ['a container in the place of the one that copies', { initContainers: [{ name: 'switchback-gate' }] }],
    ['another grace period', { terminationGracePeriodSeconds: 300 }],
  ])('%s: changes nothing', (_, overrides) => {
    expect(withOverrides(overrides)).toEqual(podOf({}));
  });

  const changed = (container: Readonly<Record<string, unknown>>) =>
    containerOf(withOverrides({ containers: [{ name: 'main', ...container }] }));

  it('what the kubelet would start beside it is dropped, and what it does before a stop stays', () => {
    const [postStart, preStop] = [{ exec: { command: ['warm-up'] } }, { exec: { command: ['drain'] } }];
    expect(changed({ lifecycle: { postStart, preStop } })['lifecycle']).toEqual({ preStop });
    expect(changed({ lifecycle: { postStart } })).not.toHaveProperty('lifecycle');
  });

  it('nothing is mounted over its files, and volumes of their own are', () => {
    const data = { name: 'data', mountPath: '/data' };
    const mounts = ['/switchback', '/switchback/', '/switchback/image/switchback-gate', '//switchback//tls'].map(
      (mountPath) => ({ name: 'data', mountPath }),
    );
    const near = { name: 'data', mountPath: '/switchback-data' };
    const { volumeMounts } = changed({ volumeMounts: [data, ...mounts, near] });
    expect(volumeMounts).toEqual([...mountsOfGate(), data, near]);
    const volumes = [{ name: 'data', emptyDir: {} }];
    expect(withOverrides({ volumes })['volumes']).toMatchObject([{}, {}, { name: 'data' }]);
  });

  const mountsOfGate = (): readonly unknown[] => {
    const { volumeMounts } = containerOf(podOf({}));
    return Array.isArray(volumeMounts) ? volumeMounts : [];
  };

  it('their probes stay as they are', () => {
    const probes = { readinessProbe: { httpGet: { path: '/ready', port: 80 } }, livenessProbe: { exec: {} } };
    expect(changed({ ...probes, ports: [{ containerPort: 80 }] })).toMatchObject(probes);
    expect(changed({ ports: [{ containerPort: 80 }] })['readinessProbe']).toMatchObject({ tcpSocket: { port: 80 } });
  });
});

describe('where the region has no gate', () => {
  const order = orderOf({ name: 'store' }, { name: 'web', writeBearing: false });

  it('nothing is made that needs one, and of the rest nothing runs', () => {
    const children = computeChildren(order, { running: true, selected: new Map(), gate: undefined });
    expect(children.workloads.map(({ metadata, spec }) => [metadata.name, spec.replicas])).toEqual([['mail-web', 0]]);
    for (const { spec } of children.services) expect(spec.selector['switchback.dev/slot']).toBe('fenced');
  });

  it.each<[string, ReturnType<typeof anOrder>, GateSettings | undefined, boolean]>([
    ['an order that asks for gates lacks them', order, undefined, true],
    ['nothing is lacking where there is one', order, aGate(), false],
    ['nor where nothing of it writes', orderOf({ writeBearing: false }), undefined, false],
    ['nor where it asks for none', anOrder('mail', order.spec.components), undefined, false],
  ])('%s', (_, asked, gate, expected) => {
    expect(lacksGate(asked, gate)).toBe(expected);
  });
});
