import type { Component } from '../api/service-class.ts';

/** Bound of `ServiceInstance.spec.agents`. */
const MAX_LOAD = 2_000_000_000;
/** Steps per power of two: 1/16 = 6.25 %. */
const STEPS = 16;

/**
 * A load in agents, rounded **up** to the next sixteenth of its power of two, so that one tenant more rarely rewrites
 * anything. With p the largest power of two ≤ agents the steps are p/16 wide (but whole numbers), so the result is
 * never below the load, at most 6.25 % above it, rises with it, and rounding again changes nothing.
 */
export function quantiseLoad(agents: number): number {
  const load = Math.min(MAX_LOAD, Math.ceil(agents));
  if (!(load > 0)) return 0;
  const powerOfTwo = 2 ** (31 - Math.clz32(load));
  const step = Math.max(1, powerOfTwo / STEPS);
  return Math.min(MAX_LOAD, Math.ceil(load / step) * step);
}

/**
 * N of a pool: instances (or pairs) that carry `agents`: max(minInstances, ceil(agents / agentsPerInstance)).
 * Outside a pool one instance carries the whole load, so N is 1.
 */
export function computeNeeded(component: Component, agents: number): number {
  if (component.pattern !== 'N+1') return 1;
  if (component.agentsPerInstance === undefined) return component.minInstances;
  return Math.max(component.minInstances, Math.ceil(agents / component.agentsPerInstance));
}
