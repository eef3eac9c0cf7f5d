import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { TransitCentreStatus } from '../api/transit-centre.ts';
import { createTransitMetrics, type TransitRecord } from './transit-metrics.ts';

const since = '2026-01-01T00:00:00Z';
const LOST: TransitCentreStatus = {
  name: 'us-1',
  voice: { state: 'Lost', reason: 'VoiceLost', message: '', since },
  mpls: { state: 'Up', reason: 'TransitUp', message: '', since },
  ingress: { servedBy: 'us-2', since, reason: 'VoiceLost' },
  hold: { wanted: 'Return', reason: 'Flapping', message: '' },
};

it('transit centres are shown as they were last recorded, and those of before are shown no more', async () => {
  const registry = new Registry();
  let records: TransitRecord[] = [{ group: 'americas', centres: [LOST] }];
  createTransitMetrics(registry, () => records);
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => /^\w.*\d$/.test(line));
  expect(await lines()).toEqual([
    'switchback_transit_state{iu_group="americas",centre="us-1",path="voice",state="Lost",reason="VoiceLost"} 1',
    'switchback_transit_state{iu_group="americas",centre="us-1",path="mpls",state="Up",reason="TransitUp"} 1',
    'switchback_transit_ingress_moved{iu_group="americas",centre="us-1",served_by="us-2"} 1',
    'switchback_transit_holds{iu_group="americas",reason="Flapping",wanted="Return"} 1',
  ]);
  records = [
    { group: 'americas', centres: [{ name: 'us-1', ingress: { servedBy: 'us-1', since, reason: 'AsDeclared' } }] },
  ];
  expect(await lines()).toEqual([
    'switchback_transit_ingress_moved{iu_group="americas",centre="us-1",served_by="us-1"} 0',
  ]);
  records = [];
  expect(await lines()).toEqual([]);
});
