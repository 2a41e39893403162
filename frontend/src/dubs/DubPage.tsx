import { useState } from "react";
import { useNavigate, useParams } from "react-router";

import { dubsApi } from "../core/client";
import { DUB_STATES, type Edits, isWorking, languageName } from "../core/dubs";
import type { DubWhole } from "../core/dubsApi";
import { plural } from "../core/format";
import { useTitle } from "../shell/title";
import { Button, ButtonLink } from "../ui/Button";
import { useConfirm } from "../ui/Dialog";
import { Notice } from "../ui/Notice";
import head from "../ui/PageHead.module.css";
import { Progress } from "../ui/Progress";
import { useWork } from "../ui/useWork";
import { Film } from "./Film";
import styles from "./Dubs.module.css";
import { Sentences } from "./Sentences";
import { Settings } from "./Settings";
import { Stages } from "./Stages";
import { useDub } from "./useDub";

export default function DubPage() {
  const { id = "" } = useParams();
  const loaded = useDub(id);
  const dub = loaded.data?.id === id ? loaded.data : undefined;
  useTitle(dub?.name ?? "Dub");
  return (
    <div className={styles.page}>
      <div>
        <ButtonLink to="/dubs" kind="ghost" size="s" icon="back">
          Dubs
        </ButtonLink>
      </div>
      {loaded.error && !dub && (
        <>
          <h1>Dub</h1>
          <Notice tone="bad" action={<Button size="s" onClick={loaded.reload}>Try again</Button>}>
            {loaded.error}
          </Notice>
        </>
      )}
      {dub && <Whole key={dub.id} dub={dub} onChange={(changed) => loaded.setData(() => changed)} />}
    </div>
  );
}

function Whole({ dub, onChange }: { dub: DubWhole; onChange: (dub: DubWhole) => void }) {
  const [edits, setEdits] = useState<Edits>(new Map());
  const [busy, work] = useWork();
  const ask = useConfirm();
  const go = useNavigate();
  const working = isWorking(dub);
  const stale = dub.stages.some((stage) => stage.state !== "done");
  const save = async () => {
    if (!edits.size) return;
    onChange(await dubsApi.edit(dub.id, [...edits.values()]));
    setEdits(new Map());
  };
  const run = () =>
    work(async () => {
      await save();
      onChange(await dubsApi.run(dub.id));
    });
  const pause = () => work(async () => onChange(await dubsApi.pause(dub.id)));
  const remove = () =>
    work(async () => {
      const body = "All that its stages made is deleted. Your video stays in the library.";
      if (!(await ask({ title: "Delete this dub?", body, confirm: "Delete" }))) return;
      await dubsApi.remove(dub.id);
      await go("/dubs");
    });
  const words = edits.size ? `Save ${plural(edits.size, "change")} and go on` : dub.state === "done" ? "Make it again" : "Go on";
  return (
    <>
      <header className={head.head}>
        <div className={styles.names}>
          <h1>{dub.name}</h1>
          <p className={styles.meta}>
            <span className={styles.state} data-state={dub.state}>
              {DUB_STATES[dub.state]}
            </span>
            {` · ${dub.from_language ? `${languageName(dub.from_language)} into ` : "into "}${languageName(dub.to_language)}`}
          </p>
        </div>
        <div className={styles.buttons}>
          {working && (
            <Button icon="pause" disabled={busy} onClick={() => void pause()}>
              Pause
            </Button>
          )}
          {!working && (stale || edits.size > 0) && (
            <Button kind="primary" icon="play" disabled={busy} onClick={() => void run()}>
              {words}
            </Button>
          )}
          {dub.video_url && (
            <a className={styles.download} href={`${dub.video_url}?download=true`} download>
              Download
            </a>
          )}
          <Button kind="ghost" icon="trash" iconOnly disabled={busy || dub.state === "running"} onClick={() => void remove()}>
            Delete this dub
          </Button>
        </div>
      </header>
      {working && <Progress percent={dub.state === "queued" ? null : dub.percent} label="Progress" />}
      {dub.error && (
        <Notice tone="bad" title="It stopped">
          {dub.error.message}
        </Notice>
      )}
      {dub.message && !working && <Notice tone="warn">{dub.message}</Notice>}
      <div className={styles.columns}>
        <Film dub={dub} />
        <Stages dub={dub} />
      </div>
      <Sentences dub={dub} edits={edits} onEdit={setEdits} disabled={working || busy}>
        {edits.size > 0 && (
          <Button disabled={busy || working} onClick={() => void work(save)}>
            Save {plural(edits.size, "change")}
          </Button>
        )}
      </Sentences>
      <Settings dub={dub} disabled={working || busy} onChange={onChange} />
    </>
  );
}
