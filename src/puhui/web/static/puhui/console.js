// The console without a framework: charts from their JSON, the budget slider tied to its number box, the narrow menu.
// Everything works without this file too: tables stand in for charts, forms submit themselves.
(() => {
  "use strict";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const written = (value, places) => value == null ? "—" : Number(value).toLocaleString(document.documentElement.lang, { maximumFractionDigits: places });

  function option(data, room = 900) {
    const ink = token("--ink"), ink2 = token("--ink-2"), line = token("--line");
    const phone = document.body.classList.contains("phone");  // read at arm's length, by older eyes
    const text = { color: ink2, fontFamily: token("--sans"), fontSize: phone ? 15 : 12 };
    const axis = (unit, right) => ({
      type: "value", name: data.rightUnit ? unit : "", nameTextStyle: { ...text, align: right ? "right" : "left" }, axisLabel: text,
      splitLine: { show: !right, lineStyle: { color: line } }, scale: false,
    });
    const share = Math.min(120, Math.max(24, (room - 60) / Math.max(1, data.labels.length)));  // a label stays within its own place
    const labels = data.labels.map((label, i) => data.numericX ? Number(label) : label);
    const series = data.series.map((each, i) => ({
      name: each.name, type: each.kind, yAxisIndex: each.axis, stack: data.stacked && each.kind === "bar" ? "all" : undefined, data: data.numericX ? each.values.map((v, k) => [labels[k], v]) : each.values,
      showSymbol: data.labels.length < 16, symbolSize: 6, smooth: false, lineStyle: { width: 2.4 }, barMaxWidth: 34, itemStyle: { borderRadius: each.kind === "bar" && !data.stacked ? [3, 3, 0, 0] : 0 },
      markLine: i === 0 && data.mark !== "" ? { symbol: "none", silent: true, animation: false, label: { show: false }, lineStyle: { color: token("--seal"), type: "solid", width: 2 }, data: [{ xAxis: data.numericX ? Number(data.mark) : data.mark }] } : undefined,
    }));
    return {
      animation: !still.matches, animationDuration: 300, color: ["--c1", "--c2", "--c3", "--c4", "--c5"].map(token), textStyle: text,
      grid: { left: 8, right: 12, top: (data.series.length > 1 ? 34 : 10) + (data.rightUnit ? 24 : 0), bottom: data.numericX ? 26 : 8, containLabel: true },
      legend: { show: data.series.length > 1, top: 0, left: 0, textStyle: { ...text, color: ink }, itemWidth: 14, itemHeight: 9, icon: "roundRect" },
      tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: token("--card"), borderColor: line, textStyle: { ...text, color: ink }, valueFormatter: (v) => written(Array.isArray(v) ? v[1] : v, data.places) },
      xAxis: { type: data.numericX ? "value" : "category", name: data.numericX ? data.xTitle : "", nameLocation: "middle", nameGap: 28, nameTextStyle: text, data: data.numericX ? undefined : labels, axisLabel: { ...text, hideOverlap: data.labels.length > 8, interval: data.labels.length > 8 ? "auto" : 0, width: data.labels.length > 8 ? 120 : share, overflow: !phone && share < 60 && data.labels.length <= 8 ? "truncate" : "break" }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, splitLine: { show: false }, boundaryGap: data.series.some((s) => s.kind === "bar") },
      yAxis: data.series.some((each) => each.axis === 1) ? [axis(data.unit, false), axis(data.rightUnit, true)] : axis(data.unit, false),
      series,
    };
  }

  function draw(root) {
    for (const box of root.querySelectorAll("[data-chart]")) {
      const source = document.getElementById(box.dataset.chart);
      if (!window.echarts || !source) { box.closest("figure")?.querySelector("details")?.setAttribute("open", ""); continue; }
      box.classList.add("drawn");
      const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "canvas" });
      chart.setOption(option(JSON.parse(source.textContent), box.clientWidth), true);
    }
  }
  const redraw = () => draw(document);
  let waiting;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => document.querySelectorAll("[data-chart].drawn").forEach((box) => echarts.getInstanceByDom(box)?.resize()), 120); });
  dark.addEventListener("change", redraw);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.querySelector("[data-chart]:not(.drawn)")) draw(event.detail.elt);
    const mark = event.detail.elt.querySelector("[data-mark-for]"), box = mark && document.querySelector(`[data-chart="${mark.dataset.markFor}"].drawn`);
    if (!box) return;
    const data = JSON.parse(document.getElementById(mark.dataset.markFor).textContent);
    echarts.getInstanceByDom(box).setOption(option({ ...data, mark: mark.dataset.mark }, box.clientWidth));
  });

  // Slider and number box show the same amount; either one asks the server.
  document.addEventListener("input", (event) => {
    const mate = event.target.dataset && event.target.dataset.mate && document.getElementById(event.target.dataset.mate);
    if (!mate || event.target.value === "") return;
    mate.value = event.target.value;
    const slider = event.target.type === "range" ? event.target : mate;
    slider.setAttribute("aria-valuetext", `${(slider.value / 10000).toLocaleString()} ${slider.dataset.wan}`);
  });
  document.addEventListener("DOMContentLoaded", redraw);
})();
