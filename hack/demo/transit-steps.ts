import { isTrue } from '../../src/api/conditions.ts';
import type { TransitCentreStatus } from '../../src/api/transit-centre.ts';
import type { Failure } from '../../src/decide/impact/facts.ts';
import { until } from './expectations.ts';
import { groupOf } from './group.ts';
import { sayImpact } from './impact.ts';
import { type Step, seconds } from './journal.ts';
import type { Stage } from './stage.ts';

const statusOf = (stage: Stage, centre: string): TransitCentreStatus | undefined =>
  groupOf(stage).status?.transitCentres?.find(({ name }) => name === centre);
const servedBy = (stage: Stage, centre: string): string | undefined => statusOf(stage, centre)?.ingress?.servedBy;

/** Makes a transit centre silent for voice, and watches callers come in through the other one, and home again. */
export async function loseTransitCentre(stage: Stage, step: Step): Promise<void> {
  const [centre, other] = stage.centres;
  const all = stage.centres.map(({ name }) => name);
  await until('both transit centres to be seen well', () =>
    all.every((name) => statusOf(stage, name)?.voice?.state === 'Up' && servedBy(stage, name) === name),
  );
  centre.loseVoice();
  const lostMs = performance.now();
  step.reached(`transit centre ${centre.name} answers no SIP any more; its private networks go on`);
  await until('its callers to come in elsewhere', () => servedBy(stage, centre.name) === other.name);
  step.expect(
    `callers come in through ${other.name}`,
    statusOf(stage, centre.name)?.mpls?.state === 'Up',
    `${seconds(performance.now() - lostMs)} after the last answer; MPLS is told apart`,
  );
  const failure: Failure = { kind: 'TransitCentre', centre: centre.name, paths: ['Voice'] };
  sayImpact(stage, step, 'crown', failure);
  await until('tenants to be told what is felt', () =>
    stage.picture.tenants.store.list().some(({ status }) => (status?.impact?.length ?? 0) > 0),
  );
  step.reached('the tenants it concerns say what is felt now (status.impact)');
  centre.restoreVoice();
  await until('its callers to come home', () => servedBy(stage, centre.name) === centre.name);
  step.reached(`${centre.name} was well for its stable time, its callers are home`);
  await until('nothing to be felt any more', () =>
    stage.picture.tenants.store.list().every(({ status }) => !status?.impact?.length),
  );
  const told = stage.picture.tenants.store.list().every(({ status }) => isTrue(status?.conditions, 'ImpactFree'));
  step.expect('every tenant says that nothing is felt', told);
}
