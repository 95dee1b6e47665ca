import { html, type TemplateResult } from "lit";

/** A part of a program's text. */
export interface Piece {
  readonly kind: "plain" | "comment" | "string" | "number" | "keyword" | "name";
  readonly text: string;
}

const WORDS =
  "abstract and as assert async await base begin bool boolean break byte case catch char class const constexpr continue def default defer del delete do double elif else elsif end enum except export extends extern false final finally float fn for foreach from func function global go goto if impl implements import in include instanceof int interface internal is lambda let long loop match mod module mut namespace new nil none not null object of operator or override package pass private protected pub public raise readonly record ref return sealed select self set short sizeof static string struct super switch template then this throw throws trait true try type typedef typeof undefined union unless unsafe unsigned until use using val var virtual void volatile when where while with yield None True False Self";
const KEYWORDS = new Set(WORDS.split(" "));
const SQL = new Set(
  "select from where and or not insert into values update set delete create table index view join left right inner outer on group by order having limit offset as distinct union all null is in like between case when then else end primary key references".split(" "),
);
const HASH_COMMENTS = /^(py|python|rb|ruby|sh|bash|zsh|shell|yaml|yml|toml|ini|r|perl|pl|make|makefile|dockerfile|conf|elixir|nix)$/;
const DASH_COMMENTS = /^(sql|lua|haskell|hs|ada|elm)$/;
const NONE = /^(|text|txt|plain|plaintext|md|markdown|diff|log|console|output)$/;

/** Texts longer than this are shown as they are. */
const LONGEST = 60_000;

/** Comments, strings, numbers and common keywords, without knowing any language well. */
export function pieces(source: string, language: string): readonly Piece[] {
  const name = language.toLowerCase();
  if (NONE.test(name) || source.length > LONGEST) return [{ kind: "plain", text: source }];
  const comment = HASH_COMMENTS.test(name) ? "#[^\\n]*" : DASH_COMMENTS.test(name) ? "--[^\\n]*" : "\\/\\/[^\\n]*|\\/\\*[\\s\\S]*?(?:\\*\\/|$)|<!--[\\s\\S]*?(?:-->|$)";
  const pattern = new RegExp(
    `(?<comment>${comment})|(?<string>"(?:[^"\\\\\\n]|\\\\.)*"?|'(?:[^'\\\\\\n]|\\\\.)*'?|\`(?:[^\`\\\\]|\\\\.)*\`?)|(?<number>\\b(?:0[xXbBoO][\\da-fA-F_]+|\\d[\\d_]*(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)\\b)|(?<word>[A-Za-z_$][\\w$]*)(?<call>\\s*\\()?`,
    "g",
  );
  const words = name === "sql" ? SQL : KEYWORDS;
  const found: Piece[] = [];
  let from = 0;
  for (const match of source.matchAll(pattern)) {
    const groups = match.groups ?? {};
    const word = groups["word"];
    const text = word ?? match[0];
    const kind = groups["comment"] !== undefined ? "comment" : groups["string"] !== undefined ? "string" : groups["number"] !== undefined ? "number" : words.has(name === "sql" ? (word ?? "").toLowerCase() : (word ?? "")) ? "keyword" : groups["call"] !== undefined ? "name" : null;
    if (kind === null) continue;
    if (match.index > from) found.push({ kind: "plain", text: source.slice(from, match.index) });
    found.push({ kind, text });
    from = match.index + text.length;
  }
  if (from < source.length) found.push({ kind: "plain", text: source.slice(from) });
  return found;
}

export function highlighted(source: string, language: string): readonly (TemplateResult | string)[] {
  return pieces(source, language).map((piece) => (piece.kind === "plain" ? piece.text : html`<span class="code-${piece.kind}">${piece.text}</span>`));
}
