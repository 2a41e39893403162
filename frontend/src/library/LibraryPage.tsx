import { useState } from "react";

import type { Asset, AssetKind } from "../api/types";
import { api } from "../core/client";
import { messageOf } from "../core/errors";
import { ago, bytes, clock } from "../core/format";
import shell from "../shell/Shell.module.css";
import { useTitle } from "../shell/title";
import { FaceArt, SoundArt } from "../studio/art";
import { useDraft } from "../studio/draft";
import { Button, ButtonLink } from "../ui/Button";
import { useConfirm } from "../ui/Dialog";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { type Tab, Tabs } from "../ui/Tabs";
import { useToast } from "../ui/Toasts";
import { useSound } from "../ui/useSound";
import { Waveform } from "../ui/Waveform";
import head from "../ui/PageHead.module.css";
import styles from "./Library.module.css";

const KINDS: readonly Tab<AssetKind>[] = [
  { value: "face", label: "Faces", icon: "face" },
  { value: "speech", label: "Voices", icon: "mic" },
];

export default function LibraryPage() {
  useTitle("Library");
  const [kind, setKind] = useState<AssetKind>("face");
  const page = useLoad(() => api.assets(kind), `assets ${kind}`);
  const [more, setMore] = useState(false);
  const say = useToast();
  const ask = useConfirm();
  const items = page.data?.items.filter((asset) => asset.kind === kind);

  const remove = async (asset: Asset) => {
    const sure = await ask({
      title: `Delete “${asset.name}”?`,
      body: "The file goes for good. Videos already made from it stay.",
      confirm: "Delete file",
    });
    if (!sure) return;
    try {
      await api.deleteAsset(asset.id);
      page.setData((old) => ({ ...old, items: old.items.filter((one) => one.id !== asset.id) }));
      say("File deleted.");
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };
  const loadMore = async (cursor: string) => {
    setMore(true);
    try {
      const next = await api.assets(kind, cursor);
      page.setData((old) => ({ ...next, items: [...old.items, ...next.items] }));
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setMore(false);
  };

  return (
    <>
      <header className={head.head}>
        <h1>Library</h1>
        <Tabs label="Kind of file" tabs={KINDS} value={kind} onChange={setKind} panelId="library-list" />
      </header>
      {page.error && <Notice tone="bad">{page.error}</Notice>}
      <div role="tabpanel" id="library-list" aria-labelledby="library-list-tab">
        {items && items.length > 0 && (
          <ul className={styles.grid} data-kind={kind}>
            {items.map((asset) => (
              <AssetCard key={asset.id} asset={asset} onDelete={() => void remove(asset)} />
            ))}
          </ul>
        )}
        {items?.length === 0 && (
          <div className={shell.empty}>
            {kind === "face" ? <FaceArt /> : <SoundArt />}
            <h2>{kind === "face" ? "No faces yet" : "No recordings yet"}</h2>
            <p>What you upload in the studio is kept here, ready to be used again.</p>
            <ButtonLink to="/" kind="primary">
              To the studio
            </ButtonLink>
          </div>
        )}
      </div>
      {page.data?.next_cursor && (
        <div className={styles.more}>
          <Button disabled={more} onClick={() => void loadMore(page.data?.next_cursor ?? "")}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}

function AssetCard({ asset, onDelete }: { asset: Asset; onDelete: () => void }) {
  const { change } = useDraft();
  const sound = useSound();
  const playing = sound.url === asset.file_url;
  const use = () =>
    change(asset.kind === "face" ? { face: { kind: "asset", asset } } : { source: "upload", upload: asset });
  const seconds = asset.info.duration_seconds;
  return (
    <li className={styles.card}>
      {asset.kind === "face" ? (
        <div className={styles.picture}>
          {asset.thumbnail_url && <img src={asset.thumbnail_url} alt={asset.name} loading="lazy" />}
          {asset.media === "video" && seconds ? <span className={styles.length}>{clock(seconds)}</span> : null}
        </div>
      ) : (
        <div className={styles.sound}>
          <Button
            size="s"
            icon={playing ? "stop" : "play"}
            iconOnly
            onClick={() => sound.toggle(asset.file_url)}
          >
            {playing ? "Stop" : `Play ${asset.name}`}
          </Button>
          <Waveform peaks={asset.peaks} played={playing ? sound.fraction : 0} bars={48} label="" height={44} />
        </div>
      )}
      <p className={styles.name} title={asset.name}>
        {asset.name}
      </p>
      <p className={styles.meta}>
        {[asset.kind === "speech" && seconds ? clock(seconds) : "", bytes(asset.size_bytes), ago(asset.created_at)]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <div className={styles.buttons}>
        <ButtonLink to="/" size="s" onClick={use} aria-label={`Use ${asset.name} in the studio`}>
          Use
        </ButtonLink>
        <Button kind="ghost" size="s" icon="trash" iconOnly onClick={onDelete}>
          {`Delete ${asset.name}`}
        </Button>
      </div>
    </li>
  );
}
