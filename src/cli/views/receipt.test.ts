import { describe, expect, it } from 'vitest';
import { aSwitch } from '../../../test/support/objects.ts';
import type { RegionSwitch, RegionSwitchStatus } from '../../api/region-switch.ts';
import { buildReceipt, receiptAsHtml, receiptAsMarkdown } from './receipt.ts';

const moved = {
  name: 'switchback-system/voice-mail',
  from: 'east',
  to: 'west',
  epoch: 2,
  lastSignTime: '2026-01-01T10:00:00Z',
  decidedTime: '2026-01-01T10:00:06Z',
  promotedTime: '2026-01-01T10:00:18Z',
  readyTime: '2026-01-01T10:00:19Z',
  recoveryMilliseconds: 19_300,
};
const status: RegionSwitchStatus = {
  observedGeneration: 1,
  startTime: '2026-01-01T10:00:06Z',
  endTime: '2026-01-01T10:01:06Z',
  traceID: '6f1c2a3b0d4e4f5a8b6c7d8e9fa0b1c2',
  evidence: [{ source: 'hub', saw: 'no answer for 6 s' }],
  steps: [
    {
      name: 'Fence',
      state: 'Done',
      done: 1,
      total: 1,
      startTime: '2026-01-01T10:00:06Z',
      endTime: '2026-01-01T10:00:18Z',
    },
  ],
  services: [moved],
  servicesTotal: 1,
  slowestRecoveryMilliseconds: 19_300,
  approval: { requestedTime: '2026-01-01T10:00:06Z', grantedTime: '2026-01-01T10:00:16Z', waitedSeconds: 10 },
};
const failover = (more: Partial<RegionSwitchStatus> = {}, spec = {}): RegionSwitch => ({
  ...aSwitch('leave', { type: 'Failover', ...spec }),
  status: { ...status, ...more },
});
const written = (one: RegionSwitch): string => receiptAsMarkdown(buildReceipt(one));

describe('a receipt', () => {
  it('says what was known, what was done and how long it took, with the wait for people apart', () => {
    expect(written(failover())).toMatchInlineSnapshot(`
      "# Failover east of americas: leave

      ## Summary

      |  |  |
      | --- | --- |
      | asked for by | a person (Manual) |
      | why | maintenance |
      | made | 2026-01-01T00:00:00Z |
      | begun | 2026-01-01T10:00:06Z |
      | ended | 2026-01-01T10:01:06Z |
      | took | 60.0 s |
      | facts | SwitchedOver Unknown, CleanedUp Unknown, Protected Unknown |
      | trace | 6f1c2a3b0d4e4f5a8b6c7d8e9fa0b1c2 |

      ## Evidence

      What was known of the region that was left when the first service was moved.

      | who | saw |
      | --- | --- |
      | hub | no answer for 6 s |

      ## Approvals

      Asked for since 2026-01-01T10:00:06Z; people took 10 s, which is no part of the recovery time.

      ## Timeline

      | way | step | state | services | begun | ended | took |
      | --- | --- | --- | --- | --- | --- | --- |
      | there | Fence | Done | 1/1 | 2026-01-01T10:00:06Z | 2026-01-01T10:00:18Z | 12.0 s |

      ## Services

      1 moved. Slowest recovery: 19.3 s.

      Recovery counts from the last sign of life of the old side to ready at the new one.

      | service | way | epoch | last sign | decided | promoted | ready | recovery | data lost |
      | --- | --- | --- | --- | --- | --- | --- | --- | --- |
      | switchback-system/voice-mail | east → west | 2 | 2026-01-01T10:00:00Z | 2026-01-01T10:00:06Z | 2026-01-01T10:00:18Z | 2026-01-01T10:00:19Z | 19.3 s | unknown |
      "
    `);
  });

  it.each<[string, Partial<typeof moved> & { dataLagSeconds?: number; dataLossObjectiveSeconds?: number }, string]>([
    ['unknown where nobody knows', {}, '| unknown |'],
    ['within the objective', { dataLagSeconds: 2, dataLossObjectiveSeconds: 5 }, '| at most 2 s of 5 s |'],
    ['beyond it', { dataLagSeconds: 9, dataLossObjectiveSeconds: 5 }, '| at most 9 s of 5 s, missed |'],
  ])('calls the loss of data %s', (_, more, expected) => {
    expect(written(failover({ services: [{ ...moved, ...more }] }))).toContain(expected);
  });

  it('measures a drill against its objective', () => {
    const drill = { kind: 'Region', objectiveSeconds: 10 };
    expect(written(failover({}, { type: 'Drill', drill }))).toContain('19.3 s of 10.0 s, missed');
  });

  it('of a switch that was not begun says so', () => {
    expect(written(aSwitch('leave'))).toContain('| begun | not begun |');
  });

  it('as a page takes what was written into it for text', () => {
    const page = receiptAsHtml(buildReceipt(failover({}, { reason: '<script>alert(1)</script> & "more"' })));
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;');
    expect(page).not.toContain('<script>');
  });
});
