import type { KindDefinition } from './definition.ts';
import { iuGroup } from './iu-group.ts';
import { region } from './region.ts';
import { regionLease } from './region-lease.ts';
import { regionSwitch } from './region-switch.ts';
import { regionalService } from './regional-service.ts';
import { serviceClass } from './service-class.ts';
import { serviceInstance } from './service-instance.ts';
import { tenant } from './tenant.ts';
import { tenantDirectory } from './tenant-directory.ts';

/** Every kind of the API, in the order of the reference page. */
export const KINDS: readonly KindDefinition[] = [
  iuGroup,
  serviceClass,
  tenant,
  serviceInstance,
  regionSwitch,
  region,
  regionLease,
  regionalService,
  tenantDirectory,
];
