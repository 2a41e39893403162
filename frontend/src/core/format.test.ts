import { expect, it } from "vitest";

import { ago, bytes, clock, dollars, excerpt, plural, roughly, span } from "./format";

it.each([[0, "0:00"], [7.9, "0:07"], [59.99, "0:59"], [200, "3:20"], [3725, "1:02:05"], [NaN, "0:00"], [Infinity, "0:00"], [-3, "0:00"]])(
  "clock(%d) is %s",
  (seconds, text) => expect(clock(seconds)).toBe(text),
);

it.each([[0.4, "a moment"], [8.2, "about 8 s"], [12, "about 10 s"], [54, "about 55 s"], [57, "about 1 min"], [125, "about 2 min"], [7200, "about 2.0 h"]])(
  "roughly(%d) is %s",
  (seconds, text) => expect(roughly(seconds)).toBe(text),
);

it.each([[4.21, "4.2 s"], [42.4, "42 s"], [59.7, "60 s"], [120, "2 min"], [125.2, "2 min 5 s"]])("span(%d) is %s", (seconds, text) =>
  expect(span(seconds)).toBe(text),
);

it.each([[0, "0 B"], [999, "999 B"], [1000, "1.0 kB"], [999_600, "1.0 MB"], [412e6, "412 MB"], [5e9, "5.0 GB"]])(
  "bytes(%d) is %s",
  (count, text) => expect(bytes(count)).toBe(text),
);

it("names money", () => {
  expect([dollars(0), dollars(0.004), dollars(1.5)]).toEqual(["Free", "under $0.01", "$1.50"]);
});

it("says how long ago", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  expect(ago("2026-03-01T11:59:50Z", now)).toBe("just now");
  expect(ago("2026-03-01T11:55:00Z", now)).toBe("5 min ago");
  expect(ago("2026-03-01T09:00:00Z", now)).toBe("3 h ago");
  expect(ago("2026-02-20T09:00:00Z", now)).toContain("2026");
});

it("counts and cuts", () => {
  expect([plural(1, "face"), plural(1200, "face")]).toEqual(["1 face", "1,200 faces"]);
  expect(excerpt("  The  quick\nbrown fox ", 30)).toBe("The quick brown fox");
  expect(excerpt("The quick brown fox jumps", 12)).toBe("The quick…");
});
