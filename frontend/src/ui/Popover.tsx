import { type ReactNode, useEffect, useRef, useState } from "react";

import styles from "./Popover.module.css";

interface PopoverProps {
  /** Draws the button; `open` tells it which way it looks, and the props make it work. */
  button: (props: { "aria-expanded": boolean; "aria-haspopup": "dialog"; onClick: () => void }) => ReactNode;
  label: string;
  /** Where it opens, seen from the button. */
  side?: "above" | "below";
  align?: "start" | "center" | "end";
  children: (close: () => void) => ReactNode;
}

/** A small sheet beside its button. Escape or a press elsewhere closes it. */
export function Popover({ button, label, side = "below", align = "start", children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const close = () => setOpen(false);
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(false);
      box.current?.querySelector<HTMLElement>("[aria-haspopup]")?.focus();
    };
    const onPress = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("keydown", onKey, true);
    addEventListener("pointerdown", onPress);
    return () => {
      removeEventListener("keydown", onKey, true);
      removeEventListener("pointerdown", onPress);
    };
  }, [open]);
  return (
    <div className={styles.box} ref={box}>
      {button({ "aria-expanded": open, "aria-haspopup": "dialog", onClick: () => setOpen(!open) })}
      {open && (
        <div role="dialog" aria-label={label} className={`${styles.sheet} ${styles[side]} ${styles[align]}`}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
