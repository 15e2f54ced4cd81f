// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string_view>

namespace gomapd::exporter {

// How a flame graph looks. The colours have the same contrast to their text by
// day and by night (4.5 to 1 and more).
inline constexpr std::string_view kFlamegraphStyle = R"css(
svg { font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
text { fill: #1f2328; }
#paper { fill: #ffffff; }
#title { font-size: 15px; font-weight: bold; }
#notes { fill: #8a4600; }
.button { text-anchor: end; cursor: pointer; fill: #0b57d0; display: none; }
#found { text-anchor: end; }
.b { cursor: pointer; overflow: hidden; }
.b:hover rect { stroke: #1f2328; stroke-width: 2; }
.b.parent { opacity: 0.55; }
.b.found rect { fill: #d63adf; }
.b.found text { fill: #ffffff; }
.a rect { fill: #d0d7de; } .s rect { fill: #dfe4ea; } .t rect { fill: #b9dcf2; }
.p0 rect { fill: #f6b26b; } .p1 rect { fill: #f28e79; } .p2 rect { fill: #f2c94c; }
.p3 rect { fill: #e8a87c; } .p4 rect { fill: #f19cb4; } .p5 rect { fill: #d9c45b; }
.p6 rect { fill: #9ccf7a; } .p7 rect { fill: #c3a6e8; } .p8 rect { fill: #ef9f5d; }
.p9 rect { fill: #7fcfb4; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
#paper { fill: #0d1117; }
#notes { fill: #ffb86b; }
.button { fill: #8ab4f8; }
.b:hover rect { stroke: #e6edf3; }
.a rect { fill: #3d444d; } .s rect { fill: #2f353d; } .t rect { fill: #1f5273; }
.p0 rect { fill: #8a5313; } .p1 rect { fill: #94402c; } .p2 rect { fill: #77600a; }
.p3 rect { fill: #85502a; } .p4 rect { fill: #8f3a58; } .p5 rect { fill: #665a10; }
.p6 rect { fill: #3a6b1c; } .p7 rect { fill: #63468f; } .p8 rect { fill: #8f4c12; }
.p9 rect { fill: #17694f; }
}
)css";

// Zoom by click, and search by the button. Without it the picture is complete.
// Numbers are those of flamegraph.cpp: 12 the margin, 1200 the width, 4 the
// text's margin, 7.25 a letter.
inline constexpr std::string_view kFlamegraphScript = R"js(
"use strict";
const boxes = [...document.querySelectorAll(".b")].map((node) => ({
  node, x: +node.getAttribute("x"), y: +node.getAttribute("y"),
  width: +node.dataset.w, name: node.dataset.n,
  title: node.querySelector("title").textContent, text: node.querySelector("text") }));
const byId = (id) => document.getElementById(id);
const show = (id, shown) => { byId(id).style.display = shown ? "inline" : "none"; };
const inside = (box, other) => box.x >= other.x - 0.005 &&
  box.x + box.width <= other.x + other.width + 0.005;

function place(box, x, width) {
  box.node.setAttribute("x", x);
  box.node.setAttribute("width", Math.max(width - 0.5, width / 2));
  const letters = Math.floor((width - 8) / 7.25);
  const name = [...box.name];
  box.text.textContent = letters < 3 ? "" :
    name.length <= letters ? box.name : name.slice(0, letters - 1).join("") + "\u2026";
}

function zoom(to) {
  const scale = 1176 / to.width;
  for (const box of boxes) {
    const parent = box.y > to.y && inside(to, box);
    const shown = parent || inside(box, to) && box.y <= to.y;
    box.node.style.display = shown ? "" : "none";
    box.node.classList.toggle("parent", parent);
    if (parent) place(box, 12, 1176);
    else if (shown) place(box, 12 + (box.x - to.x) * scale, box.width * scale);
  }
  show("reset", to !== boxes[0]);
  show("notes", to === boxes[0]);
}

function matcher(wanted) {
  try {
    const pattern = new RegExp(wanted);
    return (text) => pattern.test(text);
  } catch {
    return (text) => text.includes(wanted);
  }
}

function search() {
  const wanted = prompt("Functions or types to search for (regular expression)", "");
  if (wanted === null) return;
  const matches = matcher(wanted);
  const found = boxes.filter((box) => {
    const is = wanted !== "" && matches(box.title);
    box.node.classList.toggle("found", is);
    return is;
  });
  // What lies above a match is part of it.
  const lowest = found.filter((box) =>
    !found.some((other) => other.y > box.y && inside(box, other)));
  const share = lowest.reduce((sum, box) => sum + box.width, 0) / boxes[0].width;
  byId("found").textContent = wanted === "" ? "" : `found: ${(100 * share).toFixed(1)} %`;
}

if (boxes.length > 0) {
  for (const box of boxes) box.node.addEventListener("click", () => zoom(box));
  byId("reset").addEventListener("click", () => zoom(boxes[0]));
  byId("search").addEventListener("click", search);
  show("search", true);
  document.documentElement.addEventListener("keydown", (event) => {
    if (event.key === "Escape") zoom(boxes[0]);
    if (event.key === "/") { event.preventDefault(); search(); }
  });
}
)js";

}  // namespace gomapd::exporter
