import { useParams } from "react-router";

import { api } from "../core/client";
import { ThemeButton } from "../shell/Header";
import shell from "../shell/Shell.module.css";
import { useTitle } from "../shell/title";
import { Player } from "../jobs/Player";
import { useLoad } from "../ui/load";
import { Mark, Wordmark } from "../ui/Wordmark";
import styles from "./Shared.module.css";

/** What anyone with the link sees: the video, and what made it. */
export default function SharedPage() {
  const { token = "" } = useParams();
  const video = useLoad(() => api.shared(token), token);
  useTitle("A shared video");
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <Wordmark />
        <ThemeButton />
      </header>
      <main className={styles.main}>
        <h1 className="visually-hidden">A shared video</h1>
        {video.data && <Player videoUrl={video.data.video_url} posterUrl={video.data.poster_url} source={null} />}
        {video.error && (
          <div className={shell.empty}>
            <Mark size={56} />
            <h2>This link no longer works</h2>
            <p>The video was deleted, or its owner stopped sharing it. Ask them for a new link.</p>
          </div>
        )}
      </main>
      <footer className={styles.foot}>Made with avsite: it puts a face to any voice.</footer>
    </div>
  );
}
