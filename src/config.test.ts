import { describe, expect, it } from 'vitest';
import { IMAGE } from '../test/support/objects.ts';
import { type AgentConfig, ConfigError, gateOf, readConfig, tracesUrlOf } from './config.ts';

const AGENT = { SWITCHBACK_REGION: 'us-east' };
const RIGHTS = { SWITCHBACK_RIGHTS_CERT: '/c', SWITCHBACK_RIGHTS_KEY: '/k', SWITCHBACK_RIGHTS_CA: '/a' };
const GATE = { SWITCHBACK_GATE_IMAGE: IMAGE, SWITCHBACK_GATE_AGENTS: 'https://agents.test:8443' };

function agentConfig(env: Readonly<Record<string, string>>): AgentConfig {
  const config = readConfig(['agent'], { ...AGENT, ...env });
  if (config.role !== 'agent') throw new Error('an agent was asked for');
  return config;
}

/** One line for each setting that is wrong. */
function refusalOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    agentConfig(env);
    return [];
  } catch (error) {
    return String(error).split('\n').slice(1);
  }
}

describe('the settings', () => {
  it('of a hub have defaults', () => {
    expect(readConfig(['hub'], {})).toEqual({
      role: 'hub',
      SWITCHBACK_LOG_LEVEL: 'info',
      SWITCHBACK_PORT: 8080,
      SWITCHBACK_HOST: '0.0.0.0',
      SWITCHBACK_HUB_ELECTION_MS: 2500,
      SWITCHBACK_SERVICE_METRICS: 500,
      SWITCHBACK_TENANT_METRICS: 0,
      SWITCHBACK_RECOVERY_OBJECTIVE_SECONDS: 60,
    });
  });

  it('are read from the environment', () => {
    const env = { SWITCHBACK_REGION: 'us-east', SWITCHBACK_PORT: '0', SWITCHBACK_LOG_LEVEL: 'debug', PATH: '/bin' };
    const config = readConfig(['agent'], env);
    expect(config).toMatchObject({ role: 'agent', SWITCHBACK_REGION: 'us-east', SWITCHBACK_PORT: 0 });
  });

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['without a role', [], {}, /usage/],
    ['with a role that does not exist', ['judge'], {}, /unknown role "judge"/],
    ['of an agent without a region', ['agent'], {}, /SWITCHBACK_REGION/],
    ['with a port that is none', ['hub'], { SWITCHBACK_PORT: '70000' }, /SWITCHBACK_PORT/],
    ['with an election that never ends', ['hub'], { SWITCHBACK_HUB_ELECTION_MS: '1' }, /SWITCHBACK_HUB_ELECTION_MS/],
    ['with a level that is none', ['hub'], { SWITCHBACK_LOG_LEVEL: 'loud' }, /SWITCHBACK_LOG_LEVEL/],
  ])('%s are refused with the name of what is wrong', (_, args, env, message) => {
    expect(() => readConfig(args, env)).toThrow(message);
    expect(() => readConfig(args, env)).toThrow(ConfigError);
  });

  it.each<[string, Record<string, string>, string | undefined]>([
    ['nothing is said of a collector', {}, undefined],
    [
      'it is empty, which is not set',
      { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '' },
      undefined,
    ],
    ['it has a base', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }, 'http://collector:4318/v1/traces'],
    [
      'it has an address for traces',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://b/in' },
      'https://b/in',
    ],
  ])('send traces as OpenTelemetry has it when %s', (_, env, url) => {
    expect(tracesUrlOf(agentConfig(env))).toBe(url);
  });

  it('refuse a collector that cannot be one', () => {
    const wrong = ['collector:4318', 'grpc://collector', 'http://collector:99999', 'http://c/v1?x=1'];
    for (const url of wrong)
      expect(refusalOf({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).toEqual([
        expect.stringContaining('OTEL_EXPORTER_OTLP_ENDPOINT'),
      ]);
  });

  const execConfig = { apiVersion: 'client.authentication.k8s.io/v1', command: '/plugins/cloud' };
  const providersOf = (providers: unknown) => {
    const config = readConfig(['hub'], { SWITCHBACK_ACCESS_PROVIDERS: JSON.stringify({ providers }) });
    return config.role === 'hub' ? config.SWITCHBACK_ACCESS_PROVIDERS : undefined;
  };

  it('name the plugins that may run, as the provider file of cluster-inventory-api does', () => {
    const nulls = { args: null, env: null, provideClusterInfo: true };
    expect(providersOf([{ name: 'cloud', execConfig: { ...execConfig, ...nulls } }])).toEqual([
      { name: 'cloud', execConfig: { ...execConfig, args: [], env: [], provideClusterInfo: true } },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a command without a path', [{ name: 'cloud', execConfig: { ...execConfig, command: 'cloud' } }], /absolute path/],
    [
      'a version that is not spoken',
      [{ name: 'cloud', execConfig: { ...execConfig, apiVersion: 'v1' } }],
      /apiVersion/,
    ],
    ['a field that is not known', [{ name: 'cloud', execConfig: { ...execConfig, shell: true } }], /shell/],
    [
      'arguments from profiles',
      [{ name: 'cloud', execConfig, profileSourcedCLIArgsPolicy: 'Append' }],
      /profileSourcedCLIArgsPolicy/,
    ],
    [
      'variables from profiles',
      [{ name: 'cloud', execConfig, profileSourcedEnvVarsPolicy: 'Replace' }],
      /profileSourcedEnvVarsPolicy/,
    ],
    [
      'a name twice',
      [
        { name: 'cloud', execConfig },
        { name: 'cloud', execConfig },
      ],
      /names a provider twice/,
    ],
    [
      'what the hub sets',
      [{ name: 'cloud', execConfig: { ...execConfig, env: [{ name: 'KUBERNETES_EXEC_INFO', value: 'x' }] } }],
      /KUBERNETES_EXEC_INFO must not be set/,
    ],
    [
      'what loads a library',
      [{ name: 'cloud', execConfig: { ...execConfig, env: [{ name: 'LD_PRELOAD', value: 'x' }] } }],
      /LD_PRELOAD must not be set/,
    ],
    ['no list', 'cloud', /providers/],
  ])('refuse plugins with %s', (_, providers, message) => {
    expect(() => providersOf(providers)).toThrow(message);
  });

  it('quote nothing of plugins that they refuse', () => {
    const read = () => readConfig(['hub'], { SWITCHBACK_ACCESS_PROVIDERS: '{swordfish' });
    expect(read).toThrow('SWITCHBACK_ACCESS_PROVIDERS: is no JSON');
    const env = [{ name: 'A', value: 'swordfish', more: 'swordfish' }];
    expect(() => providersOf([{ name: 'cloud', execConfig: { ...execConfig, env } }])).toThrow(/more/);
    expect(() => providersOf([{ name: 'cloud', execConfig: { ...execConfig, env } }])).not.toThrow(/swordfish/);
  });

  it('answer no transit centres unless a port is named', () => {
    expect(agentConfig({}).SWITCHBACK_SIP_PORT).toBeUndefined();
    expect(agentConfig({ SWITCHBACK_SIP_PORT: '5060' }).SWITCHBACK_SIP_PORT).toBe(5060);
    expect(refusalOf({ SWITCHBACK_SIP_PORT: 'sip' })).toEqual([expect.stringContaining('SWITCHBACK_SIP_PORT')]);
  });

  it('of gates say what they are made from', () => {
    expect(gateOf(agentConfig(RIGHTS))).toBeUndefined();
    expect(gateOf(agentConfig({ ...RIGHTS, ...GATE }))).toEqual({
      image: IMAGE,
      delivery: 'InitContainer',
      agents: ['https://agents.test:8443'],
    });
    const more = {
      SWITCHBACK_GATE_AGENTS: 'https://a.test:8443, https://[fd00::1]:8443,https://10.0.0.1/',
      SWITCHBACK_GATE_DELIVERY: 'ImageVolume',
      SWITCHBACK_GATE_SERVER_NAME: 'agents.internal',
    };
    expect(gateOf(agentConfig({ ...RIGHTS, ...GATE, ...more }))).toEqual({
      image: IMAGE,
      delivery: 'ImageVolume',
      agents: ['https://a.test:8443', 'https://[fd00::1]:8443', 'https://10.0.0.1/'],
      serverName: 'agents.internal',
    });
  });

  const { SWITCHBACK_RIGHTS_KEY: _key, ...withoutKey } = RIGHTS;
  it.each<[string, Record<string, string>, readonly string[]]>([
    [
      'the rights server has one file of three',
      { SWITCHBACK_RIGHTS_CA: '/a' },
      ['SWITCHBACK_RIGHTS_CERT: is missing: the three', 'SWITCHBACK_RIGHTS_KEY: is missing: the three'],
    ],
    ['the rights server has two files of three', withoutKey, ['SWITCHBACK_RIGHTS_KEY: is missing: the three']],
    [
      'gates have no image',
      { ...RIGHTS, SWITCHBACK_GATE_AGENTS: GATE.SWITCHBACK_GATE_AGENTS },
      ['SWITCHBACK_GATE_IMAGE: is missing: gates need'],
    ],
    [
      'gates know no agents',
      { ...RIGHTS, SWITCHBACK_GATE_IMAGE: IMAGE },
      ['SWITCHBACK_GATE_AGENTS: is missing: gates need'],
    ],
    [
      'of gates only the delivery is set',
      { ...RIGHTS, SWITCHBACK_GATE_DELIVERY: 'ImageVolume' },
      ['SWITCHBACK_GATE_IMAGE: is missing', 'SWITCHBACK_GATE_AGENTS: is missing'],
    ],
    [
      'gates have nobody to ask',
      GATE,
      ['SWITCHBACK_RIGHTS_CERT', 'SWITCHBACK_RIGHTS_KEY', 'SWITCHBACK_RIGHTS_CA'].map(
        (name) => `${name}: is missing: gates ask the rights server`,
      ),
    ],
    [
      'gates ask a rights server that lacks a file',
      { ...GATE, ...withoutKey },
      ['SWITCHBACK_RIGHTS_KEY: is missing: the three'],
    ],
  ])('are refused when %s, with all that is missing', (_, env, messages) => {
    expect(refusalOf(env)).toEqual(messages.map((message) => expect.stringContaining(`  ${message}`)));
  });

  it.each([
    ['in the clear', 'http://agents.test:8443'],
    ['with a path', 'https://agents.test:8443/v1'],
    ['with a user', 'https://me@agents.test'],
    ['with a port that is none', 'https://agents.test:99999'],
    ['without an end', 'https://agents.test,'],
    ['that the kubelet would fill in', 'https://$(HOST):8443'],
    ['of too many', Array.from({ length: 9 }, () => 'https://a').join()],
  ])('are refused with URLs of agents %s', (_, urls) => {
    const env = { ...RIGHTS, ...GATE, SWITCHBACK_GATE_AGENTS: urls };
    expect(() => agentConfig(env)).toThrow(/SWITCHBACK_GATE_AGENTS: must be.*https:/);
  });

  it('are refused with an image by tag', () => {
    const env = { ...RIGHTS, ...GATE, SWITCHBACK_GATE_IMAGE: 'gate:1' };
    expect(() => agentConfig(env)).toThrow(/SWITCHBACK_GATE_IMAGE: must name the image by digest/);
  });

  it('are all named at once when several are wrong', () => {
    const env = { SWITCHBACK_PORT: 'x', SWITCHBACK_LOG_LEVEL: 'loud' };
    expect(() => readConfig(['hub'], env)).toThrow(/SWITCHBACK_LOG_LEVEL.*\n.*SWITCHBACK_PORT/);
  });
});
