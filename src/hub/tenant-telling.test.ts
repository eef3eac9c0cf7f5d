import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aBackup, aClass, anAssignment, anInstance } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { Store } from '../kube/cache.ts';
import { keyOf } from '../kube/object.ts';
import { createTenantTelling, type TenantTelling, type TenantTellingContext } from './tenant-telling.ts';

const MAIL = keyOf(anInstance('mail'));
const VOICE = keyOf(anInstance('voice'));

let clock: ManualClock;
let tenants: number;
/** What the status of each instance says. */
let available: Record<string, 'True' | 'False'>;
/** What its active region says now. */
let phases: Record<string, string>;
let told: string[];
let telling: TenantTelling;

beforeEach(async () => {
  clock = new ManualClock();
  tenants = 10_000;
  available = { [MAIL]: 'True', [VOICE]: 'True' };
  phases = { [MAIL]: 'Active', [VOICE]: 'Active' };
  told = [];
  const instanceOf = (name: string): ServiceInstance => {
    const instance = anInstance(name);
    const status = available[keyOf(instance)] ?? 'Unknown';
    const condition = { type: 'Available', status, reason: 'ActiveHere', message: '', lastTransitionTime: '' } as const;
    return { ...instance, status: { observedGeneration: 1, conditions: [condition] } };
  };
  const byKey = (key: string) => (key === MAIL || key === VOICE ? instanceOf(key.split('/')[1] ?? '') : undefined);
  const classes = new Store<ReturnType<typeof aClass>>();
  classes.replace([aClass('voice-mail', aBackup())], '1');
  const context = partOf<TenantTellingContext>('context', {
    clock,
    tenants: {
      store: partOf<Store<never>>('tenants', {
        get size() {
          return tenants;
        },
      }),
    },
    classes: { store: classes },
    assignments: { get: () => anAssignment('3 us-west>us-east') },
    diagnoses: { get: () => ({ state: 'Healthy' }) },
    instances: { store: { get: byKey, byIndex: () => [instanceOf('mail'), instanceOf('voice')] } },
    links: {
      get: () => ({
        synced: true,
        services: { store: { get: (key: string) => ({ status: { epoch: 3, phase: phases[key] } }) } },
      }),
    },
  });
  const note = (what: string) => told.push(`${clock.now().monoMs - startedAt} ${what}`);
  telling = createTenantTelling(context, { ofInstance: note, ofGroup: note });
  telling.ticker.start();
  await clock.advance(100);
  const startedAt = clock.now().monoMs;
});

/** A service says so itself, and a little later its status says it too. */
function fails(key: string): void {
  phases[key] = 'Starting';
  available[key] = 'False';
  telling.instanceChanged(key);
}
function returns(key: string): void {
  phases[key] = 'Active';
  available[key] = 'True';
  telling.instanceChanged(key);
}

describe('tenants are told', () => {
  it('two seconds after the last change, once for all of them', async () => {
    telling.instanceChanged(MAIL);
    await clock.advance(1500);
    telling.instanceChanged(VOICE);
    telling.groupChanged('americas');
    await clock.advance(60_000);
    expect(told).toEqual([`3500 ${MAIL}`, `3500 ${VOICE}`, '3500 americas']);
  });

  it('of changes without an end ten seconds after the first one, and so again', async () => {
    tenants = 40;
    for (let second = 0; second < 22; second += 1) {
      telling.instanceChanged(MAIL);
      await clock.advance(1000);
    }
    expect(told).toEqual([`10000 ${MAIL}`, `20000 ${MAIL}`]);
  });

  it('at once that a service is not served, where they are few', async () => {
    tenants = 40;
    fails(MAIL);
    await clock.advance(2500);
    expect(told).toEqual([`2000 ${MAIL}`]);
  });

  it('when the last service is back, where they are many', async () => {
    fails(MAIL);
    fails(VOICE);
    await clock.advance(9000);
    returns(MAIL);
    await clock.advance(3000);
    expect(told).toEqual([]);
    returns(VOICE);
    await clock.advance(3000);
    expect(told).toEqual([`14000 ${MAIL}`, `14000 ${VOICE}`]);
  });

  it('of a group when all of its services are back', async () => {
    phases[VOICE] = 'Starting';
    telling.groupChanged('americas');
    await clock.advance(9000);
    expect(told).toEqual([]);
    phases[VOICE] = 'Active';
    await clock.advance(500);
    expect(told).toEqual(['9500 americas']);
  });

  it.each([
    ['its status does not say so yet', () => (available[MAIL] = 'False')],
    ['its status says so of the epoch before', () => (phases[MAIL] = 'Standby')],
  ])('not that a service is served while %s', async (_, arrange) => {
    arrange();
    telling.instanceChanged(MAIL);
    await clock.advance(9000);
    expect(told).toEqual([]);
  });

  it('after as long as it takes to tell them all, whatever does not come back', async () => {
    fails(MAIL);
    await clock.advance(24_900);
    expect(told).toEqual([]);
    await clock.advance(600);
    expect(told).toHaveLength(1);
  });

  it('of an instance that is gone without a wait', async () => {
    telling.instanceChanged('switchback-system/gone');
    await clock.advance(2000);
    expect(told).toEqual(['2000 switchback-system/gone']);
  });
});
