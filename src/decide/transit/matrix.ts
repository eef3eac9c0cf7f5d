import type { Reason } from '../../api/conditions.ts';
import { pathName, type TransitPath, transitPath } from '../../api/transit-centre.ts';
import type { LinkState } from '../../api/transit-link.ts';

/**
 * What the hub makes of the matrix of links between regions and transit centres, in one look and without a memory. No
 * data is not dead: what nobody says is `Unknown`, and nothing moves for it.
 */
export interface Row {
  readonly region: string;
  /**
   * `Heard`: what it says is of now. `Silent`: it may live, and has no vote; it still counts among those that could have
   * said otherwise. `Lost`: it is dead, so nobody waits for its word.
   */
  readonly presence: 'Heard' | 'Silent' | 'Lost';
  /** By transit centre. What is absent is not known. */
  readonly links: ReadonlyMap<string, Partial<Record<TransitPath, LinkState>>>;
}

export interface Column {
  readonly name: string;
  readonly isPending: boolean;
  /** The ways in that it has. */
  readonly paths: readonly TransitPath[];
}

export interface Finding {
  readonly state: 'Up' | 'Degraded' | 'Lost' | 'Unknown' | 'Pending';
  readonly reason: Reason;
  /** Without ages: it changes only when something happens. */
  readonly message: string;
}

export interface Reading {
  readonly finding: Finding;
  /** Regions whose word counts and that reach the centre. */
  readonly reachedFrom: ReadonlySet<string>;
}

export interface MatrixReading {
  /** Undefined: the centre has no such way in. */
  readonly of: (centre: string, path: TransitPath) => Reading | undefined;
  /** Regions that reach no transit centre while others do. */
  readonly uplinks: readonly { readonly region: string; readonly path: TransitPath }[];
  /** Paths on which nobody reaches anything. */
  readonly suspects: readonly TransitPath[];
}

interface Vote {
  readonly region: string;
  readonly state: LinkState;
}

const NOBODY: ReadonlySet<string> = new Set();

/** What a region says of centres that take traffic; of a pending one nothing can be told. */
function wordsOf(row: Row, columns: readonly Column[], path: TransitPath): LinkState[] {
  const asked = columns.filter(({ isPending, paths }) => !isPending && paths.includes(path));
  return asked.map(({ name }) => row.links.get(name)?.[path] ?? 'Unknown').filter((state) => state !== 'Unknown');
}

/** One centre that is not reached is the trouble of the centre; all of them at once are the trouble of who asks. */
const reachesNothing = (words: readonly LinkState[]): boolean =>
  words.length >= 2 && words.every((state) => state === 'Down' || state === 'OneWay');

function said(votes: readonly Vote[]): string {
  const from = (state: LinkState, words: string): string[] => {
    const regions = votes.filter((vote) => vote.state === state).map(({ region }) => region);
    return regions.length > 0 ? [`${words} ${regions.join(', ')}`] : [];
  };
  return [
    ...from('Up', 'reached from'),
    ...from('Partial', 'reached in part from'),
    ...from('OneWay', 'one way only to'),
    ...from('Down', 'not reached from'),
  ].join('; ');
}

/** @param electorate how many regions could say something: those that are not dead */
function judge(path: TransitPath, votes: readonly Vote[], electorate: number): Finding {
  const has = (...states: readonly LinkState[]): boolean => votes.some(({ state }) => states.includes(state));
  const message = said(votes);
  if (votes.length === 0) {
    const what = `no region that is heard says anything of its ${pathName(path)}`;
    return { state: 'Unknown', reason: 'NotObserved', message: what };
  }
  if (votes.every(({ state }) => state === 'Up')) return { state: 'Up', reason: 'TransitUp', message };
  if (votes.every(({ state }) => state === 'Down')) {
    // Those that are not heard could say otherwise: a minority never loses a centre.
    if (votes.length * 2 > electorate) {
      return { state: 'Lost', reason: path === 'Voice' ? 'VoiceLost' : 'MplsLost', message };
    }
    const heard = `${message}; too few regions are heard to tell more`;
    return { state: 'Unknown', reason: 'NotObserved', message: heard };
  }
  if (has('Down') && has('Up', 'Partial')) return { state: 'Degraded', reason: 'PartialLoss', message };
  return { state: 'Degraded', reason: has('OneWay') ? 'OneWayLoss' : 'PartialLoss', message };
}

function readPath(path: TransitPath, rows: readonly Row[], columns: readonly Column[]) {
  const heard = rows.filter(({ presence }) => presence === 'Heard');
  const electorate = rows.filter(({ presence }) => presence !== 'Lost').length;
  const speaking = heard.filter((row) => wordsOf(row, columns, path).length > 0);
  const cutOff = speaking.filter((row) => reachesNothing(wordsOf(row, columns, path)));
  // One region alone that reaches nothing says more of itself than of everything else.
  const isSuspect = cutOff.length > 1 && cutOff.length === speaking.length;
  const voters = heard.filter((row) => !cutOff.includes(row));
  const readings = new Map<string, Reading>();
  for (const { isPending, name, paths } of columns) {
    if (!paths.includes(path)) continue;
    const votes = voters.flatMap(({ links, region }): Vote[] => {
      const state = links.get(name)?.[path] ?? 'Unknown';
      return state === 'Unknown' ? [] : [{ region, state }];
    });
    readings.set(name, {
      finding: isPending ? PENDING : isSuspect ? nobodyReaches(path) : judge(path, votes, electorate),
      reachedFrom: isPending ? NOBODY : new Set(votes.filter(({ state }) => state === 'Up').map((v) => v.region)),
    });
  }
  return { readings, isSuspect, cutOff: isSuspect ? [] : cutOff.map(({ region }) => region) };
}

const PENDING: Finding = {
  state: 'Pending',
  reason: 'TransitPending',
  message: 'announced; it takes no traffic yet',
};
const nobodyReaches = (path: TransitPath): Finding => ({
  state: 'Unknown',
  reason: 'ProbesSuspect',
  message: `no region reaches the ${pathName(path)} of any transit centre: the probing is the suspect`,
});

export function readMatrix(rows: readonly Row[], columns: readonly Column[]): MatrixReading {
  const read = new Map(transitPath.options.map((path) => [path, readPath(path, rows, columns)] as const));
  return {
    of: (centre, path) => read.get(path)?.readings.get(centre),
    uplinks: transitPath.options.flatMap((path) => (read.get(path)?.cutOff ?? []).map((region) => ({ region, path }))),
    suspects: transitPath.options.filter((path) => read.get(path)?.isSuspect),
  };
}
