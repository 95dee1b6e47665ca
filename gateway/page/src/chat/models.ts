import { json } from "../api/client.js";
import { isZone, type Zone } from "../api/zones.js";

export interface Model {
  readonly id: string;
  readonly contextLength: number;
  readonly zone: Zone | null;
}

interface Listed {
  readonly data: readonly { readonly id: string; readonly context_length: number; readonly zone: string }[];
}

/** What this key can reach now. */
export async function listModels(): Promise<readonly Model[]> {
  const list = await json<Listed>("/v1/models");
  return list.data.map(({ id, context_length, zone }) => ({ id, contextLength: context_length, zone: isZone(zone) ? zone : null }));
}
