"""The latent variable model: an encoder to codes, a decoder back, and what codes are drawn from."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from genlab.core.model import (
    Batch,
    Check,
    Context,
    LogProb,
    LossReference,
    Model,
    NoDensity,
    Player,
    ProbeRequest,
    SampleRequest,
    Stage,
    generator,
)
from genlab.data.dataset import Dataset, Draw
from genlab.data.payloads import Payload, Samples
from genlab.nets.coders import build_coders
from genlab.paradigms.vae import bounds
from genlab.paradigms.vae.collapse import active_units, collapse_warning
from genlab.paradigms.vae.density import importance_log_prob
from genlab.paradigms.vae.likelihoods import Bernoulli, build_likelihood
from genlab.paradigms.vae.priors import MixturePrior, NormalPrior, Prior
from genlab.paradigms.vae.probes import PROBES
from genlab.paradigms.vae.reference import best_bound
from genlab.paradigms.vae.sampling import ancestral, chain
from genlab.paradigms.vae.settings import VAENetwork, VAEObjective, VAESampler, learns_labels
from genlab.session.session import Session
from genlab.settings.sampler import SamplerSettings

CHECK_SAMPLES = 4
"""Importance samples of the bound that decides which weights are best."""
VALUES = 2**17
"""Outputs of the decoder in one slice, at most."""
POINTS = 6144
"""Latents in one slice, at most."""
SEEN = 256
"""Training data by whose codes active units are counted."""
SETTLED = 600
"""Steps before which codes may still be about to spread."""
LEAST, MOST = -7.0, 3.0
"""Bounds on the log scale of a code."""


class VAE(Model):
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

    def __init__(self, session: Session, dataset: Dataset, reference: Draw) -> None:
        super().__init__(session, dataset, reference)
        objective, network = session.objective, session.network
        assert isinstance(objective, VAEObjective)
        assert isinstance(network, VAENetwork)
        self.objective = objective
        self.latent = network.latent
        self.deterministic = objective.kind == "autoencoder"
        self.two_stages = objective.prior == "two-stage"
        if self.deterministic and objective.prior == "mixture":
            raise ValueError("an autoencoder has no prior in its loss to learn: choose the two-stage prior")
        self.knows_labels = learns_labels(objective, len(self.label_names))
        learned = not self.deterministic
        self.likelihood = build_likelihood(objective.likelihood, session.space, self.mean, self.std, learned)
        self.encoder, self.decoder = build_coders(
            network.kind,
            self.event,
            self.latent * (1 if self.deterministic else 2),
            self.latent,
            self.likelihood.outputs,
            network.width,
            network.depth,
            network.dropout,
        )
        classes = len(self.label_names) if self.knows_labels else 0
        known = self.class_prior if classes else self.class_prior.new_ones(1)
        self.first_prior = NormalPrior(self.latent, known, 0 if self.two_stages else classes)
        self.mixture: MixturePrior | None = None
        if objective.prior != "normal":
            self.first_prior = NormalPrior(self.latent, known, 0)
            self.mixture = MixturePrior(self.latent, known, classes, objective.components)
        self.register_buffer("second", torch.zeros((), dtype=torch.bool))
        self.register_buffer("seen", torch.as_tensor(reference.x[:SEEN]), persistent=False)

    @property
    def prior(self) -> Prior:
        """What latents are drawn from now: of two stages the mixture counts once its stage has begun."""
        if self.mixture is not None and (not self.two_stages or bool(self.second)):
            return self.mixture
        return self.first_prior

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Mean and log scale of q(z | x), (n, d), of x (n, *event), data units; an autoencoder's has none."""
        out = self.encoder(self.standardise(x))
        if self.deterministic:
            return out, None
        mean, log_scale = out.chunk(2, 1)
        return mean, log_scale.clamp(LEAST, MOST)

    def decode(self, z: Tensor) -> Tensor:
        """Outputs for the likelihood, (n, *event, outputs), of z (n, d)."""
        out: Tensor = self.decoder(z)
        return out.reshape(-1, *self.event, self.likelihood.outputs)

    def observed(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """What the likelihood scores: levels as they are, or dequantised where it is a density."""
        return x if self.likelihood.discrete else self.dequantise(x, rng)

    def reconstruction(self, z: Tensor, x: Tensor) -> Tensor:
        """log p(x | z), (k, n), of z (k, n, d) and observed x (n, *event)."""
        k = len(z)
        outputs = self.decode(z.flatten(0, 1))
        repeated = x.repeat(k, *([1] * (x.ndim - 1)))
        return self.likelihood.log_prob(outputs, repeated).reshape(k, -1)

    def log_prior(self, z: Tensor, label: str, labels: Tensor | None, guidance: float = 1.0) -> Tensor:
        """Log density of latents z (..., n, d) under the prior of a label: 'any' sums over classes."""
        if label == "any" and self.conditional:
            return self.prior.log_prob_any(z, guidance)
        return self.prior.log_prob(z, labels, guidance)

    @property
    def conditional(self) -> bool:
        """Whether the prior in force knows classes."""
        return self.knows_labels and not (self.two_stages and self.prior is self.first_prior)

    def log_weights(
        self,
        x: Tensor,
        k: int,
        label: str,
        labels: Tensor | None,
        rng: torch.Generator,
        guidance: float = 1.0,
    ) -> Tensor:
        """log p(x, z) - log q(z | x) at k draws of the encoder, (k, n), of x (n, *event), data units."""
        mean, log_scale = self.encode(x)
        assert log_scale is not None
        noise = torch.randn((k, *mean.shape), generator=rng, device=rng.device)
        z = mean + log_scale.exp() * noise
        reconstruction = self.reconstruction(z, self.observed(x, rng))
        divergence = bounds.gaussian_log_prob(z, mean, log_scale) - self.log_prior(z, label, labels, guidance)
        return reconstruction - divergence

    def stages(self) -> Sequence[Stage]:
        """One stage, or the coders first and then, with these held still, the prior of their codes."""
        if not self.two_stages:
            return super().stages()
        coders = [p for name, p in self.named_parameters() if not name.startswith("mixture.")]
        assert self.mixture is not None
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
        rng, objective = context.noise, self.objective
        if context.stage == "prior":
            return self._prior_loss(batch, rng)
        mean, log_scale = self.encode(batch.x)
        x = self.observed(batch.x, rng)
        if log_scale is None:
            error = -self.reconstruction(mean[None], x).mean()
            return {"total": error, "reconstruction": error}
        k = objective.importance if objective.kind == "iwae" else 1
        noise = torch.randn((k, *mean.shape), generator=rng, device=rng.device)
        z = mean + log_scale.exp() * noise
        log_likelihood = self.reconstruction(z, x)
        labels = self._dropped(batch.labels, rng) if self.conditional else None
        reconstruction = -log_likelihood.mean()
        if objective.kind == "iwae" or self.prior is self.mixture:
            divergence = bounds.gaussian_log_prob(z, mean, log_scale) - self.prior.log_prob(z, labels)
            kl = divergence.mean()
            counted = kl.clamp(min=objective.free_bits * self.latent)
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

    def _prior_loss(self, batch: Batch, rng: torch.Generator) -> Mapping[str, Tensor]:
        """The negative evidence bound as the prior sees it: coders are held still. Of an autoencoder, the
        negative log density of its codes."""
        assert self.mixture is not None
        with torch.no_grad():
            mean, log_scale = self.encode(batch.x)
            z, rest = mean, mean.new_zeros(len(mean))
            if log_scale is not None:
                z = mean + log_scale.exp() * torch.randn(mean.shape, generator=rng, device=rng.device)
                reconstruction = self.reconstruction(z[None], self.observed(batch.x, rng))[0]
                rest = bounds.gaussian_log_prob(z, mean, log_scale) - reconstruction
            if self.training and not self.second:
                self.mixture.begin_at(z, rng)
                self.second.fill_(True)
        codes = -self.mixture.log_prob(z, self._dropped(batch.labels, rng)).mean()
        return {"total": codes + rest.mean(), "codes": codes}

    def _dropped(self, labels: Tensor | None, rng: torch.Generator) -> Tensor | None:
        if not self.knows_labels or labels is None:
            return None
        dropped = torch.rand(len(labels), generator=rng, device=rng.device) < self.objective.condition_dropout
        return labels.masked_fill(dropped, -1)

    def check(self, validation: Batch | None, context: Context) -> Check:
        """`active units`; of held-out data `validation`, the negative importance bound of 4 samples with the
        class unknown, or an autoencoder's error. In the first of two stages that is called `bound`: the
        weights to keep are chosen among those with their prior. Warns of posterior collapse."""
        values: dict[str, float] = {}
        if validation is not None:
            first = self.two_stages and context.stage != "prior"
            values["bound" if first else "validation"] = self._held_out(validation, context)
        with torch.no_grad():
            active = active_units(self.encode(self.seen)[0])
        values["active units"] = float(active)
        warning = collapse_warning(active, self.latent) if context.step >= SETTLED else ""
        return Check(values, (warning,) if warning and not self.deterministic else ())

    def _held_out(self, validation: Batch, context: Context) -> float:
        if self.deterministic:
            (player,) = self.stages()[-1 if context.stage == "prior" else 0].players
            return self.loss(validation, player, context)["total"].item()
        total = 0.0
        for x in torch.split(validation.x, self.rows(CHECK_SAMPLES)):
            weights = self.log_weights(x, CHECK_SAMPLES, "any", None, context.noise)
            total -= bounds.importance_bound(weights).sum().item()
        return total / len(validation.x)

    def rows(self, samples: int) -> int:
        """Data handled at a time, each with so many latents."""
        size = self.mean.new_empty(self.event).numel() * self.likelihood.outputs
        return max(1, min(VALUES // (size * samples), POINTS // samples))

    def sample(self, request: SampleRequest) -> Iterator[Samples]:
        """One frame, or those of a chain x -> z -> x from an ancestral sample: see `vae.sampling`.

        Raises:
            ValueError: for a class that the data or the training do not have.
        """
        sampler = request.sampler
        assert isinstance(sampler, VAESampler)
        self._refuse_untrained(sampler)
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self.labels_for(request.n, sampler.label, rng)
        walk = ancestral if sampler.method == "ancestral" else chain
        with torch.no_grad():
            yield from walk(self, sampler, labels, request.n, rng)

    def log_prob(self, x: Tensor, sampler: SamplerSettings, error: bool = True) -> Iterator[LogProb | None]:
        """The importance-weighted bound of K samples of the encoder, nats in data units: see `vae.density`.

        Raises:
            NoDensity: of an autoencoder, of grey levels under a Bernoulli likelihood, and of a condition that
            was never trained.
        """
        assert isinstance(sampler, VAESampler)
        if self.deterministic or isinstance(self.likelihood, Bernoulli):
            raise NoDensity(self.session.capabilities.density_reason)
        try:
            self._refuse_untrained(sampler)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        yield from importance_log_prob(self, x.to(self.device, torch.float32), sampler, error)

    def probe(self, name: str, request: ProbeRequest) -> Iterator[Payload | None]:
        """One of `vae.probes`: latent, traversal, reconstructions, interpolation, per-dimension, bounds.

        Raises:
            KeyError: for any other name.
            ValueError: where there are no held-out examples, or no bound to draw.
        """
        with torch.no_grad():
            yield from PROBES[name](self, request)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The entropy of the data, given the class as often as training gives it: no bound can do better.
        None where it is not known, the loss is no bound, or only its second stage knows classes."""
        bound = self.objective.kind not in ("autoencoder", "beta")
        if self.truth is None or not bound or (self.two_stages and self.knows_labels):
            return None
        given = 1 - self.objective.condition_dropout if self.knows_labels else 0.0
        return LossReference("entropy", {"total": (yield from best_bound(self.truth, batch, given))})

    def guided(self, sampler: VAESampler) -> bool:
        """Whether latents are moved."""
        return self.conditional and sampler.guidance != 1 and sampler.label != "none"

    def _refuse_untrained(self, sampler: VAESampler) -> None:
        if not self.label_names:
            return
        if not self.knows_labels:
            if sampler.label not in ("any", "none") and sampler.label in self.label_names:
                raise ValueError("this model learned no labels: switch on 'Learn labels' and train again")
            return
        never = self.objective.condition_dropout == 0
        if never and sampler.label == "none":
            raise ValueError(
                "this model never trained without labels: raise 'Drop label' above 0 and train again"
            )
        if never and sampler.guidance != 1:
            raise ValueError(
                "guidance needs a model that also trained without labels: raise 'Drop label' above 0"
            )
