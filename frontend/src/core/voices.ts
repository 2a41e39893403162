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

export interface SpokenLanguage {
  tag: string;
  name: string;
}

/** What the voices speak, each language once, by name. */
export function languagesOf(voices: readonly Voice[]): SpokenLanguage[] {
  const names = new Map<string, string>();
  for (const voice of voices) if (!names.has(voice.language)) names.set(voice.language, voice.language_name);
  return [...names].map(([tag, name]) => ({ tag, name })).sort((a, b) => a.name.localeCompare(b.name));
}

/** The reader's own among `languages`: the dialect where it is there, else any of the same language. */
export function nearestLanguage(languages: readonly SpokenLanguage[], preferred: readonly string[]): string | undefined {
  const base = (tag: string) => tag.toLowerCase().split("-")[0];
  for (const wish of preferred) {
    const near = languages.filter(({ tag }) => base(tag) === base(wish));
    const found = near.find(({ tag }) => tag.toLowerCase() === wish.toLowerCase()) ?? near.find(({ tag }) => tag === "en-US") ?? near[0];
    if (found) return found.tag;
  }
  return undefined;
}
