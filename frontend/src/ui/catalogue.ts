import { useEffect, useState } from "react";

import { api } from "../core/client";

/** What the server offers hardly ever changes: asked for once per visit, and again after a failure. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

export const catalogue = { voices: once(api.voices), engines: once(api.engines), looks: once(api.looks) };

/** Names for people: an engine's label and a voice's name; until they are known, the plain ids. */
export function useNames(): { engine: (name: string) => string; voice: (id: string) => string } {
  const [names, setNames] = useState<Record<string, string>>({});
  useEffect(() => {
    let current = true;
    Promise.all([catalogue.engines(), catalogue.voices()]).then(
      ([engines, voices]) => {
        if (!current) return;
        setNames(
          Object.fromEntries([
            ...engines.items.map((engine) => [`engine ${engine.name}`, engine.label]),
            ...voices.items.map((voice) => [`voice ${voice.id}`, `${voice.name}, ${voice.language_name}`]),
          ]),
        );
      },
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, []);
  return {
    engine: (name) => names[`engine ${name}`] ?? name,
    voice: (id) => names[`voice ${id}`] ?? id,
  };
}
