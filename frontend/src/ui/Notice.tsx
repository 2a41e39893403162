import type { ReactNode } from "react";

import { Icon, type IconName } from "./Icon";
import styles from "./Notice.module.css";

const ICONS: Record<string, IconName> = { bad: "alert", warn: "alert", good: "check", calm: "info" };

interface NoticeProps {
  tone?: "bad" | "warn" | "good" | "calm";
  title?: string;
  children: ReactNode;
  /** A button that mends it. */
  action?: ReactNode;
}

export function Notice({ tone = "calm", title, children, action }: NoticeProps) {
  return (
    <div className={`${styles.notice} ${styles[tone]}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon name={ICONS[tone] ?? "info"} size={18} />
      <div className={styles.words}>
        {title && <strong>{title}</strong>}
        <div>{children}</div>
      </div>
      {action}
    </div>
  );
}
