// The ring drawn with ECharts: applications as circles, entities as squares, every edge with its reason. Without this file the table stands.
(() => {
  "use strict";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // A box without width or height (its style did not come, or not yet) has no picture: ECharts' graph would read from nothing.
  function draw() {
    for (const box of document.querySelectorAll("[data-ring]")) {
      const source = document.getElementById(box.dataset.ring), told = document.getElementById(`${box.dataset.ring}-words`);
      if (!window.echarts || !source || !told) continue;
      box.classList.add("drawn"); // shown by it
      if (!box.clientWidth || !box.clientHeight) continue;
      const ring = JSON.parse(source.textContent), words = JSON.parse(told.textContent), ink = token("--ink");
      const english = document.documentElement.lang.startsWith("en");
      const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "canvas" });
      const colour = (node) => node.kind !== "application" ? token("--c2") : node.bad === true ? token("--seal") : node.hop === 0 ? token("--c3") : token("--c1");
      chart.setOption({
        animation: !still.matches,
        tooltip: {
          renderMode: "richText", backgroundColor: token("--card"), borderColor: token("--line"), textStyle: { color: ink, fontSize: 12 },
          formatter: ({ dataType, data }) => dataType === "edge"
            ? `${words.by} ${english ? data.en : data.zh}\n${words.since} ${data.at}\n${words.weight} ${data.weight}`
            : `${data.text}${data.bad === true ? `\n${words.bad}` : data.bad === false ? `\n${words.good}` : ""}`,
        },
        series: [{
          type: "graph", layout: "force", roam: true, draggable: true, force: { repulsion: 160, edgeLength: [40, 110], friction: 0.2, layoutAnimation: false },
          label: { show: ring.nodes.length <= 40, position: "right", color: ink, fontSize: 11 },
          lineStyle: { color: token("--line"), opacity: 0.9 },
          data: ring.nodes.map((node) => {
            const text = node.kind === "application" ? `…${node.shown.slice(-8)}` : node.shown, first = node.hop === 0 && node.kind === "application";
            return { id: node.id, name: node.id, text, bad: node.bad, label: { formatter: text }, symbol: node.kind === "application" ? "circle" : "rect", symbolSize: first ? 24 : 14, itemStyle: { color: colour(node) } };
          }),
          links: ring.edges.map((edge) => ({ ...edge, lineStyle: { width: 1 + 2 * edge.weight } })),
        }],
      }, true);
    }
  }
  const sized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = window.echarts && echarts.getInstanceByDom(target);
      if (!chart) draw(); else if (target.clientWidth && target.clientHeight) chart.resize();
    }
  });
  addEventListener("load", () => {
    draw();
    document.querySelectorAll("[data-ring]").forEach((box) => sized.observe(box));
  });
  dark.addEventListener("change", draw);
})();
