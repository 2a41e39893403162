import { useCallback } from "react";

import type { Asset } from "../api/types";
import { SPEECH_FILES } from "../core/files";
import { Button } from "../ui/Button";
import { SoundArt } from "./art";
import { useDraft } from "./draft";
import { DropZone } from "./DropZone";
import { SpeechClip } from "./SpeechClip";
import { useUpload } from "./useUpload";

export function UploadVoice() {
  const { draft, change } = useDraft();
  const onDone = useCallback((asset: Asset) => change({ upload: asset, transcript: "" }), [change]);
  const upload = useUpload("speech", onDone);
  return (
    <DropZone
      label="Voice file"
      accept={SPEECH_FILES}
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
