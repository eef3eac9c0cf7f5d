import { counted } from '../api/common.ts';
import type { Refusal } from './refusal.ts';
import type { RegionCapacity } from './region-capacity.ts';

/** What a service would take in a region if it were active there, or the rule by which it has no place there. */
export type Place = { readonly ok: true; readonly instances: number } | Refusal;

/** A region whose capacity is declared. */
interface RegionRoom {
  readonly planned: number;
  readonly capacity: number;
}

/** By region; one that is not there is not limited. */
export type RoomBook = ReadonlyMap<string, RegionRoom>;

export const roomOf = (capacities: readonly RegionCapacity[]): RoomBook =>
  new Map(
    capacities.flatMap(({ capacity, planned, region }): [string, RegionRoom][] =>
      capacity === undefined ? [] : [[region, { planned, capacity }]],
    ),
  );

/** Whether a region has a place and room, beside what is planned there already. */
export function fits(book: RoomBook, region: string, place: Place | undefined): boolean {
  const room = book.get(region);
  return place?.ok === true && (room === undefined || room.planned + place.instances <= room.capacity);
}

/** The book after something was given to a region. */
export function occupy(book: RoomBook, region: string, instances: number): RoomBook {
  const room = book.get(region);
  return room ? new Map(book).set(region, { ...room, planned: room.planned + instances }) : book;
}

/** The numbers, for people. */
export function describeRoom(region: string, planned: number, more: number, capacity: number | undefined): string {
  const limit = capacity === undefined ? 'it is not limited' : `its capacity is ${capacity}`;
  return `region ${region} holds ${counted(planned, 'instance')} and ${more} more would come; ${limit}`;
}
