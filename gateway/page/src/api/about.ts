import { json } from "./client.js";
import { isZone, type Zone } from "./zones.js";

/** What the gateway tells everybody of itself. */
export interface About {
  readonly farthestZone: Zone;
  readonly keysRequired: boolean;
  readonly version: string;
}

interface Wire {
  readonly farthest_zone: string;
  readonly keys_required: boolean;
  readonly version: string;
}

async function ask(): Promise<About> {
  const { farthest_zone, keys_required, version } = await json<Wire>("/page/api/about");
  return { farthestZone: isZone(farthest_zone) ? farthest_zone : "device", keysRequired: keys_required, version };
}

/** Asked once; `known` when it has come. */
export const about: Promise<About> & { known?: About } = ask();
about.then(
  (answer) => (about.known = answer),
  () => undefined,
);
