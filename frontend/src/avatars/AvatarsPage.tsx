import { useState } from "react";

import type { Avatar } from "../api/rooms";
import type { Asset } from "../api/types";
import { roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { AvatarPicture, KIND_WORDS } from "../rooms/AvatarPicker";
import { useTitle } from "../shell/title";
import { FaceArt } from "../studio/art";
import { DropZone } from "../studio/DropZone";
import { useUpload } from "../studio/useUpload";
import { Button } from "../ui/Button";
import { useNames } from "../ui/catalogue";
import { useConfirm } from "../ui/Dialog";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { useToast } from "../ui/Toasts";
import { AvatarEditor } from "./AvatarEditor";
import styles from "./Avatars.module.css";

const ACCEPT = "image/*,video/*,.mkv,.mov,.avi,.webm,.mp4,.heic";

/** What is open for editing: a face that has just come, or an avatar that is there. */
type Open = { face: Asset } | { avatar: Avatar } | null;

function NewAvatar({ onFace }: { onFace: (face: Asset) => void }) {
  const upload = useUpload("face", onFace);
  return (
    <div className={styles.zone}>
      <DropZone label="Portrait or video of the avatar" accept={ACCEPT} upload={upload} title="Drop a portrait or a video" hint="One person, looking this way, well lit. Only use a face whose owner agrees." art={<FaceArt />} />
    </div>
  );
}

export default function AvatarsPage() {
  useTitle("Avatars");
  const page = useLoad(roomsApi.avatars, "avatars");
  const [open, setOpen] = useState<Open>(null);
  const names = useNames();
  const say = useToast();
  const ask = useConfirm();
  const items = page.data?.items ?? [];
  const own = items.filter((one) => !one.builtin);

  const keep = (avatar: Avatar) => {
    page.setData((old) => {
      const known = old.items.some((one) => one.id === avatar.id);
      return { ...old, items: known ? old.items.map((one) => (one.id === avatar.id ? avatar : one)) : [avatar, ...old.items] };
    });
    setOpen({ avatar });
  };
  const remove = async (avatar: Avatar) => {
    const sure = await ask({ title: `Delete “${avatar.name}”?`, body: "The avatar goes; its picture stays in your library.", confirm: "Delete avatar" });
    if (!sure) return;
    try {
      await roomsApi.deleteAvatar(avatar.id);
      page.setData((old) => ({ ...old, items: old.items.filter((one) => one.id !== avatar.id) }));
      setOpen(null);
      say("Avatar deleted.");
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };
  const edited = open && "avatar" in open ? open.avatar.id : null;

  return (
    <>
      <header className={styles.opening}>
        <h1>Avatars</h1>
        <p>A face and a voice that go together. They speak in your rooms, live.</p>
      </header>
      {page.error && <Notice tone="bad" action={<Button size="s" onClick={page.reload}>Try again</Button>}>{page.error}</Notice>}
      {open ? (
        <AvatarEditor
          key={"avatar" in open ? open.avatar.id : open.face.id}
          face={"avatar" in open ? open.avatar.face : open.face}
          avatar={"avatar" in open ? open.avatar : null}
          onSaved={keep}
          onDelete={(avatar) => void remove(avatar)}
          onClose={() => setOpen(null)}
        />
      ) : (
        <NewAvatar onFace={(face) => setOpen({ face })} />
      )}
      {own.length > 0 && (
        <section aria-labelledby="own-title">
          <h2 id="own-title" className={styles.title}>Yours</h2>
          <ul className={styles.grid}>
            {own.map((avatar) => (
              <li key={avatar.id}>
                <button type="button" className={styles.card} aria-pressed={avatar.id === edited} onClick={() => {
                  setOpen({ avatar });
                  scrollTo({ top: 0, behavior: "smooth" });
                }}>
                  <AvatarPicture avatar={avatar} />
                  <span className={styles.name}>{avatar.name}</span>
                  <span className={styles.meta}>{[KIND_WORDS[avatar.kind], avatar.voice && names.voice(avatar.voice)].filter(Boolean).join(" · ")}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="ready-title">
        <h2 id="ready-title" className={styles.title}>Ready to use</h2>
        <ul className={styles.grid} data-small="true">
          {items.filter((one) => one.builtin).map((avatar) => (
            <li key={avatar.id} className={styles.card}>
              <AvatarPicture avatar={avatar} />
              <span className={styles.name}>{avatar.name}</span>
              <span className={styles.meta}>{KIND_WORDS[avatar.kind]}</span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
