import { waitFor } from '../regions/wait.ts';
import { activeRegionOf, type DemoService, isTrue, listServices } from './services.ts';
import type { Stage } from './stage.ts';

/** Generous: a step that takes longer hangs, on however slow a machine. */
const STEP_MS = 240_000;

/**
 * Waits for something that is read from what is watched anyway.
 * @param missing what is still missing, for the error
 * @throws after four minutes
 */
export async function until(what: string, condition: () => boolean, missing?: () => string): Promise<void> {
  try {
    await waitFor({ what, timeoutMs: STEP_MS }, async () => condition());
  } catch (error) {
    throw missing ? new Error(`waited in vain for ${what}: ${missing()}`, { cause: error }) : error;
  }
}

/** Waits until everything is ready, by what the operator says, and runs and serves where it should, as observed. */
export async function untilSettled(stage: Stage): Promise<void> {
  await until(
    'everything to be ready',
    () => isAllReady(stage),
    () =>
      some(
        listServices(stage.picture)
          .filter(({ instance }) => !isTrue(instance, 'Ready'))
          .map(({ name }) => name),
      ),
  );
  const missing = (): readonly string[] => findMisplaced(stage);
  await until(
    'every service to be served',
    () => missing().length === 0,
    () => some(missing()),
  );
}

/** Where pods of a service should run, and serve: one region, or all of them for a service that is `Active`. */
function regionsFor(service: DemoService): readonly string[] {
  const { primaryRegion, secondaryRegions } = service.instance.spec;
  if (service.mode === 'Active') return [primaryRegion, ...secondaryRegions].sort();
  return [activeRegionOf(service) ?? primaryRegion];
}

/** The services that do not run exactly where they should, by what the observer sees, each with what is wrong. */
export function findMisplaced({ observer, picture }: Stage): readonly string[] {
  return listServices(picture).flatMap((service) => {
    const wanted = regionsFor(service).join('+');
    const { running, serving } = observer.see(service.key);
    const isRight = running.join('+') === wanted && serving.join('+') === wanted;
    const seen = `runs in ${running.join('+') || 'no region'}, serves in ${serving.join('+') || 'none'}`;
    return isRight ? [] : [`${service.name} ${seen}, should be ${wanted}`];
  });
}

/** Whether the operator says of everything that it is as declared. */
function isAllReady({ picture }: Stage): boolean {
  const services = listServices(picture);
  const [groups, tenants] = [picture.groups.store.list(), picture.tenants.store.list()];
  return (
    tenants.length > 0 &&
    [...groups, ...tenants, ...services.map(({ instance }) => instance)].every((object) => isTrue(object, 'Ready')) &&
    groups.every((group) => isTrue(group, 'Protected'))
  );
}

/** The first of a list and how many more, for a message. */
export const some = (list: readonly string[]): string =>
  list.length <= 1 ? list.join('') : `${list[0]} (and ${list.length - 1} more)`;
