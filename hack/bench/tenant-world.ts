import { RESOURCES } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { type GroupSettings, groupOf, tenantsOf } from './manifests.ts';
import { waitUntilReady } from './waiting.ts';
import { applyAll, openWorld, type World, type WorldOptions } from './world.ts';

const LIMIT_MS = 300_000;

export interface TenantWorldOptions extends WorldOptions {
  readonly classes: readonly KubeObject[];
  readonly tenants: number;
  readonly group?: GroupSettings;
  /** The operator starts when all tenants are there. Default: they come while it runs. */
  readonly tenantsFirst?: boolean;
}

/** A world whose tenants share one instance of each service, with everything ready. */
export async function openTenantWorld(options: TenantWorldOptions): Promise<World> {
  const { classes, group, tenants, ...rest } = options;
  const world = await openWorld(rest);
  try {
    await applyAll(world.hub, [groupOf(group), ...classes]);
    if (options.tenantsFirst) await applyAll(world.hub, tenantsOf(tenants));
    world.operator.start();
    await addTenants(world, { from: 0, to: tenants, services: classes.length });
    return world;
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

/** Applies more tenants as a user would, and waits until all tenants and their shared services are ready. */
export async function addTenants(
  world: World,
  { from, services, to }: { readonly from: number; readonly to: number; readonly services: number },
): Promise<void> {
  await applyAll(world.hub, tenantsOf(to - from, from));
  await waitUntilReady(world.hub, RESOURCES.serviceInstance, services, LIMIT_MS);
  await waitUntilReady(world.hub, RESOURCES.tenant, to, LIMIT_MS);
}
