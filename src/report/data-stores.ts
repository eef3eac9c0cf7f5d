import type { ConditionState, Reason } from '../api/conditions.ts';
import type { DataStoreStatus } from '../api/data-store.ts';
import type { RegionalService } from '../api/regional-service.ts';

/** What one store says of the region, the worst first. */
interface Finding {
  readonly status: ConditionState['status'];
  readonly reason: Reason;
  readonly message: string;
}

const ORDER: readonly Reason[] = [
  'DataStoreRebuildNeeded',
  'DataStoreNotPromoted',
  'DataStoreNotDemoted',
  'DataStoreHandOver',
  'DataLagTooHigh',
  'DataLagUnknown',
];

/** Whether the data stores of a service are as the role of the region wants them; nothing for a service without any. */
export function dataStoreConditions({ spec, status }: RegionalService): ConditionState[] {
  const stores = spec.dataStores ?? [];
  if (stores.length === 0) return [];
  const findings = stores.flatMap((store): Finding[] => {
    const record = status?.dataStores?.find(({ name }) => name === store.name);
    const finding = record && findIn(record, spec);
    if (finding) return [finding];
    return spec.role === 'Active' ? unpromoted(store.name, record, spec) : lagFinding(store, record);
  });
  const [worst] = findings.sort((x, y) => ORDER.indexOf(x.reason) - ORDER.indexOf(y.reason));
  if (worst) return [{ type: 'DataStoresReady', ...worst }];
  const message = spec.role === 'Active' ? 'promoted' : tellLags(status?.dataStores ?? []);
  return [{ type: 'DataStoresReady', status: 'True', reason: 'AsDeclared', message }];
}

function findIn(record: DataStoreStatus, { role }: RegionalService['spec']): Finding | undefined {
  const { failing, message = '', name, state } = record;
  const text = `data store ${name}: ${message || state}`;
  if (state === 'RebuildNeeded') return { status: 'False', reason: 'DataStoreRebuildNeeded', message: text };
  if (state === 'Promoting' && role === 'Active')
    return { status: 'False', reason: failing ? 'DataStoreNotPromoted' : 'DataStoreHandOver', message: text };
  if (role === 'Standby' && (state === 'Promoted' || state === 'Promoting' || state === 'Demoting'))
    return { status: 'False', reason: failing ? 'DataStoreNotDemoted' : 'DataStoreHandOver', message: text };
  return undefined;
}

function unpromoted(
  name: string,
  record: DataStoreStatus | undefined,
  { activeSinceEpoch, epoch }: RegionalService['spec'],
): Finding[] {
  if (record?.state === 'Promoted' && record.run >= (activeSinceEpoch ?? epoch)) return [];
  const message = `data store ${name} is not promoted here yet`;
  return [{ status: 'False', reason: 'DataStoreHandOver', message }];
}

function lagFinding(
  { hooks, lossObjectiveSeconds, name }: NonNullable<RegionalService['spec']['dataStores']>[number],
  record: DataStoreStatus | undefined,
): Finding[] {
  if (lossObjectiveSeconds === undefined || !hooks?.lag) return [];
  const lag = record?.lagSeconds;
  if (lag === undefined)
    return [{ status: 'Unknown', reason: 'DataLagUnknown', message: `data store ${name}: its lag is not known` }];
  if (lag <= lossObjectiveSeconds) return [];
  const message = `data store ${name} is ${lag} s behind, and the objective is ${lossObjectiveSeconds} s`;
  return [{ status: 'False', reason: 'DataLagTooHigh', message }];
}

const tellLags = (records: readonly DataStoreStatus[]): string =>
  ['standing by']
    .concat(
      records.flatMap(({ lagSeconds, name }) =>
        lagSeconds === undefined ? [] : `${name} about ${lagSeconds} s behind`,
      ),
    )
    .join(', ');
