import type { Effect, EffectCode } from '../../api/impact.ts';
import type { Cells } from './facts.ts';

interface Parameters {
  readonly services?: readonly string[] | undefined;
  readonly regions?: readonly string[] | undefined;
  readonly centre?: string | undefined;
  readonly via?: Effect['via'];
  readonly assumed?: boolean | undefined;
}

/** An effect; parameters that say nothing are left out. */
export function effect(code: EffectCode, { assumed, centre, regions, services, via }: Parameters = {}): Effect {
  return {
    code,
    ...(services && { services: [...services] }),
    ...(regions && { regions: [...regions] }),
    ...(centre !== undefined && { centre }),
    ...(via && { via }),
    ...(assumed && { assumed }),
  };
}

/** A list of one effect, or of none. */
export const effectIf = (holds: boolean, code: EffectCode, parameters: Parameters = {}): Effect[] =>
  holds ? [effect(code, parameters)] : [];

export const NOTHING: Cells = { operations: [], representative: [], customer: [] };
