import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

import { Icon } from "./Icon";
import styles from "./Toasts.module.css";

interface Toast {
  id: number;
  text: string;
  tone: "good" | "bad";
}

type Say = (text: string, tone?: Toast["tone"]) => void;

const ToastContext = createContext<Say>(() => undefined);

export function useToast(): Say {
  return useContext(ToastContext);
}

const STAY_MS = 5000;
let nextId = 1;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const say = useCallback<Say>((text, tone = "good") => {
    const id = nextId++;
    setToasts((all) => [...all.slice(-2), { id, text, tone }]);
    setTimeout(() => setToasts((all) => all.filter((toast) => toast.id !== id)), STAY_MS);
  }, []);
  return (
    <ToastContext value={say}>
      {children}
      <div className={styles.stack} role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={styles.toast}>
            <Icon name={toast.tone === "good" ? "check" : "alert"} size={18} />
            {toast.text}
          </div>
        ))}
      </div>
    </ToastContext>
  );
}
