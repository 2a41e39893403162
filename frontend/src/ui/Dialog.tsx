import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";

import { Button } from "./Button";
import styles from "./Dialog.module.css";

interface Question {
  title: string;
  body: string;
  confirm: string;
}

type Ask = (question: Question) => Promise<boolean>;

const ConfirmContext = createContext<Ask>(() => Promise.resolve(false));

/** Asks before something that cannot be undone; resolves to the answer. Escape means no. */
export function useConfirm(): Ask {
  return useContext(ConfirmContext);
}

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<{ question: Question; answer: (yes: boolean) => void } | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const ask = useCallback<Ask>((question) => new Promise((answer) => setOpen({ question, answer })), []);
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  const close = (yes: boolean) => {
    open?.answer(yes);
    setOpen(null);
  };
  return (
    <ConfirmContext value={ask}>
      {children}
      {open && (
        <dialog ref={dialog} className={styles.dialog} aria-labelledby="confirm-title" onClose={() => close(false)}>
          <h2 id="confirm-title">{open.question.title}</h2>
          <p>{open.question.body}</p>
          <div className={styles.buttons}>
            <Button kind="ghost" onClick={() => close(false)}>
              Keep it
            </Button>
            <Button kind="danger" onClick={() => close(true)}>
              {open.question.confirm}
            </Button>
          </div>
        </dialog>
      )}
    </ConfirmContext>
  );
}
