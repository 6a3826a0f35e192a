const CLOSE = 0x7d
const FRAMES_MAX = 2_000

/** The input up to so many ends of frames: each frame may cost a little, and what is looked for is one that costs much. */
export const fewFrames = (input: Buffer): Buffer => {
  let end = -1
  for (let frames = 0; frames < FRAMES_MAX; frames += 1) {
    end = input.indexOf(CLOSE, end + 1)
    if (end < 0) return input
  }
  return input.subarray(0, end + 1)
}
