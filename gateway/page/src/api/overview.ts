import { json } from "./client.js";
import type { Zone } from "./zones.js";

// The router's overview.proto, as the gateway's /page/api tells it.

export interface Me {
  readonly tenant: string;
  readonly key_id: string;
  readonly admin: boolean;
  readonly farthest_zone: Zone;
  readonly keyless: boolean;
  readonly router: string;
}

/** What one of the gateway's routers tells, or why it does not. */
export interface FleetPart {
  /** Of the router, from 1. */
  readonly number: number;
  readonly routers: number;
  readonly view?: FleetView;
  readonly problem?: string;
}

export interface FleetView {
  readonly router: string;
  readonly incarnation: string;
  readonly time_millis: number;
  readonly nodes: readonly WatchedNode[];
  readonly nodes_left_out: number;
  readonly upstreams: readonly WatchedUpstream[];
  readonly happenings: readonly Happening[];
  readonly requests_in_flight: number;
  readonly requests_waiting: number;
}

export interface WatchedNode {
  readonly node: string;
  readonly zone: Zone;
  readonly state: "ready" | "draining" | "silent" | "unspecified";
  readonly silent_millis: number;
  readonly incarnation: string;
  readonly backend: string;
  readonly device: string;
  readonly version: string;
  readonly resident_bytes: number;
  readonly memory_total_bytes: number;
  readonly memory_available_bytes: number;
  readonly temperature_celsius?: number;
  readonly models: readonly WatchedModel[];
  readonly attempts_here: number;
  readonly address: string;
}

export interface WatchedModel {
  readonly name: string;
  readonly digest: string;
  readonly architecture: string;
  readonly context_length: number;
  readonly kv_tokens: number;
  readonly free_kv_tokens: number;
  readonly max_sequences: number;
  readonly running_sequences: number;
  readonly waiting_sequences: number;
  readonly waiting_prompt_tokens: number;
  readonly answer_tokens: number;
  readonly decode_tokens_per_second: number;
  readonly prefill_tokens_per_second: number;
}

export interface WatchedUpstream {
  readonly name: string;
  readonly zone: Zone;
  readonly models: readonly string[];
  readonly in_flight: number;
  readonly unavailable: string;
}

export interface Happening {
  readonly sequence: number;
  readonly time_millis: number;
  readonly placed?: {
    readonly request_id: string;
    readonly tenant: string;
    readonly model: string;
    readonly attempt: number;
    readonly target: string;
    readonly zone: Zone;
    readonly decided_by: string;
    readonly predicted_millis: number;
    readonly looked_at: number;
  };
  readonly over?: { readonly request_id: string; readonly attempt: number; readonly target: string; readonly zone: Zone; readonly outcome: string; readonly tenant: string };
  readonly node?: { readonly node: string; readonly zone: Zone; readonly change: "joined" | "draining" | "left"; readonly cause: string };
}

export interface PolicyView {
  readonly version: string;
  readonly problem: string;
  readonly tenants: readonly TenantView[];
  readonly upstreams: readonly UpstreamView[];
}

export interface TenantView {
  readonly name: string;
  readonly farthest_zone: Zone;
  readonly max_wait_millis: number;
  readonly budgets: readonly BudgetView[];
  readonly detectors: readonly DetectorView[];
}

export interface BudgetView {
  readonly window: string;
  readonly start_millis: number;
  readonly end_millis: number;
  readonly requests_limit?: number;
  readonly tokens_limit?: number;
  readonly money_nanos_limit?: number;
  readonly requests_used: number;
  readonly tokens_used: number;
  readonly money_nanos_used: number;
}

export interface DetectorView {
  readonly name: string;
  readonly farthest_zone: Zone;
  readonly off: boolean;
  readonly origin: string;
}

export interface UpstreamView {
  readonly name: string;
  readonly zone: Zone;
  readonly base_url: string;
  readonly models: readonly string[];
  readonly max_in_flight: number;
  readonly requests_per_minute?: number;
  readonly tokens_per_minute?: number;
}

export interface Inspection {
  readonly farthest_zone: Zone;
  readonly reasons: readonly string[];
  readonly findings: readonly DetectorView[];
  readonly complete: boolean;
  readonly targets: readonly { readonly target: string; readonly zone: Zone; readonly allowed: boolean; readonly upstream: boolean; readonly models: readonly string[] }[];
}

export interface KeyView {
  readonly id: string;
  readonly tenant: string;
  readonly farthest_zone: Zone;
  readonly expires_millis: number;
  readonly revoked_millis: number;
  readonly admin: boolean;
  readonly expired: boolean;
}

const API = "/page/api/";

export const FLEET = `${API}fleet`;
export const whoAmI = (): Promise<Me> => json(`${API}me`);
export const policy = (): Promise<PolicyView> => json(`${API}policy`);
export const keys = (): Promise<{ readonly keys: readonly KeyView[]; readonly editable: boolean }> => json(`${API}keys`);
export const inspect = (text: string): Promise<Inspection> => json(`${API}inspect`, { method: "POST", body: { text } });
export const drain = (node: string, resume: boolean): Promise<{ readonly moving: number }> => json(`${API}drain`, { method: "POST", body: { node, resume } });
export const createKey = (key: { readonly id: string; readonly tenant: string; readonly farthest_zone: string; readonly expires_millis: number }): Promise<{ readonly key: string }> => json(`${API}keys`, { method: "POST", body: key });
export const revokeKey = (id: string): Promise<unknown> => json(`${API}keys/revoke`, { method: "POST", body: { id } });
