import { ZONES } from "../api/zones.js";
import { Message } from "./wire.js";

interface Head {
  readonly sequence: number;
  readonly hash: string;
  readonly signature: string;
}

/** One attempt that left, as `GET /v1/receipts/{id}` tells it. */
export interface ReceiptRecord extends Head {
  readonly time: string;
  readonly attempt: number;
  readonly target: string;
  readonly zone: string;
  readonly farthest_zone: string;
  readonly reasons: readonly string[];
  readonly policy_version: string;
  readonly byte_count: number;
  readonly keyed_hash: string;
  readonly previous: string;
  readonly stored: string;
}

export interface Receipt {
  readonly request_id: string;
  readonly records: readonly ReceiptRecord[];
  readonly head: Head;
  readonly public_key: string;
}

/** What was looked at, and whether it held. `null`: this browser can't say. */
export interface Check {
  readonly what: string;
  readonly holds: boolean | null;
  readonly why: string;
}

/** The check that compares the key with the one that was kept. */
export const OTHER_KEY = "The router's key is the one that this browser saw before";

/** Signed with the head's sequence and hash. */
const SIGNED = "ringfence ledger head 1\n";

/**
 * Holds a receipt against itself: what it says is what was stored, the hash is of that, and the router's key has signed it. Who
 * has kept the key's fingerprint knows that it is that router's.
 */
export async function verify(receipt: Receipt, keptFingerprint: string | null): Promise<{ readonly checks: readonly Check[]; readonly fingerprint: string }> {
  const publicKey = base64(receipt.public_key);
  const fingerprint = hex(await sha256(publicKey));
  const key = await importKey(publicKey);
  const checks: Check[] = [];
  for (const [index, record] of receipt.records.entries()) {
    const name = `Record ${record.sequence}`;
    const stored = base64(record.stored);
    const differs = difference(record, receipt.request_id, stored);
    checks.push({ what: `${name}: what it says is what was stored`, holds: differs === null, why: differs ?? "each field was read again from the stored bytes" });
    const hash = hex(await sha256(stored));
    checks.push({ what: `${name}: its hash is of those bytes`, holds: hash === record.hash, why: hash === record.hash ? `SHA-256 ${hash}` : `SHA-256 is ${hash}, not ${record.hash}` });
    checks.push(await signature(`${name}: the router signed it`, key, record));
    const before = receipt.records[index - 1];
    if (before !== undefined && before.sequence + 1 === record.sequence) {
      checks.push({ what: `${name}: follows record ${before.sequence}`, holds: record.previous === before.hash, why: "it holds the hash of the record before it" });
    } else if (record.sequence === 1) {
      checks.push({ what: `${name}: begins the chain`, holds: record.previous === fingerprint, why: "it holds the hash of the router's key" });
    }
  }
  checks.push(await signature(`Head at record ${receipt.head.sequence}: the router signed it`, key, receipt.head));
  const newest = receipt.records.at(-1);
  if (newest !== undefined) {
    const reaches = receipt.head.sequence > newest.sequence || (receipt.head.sequence === newest.sequence && receipt.head.hash === newest.hash);
    checks.push({ what: "The head is no older than the records", holds: reaches, why: `${receipt.head.sequence} records in the ledger` });
  }
  checks.push(
    keptFingerprint === null
      ? { what: "The router's key is kept for the next time", holds: true, why: `fingerprint ${fingerprint}` }
      : { what: OTHER_KEY, holds: keptFingerprint === fingerprint, why: `fingerprint ${fingerprint}${keptFingerprint === fingerprint ? "" : `, before ${keptFingerprint}`}` },
  );
  return { checks, fingerprint };
}

/** The first field that says something else than the stored bytes; null: all the same. */
function difference(record: ReceiptRecord, requestId: string, stored: Uint8Array): string | null {
  let shown: readonly (readonly [string, unknown, unknown])[];
  try {
    const message = new Message(stored);
    if (!message.has(4)) return "the stored record is of no departure";
    const departure = new Message(message.bytes(4));
    const label = new Message(departure.bytes(6));
    shown = [
      ["sequence", record.sequence, Number(message.number(1))],
      ["previous", record.previous, hex(message.bytes(2))],
      ["time", Date.parse(record.time), Number(message.number(3))],
      ["request", requestId, departure.text(1)],
      ["attempt", record.attempt, Number(departure.number(2))],
      ["target", record.target, departure.text(4)],
      ["zone", record.zone, zone(departure.number(5))],
      ["farthest zone", record.farthest_zone, zone(label.number(1))],
      ["reasons", record.reasons.join(), label.texts(2).join()],
      ["policy version", record.policy_version, departure.text(7)],
      ["bytes", record.byte_count, Number(departure.number(8))],
      ["keyed hash", record.keyed_hash, hex(departure.bytes(9))],
    ];
  } catch (unreadable) {
    return unreadable instanceof Error ? unreadable.message : "the stored record can't be read";
  }
  const other = shown.find(([, said, kept]) => said !== kept);
  return other === undefined ? null : `${other[0]}: it says ${String(other[1])}, stored is ${String(other[2])}`;
}

function zone(number: bigint): string {
  return ZONES[Number(number) - 1] ?? "device";
}

async function importKey(spki: Uint8Array<ArrayBuffer>): Promise<CryptoKey | null> {
  try {
    return await crypto.subtle.importKey("spki", spki, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
}

async function signature(what: string, key: CryptoKey | null, head: Head): Promise<Check> {
  if (key === null) return { what, holds: null, why: "this browser has no Ed25519: 'router ledger verify' looks at the whole ledger" };
  const text = new TextEncoder().encode(SIGNED);
  const signed = new Uint8Array(text.length + 8 + 32);
  signed.set(text);
  new DataView(signed.buffer).setBigUint64(text.length, BigInt(head.sequence));
  signed.set(unhex(head.hash).subarray(0, 32), text.length + 8);
  const holds = await crypto.subtle.verify({ name: "Ed25519" }, key, base64(head.signature), signed);
  return { what, holds, why: holds ? "Ed25519, with the router's public key" : "the signature is of something else" };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function base64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
