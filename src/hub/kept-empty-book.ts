import { isDeepStrictEqual } from 'node:util';
import type { KeptEmpty } from '../api/regional-service.ts';

/** By region, by key of the service. */
type Kept = ReadonlyMap<string, ReadonlyMap<string, KeptEmpty>>;

/** Which services are to leave which zone, as one leadership has written it into the statuses of the drills. */
export class KeptEmptyBook {
  #term: number | undefined;
  #kept: Kept | undefined;

  forget(): void {
    this.#kept = undefined;
  }

  /** Undefined while this leadership has not looked: what another one knew may be over. */
  known(term: number | undefined): Kept | undefined {
    return term === this.#term ? this.#kept : undefined;
  }

  /** @returns the regions where it is another than before, or where that is not known */
  note(term: number | undefined, kept: Kept, regions: readonly string[]): string[] {
    const before = this.known(term);
    this.#term = term;
    this.#kept = kept;
    return regions.filter((region) => !before || !isDeepStrictEqual(before.get(region), kept.get(region)));
  }
}
