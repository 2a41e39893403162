import { randomUUID } from "node:crypto";

import type { Asset, Engine, Job, Limits, Look, MediaInfo, Mouth, Voice } from "../src/api/types";

export const LIMITS: Limits = {
  upload_bytes: 200e6, image_pixels: 50e6, face_seconds: 600, speech_seconds: 600, text_characters: 5000,
};

const LANGUAGES: [string, string, string[]][] = [
  ["en-gb", "English", ["Arthur", "Beatrice", "Edmund"]],
  ["de", "German", ["Klara", "Otto"]],
  ["fr-fr", "French", ["Amélie", "Luc"]],
  ["es", "Spanish", ["Inés", "Mateo"]],
  ["ja", "Japanese", ["Hana"]],
  ["pt-br", "Portuguese (Brazil)", ["Rui"]],
];

export const VOICES: Voice[] = LANGUAGES.flatMap(([language, language_name, names]) =>
  names.map((name, index) => ({
    id: `${language}-${name}`, name, language, language_name, gender: index % 2 ? "female" : "male",
    provider: "espeak", sample_url: `/api/v1/voices/${language}-${name}/sample`,
  })),
);

export const ENGINES: Engine[] = [
  { name: "builtin", label: "Built-in", available: true, why_not: null, usd_per_second: 0, needs_gpu: false, remote: false },
  { name: "heygen", label: "HeyGen", available: false, why_not: "Set HEYGEN_API_KEY to use it.", usd_per_second: 0.05, needs_gpu: false, remote: true },
];

export const LOOKS: Look[] = ["mira", "tomas", "june"].map((name) => ({
  id: `house:${name}`, name: name.charAt(0).toUpperCase() + name.slice(1), thumbnail_url: `/api/v1/looks/${name}/thumbnail`,
}));

const COLOURS = [["#e7c3a5", "#3a2a24", "#d8e2dc"], ["#b98260", "#191513", "#f0d9b5"], ["#f0d5c0", "#a5482b", "#cbd7e8"]];

export function lookPicture(index: number): string {
  const [skin = "", hair = "", back = ""] = COLOURS[Math.max(0, index)] ?? [];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400"><rect width="400" height="400" fill="${back}"/>
<path d="M90 400c8-70 50-95 110-95s102 25 110 95z" fill="${hair}"/><rect x="168" y="250" width="64" height="80" rx="28" fill="${skin}"/>
<ellipse cx="200" cy="190" rx="82" ry="104" fill="${skin}"/><path d="M112 190C100 90 150 62 200 62s100 28 88 128c-10-50-30-70-88-70s-78 20-88 70z" fill="${hair}"/>
<circle cx="170" cy="190" r="8" fill="#1b1613"/><circle cx="230" cy="190" r="8" fill="#1b1613"/><path d="M172 244q28 18 56 0" stroke="#8d3a2b" stroke-width="8" stroke-linecap="round" fill="none"/></svg>`;
}

function oval(): number[][] {
  return Array.from({ length: 36 }, (_, step) => {
    const angle = (step / 36) * 2 * Math.PI;
    return [0.437 + 0.105 * Math.cos(angle), 0.24 + 0.145 * Math.sin(angle)];
  });
}

const INFO: MediaInfo = {
  container: "png", duration_seconds: 0, width: 0, height: 0, fps: 0, video_codec: null, has_alpha: false,
  is_hdr: false, rotation_degrees: 0, audio_codec: null, sample_rate: null, channels: null,
};

function asset(kind: Asset["kind"], name: string): Asset {
  const id = randomUUID();
  const root = `/api/v1/assets/${id}`;
  return {
    id, kind, name, media: kind === "face" ? "image" : "audio", size_bytes: 791_555, info: INFO, faces: [], peaks: [],
    notices: [], thumbnail_url: kind === "face" ? `${root}/thumbnail` : null, file_url: `${root}/file`,
    created_at: new Date().toISOString(), expires_at: null,
  };
}

export function face(name: string): Asset {
  return {
    ...asset("face", name), info: { ...INFO, width: 512, height: 512 },
    faces: [{ box: [0.33, 0.1, 0.21, 0.29], outline: oval() }],
  };
}

export function speech(name: string): Asset {
  const peaks = Array.from({ length: 200 }, (_, i) => Math.abs(Math.sin(i / 3.1) * Math.sin(i / 17)) * 0.9 + 0.03);
  return { ...asset("speech", name), info: { ...INFO, duration_seconds: 4, sample_rate: 48_000, channels: 1 }, peaks };
}

/** How far each sound opens the mouth, and for how many seconds. */
const SOUNDS: [string, number, number][] = [
  ["ɡ", 0.2, 0.07], ["ˈʊ", 0.35, 0.08], ["d", 0.2, 0.06], ["ˈiː", 0.4, 0.12], ["v", 0.08, 0.07], ["n", 0.2, 0.06],
  ["ɪ", 0.35, 0.07], ["ŋ", 0.2, 0.08], ["f", 0.08, 0.09], ["ɹ", 0.25, 0.05], ["ə", 0.3, 0.05], ["m", 0, 0.08],
  ["ˈɔː", 0.75, 0.13], ["b", 0, 0.07], ["ɪ", 0.35, 0.07], ["t", 0.15, 0.07], ["", 0, 0.3], ["p", 0, 0.08],
  ["ˈaʊ", 0.95, 0.18], ["w", 0.15, 0.07],
];

/** Lips for `seconds` of talk, 25 shapes a second. */
export function mouth(seconds: number): Mouth {
  const made: Mouth = { fps: 25, openness: [], width: [], rounding: [], closure: [], phones: [] };
  let end = 0.12;
  let open = 0;
  for (let frame = 0, sound = -1; frame < seconds * 25; frame += 1) {
    while (frame / 25 >= end && end < seconds - 0.3) {
      sound += 1;
      const [ipa, , length] = SOUNDS[sound % SOUNDS.length] ?? ["", 0, 1];
      made.phones.push({ ipa, start_seconds: end, end_seconds: end + length });
      end += length;
    }
    const [ipa, target] = frame / 25 < end ? (SOUNDS[sound % SOUNDS.length] ?? ["", 0]) : ["", 0];
    open += (target - open) * 0.55;
    made.openness.push(Math.round(open * 1000) / 1000);
    made.width.push(/i|ɪ/.test(ipa) ? 0.8 : 0.2);
    made.rounding.push(/w|ʊ|ɔ/.test(ipa) ? 0.7 : 0);
    made.closure.push(/[mbp]/.test(ipa) ? 1 : 0);
  }
  return made;
}

function job(fields: Partial<Job>): Job {
  const id = fields.id ?? randomUUID();
  return {
    id, state: "done", stage: "", stage_label: "Done", percent: 100, revision: 5, seconds_left: null, face: null,
    house_look: "", speech: null, text: "", voice: "Arthur", voice_rate: 1, segments: [], music: null, engine: "auto", engine_used: "builtin",
    options: { sync_mode: "bounce", mouth_strength: 1, head_motion: 1, expression: "neutral", expression_amount: 0.6, background: "keep", pick: null, others: "still", clean_speech: false, music_below_lu: 10 }, created_at: new Date().toISOString(),
    started_at: new Date(Date.now() - 12_000).toISOString(), finished_at: new Date().toISOString(), expires_at: null,
    duration_seconds: 4, cost_usd: 0, max_cost_usd: null, batch_id: null, quality: null, warnings: [], error: null, from_cache: false, attempts: [],
    video_url: null, poster_url: null, mouth_url: null, source_url: null, share_url: null, transcript: "", transcript_language: "", ...fields,
  };
}

export const SAMPLE_JOBS = (picture: Asset, sound: Asset): Job[] => {
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const done = "00000000-0000-4000-8000-00000000d0e1";
  const root = `/api/v1/lipsyncs/${done}`;
  return [
    job({ id: done, face: picture, text: "Good evening from orbit. The Earth is very blue tonight, and the coffee is better than you would think.", created_at: minutesAgo(3), video_url: `${root}/video`, poster_url: `${root}/poster`, mouth_url: `${root}/mouth`, source_url: `${root}/source`, options: { sync_mode: "bounce", mouth_strength: 1, head_motion: 1, expression: "happy", expression_amount: 0.45, background: "keep", pick: null, others: "still", clean_speech: false, music_below_lu: 10 }, quality: { sync_score: 0.91, audio_quality: 0.97, video_quality: 0.94, method: "landmarks" }, attempts: [{ engine: "builtin", reason: "The best engine that can run here.", outcome: "done", error_message: "", started_at: minutesAgo(3), finished_at: minutesAgo(2.8), cost_usd: 0, quality: null }] }),
    job({ id: "00000000-0000-4000-8000-00000000fa11", state: "failed", face: picture, speech: sound, created_at: minutesAgo(50), error: { code: "decode", message: "The recording turns bad at 0:41. Export it again and upload the new file." } }),
    job({ state: "cancelled", house_look: "june", text: "This one was stopped half-way.", created_at: minutesAgo(300) }),
    job({ house_look: "mira", text: "Welcome to the museum. Your tour begins at the blue door.", created_at: minutesAgo(4000), video_url: "/api/v1/lipsyncs/x/video", cost_usd: 0.12 }),
  ];
};
