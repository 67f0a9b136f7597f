"use strict";
// One figure after the other with a pause between, so that the first is seen while the others are still drawn.
var holders = Array.from(document.querySelectorAll("script[data-figure]"));
function drawNext() {
  var holder = holders.shift();
  if (!holder) return;
  var figure = JSON.parse(holder.textContent);
  var config = Object.assign({ responsive: true, displayModeBar: false }, figure.config || {});
  Plotly.newPlot(holder.dataset.figure, figure.data, figure.layout, config);
  requestAnimationFrame(function () { setTimeout(drawNext); });
}
drawNext();
// Accounts and posts open beside the report; JupyterLab does the same by itself.
document.querySelectorAll('a[href^="http"]').forEach(function (link) {
  link.target = "_blank";
});
