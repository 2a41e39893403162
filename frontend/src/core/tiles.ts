/** Where the pictures of a call go. */

export type Layout = "grid" | "focus";

export interface Fit {
  columns: number;
  rows: number;
  /** Of one picture, in pixels. */
  width: number;
  height: number;
}

/** The largest equal pictures of `ratio` (width to height) that fit side by side; all in pixels. */
export function fitTiles(count: number, width: number, height: number, gap: number, ratio: number): Fit {
  let best: Fit = { columns: 1, rows: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const most = { width: (width - gap * (columns - 1)) / columns, height: (height - gap * (rows - 1)) / rows };
    const wide = Math.max(0, Math.min(most.width, most.height * ratio));
    if (wide > best.width) best = { columns, rows, width: Math.floor(wide), height: Math.floor(wide / ratio) };
  }
  return best;
}

export interface Picture {
  id: string;
  kind: "person" | "avatar" | "screen";
  local: boolean;
  /** When it was last heard, in ms; 0 for never. */
  heardAt: number;
}

/** Which picture takes the middle: the pinned one, a shared screen, an avatar, whoever spoke last, and oneself at last. */
export function middleOf<T extends Picture>(pictures: readonly T[], pinned: string | null): T | undefined {
  const rank = (one: T): number => {
    if (one.id === pinned) return 5;
    if (one.kind === "screen") return one.local ? 2.5 : 4;
    if (one.kind === "avatar") return 3;
    return one.local ? 0 : 2;
  };
  return [...pictures].sort((a, b) => rank(b) - rank(a) || b.heardAt - a.heardAt)[0];
}

/** Pictures in an order that stays: screens, avatars, people, oneself last. */
export function inOrder<T extends Picture>(pictures: readonly T[]): T[] {
  const rank = (one: T): number => (one.kind === "screen" ? 0 : one.kind === "avatar" ? 1 : one.local ? 3 : 2);
  return [...pictures].sort((a, b) => rank(a) - rank(b));
}
