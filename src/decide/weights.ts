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
 */
export function computeWeights(
  regions: readonly string[],
  healthy: ReadonlySet<string>,
  last: readonly RegionWeight[] = [],
): RegionWeight[] {
  const up = regions.filter((region) => healthy.has(region));
  if (up.length > 0) return share(regions, new Set(up));
  const kept = regions.map((region) => ({ region, weight: last.find((w) => w.region === region)?.weight ?? 0 }));
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  return total === PERCENT ? kept : share(regions, new Set(regions));
}

function share(regions: readonly string[], among: ReadonlySet<string>): RegionWeight[] {
  const even = Math.floor(PERCENT / among.size);
  let extra = PERCENT % among.size;
  return regions.map((region) => {
    if (!among.has(region)) return { region, weight: 0 };
    const weight = extra > 0 ? even + 1 : even;
    extra -= 1;
    return { region, weight };
  });
}
