import { describe, expect, it } from "vitest";

import { type Edits, edited, fitNotes, freshness, readGlossary, spread, stageWords, withEdit, writeGlossary } from "./dubs";
import type { DubSentence, DubStage } from "./dubsApi";

const sentence = (id: string, change: Partial<DubSentence> = {}): DubSentence => ({
  id, start: 0, end: 1, speaker: "1", text: "Hello", machine: "", translation: "", edited: false, keep: false, voice: "de", sound_url: null,
  voice_hash: null, fit_hash: null, is_new: false, changed: false, at: null, seconds: null, rate: null, tempo: null, over: 0, late: 0, cut: 0,
  ...change,
});
const stage = (change: Partial<DubStage>): DubStage => ({
  name: "voice", label: "Voice", state: "done", percent: 0, message: "", hash: "1", seconds: 1, is_new: true, redone: 1, reused: 2,
  facts: { sentences: 3 }, files: [], ...change,
});
const none: Edits = new Map();

describe("edits", () => {
  it("are kept until they say what was there before", () => {
    const one = sentence("a");
    const edits = withEdit(none, one, { translation: "Hallo" });
    expect(edited(one, edits).translation).toBe("Hallo");
    expect(edits.get("a")).toMatchObject({ id: "a", translation: "Hallo", keep: false });
    expect(withEdit(edits, one, { translation: "" }).size).toBe(0);
  });

  it("leave the machine's words to the machine when only something else changed", () => {
    const one = sentence("a", { machine: "Hallo", translation: "Hallo" });
    expect(withEdit(none, one, { keep: true }).get("a")?.translation).toBeNull();
    const typed = sentence("a", { machine: "Hallo", translation: "Moin", edited: true });
    expect(withEdit(none, typed, { keep: true }).get("a")?.translation).toBe("Moin");
  });

  it("spread pasted lines over the sentences that follow, and no further", () => {
    const all = ["a", "b", "c"].map((id) => sentence(id));
    const edits = spread(none, all, 1, "zwei\n\n drei \nvier");
    expect([...edits].map(([id, edit]) => [id, edit.translation])).toEqual([["b", "zwei"], ["c", "drei"]]);
  });
});

describe("words", () => {
  it("say what was kept and what was made", () => {
    expect(freshness(stage({}))).toBe("1 made, 2 kept");
    expect(freshness(stage({ is_new: false }))).toBe("kept");
    expect(freshness(stage({ state: "changed" }))).toBe("");
    expect(stageWords(stage({ name: "fit", facts: { sentences: 3, too_long: 1, late: 0 } }))).toBe("3 sentences, 1 too long");
    expect(stageWords(stage({ state: "waiting", message: "Rendering", percent: 40 }))).toBe("Rendering 40 %");
  });

  it("name what does not fit before what does", () => {
    expect(fitNotes(sentence("a", { over: 0.8, rate: 1.25, tempo: 1.25 })).map((note) => note.bad)).toEqual([true, false]);
    expect(fitNotes(sentence("a", { rate: 1, tempo: 1 }))).toEqual([]);
  });

  it("read a glossary as they write it", () => {
    const terms = { avsite: "", "blue whale": "Blauwal" };
    expect(readGlossary(writeGlossary(terms))).toEqual(terms);
    expect(readGlossary(" \n=x\n")).toEqual({});
  });
});
