"""The latent variable model: an encoder to codes, a decoder back, and what codes are drawn from."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from genlab.core.classes import Classes
from genlab.core.model import ModelData, NumberModel
from genlab.core.random import generator
from genlab.core.requests import Ask, DensityRequest, LogProb, NoDensity, SampleRequest
from genlab.core.training import Batch, Check, Context, LossReference, Player, Stage
from genlab.data.payloads import Samples
from genlab.nets.coders import build_coders
from genlab.paradigms.vae import bounds
from genlab.paradigms.vae.coders import Coders
from genlab.paradigms.vae.collapse import active_units, collapse_warning
from genlab.paradigms.vae.density import importance_log_prob, log_weights
from genlab.paradigms.vae.likelihoods import build_likelihood
from genlab.paradigms.vae.priors import GivenPrior, MixturePrior, NormalPrior, Prior
from genlab.paradigms.vae.reference import best_bound
from genlab.paradigms.vae.sampling import chain
from genlab.paradigms.vae.settings import VAENetwork, VAEObjective, VAESampler, capabilities, untaught
from genlab.sampling.pieces import whole
from genlab.settings.paradigm import Capabilities

CHECK_SAMPLES = 4
"""Importance samples of the bound that decides which weights are best."""
SEEN = 256
"""Training data by whose codes active units are counted."""
SETTLED = 600
"""Steps before which codes may still be about to spread."""


class VAE(NumberModel[VAEObjective, VAENetwork, VAESampler]):
    """A decoder p(x | z) over a prior p(z | class), trained with an encoder q(z | x).

    The classes live in the prior alone: one decoder and one encoder serve them all, and the density of an
    unknown class is that of one mixture. Without a class the prior is N(0, I), or a mixture with weights of
    its own.

    Sources: Kingma & Welling (2014) and Rezende et al. (2014), VAE; Higgins et al. (2017), beta-VAE; Kingma
    et al. (2016), free bits; Burda et al. (2016), IWAE; Dai & Wipf (2019), Ghosh et al. (2020), two stages.

    Raises:
        ValueError: for convolutions or likelihoods of levels on data that are not images, or a mixture
            learned with an autoencoder, which has no prior in its loss.
    """

    second: Tensor
    seen: Tensor

    def __init__(self, objective: VAEObjective, network: VAENetwork, data: ModelData) -> None:
        super().__init__(objective, network, data)
        self.deterministic = objective.kind == "autoencoder"
        self.two_stages = objective.prior == "two-stage"
        if self.deterministic and objective.prior == "mixture":
            raise ValueError("an autoencoder has no prior in its loss to learn: choose the two-stage prior")
        learned = not self.deterministic
        self.likelihood = build_likelihood(objective.likelihood, self.space, self.mean, self.std, learned)
        self.encoder, self.decoder = build_coders(
            network.kind,
            self.event,
            network.latent * (1 if self.deterministic else 2),
            network.latent,
            self.likelihood.outputs,
            network.width,
            network.depth,
            network.dropout,
        )
        classes = self.classes.count
        known = self.class_prior if classes else self.class_prior.new_ones(1)
        self.first_prior = NormalPrior(network.latent, known, 0 if self.two_stages else classes)
        self.mixture: MixturePrior | None = None
        if objective.prior != "normal":
            self.first_prior = NormalPrior(network.latent, known, 0)
            self.mixture = MixturePrior(network.latent, known, classes, objective.components)
        self.register_buffer("second", torch.zeros((), dtype=torch.bool))
        self.register_buffer("seen", torch.as_tensor(data.reference.x[:SEEN]), persistent=False)

    def able(self, ask: Ask[VAESampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    @property
    def classes(self) -> Classes:
        reason, names = untaught(self.objective), self.data.labels
        dropout = self.objective.condition_dropout
        return Classes(names, self.class_prior, bool(names) and not reason, dropout, reason)

    @property
    def coders(self) -> Coders:
        """Encoder, decoder and likelihood."""
        return Coders(self.encoder, self.decoder, self.likelihood, self, self.deterministic)

    @property
    def prior(self) -> Prior:
        """What latents are drawn from now: of two stages the mixture counts once its stage has begun."""
        if self.mixture is not None and (not self.two_stages or bool(self.second)):
            return self.mixture
        return self.first_prior

    @property
    def conditional(self) -> bool:
        """Whether the prior in force knows classes."""
        return self.classes.learned and not (self.two_stages and self.prior is self.first_prior)

    @property
    def marginal_prior(self) -> GivenPrior:
        """The prior in force where classes are unknown."""
        return GivenPrior(self.prior, summed=self.conditional)

    def given_prior(self, labels: Tensor | None, ask: Ask[VAESampler]) -> GivenPrior:
        """The prior in force of latents with labels (n,), moved as is asked for."""
        guidance = ask.sampler.guidance if self.guided(ask) else 1.0
        return GivenPrior(self.prior, labels if self.conditional else None, guidance)

    def stages(self) -> Sequence[Stage]:
        """One stage, or the coders first and then, with these held still, the prior of their codes."""
        if self.mixture is None or not self.two_stages:
            return super().stages()
        coders = [p for name, p in self.named_parameters() if not name.startswith("mixture.")]
        prior = Player("prior", tuple(self.mixture.parameters()))
        return (
            Stage("autoencoder", (Player("autoencoder", tuple(coders)),), 2.0),
            Stage("prior", (prior,), 1.0),
        )

    def players(self) -> Sequence[Player]:
        """One player, or in two stages that of the first."""
        return super().players() if not self.two_stages else self.stages()[0].players

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """Nats per datum in data units, sums over dimensions, means over the batch.

        `total`: the objective. `reconstruction`: -log p(x | z). `kl`: the divergence of codes from the prior,
        in closed form where that is one Gaussian. `beta`: its weight now. An autoencoder's `total` is the
        reconstruction alone, for a Gaussian with the scale of the data."""
        rng, objective, coders = context.noise, self.objective, self.coders
        if self.mixture is not None and context.stage == "prior":
            return self._prior_loss(self.mixture, batch, rng)
        mean, log_scale = coders.encode(batch.x)
        x = coders.observed(batch.x, rng)
        if log_scale is None:
            error = -coders.reconstruction(mean[None], x).mean()
            return {"total": error, "reconstruction": error}
        k = objective.importance if objective.kind == "iwae" else 1
        noise = torch.randn((k, *mean.shape), generator=rng, device=rng.device)
        z = mean + log_scale.exp() * noise
        log_likelihood = coders.reconstruction(z, x)
        labels = self.classes.drop(batch.labels, rng) if self.conditional else None
        reconstruction = -log_likelihood.mean()
        if objective.kind == "iwae" or self.prior is self.mixture:
            divergence = bounds.gaussian_log_prob(z, mean, log_scale) - self.prior.log_prob(z, labels)
            kl = divergence.mean()
            counted = kl.clamp(min=objective.free_bits * self.network.latent)
        else:
            to = self.first_prior.of_labels(labels, len(mean))
            each = bounds.gaussian_divergence(mean, log_scale, *to)
            kl = each.sum(1).mean()
            counted = bounds.with_free_bits(each, objective.free_bits)
        if objective.kind == "iwae":
            total = -bounds.importance_bound(log_likelihood - divergence).mean()
            return {"total": total, "reconstruction": reconstruction, "kl": kl}
        full = objective.beta if objective.kind == "beta" else 1.0
        beta = bounds.warmed_up(full, context.progress, objective.warm_up)
        counted = counted if objective.kind == "free-bits" else kl
        return {
            "total": reconstruction + beta * counted,
            "reconstruction": reconstruction,
            "kl": kl,
            "beta": kl.new_tensor(beta),
        }

    def _prior_loss(self, mixture: MixturePrior, batch: Batch, rng: torch.Generator) -> Mapping[str, Tensor]:
        """The negative evidence bound as the prior sees it: coders are held still. Of an autoencoder, the
        negative log density of its codes."""
        coders = self.coders
        with torch.no_grad():
            mean, log_scale = coders.encode(batch.x)
            z, rest = mean, mean.new_zeros(len(mean))
            if log_scale is not None:
                z = mean + log_scale.exp() * torch.randn(mean.shape, generator=rng, device=rng.device)
                reconstruction = coders.reconstruction(z[None], coders.observed(batch.x, rng))[0]
                rest = bounds.gaussian_log_prob(z, mean, log_scale) - reconstruction
            if self.training and not self.second:
                mixture.begin_at(z, rng)
                self.second.fill_(True)
        codes = -mixture.log_prob(z, self.classes.drop(batch.labels, rng)).mean()
        return {"total": codes + rest.mean(), "codes": codes}

    def check(self, validation: Batch | None, context: Context) -> Check:
        """`active units`; of held-out data `validation`, the negative importance bound of 4 samples with the
        class unknown, or an autoencoder's error. In the first of two stages that is called `bound`: the
        weights to keep are chosen among those with their prior. Warns of posterior collapse."""
        values: dict[str, float] = {}
        if validation is not None:
            first = self.two_stages and context.stage != "prior"
            values["bound" if first else "validation"] = self._held_out(validation, context)
        active = active_units(self.coders.encode(self.seen)[0])
        values["active units"] = float(active)
        warning = collapse_warning(active, self.network.latent) if context.step >= SETTLED else ""
        return Check(values, (warning,) if warning and not self.deterministic else ())

    def _held_out(self, validation: Batch, context: Context) -> float:
        if self.deterministic:
            (player,) = self.stages()[-1 if context.stage == "prior" else 0].players
            return self.loss(validation, player, context)["total"].item()
        total = 0.0
        for x in torch.split(validation.x, self.coders.rows(CHECK_SAMPLES)):
            weights = whole(log_weights(self.coders, self.marginal_prior, x, CHECK_SAMPLES, context.noise))
            total -= bounds.importance_bound(weights).sum().item()
        return total / len(validation.x)

    def refuse(self, ask: Ask[VAESampler]) -> None:
        super().refuse(ask)
        self.classes.refuse(ask.condition.label, ask.sampler.guidance != 1)
        if ask.condition.label in self.data.labels and not self.conditional:
            raise ValueError("classes belong to the second stage, which has not begun")

    def guided(self, ask: Ask[VAESampler]) -> bool:
        """Whether latents are moved."""
        return self.conditional and ask.sampler.guidance != 1 and ask.condition.label != "none"

    def biased(self, ask: Ask[VAESampler]) -> str:
        """Why samples are not draws from the model's distribution, or ''."""
        reasons = []
        if self.guided(ask):
            reasons.append(f"latent extrapolation {ask.sampler.guidance:g}")
        if ask.sampler.method == "gibbs":
            reasons.append("pseudo-Gibbs chain: stationary where q(z | x) is the posterior")
        if ask.sampler.output == "mean" and not self.deterministic:
            reasons.append("means of the decoder, without its noise")
        return "; ".join(reasons)

    def sample(self, request: SampleRequest[VAESampler]) -> Iterator[Samples | None]:
        """One frame from one pass, or those of a chain x -> z -> x from there: see `vae.sampling`.

        Raises:
            ValueError: for a class that the data or the training do not have, and for Metropolis steps of an
            autoencoder.
        """
        self.refuse(request)
        sampler = request.sampler
        rng = generator(sampler.seed, "sampling", self.device)
        prior = self.given_prior(self.classes.draw(request.n, request.condition.label, rng), request)
        total = 0 if sampler.method == "ancestral" else sampler.steps
        index = 0
        for turn in chain(self.coders, prior, request.n, total, sampler.method == "metropolis", rng):
            if turn is None:
                yield None
                continue
            x = turn.mean if sampler.output == "mean" else turn.drawn
            yield Samples(
                x=self.quantise(x).detach().cpu().numpy(),
                clean=None,
                labels=None if prior.labels is None else prior.labels.cpu().numpy(),
                index=index,
                total=total,
                time=float(total - index),
                nfe=1 + 2 * index,
                biased=self.biased(request),
            )
            index += 1

    def log_prob(self, x: Tensor, request: DensityRequest[VAESampler]) -> Iterator[LogProb | None]:
        """The importance-weighted bound of K samples of the encoder, nats in data units: see `vae.density`. A
        quarter of K where no error is asked for.

        A class: of its density. `none`: of the unconditional one. `any`: of the mixture by the classes'
        probabilities. A guided prior has bounds too.

        Raises:
            NoDensity: of an autoencoder, of grey levels under a Bernoulli likelihood, and of a condition that
            was never trained.
        """
        able = self.able(request)
        if able.density == "none":
            raise NoDensity(able.density_reason)
        try:
            self.refuse(request)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        rng = generator(request.sampler.seed, "evaluation", self.device)
        label = request.condition.label
        prior = self.given_prior(self.classes.draw(len(x), label, rng) if self.conditional else None, request)
        if label == "any":
            prior = replace(prior, summed=self.conditional)
        k = request.sampler.importance if request.error else max(1, request.sampler.importance // 4)
        yield from importance_log_prob(self.coders, prior, x.to(self.device, torch.float32), k, rng)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The entropy of the data, given the class as often as training gives it: no bound can do better.
        None where it is not known, the loss is no bound, or only its second stage knows classes."""
        bound = self.objective.kind not in ("autoencoder", "beta")
        if self.truth is None or not bound or (self.two_stages and self.classes.learned):
            return None
        given = 1 - self.objective.condition_dropout if self.classes.learned else 0.0
        return LossReference("entropy", {"total": (yield from best_bound(self.truth, batch, given))})
