import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";

import { type Draft, EMPTY_DRAFT } from "../core/draft";

interface DraftValue {
  draft: Draft;
  /** Changes some fields and keeps the rest. */
  change: (fields: Partial<Draft>) => void;
}

const DraftContext = createContext<DraftValue | null>(null);

export function useDraft(): DraftValue {
  const value = useContext(DraftContext);
  if (!value) throw new Error("useDraft needs a DraftProvider");
  return value;
}

/** Lives above the pages, so that a look at another page loses nothing. */
export function DraftProvider({ children }: { children: ReactNode }) {
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const change = useCallback((fields: Partial<Draft>) => setDraft((old) => ({ ...old, ...fields })), []);
  const value = useMemo(() => ({ draft, change }), [draft, change]);
  return <DraftContext value={value}>{children}</DraftContext>;
}
