import type { Progress } from "./ask.js";

export type Message =
  | { readonly role: "user"; text: string }
  | { readonly role: "assistant"; readonly model: string; readonly answer: Progress; error: string | null; stopped: boolean };

/** A conversation, kept by this browser and sent nowhere but as a prompt. */
export interface Conversation {
  readonly id: string;
  title: string;
  updated: number;
  messages: Message[];
}

const NAME = "ringfence-chat";
const STORE = "conversations";
/** The oldest go first. */
export const MOST_CONVERSATIONS = 200;

/** In the browser's IndexedDB; in memory alone where there is none (private windows of some browsers). */
export class History {
  readonly #database: Promise<IDBDatabase | null> = open();

  /** All, the newest first. */
  async all(): Promise<Conversation[]> {
    const found = (await this.#run("readonly", (store) => store.getAll())) as Conversation[] | null;
    return (found ?? []).sort((one, other) => other.updated - one.updated);
  }

  async save(conversation: Conversation): Promise<void> {
    await this.#run("readwrite", (store) => store.put(structuredClone(conversation)));
  }

  async remove(id: string): Promise<void> {
    await this.#run("readwrite", (store) => store.delete(id));
  }

  async clear(): Promise<void> {
    await this.#run("readwrite", (store) => store.clear());
  }

  async #run(mode: IDBTransactionMode, action: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    const database = await this.#database;
    if (database === null) return null;
    return new Promise((resolve, reject) => {
      const request = action(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("the browser's storage failed"));
    });
  }
}

function open(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    let request: IDBOpenDBRequest;
    try {
      request = indexedDB.open(NAME, 1);
    } catch {
      resolve(null);
      return;
    }
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
    request.onblocked = () => resolve(null);
  });
}

/** The first words of the first question. */
export function titleOf(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length <= 60 ? line || "Untitled" : `${line.slice(0, 57).trimEnd()}…`;
}
