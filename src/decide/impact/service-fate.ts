import type { Failure, ServiceFacts, ServiceFate } from './facts.ts';

const UNTOUCHED: ServiceFate = { kind: 'Untouched' };
const without = (regions: readonly string[], lost: string): readonly string[] =>
  regions.filter((region) => region !== lost);

/** A service that is active in one region at a time. */
function backupFate(service: ServiceFacts, home: string, lost: string): ServiceFate {
  const { held, needsApproval, ready, servesIn, standsByIn } = service;
  if (!servesIn.includes(lost)) {
    // What has moved away from its lost home is felt until it is ready, and what it left behind is felt for longer.
    if (home !== lost) return UNTOUCHED;
    return { kind: ready === false ? 'Moves' : 'Moved', regions: servesIn };
  }
  const regions = without(standsByIn, lost);
  if (regions.length === 0) return { kind: 'Stops' };
  if (needsApproval) return { kind: 'Awaits', regions };
  return held ? { kind: 'Stops' } : { kind: 'Moves', regions };
}

function fateInLoss(service: ServiceFacts, home: string, lost: string): ServiceFate {
  if (service.fate) return service.fate;
  if (service.mode === 'Backup') return backupFate(service, home, lost);
  if (!service.servesIn.includes(lost)) return UNTOUCHED;
  const regions = without(service.servesIn, lost);
  return service.mode === 'Active' && regions.length > 0 ? { kind: 'GoesOn', regions } : { kind: 'Stops' };
}

/** A planned switch stops nothing: what has no other place stays, and so does what a person has to approve first. */
function fateInSwitch(service: ServiceFacts, home: string, left: string): ServiceFate {
  const fate = fateInLoss(service, home, left);
  return fate.kind === 'Stops' || fate.kind === 'Awaits' || fate.kind === 'Moved' ? UNTOUCHED : fate;
}

/** What becomes of a service. Only a region, a switch or its own failure decides that: zones and transit centres leave it running. */
export function fateOf(service: ServiceFacts, home: string, failure: Failure): ServiceFate {
  switch (failure.kind) {
    case 'Region':
      return fateInLoss(service, home, failure.region);
    case 'PlannedSwitch':
      return fateInSwitch(service, home, failure.region);
    case 'Services':
      return failure.services.includes(service.serviceClass) ? { kind: 'Stops' } : UNTOUCHED;
    case 'Zone':
    case 'TransitCentre':
      return UNTOUCHED;
  }
}
