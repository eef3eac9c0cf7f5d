import { describe, expect, it } from 'vitest';
import { anAssignment, anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import type { RegionalServiceStatus } from '../api/regional-service.ts';
import { type PeerFacts, peerReady, readersIn, standbyIn } from './peer.ts';

const assignment = anAssignment('3 east>west,north');
const copy = (ready: number, mode: 'Warm' | 'ReadOnly' = 'ReadOnly') => ({
  mode,
  components: [{ name: 'main', planned: 2, ready }],
});

/** A region that stands by as ordered at epoch 3, unless said otherwise. */
function peer(region: string, status: Partial<RegionalServiceStatus> = {}, more: Partial<PeerFacts> = {}): PeerFacts {
  const order = anOrder('mail', [anOrderedComponent()], { role: 'Standby', epoch: 3, standby: 'ReadOnly' });
  const said = { observedGeneration: 1, epoch: 3, standbyEpoch: 3, standby: copy(2), ...status };
  const object = { ...order, metadata: { ...order.metadata, generation: 1 }, status: said };
  return { region, planned: 2, state: 'Healthy', order: object, ...more };
}

describe('PeerReady', () => {
  it.each<[string, PeerFacts[], string, string]>([
    ['is said with the numbers', [peer('west')], 'True', 'region west stands by ReadOnly, 2 ready'],
    [
      'is not while instances are missing, with the numbers',
      [peer('west', { standby: copy(1) })],
      'False',
      'region west: main: instances ready on standby: 1, planned: 2',
    ],
    [
      'needs one region, and tells of the others',
      [peer('west', { standby: copy(0) }), peer('north')],
      'True',
      'region north stands by ReadOnly, 2 ready; region west: main: instances ready on standby: 0, planned: 2',
    ],
    [
      'is not of a region that stands by another way',
      [peer('west', { standby: copy(2, 'Warm') })],
      'False',
      'region west does not stand by ReadOnly yet',
    ],
    [
      'is not of a region that stands by cold',
      [peer('west', { standby: undefined })],
      'False',
      'region west does not stand by ReadOnly yet',
    ],
    [
      'is not of a region that has not confirmed this epoch',
      [peer('west', { standbyEpoch: 2 })],
      'False',
      'region west has not confirmed epoch 3 yet',
    ],
    [
      'is not of a region that has not seen this order',
      [peer('west', { observedGeneration: 0 })],
      'False',
      'region west has not confirmed epoch 3 yet',
    ],
    ['is not of a region that is not seen', [peer('west', {}, { state: 'Lost' })], 'False', 'region west is Lost'],
    ['is not without another region', [], 'False', 'there is no other region'],
  ])('%s', (_name, peers, status, message) => {
    const reason = status === 'True' ? 'StandbyReady' : 'StandbyNotReady';
    expect(peerReady(peers, 'ReadOnly', assignment)).toEqual({ type: 'PeerReady', status, reason, message });
  });
});

describe('a placement', () => {
  it.each<[string, PeerFacts, number]>([
    ['has what is ready', peer('west', { standby: copy(1) }), 1],
    ['has nothing in a region that is not seen', peer('west', {}, { state: 'Degraded' }), 0],
    ['has nothing where no order is', peer('west', {}, { order: undefined }), 0],
    ['has nothing of another mode', peer('west', { standby: copy(2, 'Warm') }), 0],
  ])('%s', (_name, facts, ready) => {
    expect(standbyIn(facts, 'ReadOnly')).toEqual({ mode: 'ReadOnly', planned: 2, ready });
  });
});

describe('readers', () => {
  it('are led to copies that are ready, in whatever role their region is', () => {
    const promoted = peer('west', { phase: 'Starting', epoch: 4, standbyEpoch: 3 });
    const warm = peer('south', { standby: copy(2, 'Warm') });
    const regions = [promoted, peer('north', { standby: copy(1) }), peer('east', {}, { state: 'Lost' }), warm];
    expect(readersIn(regions)).toEqual(['west']);
  });
});
