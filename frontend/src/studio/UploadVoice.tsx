import { useCallback } from "react";

import type { Asset } from "../api/types";
import { Button } from "../ui/Button";
import { SoundArt } from "./art";
import { useDraft } from "./draft";
import { DropZone } from "./DropZone";
import { SpeechClip } from "./SpeechClip";
import { useUpload } from "./useUpload";

const ACCEPT = "audio/*,video/*,.wav,.mp3,.m4a,.ogg,.opus,.flac,.webm,.mp4,.mov,.mkv";

export function UploadVoice() {
  const { draft, change } = useDraft();
  const onDone = useCallback((asset: Asset) => change({ upload: asset, transcript: "" }), [change]);
  const upload = useUpload("speech", onDone);
  return (
    <DropZone
      label="Voice file"
      accept={ACCEPT}
      upload={upload}
      title="Drop a recording"
      hint="Any sound file, or a video whose sound you want."
      art={<SoundArt />}
    >
      {draft.upload && (
        <SpeechClip
          asset={draft.upload}
          actions={
            <Button size="s" icon="retry" onClick={() => change({ upload: null, transcript: "" })}>
              Replace the recording
            </Button>
          }
        />
      )}
    </DropZone>
  );
}
