// Lets the clocks of the page tick. Each has its zone's name; the reader's browser knows the rest.
const clocks = [...document.querySelectorAll("time[data-zone]")].map((element) => ({
  element,
  format: new Intl.DateTimeFormat("en-GB", {
    timeZone: element.dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }),
}));
const tick = () => {
  const now = new Date();
  for (const { element, format } of clocks) {
    const text = format.format(now);
    if (element.textContent !== text) element.textContent = text;
  }
  setTimeout(tick, 1000 - now.getMilliseconds());
};
tick();
