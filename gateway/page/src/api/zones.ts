/** Where bytes may be seen, nearest first. */
export const ZONES = ["device", "site", "datacenter", "external"] as const;
export type Zone = (typeof ZONES)[number];

export function isZone(text: string | null | undefined): text is Zone {
  return ZONES.includes(text as Zone);
}

export function isFartherThan(one: Zone, other: Zone): boolean {
  return ZONES.indexOf(one) > ZONES.indexOf(other);
}

export const ZONE_MEANING: Readonly<Record<Zone, string>> = {
  device: "this machine only",
  site: "machines on this site",
  datacenter: "our own datacenters too",
  external: "endpoints of others too",
};
