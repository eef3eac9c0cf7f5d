import { Gauge, type Registry } from 'prom-client';
import type { TransitCentreStatus } from '../api/transit-centre.ts';

/** What the leader of the hub last recorded of the transit centres of one group. */
export interface TransitRecord {
  readonly group: string;
  readonly centres: readonly TransitCentreStatus[];
}

/** All is read when it is asked for; a process that does not lead has nothing to say. */
export function createTransitMetrics(registry: Registry, records: () => Iterable<TransitRecord>): void {
  const registers = [registry];
  new Gauge({
    name: 'switchback_transit_state',
    help: 'What a way into a transit centre was found to be: 1 for its present state and reason.',
    labelNames: ['iu_group', 'centre', 'path', 'state', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { centres, group } of records()) {
        for (const { mpls, name, voice } of centres) {
          const of = { iu_group: group, centre: name };
          if (voice) this.set({ ...of, path: 'voice', state: voice.state, reason: voice.reason }, 1);
          if (mpls) this.set({ ...of, path: 'mpls', state: mpls.state, reason: mpls.reason }, 1);
        }
      }
    },
  });
  new Gauge({
    name: 'switchback_transit_ingress_moved',
    help: 'Whether callers of a transit centre come in through another one: 1 if so.',
    labelNames: ['iu_group', 'centre', 'served_by'],
    registers,
    collect() {
      this.reset();
      for (const { centres, group } of records()) {
        for (const { ingress, name } of centres) {
          if (!ingress) continue;
          const labels = { iu_group: group, centre: name, served_by: ingress.servedBy };
          this.set(labels, ingress.servedBy === name ? 0 : 1);
        }
      }
    },
  });
  new Gauge({
    name: 'switchback_transit_holds',
    help: 'Transit centres whose callers should come in elsewhere, or go home, and are held.',
    labelNames: ['iu_group', 'reason', 'wanted'],
    registers,
    collect() {
      this.reset();
      for (const { centres, group } of records()) {
        for (const { hold } of centres) {
          if (hold) this.inc({ iu_group: group, reason: hold.reason, wanted: hold.wanted });
        }
      }
    },
  });
}
