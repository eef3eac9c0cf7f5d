import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { connectToHub } from './session.ts';

describe('a command in a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443', HOME: '/there/is/no/home' };

  it('does not take the cluster of the pod for one that is named', async () => {
    const asked = connectToHub({ context: 'us-east' }, env, new ManualClock());
    await expect(asked).rejects.toThrow('/there/is/no/home/.kube/config');
  });
});
