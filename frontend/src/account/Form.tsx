import { type FormEvent, type InputHTMLAttributes, type ReactNode, useId, useState } from "react";

import { ApiError, messageOf } from "../core/errors";
import { Button } from "../ui/Button";
import field from "../ui/Field.module.css";
import { Notice } from "../ui/Notice";
import { Mark } from "../ui/Wordmark";
import styles from "./Form.module.css";

export interface Problem {
  message: string;
  param?: string | undefined;
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  name: string;
  hint?: string;
  problem: Problem | null;
}

export function Field({ label, name, hint, problem, ...input }: FieldProps) {
  const id = useId();
  const wrong = problem?.param === name;
  return (
    <div className={field.field}>
      <label htmlFor={id}>{label}</label>
      <input id={id} name={name} aria-invalid={wrong} aria-describedby={`${id}-hint`} {...input} />
      <p id={`${id}-hint`} className={wrong ? styles.wrong : styles.hint}>
        {wrong ? problem.message : hint}
      </p>
    </div>
  );
}

interface SheetProps {
  title: string;
  intro?: ReactNode;
  button: string;
  onSubmit: (values: Record<string, string>) => Promise<void>;
  /** Which fields show their own problem; any other is shown above the button. */
  fields: readonly string[];
  children: (problem: Problem | null) => ReactNode;
  foot?: ReactNode;
}

/** A short form on a page of its own. */
export function Sheet({ title, intro, button, onSubmit, fields, children, foot }: SheetProps) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(event.currentTarget)].map(([key, value]) => [key, String(value)]));
    setBusy(true);
    setProblem(null);
    try {
      await onSubmit(values);
    } catch (error) {
      const param = error instanceof ApiError ? error.param?.split(".").at(-1) : undefined;
      setProblem({ message: messageOf(error), param });
    }
    setBusy(false);
  };
  const shown = problem?.param !== undefined && fields.includes(problem.param);
  return (
    <div className={styles.sheet}>
      <Mark size={56} />
      <h1>{title}</h1>
      {intro && <p className={styles.intro}>{intro}</p>}
      <form onSubmit={(event) => void submit(event)}>
        {children(problem)}
        {problem && !shown && <Notice tone="bad">{problem.message}</Notice>}
        <Button kind="primary" size="l" type="submit" disabled={busy}>
          {button}
        </Button>
      </form>
      {foot && <p className={styles.foot}>{foot}</p>}
    </div>
  );
}
