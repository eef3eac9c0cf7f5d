import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../src/kube/object.ts';
import { applyObject, readManifests } from '../operator/operator.ts';
import { findMisplaced, some, untilSettled } from './expectations.ts';
import type { Step } from './journal.ts';
import { listServices } from './services.ts';
import { REGIONS, type Stage } from './stage.ts';
import { transitOf } from './transit-centre.ts';

const ROOT = join(import.meta.dirname, '../..');
const CATALOGUE = join(ROOT, 'charts/switchback/catalogue/today');
const QUICKSTART = join(ROOT, 'hack/samples/quickstart');

/** The quickstart has 60 s: too long to watch. */
const STABLE_FOR_SECONDS = 15;

/** Applies the catalogue, the IU group and the tenants, and waits until all of it is served. */
export async function applyEverything(stage: Stage, step: Step): Promise<void> {
  const objects = [CATALOGUE, QUICKSTART].flatMap(readFolder).map((object) => withDemo(stage, object));
  for (const object of objects) await applyObject(stage.hub, object);
  const count = (kind: string): number => objects.filter((object) => object.kind === kind).length;
  step.reached(
    `applied: ${count('ServiceClass')} service classes, ${count('IUGroup')} IU group, ${count('Tenant')} tenants`,
  );
  await untilSettled(stage);
  step.reached('everything is ready, and served');
  for (const { metadata, spec } of stage.picture.tenants.store.list()) {
    const secondaries = spec.secondaryRegions.length > 0 ? `, also ${spec.secondaryRegions.join(', ')}` : '';
    step.say(`tenant ${metadata.name}: ${spec.tier}, ${spec.agents} agents, home ${spec.primaryRegion}${secondaries}`);
  }
  const services = listServices(stage.picture);
  const inBoth = services.filter(({ isCrossRegion }) => isCrossRegion).length;
  const misplaced = findMisplaced(stage);
  step.expect(
    `${services.length} services run where they should, ${inBoth} of them with a place in both regions`,
    misplaced.length === 0,
    some(misplaced),
  );
}

function readFolder(folder: string): readonly KubeObject[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .flatMap((name) => readManifests(readFileSync(join(folder, name), 'utf8')));
}

/** Short times, and the transit centres of this machine. */
function withDemo({ centres }: Stage, object: KubeObject): KubeObject {
  if (object.kind !== 'IUGroup' || !('spec' in object)) return object;
  if (typeof object.spec !== 'object' || object.spec === null) return object;
  const failover = 'failover' in object.spec && typeof object.spec.failover === 'object' ? object.spec.failover : {};
  const spec = {
    ...object.spec,
    failover: { ...failover, coolDownSeconds: 0 },
    switchback: { stableForSeconds: STABLE_FOR_SECONDS },
    transit: transitOf(
      centres,
      REGIONS.map(({ name }) => name),
    ),
  };
  const changed: KubeObject & { readonly spec: object } = { ...object, spec };
  return changed;
}
