import type { Endpoint } from './endpoint.ts';
import type { Faults } from './faults.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The way between one process and one API server, as its requests and streams see it. */
export interface Link {
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly process: VirtualProcess;
  readonly endpoint: Endpoint;
  /** Whether bytes pass now, in the direction of requests or in that of replies. */
  isOpen(direction: 'request' | 'reply'): boolean;
  /** What a message takes longer than its ordinary time now, in milliseconds. */
  extraMs(direction: 'request' | 'reply'): number;
  /** Calls `listener` once, when a cut heals or a server changes its state; the caller then looks again. */
  onceChanged(listener: () => void): void;
}
