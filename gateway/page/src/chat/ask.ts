import { call, errorFrom } from "../api/client.js";
import { readStream } from "../api/sse.js";
import type { Zone } from "../api/zones.js";
import { parseExplanation, parsePlacement, type Considered, type PlacedAt } from "./placement.js";

export interface Question {
  readonly model: string;
  readonly messages: readonly { readonly role: "system" | "user" | "assistant"; readonly content: string }[];
  readonly farthest: Zone;
  readonly temperature: number | null;
  readonly maxTokens: number | null;
}

/** What is known of an answer while it comes. Times are milliseconds from the question. */
export interface Progress {
  id: string;
  text: string;
  placements: PlacedAt[];
  considered: readonly Considered[];
  firstMillis: number | null;
  lastMillis: number | null;
  promptTokens: number | null;
  answerTokens: number | null;
  finish: string | null;
}

export function nothingYet(): Progress {
  return { id: "", text: "", placements: [], considered: [], firstMillis: null, lastMillis: null, promptTokens: null, answerTokens: null, finish: null };
}

/** More text than any model here can say in one answer. */
const LONGEST_ANSWER = 8 * 1024 * 1024;
const MOST_PLACEMENTS = 64;
const MOVED = "ringfence-placement ";

/** Asks, and tells after each part that came; returns when the answer is whole. */
export async function ask(question: Question, signal: AbortSignal, progress: Progress, changed: () => void): Promise<void> {
  const began = performance.now();
  const body: Record<string, unknown> = {
    model: question.model,
    messages: question.messages,
    stream: true,
    stream_options: { include_usage: true },
  };
  if (question.temperature !== null) body["temperature"] = question.temperature;
  if (question.maxTokens !== null) body["max_completion_tokens"] = question.maxTokens;
  const response = await call("/v1/chat/completions", {
    method: "POST",
    body,
    headers: { "Ringfence-Zone": question.farthest, "Ringfence-Explain": "true" },
    signal,
  });
  const placed = parsePlacement(response.headers.get("ringfence-placement"), response.headers.get("ringfence-attempt"));
  if (placed !== null) progress.placements = [placed];
  progress.considered = parseExplanation(response.headers.get("ringfence-explain"));
  changed();
  if (response.body === null) throw errorFrom(null, 502);
  for await (const part of readStream(response.body)) {
    if (part.kind === "comment") {
      const moved = part.text.startsWith(MOVED) ? parsePlacement(part.text.slice(MOVED.length), null) : null;
      if (moved !== null && progress.placements.length < MOST_PLACEMENTS) {
        progress.placements = [...progress.placements, moved];
        changed();
      }
      continue;
    }
    if (part.data === "[DONE]") return;
    take(JSON.parse(part.data), progress, performance.now() - began);
    if (progress.text.length > LONGEST_ANSWER) throw new Error("the answer is longer than this page can hold");
    changed();
  }
  throw new Error("The connection ended before the answer did.");
}

interface Chunk {
  readonly id?: string;
  readonly error?: unknown;
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null }; readonly finish_reason?: string | null }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
}

/** Exported for its test. */
export function take(chunk: Chunk, progress: Progress, millis: number): void {
  if (chunk.error !== undefined) throw errorFrom(chunk, 502);
  progress.id = chunk.id ?? progress.id;
  const choice = chunk.choices?.[0];
  const content = choice?.delta?.content;
  if (typeof content === "string" && content !== "") {
    progress.text += content;
    progress.firstMillis ??= millis;
    progress.lastMillis = millis;
  }
  progress.finish = choice?.finish_reason ?? progress.finish;
  progress.promptTokens = chunk.usage?.prompt_tokens ?? progress.promptTokens;
  progress.answerTokens = chunk.usage?.completion_tokens ?? progress.answerTokens;
}

/** Of the tokens after the first, as it arrived here; null where there is too little to say. */
export function tokensPerSecond(progress: Progress): number | null {
  const { firstMillis, lastMillis, answerTokens } = progress;
  if (firstMillis === null || lastMillis === null || answerTokens === null || answerTokens < 2 || lastMillis <= firstMillis) return null;
  return ((answerTokens - 1) * 1000) / (lastMillis - firstMillis);
}
