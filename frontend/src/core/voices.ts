/** Voices as a list to choose from. */

import type { Voice } from "../api/types";

export interface VoiceGroup {
  language: string;
  voices: Voice[];
}

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Those that hold every word of `query`, by language; the reader's own languages come first. */
export function groupVoices(voices: readonly Voice[], query: string, preferred: readonly string[]): VoiceGroup[] {
  const words = plain(query).split(/\s+/).filter(Boolean);
  const groups = new Map<string, Voice[]>();
  for (const voice of voices) {
    const hay = plain(`${voice.name} ${voice.language_name} ${voice.language} ${voice.gender} ${voice.provider}`);
    if (!words.every((word) => hay.includes(word))) continue;
    const group = groups.get(voice.language_name) ?? [];
    group.push(voice);
    groups.set(voice.language_name, group);
  }
  const own = preferred.map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  const rank = (group: VoiceGroup): number => {
    const tag = group.voices[0]?.language.toLowerCase().split("-")[0] ?? "";
    const index = own.indexOf(tag);
    return index < 0 ? own.length : index;
  };
  return [...groups]
    .map(([language, members]) => ({ language, voices: members }))
    .sort((a, b) => rank(a) - rank(b) || a.language.localeCompare(b.language));
}
