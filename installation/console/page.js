// The live picture's manners: it can be held, rests while nobody looks, and comes back by itself. And a press that
// would reach nobody is not lost without a word.
"use strict";
(() => {
  const RETRY_MS = 2000;
  const SHAPE_MS = 500;
  const AWAY = "Not done: the connection is away. Try again in a moment.";
  let held = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const live = () => document.getElementById("live");

  const show = () => {
    const picture = live();
    const button = document.getElementById("hold");
    if (!picture || !button) return false;
    const source = held ? "/picture.jpg" : "/stream.mjpg";
    if (document.hidden) picture.removeAttribute("src");
    else if (held || !(picture.getAttribute("src") || "").startsWith(source)) {
      picture.src = source + "?" + Date.now();
    }
    button.textContent = held ? "Let it move" : "Hold the picture";
    button.setAttribute("aria-pressed", String(held));
    return true;
  };

  // The screen may hang upright: the frame takes the picture's own shape.
  const shape = () => {
    const picture = live();
    if (!picture?.naturalHeight) return;
    const ratio = (picture.naturalWidth / picture.naturalHeight).toFixed(4);
    const frame = picture.parentElement;
    frame.classList.remove("is-away");
    if (frame.style.getPropertyValue("--ratio") !== ratio) frame.style.setProperty("--ratio", ratio);
  };
  setInterval(shape, SHAPE_MS);
  document.addEventListener("load", (event) => { if (event.target === live()) shape(); }, true);

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.id !== "hold") return;
    held = !held;
    show();
  });
  document.addEventListener("visibilitychange", show);
  document.addEventListener("click", (event) => {
    const choices = event.target instanceof Element && event.target.closest("button") && event.target.closest(".choices");
    if (!choices) return;
    const hint = choices.querySelector(".hint");
    const away = window.did_handshake && !window.socket.connected; // a page that is still coming up waits by itself
    if (away) event.stopPropagation();
    if (away || hint.textContent === AWAY) hint.textContent = away ? AWAY : "";
  }, true);
  document.addEventListener("error", (event) => {
    const picture = live();
    if (!picture || event.target !== picture) return;
    picture.parentElement.classList.add("is-away"); // words in its place, not the browser's broken picture
    setTimeout(() => {
      live()?.removeAttribute("src");
      show();
    }, RETRY_MS);
  }, true);

  // The elements are mounted after this script has run.
  new MutationObserver((_, observer) => {
    if (show()) observer.disconnect();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
