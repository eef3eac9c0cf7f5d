export interface RegionWeight {
  readonly region: string;
  /** Percent of the traffic. */
  readonly weight: number;
}

const PERCENT = 100;

/**
 * Shares of the traffic of an `Active` service, in percent, 100 in all. Healthy regions share evenly (what does not
 * divide goes to the first ones), the others get 0.
 *
 * The set is never empty: with none healthy the `last` weights stay, because to send callers somewhere is better than
 * nowhere, and a change would only be a guess. Without any that still fit, all regions share.
 *
 * @param left what a region gets of its usual share, in percent, where it is less than all of it. A region that is to be
 *   empty gets all of it where no other one is healthy.
 * @param home regions that come first (`homeRegions`): the others get what these are to lose, or all when none is healthy
 */
export function computeWeights(
  regions: readonly string[],
  healthy: ReadonlySet<string>,
  last: readonly RegionWeight[] = [],
  left: ReadonlyMap<string, number> = new Map(),
  home?: ReadonlySet<string>,
): RegionWeight[] {
  const up = regions.filter((region) => healthy.has(region));
  if (up.length > 0) return share(regions, partsOf(up, left, home));
  const kept = regions.map((region) => ({ region, weight: last.find((w) => w.region === region)?.weight ?? 0 }));
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  return total === PERCENT ? kept : share(regions, partsOf(regions, new Map(), home));
}

function partsOf(
  among: readonly string[],
  left: ReadonlyMap<string, number>,
  home: ReadonlySet<string> = new Set(among),
): ReadonlyMap<string, number> {
  const first = among.filter((region) => home.has(region));
  const others = among.filter((region) => !home.has(region));
  if (first.length === 0) return evenParts(others, left);
  // While one of the first keeps its whole share the others get nothing; what all of them lose goes to the others.
  const kept = Math.max(...first.map((region) => left.get(region) ?? PERCENT));
  const open = others.filter((region) => (left.get(region) ?? PERCENT) > 0);
  if (kept === PERCENT || open.length === 0) return evenParts(first, left);
  const spilled = (PERCENT - kept) / open.length;
  return new Map([
    ...first.map((region) => [region, left.get(region) ?? PERCENT] as const),
    ...open.map((region) => [region, spilled] as const),
  ]);
}

function evenParts(among: readonly string[], left: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const parts = among.map((region): [string, number] => [region, left.get(region) ?? PERCENT]);
  const isAny = parts.some(([, part]) => part > 0);
  return new Map(isAny ? parts : among.map((region) => [region, PERCENT]));
}

/** In proportion to the parts. What is lost by rounding down goes to those that lost most of it, the first ones first. */
function share(regions: readonly string[], parts: ReadonlyMap<string, number>): RegionWeight[] {
  const total = [...parts.values()].reduce((sum, part) => sum + part, 0);
  const exact = regions.map((region) => (PERCENT * (parts.get(region) ?? 0)) / Math.max(1, total));
  const lost = (index: number): number => (exact[index] ?? 0) % 1;
  const missing = PERCENT - exact.reduce((sum, weight) => sum + Math.floor(weight), 0);
  const topped = new Set(
    regions
      .map((_, index) => index)
      .sort((x, y) => lost(y) - lost(x) || x - y)
      .slice(0, regions.length > 0 ? missing : 0),
  );
  return regions.map((region, index) => ({
    region,
    weight: Math.floor(exact[index] ?? 0) + (topped.has(index) ? 1 : 0),
  }));
}
