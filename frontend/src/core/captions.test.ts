import { describe, expect, it } from "vitest";

import { CAPTION_STALE_MS, CAPTION_STAYS_MS, CaptionBoard, captionsAt, parts, tail, transcriptText } from "./captions";

function board() {
  let now = 1000;
  const made = new CaptionBoard(() => now);
  return { made, texts: () => made.snapshot().map((line) => line.text), wait: (ms: number) => (now += ms), at: () => now };
}

describe("CaptionBoard", () => {
  it("grows one utterance word by word and ends it", () => {
    const { made, texts } = board();
    made.open({ stream: "s1", segment: "a", speaker: "avatar" });
    expect(made.snapshot()).toEqual([]);
    for (const word of ["Good ", "morning, ", "everyone."]) made.append("s1", word);
    expect(texts()).toEqual(["Good morning, everyone."]);
    expect(made.snapshot()[0]?.final).toBe(false);
    made.close("s1", true);
    expect(made.snapshot()[0]).toMatchObject({ final: true, speaker: "avatar" });
  });

  it("takes a later telling of the same utterance in place of the one before", () => {
    const { made, texts } = board();
    made.open({ stream: "s1", segment: "a", speaker: "bob" });
    made.append("s1", "their wether");
    made.close("s1", false);
    made.open({ stream: "s2", segment: "a", speaker: "bob" });
    expect(texts()).toEqual(["their wether"]);
    made.append("s2", "the weather");
    expect(texts()).toEqual(["the weather"]);
  });

  it("knows which words stay, and takes back what was only guessed", () => {
    const { made, texts } = board();
    made.open({ stream: "s1", segment: "a", speaker: "bob", settled: 9 });
    made.append("s1", "the quick brown fog");
    expect(parts(made.snapshot()[0] ?? { text: "", settled: 0 }, 100)).toEqual({ stays: "the quick ", open: "brown fog" });
    expect(parts(made.snapshot()[0] ?? { text: "", settled: 0 }, 5)).toEqual({ stays: "", open: "…fog" });
    made.open({ stream: "s2", segment: "a", speaker: "bob", settled: 19 });
    made.append("s2", "the quick brown fox");
    made.close("s2", true);
    expect(made.snapshot()[0]).toMatchObject({ final: true, settled: 19 });
    made.open({ stream: "s3", segment: "b", speaker: "bob", settled: 0 });
    made.append("s3", "uh");
    made.open({ stream: "s4", segment: "b", speaker: "bob", settled: 0 });
    made.close("s4", true);
    expect(texts()).toEqual(["the quick brown fox", ""]);
  });

  it("takes the words of who says nothing of that as they are", () => {
    const { made } = board();
    made.open({ stream: "s1", segment: "a", speaker: "maya" });
    made.append("s1", "Good morning");
    expect(parts(made.snapshot()[0] ?? { text: "", settled: 0 }, 100)).toEqual({ stays: "Good morning", open: "" });
  });

  it("lets no late words of an older stream back in", () => {
    const { made, texts } = board();
    made.open({ stream: "s1", segment: "a", speaker: "bob" });
    made.append("s1", "one ");
    made.open({ stream: "s2", segment: "a", speaker: "bob" });
    made.append("s2", "one two three");
    made.append("s1", "too");
    expect(texts()).toEqual(["one two three"]);
    made.close("s1", true);
    expect(made.snapshot()[0]?.final).toBe(false);
  });

  it("keeps two speakers apart, even with the same segment name", () => {
    const { made, texts } = board();
    made.open({ stream: "s1", segment: "a", speaker: "alice" });
    made.open({ stream: "s2", segment: "a", speaker: "avatar" });
    made.append("s1", "Hello");
    made.append("s2", "Hi");
    expect(texts()).toEqual(["Hello", "Hi"]);
  });

  it("ends what an interrupted speaker was saying and nobody else's words", () => {
    const { made } = board();
    for (const speaker of ["avatar", "bob"]) {
      made.open({ stream: speaker, speaker });
      made.append(speaker, "So");
    }
    made.silence("avatar");
    expect(made.snapshot().map((line) => line.final)).toEqual([true, false]);
  });

  it("ignores streams it never saw begin", () => {
    const { made } = board();
    made.append("x", "lost");
    made.close("x", true);
    expect(made.snapshot()).toEqual([]);
  });
});

describe("captionsAt", () => {
  it("shows what is said and lets it go a while after its end", () => {
    const { made, at } = board();
    made.open({ stream: "s", speaker: "avatar" });
    made.append("s", "Bye.");
    expect(captionsAt(made.snapshot(), at() + CAPTION_STAYS_MS)).toHaveLength(1);
    made.close("s", true);
    expect(captionsAt(made.snapshot(), at() + CAPTION_STAYS_MS - 1)).toHaveLength(1);
    expect(captionsAt(made.snapshot(), at() + CAPTION_STAYS_MS)).toEqual([]);
  });

  it("does not wait for ever for an end that was lost", () => {
    const { made, at } = board();
    made.open({ stream: "s", speaker: "avatar" });
    made.append("s", "And th");
    expect(captionsAt(made.snapshot(), at() + CAPTION_STALE_MS)).toEqual([]);
  });

  it("shows the newest line of each speaker, the last to speak at the bottom", () => {
    const { made, at, wait } = board();
    for (const [stream, speaker, text] of [["1", "a", "old"], ["2", "b", "mid"], ["3", "c", "three"], ["4", "a", "new"]] as const) {
      made.open({ stream, speaker });
      made.append(stream, text);
      wait(10);
    }
    expect(captionsAt(made.snapshot(), at()).map((line) => line.text)).toEqual(["three", "new"]);
  });
});

describe("text", () => {
  it("cuts at a word", () => {
    expect(tail("one two three four", 11)).toBe("…three four");
    expect(tail("  one\n two ", 20)).toBe("one two");
  });

  it("writes a transcript in the order of time", () => {
    const at = Date.UTC(2026, 0, 1, 9, 5, 7);
    expect(transcriptText([{ at: at + 2000, name: "Bob", text: "Hi\nthere" }, { at, name: "Mira", text: "Hello." }])).toBe(
      "[09:05:07] Mira: Hello.\n[09:05:09] Bob: Hi there",
    );
  });
});
