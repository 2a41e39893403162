import { useCallback, useEffect } from "react";

import type { Asset, Look } from "../api/types";
import { api } from "../core/client";
import { withFace } from "../core/draft";
import { bytes, plural, span } from "../core/format";
import { Button } from "../ui/Button";
import { Backdrop } from "../ui/Backdrop";
import { catalogue } from "../ui/catalogue";
import { FaceMarks } from "../ui/FaceMarks";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { FaceArt } from "./art";
import { useDraft } from "./draft";
import { DropZone } from "./DropZone";
import { type FoundFaces, speakerOf } from "./faces";
import caption from "./Caption.module.css";
import styles from "./FacePanel.module.css";
import panel from "./Panel.module.css";
import { useUpload } from "./useUpload";
import who from "./WhoSpeaks.module.css";
import { FaceBoxes, FaceChoice } from "./WhoSpeaks";

const ACCEPT = "image/*,video/*,.mkv,.mov,.avi,.webm,.mp4,.heic";

function describe(asset: Asset): string {
  const { width, height, duration_seconds: seconds } = asset.info;
  return [
    asset.media === "video" ? "Video" : "Photo",
    width && height ? `${width} × ${height}` : "",
    asset.media === "video" && seconds ? span(seconds) : "",
    bytes(asset.size_bytes),
  ]
    .filter(Boolean)
    .join(" · ");
}

function ChosenAsset({ asset, found: { faces, looking }, onRemove }: { asset: Asset; found: FoundFaces; onRemove: () => void }) {
  const { draft, change } = useDraft();
  const count = faces.length || asset.faces.length;
  const speaker = speakerOf(faces, draft.track)?.track;
  const pick = (track: number) => change({ track });
  return (
    <div className={styles.chosen}>
      <div className={styles.picture}>
        <Backdrop url={asset.thumbnail_url} />
        <div className={styles.fit}>
          {asset.thumbnail_url && <img src={asset.thumbnail_url} alt={`Face: ${asset.name}`} />}
          <FaceMarks faces={asset.faces} />
          <FaceBoxes asset={asset} faces={faces} value={speaker} onChange={pick} />
        </div>
        <Button className={styles.remove} size="s" icon="x" iconOnly onClick={onRemove}>
          Remove face
        </Button>
      </div>
      <div className={styles.caption}>
        <div className={caption.words}>
          <p className={caption.name}>{asset.name}</p>
          <p className={caption.meta}>{describe(asset)}</p>
        </div>
        <p className={styles.found}>{count ? `${plural(count, "face")} found` : "No face found"}</p>
      </div>
      {faces.length > 0 && (
        <div className={who.who}>
          <p>{draft.lines.length ? "Who speaks first?" : "Who speaks?"}</p>
          <FaceChoice label="Who speaks" faces={faces} value={speaker} onChange={pick} />
        </div>
      )}
      {looking && asset.faces.length > 1 && <p className={who.looking}>Looking who is in the video…</p>}
      {asset.notices.map((notice) => (
        <Notice key={notice} tone="warn">
          {notice}
        </Notice>
      ))}
    </div>
  );
}

function ChosenLook({ look, onRemove }: { look: Look; onRemove: () => void }) {
  return (
    <div className={styles.chosen}>
      <div className={styles.picture}>
        <Backdrop url={look.thumbnail_url} />
        <div className={styles.fit}>
          <img src={look.thumbnail_url} alt={`Face: ${look.name}`} />
        </div>
        <Button className={styles.remove} size="s" icon="x" iconOnly onClick={onRemove}>
          Remove face
        </Button>
      </div>
      <div className={styles.caption}>
        <div className={caption.words}>
          <p className={caption.name}>{look.name}</p>
          <p className={caption.meta}>Drawn avatar, free to use anywhere</p>
        </div>
      </div>
    </div>
  );
}

const ONE: FoundFaces = { faces: [], looking: false };

/** `found`: everyone in the chosen file, where one of them may be picked. */
export function FacePanel({ found = ONE }: { found?: FoundFaces }) {
  const { draft, change } = useDraft();
  const recent = useLoad(() => api.assets("face", undefined, 8), "faces");
  const looks = useLoad(catalogue.looks, "looks");
  const { setData } = recent;
  const onDone = useCallback(
    (asset: Asset) => {
      change(withFace({ kind: "asset", asset }));
      setData((page) => ({ ...page, items: [asset, ...page.items.filter((item) => item.id !== asset.id)] }));
    },
    [change, setData],
  );
  const upload = useUpload("face", onDone);
  const { send } = upload;

  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])].find((one) => /^(image|video)\//.test(one.type));
      if (!file) return;
      event.preventDefault();
      send(file, file.name || "pasted image");
    };
    document.addEventListener("paste", onPaste);
    return () => document.removeEventListener("paste", onPaste);
  }, [send]);

  const remove = () => change(withFace(null));
  const { face } = draft;
  const chosenId = face?.kind === "asset" ? face.asset.id : face?.look.id;
  return (
    <section className={panel.panel} aria-labelledby="face-title" id="face-panel" tabIndex={-1}>
      <header className={panel.head}>
        <h2 id="face-title">Face</h2>
        {face && (
          <Button size="s" kind="ghost" icon="retry" onClick={remove}>
            Replace
          </Button>
        )}
      </header>
      <DropZone
        label="Face file"
        accept={ACCEPT}
        upload={upload}
        title="Drop a photo or a video"
        hint="One clear face, looking this way. Or click to browse, or paste an image."
        art={<FaceArt />}
      >
        {face?.kind === "asset" ? (
          <ChosenAsset asset={face.asset} found={found} onRemove={remove} />
        ) : face ? (
          <ChosenLook look={face.look} onRemove={remove} />
        ) : null}
      </DropZone>
      <div className={styles.shelf}>
        <ul className={styles.strip} aria-label="Faces to choose from">
          {(looks.data?.items ?? []).map((look) => (
            <li key={look.id}>
              <button
                type="button"
                aria-label={`Use drawn avatar ${look.name}`}
                aria-pressed={chosenId === look.id}
                className={styles.pick}
                onClick={() => change(withFace({ kind: "look", look }))}
              >
                <img src={look.thumbnail_url} alt="" loading="lazy" />
              </button>
            </li>
          ))}
          {(recent.data?.items ?? []).map((asset) => (
            <li key={asset.id}>
              <button
                type="button"
                aria-label={`Use face ${asset.name}`}
                aria-pressed={chosenId === asset.id}
                className={styles.pick}
                title={asset.name}
                onClick={() => change(withFace({ kind: "asset", asset }))}
              >
                {asset.thumbnail_url && <img src={asset.thumbnail_url} alt="" loading="lazy" />}
              </button>
            </li>
          ))}
        </ul>
        {!face && <p className={styles.shelfHint}>No photo at hand? Take a drawn avatar, or a face you used before.</p>}
      </div>
    </section>
  );
}
