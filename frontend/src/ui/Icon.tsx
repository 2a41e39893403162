/** Line icons on a 24 grid, drawn for this product so that weight and corners agree. */

const PATHS = {
  alert: "M12 4 2.8 19.5h18.4L12 4Zm0 6v4.5m0 2.6v.1",
  arrow: "M4 12h15m-6-6 6 6-6 6",
  back: "M20 12H5m6-6-6 6 6 6",
  book: "M5 4.5h9.5A3.5 3.5 0 0 1 18 8v12H8a3 3 0 0 1-3-3V4.5Zm0 12.5a3 3 0 0 1 3-3h10",
  check: "m4.5 12.5 5 5 10-11",
  chevron: "m6 9.5 6 6 6-6",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 7.5V12l3 2",
  columns: "M3.5 5h7.5v14H3.5V5ZM13 5h7.5v14H13V5Z",
  compare: "M12 3v18M7.5 8 3.5 12l4 4M16.5 8l4 4-4 4",
  copy: "M9 9h11v11H9V9Zm-4 6H4V4h11v1",
  download: "M12 4v11m-5-5 5 5 5-5M4.5 19.5h15",
  exit: "M14 4h5v16h-5M4 12h10m-4-4 4 4-4 4",
  expand: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  face: "M12 3.5c-4 0-6.5 3-6.5 7.5s2.8 9.5 6.500 9.500 6.500-5 6.500-9.500S16 3.500 12 3.500ZM9.300 10.200v.1m5.400-.1v.1M9.500 15c1.600 1.200 3.400 1.200 5 0",
  film: "M3.5 5h17v14h-17V5Zm4.500 0v14m8-14v14M3.500 9.700H8m-4.500 4.600H8m8-4.600h4.500M16 14.300h4.500",
  frame: "M3.5 5h17v14h-17V5Z",
  info: "M12 3.5a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17Zm0 7.500v5m0-8.100v.1",
  key: "M14.500 4.500a5 5 0 1 0-3.900 8.100L9 14.200v2.300H6.700V19H4v-2.700l6-6",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4.200 4.200 0 0 0-6-6l-1.500 1.500M14 10a4 4 0 0 0-6-.4l-3 3a4.200 4.200 0 0 0 6 6l1.500-1.500",
  list: "M9 6h11M9 12h11M9 18h11M4.500 6v.1m0 5.900v.1m0 5.900v.1",
  mic: "M12 3.500a3 3 0 0 0-3 3V12a3 3 0 0 0 6 0V6.500a3 3 0 0 0-3-3ZM5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3",
  moon: "M20 14.300A8.500 8.500 0 1 1 9.700 4a6.800 6.800 0 0 0 10.300 10.300Z",
  mute: "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500H4Zm12 .3 4.500 4.500m0-4.500L16 14.300",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.500v15l12.500-7.500L7 4.500Z",
  plus: "M12 5v14M5 12h14",
  retry: "M19.500 12a7.500 7.500 0 1 1-2.300-5.400M19.500 3.500v4h-4",
  search: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13Zm4.800 11.300L20.500 20.500",
  sliders: "M4 7h9m5 0h2M4 17h2m5 0h9M13 7a2.500 2.500 0 1 0 5 0 2.500 2.500 0 0 0-5 0ZM6 17a2.500 2.500 0 1 0 5 0 2.500 2.500 0 0 0-5 0Z",
  stop: "M6.500 6.500h11v11h-11v-11Z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0-5v2m0 14v2M3 12h2m14 0h2M5.600 5.600 7 7m10 10 1.400 1.400M18.400 5.600 17 7M7 17l-1.400 1.400",
  text: "M5 6.500V5h14v1.500M12 5v14m-2.500 0h5",
  trash: "M4.500 7h15M9.500 7V4.500h5V7M6.500 7l.8 12.500h9.400L17.500 7M10.500 11v5m3-5v5",
  upload: "M12 16V5M7 10l5-5 5 5M4.500 19.500h15",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.500 20c.8-3.600 3.800-5.500 7.500-5.500s6.700 1.900 7.500 5.500",
  volume: "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500H4Zm11.500-.5a4.500 4.500 0 0 1 0 6m2.500-8.500a8 8 0 0 1 0 11",
  wifi: "M3 3l18 18M8.500 15.500a5 5 0 0 1 5.300-1.200M5 12a10 10 0 0 1 5-2.800m4.500.1A10 10 0 0 1 19 12M12 19v.1",
  x: "M6 6l12 12M18 6 6 18",
} as const;

export type IconName = keyof typeof PATHS;

const FILLED = new Set<IconName>(["play", "stop"]);

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={FILLED.has(name) ? "currentColor" : "none"}
      stroke="currentColor"
      strokeWidth={name === "pause" ? 3.2 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      style={{ flex: "none" }}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
