import { Link } from "react-router";

import type { Avatar } from "../api/rooms";
import type { Job } from "../api/types";
import { pictureOf, titleOf } from "../jobs/words";
import { Icon } from "../ui/Icon";
import type { Loaded } from "../ui/load";
import { Notice } from "../ui/Notice";
import styles from "./AvatarPicker.module.css";

export const KIND_WORDS: Record<Avatar["kind"], string> = {
  photo: "Photo",
  loop: "Video",
  house: "Drawn",
  wave: "Wave",
  spectrum: "Spectrum",
  hue: "Test picture",
  file: "Film",
};

interface AvatarPickerProps {
  avatars: Loaded<{ items: Avatar[]; default: string }>;
  chosen: string | null;
  busy: boolean;
  onChoose: (id: string) => void;
  /** Finished videos, which can be shown in an avatar's place. */
  films?: readonly Job[];
  onFilm?: (job: Job) => void;
}

/** A picture of an avatar; those without a face are drawn as what they are. */
export function AvatarPicture({ avatar }: { avatar: Pick<Avatar, "kind" | "thumbnail_url"> }) {
  if (avatar.thumbnail_url) return <img className={styles.picture} src={avatar.thumbnail_url} alt="" loading="lazy" />;
  return (
    <span className={styles.picture} data-kind={avatar.kind} aria-hidden="true">
      {avatar.kind === "hue" ? null : avatar.kind === "file" ? <Icon name="film" size={30} /> : <Bars kind={avatar.kind} />}
    </span>
  );
}

const WAVE = [8, 16, 30, 22, 44, 60, 36, 52, 28, 18, 34, 22, 10];
const SPECTRUM = [52, 60, 46, 54, 38, 44, 30, 36, 24, 18, 20, 12, 8];

function Bars({ kind }: { kind: Avatar["kind"] }) {
  const heights = kind === "spectrum" ? SPECTRUM : WAVE;
  return (
    <svg viewBox="0 0 96 96" width="100%" height="100%">
      {heights.map((height, index) => (
        <rect key={index} x={12 + index * 5.7} width="3.4" rx="1.7" height={height} y={kind === "spectrum" ? 78 - height : 48 - height / 2} fill="var(--accent)" />
      ))}
    </svg>
  );
}

export function AvatarPicker({ avatars, chosen, busy, onChoose, films = [], onFilm }: AvatarPickerProps) {
  const items = avatars.data?.items ?? [];
  const own = items.filter((one) => !one.builtin);
  const builtin = items.filter((one) => one.builtin);
  const group = (label: string, members: readonly Avatar[]) => (
    <section aria-label={label}>
      <h3 className={styles.title}>{label}</h3>
      <ul className={styles.grid}>
        {members.map((avatar) => (
          <li key={avatar.id}>
            <button type="button" className={styles.pick} aria-pressed={avatar.id === chosen} disabled={busy} onClick={() => onChoose(avatar.id)}>
              <AvatarPicture avatar={avatar} />
              <span className={styles.name}>{avatar.name}</span>
              <span className={styles.kind}>{KIND_WORDS[avatar.kind]}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
  return (
    <div className={styles.picker}>
      {avatars.error && <Notice tone="bad">{avatars.error}</Notice>}
      {own.length > 0 && group("Your avatars", own)}
      {builtin.length > 0 && group("Ready to use", builtin)}
      {onFilm && films.length > 0 && (
        <section aria-label="Films">
          <h3 className={styles.title}>Films</h3>
          <ul className={styles.grid}>
            {films.map((job) => (
              <li key={job.id}>
                <button type="button" className={styles.pick} disabled={busy} onClick={() => onFilm(job)} aria-label={`Show the film ${titleOf(job, 60)}`}>
                  <AvatarPicture avatar={{ kind: "file", thumbnail_url: pictureOf(job) }} />
                  <span className={styles.name}>{titleOf(job, 60)}</span>
                  <span className={styles.kind}>{KIND_WORDS.file}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <p className={styles.foot}>
        <Link to="/avatars" target="_blank">Make an avatar of a photo or a video</Link>
      </p>
    </div>
  );
}
