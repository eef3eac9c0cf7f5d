import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TransitPath } from '../../api/transit-centre.ts';
import { type LinkState, linkState } from '../../api/transit-link.ts';
import { type Column, type Row, readMatrix } from './matrix.ts';

const COLUMNS: readonly Column[] = ['us-1', 'us-2', 'us-3'].map((name) => ({
  name,
  isPending: false,
  paths: ['Voice', 'Mpls'],
}));
const WORDS: Readonly<Record<string, LinkState>> = { u: 'Up', p: 'Partial', o: 'OneWay', d: 'Down' };

/** `east duu`: one letter for each centre; `-` says nothing. `~` before it: silent; `!`: dead. */
function rowOf(text: string): Row {
  const [head = '', letters = ''] = text.split(' ');
  const presence = head.startsWith('~') ? 'Silent' : head.startsWith('!') ? 'Lost' : 'Heard';
  const links = COLUMNS.map(({ name }, i) => {
    const state = WORDS[letters[i] ?? '-'] ?? 'Unknown';
    return [name, { Voice: state, Mpls: state }] as const;
  });
  return { region: head.replace(/^[~!]/, ''), presence, links: new Map(links) };
}
const findingOf = (rows: readonly string[], path: TransitPath = 'Voice') =>
  readMatrix(rows.map(rowOf), COLUMNS).of('us-1', path)?.finding;

describe('a transit centre', () => {
  it.each<[string, string[], string, string]>([
    ['is up when every region reaches it', ['east uuu', 'west uuu'], 'Up', 'TransitUp'],
    ['is lost when no region reaches it', ['east duu', 'west duu'], 'Lost', 'VoiceLost'],
    ['is not lost by one region against the rest', ['east duu', 'west uuu', 'north uuu'], 'Degraded', 'PartialLoss'],
    ['is not lost by most against one either', ['east duu', 'west duu', 'north uuu'], 'Degraded', 'PartialLoss'],
    ['is not lost by one of two when the other is silent', ['east duu', '~west uuu'], 'Unknown', 'NotObserved'],
    ['is lost by one of two when the other is dead', ['east duu', '!west uuu'], 'Lost', 'VoiceLost'],
    ['is lost by the only region of a group', ['east duu'], 'Lost', 'VoiceLost'],
    ['is lost by most when the others are silent', ['east duu', 'west duu', '~north uuu'], 'Lost', 'VoiceLost'],
    ['is not known when nobody is heard', ['~east duu', '~west duu'], 'Unknown', 'NotObserved'],
    ['is not known when nobody says anything of it', ['east -uu', 'west -uu'], 'Unknown', 'NotObserved'],
    ['is up by those who say something of it', ['east -uu', 'west uuu'], 'Up', 'TransitUp'],
    ['is reached in part when some probes fail', ['east puu', 'west puu'], 'Degraded', 'PartialLoss'],
    ['is reached one way only', ['east ouu', 'west uuu'], 'Degraded', 'OneWayLoss'],
    ['is not lost while something passes one way', ['east ouu', 'west duu'], 'Degraded', 'OneWayLoss'],
    ['has no vote against it from a region without uplink', ['east ddd', 'west uuu'], 'Up', 'TransitUp'],
    ['is not lost by the half of the regions that has an uplink', ['east ddd', 'west duu'], 'Unknown', 'NotObserved'],
    ['is not lost when nobody reaches anything', ['east ddd', 'west ddd'], 'Unknown', 'ProbesSuspect'],
    ['is not lost by a single region that reaches nothing', ['east ddd'], 'Unknown', 'NotObserved'],
  ])('%s', (_, rows, state, reason) => {
    expect(findingOf(rows)).toMatchObject({ state, reason });
  });

  it('tells who sees what, in the order of the group', () => {
    expect(findingOf(['west uuu', 'east duu', 'north ouu', 'south puu'])?.message).toBe(
      'reached from west; reached in part from south; one way only to north; not reached from east',
    );
  });

  it('that is pending is never judged', () => {
    const columns = COLUMNS.map((column) => ({ ...column, isPending: column.name === 'us-1' }));
    const read = readMatrix(['east duu', 'west duu'].map(rowOf), columns);
    expect(read.of('us-1', 'Voice')).toMatchObject({ finding: { state: 'Pending' }, reachedFrom: new Set() });
  });

  it('has no way in that it does not have', () => {
    const columns = COLUMNS.map((column): Column => ({ ...column, paths: ['Mpls'] }));
    expect(readMatrix([rowOf('east duu')], columns).of('us-1', 'Voice')).toBeUndefined();
  });
});

describe('the matrix', () => {
  it('names the region whose uplink is the suspect, for each path apart', () => {
    const east = rowOf('east ddd');
    const links = new Map(
      [...east.links].map(([name, { Voice = 'Unknown' }]) => [name, { Voice, Mpls: 'Up' }] as const),
    );
    const read = readMatrix([{ ...east, links }, rowOf('west uuu')], COLUMNS);
    expect(read.uplinks).toEqual([{ region: 'east', path: 'Voice' }]);
    expect(read.suspects).toEqual([]);
  });

  it('suspects the probing when nobody reaches anything, and no region then', () => {
    const read = readMatrix(['east ddd', 'west odd'].map(rowOf), COLUMNS);
    expect([read.suspects, read.uplinks]).toEqual([['Voice', 'Mpls'], []]);
  });

  it('suspects nothing where there is one centre only', () => {
    const [only] = COLUMNS;
    const read = readMatrix(['east d', 'west d'].map(rowOf), only ? [only] : []);
    expect(read.of('us-1', 'Voice')?.finding.state).toBe('Lost');
  });
});

describe('whatever regions say', () => {
  const state = fc.constantFrom(...linkState.options);
  const row = (region: string) =>
    fc.record({
      region: fc.constant(region),
      presence: fc.constantFrom<Row['presence']>('Heard', 'Silent', 'Lost'),
      links: fc
        .tuple(...COLUMNS.map(() => state))
        .map((states) => new Map(COLUMNS.map(({ name }, i) => [name, { Voice: states[i] ?? 'Unknown' }] as const))),
    });
  const rows = fc.tuple(...['a', 'b', 'c', 'd'].map(row));
  const said = (each: Row, centre: string): LinkState => each.links.get(centre)?.Voice ?? 'Unknown';

  it('a centre is lost only when a majority says so, and nobody else who is heard and reaches anything says otherwise', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const read = readMatrix(all, COLUMNS);
        for (const { name } of COLUMNS) {
          if (read.of(name, 'Voice')?.finding.state !== 'Lost') continue;
          const heard = all.filter(({ presence }) => presence === 'Heard');
          const against = heard.filter((each) => said(each, name) === 'Up' || said(each, name) === 'Partial');
          const down = heard.filter((each) => said(each, name) === 'Down');
          expect(against).toEqual([]);
          expect(down.length * 2).toBeGreaterThan(all.filter(({ presence }) => presence !== 'Lost').length);
        }
      }),
    );
  });

  it('never are all centres lost at once', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const read = readMatrix(all, COLUMNS);
        expect(COLUMNS.every(({ name }) => read.of(name, 'Voice')?.finding.state === 'Lost')).toBe(false);
      }),
    );
  });
});
