/* What all views of the page share: the chosen image, the noise, the line between two images, the film. */

const state = {image: 0, reach: 3, from: null, to: null};
let views = [];

function choose(n) {
  state.image = n;
  byId("image").value = n;
  views.forEach(view => view.set_image(view.images[n]));
}

function draw_at(row, column, ink) {
  state.image = null;
  byId("image").value = "";
  views.forEach(view => view.ink_at(row, column, ink));
}

// Standard normal noise (Box and Muller 1958)
function noise(n) {
  return each(n, () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
}

function draw_noise(times) {
  for (let k = 0; k < times; k++) {
    const eps = noise(views[0].model.latent_dim);
    views.filter(view => view.is_vae).forEach(view => view.draw(eps));
  }
  views.forEach(view => view.changed());
}

function zoom(factor) {
  state.reach = Math.min(60, Math.max(0.5, state.reach * factor));
  views.forEach(view => view.changed());
}

// One end of the line: where the chosen or drawn image is encoded
function set_end(name) {
  state[name] = true;
  views.forEach(view => { view[name] = Float64Array.from(view.model.represent(view.hx)); });
  const thumb = byId(`${name}-image`);
  thumb.hidden = false;
  picture(thumb, views[0].model.to_grey(views[0].x));
  if (!(state.from && state.to)) return;
  byId("along").hidden = false;
  byId("two").hidden = true;
  views.forEach(view => {
    view.line = [view.from, view.to];
    view.part(".between").hidden = false;
    view.part(".strip").replaceChildren(...Array.from({length: 8}, (_, k) => {
      const canvas = document.createElement("canvas");
      picture(canvas, view.grey(view.between(k / 7)));
      return canvas;
    }));
  });
  move_along(name === "from" ? 0 : 1);
}

function move_along(t) {
  document.querySelector("#along input").value = t;
  document.querySelector("#along output").textContent = show(t);
  views.forEach(view => { view.z = view.between(t); view.changed(); });
}

function set_frame(index) {
  const films = views.filter(view => view.film), {epochs} = films[0].film;
  const last = index >= epochs.length - 1;
  films.forEach(view => {
    view.frame = last ? null : closest(view.film.epochs, epochs[index]);     // another run may keep others
    view.changed();
  });
  document.querySelector("#film input").value = index;
  document.querySelector("#film output").textContent = last ? `epoch ${films[0].run.epoch}, the trained model`
    : `epoch ${epochs[index]}`;
}

function listen() {
  byId("image").max = views[0].images.length - 1;
  byId("image").oninput = event => {
    const n = event.target.valueAsNumber;
    if (Number.isInteger(n) && n >= 0 && n < views[0].images.length) choose(n);
  };
  byId("image").onchange = event => {                   // a number that is too large or too small
    const n = event.target.valueAsNumber;
    if (Number.isFinite(n)) choose(Math.round(Math.min(Math.max(n, 0), views[0].images.length - 1)));
  };
  byId("clear").onclick = () => {
    state.image = null;
    byId("image").value = "";
    views.forEach(view => view.set_image(new Float64Array(D)));
  };
  byId("draw").onclick = () => draw_noise(1);
  byId("draw100").onclick = () => draw_noise(100);
  byId("from").onclick = () => set_end("from");
  byId("to").onclick = () => set_end("to");
  document.querySelector("#along input").oninput = event => move_along(event.target.valueAsNumber);
  byId("map").parentElement.hidden = !HAS_MAP;
  byId("map").onchange = () => views.forEach(view => view.changed());
  byId("closer").onclick = () => zoom(1 / 1.25);
  byId("farther").onclick = () => zoom(1.25);
  const film = views.find(view => view.film)?.film;
  if (film) {
    const slider = document.querySelector("#film input"), last = film.epochs.length - 1;
    byId("film").hidden = false;
    slider.max = last;
    slider.oninput = () => set_frame(slider.valueAsNumber);
    let timer = 0;
    const stop = () => { clearInterval(timer); timer = 0; byId("play").textContent = "play"; };
    byId("play").onclick = () => {
      if (timer) return stop();
      let index = slider.valueAsNumber >= last ? -1 : slider.valueAsNumber;
      byId("play").textContent = "stop";
      timer = setInterval(() => { set_frame(++index); if (index >= last) stop(); }, 120);
    };
    set_frame(last);
    const names = views.filter(view => view.film).map(view => view.run.name);
    if (names.length < views.length) document.querySelector("#film h2").textContent += `: ${names[0]}`;
  }
  dark.onchange = () => views.forEach(view => view.changed());
}

function explain() {
  const all_vae = views.every(view => view.is_vae), some_vae = views.some(view => view.is_vae);
  const where = "at the point where the encoder puts it" + (all_vae ? ", the mean of q(z|x)" : "");
  const decoded = some_vae ? "E[x|z]" : "x̂";
  byId("what").textContent = `Each dot is a test image of ${data.title}, ${where}`
    + (data.labels ? ". Its colour shows its label, which training did not see. " : ". ")
    + (views.length > 1 ? "Move the pointer over one plane, and both decoders draw the image of the point z."
      : `Move the pointer over the plane, and the decoder draws ${decoded}, its image of the point z there.`);
  if (some_vae && !all_vae) {
    byId("what").textContent += " Training pulls a VAE's codes towards the prior N(0, I). Nothing controls where"
      + " an autoencoder's codes lie, and a point between them may decode to an image unlike all others.";
  }
  if (some_vae) byId("what").textContent += " The end of the page explains the terms.";
  const full = data.runs.some(run => run.posterior === "full");
  byId("one").textContent = some_vae
    ? "Click a dot, or draw on x. The ellipses show q(z|x): its mean μ, and 1 and 2 standard deviations σ. "
      + `Each draw of noise ε ~ N(0, I) gives z = μ + ${full ? "L ε, where L Lᵀ is the covariance" : "σ ε"}. `
      + "The mean of log p(x|z) − KL over the draws estimates the ELBO."
    : "Click a dot, or draw on x: the dot in the plane is its code.";
  byId("draws").hidden = byId("terms").hidden = !some_vae;
  if (!some_vae) document.querySelector(".code").textContent = "code z";
}

// With #check in the address: what model.js computes for the first images and the noise data.eps, as JSON
function check() {
  const numbers = views.map(({model, images, is_vae}) => data.eps.slice(0, images.length).map((eps, n) => {
    const x = images[n], h = model.encode(x), mean = model.represent(h);
    if (!is_vae) return {mean: [...mean], decoded: [...model.decode(mean)], loss: model.loss(x, mean)};
    const z = sample(model.q, h, eps);
    const [log_prob, kl] = [model.log_prob(x, z), model.q.kl(h)];
    return {mean: [...mean], z: [...z], decoded: [...model.decode(z)], log_prob, kl};
  }));
  byId("check").textContent = JSON.stringify(numbers);
}

async function start() {
  const runs = await Promise.all(data.runs.map(load));
  document.querySelector("main").className = runs.length > 1 ? "two" : "one";
  views = runs.map(run => new View(run));
  const far = views.flatMap(view => view.codes.flatMap(z => view.at(z).map(Math.abs))).sort((a, b) => a - b);
  state.reach = Math.min(20, Math.max(2.6, 1.1 * far[Math.floor(0.995 * far.length)]));
  explain();
  listen();
  choose(0);
  if (location.hash === "#check") check();
  document.documentElement.dataset.ready = "yes";
}

start();
