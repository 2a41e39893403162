import type { ReactNode } from "react";

import { Button } from "../ui/Button";
import styles from "./SidePanel.module.css";

/** A sheet beside the stage; on a phone it covers the stage. */
export function SidePanel({ title, onClose, actions, children }: { title: string; onClose: () => void; actions?: ReactNode; children: ReactNode }) {
  return (
    <aside className={styles.panel} aria-label={title}>
      <header className={styles.head}>
        <h2>{title}</h2>
        {actions}
        <Button kind="ghost" size="s" icon="x" iconOnly onClick={onClose}>
          {`Close ${title.toLowerCase()}`}
        </Button>
      </header>
      {children}
    </aside>
  );
}
