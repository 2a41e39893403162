import { type DragEvent, useState } from "react";

/** Whether a file is held over an element, and what that element listens to. */
export function useDrop(take: (files: FileList) => void) {
  const [over, setOver] = useState(false);
  const onDragOver = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const onDragLeave = (event: DragEvent) => {
    // Passing over what lies inside is not leaving.
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return { over, target: { onDragOver, onDragLeave, onDrop } };
}
