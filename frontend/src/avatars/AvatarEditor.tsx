import { type FormEvent, useEffect, useState } from "react";

import type { Avatar } from "../api/rooms";
import type { Asset, Expression } from "../api/types";
import { api, roomsApi } from "../core/client";
import { hasEnded } from "../core/jobs";
import { EXPRESSION_WORDS } from "../jobs/words";
import { useJobs, useLive } from "../shell/live";
import { VoicePicker } from "../studio/VoicePicker";
import { Backdrop } from "../ui/Backdrop";
import { Button } from "../ui/Button";
import { catalogue } from "../ui/catalogue";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { type Segment, Segments } from "../ui/Segments";
import { Slider } from "../ui/Slider";
import { useToast } from "../ui/Toasts";
import { useWork } from "../ui/useWork";
import styles from "./AvatarEditor.module.css";
import { Landmarks } from "./Landmarks";

const EXPRESSIONS = Object.entries(EXPRESSION_WORDS).map(([value, label]) => ({ value, label })) as Segment<Expression>[];

interface Fields {
  name: string;
  voice: string;
  voice_rate: number;
  expression: Expression;
  expression_amount: number;
}

function fieldsOf(avatar: Avatar | null, face: Asset | null): Fields {
  return {
    name: avatar?.name ?? nameFrom(face?.name ?? ""),
    voice: avatar?.voice ?? "",
    voice_rate: avatar?.voice_rate ?? 1,
    expression: avatar?.expression ?? "neutral",
    expression_amount: avatar?.expression_amount ?? 0.6,
  };
}

/** "ada_lovelace-2.jpg" is Ada Lovelace. */
function nameFrom(file: string): string {
  const words = file.replace(/\.\w+$/, "").replace(/[_\-.]+/g, " ").replace(/\d+/g, "").trim();
  return words.replace(/(^|\s)\p{L}/gu, (letter) => letter.toUpperCase()).slice(0, 60);
}

interface AvatarEditorProps {
  face: Asset | null;
  /** null while it has only a face. */
  avatar: Avatar | null;
  onSaved: (avatar: Avatar) => void;
  onDelete: (avatar: Avatar) => void;
  onClose: () => void;
}

/** Puts a face and a voice together, and lets one hear and see them. */
export function AvatarEditor({ face, avatar, onSaved, onDelete, onClose }: AvatarEditorProps) {
  const [fields, setFields] = useState(() => fieldsOf(avatar, face));
  const [busy, run] = useWork();
  const [line, setLine] = useState("");
  const [previewId, setPreviewId] = useState(avatar?.preview?.job_id ?? null);
  // A new avatar gets an id, and with it this form anew, while its first preview is being made.
  const [watching, setWatching] = useState(avatar?.preview?.state === "queued" || avatar?.preview?.state === "running");
  const voices = useLoad(catalogue.voices, "voices");
  const say = useToast();
  const { board } = useLive();
  const job = useJobs().find((one) => one.id === previewId) ?? null;
  const change = (some: Partial<Fields>) => setFields((old) => ({ ...old, ...some }));
  const voice = fields.voice || voices.data?.default || "";
  const saved = avatar !== null && JSON.stringify(fieldsOf(avatar, face)) === JSON.stringify(fields);
  const making = job !== null && !hasEnded(job);

  // The preview of an earlier visit is older than what this page has been told of.
  useEffect(() => {
    if (previewId && !board.get(previewId)) api.job(previewId).then((known) => board.put(known), () => undefined);
  }, [previewId, board]);

  const save = async (): Promise<Avatar> => {
    const body = { ...fields, name: fields.name.trim(), voice };
    return avatar ? roomsApi.editAvatar(avatar.id, body) : roomsApi.createAvatar({ ...body, face: face?.id ?? "" });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      onSaved(await save());
      say("Avatar saved.");
    });
  };
  const preview = () =>
    run(async () => {
      const kept = saved && avatar ? avatar : await save();
      const made = await roomsApi.previewAvatar(kept.id, line.trim() || undefined);
      board.put(made);
      setPreviewId(made.id);
      setWatching(true);
      onSaved({ ...kept, preview: { job_id: made.id, state: made.state, video_url: made.video_url, poster_url: made.poster_url } });
    });

  const shown = job?.state === "done" ? job.video_url : null;
  return (
    <form className={styles.editor} onSubmit={submit} aria-label={avatar ? `Avatar ${avatar.name}` : "New avatar"}>
      <div className={styles.stage}>
        <Backdrop url={face?.thumbnail_url ?? avatar?.thumbnail_url ?? null} />
        {watching && shown ? (
          <video className={styles.video} src={shown} poster={job?.poster_url ?? undefined} controls autoPlay playsInline aria-label="Preview" />
        ) : face ? (
          <Landmarks face={face} />
        ) : (
          avatar?.thumbnail_url && <img className={styles.video} src={avatar.thumbnail_url} alt={avatar.name} />
        )}
        {watching && making && (
          <div className={styles.making} role="status">
            <p>{job.stage_label || "Preparing"}…</p>
            <Progress percent={job.state === "queued" ? null : job.percent} label="Progress of the preview" />
          </div>
        )}
        <div className={styles.switch}>
          {shown && (
            <Button size="s" icon={watching ? "face" : "play"} onClick={() => setWatching(!watching)}>
              {watching ? "Show the face" : "Play the preview"}
            </Button>
          )}
        </div>
      </div>
      <div className={styles.fields}>
        <div className={styles.nameField}>
          <label htmlFor="avatar-name">Name</label>
          <input id="avatar-name" required maxLength={60} value={fields.name} placeholder="How it is called in the room" onChange={(event) => change({ name: event.target.value })} />
        </div>
        {face?.notices.map((notice) => <Notice key={notice} tone="warn">{notice}</Notice>)}
        <div className={styles.voice}>
          <p className={styles.label}>Voice</p>
          <VoicePicker voices={voices} value={voice} onChange={(id) => change({ voice: id })} />
        </div>
        <Slider label="Speed" min={0.5} max={2} step={0.05} value={fields.voice_rate} text={fields.voice_rate === 1 ? "Normal" : `${fields.voice_rate.toFixed(2).replace(/0$/, "")}×`} onChange={(voice_rate) => change({ voice_rate })} />
        {face?.media !== "video" && (
          <div className={styles.voice}>
            <p className={styles.label}>Expression</p>
            <Segments label="Expression" segments={EXPRESSIONS} value={fields.expression} onChange={(expression) => change({ expression })} />
            {fields.expression !== "neutral" && (
              <Slider label="Amount" min={0.05} max={1} step={0.05} value={fields.expression_amount} text={`${Math.round(fields.expression_amount * 100)} %`} onChange={(expression_amount) => change({ expression_amount })} />
            )}
          </div>
        )}
        <div className={styles.try}>
          <label className="visually-hidden" htmlFor="avatar-line">A line to try</label>
          <input id="avatar-line" value={line} maxLength={300} placeholder="Hello, nice to meet you." onChange={(event) => setLine(event.target.value)} />
          <Button icon="lips" disabled={busy || making || !fields.name.trim()} onClick={() => void preview()}>
            {making ? "Preparing…" : "Hear and see it"}
          </Button>
        </div>
        {watching && job?.state === "failed" && <Notice tone="bad">{job.error?.message ?? "The preview failed. Try again."}</Notice>}
        <div className={styles.buttons}>
          <Button kind="primary" size="l" type="submit" disabled={busy || saved}>
            {saved ? "Saved" : "Save avatar"}
          </Button>
          <Button kind="ghost" onClick={onClose}>
            {avatar ? "Done" : "Cancel"}
          </Button>
          {avatar && (
            <Button className={styles.delete} kind="ghost" icon="trash" iconOnly onClick={() => onDelete(avatar)}>
              {`Delete ${avatar.name}`}
            </Button>
          )}
        </div>
      </div>
    </form>
  );
}
