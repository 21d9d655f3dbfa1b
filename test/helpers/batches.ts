import { Readable } from "node:stream";
import { all, type Listing } from "../../src/tokens/resource.js";

/** All of a list. */
export function allOf<T>(listing: Listing<T>): Promise<T[]> {
  return listing.read(all);
}

/** A list of these. */
export function listingOf<T>(...batches: T[][]): Listing<T> {
  return { read: (reader) => reader(Readable.from(batches), false) };
}
