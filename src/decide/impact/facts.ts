import type { Effect, ImpactRow } from '../../api/impact.ts';
import type { CrossRegionMode, Functionality, Outside, StandbyMode, View } from '../../api/service-class.ts';
import type { TenantSpec } from '../../api/tenant.ts';
import type { TransitPath } from '../../api/transit-centre.ts';

/** What the rules know. All of it is plain: a test, a command line and the hub make it in their own ways. */

/** What becomes of a service when a region is lost. */
export type ServiceFate =
  /** It does not serve there. */
  | { readonly kind: 'Untouched' }
  /** `Active`: other regions serve it already. */
  | { readonly kind: 'GoesOn'; readonly regions: readonly string[] }
  /** `Backup`: another region starts it by itself. */
  | { readonly kind: 'Moves'; readonly regions: readonly string[] }
  /** `Backup`: it was started there, and is ready. */
  | { readonly kind: 'Moved'; readonly regions: readonly string[] }
  /** `Backup`: another region could start it, if a person says yes. */
  | { readonly kind: 'Awaits'; readonly regions: readonly string[] }
  /** No other region serves it until the region is back. */
  | { readonly kind: 'Stops' };

export interface ServiceFacts {
  readonly serviceClass: string;
  readonly functionality: Functionality;
  /** How the tenant has it: `None` where its tier has no place for it in a second region. */
  readonly mode: CrossRegionMode;
  /** Where it serves: all its regions if `Active`, else where it is active. */
  readonly servesIn: readonly string[];
  /** Where it stands by. */
  readonly standsByIn: readonly string[];
  readonly standby: StandbyMode;
  readonly view: View;
  readonly needsApproval: boolean;
  /** `Behind`: at least one of its data stores has no copy in another region. */
  readonly data: 'None' | 'Follows' | 'Behind';
  readonly outside: readonly Outside[];
  readonly components: readonly ComponentFacts[];
  /** Whether it serves where it should. Absent: yes. */
  readonly ready?: boolean;
  /** A guard or a person keeps it from moving. */
  readonly held?: boolean;
  /** As somebody who knows better has decided. Absent: what follows from the rest. */
  readonly fate?: ServiceFate;
}

export interface ComponentFacts {
  /** `One`: a single instance. `OneOfTwo`: one slot of a pair serves. `Many`: several serve. */
  readonly shape: 'One' | 'OneOfTwo' | 'Many';
  /** Zones where what serves sits. Absent: not known. */
  readonly zones?: readonly string[];
}

/** A transit centre that the tenant may use. */
export interface CentreFacts {
  readonly name: string;
  readonly pair: string;
  readonly geography: string;
  /** The best one first. */
  readonly regions: readonly string[];
  /** What comes in through it, and is not lost. */
  readonly voice: boolean;
  readonly mpls: boolean;
}

export interface TransitFacts {
  readonly connectivity: TenantSpec['connectivity'];
  /** The primary transit centre of the tenant. */
  readonly primary?: string;
  readonly centres: readonly CentreFacts[];
  /** Whether calls may come in through another pair of the geography. */
  readonly acrossPairs: boolean;
}

/** A tenant, or what stands for all that have the same services. */
export interface TenantFacts {
  readonly home: string;
  readonly services: readonly ServiceFacts[];
  readonly transit: TransitFacts;
}

export type Failure =
  | { readonly kind: 'Zone'; readonly region: string; readonly zone: string }
  | { readonly kind: 'Region'; readonly region: string }
  | { readonly kind: 'TransitCentre'; readonly centre: string; readonly paths: readonly TransitPath[] }
  /** They are not ready, and nothing else tells why. */
  | { readonly kind: 'Services'; readonly services: readonly string[] }
  /** A person wants the region empty: nothing is lost that can be led away. */
  | { readonly kind: 'PlannedSwitch'; readonly region: string };

/** What one functionality means to each audience; empty: no impact. */
export interface Cells {
  readonly operations: readonly Effect[];
  readonly representative: readonly Effect[];
  readonly customer: readonly Effect[];
}
export type Audience = keyof Cells;
export const AUDIENCES: readonly Audience[] = ['operations', 'representative', 'customer'];

export interface TableRow extends Cells {
  readonly functionality: ImpactRow['functionality'];
}
/** A row for each functionality that the tenant has. */
export interface ImpactTable {
  readonly failure: Failure;
  readonly rows: readonly TableRow[];
}
