/** What a file chooser offers where a recording is wanted; some systems know no types, only endings. */
export const SPEECH_FILES = "audio/*,video/*,.wav,.mp3,.m4a,.ogg,.opus,.flac,.webm,.mp4,.mov,.mkv";
