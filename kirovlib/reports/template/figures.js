"use strict";
document.querySelectorAll("script[data-figure]").forEach(function (holder) {
  var figure = JSON.parse(holder.textContent);
  var config = Object.assign({ responsive: true, displayModeBar: false }, figure.config || {});
  Plotly.newPlot(holder.dataset.figure, figure.data, figure.layout, config);
});
// Accounts and posts open beside the report; JupyterLab does the same by itself.
document.querySelectorAll('a[href^="http"]').forEach(function (link) {
  link.target = "_blank";
});
