"""GAN: a generator and a discriminator, each other's only teacher."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from genlab.core.classes import Classes
from genlab.core.model import ModelData, NumberModel
from genlab.core.random import generator
from genlab.core.requests import Ask, DensityRequest, LogProb, NoDensity, SampleRequest
from genlab.core.training import Batch, Check, Context, LossReference, Player
from genlab.data.payloads import Samples
from genlab.nets.adversarial import (
    DiracCritic,
    DiracGenerator,
    Judgement,
    Latent,
    PointCritic,
    PointGenerator,
)
from genlab.nets.adversarial_images import ImageCritic, ImageGenerator
from genlab.nets.spectral import follow
from genlab.paradigms.gan.coverage import captured, mode_alarm, sliced_distance, spread, spread_alarm
from genlab.paradigms.gan.judge import Judge
from genlab.paradigms.gan.losses import LOSSES
from genlab.paradigms.gan.penalties import between, one_centred, squared_gradients
from genlab.paradigms.gan.refine import Proposals, rejection, walk
from genlab.paradigms.gan.settings import (
    NO_DENSITY,
    UNLABELLED,
    UNTAUGHT,
    GanNetwork,
    GanObjective,
    GanSampler,
    capabilities,
    sees_labels,
)
from genlab.paradigms.gan.unroll import Score, unrolled
from genlab.sampling.pieces import in_pieces, whole
from genlab.sampling.slices import Work
from genlab.settings.paradigm import Capabilities

CHUNK = 4096
CHECKED, CHECKED_IMAGES = 2500, 400
"""Samples that a check draws: as many as PacGAN counts modes over."""
FADED = 0.01
"""Share of the instance noise that is left when it ends."""
REMEMBERED = 2000
"""Steps of the Dirac-GAN's orbit that are kept."""


class GAN(NumberModel[GanObjective, GanNetwork, GanSampler]):
    """A generative adversarial network with a choice of loss, stabilisers and latent.

    The generator is averaged, the critic is not: what it says is what it now teaches.

    Sources: Goodfellow et al. (2014); those of the losses and penalties stand beside them.

    Raises:
        ValueError: for networks that do not suit the data.
    """

    orbit: Tensor
    orbit_length: Tensor

    def __init__(self, objective: GanObjective, network: GanNetwork, data: ModelData) -> None:
        super().__init__(objective, network, data)
        self.game = LOSSES[objective.loss]
        self.simultaneous = objective.update == "simultaneous"
        self.dirac = network.kind == "dirac"
        self.generator, self.critic = self._networks()
        if self.dirac:
            # The point is to be found where the data are, in their own units.
            self.std.fill_(1.0)
            self.register_buffer("orbit", torch.zeros(REMEMBERED, 2))
            self.register_buffer("orbit_length", torch.zeros((), dtype=torch.long))
        self._real_spread = spread(self.standardise(torch.as_tensor(data.reference.x))).item()
        self._most_modes = 0

    def able(self, ask: Ask[GanSampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    @property
    def classes(self) -> Classes:
        learned = sees_labels(self.objective, self.network, self.data)
        return Classes(self.data.labels, self.class_prior, learned, 0.0, UNTAUGHT, UNLABELLED)

    @property
    def judge(self) -> Judge:
        """The discriminator as a judge of single points."""
        coupled = self.network.minibatch_std
        return Judge(self.critic, self.objective.packing, self.standardise, self.game.log_ratio, coupled)

    def _networks(self) -> tuple[nn.Module, nn.Module]:
        objective, network, event = self.objective, self.network, self.event
        labels = self.classes.count
        if self.dirac:
            return DiracGenerator(event), DiracCritic(event)
        width, depth, pack, spectral = network.width, network.depth, objective.packing, network.spectral_norm
        image = network.kind == "conv"
        if image and not self.images:
            raise ValueError("convolutions need images; points take network.kind mlp")
        judgement = Judgement(
            4 * width if image else width,
            labels,
            pack,
            network.minibatch_std,
            spectral,
            bias=not self.game.differences,
        )
        make = ImageGenerator if image else PointGenerator
        maker = make(event, network.latent, network.categories, labels, width, depth)
        if image:
            return maker, ImageCritic(event, width, depth, judgement, pack, spectral)
        return maker, PointCritic(event, width, depth, network.fourier, judgement, pack, spectral)

    def players(self) -> Sequence[Player]:
        """The critic moves first, so that a generator in turn answers its move."""
        objective = self.objective
        critic = Player("critic", tuple(self.critic.parameters()), 1, objective.critic_rate, averaged=False)
        return critic, Player("generator", tuple(self.generator.parameters()), objective.critic_steps)

    def draw_latent(self, n: int, rng: torch.Generator) -> Latent:
        """n latents: normal, and a uniform category where there are categories."""
        z = torch.randn(n, self.network.latent, generator=rng, device=rng.device)
        k = self.network.categories
        return Latent(z, torch.randint(k, (n,), generator=rng, device=rng.device) if k else None)

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """The player's side of the game: `total` with the penalties, which are also given by themselves."""
        rng = context.noise
        real, labels = self._packs(self.standardise(self.dequantise(batch.x, rng)), batch.labels)
        flat = None if labels is None else labels.flatten()
        latent = self.draw_latent(real.shape[0] * real.shape[1], rng)
        if player.name == "generator":
            return self._generator_loss(real, labels, latent, flat, context)
        with torch.no_grad():
            fake = self.generator(latent, flat).reshape(real.shape).detach()
        return self._critic_loss(real, fake, labels, context)

    def _generator_loss(
        self, real: Tensor, labels: Tensor | None, latent: Latent, flat: Tensor | None, context: Context
    ) -> dict[str, Tensor]:
        fake = self.generator(latent, flat).reshape(real.shape)
        real, fake = self._noisy(real, context), self._noisy(fake, context)
        score: Score = self.critic
        if self.objective.unroll:
            smoothing = self.objective.label_smoothing

            def critic_loss(ahead: Score) -> Tensor:
                return self.game.critic(ahead(real, labels), ahead(fake, labels), smoothing)

            score = unrolled(self.critic, critic_loss, self.objective.unroll, self.objective.unroll_rate)
        fakes = score(fake, labels)
        return {"total": self.game.generator(score(real, labels) if self.game.needs_real else fakes, fakes)}

    def _critic_loss(
        self, real: Tensor, fake: Tensor, labels: Tensor | None, context: Context
    ) -> dict[str, Tensor]:
        objective = self.objective
        penalised = context.step % objective.penalty_every == 0
        real = self._noisy(real, context).requires_grad_(penalised and objective.r1 > 0)
        fake = self._noisy(fake, context).requires_grad_(penalised and objective.r2 > 0)
        wanted = [x for x in (real, fake) if x.requires_grad]
        if len(wanted) == 1 or self.network.minibatch_std:
            reals, fakes = self.critic(real, labels), self.critic(fake, labels)
        else:
            # One pass for both is faster; the spread of a batch must not mix them.
            twice = None if labels is None else torch.cat([labels, labels])
            reals, fakes = self.critic(torch.cat([real, fake]), twice).chunk(2)
        terms = {"adversarial": self.game.critic(reals, fakes, objective.label_smoothing)}
        fading = objective.penalty_every * objective.penalty_end**context.progress
        slopes = iter(squared_gradients(reals.sum() + fakes.sum(), wanted))
        for name, weight, x in (("R1", objective.r1, real), ("R2", objective.r2, fake)):
            if x.requires_grad:
                terms[name] = 0.5 * weight * fading * next(slopes).mean()
        if objective.loss == "wgan-gp" and penalised:
            mixed = between(real, fake, context.noise)
            weight = objective.gradient_penalty * objective.penalty_every
            terms["penalty"] = weight * one_centred(self.critic(mixed, labels), mixed).mean()
        total = torch.stack(list(terms.values())).sum()
        return {"total": total, **(terms if len(terms) > 1 else {})}

    def _packs(self, x: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Examples in packs, (n // m, m, *event), with their labels (n // m, m) where they count."""
        m = self.objective.packing
        n = len(x) // m
        if n == 0:
            raise ValueError(f"a batch of {len(x)} holds no pack of {m}: raise the batch size")
        known = labels[: n * m].reshape(n, m) if self.classes.learned and labels is not None else None
        return x[: n * m].reshape(n, m, *x.shape[1:]), known

    def _noisy(self, x: Tensor, context: Context) -> Tensor:
        """x with instance noise, which falls by a constant factor per step to a hundredth of itself, so that
        every scale has its turn, and then ends. Source: Sønderby et al. (2017), section 3.3."""
        objective = self.objective
        if objective.instance_noise == 0 or context.progress >= objective.noise_until:
            return x
        level = objective.instance_noise * FADED ** (context.progress / objective.noise_until)
        noisy: Tensor = x + level * torch.randn(x.shape, generator=context.noise, device=context.noise.device)
        return noisy

    def after_step(self, player: Player, context: Context) -> None:
        """Clipping, power iterations, and the memory of the Dirac-GAN's orbit."""
        if player.name == "critic":
            if self.objective.loss == "wasserstein":
                with torch.no_grad():
                    for parameter in self.critic.parameters():
                        parameter.clamp_(-self.objective.weight_clip, self.objective.weight_clip)
            if self.network.spectral_norm:
                follow(self.critic)
        elif isinstance(self.generator, DiracGenerator) and isinstance(self.critic, DiracCritic):
            place = int(self.orbit_length) % REMEMBERED
            with torch.no_grad():
                self.orbit[place, 0] = self.generator.theta.flatten()[0]
                self.orbit[place, 1] = self.critic.psi.flatten()[0]
            self.orbit_length += 1

    def check(self, validation: Batch | None, context: Context) -> Check:
        """Of 2,500 draws (of images 400): the modes they reach and the share near one, where the data have
        modes; else their spread relative to the data. With held-out data also the sliced distance to them,
        `validation`."""
        rng = context.noise
        values: dict[str, float] = {}
        warnings: tuple[str, ...] = ()
        if self.dirac:
            return Check({})
        count = CHECKED if len(self.event) == 1 else CHECKED_IMAGES
        labels = self.classes.shown(count, "any", rng)
        z = self.generator(self.draw_latent(count, rng), labels)
        if self.truth is not None and self.truth.modes is not None and self.truth.mode_std is not None:
            centres = torch.as_tensor(self.truth.modes, dtype=torch.float32, device=self.device)
            found = captured(self.unstandardise(z), centres, self.truth.mode_std)
            values |= {"modes": float(found.modes), "high quality": found.high_quality}
            warnings = mode_alarm(
                found.modes, len(centres), self._most_modes, context.progress, found.high_quality
            )
            self._most_modes = max(self._most_modes, found.modes)
        else:
            values["spread"] = spread(z).item() / self._real_spread
            warnings = spread_alarm(values["spread"], context.progress)
        if validation is not None:
            real = self.standardise(self.dequantise(validation.x, rng))[:count]
            values["validation"] = sliced_distance(z[: len(real)], real, rng).item()
        return Check(values, warnings)

    def generate(self, latent: Latent, labels: Tensor | None) -> Tensor:
        """The generator's output in data units, (n, *event), images not yet rounded."""
        return whole(self.generated(latent, labels))

    def generated(self, latent: Latent, labels: Tensor | None) -> Work[Tensor]:
        """As `generate`, in slices."""

        def work(rows: slice) -> Tensor:
            out: Tensor = self.generator(latent.take(rows), None if labels is None else labels[rows])
            return out

        parts = yield from in_pieces(self.generator, "generated", len(latent.z), work, CHUNK)
        return self.unstandardise(torch.cat(parts))

    def sample(self, request: SampleRequest[GanSampler]) -> Iterator[Samples | None]:
        """One frame from one pass; or a frame after each round of proposals or step of the walk. The time of
        a round is the share of places filled.

        Raises:
            ValueError: for a class that the data or the training do not have, or a sampler that asks of the
            discriminator what it does not know.
        """
        self.refuse(request)
        sampler = request.sampler
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self.classes.shown(request.n, request.condition.label, rng)
        index = 0
        for frame in self._frames(request, labels, rng):
            if frame is None:
                yield None
                continue
            x, time = frame
            yield Samples(
                x=self.quantise(x).detach().cpu().numpy(),
                clean=None,
                labels=None if labels is None else labels.cpu().numpy(),
                index=index,
                total=0 if sampler.method == "one-pass" else sampler.steps,
                time=time,
                nfe=1 + 2 * index,
                biased=self.biased(request),
            )
            index += 1

    def _frames(
        self, request: SampleRequest[GanSampler], labels: Tensor | None, rng: torch.Generator
    ) -> Iterator[tuple[Tensor, float] | None]:
        """Data (n, *event), images not yet rounded, with their times; None between parts of one."""
        sampler, n = request.sampler, request.n
        if self.dirac and sampler.method != "one-pass":
            raise ValueError("the Dirac-GAN's generator is one point: there is no other to choose or walk to")
        proposals = Proposals(
            lambda count: self.truncated(self.draw_latent(count, rng), sampler.truncation),
            lambda count: self.classes.shown(count, request.condition.label, rng),
            self.generated,
        )
        match sampler.method:
            case "one-pass":
                x = yield from self.generated(proposals.latents(n), labels)
                yield x, 0.0
            case "rejection":
                yield from rejection(proposals, self.judge, n, labels, sampler.steps, rng)
            case "refinement":
                pace = (sampler.walk_step, sampler.walk_noise)
                steps = walk(proposals, self.judge, n, labels, sampler.steps, *pace, rng)
                index = 0
                for each in steps:
                    yield None if each is None else (each, float(index))
                    index += each is not None

    def truncated(self, latent: Latent, psi: float) -> Latent:
        """Latents shrunk by psi. Source: Karras et al. (2019), StyleGAN, appendix B, in the latent itself."""
        return Latent(psi * latent.z, latent.category)

    def biased(self, ask: Ask[GanSampler]) -> str:
        """Why samples are not draws from the generator's distribution, or ''."""
        reasons = []
        if ask.sampler.method != "one-pass":
            rejects = ask.sampler.method == "rejection"
            reasons.append("discriminator rejection" if rejects else "latent refinement")
        if ask.sampler.truncation != 1 and not self.dirac:
            reasons.append(f"truncation {ask.sampler.truncation:g}")
        return "; ".join(reasons)

    def log_prob(self, x: Tensor, request: DensityRequest[GanSampler]) -> Iterator[LogProb | None]:
        """Raises NoDensity with what the discriminator would know instead."""
        yield from ()
        raise NoDensity(NO_DENSITY)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """What both losses read where generated data are distributed as the data."""
        yield from ()
        critic, made = self.game.equilibrium(self.objective.label_smoothing)
        values = {"critic total": critic, "generator total": made}
        return LossReference(
            "equilibrium", {name: value for name, value in values.items() if value is not None}
        )
