import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

describe('the settings', () => {
  it('of a hub have defaults', () => {
    expect(readConfig(['hub'], {})).toEqual({
      role: 'hub',
      SWITCHBACK_LOG_LEVEL: 'info',
      SWITCHBACK_PORT: 8080,
      SWITCHBACK_HOST: '0.0.0.0',
      SWITCHBACK_HUB_ELECTION_MS: 2500,
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

  it('are all named at once when several are wrong', () => {
    const env = { SWITCHBACK_PORT: 'x', SWITCHBACK_LOG_LEVEL: 'loud' };
    expect(() => readConfig(['hub'], env)).toThrow(/SWITCHBACK_LOG_LEVEL.*\n.*SWITCHBACK_PORT/);
  });
});
