/** Dubs in words, and the edits that are not saved yet. */

import type { Dub, DubSentence, DubStage, SentenceEdit } from "./dubsApi";
import { clock, plural } from "./format";

export const DUB_STATES: Record<Dub["state"], string> = {
  queued: "In line",
  running: "Working",
  waiting: "Making the lips",
  paused: "Waits for you",
  done: "Done",
  failed: "Stopped",
};
const WORKING: ReadonlySet<Dub["state"]> = new Set(["queued", "running", "waiting"]);

export function isWorking(dub: Pick<Dub, "state">): boolean {
  return WORKING.has(dub.state);
}

/** What a stage says of itself, in a few words. */
export function stageWords(stage: DubStage): string {
  if (stage.state === "working") return stage.percent ? `Working ${stage.percent} %` : "Working";
  if (stage.state === "waiting") return `${stage.message || "Working"} ${stage.percent} %`;
  if (stage.state === "needs_you") return "Waits for you";
  if (stage.state === "failed") return "Stopped";
  if (stage.state === "changed") return "Will be made again";
  if (stage.state === "todo") return "Not yet";
  return factWords(stage);
}

function factWords({ name, facts }: DubStage): string {
  const number = (key: string) => Number(facts[key] ?? 0);
  const sentences = plural(number("sentences"), "sentence");
  if (name === "words") return `${plural(number("words"), "word")}, ${String(facts["language"])}, heard by ${String(facts["model"])}`;
  if (name === "sentences") return `${sentences}, ${plural(number("speakers"), "speaker")}`;
  if (name === "translate") return facts["translator"] ? `${sentences} by ${String(facts["translator"])}` : "By hand";
  if (name === "fit") {
    const flags = [number("too_long") && `${number("too_long")} too long`, number("late") && `${number("late")} late`].filter(Boolean);
    return [sentences, ...flags].join(", ");
  }
  if (name === "mix") return `${number("loudness_lufs").toFixed(1)} LUFS`;
  if (name === "lipsync") return facts["engine"] ? `by ${String(facts["engine"])}` : "The picture stays as it was";
  if (name === "finish") return `${plural(number("captions"), "caption")}, ${clock(number("seconds"))}`;
  return sentences;
}

/** Whether a stage that is done was done in the last run or kept from before; "" for others. */
export function freshness(stage: DubStage): string {
  if (stage.state !== "done") return "";
  if (!stage.is_new) return "kept";
  return stage.reused ? `${stage.redone} made, ${stage.reused} kept` : "made";
}

/** How a sentence fits its time: what to look at first. */
export function fitNotes(sentence: DubSentence): { text: string; bad: boolean }[] {
  const notes: { text: string; bad: boolean }[] = [];
  const seconds = (value: number) => `${value.toFixed(1)} s`;
  if (sentence.over > 0.05) notes.push({ text: `${seconds(sentence.over)} too long: shorten it`, bad: true });
  if (sentence.cut > 0.05) notes.push({ text: `${seconds(sentence.cut)} lost after the end`, bad: true });
  if (sentence.late > 0.05) notes.push({ text: `begins ${seconds(sentence.late)} late`, bad: true });
  const speed = (sentence.rate ?? 1) * (sentence.tempo ?? 1);
  if (Math.abs(speed - 1) > 0.02) notes.push({ text: `${Math.round(speed * 100)} % speed`, bad: false });
  return notes;
}

export type Edits = ReadonlyMap<string, SentenceEdit>;

/** A sentence as it stands in the form. */
export function edited(sentence: DubSentence, edits: Edits): DubSentence {
  const edit = edits.get(sentence.id);
  if (!edit) return sentence;
  return {
    ...sentence,
    text: edit.text ?? sentence.text,
    translation: edit.translation ?? sentence.translation,
    speaker: edit.speaker ?? sentence.speaker,
    keep: edit.keep ?? sentence.keep,
  };
}

/** `edits` with a change of one sentence; a sentence that is as it was is left out. */
export function withEdit(edits: Edits, sentence: DubSentence, change: Partial<SentenceEdit>): Edits {
  const now = { ...edited(sentence, edits), ...change };
  const next = new Map(edits);
  const same =
    now.text === sentence.text && now.translation === sentence.translation && now.speaker === sentence.speaker && now.keep === sentence.keep;
  if (same) next.delete(sentence.id);
  else
    next.set(sentence.id, {
      id: sentence.id,
      text: now.text ?? "",
      translation: now.translation === sentence.machine && !sentence.edited ? null : (now.translation ?? ""),
      speaker: now.speaker ?? null,
      keep: now.keep ?? false,
    });
  return next;
}

/** Several lines pasted at once belong to this sentence and those after it. */
export function spread(edits: Edits, sentences: readonly DubSentence[], from: number, pasted: string): Edits {
  const lines = pasted.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  return lines.reduce((known, translation, index) => {
    const sentence = sentences[from + index];
    return sentence ? withEdit(known, sentence, { translation }) : known;
  }, edits);
}

/** Terms of a glossary, one a line: `name = word`, or a name alone that stays as it is. */
export function readGlossary(text: string): Record<string, string> {
  const terms: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [term = "", word = ""] = line.split("=").map((part) => part.trim());
    if (term) terms[term] = word;
  }
  return terms;
}

export function writeGlossary(terms: Record<string, string>): string {
  return Object.entries(terms)
    .map(([term, word]) => (word ? `${term} = ${word}` : term))
    .join("\n");
}

export function languageName(tag: string): string {
  if (!tag) return "";
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
