/** Runs in the page that is measured, before its own scripts: `measured.timed(…)`, `measured.frames(…)`, `measured.painted()`, `measured.idle()`. */
globalThis.measured = {
  /** From a click to the frame behind the one in which the content is there; milliseconds. */
  timed(link, content, deadlineMs) {
    return new Promise((resolve, reject) => {
      const target = document.querySelector(link);
      if (document.querySelector(content) !== null) return reject(new Error(`${content} is there already`));
      if (target === null) return reject(new Error(`cannot click ${link}: there is none`));
      const begun = performance.now();
      const look = () => {
        const took = performance.now() - begun;
        if (document.querySelector(content) !== null) return behindNextFrame(begun, resolve);
        if (took > deadlineMs) return reject(new Error(`${content} does not come`));
        return requestAnimationFrame(look);
      };
      target.click();
      return requestAnimationFrame(look);
    });
  },

  /** Since the address was opened, up to the next frame. */
  painted: () => new Promise((resolve) => behindNextFrame(0, resolve)),

  /** There is nothing to do. */
  idle: () => new Promise((resolve) => requestIdleCallback(resolve)),

  /** What lies between frames for a while, and the bytes of JavaScript at its end. */
  frames(spanMs) {
    return new Promise((resolve) => {
      const gaps = [];
      let begun;
      let last;
      const frame = (now) => {
        begun ??= now;
        if (last !== undefined) gaps.push(now - last);
        last = now;
        if (now - begun < spanMs) return requestAnimationFrame(frame);
        return resolve({ gaps, tookMs: now - begun, heap: performance.memory?.usedJSHeapSize ?? null });
      };
      requestAnimationFrame(frame);
    });
  },
};

function behindNextFrame(begun, resolve) {
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
}
