import type { DubRequest } from "../core/dubsApi";

type Background = NonNullable<DubRequest["background"]>;

export const BACKGROUNDS: readonly { value: Background; label: string }[] = [
  { value: "remove", label: "Cut out" },
  { value: "lower", label: "Lowered" },
  { value: "none", label: "None at all" },
];
