import type { PlantedBug } from '../planted.ts';
import type { PointsOf, ProofJob } from './job.ts';

/** A bug that one of the proofs must catch, and where it shows. */
export interface PlantedForProof extends PlantedBug {
  readonly proof: 'crash' | 'stale' | 'partition' | 'holdDown';
  readonly shows: ShowsAt;
}

/** Points of an operation whose text holds `about`, or jobs by themselves. */
export type ShowsAt =
  | { readonly operation: string; readonly of: PointsOf; readonly about: string }
  | { readonly jobs: readonly ProofJob[] };

const cell = (pattern: string, phase: 'steady' | 'renewed' | 'promoted'): ProofJob => ({
  proof: 'partition',
  pattern,
  phase,
  seed: 1,
});

export const PLANTED_FOR_PROOFS: readonly PlantedForProof[] = [
  {
    name: 'recordsForgotten',
    what: 'a new hub leader does not take up the records that the one before it left open',
    proof: 'crash',
    edits: [{ file: 'src/hub/switch-loop.ts', find: '      adoptOpen(context, open);\n', replace: '' }],
    shows: { operation: 'switchback', of: 'writes', about: 'PATCH regionswitches/status' },
  },
  {
    name: 'movesUntold',
    what: 'a move that was recorded, and of which no record was written, is never told',
    proof: 'crash',
    edits: [
      {
        file: 'src/hub/switch-loop.ts',
        find: '      for (const move of untold.take()) noteMove(open, move);\n',
        replace: '',
      },
    ],
    shows: { operation: 'switchback', of: 'writes', about: 'PATCH serviceinstances/status' },
  },
  {
    name: 'halfEvacuated',
    what: 'a new hub leader does not find out from the assignments what a person’s switch has moved',
    proof: 'crash',
    edits: [
      {
        file: 'src/hub/manual-records.ts',
        find: '    recover(this.#context, object, record, instant.wallMs);\n',
        replace: '    if (!object.metadata.name) recover(this.#context, object, record, instant.wallMs);\n',
      },
    ],
    shows: { operation: 'evacuation', of: 'writes', about: 'PATCH serviceinstances/status' },
  },
  {
    name: 'staysByOldClock',
    what: 'a new hub leader goes by what the clock of the one before it said of the end of a drill',
    proof: 'crash',
    edits: [{ file: 'src/decide/drill.ts', find: '  stayLeftMs <= 0 || ', replace: '  ' }],
    shows: { operation: 'regionDrill', of: 'writes', about: 'PATCH regionswitches/status' },
  },
  {
    name: 'staleTenants',
    what: 'a new hub leader plans, and deletes, by the tenants that its cache shows',
    proof: 'stale',
    edits: [
      {
        file: 'src/hub/cohort-loop.ts',
        find: '[groups, classes, tenants].every(({ reflector }) => reflector.fresh)',
        replace: '[groups, classes, tenants].every(({ reflector }) => reflector.synced)',
      },
      {
        file: 'src/hub/hub.ts',
        find: '[groups, classes, tenants, switches].map(',
        replace: '[groups, classes, switches].map(',
      },
    ],
    shows: { operation: 'tenantDeletion', of: 'eventsOfFollowers', about: 'tenants acme' },
  },
  {
    name: 'neverCatchesUp',
    what: 'an agent whose watch of the orders is late stops what the hub has just granted anew',
    proof: 'stale',
    edits: [
      { file: 'src/agent/agent.ts', find: 'guard, createCatchUp(context, services), peers', replace: 'guard, peers' },
    ],
    shows: { operation: 'failover', of: 'events', about: 'is told by west: MODIFIED regionalservices trunk' },
  },
  {
    name: 'letGoAndStarted',
    what: 'a new agent leader carries out orders that the one before it has let go',
    proof: 'stale',
    edits: [
      {
        file: 'src/agent/orders.ts',
        find: '    this.#forgetGone(items, resourceVersion);\n',
        replace: '    if (resourceVersion === "") this.#forgetGone(items, resourceVersion);\n',
      },
    ],
    shows: { operation: 'instanceDeletion', of: 'eventsOfFollowers', about: 'MODIFIED regionalservices web' },
  },
  {
    name: 'madeUnseen',
    what: 'what the cache does not show is made at zero, whether it runs or not',
    proof: 'stale',
    edits: [
      {
        file: 'src/agent/converge.ts',
        find: 'const { resourceVersion = ABSENT, uid }',
        replace: 'const { resourceVersion, uid }',
      },
    ],
    shows: { operation: 'firstAssignment', of: 'eventsOfFollowers', about: 'deployments' },
  },
  {
    name: 'noWaitForRights',
    what: 'a promotion waits neither for the lease of the old side nor for the promises of the new one',
    proof: 'partition',
    edits: [
      {
        file: 'src/decide/authority.ts',
        find: 'const remainingMs = view.waitMs -',
        replace: 'const remainingMs = 0 * view.waitMs -',
      },
    ],
    shows: { jobs: [cell('A | rest', 'steady'), cell('A | rest', 'renewed'), cell('A deaf', 'renewed')] },
  },
  {
    name: 'hubNeverSuspect',
    what: 'a hub that sees only one of three regions does not suspect itself',
    proof: 'partition',
    edits: [
      {
        file: 'src/decide/diagnosis.ts',
        find: 'return lost > 0 && (lost + silent) * 2 > states.length;',
        replace: 'return lost + silent > 2 * states.length;',
      },
    ],
    shows: { jobs: [cell('HB | AC', 'steady'), cell('H-A H-C', 'steady')] },
  },
  {
    name: 'homeTooSoon',
    what: 'a service goes home, and so can be lost again, before the last failover has cooled down',
    proof: 'holdDown',
    edits: [
      {
        file: 'src/decide/guards.ts',
        find: '    cooledDown,\n    primaryFollows,\n',
        replace: '    primaryFollows,\n',
      },
    ],
    shows: { jobs: [{ proof: 'flapping', flapping: 'home and away again', flaps: 6, seed: 1 }] },
  },
  {
    name: 'noPromises',
    what: 'regions that the hub has left promise each other nothing',
    proof: 'holdDown',
    edits: [
      {
        file: 'src/agent/peers.ts',
        find: 'if (services.length === 0) return undefined;',
        replace: 'if (services.length >= 0) return undefined;',
      },
    ],
    shows: { jobs: [{ proof: 'hubLoss', loss: 'cut off', forMs: 30_000, seed: 1 }] },
  },
];

export function plantedCalled(name: string): PlantedForProof {
  const bug = PLANTED_FOR_PROOFS.find((planted) => planted.name === name);
  if (!bug) throw new Error(`no planted bug is called ${name}`);
  return bug;
}
