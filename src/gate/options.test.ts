import { describe, expect, it } from 'vitest';
import { GateUsageError, readGateOptions } from './options.ts';

const TLS = ['--ca', 'ca.pem', '--cert', 'cert.pem', '--key', 'key.pem'];
const FLAGS = ['--service', 'mail/store', '--agent', 'https://agents:8443', ...TLS];

describe('the options of the gate', () => {
  it('have defaults, and end before the command', () => {
    expect(readGateOptions([...FLAGS, '--', 'serve', '--service', 'x', '--'])).toEqual({
      service: 'mail/store',
      agents: [new URL('https://agents:8443')],
      tls: { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' },
      timing: { graceMs: 2000, askEveryMs: 1000 },
      command: ['serve', '--service', 'x', '--'],
    });
  });

  it('name several agents, the name they carry, and times in seconds', () => {
    const more = ['--agent', 'https://[::1]:1', '--server-name', 'agent', '--grace-seconds', '0.5'];
    const options = readGateOptions([...FLAGS, ...more, '--ask-every-seconds', '2', '--', 'serve']);
    expect(options.agents.map(String)).toEqual(['https://agents:8443/', 'https://[::1]:1/']);
    expect(options).toMatchObject({ serverName: 'agent', timing: { graceMs: 500, askEveryMs: 2000 } });
  });

  it.each<[string, string[], RegExp]>([
    ['without a command', FLAGS, /no command/],
    ['with an empty command', [...FLAGS, '--'], /no command/],
    ['with a command before the dashes', [...FLAGS, 'serve', '--', 'x'], /serve/],
    ['without a service', [...FLAGS.slice(2), '--', 'x'], /--service is missing/],
    ['with a service of no namespace', [...FLAGS, '--service', 'mail', '--', 'x'], /NAMESPACE\/NAME/],
    ['without an agent', ['--service', 'a/b', ...TLS, '--', 'x'], /--agent is missing/],
    ['with an agent in the clear', [...FLAGS, '--agent', 'http://agents', '--', 'x'], /https/],
    ['without a CA', [...FLAGS.filter((flag) => !flag.startsWith('--ca') && flag !== 'ca.pem'), '--', 'x'], /--ca is/],
    ['with a grace that is no number', [...FLAGS, '--grace-seconds', '', '--', 'x'], /--grace-seconds/],
    ['with a period of nothing', [...FLAGS, '--ask-every-seconds', '0', '--', 'x'], /--ask-every-seconds/],
    ['with one that does not exist', [...FLAGS, '--force', '--', 'x'], /--force/],
  ])('%s are refused with what is wrong', (_, args, message) => {
    expect(() => readGateOptions(args)).toThrow(message);
    expect(() => readGateOptions(args)).toThrow(GateUsageError);
  });
});
