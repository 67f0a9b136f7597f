"use strict";
document.querySelectorAll("script[data-figure]").forEach(function (holder) {
  var figure = JSON.parse(holder.textContent);
  var config = Object.assign({ responsive: true, displayModeBar: false }, figure.config || {});
  Plotly.newPlot(holder.dataset.figure, figure.data, figure.layout, config);
});
