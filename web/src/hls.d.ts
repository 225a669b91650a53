// The light build carries no types of its own; what it leaves out (alternate sound, subtitles, encryption) is not used.
declare module 'hls.js/light' {
  export { default } from 'hls.js';
}
