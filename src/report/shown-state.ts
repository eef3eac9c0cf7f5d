import type { Diagnosis, RegionState } from '../decide/diagnosis.ts';

/** To people a region that answers, but that something is the matter with, is not healthy. */
export function shownState(diagnosis: Diagnosis | undefined): RegionState {
  const { reason, state = 'Unknown' } = diagnosis ?? {};
  return state === 'Healthy' && reason !== 'RegionHealthy' ? 'Degraded' : state;
}
