import type { Effect } from '../../api/impact.ts';
import type { Functionality } from '../../api/service-class.ts';
import type { Cells, ServiceFacts } from './facts.ts';
import type { Outcome } from './outcome.ts';

/** What a rule is asked with, by failure. */

export interface ZoneWorld {
  readonly zone: string;
  /** Services of a functionality that run in the region of the zone. */
  readonly runningOf: (functionality: Functionality) => readonly ServiceFacts[];
}

export interface RegionWorld {
  /** Undefined: services fail by themselves, and no call or session with them. */
  readonly lost: string | undefined;
  readonly outcomeOf: (functionality: Functionality) => Outcome;
  readonly servicesOf: (functionality: Functionality) => readonly ServiceFacts[];
  /** What representatives feel wherever no rule says otherwise. */
  readonly representative: readonly Effect[];
}

export interface Way {
  readonly centre?: string;
  readonly via?: 'Internet';
}

export interface TransitWorld {
  readonly home: string;
  /** The centre that is lost. */
  readonly centre: string;
  /** Carriers do not come in there any more. */
  readonly voice: boolean;
  /** Private networks do not either, and the tenant comes in through one. */
  readonly mpls: boolean;
  readonly isPrimary: boolean;
  /** Whether the mail server of the tenant stands in a private network. */
  readonly hasPrivateMail: boolean;
  /** Where new calls enter instead. */
  readonly callsAt: string | undefined;
  /** Where phones register instead. */
  readonly phonesAt: string | undefined;
  /** How sessions come in instead. */
  readonly sessionsBy: Way | undefined;
  readonly servicesOf: (functionality: Functionality) => readonly ServiceFacts[];
  /** Whether a service has a place in another region with a transit centre of its own. */
  readonly hasOtherWay: (service: ServiceFacts) => boolean;
  readonly representative: readonly Effect[];
}

export interface SwitchWorld {
  readonly outcomeOf: (functionality: Functionality) => Outcome;
  readonly servicesOf: (functionality: Functionality) => readonly ServiceFacts[];
}

/**
 * What a rule answers. Without a word about representatives they feel the same as with every other functionality; an
 * empty list says that they feel nothing.
 */
export type Answer = Partial<Cells>;

/** What one functionality means to people, by failure. A failure that is left out is not felt by its own account. */
export interface Rule {
  readonly zone?: (world: ZoneWorld) => Answer;
  readonly region: (world: RegionWorld) => Answer;
  readonly transit: (world: TransitWorld) => Answer;
  readonly planned: (world: SwitchWorld) => Answer;
}
