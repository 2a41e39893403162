import { type ReactNode, useRef } from "react";

import { Button } from "../ui/Button";
import { Notice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { useDrop } from "../ui/useDrop";
import styles from "./DropZone.module.css";
import type { Upload } from "./useUpload";

interface DropZoneProps {
  /** Names the file input: "Face file". */
  label: string;
  accept: string;
  upload: Upload;
  title: string;
  hint: string;
  art: ReactNode;
  /** Shown in place of the invitation once something is chosen; still takes drops. */
  children?: ReactNode;
}

export function DropZone({ label, accept, upload, title, hint, art, children }: DropZoneProps) {
  const input = useRef<HTMLInputElement>(null);
  const { state } = upload;
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file) upload.send(file, file.name);
  };
  const { over, target } = useDrop(take);
  const browse = () => input.current?.click();
  return (
    <div
      className={`${styles.zone} ${over ? styles.over : ""} ${children ? styles.filled : ""}`}
      {...target}
    >
      <input
        ref={input}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label={label}
        accept={accept}
        onChange={(event) => {
          take(event.target.files);
          event.target.value = "";
        }}
      />
      {state.step === "sending" && (
        <div className={styles.middle}>
          <p className={styles.title}>{state.fraction < 1 ? "Uploading" : "Having a look at it"}</p>
          <p className={styles.hint}>{state.name}</p>
          <div className={styles.bar}>
            <Progress percent={state.fraction < 1 ? state.fraction * 100 : null} label={`Uploading ${state.name}`} />
          </div>
          <Button kind="ghost" size="s" icon="x" onClick={upload.cancel}>
            Cancel upload
          </Button>
        </div>
      )}
      {state.step === "failed" && (
        <div className={styles.middle}>
          <Notice tone="bad" title={state.name}>
            {state.message}
          </Notice>
          <div className={styles.row}>
            <Button icon="upload" onClick={browse}>
              Choose another file
            </Button>
            <Button kind="ghost" icon="retry" onClick={upload.again}>
              Try again
            </Button>
            <Button kind="ghost" onClick={upload.cancel}>
              Dismiss
            </Button>
          </div>
        </div>
      )}
      {state.step === "idle" &&
        (children ?? (
          <button type="button" className={styles.invite} onClick={browse}>
            {art}
            <span className={styles.title}>{over ? "Let go to add it" : title}</span>
            <span className={styles.hint}>{hint}</span>
          </button>
        ))}
      {over && children && state.step === "idle" && <div className={styles.veil}>Let go to use this one instead</div>}
    </div>
  );
}
