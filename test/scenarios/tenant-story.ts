import type { Tenant } from '../../src/api/tenant.ts';
import { type CohortPlan, computeCohorts, type DesiredInstance } from '../../src/decide/cohort.ts';
import { servedBy, servicesLeft, setsOf, toldRows } from '../../src/decide/tenant-services.ts';
import { aBackup, aClass, aGroup, aTenant } from '../support/objects.ts';

/** How long an instance of the story takes to serve, and to be failed over. */
const START_S = 10;
const FAILOVER_S = 20;
const KEY = 'acme/support';
/** How often nothing new makes the hub look for what is needed no more. */
const LOOK_S = 30;

interface Running {
  readonly desired: DesiredInstance;
  region: string;
  since: number;
  lostSince: number | undefined;
  wasAvailable: boolean;
}

/**
 * One tenant with one active/backup service, second by second: which instance is planned, which one serves, and what
 * is deleted. What the engine makes of an instance is only sketched here: `Story` tells that.
 */
export class TenantStory {
  readonly #regions = new Map<string, { isUp: boolean }>();
  readonly #running = new Map<string, Running>();
  #tenant: Tenant | undefined;
  #group = aGroup('americas', ['us-east']);
  #plan: CohortPlan | undefined;
  #nowS = 0;
  #said = '';
  #lines: string[] = [];

  /** Carries out one line of the story; returns what was seen. Throws when the line means nothing. */
  tell(line: string): string[] {
    this.#lines = [];
    const words = line.split(/\s+/);
    const [first = '', ...rest] = words;
    if (first === 'regions') for (const region of rest) this.#regions.set(region, { isUp: true });
    else if (first === 'tenant') this.#declare(rest);
    else if (first === 'for') for (let left = Number(rest[0]); left > 0; left--, this.#nowS++) this.#step();
    else if (line.endsWith('loses power')) this.#power(first, false);
    else if (line.endsWith('gets its power back')) this.#power(first, true);
    else throw new Error(`the story says nothing of "${line}"`);
    return this.#lines;
  }

  /** `tenant <tier> in <region> [with <region>] [alone] [within <country>]`. */
  #declare(words: readonly string[]): void {
    const after = (word: string): string | undefined =>
      words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
    const secondary = after('with');
    const country = after('within');
    const units = [...this.#regions.keys()].map((region) => ({ region, country: region.slice(0, 2).toUpperCase() }));
    this.#group = aGroup('americas', units);
    const made = aTenant(KEY, {
      tier: words[0],
      primaryRegion: after('in'),
      secondaryRegions: secondary === undefined ? [] : [secondary],
      isolation: words.includes('alone') ? 'Dedicated' : 'Shared',
      ...(country !== undefined && { residency: { countries: [country] } }),
    });
    this.#tenant = { ...made, ...(this.#tenant?.status && { status: this.#tenant.status }) };
    this.#plan = undefined;
  }

  #power(name: string, isUp: boolean): void {
    const region = this.#regions.get(name);
    if (!region) throw new Error(`there is no region ${name}`);
    region.isUp = isUp;
  }

  #say = (who: string, what: string): void => {
    this.#lines.push(`${String(this.#nowS).padStart(4)} s  ${`${who}:`.padEnd(8)}${what}`);
  };

  #step(): void {
    this.#cohorts();
    for (const [key, running] of this.#running) this.#run(key, running);
    this.#report();
  }

  /** As `hub/cohort-loop.ts` does: at once when the tenant is changed, else now and then. */
  #cohorts(): void {
    if (!this.#tenant || (this.#plan && this.#nowS % LOOK_S !== 0)) return;
    const classes = [aClass('mail', aBackup())];
    const plan = computeCohorts({ groups: [this.#group], classes, tenants: [this.#tenant] });
    this.#plan = plan;
    const wanted = new Map(plan.instances.map((each) => [`${each.metadata.namespace}/${each.metadata.name}`, each]));
    for (const [key, desired] of wanted) {
      const known = this.#running.get(key);
      if (!known) this.#say('hub', `makes ${key}`);
      const fresh = {
        region: desired.spec.primaryRegion,
        since: this.#nowS,
        lostSince: undefined,
        wasAvailable: false,
      };
      this.#running.set(key, { ...(known ?? fresh), desired });
    }
    const outcome = plan.tenants.get(KEY);
    const left = outcome ? servicesLeft(outcome, toldRows(this.#tenant.status)).map(({ instance }) => instance) : [];
    const isInDoubt = outcome?.conditions.some(({ status, type }) => type === 'Ready' && status !== 'True');
    for (const key of this.#running.keys()) {
      if (wanted.has(key) || left.includes(key) || isInDoubt) continue;
      this.#running.delete(key);
      this.#say('hub', `deletes ${key}`);
    }
  }

  #isUp = (region: string): boolean => this.#regions.get(region)?.isUp === true;

  #isAvailable = (key: string): boolean => {
    const running = this.#running.get(key);
    return running !== undefined && this.#isUp(running.region) && this.#nowS - running.since >= START_S;
  };

  #run(key: string, running: Running): void {
    running.lostSince = this.#isUp(running.region) ? undefined : (running.lostSince ?? this.#nowS);
    const refuge = running.desired.spec.secondaryRegions.find(this.#isUp);
    if (running.lostSince !== undefined && this.#nowS - running.lostSince >= FAILOVER_S && refuge) {
      Object.assign(running, { region: refuge, since: this.#nowS, lostSince: undefined });
      this.#say('hub', `fails ${key} over to ${refuge}`);
    }
    const isAvailable = this.#isAvailable(key);
    if (isAvailable !== running.wasAvailable)
      this.#say('region', `${key} ${isAvailable ? 'serves' : 'serves no more'} in ${running.region}`);
    running.wasAvailable = isAvailable;
  }

  #report(): void {
    const outcome = this.#plan?.tenants.get(KEY);
    if (!this.#tenant || !outcome) return;
    const knowledge = { exists: (key: string) => this.#running.has(key), isAvailable: this.#isAvailable };
    const services = servedBy(outcome, toldRows(this.#tenant.status), knowledge);
    this.#tenant = { ...this.#tenant, status: { observedGeneration: 1, serviceSets: setsOf(services) } };
    const ready = outcome.conditions.find(({ type }) => type === 'Ready');
    const refused = ready?.status === 'True' ? '' : `; ${ready?.reason} (${ready?.message})`;
    const rows = services.map(({ instance, movingTo }) => {
      const outage = this.#isAvailable(instance) ? '' : ', which does not serve';
      return `by ${instance}${outage}${movingTo === undefined ? '' : `, moves to ${movingTo}`}`;
    });
    const said = `is served ${rows.join() || 'by nothing'}${refused}`;
    if (said !== this.#said) this.#say('tenant', said);
    this.#said = said;
  }
}
