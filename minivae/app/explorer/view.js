/* One run on the page: its plane, its image x, its latent z and the decoded image, computed by model.js.
   The pointer, the chosen image and the noise are the same for all views: see explorer.js. */

const data = JSON.parse(document.getElementById("data").textContent);
const [height, width] = data.shape, D = height * width;
const COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
                 "#bcbd22", "#17becf"];
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const CELLS = 15;                               // decoded images across the plane
const HAS_MAP = CELLS * Math.max(height, width) < 4000;     // else they would need too much memory
const byId = id => document.getElementById(id);
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const latent = i => "z" + [...String(i + 1)].map(digit => SUBSCRIPTS[digit]).join("");
const closest = (values, to) => values.reduce(          // the index of the value that is closest to `to`
  (best, value, k) => Math.abs(value - to) < Math.abs(values[best] - to) ? k : best, 0);
const show = (value, digits = 2) => value.toFixed(digits).replace("-", "−");

// Numbers that write.py packed
async function unpack(text, Type) {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Type(await new Response(stream).arrayBuffer());
}

// The layers [W, b] between these sizes, taken from the weights one after the other
function layers(sizes, take) {
  return sizes.slice(1).map((out, i) => [take(sizes[i] * out), take(out)]);
}

async function load(run) {
  const weights = await unpack(run.weights, Float32Array);
  let used = 0;
  const take = n => weights.subarray(used, used += n);
  const parts = {...run, encoder: layers(run.encoder_sizes, take), decoder: layers(run.decoder_sizes, take)};
  const model = run.model === "vae" ? VAE({...parts, shared: take(weights.length - used)})
    : Autoencoder(parts);
  const bytes = await unpack(run.images, Uint8Array);
  const x = Array.from({length: bytes.length / D}, (_, n) => each(D, d => bytes[n * D + d] / run.scale));
  const film = run.film && {...run.film, codes: await unpack(run.film.codes, Float32Array),
                            plane: await unpack(run.film.plane, Uint8Array)};
  return {run, model, x, film};
}

// ---- Pictures of pixels

// Grey values g (D) -> pixels of `image` from (left, top) on. 1 is ink: black, and in the dark mode light, as
// chalk is. In photographs 1 is always light.
function paint(image, g, left = 0, top = 0) {
  const [paper, ink] = data.light ? [[0, 0, 0], [255, 255, 255]]
    : dark.matches ? [[22, 24, 29], [240, 238, 232]] : [[255, 255, 255], [16, 18, 24]];
  for (let d = 0; d < D; d++) {
    const v = Math.min(1, Math.max(0, g[d]));
    const at = 4 * ((top + Math.floor(d / width)) * image.width + left + d % width);
    for (let c = 0; c < 3; c++) image.data[at + c] = paper[c] + v * (ink[c] - paper[c]);
    image.data[at + 3] = 255;
  }
}

function picture(canvas, g) {
  canvas.width = width;
  canvas.height = height;
  canvas.style.aspectRatio = `${width} / ${height}`;
  const image = new ImageData(width, height);
  paint(image, g);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const dark = matchMedia("(prefers-color-scheme: dark)");

class View {
  constructor({run, model, x, film}) {
    Object.assign(this, {run, model, film, images: x});
    this.is_vae = run.model === "vae";
    this.h = x.map(model.encode);
    this.codes = this.h.map(model.represent);
    this.importance = [...each(model.latent_dim, i => this.is_vae ? this.kl_of(i) : this.variance_of(i))];
    this.order = [...this.importance.keys()].sort((i, j) => this.importance[j] - this.importance[i]);
    this.axes = model.latent_dim > 2 ? this.order.slice(0, 2) : [0, 1].slice(0, model.latent_dim);
    this.z = new Float64Array(model.latent_dim);
    this.x_max = run.likelihood?.levels ? run.likelihood.levels - 1 : 1;
    this.frame = null;                          // of the film; null is the trained model
    this.build();
  }

  // Mean KL of one latent's q(z|x) to the prior, over the images
  kl_of(i) {
    const {q} = this.model;
    return sum(this.h.length, n => {
      const variance = covariance(q, this.h[n], i, i);
      return 0.5 * (q.mean(this.h[n])[i] ** 2 + variance - 1 - Math.log(variance));
    }) / this.h.length;
  }

  variance_of(i) {
    const N = this.codes.length, mean = sum(N, n => this.codes[n][i]) / N;
    return sum(N, n => (this.codes[n][i] - mean) ** 2) / N;
  }

  build() {
    const part = document.querySelector("main template").content.cloneNode(true);
    this.part = selector => this.element.querySelector(selector);
    byId("controls").before(part);
    this.element = byId("controls").previousElementSibling;
    this.part("h2").innerHTML = "<span></span> <small></small>";
    this.part("h2 span").textContent = this.run.name;
    this.part("h2 small").textContent = `${this.run.text}; after epoch ${this.run.epoch}`;
    this.canvas = this.part(".plane canvas");
    this.canvas.setAttribute("aria-label",
      `latent plane of ${this.run.name}: arrow keys move z, Enter chooses the nearest image`);
    this.part(".x canvas").setAttribute("aria-label", "pixels of x: arrow keys move, Space paints or erases");
    this.part(".decoded canvas").setAttribute("aria-label", "the decoded image");
    this.part(".plane .caption").textContent = this.is_vae
      ? "Dots: means of q(z|x). Circles: 1 and 2 standard deviations of the prior N(0, I)."
      : "Dots: codes of the images. Circles: 1 and 2 standard deviations of a VAE's prior N(0, I).";
    this.base = document.createElement("canvas");
    this.mosaic = document.createElement("canvas");
    this.small = document.createElement("canvas");
    this.cursor = [Math.floor(height / 2), Math.floor(width / 2)];
    const labels = [...new Set(data.labels)].sort((a, b) => a - b);
    for (const label of labels.length <= 20 ? labels : []) {        // more would repeat the colours too often
      const item = document.createElement("span"), dot = document.createElement("i");
      dot.style.background = COLOURS[label % 10];
      item.append(dot, data.label_names ? data.label_names[label] : String(label));
      this.part(".labels").append(item);
    }
    if (this.model.latent_dim > 2) this.build_axes();
    this.listen();
  }

  // How much a latent is used, in words
  about(i) {
    const value = show(this.importance[i]);
    return this.is_vae ? `KL ${value} nats` : `variance ${value}`;
  }

  build_axes() {
    this.part(".axes").hidden = false;
    this.part(".what").textContent = this.is_vae ? "KL" : "variance";
    this.part(".plane .caption").textContent += ` Two of the ${this.model.latent_dim} latents are the axes;`
      + " for the others, the decoded images use the values below.";
    [".across", ".up"].forEach((name, axis) => {
      const select = this.part(name);
      for (const i of this.order) select.add(new Option(`${latent(i)}: ${this.about(i)}`, i));
      select.value = this.axes[axis];
      select.onchange = () => {
        const i = Number(select.value), before = this.axes[axis];
        if (this.axes[1 - axis] === i) this.axes[1 - axis] = before;       // never the same on both
        this.axes[axis] = i;
        [".across", ".up"].forEach((one, k) => { this.part(one).value = this.axes[k]; });
        this.list_others();
        this.changed();
      };
    });
    this.list_others();
  }

  list_others() {
    this.part(".others").replaceChildren();
    this.sliders = [];
    for (const i of this.order.filter(i => !this.axes.includes(i))) {
      const label = document.createElement("label"), value = document.createElement("output");
      const slider = document.createElement("input");
      Object.assign(slider, {type: "range", min: -4, max: 4, step: 0.05, value: this.z[i]});
      slider.oninput = () => { this.z[i] = Number(slider.value); this.changed(); };
      label.append(latent(i), value, slider);
      label.title = this.about(i);
      this.part(".others").append(label);
      this.sliders.push({i, slider, value});
    }
  }

  // The decoded image of z, in grey values
  grey(z) { return this.model.to_grey(this.model.decode(z)); }

  // ---- Where things are

  at(z) { return [z[this.axes[0]], this.axes.length > 1 ? z[this.axes[1]] : 0]; }

  to_screen([u, v]) {
    const s = this.size / (2 * state.reach);
    return [this.size / 2 + u * s, this.size / 2 - v * s];
  }

  to_plane(event) {
    const box = this.canvas.getBoundingClientRect(), s = 2 * state.reach / box.width;
    return [(event.clientX - box.left - box.width / 2) * s, (box.top + box.height / 2 - event.clientY) * s];
  }

  points() {
    if (this.frame === null) return this.codes.map(z => this.at(z));
    const {codes, n} = this.film, first = 2 * n * this.frame;
    return Array.from({length: n}, (_, i) => [codes[first + 2 * i], codes[first + 2 * i + 1]]);
  }

  nearest([u, v]) {
    let best = -1, least = Infinity;
    this.codes.forEach((z, n) => {
      const [a, b] = this.at(z), distance = Math.hypot(a - u, b - v);
      if (distance < least) [best, least] = [n, distance];
    });
    return {n: best, pixels: least * this.canvas.getBoundingClientRect().width / (2 * state.reach)};
  }

  move_to(plane) {
    this.axes.forEach((i, axis) => { this.z[i] = plane[axis]; });
    this.changed({map: false});
  }

  // ---- The image x

  set_image(x, z) {
    this.x = Float64Array.from(x);
    this.encoded();
    this.z = Float64Array.from(z ?? this.model.represent(this.hx));
    this.changed();
  }

  encoded() {
    this.hx = this.model.encode(this.x);
    this.elbos = [];
  }

  // Another draw of z from q(z|x): its log p(x|z) − KL is one estimate of the ELBO
  draw(eps) {
    this.z = sample(this.model.q, this.hx, eps);
    this.elbos.push(this.model.log_prob(this.x, this.z) - this.model.q.kl(this.hx));
  }

  // z = (1 − t) μ of the first image + t μ of the second
  between(t) { return each(this.z.length, i => (1 - t) * this.from[i] + t * this.to[i]); }

  // ---- Drawing on the screen, once per frame

  changed({map = true} = {}) {
    if (map) this.map_is_old = this.base_is_old = true;
    if (!this.waiting) {
      this.waiting = true;
      requestAnimationFrame(() => { this.waiting = false; this.render(); });
    }
  }

  render() {
    const box = Math.round(this.canvas.clientWidth), ratio = devicePixelRatio || 1;
    if (!box) return;
    if (this.size !== box || this.canvas.width !== Math.round(box * ratio)) {
      this.size = box;
      this.canvas.width = this.canvas.height = this.base.width = this.base.height = Math.round(box * ratio);
      this.base_is_old = this.map_is_old = true;
    }
    if (this.map_is_old && !this.map_timer) {   // it takes longer than a frame, so not in each
      this.map_timer = setTimeout(() => {
        this.map_timer = 0;
        this.map_is_old = false;
        if (HAS_MAP) this.draw_map();
        this.base_is_old = true;
        this.changed({map: false});
      }, 40);
    }
    if (this.base_is_old) this.draw_base(ratio);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(this.base, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw_over(pen);
    this.draw_pixels();
    this.write_numbers();
  }

  // The decoded images of a grid of points
  draw_map() {
    const cell = Math.ceil(1.17 * Math.max(width, height)), z = Float64Array.from(this.z);
    const image = new ImageData(CELLS * cell, CELLS * cell);
    for (let row = 0; row < CELLS; row++) for (let column = 0; column < CELLS; column++) {
      const place = [(2 * column + 1) / CELLS - 1, 1 - (2 * row + 1) / CELLS];
      this.axes.forEach((i, axis) => { z[i] = place[axis] * state.reach; });
      paint(image, this.grey(z), column * cell + ((cell - width) >> 1), row * cell + ((cell - height) >> 1));
    }
    Object.assign(this.mosaic, {width: image.width, height: image.height});
    this.mosaic.getContext("2d").putImageData(image, 0, 0);
  }

  // What stays while the pointer moves: the decoded images, the axes, the prior's circles and the points
  draw_base(ratio) {
    this.base_is_old = false;
    const pen = this.base.getContext("2d"), size = this.size;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = colour("paper");
    pen.fillRect(0, 0, size, size);
    if (HAS_MAP && byId("map").checked) {
      pen.globalAlpha = 0.22;
      if (this.frame === null) pen.drawImage(this.mosaic, 0, 0, size, size);
      else this.draw_kept_plane(pen);
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = colour("quiet");
    pen.lineWidth = 1;
    const [ox, oy] = this.to_screen([0, 0]), unit = size / (2 * state.reach);
    pen.globalAlpha = 0.5;
    pen.beginPath();
    pen.moveTo(0, oy); pen.lineTo(size, oy); pen.moveTo(ox, 0); pen.lineTo(ox, size);
    pen.stroke();
    pen.globalAlpha = 1;
    pen.setLineDash([5, 4]);
    for (const radius of [1, 2]) {
      pen.beginPath();
      pen.arc(ox, oy, radius * unit, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.setLineDash([]);
    pen.font = "12px system-ui, sans-serif";
    const radius = size < 420 ? 2.5 : 3.5;
    this.points().forEach((point, n) => {
      const [u, v] = this.to_screen(point);
      pen.beginPath();
      pen.arc(u, v, radius, 0, 2 * Math.PI);
      pen.fillStyle = data.labels ? COLOURS[data.labels[n] % 10] : COLOURS[0];
      pen.fill();
      pen.strokeStyle = colour("paper");
      pen.stroke();
    });
    pen.fillStyle = colour("ink");
    const step = state.reach > 8 ? 5 : state.reach > 4 ? 2 : 1;
    for (let tick = step; tick < state.reach; tick += step) for (const t of [-tick, tick]) {
      pen.textAlign = "center";
      pen.fillText(show(t, 0), this.to_screen([t, 0])[0], size - 5);
      pen.textAlign = "left";
      if (this.axes.length > 1) pen.fillText(show(t, 0), 4, this.to_screen([0, t])[1] + 4);
    }
    pen.font = "bold 14px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.fillText(`${latent(this.axes[0])} →`, size - 6, size - 20);
    pen.textAlign = "left";
    if (this.axes.length > 1) pen.fillText(`↑ ${latent(this.axes[1])}`, 6, 17);
  }

  draw_kept_plane(pen) {
    const {grid} = this.film, S = grid.length;
    const room = k => Math.min(...[k - 1, k + 1].filter(i => i in grid).map(i => Math.abs(grid[i] - grid[k])));
    for (let row = 0; row < S; row++) for (let column = 0; column < S; column++) {
      const tile = document.createElement("canvas");
      picture(tile, this.kept(row, column));
      const [u, v] = this.to_screen([grid[column], grid[row]]);
      const side = 0.9 * Math.min(room(row), room(column)) * this.size / (2 * state.reach);
      const wide = side * Math.min(1, width / height), high = side * Math.min(1, height / width);
      pen.drawImage(tile, u - wide / 2, v - high / 2, wide, high);
    }
  }

  // The decoded image kept for the point (grid[column], grid[row]) in the film's frame
  kept(row, column) {
    const {grid, plane} = this.film, S = grid.length, first = ((this.frame * S + row) * S + column) * D;
    return each(D, d => plane[first + d] / 255);
  }

  // What moves: the ellipse of q(z|x), the line between two images, the pointer z
  draw_over(pen) {
    pen.strokeStyle = pen.fillStyle = colour("accent");
    if (this.frame === null && this.line) {
      pen.lineWidth = 2;
      pen.beginPath();
      pen.moveTo(...this.to_screen(this.at(this.line[0])));
      pen.lineTo(...this.to_screen(this.at(this.line[1])));
      pen.stroke();
    }
    if (this.frame === null && this.hx) this.draw_posterior(pen);
    const [u, v] = this.to_screen(this.at(this.z));
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(u, v, 6, 0, 2 * Math.PI);
    pen.moveTo(u - 12, v); pen.lineTo(u + 12, v); pen.moveTo(u, v - 12); pen.lineTo(u, v + 12);
    pen.stroke();
  }

  // μ as a dot, and where q(z|x) lies within 1 and 2 standard deviations in every direction
  draw_posterior(pen) {
    const mean = this.at(this.model.represent(this.hx)), [u, v] = this.to_screen(mean);
    pen.beginPath();
    pen.arc(u, v, 4, 0, 2 * Math.PI);
    pen.fill();
    if (!this.is_vae) return;
    const [i, j] = this.axes, between = (k, l) => covariance(this.model.q, this.hx, k, l);
    // The Cholesky factor of the two axes' covariance turns circles into these ellipses.
    const l11 = Math.sqrt(between(i, i)), l21 = j === undefined ? 0 : between(i, j) / l11;
    const l22 = j === undefined ? 0 : Math.sqrt(Math.max(0, between(j, j) - l21 ** 2));
    for (const [radius, line] of [[1, 2], [2, 1]]) {
      pen.lineWidth = line;
      pen.beginPath();
      for (let k = 0; k <= 72; k++) {
        const s = radius * Math.cos(k * Math.PI / 36), t = radius * Math.sin(k * Math.PI / 36);
        pen.lineTo(...this.to_screen([mean[0] + l11 * s, mean[1] + l21 * s + l22 * t]));
      }
      pen.stroke();
    }
  }

  draw_pixels() {
    let caption = this.is_vae ? "decoded: E[x|z]" : "decoded: x̂";
    if (this.frame === null) picture(this.part(".decoded canvas"), this.grey(this.z));
    else {
      const {grid} = this.film;
      picture(this.part(".decoded canvas"), this.kept(closest(grid, this.z[1]), closest(grid, this.z[0])));
      caption = `decoded in epoch ${this.film.epochs[this.frame]}`;
    }
    this.part(".decoded figcaption").textContent = caption;
    const x = this.part(".x canvas"), scale = Math.max(1, Math.floor(336 / width));
    picture(this.small, this.model.to_grey(this.x));
    x.width = width * scale;
    x.height = height * scale;
    const pen = x.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.small, 0, 0, x.width, x.height);
    pen.strokeStyle = colour("line");
    pen.globalAlpha = 0.6;
    pen.beginPath();
    for (let i = 1; i < width; i++) { pen.moveTo(i * scale, 0); pen.lineTo(i * scale, x.height); }
    for (let i = 1; i < height; i++) { pen.moveTo(0, i * scale); pen.lineTo(x.width, i * scale); }
    pen.stroke();
    if (document.activeElement === x && x.matches(":focus-visible")) {
      pen.globalAlpha = 1;
      pen.strokeStyle = colour("accent");
      pen.lineWidth = Math.max(2, scale / 10);
      pen.strokeRect(this.cursor[1] * scale, this.cursor[0] * scale, scale, scale);
    }
    const label = data.labels && data.labels[state.image];
    const what = data.label_names ? `, ${data.label_names[label]}` : data.labels ? `, a ${label}` : "";
    this.part(".x figcaption").textContent = state.image === null ? "x: your drawing"
      : `x: test image ${state.image}${what}; draw on it`;
  }

  write_numbers() {
    const {model, z} = this, rows = [];
    const shown = model.latent_dim <= 3 ? [...z] : this.at(z);
    const names = model.latent_dim <= 3 ? "z" : this.axes.map(latent).join(", ");
    rows.push([names, `(${shown.map(v => show(v)).join(", ")})`]);
    if (this.frame !== null) rows.push(["", "numbers: only for the trained model"]);
    else if (this.is_vae) {
      const count = this.elbos.length, mean = sum(count, k => this.elbos[k]) / count;
      const error = Math.sqrt(sum(count, k => (this.elbos[k] - mean) ** 2) / (count - 1) / count);
      const spread = count > 1 ? ` ± ${show(error)}` : "";
      rows.push(["log p(x|z)", `${show(model.log_prob(this.x, z))} nats`],
                ["KL(q(z|x) ‖ p(z))", `${show(model.q.kl(this.hx))} nats`],
                count ? [`ELBO, ${count} draw${count > 1 ? "s" : ""}`, `${show(mean)}${spread} nats`]
                  : ["ELBO", "press “draw ε”"]);
    } else {
      const loss = show(model.loss(this.x, z));
      rows.push(this.run.error === "CrossEntropy" ? ["cross-entropy", `${loss} nats`] : ["‖x − x̂‖²", loss]);
    }
    const list = this.part("dl");
    while (list.children.length > 2 * rows.length) list.lastChild.remove();
    rows.forEach(([term, value], k) => {
      if (!list.children[2 * k]) list.append(document.createElement("dt"), document.createElement("dd"));
      list.children[2 * k].textContent = term;
      list.children[2 * k + 1].textContent = value;
    });
    for (const {i, slider, value} of this.sliders ?? []) {
      slider.value = z[i];
      value.textContent = show(z[i]);
    }
  }

  // ---- Pointer and keys

  listen() {
    this.canvas.onpointermove = event => views.forEach(view => view.move_to(this.to_plane(event)));
    this.canvas.onpointerdown = event => {
      const place = this.to_plane(event), {n, pixels} = this.nearest(place);
      if (pixels < 12 && this.frame === null) choose(n);
      else views.forEach(view => view.move_to(place));
    };
    this.canvas.onkeydown = event => {
      const step = state.reach / (event.shiftKey ? 200 : 25), [u, v] = this.at(this.z);
      const steps = {ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step]};
      const [du, dv] = steps[event.key] ?? [0, 0];
      if (event.key in steps) views.forEach(view => view.move_to([u + du, v + dv]));
      else if (event.key === "Enter") choose(this.nearest([u, v]).n);
      else if (event.key === "+" || event.key === "=") zoom(1 / 1.25);
      else if (event.key === "-") zoom(1.25);
      else return;
      event.preventDefault();
    };
    this.listen_to_drawing(this.part(".x canvas"));
    new ResizeObserver(() => this.changed({map: false})).observe(this.canvas);
  }

  listen_to_drawing(x) {
    const other = (row, column) => this.x[row * width + column] > this.x_max / 2 ? 0 : 1;     // ink is erased
    const pixel = event => {
      const box = x.getBoundingClientRect();
      return [Math.floor((event.clientY - box.top) / box.height * height),
              Math.floor((event.clientX - box.left) / box.width * width)];
    };
    x.onpointerdown = event => {
      x.setPointerCapture(event.pointerId);
      this.ink = other(...pixel(event));
      draw_at(...pixel(event), this.ink);
    };
    x.onpointermove = event => { if (x.hasPointerCapture(event.pointerId)) draw_at(...pixel(event), this.ink); };
    x.onkeydown = event => {
      const steps = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};
      const [row, column] = this.cursor;
      if (event.key in steps) {
        const [down, right] = steps[event.key];
        this.cursor = [Math.min(height - 1, Math.max(0, row + down)),
                       Math.min(width - 1, Math.max(0, column + right))];
        this.changed({map: false});
      } else if (event.key === " ") draw_at(row, column, other(row, column));
      else return;
      event.preventDefault();
    };
    x.onfocus = x.onblur = () => this.changed({map: false});
  }

  // Ink (1) or none (0) on a pixel, and on images larger than 16 pixels also around it
  ink_at(row, column, ink) {
    const thick = Math.max(width, height) > 16 ? 1.3 : 0.1;
    for (let r = 0; r < height; r++) for (let c = 0; c < width; c++) {
      if (Math.hypot(r - row, c - column) <= thick) this.x[r * width + c] = ink * this.x_max;
    }
    this.encoded();
    this.z = Float64Array.from(this.model.represent(this.hx));
    this.changed();
  }
}
