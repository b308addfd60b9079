/** Writes one entry of the cubin cache over and over, and reads it: `node cache-child.ts ROUNDS`. Every read has to be the whole image. */
import { type CacheKey, readEntry, writeEntry } from "../../runtime/cubin-cache.ts";

const key: CacheKey = { source: "the same source", symbol: "same", options: [], arch: "sm_90", nvrtc: [13, 0], addon: "1" };
const image = new Uint8Array(1 << 20).map((_, place) => (place * 31) % 251);

let misses = 0;
for (let round = 0; round < Number(process.argv[2]); round += 1) {
  await writeEntry(key, image);
  const found = await readEntry(key);
  if (found === undefined) misses += 1;
  else if (Buffer.compare(found, image) !== 0) throw new Error(`round ${round}: the entry is not the image`);
  if (round === 0) console.log("writing");
}
console.log(`misses: ${misses}`);
