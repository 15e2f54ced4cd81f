// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Pure: a tree of call stacks → boxes.

// What every program stands on is grey, so that its own packages stand out.
const GROUND = ['runtime', 'internal', 'reflect', 'sync', 'syscall'];
const COLOURS = 10;
// Far more than the frames of a stack: at most 64 return addresses are kept, each of which
// may stand for some inlined functions.
const DEEPEST = 1000;

// "github.com/a/b.(*T).f" → "github.com/a/b": dots of the last path element are %2e in
// Go's names, and type arguments may hold slashes.
export function packageOf(name) {
  const open = name.indexOf('[');
  const head = open < 0 ? name : name.slice(0, open);
  const dot = head.indexOf('.', Math.max(0, head.lastIndexOf('/')));
  return dot < 0 ? head : head.slice(0, dot);
}

// The class of a box's colour: that of the picture that `gomapd trace --flamegraph` draws.
export function colourOf(node) {
  if (node.kind === 'root') return 'a';
  if (node.kind === 'map_type') return 't';
  const name = packageOf(node.name);
  if (node.name.startsWith('[') || GROUND.includes(name.split('/')[0])) return 's';
  let hash = 2166136261; // FNV-1a
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  return `p${hash % COLOURS}`;
}

// Two children of the same name differ in kind.
export function step(node) {
  return `${node.kind}\u0000${node.name}`;
}

// The nodes from the root to where `path` (of step()s) leads, as far as it does.
export function follow(root, path) {
  const nodes = [root];
  for (const name of path) {
    const next = nodes.at(-1).children.find((child) => step(child) === name);
    if (!next) break;
    nodes.push(next);
  }
  return nodes;
}

// Boxes {node, path, depth, left, width}: left and width in shares of the picture's width;
// the last node of `path` and all before it are as wide as the picture. Boxes narrower
// than `narrowest` are left out: `hidden` says how many, those above them not counted.
export function layout(root, weight, path, narrowest) {
  const boxes = [];
  let hidden = 0;
  const ancestors = follow(root, path);
  const focus = ancestors.at(-1);
  const steps = [];
  ancestors.forEach((node, depth) => {
    if (depth > 0) steps.push(step(node));
    boxes.push({ node, path: [...steps], depth, left: 0, width: 1, ancestor: node !== focus });
  });
  const total = focus[weight];
  const todo = total > 0 ? [boxes.at(-1)] : [];
  while (todo.length > 0) {
    const parent = todo.pop();
    if (parent.depth >= DEEPEST) continue;
    let { left } = parent;
    for (const node of parent.node.children) {
      const width = node[weight] / total;
      if (width >= narrowest) {
        const box = {
          node,
          path: [...parent.path, step(node)],
          depth: parent.depth + 1,
          left,
          width,
          ancestor: false,
        };
        boxes.push(box);
        todo.push(box);
      } else if (width > 0) {
        hidden += 1;
      }
      left += width;
    }
  }
  return { boxes, hidden, depth: boxes.reduce((most, box) => Math.max(most, box.depth), 0) };
}

// How much of the focus is in boxes whose names hold `text`, each stack once.
export function shareFound(root, weight, path, text) {
  const focus = follow(root, path).at(-1);
  const needle = text.toLowerCase();
  let found = 0;
  const todo = [focus];
  while (todo.length > 0) {
    const node = todo.pop();
    if (node.kind !== 'root' && node.name.toLowerCase().includes(needle)) found += node[weight];
    else todo.push(...node.children);
  }
  return focus[weight] > 0 ? found / focus[weight] : 0;
}
