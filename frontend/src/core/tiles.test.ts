import { describe, expect, it } from "vitest";

import { fitTiles, inOrder, middleOf, type Picture } from "./tiles";

function picture(id: string, kind: Picture["kind"] = "person", extra: Partial<Picture> = {}): Picture {
  return { id, kind, local: false, heardAt: 0, ...extra };
}

describe("fitTiles", () => {
  it("puts two side by side on a desk and one over the other on a phone", () => {
    expect(fitTiles(2, 1400, 700, 12, 4 / 3)).toMatchObject({ columns: 2, rows: 1 });
    expect(fitTiles(2, 370, 640, 12, 4 / 3)).toMatchObject({ columns: 1, rows: 2 });
  });

  it("never overflows, however many there are", () => {
    for (let count = 1; count <= 25; count++) {
      const fit = fitTiles(count, 1000, 560, 10, 16 / 9);
      expect(fit.columns * fit.rows).toBeGreaterThanOrEqual(count);
      expect(fit.columns * fit.width + (fit.columns - 1) * 10).toBeLessThanOrEqual(1000);
      expect(fit.rows * fit.height + (fit.rows - 1) * 10).toBeLessThanOrEqual(560);
      expect(fit.width).toBeGreaterThan(0);
    }
  });

  it("asks for nothing before the page has a size", () => {
    expect(fitTiles(3, 0, 0, 10, 1)).toMatchObject({ width: 0, height: 0 });
  });
});

describe("middleOf", () => {
  const me = picture("me", "person", { local: true, heardAt: 9 });
  const bob = picture("bob", "person", { heardAt: 3 });
  const eve = picture("eve", "person", { heardAt: 5 });
  const mira = picture("mira", "avatar");
  const screen = picture("screen", "screen");

  it("prefers what was pinned, then a screen, the avatar, the last to speak, and never oneself while others are there", () => {
    expect(middleOf([me, bob, eve, mira, screen], "bob")?.id).toBe("bob");
    expect(middleOf([me, bob, eve, mira, screen], "gone")?.id).toBe("screen");
    expect(middleOf([me, bob, eve, mira], null)?.id).toBe("mira");
    expect(middleOf([me, bob, eve], null)?.id).toBe("eve");
    expect(middleOf([me], null)?.id).toBe("me");
    expect(middleOf([], null)).toBeUndefined();
  });

  it("does not mirror one's own screen back over an avatar", () => {
    expect(middleOf([me, mira, { ...screen, local: true }], null)?.id).toBe("mira");
  });
});

describe("inOrder", () => {
  it("keeps people in the order they came and oneself last", () => {
    const all = [picture("me", "person", { local: true }), picture("bob"), picture("eve"), picture("mira", "avatar"), picture("s", "screen")];
    expect(inOrder(all).map((one) => one.id)).toEqual(["s", "mira", "bob", "eve", "me"]);
  });
});
