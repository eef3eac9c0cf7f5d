import type { Call } from '../../support/faults.ts';
import type { World } from '../world.ts';

/** Writes that are no step of an operation: elections, the heartbeat of agents, and events. */
const isStep = (call: Call): boolean =>
  call.method !== 'GET' && !call.tag.endsWith(' leases') && !call.tag.endsWith(' events') && !isHeartbeat(call);

/** What an agent asks or promises, and an answer of the hub that gives no right that was not there before. */
function isHeartbeat({ body, tag }: Call): boolean {
  if (tag !== 'PATCH regionleases') return false;
  const text = JSON.stringify(body) ?? '';
  return !/"grants":\{"[^}]*:\d/.test(text);
}

/** Calls `onWrite` right before each write of a process is sent, with its number. */
export function watchWrites(world: World, onWrite: (call: Call, number: number) => Disturbance | undefined): void {
  let number = 0;
  let planned: Disturbance | undefined;
  const when = (call: Call): boolean => {
    if (!isStep(call)) return false;
    planned = onWrite(call, number++);
    return planned?.travelMs !== undefined;
  };
  // Getters: the fault is read when its request has been recognised.
  world.faults.direct({
    when,
    get requestMs() {
      return planned?.travelMs ?? 0;
    },
    get replyMs() {
      return planned?.isAnswered ? planned.travelMs : undefined;
    },
  });
}

export interface Disturbance {
  /** The one way of the write; undefined: as chance has it. */
  readonly travelMs: number | undefined;
  readonly isAnswered: boolean;
}

/** A write as people read it. */
export const describeWrite = ({ from, path, tag, to }: Call): string =>
  `${from.id} sends ${tag} ${path.split('/').at(-1)} to ${to.id}`;
