import { describe, expect, it } from "vitest";

import type { Asset, Job, Look } from "../api/types";
import { type Draft, draftFrom, EMPTY_DRAFT, missingFrom, newLine, requestOf, withFace } from "./draft";

const LOOK: Look = { id: "house:mira", name: "Mira", thumbnail_url: "/m" };
const SOUND = { id: "s1", kind: "speech", name: "talk.wav" } as Asset;
const FACE = { id: "f1", kind: "face", name: "me.jpg" } as Asset;
const READY: Draft = { ...EMPTY_DRAFT, face: { kind: "look", look: LOOK }, text: " Hello there. " };

describe("missingFrom", () => {
  it("asks for the face first, then the voice", () => {
    expect(missingFrom(EMPTY_DRAFT, 100)).toMatchObject({ part: "face" });
    expect(missingFrom({ ...READY, text: "  \n" }, 100)).toMatchObject({ part: "voice" });
    expect(missingFrom({ ...READY, source: "upload" }, 100)).toMatchObject({ part: "voice" });
    expect(missingFrom({ ...READY, source: "record", upload: SOUND }, 100)).toMatchObject({ part: "voice" });
    expect(missingFrom(READY, 100)).toBeNull();
  });

  it("says how much too long the text is", () => {
    expect(missingFrom({ ...READY, text: "x".repeat(1205) }, 5)?.reason).toContain("1,200 characters");
  });
});

describe("requestOf", () => {
  it("sends text with its voice, and leaves the voice to the server until one is chosen", () => {
    expect(requestOf(READY, 100)).toMatchObject({ face: "house:mira", text: "Hello there.", engine: "auto" });
    expect(requestOf(READY, 100)).not.toHaveProperty("voice");
    expect(requestOf({ ...READY, voice: "de", rate: 1.5 }, 100)).toMatchObject({ voice: "de", voice_rate: 1.5 });
  });

  it("sends the recording of the open tab and no text beside it", () => {
    const request = requestOf({ ...READY, source: "record", recording: SOUND, rate: 2 }, 100);
    expect(request).toMatchObject({ speech: "s1", voice_rate: 1 });
    expect(request).not.toHaveProperty("text");
  });

  it("sends the words of a recording, and only those of a recording", () => {
    const draft: Draft = { ...READY, upload: SOUND, transcript: " Good day. ", language: "en-GB" };
    expect(requestOf({ ...draft, source: "upload" }, 100)).toMatchObject({ transcript: "Good day.", transcript_language: "en-GB" });
    expect(requestOf({ ...draft, source: "upload", transcript: " " }, 100)).not.toHaveProperty("transcript_language");
    expect(requestOf(draft, 100)).not.toHaveProperty("transcript");
  });

  it("picks the face that was chosen, and sends every line as a segment", () => {
    const pair: Draft = { ...READY, face: { kind: "asset", asset: FACE }, track: 2 };
    expect(requestOf(pair, 100)).toMatchObject({ text: "Hello there.", options: { pick: { track: 2 } } });
    const talk: Draft = { ...pair, lines: [{ ...newLine(1), text: " Hi, you. ", voice: "fr" }] };
    expect(requestOf(talk, 100)).toMatchObject({
      options: { pick: null },
      segments: [
        { text: "Hello there.", pick: { track: 2 }, start_seconds: 0 },
        { text: "Hi, you.", voice: "fr", pick: { track: 1 }, start_seconds: null },
      ],
    });
    expect(requestOf(talk, 100)).not.toHaveProperty("text");
    expect(missingFrom({ ...talk, lines: [newLine(1)] }, 100)?.reason).toContain("face 1");
    expect({ ...talk, ...withFace(talk.face) }).toMatchObject({ track: null, lines: [] });
  });

  it("is nothing while something is missing", () => {
    expect(requestOf(EMPTY_DRAFT, 100)).toBeNull();
  });
});

describe("draftFrom", () => {
  const options = {
    sync_mode: "loop", mouth_strength: 0.8, head_motion: 0, expression: "happy", expression_amount: 0.35, background: "blur",
    clean_speech: true, music_below_lu: 20,
  } as const;
  const job = { face: FACE, house_look: "", speech: null, text: "Hi", voice: "de", voice_rate: 1.2, engine: "builtin", options: { ...options, pick: null, others: "still" }, segments: [], transcript: "", transcript_language: "" } as unknown as Job;

  it("makes the same request again", () => {
    expect(requestOf(draftFrom(job, []), 100)).toEqual({
      face: "f1", text: "Hi", voice: "de", voice_rate: 1.2, engine: "builtin",
      options: { ...options, pick: null, others: "still" },
    });
  });

  it("keeps the music", () => {
    const music = { ...SOUND, id: "m1" };
    expect(requestOf(draftFrom({ ...job, music }, []), 100)).toMatchObject({ music: "m1" });
    expect(requestOf(draftFrom({ ...job, music: null }, []), 100)).not.toHaveProperty("music");
  });

  it("gives each speaker their face, their words and their time again", () => {
    const pick = { track: 2, point: null, box: null, at_seconds: 0 };
    const said = { pick, end_seconds: null, text: "", speech: null, transcript: "", transcript_language: "", voice: "", voice_rate: 1 };
    const segments = [
      { ...said, start_seconds: 0, text: "Hi.", voice: "de" },
      { ...said, start_seconds: null, pick: { ...pick, track: 1 }, speech: SOUND },
    ];
    const draft = draftFrom({ ...job, text: "", segments }, []);
    expect(draft).toMatchObject({ track: 2, text: "Hi.", lines: [{ track: 1, source: "upload", upload: SOUND }] });
    expect(requestOf(draft, 100)?.segments).toMatchObject([
      { text: "Hi.", voice: "de", start_seconds: 0, pick: { track: 2 } },
      { speech: "s1", start_seconds: null, pick: { track: 1 } },
    ]);
  });

  it("finds a drawn face again, and a recorded voice", () => {
    const draft = draftFrom({ ...job, face: null, house_look: "mira", text: "", speech: SOUND }, [LOOK]);
    expect(draft).toMatchObject({ face: { kind: "look", look: LOOK }, source: "upload", upload: SOUND });
  });
});
