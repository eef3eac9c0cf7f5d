import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProofAnswer } from './job.ts';
import { explainFailures, partitionJobs, proveAll } from './jobs.ts';
import { type Outcome, PHASES, WHEN_ONLY_HUB_CANNOT_SEE } from './partition-expectation.ts';
import { PATTERNS } from './partition-patterns.ts';

const SEED = 1;
const DOCUMENT = join(import.meta.dirname, '../../../docs/partition-matrix.md');
const isUpdate = process.env['UPDATE_MATRIX'] === '1';

const PHASE_TEXTS: Readonly<Record<(typeof PHASES)[number], string>> = {
  steady: 'active in A, nothing is on its way',
  renewed: 'active in A, in the instant in which its right was renewed',
  intended: 'a planned switch from A to B, in the instant in which the intent is recorded',
  fenced: 'the same, in the instant in which A has confirmed that it stopped',
  promoted: 'a switchback from B to A, in the instant in which A is given the right',
};

describe('45 patterns of cuts in 5 phases', () => {
  it('are 45, all different', () => {
    expect(new Set(PATTERNS.map(({ cuts }) => [...cuts].sort().join())).size).toBe(45);
    expect(new Set(PATTERNS.map(({ name }) => name)).size).toBe(45);
  });

  it('never show two active regions; the service runs where it should, and everything arrives after the cut', async () => {
    const answers = await proveAll(partitionJobs(SEED), { what: 'partition' });
    expect(explainFailures(answers)).toEqual([]);
    const matrix = documentOf(answers);
    if (isUpdate) writeFileSync(DOCUMENT, matrix);
    else expect(matrix).toBe(readFileSync(DOCUMENT, 'utf8'));
  });
});

/** What a cell says: where it is assigned, in brackets when it runs nowhere. */
function textOf({ assigned, runs }: Outcome): string {
  if (runs === undefined) return `(${assigned})`;
  return runs === assigned ? runs : `${runs} (${assigned})`;
}

function documentOf(answers: readonly ProofAnswer[]): string {
  const cells = new Map<string, string>();
  for (const { job, outcome } of answers) {
    if (job.proof === 'partition' && outcome) cells.set(`${job.pattern}/${job.phase}`, textOf(outcome));
  }
  const rows = PATTERNS.map(({ cuts, name }) => {
    const row = PHASES.map((phase) => cells.get(`${name}/${phase}`) ?? '?');
    return `| ${[name.replace('|', '\\|'), cuts.join(' '), ...row].join(' | ')} |`;
  });
  return [
    '<!-- Written by test/simulation/proofs/partition.test.ts (UPDATE_MATRIX=1). Do not edit. -->',
    '# Partition matrix',
    '',
    'Where a `Backup` service stands after 50 seconds of a partition between the hub `H` and three regions: `A` is its',
    'primary region, `B` and `C` follow in this order. The real hub and agents play each cell on virtual time; an observer',
    'of the pods that run sees that at no instant two regions run it, and that it is back where it belongs after the cut.',
    '',
    'A cell names the region that it is assigned to and runs in. In brackets: it is assigned there, and runs nowhere,',
    'because nobody who may start it can be reached. `A (B)`: it runs in A, on promises, and is assigned to B. A cut `X>Y`',
    'lets nothing pass from X to Y; the other direction may be open.',
    '',
    ...PHASES.map((phase) => `- \`${phase}\`: ${PHASE_TEXTS[phase]}.`),
    '',
    `A region that the hub alone cannot see, while a peer that it sees does: \`${WHEN_ONLY_HUB_CANNOT_SEE}\`.`,
    '',
    `| pattern | cuts | ${PHASES.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(PHASES.length)}`,
    ...rows,
    '',
  ].join('\n');
}
