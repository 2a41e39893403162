import type { Job } from "../api/types";
import { api } from "../core/client";
import { useLive } from "../shell/live";
import { Button } from "../ui/Button";
import { useToast } from "../ui/Toasts";
import { useWork } from "../ui/useWork";
import styles from "./ShareBox.module.css";

/** Makes, copies and takes back the link that shows this video to anyone. */
export function ShareBox({ job }: { job: Job }) {
  const { board } = useLive();
  const say = useToast();
  const [busy, run] = useWork();
  const link = job.share_url ? new URL(job.share_url, location.origin).href : null;

  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      say("Link copied. Anyone who has it can watch.");
    } catch {
      say("The link is ready: copy it from the field.");
    }
  };
  const share = () =>
    run(async () => {
      const { url } = await api.shareJob(job.id);
      board.put({ ...(board.get(job.id) ?? job), share_url: url });
      await copy(new URL(url, location.origin).href);
    });
  const revoke = () =>
    run(async () => {
      await api.unshareJob(job.id);
      board.put({ ...(board.get(job.id) ?? job), share_url: null });
      say("The link no longer works.");
    });

  if (!link) {
    return (
      <Button icon="link" disabled={busy} onClick={() => void share()}>
        Share a link
      </Button>
    );
  }
  return (
    <div className={styles.share}>
      <label className="visually-hidden" htmlFor="share-link">
        Share link
      </label>
      <input id="share-link" readOnly value={link} onFocus={(event) => event.target.select()} />
      <Button kind="ghost" size="s" icon="copy" onClick={() => void copy(link)}>
        Copy
      </Button>
      <Button kind="ghost" size="s" icon="x" disabled={busy} onClick={() => void revoke()}>
        Stop sharing
      </Button>
    </div>
  );
}
