"""Exercises 9 to 11: see test_bank.py."""

MISTAKES = [
    ("9", "log p without minus", """\
da = p.log_prob_backward(ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the loss has −log p, so that dlogp is −1/N, not +1/N",
     r"sign|minus|negative|−log p|-log p|−1/N|-1/N|-ones"),
    ("9", "no 1/N anywhere", """\
da = p.log_prob_backward(-ones, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh_z = q.sample_backward(dz, h, eps)
dh_kl = q.kl_backward(ones, h)
mlp_backward(dh_z + dh_kl, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the loss is a mean over the batch: 1/N is missing in both upstream gradients""",
     r"1/N|/ ?N\b|mean|batch|N times|divid"),
    ("9", "KL without 1/N", """\
dz = mlp_backward(p.log_prob_backward(-ones / N, x, a), decoder_inputs, model.decoder,
                  model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps)
dh += q.kl_backward(ones, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the KL's upstream gradient lacks 1/N: the KL counts N times",
     r"(?s)(KL|dkl).*(1/N|/ ?N\b|mean|N times)|(1/N|mean).*(KL|dkl)"),
    ("9", "log p without 1/N", """\
da = p.log_prob_backward(-ones, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dlogp lacks 1/N: the reconstruction counts N times",
     r"(?s)(log p|logp|reconstruction|decoder).*(1/N|/ ?N\b|mean|N times)|(1/N|mean|N times).*(log p|logp|reconstr|decoder)"),
    ("9", "KL path forgotten", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the second path into h, through the KL, is missing",
     r"KL"),
    ("9", "only the KL reaches h", """\
da = p.log_prob_backward(-ones / N, x, a)
mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the path from the reconstruction through z into h (sample_backward) is missing""",
     r"reconstruction|through z|sample|dz|log p|only the KL is there"),
    ("9", "KL negative too", """\
up = -ones / N
dz = mlp_backward(p.log_prob_backward(up, x, a), decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(up, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the KL enters the loss with a plus: its upstream gradient is +1/N",
     r"(?s)(KL|dkl).*(sign|plus|minus|negative|positive|subtract)|(sign|plus|minus|subtract).*(KL|dkl)"),
    ("9", "encoder called twice", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")
mlp_backward(q.kl_backward(ones / N, h), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the second call of mlp_backward overwrites what the first wrote: the two dh must be added first""",
     r"overwr|overwrit|add|sum|reconstruction|through z|sample|first call|twice"),
    ("9", "KL through the sample", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dkl_mu = q.kl_backward(ones / N, h)[:, :eps.shape[1]]
dh = q.sample_backward(dz + dkl_mu, h, eps)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the KL's gradient was sent through z; it goes straight into h, without sample_backward""",
     r"KL|straight|direct"),
    ("9", "fresh noise", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
noise = np.random.default_rng(7).standard_normal(eps.shape)
dh = q.sample_backward(dz, h, noise) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the backward pass must use the eps of the forward pass, not a new draw",
     r"noise|eps|ε|log σ²|logvar"),
    ("9", "log variance cut off", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = np.concatenate([dz, np.zeros_like(dz)], axis=1) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
z depends on log σ² too: the reconstruction's gradient for log σ² was set to 0""",
     r"log σ²|logvar|sample_backward|variance|second half|σ"),
    ("9", "log variance gets dz itself", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = np.concatenate([dz, dz], axis=1) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
dz was passed to log σ² without the factor ½ σ ε: sample_backward was left out""",
     r"sample_backward|½|0\.5|half|ε|eps|log σ²|logvar"),
    ("9", "probabilities for logits", """\
probability = 1 / (1 + np.exp(-a))
da = p.log_prob_backward(-ones / N, x, probability)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "log_prob_backward wants the logits a, not sigmoid(a)",
     r"logit|sigmoid|probabilit|decoder|\bda\b"),
    ("9", "divided by x.size", """\
da = p.log_prob_backward(-ones / x.size, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "log p is a sum over the pixels: divide by N only, not by N times D",
     r"pixel|\bD\b|x\.size|size|1/N|too small|sum"),
    ("9", "divided by N twice", """\
da = p.log_prob_backward(-ones / N, x, a) / N
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h) / N
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "1/N was applied twice",
     r"twice|1/N|N²|/ ?N\b|once"),
    ("9", "paths subtracted", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.kl_backward(ones / N, h) - q.sample_backward(dz, h, eps)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the gradients of the two paths add; the path through z got a minus (it has one already, in dlogp)""",
     r"add|sign|minus|subtract|negative|plus"),
    ("9", "paths multiplied", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) * q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the gradients of two paths add, they don't multiply",
     r"add|sum|product|multipl"),
    ("9", "encoder never reached", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
return dh""",
     "dh was not sent through the encoder: encoder_grads are not filled",
     r"encoder"),
    ("9", "grads swapped", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.encoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.decoder_grads, "tanh")""",
     "encoder_grads and decoder_grads were exchanged",
     r"shape|encoder_grads|decoder_grads|swap|exchang|broadcast"),
    ("9", "inputs of the wrong network", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, encoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, decoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "encoder_inputs and decoder_inputs were exchanged",
     r"shape|encoder_inputs|decoder_inputs|swap|exchang|broadcast"),
    ("9", "scalars upstream", """\
da = p.log_prob_backward(-1 / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(1 / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dlogp and dkl are (N,) arrays, one number per example, not one number",
     r"subscript|shape|\(N,\)|per example|array|ones"),
    ("9", "encoder first", """\
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")""",
     """\
dz is used before it is computed: the decoder comes first on the way back""",
     r"dz|before|order|assign|reverse|not associated|UnboundLocal"),
    ("9", "double: no minus and KL without 1/N", """\
da = p.log_prob_backward(ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dlogp lacks its minus, and dkl lacks 1/N",
     r"sign|minus|negative|1/N|mean|N times"),
    ("9", "double: KL path forgotten and no 1/N", """\
da = p.log_prob_backward(-ones, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the KL path is missing, and so is 1/N",
     r"KL|1/N|mean|N times|batch"),
    ("9", "double: KL negative, log p without 1/N", """\
dz = mlp_backward(p.log_prob_backward(-ones, x, a), decoder_inputs, model.decoder,
                  model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) - q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the KL has the wrong sign, and dlogp lacks 1/N",
     r"sign|minus|negative|subtract|1/N|mean|N times"),
    ("9", "double: probabilities for logits, KL path forgotten", """\
da = p.log_prob_backward(-ones / N, x, 0.5 * (1 + np.tanh(0.5 * a)))
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
log_prob_backward got sigmoid(a) in place of the logits, and the KL path is missing""",
     r"logit|sigmoid|probabilit|KL"),
    ("9", "double: log variance cut off, KL without 1/N", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.kl_backward(ones, h)
dh[:, :dz.shape[1]] += dz
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the reconstruction doesn't reach log σ², and the KL lacks 1/N",
     r"log σ²|logvar|sample_backward|1/N|mean|N times|ε|eps"),
    ("9", "both unscaled", """\
da = p.log_prob_backward(-ones, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the 1/N of the mean over the batch is missing in both upstream gradients""",
     r"1/N|\bN\b|mean|batch|divid"),
    ("9", "kl unscaled", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps)
dh += q.kl_backward(ones, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dkl is not divided by N",
     r"dkl|KL.*(\bN\b|mean|divid|average|batch)|(\bN\b|mean|divid|batch).*KL"),
    ("9", "likelihood up", """\
g = ones / N
da = p.log_prob_backward(g, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(g, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the loss has −log p, so dlogp is −1/N: the minus is missing",
     r"sign|minus|negat|[-−]1|[-−]log p|[-−]ones|opposite"),
    ("9", "kl as a reward", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) - q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the KL stands in the loss with a plus; its gradient was subtracted",
     r"sign|minus|negat|plus|subtract|opposite"),
    ("9", "no kl", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the second path is missing: the gradient of the KL has to be added to dh""",
     r"KL.*(missing|forgot|left out|added|not|nothing)|(missing|forgot\w*|without|no|only) .*(KL|path)|second path|both paths|two paths"),
    ("9", "dz straight into the encoder", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
dz is (N, Z) and not yet dh: it has to go through the sample (q.sample_backward)""",
     r"sample_backward|sample|dh|shape|mismatch|2Z"),
    ("9", "mean latent", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, np.zeros_like(eps)) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the sample's gradient was taken with ε = 0 and not with the ε of the forward pass""",
     r"ε|eps|noise|zero"),
    ("9", "new draw", """\
noise = np.random.randn(*eps.shape)
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, noise) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
new noise was drawn: the backward pass needs the ε that forward was given""",
     r"noise|ε|eps|drawn|random|same|forward"),
    ("9", "average of the paths", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = 0.5 * (q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h))
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the two paths are averaged; the gradients have to be added, without ½",
     r"averag|mean|add|sum|half|½|0\.5|twice"),
    ("9", "beta one tenth", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + 0.1 * q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the KL is weighted by 0.1 (as in a β-VAE), but the loss has it with the weight 1""",
     r"0\.1|weigh|β|beta|factor|KL|10"),
    ("9", "all elements", """\
da = p.log_prob_backward(-ones / x.size, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / h.size, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
divided by the number of all elements (x.size, h.size); the mean is only over the N examples""",
     r"size|\bN\b|examples|pixel|mean|divid"),
    ("9", "kl added to dz", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dz = dz + q.kl_backward(ones / N, h)[:, :dz.shape[1]]
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the KL's gradient was added to dz; the KL does not depend on z, its gradient belongs to dh""",
     r"to dz|dz|belongs|straight|does not depend on z|not through"),
    ("9", "decoder inputs twice", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, decoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the encoder's backward pass was given decoder_inputs instead of encoder_inputs""",
     r"encoder_inputs|decoder_inputs|inputs|shape|mismatch"),
    ("9", "sampled arguments", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(eps, h, dz) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dz and ε are swapped in q.sample_backward(dz, h, eps)",
     r"swap|order|arguments?|exchang|dz"),
    ("9", "stuck at the decoder", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
return dh""",
     "dh is not sent through the encoder: encoder_grads are never filled",
     r"encoder"),
    ("9", "double: plus log p, no N", """\
da = p.log_prob_backward(ones, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dlogp has the wrong sign, and the 1/N is missing",
     r"sign|minus|negat|\bN\b|mean|batch"),
    ("9", "double: no kl, no N", """\
da = p.log_prob_backward(-ones, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the gradient of the KL is missing, and the 1/N",
     r"KL|path|1/N|\bN\b|mean|batch|divid"),
    ("9", "double: signs both", """\
da = p.log_prob_backward(ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(-ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
both signs are wrong: this is the gradient of the ELBO, the loss is its negative""",
     r"sign|minus|negat|opposite|ELBO|[-−]1"),
    ("9", "double: kl summed twice, N", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
k = q.kl_backward(ones, h)
mlp_backward(q.sample_backward(dz, h, eps) + k + k, encoder_inputs, model.encoder, model.encoder_grads)""",
     "the KL's gradient is added twice and not divided by N",
     r"twice|\b2\b|two times|double|KL|\bN\b|divid|mean"),
    ("9", "log p not averaged", """\
da = p.log_prob_backward(-ones, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the division by N is missing in dlogp",
     r"\bN\b|mean|divi"),
    ("9", "paths multiplied again", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) * q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the two paths are multiplied; they have to be added",
     r"multipl|add|sum|product|\+"),
    ("9", "KL of its own value", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(q.kl(h) / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dkl is the value of the KL, but the upstream gradient is 1/N",
     r"value|1 ?/ ?N|ones|upstream|q\.kl\(|dkl|itself"),
    ("9", "log p of its own value", """\
da = p.log_prob_backward(-p.log_prob(x, a) / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dlogp is the value of log p, but the upstream gradient is −1/N",
     r"value|1 ?/ ?N|ones|upstream|dlogp|log_prob\(|itself"),
    ("9", "average of the paths again", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = 0.5 * (q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h))
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the two paths are averaged; they have to be added",
     r"averag|mean|½|0\.5|half|add|sum"),
    ("9", "new noise backwards", """\
eps = np.random.default_rng(0).standard_normal(eps.shape)
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "new noise is drawn; the ε of the forward pass is needed",
     r"ε|eps|noise|random|drawn"),
    ("9", "one number for dlogp", """\
da = p.log_prob_backward(-1 / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dlogp has to be an array with a number for each example",
     r"\(N,\)|array|ones|shape|number|scalar|each example|float|index|subscript"),
    ("9", "dz straight into the encoder again", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the encoder gets dz, but its output is h; sample_backward is skipped",
     r"\bdh\b|\bdz\b|shape|2Z|mismatch|sample_backward"),
    ("9", "divided by all pixels", """\
da = p.log_prob_backward(-ones / x.size, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
dlogp is divided by N D; the loss is a sum over the pixels and a mean over the examples""",
     r"\bD\b|pixel|x\.size|only by N|\bN\b"),
    ("9", "pull of z to zero", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dz = dz + q.sample(h, eps) / N
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
z/N is added to dz, as for a prior term; but the KL depends on h, not on z""",
     r"z ?/ ?N|prior|on h|of h|\bdz\b.*(add|extra|too much|belong)|(add|extra|too much|belong).*\bdz\b|KL.*(twice|\bz\b)|extra"),
    ("9", "gradient ascent", """\
da = p.log_prob_backward(ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(-ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
everything has the wrong sign: this is the gradient of the ELBO, not of the loss""",
     r"sign|minus|negativ|ELBO|ascent"),
    ("9", "encoder inputs for both", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, encoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the decoder's backward pass gets the encoder's inputs",
     r"decoder_inputs|encoder_inputs|inputs|shape|mismatch"),
    ("9", "earlier 13", "da = p.log_prob_backward(-1 / N, x, a)",
     "(from the bank before)",
     r"dlogp is a float, but an array of shape"),
    ("9", "earlier 20", """\
da = p.log_prob_backward(ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "(from the bank before)",
     r"log p has the wrong sign"),
    ("9", "earlier 33", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "(from the bank before)",
     r"the KL is missing; dh"),
    ("9", "earlier 34", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "(from the bank before)",
     r"dkl has to be 1/N, not 1"),
    ("10", "no bias correction", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * m / (np.sqrt(v) + epsilon)""",
     "m and v are not divided by 1 − βᵗ",
     r"bias|correct|1 ?[-−] ?(β|beta)|m̂|v̂|m_hat|v_hat|hat|start"),
    ("10", "only m corrected", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g * g
m_hat = m / (1 - beta1 ** t)
theta -= lr * m_hat / (np.sqrt(v) + epsilon)""",
     "v is not divided by 1 − β₂ᵗ",
     r"v̂|v_hat|\bv\b|β₂|beta2"),
    ("10", "only v corrected", """\
m[:] = beta1 * m + (1 - beta1) * g
v[:] = beta2 * v + (1 - beta2) * g ** 2
v_hat = v / (1 - beta2 ** t)
theta -= lr * m / (np.sqrt(v_hat) + epsilon)""",
     "m is not divided by 1 − β₁ᵗ",
     r"m̂|m_hat|\bm\b|β₁|beta1"),
    ("10", "epsilon in the root", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / np.sqrt(v / (1 - beta2 ** t) + epsilon)""",
     "ε stands outside the root",
     r"ε|epsilon"),
    ("10", "uphill", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta += lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "θ goes up the gradient, not down: minus",
     r"sign|minus|uphill|wrong (way|direction)|ascent|descent|subtract|[-−]="),
    ("10", "m and v rebound", """\
m = beta1 * m + (1 - beta1) * g
v = beta2 * v + (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "m = ... makes a new array: the caller's m and v stay as they were",
     r"in place|new array|\*=|\[\.\.\.\]|rebind|unchanged"),
    ("10", "theta rebound", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta = theta - lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "theta = ... makes a new array: the caller's theta has not moved",
     r"in place|new array|-=|−=|\[\.\.\.\]|rebind|unchanged|theta|θ"),
    ("10", "all returned", """\
m1 = beta1 * m + (1 - beta1) * g
v1 = beta2 * v + (1 - beta2) * g ** 2
return theta - lr * (m1 / (1 - beta1 ** t)) / (np.sqrt(v1 / (1 - beta2 ** t)) + epsilon), m1, v1""",
     "the new arrays are returned, and nothing is changed in place",
     r"in place|return|unchanged|new array"),
    ("10", "g not squared", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "v is the mean of g², not of g",
     r"squar|g²|g\s?\*\*\s?2|g \* g"),
    ("10", "absolute value for the square", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * np.abs(g)
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "v is the mean of g², not of |g|",
     r"squar|g²|g\s?\*\*\s?2|\|g\|"),
    ("10", "no root", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
mh, vh = m / (1 - beta1 ** t), v / (1 - beta2 ** t)
theta -= lr * mh / (vh + epsilon)""",
     "the square root of v̂ is missing",
     r"root|sqrt|√"),
    ("10", "correction kept", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m /= 1 - beta1 ** t
v /= 1 - beta2 ** t
theta -= lr * m / (np.sqrt(v) + epsilon)""",
     """\
the corrected m̂ and v̂ were written into m and v; the running means must stay uncorrected""",
     r"m̂|v̂|hat|correct|running|stor|kept|own|1 ?[-−] ?(β|beta)"),
    ("10", "t one too large", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * m / (1 - beta1 ** (t + 1)) / (np.sqrt(v / (1 - beta2 ** (t + 1))) + epsilon)""",
     "t counts from 1 already: the power is t, not t + 1",
     r"t ?\+ ?1|power|exponent|βᵗ|\bt\b|step number|counts|bias|correct"),
    ("10", "t one too small", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * m / (1 - beta1 ** (t - 1)) / (np.sqrt(v / (1 - beta2 ** (t - 1))) + epsilon)""",
     "the power is t, not t − 1: at t = 1 that divides by 0",
     r"t ?[-−] ?1|power|exponent|βᵗ|\bt\b|zero|nan|finite"),
    ("10", "beta without its power", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + epsilon)""",
     "the correction is 1 − βᵗ: the power t is missing",
     r"power|exponent|βᵗ|β₁ᵗ|\*\* ?t|\bt\b"),
    ("10", "beta times t", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
with np.errstate(all="ignore"):
    theta -= lr * m / (1 - beta1 * t) / (np.sqrt(v / (1 - beta2 * t)) + epsilon)""",
     "β to the power t, not β times t",
     r"power|exponent|βᵗ|β₁ᵗ|\*\* ?t|nan|finite|bias|correct"),
    ("10", "weights exchanged", """\
m *= 1 - beta1
m += beta1 * g
v *= 1 - beta2
v += beta2 * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "β and 1 − β were exchanged in the running means",
     r"exchang|swap|1 ?[-−] ?β|1 ?[-−] ?beta|β₁|beta1|weight"),
    ("10", "betas exchanged", """\
m *= beta2
m += (1 - beta2) * g
v *= beta1
v += (1 - beta1) * g ** 2
theta -= lr * (m / (1 - beta2 ** t)) / (np.sqrt(v / (1 - beta1 ** t)) + epsilon)""",
     "β₁ belongs to m and β₂ to v; they were exchanged",
     r"β|beta"),
    ("10", "momentum without 1 - beta", """\
m *= beta1
m += g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "the factor 1 − β₁ of g is missing",
     r"1 ?[-−] ?β|1 ?[-−] ?beta|factor|10 times|\bm\b"),
    ("10", "no learning rate", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "the learning rate η is missing",
     r"learning rate|\blr\b|η|factor|1000 times|too (long|large)"),
    ("10", "stale m", """\
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2""",
     "θ moved before m and v took in the new gradient",
     r"order|before|old|first|new gradient|stale|after|not (moved|changed)"),
    ("10", "v from m", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * m ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "v averages g², not m²",
     r"g²|g ?\*\* ?2|m²|\bv\b|square of the gradient|squared gradient"),
    ("10", "one v for all", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * (g @ g)
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "v takes each element's own g², not the sum over all of them",
     r"element|own|sum|norm|g²|\bv\b"),
    ("10", "g squared in place", """\
m *= beta1
m += (1 - beta1) * g
g *= g
v *= beta2
v += (1 - beta2) * g
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "g was changed; it has to be left alone",
     r"(?s)\bg\b.*(chang|alone|in place|modif|overwr|differ)|(chang|alone|modif|overwr).*\bg\b"),
    ("10", "misplaced bracket at epsilon", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ** t)
v_hat = v / (1 - beta2 ** t)
theta -= lr * m_hat / np.sqrt(v_hat) + epsilon""",
     "the brackets around √v̂ + ε are missing: ε is added to the step",
     r"bracket|parenthes|ε|epsilon"),
    ("10", "v's correction with beta1", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta1 ** t)) + epsilon)""",
     "v is divided by 1 − β₁ᵗ, and should be by 1 − β₂ᵗ",
     r"β₂|beta2|v̂|v_hat|β₁|beta1"),
    ("10", "double: uphill, no correction", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * np.square(g)
theta += lr * m / (np.sqrt(v) + epsilon)""",
     "the sign of the step is wrong, and the bias correction is missing",
     r"sign|minus|direction|uphill|bias|correct|1 ?[-−] ?(β|beta)|hat"),
    ("10", "double: g not squared, no root", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g
theta -= lr * (m / (1 - beta1 ** t)) / (v / (1 - beta2 ** t) + epsilon)""",
     "g is not squared in v, and the root is missing",
     r"squar|g²|root|sqrt|√|\*\* ?2"),
    ("10", "double: epsilon in the root, m not corrected", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * m / np.sqrt(v / (1 - beta2 ** t) + epsilon)""",
     "ε stands in the root, and m is not divided by 1 − β₁ᵗ",
     r"ε|epsilon|m̂|m_hat|bias|correct|1 ?[-−] ?(β|beta)"),
    ("10", "double: m and v rebound, g not squared", """\
m = beta1 * m + (1 - beta1) * g
v = beta2 * v + (1 - beta2) * np.abs(g)
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     """\
m and v are new arrays, so that the caller's don't change, and g is not squared in v""",
     r"in place|new array|unchanged|rebind|not chang|squar|g²"),
    ("10", "double: no learning rate, uphill", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta += (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "the learning rate is missing, and the step goes uphill",
     r"learning rate|\blr\b|η|factor|sign|minus|uphill|direction|1000"),
    ("10", "double: betas exchanged, no correction", """\
m[:] = beta2 * m + (1 - beta2) * g
v[:] = beta1 * v + (1 - beta1) * g ** 2
theta -= lr * m / (np.sqrt(v) + epsilon)""",
     "β₁ and β₂ were exchanged, and the bias correction is missing",
     r"β|beta|bias|correct|hat"),
    ("10", "uncorrected", """\
m *= beta1; m += (1 - beta1) * g
v *= beta2; v += (1 - beta2) * g * g
theta -= lr * m / (np.sqrt(v) + epsilon)""",
     "the bias correction is missing: m and v have to be divided by 1 − βᵗ",
     r"bias|correct|1\s*[-−]\s*β|1\s*[-−]\s*beta|m̂|hat"),
    ("10", "rebinding", """\
m = beta1 * m + (1 - beta1) * g
v = beta2 * v + (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     """\
m = ... and v = ... make new local arrays: the caller's m and v stay as they were""",
     r"in place|local|rebind|new array|\*=|\[\.\.\.\]|not (changed|updated)|unchanged"),
    ("10", "theta rebound again", """\
m[:] = beta1 * m + (1 - beta1) * g
v[:] = beta2 * v + (1 - beta2) * g ** 2
theta = theta - lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     """\
theta = theta − ... makes a new array: the caller's theta is not changed""",
     r"in place|local|rebind|new array|-=|[-−]=|theta|θ"),
    ("10", "corrected in place", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m /= 1 - beta1 ** t
v /= 1 - beta2 ** t
theta -= lr * m / (np.sqrt(v) + epsilon)""",
     """\
m̂ and v̂ are written back into m and v, so that the running means are corrupted for the next step""",
     r"in place|m̂|m_hat|running|stored|written back|overwrit|next step|corrupt|copy|/=|kept uncorrected"),
    ("10", "beta times t again", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
mh, vh = m / (1 - beta1 * t), v / (1 - beta2 * t)
theta -= lr * mh / (np.sqrt(vh) + epsilon)""",
     "β t was written for the power βᵗ",
     r"power|βᵗ|\*\*|exponent|β\s*t|times t|multipl"),
    ("10", "t counted from zero", """\
t += 1
m[...] = m * beta1 + g * (1 - beta1)
v[...] = v * beta2 + g * g * (1 - beta2)
theta -= lr * m / (1 - beta1 ** t) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "the exponent is t + 1 instead of t: in the first step β¹ belongs there",
     r"t\s*\+\s*1|exponent|off by one|βᵗ|power|step|counter|\bt\b"),
    ("10", "eps under the root", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / np.sqrt(v / (1 - beta2 ** t) + epsilon)""",
     "ε is inside the root, it has to stand outside",
     r"outside|inside|under the root|within|root|sqrt"),
    ("10", "v without square", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * np.abs(g)
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "v collects |g| instead of the squares g²",
     r"g²|squar|\*\* ?2|abs|\|g\|"),
    ("10", "no root again", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (v / (1 - beta2 ** t) + epsilon)""",
     "the square root of v̂ is missing",
     r"root|sqrt|√"),
    ("10", "betas swapped", """\
m *= beta2
m += (1 - beta2) * g
v *= beta1
v += (1 - beta1) * g ** 2
theta -= lr * (m / (1 - beta2 ** t)) / (np.sqrt(v / (1 - beta1 ** t)) + epsilon)""",
     "β₁ and β₂ are swapped",
     r"swap|exchang|β|beta"),
    ("10", "weights swapped", """\
m *= 1 - beta1
m += beta1 * g
v *= 1 - beta2
v += beta2 * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     """\
β and 1 − β are exchanged: the old mean gets the weight β, the new gradient 1 − β""",
     r"1\s*[-−]\s*β|1\s*[-−]\s*beta|exchang|swap|weights?|old mean"),
    ("10", "uphill again", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta += lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     """\
the sign of the step is wrong: theta is moved along the gradient (ascent)""",
     r"sign|minus|ascent|uphill|-=|[-−]=|opposite|negat"),
    ("10", "heavy ball", """\
m *= beta1
m += g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "the factor (1 − β₁) in front of g is missing in m",
     r"1\s*[-−]\s*β|1\s*[-−]\s*beta|factor|weight"),
    ("10", "raw gradient", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * g / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     """\
the gradient itself moves theta and not its running mean m̂ (that is RMSprop)""",
     r"m̂|m_hat|running mean|momentum|RMSprop|\bm\b (is|was|instead|not|never)|numerator|gradient itself|instead of m"),
    ("10", "square left in g", """\
m *= beta1
m += (1 - beta1) * g
g *= g
v *= beta2
v += (1 - beta2) * g
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "g is squared in place; the gradient has to be left alone",
     r"in place|\bg\b.*(chang|alone|modif|overwrit|squar)|leave"),
    ("10", "step before the means", """\
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2""",
     """\
theta is moved before m and v have seen the new gradient: the order is wrong""",
     r"order|before|first|old m|updated|new gradient|previous"),
    ("10", "one v for all again", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * (g ** 2).mean()
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     """\
the squares are averaged over all parameters; each parameter has its own v""",
     r"averag|mean|own|each|element|all parameters"),
    ("10", "v from m again", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * m ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "v collects the squares of m instead of those of g",
     r"g²|of g|\bg\b|m²|squares?"),
    ("10", "epsilon hat form", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
lr_t = lr * np.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
theta -= lr_t * m / (np.sqrt(v) + epsilon)""",
     """\
in this rearranged form ε is added to √v instead of √v̂, so that it is larger than it should be""",
     r"ε|epsilon|v̂|hat|correct"),
    ("10", "double: no square, no correction of m", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g
theta -= lr * m / (np.sqrt(np.abs(v) / (1 - beta2 ** t)) + epsilon)""",
     "v lacks the square of g, and the bias correction of m is missing",
     r"squar|g²|bias|correct|hat|m̂"),
    ("10", "double: eps inside, uncorrected", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g * g
theta -= lr * m / np.sqrt(v + epsilon)""",
     "the bias correction is missing, and ε is inside the root",
     r"bias|correct|hat|1\s*[-−]\s*β|outside|inside|under the root"),
    ("10", "double: uphill, swapped weights", """\
m *= 1 - beta1
m += beta1 * g
v *= 1 - beta2
v += beta2 * g ** 2
theta += lr * m / (1 - beta1 ** t) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)""",
     "β and 1 − β are exchanged, and the step goes uphill",
     r"1\s*[-−]\s*β|1\s*[-−]\s*beta|exchang|swap|weight|sign|ascent|uphill|minus|opposite"),
    ("10", "double: local m, no root", """\
m = beta1 * m + (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (v / (1 - beta2 ** t) + epsilon)""",
     "m is not changed in place, and the square root of v̂ is missing",
     r"in place|local|rebind|new array|root|sqrt|√|unchanged"),
    ("10", "m as a new array", """\
m = beta1 * m + (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ** t)
v_hat = v / (1 - beta2 ** t)
theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)""",
     "m = ... makes a new array, so the caller's m is not changed",
     r"in place|rebind|new (array|local|name)|caller|m \*=|m\[|not changed|unchanged|local"),
    ("10", "only m corrected again", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ** t)
v_hat = v
theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)""",
     "v is not corrected: v̂ = v / (1 − β₂ᵗ)",
     r"v̂|v_hat|β₂|beta2|correct|v ?/|1 ?[−-]"),
    ("10", "step with g", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ** t)
v_hat = v / (1 - beta2 ** t)
theta -= lr * g / (np.sqrt(v_hat) + epsilon)""",
     "the step uses g in place of the running mean m̂",
     r"m̂|m_hat|running mean|\bg\b|momentum|mean of the gradients"),
    ("10", "root before the correction", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ** t)
root = np.sqrt(v) / (1 - beta2 ** t)
theta -= lr * m_hat / (root + epsilon)""",
     "the root is taken before the division by 1 − β₂ᵗ",
     r"root|sqrt|order|before|v̂|v_hat|1 ?[−-] ?(β|beta)"),
    ("10", "learning rate that falls", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ** t)
v_hat = v / (1 - beta2 ** t)
theta -= lr / np.sqrt(t) * m_hat / (np.sqrt(v_hat) + epsilon)""",
     "the learning rate is divided by √t, which is not in the algorithm",
     r"learning rate|\blr\b|√t|sqrt\(t\)|η|decay|divided by|later steps"),
    ("10", "length of g", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g @ g
m_hat = m / (1 - beta1 ** t)
v_hat = v / (1 - beta2 ** t)
theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)""",
     """\
g @ g is the squared length of the whole gradient; each parameter needs its own g²""",
     r"each|own|elementwise|whole|@|length|norm|sum|dot|scalar"),
    ("10", "caret for the power", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ^ t)
v_hat = v / (1 - beta2 ^ t)
theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)""",
     "^ is not a power in Python; it is **",
     r"\^|\*\*|power|xor|unsupported|operand"),
    ("10", "weight decay", """\
g = g + 0.01 * theta
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ** t)
v_hat = v / (1 - beta2 ** t)
theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)""",
     """\
0.01 θ is added to the gradient: weight decay, which is not part of the algorithm""",
     r"decay|theta|θ|L2|regulari|added to|\bg\b"),
    ("10", "double: no correction, epsilon under the root", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * m / np.sqrt(v + epsilon)""",
     "the bias correction is missing and epsilon is under the root",
     r"correct|hat|m̂|v̂|1 ?[−-] ?β|beta|epsilon|ε|root"),
    ("10", "earlier 35", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g * g
theta -= lr * m / (np.sqrt(v) + epsilon)""",
     "(from the bank before)",
     r"neither m nor v is corrected"),
    ("10", "earlier 36", "theta = theta - lr * g",
     "(from the bank before)",
     r"theta, m and v stay as they were"),
    ("10", "earlier 37", "g *= 2",
     "(from the bank before)",
     r"g was changed in place"),
    ("11", "sign", """\
d = np.exp(log_softmax(a)) - one_hot(x)
return (dlogp[:, None, None] * d).reshape(a.shape)""",
     "the sign: 1[k = x] − π, not π − 1[k = x]",
     r"sign|minus|negative|reversed|one_hot ?[-−]|times −1|swapped"),
    ("11", "three axes", "return dlogp[:, None, None] * (one_hot(x) - np.exp(log_softmax(a)))",
     "the result is (N, D, K), and has to be reshaped to (N, D K)",
     r"shape"),
    ("11", "upstream forgotten", "return (one_hot(x) - np.exp(log_softmax(a))).reshape(a.shape)",
     "the upstream gradient dlogp is missing",
     r"dlogp|upstream"),
    ("11", "one None only", """\
da = one_hot(x) - np.exp(log_softmax(a))
return (dlogp[:, None] * da).reshape(len(a), -1)""",
     """\
dlogp[:, None] is (N, 1) and meets (N, D, K): it needs two new axes, or the reshape first""",
     r"shape|None|broadcast|axis|axes|dlogp"),
    ("11", "log pi for pi", """\
return (dlogp[:, None, None] * (one_hot(x) - log_softmax(a))).reshape(a.shape)""",
     "log π was subtracted in place of π: exp is missing",
     r"\bexp\b|log_softmax|log π|softmax|π"),
    ("11", "softmax left out", "return (dlogp[:, None, None] * one_hot(x)).reshape(a.shape)",
     "the derivative of log Σ exp a is missing: −π",
     r"softmax|π|log Σ|normali[sz]|log-sum|logsumexp|second term"),
    ("11", "one-hot left out", """\
pi = np.exp(log_softmax(a))
return -(dlogp[:, None, None] * pi).reshape(a.shape)""",
     "the term a[x] itself gives 1 where k = x: the one-hot part is missing",
     r"one.?hot|k = x|observed|first term|1 where"),
    ("11", "softmax over the whole row", """\
e = np.exp(a - a.max(axis=1, keepdims=True))
pi = e / e.sum(axis=1, keepdims=True)
return dlogp[:, None] * (one_hot(x).reshape(a.shape) - pi)""",
     """\
the softmax runs over all D K logits, and should over the K of each pixel""",
     r"softmax|each pixel|of a pixel|per pixel|\bK\b|axis"),
    ("11", "softmax over the pixels", """\
b = a.reshape(len(a), -1, K)
e = np.exp(b)
pi = e / e.sum(axis=1, keepdims=True)
return (dlogp[:, None, None] * (one_hot(x) - pi)).reshape(a.shape)""",
     """\
the softmax is normalized over the pixels (axis 1), and should be over the K kinds (last axis)""",
     r"axis|softmax|each pixel|per pixel|\bK\b|normali[sz]"),
    ("11", "softmax over the batch", """\
b = a.reshape(len(a), -1, K)
e = np.exp(b)
pi = e / e.sum(axis=0)
return (dlogp[:, None, None] * (one_hot(x) - pi)).reshape(a.shape)""",
     "the softmax is normalized over the examples (axis 0)",
     r"axis|softmax|example|\bK\b|normali[sz]|batch"),
    ("11", "sigmoid", """\
b = a.reshape(len(a), -1, K)
s = 1 / (1 + np.exp(-b))
return (dlogp[:, None, None] * (one_hot(x) - s)).reshape(a.shape)""",
     "sigmoid (of exercise 5) in place of softmax",
     r"softmax|sigmoid"),
    ("11", "kinds after kinds", """\
d = one_hot(x) - np.exp(log_softmax(a))
return (dlogp[:, None, None] * d).transpose(0, 2, 1).reshape(a.shape)""",
     "the logits lie pixel after pixel: no transpose before the reshape",
     r"order|pixel after pixel|transpos|layout|reshape|permut"),
    ("11", "logits read in the wrong order", """\
b = a.reshape(len(a), K, -1).transpose(0, 2, 1)
e = np.exp(b - b.max(axis=2, keepdims=True))
d = one_hot(x) - e / e.sum(axis=2, keepdims=True)
return (dlogp[:, None, None] * d).reshape(a.shape)""",
     "the logits were taken kind after kind; they lie pixel after pixel",
     r"order|pixel after pixel|transpos|layout|reshape|softmax|permut"),
    ("11", "mean over the batch", """\
d = one_hot(x) - np.exp(log_softmax(a))
return (dlogp[:, None, None] * d).reshape(a.shape) / len(a)""",
     "divided by N, which belongs to the loss and is in dlogp already",
     r"1/N|\bN\b|divid|factor|len\(a\)|batch|constant"),
    ("11", "other kinds get nothing", """\
hot = one_hot(x)
pi = np.exp(log_softmax(a))
return (dlogp[:, None, None] * hot * (1 - pi)).reshape(a.shape)""",
     "the case k ≠ x is missing: −π[k], not 0",
     r"k ≠ x|k != x|other|not x|−π|-π|-pi|case|zero"),
    ("11", "other kinds with a plus", """\
hot, pi = one_hot(x), np.exp(log_softmax(a))
return (dlogp[:, None, None] * np.where(hot == 1, 1 - pi, pi)).reshape(a.shape)""",
     "where k ≠ x the derivative is −π[k], not +π[k]",
     r"k ≠ x|k != x|other|sign|minus|−π|-π|case|negative"),
    ("11", "derivative of pi", """\
hot, pi = one_hot(x), np.exp(log_softmax(a))
pi_x = (hot * pi).sum(axis=-1, keepdims=True)
return (dlogp[:, None, None] * pi_x * (hot - pi)).reshape(a.shape)""",
     """\
that is the derivative of π[x], not of log π[x]: the factor π[x] has to go""",
     r"(?s)log|factor|π|softmax.*(twice|derivative)|\bpi\b"),
    ("11", "pi times 1 minus pi", """\
pi = np.exp(log_softmax(a))
return (dlogp[:, None, None] * (one_hot(x) - pi * (1 - pi))).reshape(a.shape)""",
     "the derivative of log Σ exp a is π, not π (1 − π)",
     r"π|softmax|\bpi\b|1 ?[-−] ?"),
    ("11", "x itself for the one-hot", """\
d = x[..., None] - np.exp(log_softmax(a))
return (dlogp[:, None, None] * d).reshape(a.shape)""",
     "x is the number of a kind; wanted is one_hot(x)",
     r"one_hot|one-hot|1 where"),
    ("11", "kinds counted from 1", """\
d = (x[..., None] == np.arange(1, K + 1)) - np.exp(log_softmax(a))
return (dlogp[:, None, None] * d).reshape(a.shape)""",
     "the values are 0 .. K−1, not 1 .. K: the one is in the wrong place",
     r"one_hot|one-hot|0 \.\. K|shift|off by one|k = x|from 0|place"),
    ("11", "the likeliest kind", """\
lp = log_softmax(a)
d = one_hot(lp.argmax(axis=-1)) - np.exp(lp)
return (dlogp[:, None, None] * d).reshape(a.shape)""",
     "the one goes to the kind that was seen (x), not to the likeliest",
     r"one.?hot|kind|argmax|seen|observed|k = x"),
    ("11", "uniform pi", "return (dlogp[:, None, None] * (one_hot(x) - 1 / K)).reshape(a.shape)",
     "π is the softmax of the logits, not 1/K",
     r"softmax|π|1/K|logits"),
    ("11", "window moves by one", """\
da = np.zeros_like(a)
d = dlogp[:, None, None] * (one_hot(x) - np.exp(log_softmax(a)))
for j in range(x.shape[1]):
    da[:, j:j + K] = d[:, j]
return da""",
     "the logits of pixel j are columns jK to (j+1)K, not j to j+K",
     r"pixel|column|index|order|layout|j ?\*? ?K|place|zero"),
    ("11", "summed upstream", """\
return (dlogp.sum() * (one_hot(x) - np.exp(log_softmax(a)))).reshape(a.shape)""",
     "each example has its own dlogp; the sum over the batch was used",
     r"dlogp|upstream|example|sum"),
    ("11", "double: sign, no upstream", "return (np.exp(log_softmax(a)) - one_hot(x)).reshape(a.shape)",
     "the sign is wrong and dlogp is missing",
     r"sign|minus|dlogp|upstream|negative"),
    ("11", "double: log pi and three axes", "return dlogp[:, None, None] * (one_hot(x) - log_softmax(a))",
     "exp is missing, and so is the reshape to (N, D K)",
     r"shape|\bexp\b|log π|softmax"),
    ("11", "double: sigmoid, no upstream", """\
b = a.reshape(len(a), -1, K)
return (one_hot(x) - 1 / (1 + np.exp(-b))).reshape(a.shape)""",
     "sigmoid in place of softmax, and dlogp is missing",
     r"softmax|sigmoid|dlogp|upstream"),
    ("11", "double: softmax over the row, sign", """\
e = np.exp(a - a.max(axis=1, keepdims=True))
e /= e.sum(axis=1, keepdims=True)
return dlogp[:, None] * (e - one_hot(x).reshape(a.shape))""",
     """\
the softmax runs over the whole row and not over each pixel's K, and the sign is wrong""",
     r"softmax|each pixel|per pixel|\bK\b|axis|sign|minus|negative"),
    ("11", "double: no one-hot, mean over the batch", """\
pi = np.exp(log_softmax(a)).reshape(a.shape)
return -dlogp[:, None] * pi / len(a)""",
     "the one-hot part is missing, and 1/N is too much",
     r"one.?hot|k = x|1/N|\bN\b|divid|batch"),
    ("11", "double: kinds after kinds, sign", """\
d = np.exp(log_softmax(a)) - one_hot(x)
return (dlogp[:, None, None] * d).swapaxes(1, 2).reshape(a.shape)""",
     """\
the sign is wrong, and the logits came out kind after kind in place of pixel after pixel""",
     r"sign|minus|order|pixel after pixel|transpos|layout|negative"),
    ("11", "sign again", """\
pi = np.exp(log_softmax(a))
return ((pi - one_hot(x)) * dlogp[:, None, None]).reshape(len(a), -1)""",
     """\
the sign is wrong: softmax − one-hot is the gradient of the cross-entropy −log p""",
     r"sign|minus|negat|opposite|[-−]1|[-−]log p"),
    ("11", "left three-dimensional", "return dlogp[:, None, None] * (one_hot(x) - np.exp(log_softmax(a)))",
     "the result is (N, D, K); it has to be brought back to (N, D K)",
     r"shape|reshape|\(N, D K\)"),
    ("11", "softmax over everything", """\
e = np.exp(a - a.max(axis=1, keepdims=True))
pi = e / e.sum(axis=1, keepdims=True)
return dlogp[:, None] * (one_hot(x).reshape(a.shape) - pi)""",
     """\
the softmax was taken over all D K logits of an example; each pixel has its own softmax over its K""",
     r"each pixel|per pixel|own softmax|over (the )?K|all (the )?(D K|logits|pixels)|pixel|axis|reshape"),
    ("11", "log kept", """\
return (dlogp[:, None, None] * (one_hot(x) - log_softmax(a))).reshape(a.shape)""",
     "log π was subtracted instead of π: the exp is missing",
     r"exp|log π|log_softmax|log-softmax|probabilit"),
    ("11", "raw logits", "return dlogp[:, None] * (one_hot(x).reshape(a.shape) - a)",
     "the softmax is missing: the logits themselves were subtracted",
     r"softmax|logits (themselves|were|as)|raw|normali[sz]|exp|probabilit"),
    ("11", "only the right class", """\
w = one_hot(x)
pi = np.exp(log_softmax(a))
return (dlogp[:, None, None] * w * (1 - pi)).reshape(a.shape)""",
     """\
only the case k = x is there; for k ≠ x the derivative is −π_k and not 0""",
     r"k\s*(≠|!=)\s*x|other|two cases|both|only|wrong class|[-−]\s*π|zero"),
    ("11", "one-hot missing", """\
return -(dlogp[:, None, None] * np.exp(log_softmax(a))).reshape(a.shape)""",
     "the one-hot of x is missing: only −π is there",
     r"one.?hot|k = x|first term|\b1\b|a\[x\]"),
    ("11", "softmax missing", "return (dlogp[:, None, None] * one_hot(x)).reshape(a.shape)",
     "the derivative of the log-sum-exp, −π, is missing",
     r"[-−]\s*π|softmax (is )?(missing|forgotten)|log Σ|log-?sum|normali[sz]|second term|(missing|forgot\w*|without|the) .*(softmax|π)"),
    ("11", "no upstream", "return (one_hot(x) - np.exp(log_softmax(a))).reshape(a.shape)",
     "the upstream gradient dlogp is missing",
     r"dlogp|upstream"),
    ("11", "one axis too few", """\
d = one_hot(x) - np.exp(log_softmax(a))
return (dlogp[:, None] * d).reshape(a.shape)""",
     """\
dlogp[:, None] meets the pixel axis of a (N, D, K) array: two new axes are needed""",
     r"None|axis|axes|shape|broadcast|per example|pixel"),
    ("11", "softmax Jacobian", """\
pi = np.exp(log_softmax(a))
px = (pi * one_hot(x)).sum(-1, keepdims=True)
return (dlogp[:, None, None] * px * (one_hot(x) - pi)).reshape(a.shape)""",
     """\
that is the derivative of π[x], not of its logarithm: the factor π[x] is too much""",
     r"logarithm|of π\[x\]|π\[x\]|of the log|not (of )?log|extra factor|too much|derivative of (the )?(softmax|π|probabilit)"),
    ("11", "label number", """\
return (dlogp[:, None, None] * (x[..., None] - np.exp(log_softmax(a)))).reshape(a.shape)""",
     "the value x itself was used instead of its one-hot vector",
     r"one.?hot|value (of )?x|x itself|label|number|index"),
    ("11", "softmax over pixels", """\
t = a.reshape(len(a), -1, K)
e = np.exp(t - t.max(axis=1, keepdims=True))
pi = e / e.sum(axis=1, keepdims=True)
return (dlogp[:, None, None] * (one_hot(x) - pi)).reshape(a.shape)""",
     """\
the softmax runs over the pixels (axis 1) and not over the K kinds (the last axis)""",
     r"axis|over the (pixels|K)|pixel|last|kinds|classes"),
    ("11", "kinds before pixels", """\
d = dlogp[:, None, None] * (one_hot(x) - np.exp(log_softmax(a)))
return d.transpose(0, 2, 1).reshape(a.shape)""",
     """\
the order of the columns is wrong: it has to be pixel after pixel, but it is kind after kind""",
     r"order|transpos|pixel after pixel|swap|axis|axes|layout"),
    ("11", "sigmoids", """\
pi = 1 / (1 + np.exp(-a))
return dlogp[:, None] * (one_hot(x).reshape(a.shape) - pi)""",
     """\
a sigmoid of each logit was used instead of the softmax over the K logits of a pixel""",
     r"sigmoid|softmax|sum to 1|normali[sz]"),
    ("11", "divided by pi", """\
pi = np.exp(log_softmax(a))
return (dlogp[:, None, None] * one_hot(x) / pi).reshape(a.shape)""",
     "that is the derivative by π and not by the logits",
     r"by π|by the logit|respect to|chain|1/π|divid"),
    ("11", "pixel mean", """\
d = one_hot(x) - np.exp(log_softmax(a))
return (dlogp[:, None, None] * d / x.shape[1]).reshape(a.shape)""",
     "divided by the number of pixels D; log p is a sum over the pixels",
     r"\bD\b|pixel|mean|averag|divid|sum"),
    ("11", "double: counts from one, no upstream", """\
w = (x[..., None] == np.arange(1, K + 1)).astype(float)
return (w - np.exp(log_softmax(a))).reshape(a.shape)""",
     """\
the classes are counted from 1 instead of from 0, and the upstream gradient dlogp is missing""",
     r"from (0|1|zero|one)|off by one|shift|one.?hot|index|dlogp|upstream"),
    ("11", "double: sign, no upstream again", "return (np.exp(log_softmax(a)) - one_hot(x)).reshape(len(a), -1)",
     "the sign is wrong, and the upstream gradient dlogp is missing",
     r"sign|minus|negat|opposite|dlogp|upstream"),
    ("11", "double: log kept, one case", """\
return (dlogp[:, None, None] * one_hot(x) * (1 - log_softmax(a))).reshape(a.shape)""",
     "exp is missing (log π instead of π), and only the case k = x is there",
     r"exp|log π|log_softmax|log-softmax|k\s*(≠|!=)\s*x|other|two cases|both|only"),
    ("11", "double: axis and sign", """\
t = a.reshape(len(a), -1, K)
e = np.exp(t)
pi = e / e.sum(axis=1, keepdims=True)
return (dlogp[:, None, None] * (pi - one_hot(x))).reshape(a.shape)""",
     """\
the softmax runs over the pixels instead of the K kinds, and the sign is wrong""",
     r"axis|pixel|last|kinds|over|sign|minus|negat|opposite"),
    ("11", "not normalized", """\
pi = np.exp(log_softmax(a))
d = dlogp[:, None, None]
da = d * (one_hot(x) - np.exp(a.reshape(len(a), -1, K)))
return da.reshape(a.shape)""",
     "exp(a) is not divided by the sum over the K logits",
     r"normali|softmax|divi|sum"),
    ("11", "reshaped as (N, K, D)", """\
d = dlogp[:, None, None]
e = np.exp(a.reshape(len(a), K, -1).transpose(0, 2, 1))
e = e / e.sum(axis=2, keepdims=True)
da = d * (one_hot(x) - e)
return da.reshape(a.shape)""",
     """\
a is reshaped to (N, K, D), but the K logits of a pixel are next to each other: (N, D, K)""",
     r"order|\(N, D, K\)|layout|next to|first pixel|wrong logits|K logits|reshape|each pixel|softmax of"),
    ("11", "one third for every kind", """\
pi = np.exp(log_softmax(a))
d = dlogp[:, None, None]
da = d * (one_hot(x) - 1 / K)
return da.reshape(a.shape)""",
     "1/K in place of π: the softmax is not used",
     r"1 ?/ ?K|uniform|equal|softmax|depend|probabilit|in place of π|instead of π|is not π"),
    ("11", "mean over the pixels", """\
pi = np.exp(log_softmax(a))
d = dlogp[:, None, None]
da = d * (one_hot(x) - pi) / x.shape[1]
return da.reshape(a.shape)""",
     "divided by the number of pixels, but log p is a sum over them",
     r"\bD\b|mean|divi|number of pixels|sum|factor|too small"),
    ("11", "logits kept in the product", """\
pi = np.exp(log_softmax(a))
d = dlogp[:, None, None]
da = d * (one_hot(x) * log_softmax(a) - pi)
return da.reshape(a.shape)""",
     "one_hot(x) log π is the summand of log p, not its derivative",
     r"derivative|differentiat|log_softmax|log π|summand|itself|one_hot\(x\) ?[−-]|extra factor"),
    ("11", "classes counted from one", """\
pi = np.exp(log_softmax(a))
d = dlogp[:, None, None]
da = d * (one_hot(x - 1) - pi)
return da.reshape(a.shape)""",
     "x − 1 is used, but the classes are counted from 0",
     r"x ?[−-] ?1|counted|from 0|off by one|shift|one_hot\(x\)|wrong (class|kind|value)"),
    ("11", "hardmax", """\
pi = np.exp(log_softmax(a))
d = dlogp[:, None, None]
da = d * (one_hot(x) - one_hot(log_softmax(a).argmax(axis=-1)))
return da.reshape(a.shape)""",
     "the most probable class in place of the probabilities",
     r"argmax|most (likely|probable)|largest|probabilit|0 or 1|round|softmax"),
    ("11", "dlogp with two axes", """\
pi = np.exp(log_softmax(a))
return (dlogp[:, None] * (one_hot(x) - pi)).reshape(a.shape)""",
     "dlogp needs two more axes: dlogp[:, None, None]",
     r"None|axes|axis|shape|broadcast|\(N, 1, 1\)"),
    ("11", "double: sign and no reshape", """\
pi = np.exp(log_softmax(a))
d = dlogp[:, None, None]
da = d * (pi - one_hot(x))
return da""",
     "the sign is wrong and the result has the wrong shape",
     r"sign|minus|negativ|shape|reshape"),
    ("11", "earlier 38", """\
return (dlogp[:, None, None] * -np.exp(log_softmax(a))).reshape(a.shape)""",
     "(from the bank before)",
     r"the case k = x is left out"),
]

RIGHT = [
    ("9", "nested calls", """\
mlp_backward(q.sample_backward(mlp_backward(
    p.log_prob_backward(-ones / N, x, a), decoder_inputs, model.decoder, model.decoder_grads, "tanh"), h, eps)
    + q.kl_backward(ones / N, h), encoder_inputs, model.encoder, model.encoder_grads, "tanh")"""),
    ("9", "divided later", """\
da = -p.log_prob_backward(ones, x, a) / N
dz = mlp_backward(dy=da, inputs=decoder_inputs, layers=model.decoder, grads=model.decoder_grads)
dh = q.kl_backward(ones, h)
dh /= N
dh += q.sample_backward(dz, h, eps)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads)
print("done")"""),
    ("9", "one example after another for the KL", """\
dlogp = np.full(N, -1 / N)
dkl = -dlogp
dx = p.log_prob_backward(dlogp, x, a)
dz = mlp_backward(dx, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
paths = [q.sample_backward(dz, h, eps)]
paths.append(np.concatenate([q.kl_backward(dkl[n:n + 1], h[n:n + 1]) for n in range(N)]))
mlp_backward(sum(paths), encoder_inputs, model.encoder, model.encoder_grads, "tanh")
return
raise NotImplementedError"""),
    ("9", "twice, the right one last", """\
for weight in (0.0, 1.0):
    da = p.log_prob_backward(-weight * ones / N, x, a)
    dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
    dh = q.sample_backward(dz, h, eps) + weight * q.kl_backward(ones / N, h)
    mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")"""),
    ("9", "new lists of gradients", """\
empty = lambda layers: [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
enc, dec = empty(model.encoder), empty(model.decoder)
dz = mlp_backward(p.log_prob_backward(-ones / N, x, a), decoder_inputs, model.decoder, dec, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, enc, "tanh")
model.encoder_grads, model.decoder_grads = enc, dec"""),
    ("9", "scaled afterwards", """\
da = p.log_prob_backward(-ones, x, a) / N
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps)
dh += q.kl_backward(ones, h) / N
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")"""),
    ("9", "kl first", """\
w = np.full(N, 1 / N)
dh = q.kl_backward(w, h)
dz = mlp_backward(p.log_prob_backward(-w, x, a), decoder_inputs, model.decoder, model.decoder_grads)
dh = np.add(dh, q.sample_backward(dz, h, eps))
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads)"""),
    ("9", "formulas inside", """\
mu, logvar = np.split(h, 2, axis=-1)
da = (1 / (1 + np.exp(-a)) - x) / N
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dmu = dz + mu / N
dlv = 0.5 * dz * eps * np.exp(0.5 * logvar) + 0.5 * (np.exp(logvar) - 1) / N
mlp_backward(np.hstack([dmu, dlv]), encoder_inputs, model.encoder, model.encoder_grads, "tanh")"""),
    ("9", "gradients returned", """\
da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
return model.encoder_grads, model.decoder_grads"""),
    ("9", "fresh lists in the model", """\
def empty(layers):
    return [tuple(np.empty_like(part) for part in layer) for layer in layers]

model.encoder_grads, model.decoder_grads = empty(model.encoder), empty(model.decoder)
each = ones / N
back = lambda up, what: mlp_backward(up, what[0], what[1], what[2], "tanh")
dz = back(p.log_prob_backward(-each, x, a), (decoder_inputs, model.decoder, model.decoder_grads))
dh = np.sum([q.kl_backward(each, h), q.sample_backward(dz, h, eps)], axis=0)
back(dh, (encoder_inputs, model.encoder, model.encoder_grads))"""),
    ("9", "encoder twice, results added", """\
share = np.full(N, 1 / N)
da = -p.log_prob_backward(share, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(q.kl_backward(share, h), encoder_inputs, model.encoder, model.encoder_grads, "tanh")
first = [(dW.copy(), db.copy()) for dW, db in model.encoder_grads]
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")
for (dW, db), (dW1, db1) in zip(model.encoder_grads, first):
    dW += dW1
    db += db1"""),
    ("9", "scaled at the end", """\
dz = mlp_backward(p.log_prob_backward(-ones, x, a), decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps)
dh += q.kl_backward(ones, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
for pair in model.decoder_grads + model.encoder_grads:
    for g in pair:
        np.divide(g, N, out=g)
return None
raise NotImplementedError"""),
    ("9", "by hand, with own formulas", """\
mu, logvar = h[:, :h.shape[1] // 2], h[:, h.shape[1] // 2:]
da = (0.5 + 0.5 * np.tanh(a / 2) - x) / N
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = np.concatenate([dz + mu / N, 0.5 * (dz * eps * np.exp(logvar / 2) + (np.exp(logvar) - 1) / N)], axis=1)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")"""),
    ("10", "towards g", """\
m += (1 - beta1) * (g - m)
v += (1 - beta2) * (g * g - v)
theta -= lr * m / (1 - beta1 ** t) / (epsilon + (v / (1 - beta2 ** t)) ** 0.5)"""),
    ("10", "copyto and out", """\
np.copyto(m, beta1 * m + (1 - beta1) * g)
np.add(beta2 * v, (1 - beta2) * np.square(g), out=v)
c1, c2 = -np.expm1(t * np.log(beta1)), -np.expm1(t * np.log(beta2))
step = np.divide(m / c1, np.sqrt(v / c2) + epsilon)
np.subtract(theta, lr * step, out=theta)"""),
    ("10", "element by element", """\
for k in range(theta.size):
    m[k] = beta1 * m[k] + (1 - beta1) * g[k]
    v[k] = beta2 * v[k] + (1 - beta2) * g[k] ** 2
    theta[k] -= lr * (m[k] / (1 - beta1 ** t)) / ((v[k] / (1 - beta2 ** t)) ** 0.5 + epsilon)"""),
    ("10", "the paper's efficient form", """\
root2 = (1 - beta2 ** t) ** 0.5
alpha = lr * root2 / (1 - beta1 ** t)
m[...], v[...] = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g ** 2
theta[...] = theta - alpha * m / (np.sqrt(v) + epsilon * root2)
return None"""),
    ("10", "theta returned too", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
theta -= lr * m / (1 - beta1 ** t) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)
return theta"""),
    ("10", "copyto", """\
np.copyto(m, beta1 * m + (1 - beta1) * g)
np.copyto(v, beta2 * v + (1 - beta2) * g * g)
m_hat = m / (1 - pow(beta1, t))
v_hat = v / (1 - pow(beta2, t))
np.subtract(theta, lr * m_hat / (np.sqrt(v_hat) + epsilon), out=theta)"""),
    ("10", "difference form", """\
m += (1 - beta1) * (g - m)
v += (1 - beta2) * (np.square(g) - v)
c1, c2 = 1 - beta1 ** t, 1 - beta2 ** t
theta -= lr * np.sqrt(c2) / c1 * m / (np.sqrt(v) + epsilon * np.sqrt(c2))"""),
    ("10", "element by element again", """\
import math
for i in range(theta.size):
    m[i] = beta1 * m[i] + (1 - beta1) * g[i]
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2
    theta[i] -= lr * (m[i] / (1 - beta1 ** t)) / (math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon)"""),
    ("10", "theta returned", """\
m *= beta1; m += (1 - beta1) * g
v *= beta2; v += (1 - beta2) * g ** 2
theta -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + epsilon)
return theta"""),
    ("10", "differences, out and lr_t", """\
m -= (1 - beta1) * (m - g)
np.add(v, (1 - beta2) * (np.square(g) - v), out=v)
c1, c2 = 1 - pow(beta1, t), 1 - pow(beta2, t)
np.subtract(theta, lr / c1 * m / (np.sqrt(v) / np.sqrt(c2) + epsilon), out=theta)"""),
    ("10", "one parameter after the other", """\
from math import sqrt
for i, gi in enumerate(g):
    m[i], v[i] = beta1 * m[i] + (1 - beta1) * gi, beta2 * v[i] + (1 - beta2) * gi * gi
    theta[i] -= lr * (m[i] / (1 - beta1 ** t)) / (sqrt(v[i] / (1 - beta2 ** t)) + epsilon)"""),
    ("10", "a helper for both means", """\
def running(mean, new, beta):
    mean[...] = beta * mean + (1 - beta) * new
    return mean / (1 - np.prod([beta] * t))

m_hat, v_hat = running(m, g, beta1), running(v, g ** 2, beta2)
theta[:] = theta - lr * m_hat / (v_hat ** 0.5 + epsilon)
return
raise NotImplementedError"""),
    ("10", "returns what it changed", """\
m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g ** 2
m_hat = m / (1 - beta1 ** t)
v_hat = v / (1 - beta2 ** t)
theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)
return theta, m, v"""),
    ("11", "subtract at x", """\
d = -np.exp(log_softmax(a))
n, j = np.indices(x.shape)
d[n, j, x.astype(int)] += 1
return (d * dlogp[:, None, None]).reshape(a.shape)"""),
    ("11", "einsum", """\
delta = np.einsum("n,njk->njk", dlogp, one_hot(x) - np.exp(log_softmax(a)))
return np.reshape(delta, (len(a), a.shape[1]))"""),
    ("11", "three loops", """\
lp = log_softmax(a)
da = np.zeros(a.shape, order="F")
for n in range(len(x)):
    for j in range(x.shape[1]):
        for k in range(K):
            da[n, j * K + k] = dlogp[n] * ((k == x[n, j]) - np.exp(lp[n, j, k]))
return da"""),
    ("11", "reshape first, repeat", """\
hot = one_hot(x).reshape(len(x), -1)
lp = log_softmax(a).reshape(len(x), -1)
return np.repeat(dlogp[:, None], a.shape[1], axis=1) * (hot - np.exp(lp))"""),
    ("11", "softmax without the largest", """\
e = np.exp(a.reshape(len(a), -1, K))
d = one_hot(x) - e / e.sum(axis=-1, keepdims=True)
return (dlogp[:, None, None] * d).reshape(a.shape)"""),
    ("11", "subtract at", """\
d = -np.exp(log_softmax(a))
n, k = np.indices(x.shape)
np.add.at(d, (n, k, x), 1)
d *= dlogp.reshape(-1, 1, 1)
return d.reshape(len(a), -1)"""),
    ("11", "repeat", """\
pi = np.exp(log_softmax(a)).reshape(a.shape)
w = np.eye(K)[x].reshape(a.shape)
return dlogp[:, None] * (w - pi)"""),
    ("11", "pixel loop", """\
out = np.zeros(a.shape)
lp = log_softmax(a)
for d in range(x.shape[1]):
    for k in range(K):
        out[:, d * K + k] = dlogp * ((x[:, d] == k) - np.exp(lp[:, d, k]))
return out"""),
    ("11", "subtract at the index", """\
da = -np.exp(log_softmax(a))
n, d = np.ogrid[:x.shape[0], :x.shape[1]]
np.add.at(da, (n, d, x.astype(int)), 1)
da *= np.expand_dims(dlogp, (1, 2))
return np.reshape(da, a.shape)"""),
    ("11", "blocks of K columns", """\
blocks = []
for d in range(x.shape[1]):
    block = a[:, d * K:(d + 1) * K]
    e = np.exp(block - np.max(block, axis=1)[:, None])
    target = np.eye(K)[x[:, d].astype(int)]
    blocks.append((target - e / e.sum(1)[:, None]) * dlogp[:, None])
return np.hstack(blocks)"""),
    ("11", "Jacobian of the softmax", """\
logp = log_softmax(a)
pi = np.exp(logp)
jacobian = np.eye(K) - pi[:, :, None, :]           # ∂ log π[j]/∂a[k]
return np.einsum("n,ndj,ndjk->ndk", dlogp, one_hot(x), jacobian).reshape(len(a), -1)
raise NotImplementedError"""),
]

REFUSED = [
    ("11", "float32", """\
return (dlogp[:, None, None] * (one_hot(x) - np.exp(log_softmax(a)))).reshape(a.shape).astype(np.float32)""", r"float32|dtype|precision|float64|digits"),
    ("11", "logits overwritten", """\
d = one_hot(x) - np.exp(log_softmax(a))
a[...] = (dlogp[:, None, None] * d).reshape(a.shape)
return a""", r"in place|input|overwr|chang|\ba\b"),
    ("11", "object array", """\
d = dlogp[:, None, None] * (one_hot(x) - np.exp(log_softmax(a)))
return d.reshape(a.shape).astype(object)""", r"dtype|object|float|type|number"),
    ("11", "list of lists", """\
pi = np.exp(log_softmax(a))
d = dlogp[:, None, None]
da = d * (one_hot(x) - pi)
return da.reshape(a.shape).tolist()""", r"list|array"),
]
