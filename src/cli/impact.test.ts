import { spawnSync } from 'node:child_process';
import { beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../../test/support/cli-world.ts';
import { aBackup, aClass, aGroup, aTenant, aTransitCentre } from '../../test/support/objects.ts';
import { RESOURCES } from '../api/resources.ts';

let world: CliWorld;

beforeEach(async () => {
  world = new CliWorld();
  const transit = { centres: [aTransitCentre('gtn-a', ['us-east']), aTransitCentre('gtn-b', ['us-east'])] };
  await world.give('hub', RESOURCES.iuGroup, aGroup('americas', ['us-east', 'us-west'], { transit }));
  await world.give('hub', RESOURCES.serviceClass, aClass('voice-mail', { ...aBackup(), functionality: 'Voicemail' }));
  await world.give('hub', RESOURCES.tenant, aTenant('customers/crown'));
});

describe('impact', () => {
  it('shows what a failure would mean to a tenant', async () => {
    expect(await world.run('impact', 'crown', 'region=us-east')).toBe(0);
    expect(world.written).toMatchInlineSnapshot(`
      "Tenant customers/crown   region us-east is lost

      FUNCTIONALITY   OPERATIONS                                                 REPRESENTATIVES   CUSTOMERS
      Voicemail       voice-mail is away until started in us-west from nothing   -                 the next call puts it right
      "
    `);
  });

  it('says the same as data: codes', async () => {
    expect(await world.run('impact', 'customers/crown', 'zone=us-east/us-east-a', '-o', 'json')).toBe(0);
    expect(JSON.parse(world.written)).toMatchObject({
      tenant: 'customers/crown',
      failure: { kind: 'Zone', region: 'us-east', zone: 'us-east-a' },
      rows: [{ functionality: 'Voicemail' }],
    });
  });

  it.each([
    ['voice=gtn-a', { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Voice'] }],
    ['mpls=gtn-a', { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Mpls'] }],
    ['transit=gtn-b', { kind: 'TransitCentre', centre: 'gtn-b', paths: ['Voice', 'Mpls'] }],
    ['services=voice-mail,web', { kind: 'Services', services: ['voice-mail', 'web'] }],
    ['evacuation=us-west', { kind: 'PlannedSwitch', region: 'us-west' }],
  ])('understands %s', async (text, failure) => {
    expect(await world.run('impact', 'crown', text, '-o', 'json')).toBe(0);
    expect(JSON.parse(world.written)).toMatchObject({ failure });
  });

  it.each([
    ['region=mars', 'has no region mars'],
    ['zone=us-east/moon', 'region us-east has no zone moon'],
    ['voice=nowhere', 'has no transit centre nowhere; it has gtn-a, gtn-b'],
    ['fire=us-east', 'fire=us-east is no failure: write region=<region>'],
    ['region', 'region is no failure'],
  ])('refuses %s', async (text, message) => {
    expect(await world.run('impact', 'crown', text)).toBe(2);
    expect(world.complained).toContain(message);
  });
});

describe('completion', () => {
  /** What bash offers for words of which the last one is being written. */
  async function offered(...words: string[]): Promise<string[]> {
    await world.run('completion', 'bash');
    const quoted = ['switchback', ...words].map((word) => `'${word}'`).join(' ');
    const script = `${world.written}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _switchback; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(status).toBe(0);
    return stdout.split('\n').filter((word) => word !== '');
  }

  it('offers the commands, then the options of the one that is there', async () => {
    expect(await offered('re')).toEqual(['resume', 'receipt', 'report', 'restore-hub']);
    expect(await offered('status', '--c')).toEqual(['--check', '--context']);
    expect(await offered('--output', 'json', 'evacuate', 'us-east', '--re')).toEqual(['--reason']);
  });

  it.each<[words: string[], offers: string[]]>([
    [
      ['what-if', ''],
      ['us-east', 'us-west'],
    ],
    [['evacuate', '--reason', 'power work', 'us-w'], ['us-west']],
    [['--group', ''], ['americas']],
    [['impact', 'cr'], ['crown']],
    [['show', ''], []],
    [['-o', 'j'], ['json']],
    [['explain', '--con'], ['--context']],
    [['re'], ['receipt', 'report', 'restore-hub', 'resume']],
    [['nonsense', ''], expect.arrayContaining(['status', 'what-if'])],
    [['status', ''], []],
  ])('of %j the hub knows what may follow', async (words, offers) => {
    expect(await world.run('__complete', '--', ...words)).toBe(0);
    expect(world.written.trim().split('\n')).toEqual(Array.isArray(offers) ? [...offers, ':4'] : offers);
  });

  it('is there for zsh and fish too, and for no other', async () => {
    expect(await world.run('completion', 'zsh')).toBe(0);
    expect(world.written).toMatch(/^autoload -U \+X bashcompinit/);
    expect(await world.run('completion', 'fish')).toBe(0);
    expect(world.written).toContain("complete -c switchback -n '__fish_seen_subcommand_from status' -l check");
    expect(await world.run('completion', 'cmd')).toBe(2);
    expect(world.complained).toContain('cmd is none of bash, zsh, fish');
  });
});
